"""What changed between two days: query set in, each item in exactly one bucket out.

The window is (since, until]: what was true or told on its first day is not new. Serves
deliverables and action points alike, and all of it is worked out by the database, so that
a figure, its list and its file come from the same conditions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db import models
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from workplans.history import FrameMove, printed_day
from workplans.lists import ItemRow, item_rows
from workplans.models import Level, StatusUpdate, Timeliness, TrackedItemQuerySet
from workplans.models.ledger_rows import NEWEST_FIRST, OLDEST_FIRST, StatusUpdateQuerySet
from workplans.models.tracking import state_columns
from workplans.pages import Asked
from workplans.status_words import BY_CODE, CLOSED_CODES, CONTINUOUS, StatusWord


class Bucket(models.TextChoices):
    """What became of an item in a window. The first that fits is the one."""

    NEW = "new", _("New")
    CLOSED = "closed", _("Closed")
    MOVED = "moved", _("Moved")
    TOLD = "told", _("Told, not moved")
    UNTOUCHED = "untouched", _("Not touched at all")


class Flag(models.TextChoices):
    """What else is to be said of an item; one may bear several."""

    SLIPPED = "slipped", _("date slipped")
    BECAME_OVERDUE = "became_overdue", _("became overdue")
    REOPENED = "reopened", _("reopened")
    REPORTED_LATE = "reported_late", _("reported late")


@dataclass(frozen=True, slots=True)
class Window:
    """The days compared: what came after `since` until `until`, that day included.

    With `known`, only what had been reported by that day counts.
    """

    since: date
    until: date
    known: date | None = None

    def holds(self, day: date) -> bool:
        return self.since < day <= self.until

    def true_or_told(self) -> Q:
        """Return the condition that a row became true, or was told, in the window."""
        return Q(effective_on__gt=self.since, effective_on__lte=self.until) | Q(
            reported_on__gt=self.since, reported_on__lte=self.until
        )


SAYS_NOTHING: dict[str, str] = {"status": "", "narrative": "", "timeframe": ""}
# A row that stands earlier in the ledger of the same item than an outer row.
EARLIER = (
    Q(effective_on__lt=OuterRef("effective_on"))
    | Q(effective_on=OuterRef("effective_on"), slot__lt=OuterRef("slot"))
    | Q(
        effective_on=OuterRef("effective_on"),
        slot=OuterRef("slot"),
        sequence__lt=OuterRef("sequence"),
    )
)


def changed(items: TrackedItemQuerySet[Any], window: Window) -> TrackedItemQuerySet[Any]:
    """Return the items of a window, each with its bucket and flags.

    They are those that exist at its end, less those closed at its beginning and not
    touched since. Each has its state at the end, as `as_of` gives it, and

    - `status_before`: its stored status at the beginning, "" also where it did not exist;
    - `bucket`: a value of Bucket;
    - `slipped`, `became_overdue`, `reopened`, `reported_late`: whether it bears the flag.

    Touched is an item if a standing row of its own, or of a part of it, that says
    anything is `effective_on` or `reported_on` a day of the window.
    """
    before = state_columns(items.model, window.since, window.known)
    existed = Q(introduced_on__lte=window.since)
    superseded_before = Q(superseded_on__isnull=False, superseded_on__lte=window.since)
    was_closed = existed & (Q(status_before__in=CLOSED_CODES) | superseded_before)
    was_overdue = (
        existed
        & ~superseded_before
        & ~Q(status_before__in=(*CLOSED_CODES, CONTINUOUS.code))
        & Q(due_before__isnull=False, due_before__lt=window.since)
    )
    return (
        items.as_of(window.until, window.known)
        .annotate(
            status_before=Case(When(existed, then=before["status"]), default=Value("")),
            due_before=before["due"],
            is_touched=whether(told(items, window, window.true_or_told())),
        )
        .annotate(was_closed=whether(was_closed), was_overdue=whether(was_overdue))
        .exclude(was_closed=True, is_touched=False)
        .annotate(
            bucket=Case(
                When(introduced_on__gt=window.since, then=Value(Bucket.NEW)),
                When(was_closed=False, is_open=False, then=Value(Bucket.CLOSED)),
                When(~Q(status=F("status_before")), then=Value(Bucket.MOVED)),
                When(is_touched=True, then=Value(Bucket.TOLD)),
                default=Value(Bucket.UNTOUCHED),
                output_field=models.CharField(),
            ),
            slipped=whether(Q(Exists(slips(items, window)))),
            became_overdue=whether(Q(timeliness=Timeliness.OVERDUE, was_overdue=False)),
            reopened=whether(Q(Exists(reopenings(items, window)))),
            reported_late=whether(
                told(
                    items,
                    window,
                    Q(reported_on__gt=window.since, reported_on__lte=window.until)
                    & Q(effective_on__lte=window.since),
                )
            ),
        )
    )


def whether(condition: Q) -> Case:
    """Return a condition as a column that is true or false and never null."""
    return Case(
        When(condition, then=Value(True)), default=Value(False), output_field=BooleanField()
    )


def standing(items: TrackedItemQuerySet[Any], window: Window) -> StatusUpdateQuerySet[Any]:
    """Return the rows of a kind of item that stand, those that say nothing left out."""
    rows: StatusUpdateQuerySet[Any] = items.model.update_model().objects.all()
    return rows.standing(window.known).exclude(**SAYS_NOTHING)


def told(items: TrackedItemQuerySet[Any], window: Window, condition: Q) -> Q:
    """Return the condition that a row of an item, or of a part of it, meets a condition."""
    rows = standing(items, window).filter(condition)
    parts = items.model._default_manager.existing_on(window.until)
    of_part = rows.filter(item=OuterRef("pk"))
    return Q(Exists(rows.filter(item=OuterRef("pk")))) | Q(
        Exists(parts.filter(Exists(of_part), parent=OuterRef("pk"), level=Level.PART))
    )


def slips(items: TrackedItemQuerySet[Any], window: Window) -> StatusUpdateQuerySet[Any]:
    """Return the rows of an outer item that moved its last day to a later one in the window.

    One that is true only after the window has moved nothing by its end.
    """
    revisions = standing(items, window).exclude(timeframe="")
    previous = revisions.filter(EARLIER, item=OuterRef("item")).order_by(*NEWEST_FIRST)
    return (
        revisions.filter(window.true_or_told(), item=OuterRef("pk"), effective_on__lte=window.until)
        .annotate(
            latest_before=Case(
                When(Exists(previous), then=Subquery(previous.values("timeframe_latest")[:1])),
                default=F("item__initial_latest"),
                output_field=models.DateField(),
            )
        )
        .filter(timeframe_latest__gt=F("latest_before"))
    )


def reopenings(items: TrackedItemQuerySet[Any], window: Window) -> StatusUpdateQuerySet[Any]:
    """Return the rows of an outer item that opened it again on a day of the window."""
    with_status = standing(items, window).exclude(status="")
    previous = with_status.filter(EARLIER, item=OuterRef("item")).order_by(*NEWEST_FIRST)
    return (
        with_status.filter(
            item=OuterRef("pk"), effective_on__gt=window.since, effective_on__lte=window.until
        )
        .exclude(status__in=CLOSED_CODES)
        .annotate(status_until_then=Coalesce(Subquery(previous.values("status")[:1]), Value("")))
        .filter(status_until_then__in=CLOSED_CODES)
    )


class Place(NamedTuple):
    """One item of a window: its key, bucket and flags, its status before, whether archived."""

    pk: int
    bucket: Bucket
    flags: frozenset[Flag]
    status_before: str
    is_archived: bool

    def mark(self, item: Any) -> Any:
        """Give an item that `as_of` read for the end of the window what `changed` would add."""
        item.bucket, item.status_before = self.bucket, self.status_before
        for flag in Flag:
            setattr(item, flag.value, flag in self.flags)
        return item


def survey(items: TrackedItemQuerySet[Any]) -> list[Place]:
    """Return the place of each item that `changed` returned, in their order, in one query.

    Counts and pages are both made of it, so that the bucket of an item is found out once.
    """
    columns = items.values_list("pk", "bucket", "status_before", "is_archived", *Flag.values)
    return [
        Place(
            pk,
            Bucket(bucket),
            frozenset(flag for flag, bears in zip(Flag, borne, strict=True) if bears),
            status_before,
            is_archived,
        )
        for pk, bucket, status_before, is_archived, *borne in columns
    ]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items are in each bucket and bear each flag, and how many are archived apart."""

    buckets: Mapping[Bucket, int]
    flags: Mapping[Flag, int]
    archived: int

    @property
    def total(self) -> int:
        """All items but the archived ones: each is in one bucket."""
        return sum(self.buckets.values())


