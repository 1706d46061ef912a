"""Who has which part in an item, and from when to when."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from workplans.models.choices import Role
from workplans.models.entities import Entity
from workplans.models.versions import LoggedWith

R = TypeVar("R", bound="Responsibility")


class ResponsibilityQuerySet(QuerySet[R]):
    def on(self, day: date) -> Self:
        """Keep the responsibilities that hold on a day; both ends are inclusive."""
        return self.filter(
            Q(since__isnull=True) | Q(since__lte=day), Q(until__isnull=True) | Q(until__gte=day)
        )

    def get_by_natural_key(self, ref: str, entity: str, role: str) -> R:
        return self.get(item__ref=ref, entity__slug=entity, role=role)


class Responsibility(LoggedWith, models.Model):
    """One party's part in one item. A subclass adds `item`."""

    logged_with = "item"

    entity = models.ForeignKey(
        Entity, models.PROTECT, related_name="%(class)s_set", verbose_name=_("entity")
    )
    role = models.CharField(_("role"), max_length=15, choices=Role, default=Role.LEAD)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    since: models.DateField[date | str | None, date | None] = models.DateField(
        _("since"), null=True, blank=True, help_text=_("First day, if it is known.")
    )
    until: models.DateField[date | str | None, date | None] = models.DateField(
        _("until"), null=True, blank=True, help_text=_("Last day, once it is over.")
    )
    as_printed = models.CharField(
        _("as printed"),
        max_length=300,
        blank=True,
        help_text=_("The cell of the document, with all its parties."),
    )
    inherited = models.BooleanField(_("from a merged cell"), default=False)
    uncertain = models.BooleanField(
        _("uncertain"),
        default=False,
        help_text=_("The source does not show clearly that it belongs here. The page says so."),
    )

    if TYPE_CHECKING:
        item: models.ForeignKey[Any, Any]
        item_id: int

    class Meta:
        abstract = True
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return f"{self.entity} ({Role(self.role).label})"

    def natural_key(self) -> tuple[str, str, str]:
        return (self.item.ref, self.entity.slug, self.role)

    natural_key.dependencies = ["workplans.entity"]  # type: ignore[attr-defined]

    def clean(self) -> None:
        super().clean()
        if self.since and self.until and self.since > self.until:
            raise ValidationError({"until": _("The last day lies before the first.")})


def responsibility_constraints() -> list[models.BaseConstraint]:
    """Return the constraints of a concrete responsibility model."""
    return [
        models.UniqueConstraint(
            fields=["item", "entity", "role"],
            name="%(class)s_is_entered_once",
            violation_error_message=_("This party has this role already."),
        ),
        models.CheckConstraint(condition=Q(role__in=Role.values), name="%(class)s_role_is_known"),
        models.CheckConstraint(
            condition=Q(since__isnull=True) | Q(until__isnull=True) | Q(since__lte=F("until")),
            name="%(class)s_ends_after_it_begins",
        ),
    ]
