from workplans.models.choices import LEAD_ROLES, Level, Priority, Role, Timeliness, Wording
from workplans.models.entities import (
    Entity,
    EntityAlias,
    EntityKind,
    Membership,
    Organization,
    ResultsGroup,
    name_key,
)
from workplans.models.frozen_reports import FrozenReport
from workplans.models.ledger_rows import StatusUpdate
from workplans.models.plans import (
    Deliverable,
    DeliverableResponsibility,
    DeliverableUpdate,
    PriorityArea,
    Workplan,
)
from workplans.models.references import SpentReference
from workplans.models.responsibility import Responsibility
from workplans.models.sources import SourceDocument
from workplans.models.spreadsheets import SpreadsheetImport
from workplans.models.tracking import (
    SILENT_DAYS,
    Publishable,
    TrackedItem,
    TrackedItemQuerySet,
)
from workplans.models.versions import Versioned

__all__ = [
    "LEAD_ROLES",
    "SILENT_DAYS",
    "Deliverable",
    "DeliverableResponsibility",
    "DeliverableUpdate",
    "Entity",
    "EntityAlias",
    "EntityKind",
    "FrozenReport",
    "Level",
    "Membership",
    "Organization",
    "Priority",
    "PriorityArea",
    "Publishable",
    "Responsibility",
    "ResultsGroup",
    "Role",
    "SourceDocument",
    "SpentReference",
    "SpreadsheetImport",
    "StatusUpdate",
    "Timeliness",
    "TrackedItem",
    "TrackedItemQuerySet",
    "Versioned",
    "Wording",
    "Workplan",
    "name_key",
]