def count(places: Iterable[Place]) -> Counts:
    """Count places by bucket and flag; what is archived counts apart, and nowhere else."""
    places = list(places)
    running = [place for place in places if not place.is_archived]
    return Counts(
        Counter(place.bucket for place in running),
        Counter(flag for place in running for flag in place.flags),
        len(places) - len(running),
    )


@dataclass(frozen=True, slots=True)
class Told:
    """One row of a window; `part` is the part of the item that it is about, or None."""

    row: StatusUpdate
    part: Any = None

    @property
    def status(self) -> StatusWord | None:
        return self.row.status_word

    @property
    def day(self) -> str:
        """The day from which it was true, as printed."""
        return printed_day(self.row)

    @property
    def words(self) -> str:
        """The narrative, else the time frame, else the status."""
        status = str(self.status.label) if self.status is not None else ""
        return self.row.narrative or self.row.timeframe or status


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one item in a window.

    `told` are the rows that became true or were told in it, the newest first; `slips` the
    moves of its last day to a later one, the first one first.
    """

    item: Any
    told: tuple[Told, ...]
    slips: tuple[FrameMove, ...]

    @property
    def before(self) -> StatusWord:
        return BY_CODE[self.item.status_before]

    @property
    def after(self) -> StatusWord:
        return BY_CODE[self.item.status]

    @property
    def is_move(self) -> bool:
        """Whether it existed before and has another status now."""
        return self.item.bucket != Bucket.NEW and self.before is not self.after

    @property
    def flags(self) -> list[Flag]:
        return [flag for flag in Flag if getattr(self.item, flag.value)]


def read_changes(items: Iterable[Any], window: Window) -> list[Change]:
    """Return what happened to items that `changed` returned or `mark` marked, in one query."""
    items = list(items)
    if not items:
        return []
    by_item: dict[int, list[Any]] = {item.pk: [] for item in items}
    model: Any = type(items[0])
    rows = (
        standing(model.objects.all(), window)
        .filter(Q(item__in=by_item) | Q(item__parent__in=by_item, item__level=Level.PART))
        .select_related("item", "source")
        .order_by(*OLDEST_FIRST)
    )
    for row in rows:
        owner = row.item_id if row.item_id in by_item else row.item.parent_id
        by_item[owner].append(row)
    return [change_of(item, by_item[item.pk], window) for item in items]


def change_of(item: Any, rows: Iterable[Any], window: Window) -> Change:
    """Return what the standing rows of an item and its parts, the oldest first, changed."""
    told: list[Told] = []
    moves: list[FrameMove] = []
    words, due = item.initial_timeframe, item.initial_latest
    for row in rows:
        is_own = row.item_id == item.pk
        is_in_window = window.holds(row.effective_on) or window.holds(row.reported_on)
        if is_in_window and (is_own or exists_on(row.item, window.until)):
            told.append(Told(row, None if is_own else row.item))
        if is_own and row.timeframe:
            is_later = due and row.timeframe_latest and row.timeframe_latest > due
            if is_in_window and is_later and row.effective_on <= window.until:
                moves.append(FrameMove(words, row.timeframe, (row.timeframe_latest - due).days))
            words, due = row.timeframe, row.timeframe_latest
    return Change(item, tuple(reversed(told)), tuple(moves))


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One item that changed, or did not: its row, and what happened to it."""

    row: ItemRow
    change: Change


def change_rows(
    items: Iterable[Any], window: Window, asked: Asked, where: Callable[[Any], str]
) -> list[ChangeRow]:
    """Return the rows of items that `changed` returned, in their order; two queries more."""
    items = list(items)
    rows = item_rows(items, asked, where)
    found = read_changes(items, window)
    return [ChangeRow(row, change) for row, change in zip(rows, found, strict=True)]


def exists_on(item: Any, day: date) -> bool:
    """Whether an item is known on a day: introduced by then, and not withdrawn."""
    withdrawn = item.withdrawn_on is not None and item.withdrawn_on <= day
    return item.introduced_on <= day and not withdrawn
