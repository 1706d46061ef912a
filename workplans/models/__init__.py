from workplans.models.entities import (
    Entity,
    EntityAlias,
    EntityKind,
    Membership,
    Organization,
    ResultsGroup,
    name_key,
)
from workplans.models.plans import (
    Deliverable,
    DeliverableResponsibility,
    DeliverableUpdate,
    PriorityArea,
    Workplan,
)
from workplans.models.sources import SourceDocument
from workplans.models.tracking import (
    LEAD_ROLES,
    Level,
    Priority,
    Publishable,
    Responsibility,
    Role,
    StatusUpdate,
    Timeliness,
    TrackedItem,
    TrackedItemQuerySet,
    Wording,
)
from workplans.models.versions import Versioned

__all__ = [
    "LEAD_ROLES",
    "Deliverable",
    "DeliverableResponsibility",
    "DeliverableUpdate",
    "Entity",
    "EntityAlias",
    "EntityKind",
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
    "StatusUpdate",
    "Timeliness",
    "TrackedItem",
    "TrackedItemQuerySet",
    "Versioned",
    "Wording",
    "Workplan",
    "name_key",
]
