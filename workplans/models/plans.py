"""Workplans, their priority areas and their deliverables."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from workplans import days
from workplans.models.entities import Entity
from workplans.models.ledger_rows import (
    StatusUpdate,
    StatusUpdateQuerySet,
    update_constraints,
    update_indexes,
)
from workplans.models.responsibility import (
    Responsibility,
    ResponsibilityQuerySet,
    responsibility_constraints,
)
from workplans.models.sources import SourceDocument
from workplans.models.tracking import (
    Publishable,
    TrackedItem,
    TrackedItemQuerySet,
    Viewer,
    item_constraints,
)
from workplans.models.versions import LoggedWith
from workplans.status_words import DELIVERABLE_STATUSES


class WorkplanQuerySet(models.QuerySet["Workplan"]):
    def get_by_natural_key(self, slug: str) -> Workplan:
        return self.get(slug=slug)

    def visible_to(self, user: Viewer) -> WorkplanQuerySet:
        """Keep what a visitor may see: staff all, others what is published."""
        return self if getattr(user, "is_staff", False) else self.filter(published=True)

    def existing_on(self, day: date) -> WorkplanQuerySet:
        """Leave out, on an earlier day than today, what began later.

        A plan began with its first deliverable, or on its first day if it has none.
        """
        if day >= days.site_today():
            return self
        promised = Deliverable.objects.filter(priority_area__workplan=OuterRef("pk"))
        return self.filter(
            Exists(promised.filter(introduced_on__lte=day))
            | (~Exists(promised) & (Q(starts_on__isnull=True) | Q(starts_on__lte=day)))
        )


class Workplan(Publishable):
    """What a group or body set out to do in a period."""

    title = models.CharField(_("title"), max_length=300, help_text=_("The official title."))
    slug = models.SlugField(
        _("address"),
        max_length=50,
        unique=True,
        help_text=_(
            "Its address on this site, for example “rg1-2020”. The references of its "
            "deliverables begin with it (RG1-2020-3.4). Do not change it later."
        ),
    )
    owner = models.ForeignKey(
        Entity,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="workplans",
        verbose_name=_("owner"),
        help_text=_("The group or body whose plan it is, if it is one's."),
    )
    description = models.TextField(
        _("description"), blank=True, help_text=_("A few sentences for the public page.")
    )
    starts_on: models.DateField[date | str | None, date | None] = models.DateField(
        _("first day"), null=True, blank=True
    )
    ends_on: models.DateField[date | str | None, date | None] = models.DateField(
        _("last day"), null=True, blank=True
    )
    endorsed_by = models.ForeignKey(
        Entity,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="endorsed_workplans",
        verbose_name=_("endorsed by"),
    )
    endorsed_on: models.DateField[date | str | None, date | None] = models.DateField(
        _("endorsed on"), null=True, blank=True
    )
    source = models.ForeignKey(
        SourceDocument,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="workplans",
        verbose_name=_("source"),
    )
    locator = models.CharField(_("place in the source"), max_length=200, blank=True)

    objects = WorkplanQuerySet.as_manager()

    class Meta:
        verbose_name = _("workplan")
        verbose_name_plural = _("workplans")
        ordering = ["-starts_on", "slug"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="workplan_has_a_title"),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True)
                | Q(ends_on__isnull=True)
                | Q(starts_on__lte=F("ends_on")),
                name="workplan_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def natural_key(self) -> tuple[str]:
        return (self.slug,)

    natural_key.dependencies = [  # type: ignore[attr-defined]
        "workplans.entity",
        "workplans.sourcedocument",
    ]

    def get_absolute_url(self) -> str:
        return reverse("workplans:workplan_detail", args=[self.slug])

    def tracked_items(self) -> TrackedItemQuerySet[Any]:
        return Deliverable.objects.filter(priority_area__workplan=self)

    def clean(self) -> None:
        super().clean()
        if self.starts_on and self.ends_on and self.starts_on > self.ends_on:
            raise ValidationError({"ends_on": _("The last day lies before the first.")})


class PriorityAreaQuerySet(models.QuerySet["PriorityArea"]):
    def get_by_natural_key(self, slug: str) -> PriorityArea:
        return self.get(slug=slug)


class PriorityArea(LoggedWith, models.Model):
    """A priority area or section of a workplan, with deliverables under it."""

    logged_with = "workplan"

    workplan = models.ForeignKey(
        Workplan, models.PROTECT, related_name="priority_areas", verbose_name=_("workplan")
    )
    number = models.CharField(
        _("number"),
        max_length=10,
        validators=[
            RegexValidator(r"\A[\w.]+\Z", _("A number is made of letters, digits and dots."))
        ],
        help_text=_("As printed, for example 3 or A."),
    )
    title = models.CharField(_("title"), max_length=500)
    description = models.TextField(_("description"), blank=True)
    order = models.PositiveIntegerField(_("order"), default=0)
    partners = models.ManyToManyField(
        Entity,
        blank=True,
        related_name="partner_areas",
        verbose_name=_("in collaboration with"),
    )
    locator = models.CharField(_("place in the source"), max_length=200, blank=True)
    # How filters and links name it: the workplan's address and the number.
    slug = models.CharField(max_length=70, unique=True, editable=False)

    objects = PriorityAreaQuerySet.as_manager()

    class Meta:
        verbose_name = _("priority area")
        verbose_name_plural = _("priority areas")
        ordering = ["workplan", "order", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="priorityarea_has_a_title"),
            models.CheckConstraint(condition=~Q(number=""), name="priorityarea_has_a_number"),
            models.UniqueConstraint(
                fields=["workplan", "number"],
                name="priorityarea_number_is_unique",
                violation_error_message=_("This workplan has an area of that number already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def natural_key(self) -> tuple[str]:
        return (self.make_slug(),)

    natural_key.dependencies = ["workplans.workplan"]  # type: ignore[attr-defined]

    def make_slug(self) -> str:
        """Return the name that filters and links use; a number has no hyphen, so it is unique."""
        return f"{self.workplan.slug}-{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.slug = self.make_slug()
        super().save(*args, **kwargs)


class DeliverableQuerySet(TrackedItemQuerySet["Deliverable"]):
    publisher_paths = ("priority_area__workplan",)


class Deliverable(TrackedItem):
    """Something concrete that a workplan promises."""

    STATUSES = DELIVERABLE_STATUSES
    ORIGIN = ("priority_area_id",)

    priority_area = models.ForeignKey(
        PriorityArea,
        models.PROTECT,
        related_name="deliverables",
        verbose_name=_("priority area"),
    )

    objects = DeliverableQuerySet.as_manager()

    class Meta(TrackedItem.Meta):
        verbose_name = _("deliverable")
        verbose_name_plural = _("deliverables")
        ordering = ["priority_area__workplan", "priority_area__order", "order", "ref"]
        constraints = item_constraints(DELIVERABLE_STATUSES)

    def get_absolute_url(self) -> str:
        return reverse("workplans:deliverable_detail", args=[self.ref])

    def clean(self) -> None:
        super().clean()
        parent: Any = self.parent
        if parent and self.priority_area_id != parent.priority_area_id:
            raise ValidationError(
                {"priority_area": _("It belongs to an item of another priority area.")}
            )

    def has_origin(self) -> bool:
        return self.priority_area_id is not None

    def _ref_prefix(self) -> str:
        return self.priority_area.workplan.slug

    def _lock_origin(self) -> None:
        workplans = Workplan.objects.select_for_update()
        workplans.get(pk=self.priority_area.workplan_id)


class DeliverableResponsibility(Responsibility):
    """One party's part in one deliverable."""

    item = models.ForeignKey(
        Deliverable,
        models.CASCADE,
        related_name="responsibilities",
        verbose_name=_("deliverable"),
    )

    objects = ResponsibilityQuerySet["DeliverableResponsibility"].as_manager()

    class Meta(Responsibility.Meta):
        verbose_name = _("responsibility")
        verbose_name_plural = _("responsibilities")
        constraints = responsibility_constraints()


class DeliverableUpdate(StatusUpdate):
    """One row of the ledger of deliverables."""

    item = models.ForeignKey(
        Deliverable, models.PROTECT, related_name="updates", verbose_name=_("deliverable")
    )

    objects = StatusUpdateQuerySet["DeliverableUpdate"].as_manager()

    class Meta(StatusUpdate.Meta):
        verbose_name = _("update of a deliverable")
        verbose_name_plural = _("updates of deliverables")
        constraints = update_constraints(DELIVERABLE_STATUSES)
        indexes = update_indexes()
