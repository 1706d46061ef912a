"""One row of a ledger, as it stands in the database. `workplans.status` writes them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from workplans.models.sources import SourceDocument
from workplans.status_words import BY_CODE, StatusWord

U = TypeVar("U", bound="StatusUpdate")

# The order of the ledger: by day, then by place within the day, then by entry.
NEWEST_FIRST = ("-effective_on", "-slot", "-sequence")
OLDEST_FIRST = ("effective_on", "slot", "sequence")


class StatusUpdateQuerySet(QuerySet[U]):
    def get_by_natural_key(self, ref: str, sequence: int) -> U:
        return self.get(item__ref=ref, sequence=sequence)

    def standing(self, known: date | None = None) -> Self:
        """Leave out the rows that another row replaces.

        With `known`, also those that were reported later than that day; a row replaced
        later still stands then. A row and those that replace it, one after the other,
        share their item and slot, and no other row has them.
        """
        if known is None:
            # PostgreSQL stops at the first row that stands, which it does not with a join.
            replacing = self.model._default_manager.filter(replaces=OuterRef("pk"))
            return self.filter(~Exists(replacing))
        replaced = self.model._default_manager.filter(
            item=OuterRef("item"),
            slot=OuterRef("slot"),
            sequence__gt=OuterRef("sequence"),
            reported_on__lte=known,
        )
        return self.filter(~Exists(replaced), reported_on__lte=known)

    def newest_first(self) -> Self:
        """Sort in the ledger's order, the newest first."""
        return self.order_by(*NEWEST_FIRST)


# What stands for a narrative that held personal data and was taken out.
REDACTED = "[removed]"


class StatusUpdate(models.Model):
    """One row of the ledger: what was told of an item. A subclass adds `item`.

    Rows are written by `workplans.status` alone and are never changed or deleted;
    triggers below the ORM hold that line.
    """

    # Place in the ledger
    sequence = models.PositiveIntegerField(
        _("number"), editable=False, help_text=_("Counted from 1 for each item, without gap.")
    )
    slot = models.PositiveIntegerField(
        editable=False, help_text=_("Place within a day: its own number, or the replaced row's.")
    )
    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("corrects"),
    )

    # What it says; any of the three
    status = models.CharField(_("status"), max_length=20, blank=True)
    narrative = models.TextField(_("narrative"), blank=True)
    narrative_digest = models.CharField(max_length=64, blank=True, editable=False)
    timeframe = models.CharField(_("revised time frame"), max_length=200, blank=True)
    timeframe_earliest: models.DateField[date | None, date | None] = models.DateField(
        _("earliest day"), null=True, blank=True
    )
    timeframe_latest: models.DateField[date | None, date | None] = models.DateField(
        _("latest day"), null=True, blank=True
    )

    # When
    effective_on: models.DateField[date | str, date] = models.DateField(_("true from"))
    effective_words = models.CharField(_("day as printed"), max_length=100, blank=True)
    reported_on: models.DateField[date | str, date] = models.DateField(_("reported on"))
    recorded_at = models.DateTimeField(_("entered"), editable=False)

    # Who and where from
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("entered by"),
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("proposed by"),
    )
    source = models.ForeignKey(
        SourceDocument,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="%(class)ss",
        verbose_name=_("source"),
    )
    locator = models.CharField(_("place in the source"), max_length=200, blank=True)

    if TYPE_CHECKING:
        item: models.ForeignKey[Any, Any]
        item_id: int
        replaces_id: int | None
        replaced_by: Any

    class Meta:
        abstract = True
        default_permissions = ("add", "view", "import", "export")
        ordering = ["item", "sequence"]

    def __str__(self) -> str:
        return f"{self.item.ref} #{self.sequence}"

    def natural_key(self) -> tuple[str, int]:
        return (self.item.ref, self.sequence)

    @property
    def status_word(self) -> StatusWord | None:
        """The row of the status table, or None for a row that tells no status."""
        return BY_CODE[self.status] if self.status else None

    @property
    def is_removed(self) -> bool:
        """Whether its narrative held personal data and was taken out."""
        return self.narrative == REDACTED

    @property
    def withdraws(self) -> bool:
        """Whether the row takes another back and says nothing in its place."""
        return not (self.status or self.narrative or self.timeframe)


def update_constraints(statuses: tuple[StatusWord, ...]) -> list[models.BaseConstraint]:
    """Return the constraints of a concrete ledger model, for its own statuses."""
    name = "%(class)s_{}".format
    closing = [word.code for word in statuses if not word.is_open]
    return [
        models.UniqueConstraint(fields=["item", "sequence"], name=name("sequence_is_unique")),
        models.CheckConstraint(
            condition=Q(sequence__gte=1, slot__gte=1), name=name("is_counted_from_one")
        ),
        models.CheckConstraint(
            condition=Q(slot=F("sequence")) | Q(replaces__isnull=False),
            name=name("keeps_its_own_slot"),
        ),
        models.CheckConstraint(
            condition=Q(replaces__isnull=True) | ~Q(replaces=F("id")),
            name=name("does_not_replace_itself"),
        ),
        models.CheckConstraint(
            condition=~Q(status="", narrative="", timeframe="") | Q(replaces__isnull=False),
            name=name("says_something"),
        ),
        models.CheckConstraint(
            condition=Q(status__in=["", *(word.code for word in statuses)]),
            name=name("status_is_known"),
        ),
        models.CheckConstraint(
            condition=~Q(status__in=closing, narrative=""), name=name("closes_with_a_narrative")
        ),
        models.CheckConstraint(
            condition=~Q(timeframe="")
            | Q(timeframe_earliest__isnull=True, timeframe_latest__isnull=True),
            name=name("time_frame_has_words"),
        ),
        models.CheckConstraint(
            condition=Q(timeframe_earliest__isnull=True)
            | Q(timeframe_latest__isnull=True)
            | Q(timeframe_earliest__lte=F("timeframe_latest")),
            name=name("time_frame_runs_forward"),
        ),
    ]


def update_indexes() -> list[models.Index]:
    """Return the indexes of a concrete ledger model, each with the query that needs it."""
    return [
        # The state of an item as of a day: TrackedItemQuerySet.as_of, and the refresh.
        models.Index(
            "item",
            F("effective_on").desc(),
            F("slot").desc(),
            F("sequence").desc(),
            "status",
            name="%(class)s_state",
        ),
        # When an item was last reported on: the last_reported_on of as_of.
        models.Index("item", F("reported_on").desc(), name="%(class)s_reported"),
    ]
