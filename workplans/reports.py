"""What pages, figures and documents tell of tracked items: query set in, plain figures out.

The query sets come from `as_of(day)`, so that every figure is that day's; what they
leave out (unpublished, archived, parts and headings) is left out of the figures. The
functions serve deliverables and action points alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Generic, TypeVar

from django.db.models import Case, Count, F, Model, Q, When
from django.db.models.functions import Coalesce

from workplans.models import (
    LEAD_ROLES,
    Entity,
    Level,
    PriorityArea,
    Role,
    StatusUpdate,
    Timeliness,
    TrackedItem,
    TrackedItemQuerySet,
    Workplan,
)
from workplans.models.ledger_rows import NEWEST_FIRST, OLDEST_FIRST

# What a closed item is not: together they hold exactly the open items that are not archived.
OPEN_TIMELINESS = (
    Timeliness.OVERDUE,
    Timeliness.DUE_SOON,
    Timeliness.ON_TIME,
    Timeliness.NO_DATE,
)
# An open item that no source told anything about for so long is silent (design, "The site").
SILENT_DAYS = 60

M = TypeVar("M", bound=TrackedItem)
S = TypeVar("S", bound=Model)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items have which status, and which timeliness.

    `statuses` is keyed by stored status, "" for what was never reported; `timeliness`
    by the values of Timeliness, "" for what is archived. Both add up to `total`.
    """

    statuses: Mapping[str, int]
    timeliness: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.statuses.values())

    @property
    def open(self) -> int:
        """How many are neither completed, discontinued nor superseded, archived ones apart."""
        return sum(self.timeliness.get(value, 0) for value in OPEN_TIMELINESS)

    def with_status(self, code: str) -> int:
        """Return how many have a stored status."""
        return self.statuses.get(code, 0)

    def with_timeliness(self, value: str) -> int:
        """Return how many have a value of Timeliness."""
        return self.timeliness.get(value, 0)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            Counter(self.statuses) + Counter(other.statuses),
            Counter(self.timeliness) + Counter(other.timeliness),
        )

    def __sub__(self, other: Tally) -> Tally:
        return Tally(
            Counter(self.statuses) - Counter(other.statuses),
            Counter(self.timeliness) - Counter(other.timeliness),
        )


NOTHING = Tally({}, {})


@dataclass(frozen=True, slots=True)
class TallyOf(Generic[S]):
    """The counts of one subject: a priority area, a workplan, a meeting, an entity."""

    subject: S
    tally: Tally


def count_states(states: Iterable[tuple[str, str]]) -> Tally:
    """Return the counts of (status, timeliness) pairs, one for each item."""
    states = list(states)
    return Tally(
        Counter(status for status, _timeliness in states),
        Counter(timeliness for _status, timeliness in states),
    )


def tally(items: TrackedItemQuerySet[Any]) -> Tally:
    """Return the counts over all items of an `as_of` query set, in one query."""
    return tallies(items).get((), NOTHING)


def tallies(items: TrackedItemQuerySet[Any], *paths: str) -> dict[tuple[Any, ...], Tally]:
    """Return the counts for each combination of the values of some columns.

    One GROUP BY over an `as_of` query set, which must name each item once; the keys
    are tuples in the order of `paths`. A combination without items has no key.
    """
    statuses: dict[tuple[Any, ...], Counter[str]] = {}
    timeliness: dict[tuple[Any, ...], Counter[str]] = {}
    rows = (
        items.order_by().values_list(*paths, "status", "timeliness").annotate(how_many=Count("pk"))
    )
    for *key, status, time, how_many in rows:
        statuses.setdefault(tuple(key), Counter())[status] += how_many
        timeliness.setdefault(tuple(key), Counter())[time] += how_many
    return {key: Tally(statuses[key], timeliness[key]) for key in statuses}


def tally_by(items: TrackedItemQuerySet[Any], path: str, subjects: Iterable[S]) -> list[TallyOf[S]]:
    """Return the counts of each subject that a foreign key names, in the subjects' order.

    A subject without items has a tally of nothing.
    """
    counted = tallies(items, path)
    return [TallyOf(subject, counted.get((subject.pk,), NOTHING)) for subject in subjects]


