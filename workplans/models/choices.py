"""The closed sets of values that items and responsibilities choose from."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    ITEM = "item", _("item")
    HEADING = "heading", _("heading")
    PART = "part", _("part")


class Priority(models.TextChoices):
    PRIORITIZED = "prioritized", _("prioritized")
    DEPRIORITIZED = "deprioritized", _("de-prioritized")
    UNKNOWN = "unknown", _("unknown")


class Wording(models.TextChoices):
    PROVISIONAL = "provisional", _("provisional")
    FINAL = "final", _("final")


class Timeliness(models.TextChoices):
    """How an open item stands to its last day; what is archived is not judged and has none."""

    ON_TIME = "on_time", _("on time")
    DUE_SOON = "due_soon", _("due within 30 days")
    OVERDUE = "overdue", _("overdue")
    NO_DATE = "no_date", _("no date")
    CLOSED = "closed", _("closed")


class Role(models.TextChoices):
    LEAD = "lead", _("lead")
    CO_LEAD = "co_lead", _("co-lead")
    FOCAL_POINT = "focal_point", _("focal point")
    SUPPORT = "support", _("support")
    CONSULTED = "consulted", _("consulted")
    CONTRIBUTOR = "contributor", _("contributor")
    OTHER_GROUP = "other_group", _("other group")
    ADDRESSEE = "addressee", _("addressee")


# The roles that files call leads; all others are supporting.
LEAD_ROLES = (Role.LEAD, Role.CO_LEAD, Role.FOCAL_POINT)