def by_priority_area(
    workplan: Workplan, items: TrackedItemQuerySet[Any]
) -> list[TallyOf[PriorityArea]]:
    """Return the counts of each priority area of a workplan, in the plan's order."""
    items = items.filter(priority_area__workplan=workplan)
    return tally_by(items, "priority_area", workplan.priority_areas.all())


def by_workplan(
    workplans: Iterable[Workplan], items: TrackedItemQuerySet[Any]
) -> list[TallyOf[Workplan]]:
    """Return the counts of each workplan, in the order given."""
    return tally_by(items, "priority_area__workplan", workplans)


@dataclass(frozen=True, slots=True)
class Quarter(Generic[M]):
    """The items whose last day falls in a quarter, by that day."""

    year: int
    number: int
    items: tuple[M, ...]


def due_by_quarter(items: Iterable[M]) -> list[Quarter[M]]:
    """Return what is due in each quarter, quarters in order, those with nothing left out.

    `items` is an `as_of` query set, or what was read from one; items without a last
    day are in no quarter.
    """

    def quarter(item: Any) -> tuple[int, int]:
        return item.due.year, (item.due.month + 2) // 3

    dated: list[Any] = sorted(
        (item for item in items if item.due is not None),  # type: ignore[attr-defined]
        key=lambda item: item.due,
    )
    return [
        Quarter(year, number, tuple(members))
        for (year, number), members in groupby(dated, key=quarter)
    ]


def silent(items: Iterable[M], day: date) -> list[M]:
    """Return the open items of which no source told anything for 60 days, the longest first.

    An item that was never reported on is silent from the day it was introduced; an
    archived or closed one never is (design, "The ledger").
    """
    since = day - timedelta(days=SILENT_DAYS)
    found: list[Any] = [
        item
        for item in items
        if item.timeliness in OPEN_TIMELINESS and last_word(item) <= since  # type: ignore[attr-defined]
    ]
    return sorted(found, key=lambda item: (last_word(item), item.ref))


def silent_items(items: TrackedItemQuerySet[Any], day: date) -> TrackedItemQuerySet[Any]:
    """Keep what `silent` returns for an `as_of` query set; adds `last_word`, the day it goes by."""
    since = day - timedelta(days=SILENT_DAYS)
    return (
        items.filter(timeliness__in=OPEN_TIMELINESS)
        .annotate(last_word=Coalesce("last_reported_on", "introduced_on"))
        .filter(last_word__lte=since)
    )


def last_word(item: Any) -> date:
    """Return the day on which an item was last reported on, or else introduced."""
    return item.last_reported_on or item.introduced_on


def due_next(items: TrackedItemQuerySet[Any], day: date, limit: int) -> TrackedItemQuerySet[Any]:
    """Return the next open items to fall due, from a day on, the nearest first."""
    return items.filter(is_open=True, due__gte=day).order_by("due", "ref")[:limit]


@dataclass(frozen=True, slots=True)
class Slip:
    """A time frame that an update moved to a later last day."""

    update: StatusUpdate
    old_timeframe: str
    old_due: date
    new_timeframe: str
    new_due: date

    @property
    def days(self) -> int:
        return (self.new_due - self.old_due).days


def slips(items: Iterable[TrackedItem], day: date) -> list[Slip]:
    """Return the time frames that were revised to a later day, by a day, the newest first.

    A revision from or to a time frame that names no day is no slip: nobody can say by
    how much. One query over the ledger of the items, which were read from `as_of`.
    """
    by_id = {item.pk: item for item in items}
    if not by_id:
        return []
    model = type(next(iter(by_id.values())))
    revisions = (
        model.update_model()
        .objects.standing()
        .filter(item__in=by_id, effective_on__lte=day)
        .exclude(timeframe="")
        .order_by("item", *OLDEST_FIRST)
    )
    found = []
    for item_id, rows in groupby(revisions, key=lambda row: row.item_id):
        item = by_id[item_id]
        words, due = item.initial_timeframe, item.initial_latest
        for row in rows:
            row.item = item
            if due and row.timeframe_latest and row.timeframe_latest > due:
                found.append(Slip(row, words, due, row.timeframe, row.timeframe_latest))
            words, due = row.timeframe, row.timeframe_latest
    return sorted(found, key=lambda slip: (slip.update.effective_on, slip.days), reverse=True)


def latest_updates(items: TrackedItemQuerySet[Any], day: date, limit: int) -> list[StatusUpdate]:
    """Return the last rows that sources told by a day of items or their parts, newest first.

    Ordered by the day of the report, then by the day of the fact. `items` is a query
    set of items that existed on the day.
    """
    known = items.order_by().values("pk")
    rows = (
        items.model.update_model()
        .objects.standing()
        .filter(Q(item__in=known) | Q(item__parent__in=known, item__level=Level.PART))
        .filter(reported_on__lte=day, effective_on__lte=day)
        .exclude(status="", narrative="", timeframe="")
        .select_related("item")
        .order_by("-reported_on", *NEWEST_FIRST, "-id")
    )
    return list(rows[:limit])


def held(model: Any, day: date, condition: Q) -> list[tuple[int, str, int]]:
    """Return (entity, role, item) for each role that parties have on a day, also by a part.

    `condition` is one on the responsibility; a part stands for the item that it belongs
    to. One query; each triple once, whether or not its item is shown to anybody.
    """
    parts = model.objects.existing_on(day).filter(level=Level.PART).order_by()
    return list(
        model._meta.get_field("responsibilities")
        .related_model.objects.on(day)
        .filter(~Q(item__level=Level.PART) | Q(item__in=parts.values("pk")), condition)
        .annotate(
            counted=Case(When(item__level=Level.PART, then=F("item__parent")), default=F("item"))
        )
        .order_by()
        .values_list("entity", "role", "counted")
        .distinct()
    )


def by_lead(items: TrackedItemQuerySet[Any], day: date) -> list[TallyOf[Entity]]:
    """Return what each party leads, co-leads or is focal point of, the most open items first.

    Three queries: the items' states, the responsibilities, the parties.
    """
    return by_lead_and_nobody(items, day)[0]


def by_lead_and_nobody(
    items: TrackedItemQuerySet[Any], day: date
) -> tuple[list[TallyOf[Entity]], Tally]:
    """Return what `by_lead` does, and the counts of the items that name no lead on the day."""
    states = {pk: state for pk, *state in items.values_list("pk", "status", "timeliness")}
    known = items.order_by().values("pk")
    of_items = Q(item__in=known) | Q(item__parent__in=known)
    led: dict[int, set[int]] = {}
    for entity, _role, item in held(items.model, day, of_items & Q(role__in=LEAD_ROLES)):
        if item in states:
            led.setdefault(entity, set()).add(item)

    def tally_of(members: Iterable[int]) -> Tally:
        return count_states((states[pk][0], states[pk][1]) for pk in members)

    entities = Entity.objects.in_bulk(led)
    loads = [TallyOf(entities[entity], tally_of(members)) for entity, members in led.items()]
    return (
        sorted(loads, key=lambda load: (-load.tally.open, -load.tally.total, str(load.subject))),
        tally_of(set(states).difference(*led.values())),
    )


@dataclass(frozen=True, slots=True)
class RoleTally:
    """What an entity has one role in: the counts, and the items' keys in their order.

    Archived items are in neither; their keys stand in `archived`.
    """

    role: Role
    tally: Tally
    items: Sequence[int]
    archived: frozenset[int]


def by_role(items: TrackedItemQuerySet[Any], entity: Entity, day: date) -> list[RoleTally]:
    """Return the items that an entity holds on a day, for each role that it has.

    Roles come in the order of Role; within one, open items before closed ones, by
    their last day, those without one last. Two queries: the responsibilities, the states.
    """
    by_its_role: dict[str, set[int]] = {}
    for _entity, role, item in held(items.model, day, Q(entity=entity)):
        by_its_role.setdefault(role, set()).add(item)
    of_entity = items.filter(pk__in=set().union(*by_its_role.values()))
    columns = ("pk", "status", "timeliness", "due", "is_archived")
    states = {pk: tuple(state) for pk, *state in of_entity.values_list(*columns)}

    def place(pk: int) -> tuple[bool, date, int]:
        _status, timeliness, due, _is_archived = states[pk]
        return timeliness == Timeliness.CLOSED, due or date.max, pk

    found = []
    for role in Role:
        known = by_its_role.get(role, set()) & set(states)
        archived = frozenset(pk for pk in known if states[pk][3])
        running = sorted(known - archived, key=place)
        if known:
            tally = count_states(states[pk][:2] for pk in running)
            found.append(RoleTally(role, tally, running, archived))
    return found
