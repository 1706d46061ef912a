"""What pages, figures and documents tell of tracked items: query set in, plain figures out.

The query sets come from `as_of(day)`, so that every figure is that day's; what they
leave out (unpublished, archived, parts and headings) is left out of the figures. The
functions serve deliverables and action points alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Generic, TypeVar

from django.db.models import Case, Count, F, Model, Q, When
from django.db.models.functions import ExtractQuarter, ExtractYear

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
from workplans.quarters import Quarter

# What a closed item is not: together they hold exactly the open items that are not archived.
OPEN_TIMELINESS = (
    Timeliness.OVERDUE,
    Timeliness.DUE_SOON,
    Timeliness.ON_TIME,
    Timeliness.NO_DATE,
)

S = TypeVar("S", bound=Model)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items have which status, and which timeliness.

    `statuses` is keyed by stored status, "" for what was never reported; `timeliness`
    by the values of Timeliness, "" for what is archived. Both add up to `total`.
    `silent` of them were open and not reported on for long.
    """

    statuses: Mapping[str, int]
    timeliness: Mapping[str, int]
    silent: int = 0

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
            self.silent + other.silent,
        )

    def __sub__(self, other: Tally) -> Tally:
        return Tally(
            Counter(self.statuses) - Counter(other.statuses),
            Counter(self.timeliness) - Counter(other.timeliness),
            self.silent - other.silent,
        )


NOTHING = Tally({}, {})


@dataclass(frozen=True, slots=True)
class TallyOf(Generic[S]):
    """The counts of one subject: a priority area, a workplan, a meeting, an entity."""

    subject: S
    tally: Tally


# The columns of an `as_of` query set that a Tally counts.
STATE = ("status", "timeliness", "is_silent")


def count_states(states: Iterable[tuple[Any, ...]]) -> Tally:
    """Return the counts of items, each given by the values of `STATE`."""
    states = list(states)
    return Tally(
        Counter(status for status, _timeliness, _is_silent in states),
        Counter(timeliness for _status, timeliness, _is_silent in states),
        sum(is_silent for _status, _timeliness, is_silent in states),
    )


def tally(items: TrackedItemQuerySet[Any]) -> Tally:
    """Return the counts over all items of an `as_of` query set, in one query."""
    return tallies(items).get((), NOTHING)


def tallies(items: TrackedItemQuerySet[Any], *paths: str) -> dict[tuple[Any, ...], Tally]:
    """Return the counts for each combination of the values of some columns.

    One GROUP BY over an `as_of` query set, which must name each item once; the keys
    are tuples in the order of `paths`. A combination without items has no key.
    """
    found: dict[tuple[Any, ...], Tally] = {}
    rows = items.order_by().values_list(*paths, *STATE).annotate(how_many=Count("pk"))
    for *key, status, time, is_silent, how_many in rows:
        one = Tally({status: how_many}, {time: how_many}, how_many if is_silent else 0)
        found[tuple(key)] = found.get(tuple(key), NOTHING) + one
    return found


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


def due_by_quarter(items: TrackedItemQuerySet[Any]) -> list[tuple[Quarter | None, int]]:
    """Return how many open items are due in each quarter, in order; None, the last, is no date.

    One GROUP BY over an `as_of` query set; what is archived is in no quarter.
    """
    rows = (
        items.filter(timeliness__in=OPEN_TIMELINESS)
        .annotate(due_year=ExtractYear("due"), due_quarter=ExtractQuarter("due"))
        .order_by()
        .values_list("due_year", "due_quarter")
        .annotate(how_many=Count("pk"))
    )
    counted = [
        (Quarter(year, number) if year else None, how_many) for year, number, how_many in rows
    ]
    return sorted(counted, key=lambda pair: (pair[0] is None, pair[0] or ()))


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
    states = {pk: tuple(state) for pk, *state in items.values_list("pk", *STATE)}
    known = items.order_by().values("pk")
    of_items = Q(item__in=known) | Q(item__parent__in=known)
    led: dict[int, set[int]] = {}
    for entity, _role, item in held(items.model, day, of_items & Q(role__in=LEAD_ROLES)):
        if item in states:
            led.setdefault(entity, set()).add(item)

    def tally_of(members: Iterable[int]) -> Tally:
        return count_states(states[pk] for pk in members)

    entities = Entity.objects.in_bulk(led)
    loads = [TallyOf(entities[entity], tally_of(members)) for entity, members in led.items()]
    return (
        sorted(loads, key=lambda load: (-load.tally.open, -load.tally.total, str(load.subject))),
        tally_of(set(states).difference(*led.values())),
    )


@dataclass(frozen=True, slots=True)
class RoleTally:
    """What an entity has one role in: the counts, and the items' keys in their order.

    Archived items are in neither; their keys stand in `archived`. `states` has the values
    of `STATE` of each item.
    """

    role: Role
    tally: Tally
    items: Sequence[int]
    archived: frozenset[int]
    states: Mapping[int, tuple[Any, ...]]


def by_role(items: TrackedItemQuerySet[Any], entity: Entity, day: date) -> list[RoleTally]:
    """Return the items that an entity holds on a day, for each role that it has.

    Roles come in the order of Role; within one, what is overdue first, then what is
    silent, then the other open items, then closed ones; each by their last day, those
    without one last. Two queries: the responsibilities, the states.
    """
    by_its_role: dict[str, set[int]] = {}
    for _entity, role, item in held(items.model, day, Q(entity=entity)):
        by_its_role.setdefault(role, set()).add(item)
    of_entity = items.filter(pk__in=set().union(*by_its_role.values()))
    columns = ("pk", *STATE, "due", "is_archived")
    states = {pk: tuple(state) for pk, *state in of_entity.values_list(*columns)}

    def place(pk: int) -> tuple[bool, bool, bool, date, int]:
        _status, timeliness, is_silent, due, _is_archived = states[pk]
        is_late = timeliness == Timeliness.OVERDUE
        return timeliness == Timeliness.CLOSED, not is_late, not is_silent, due or date.max, pk

    found = []
    for role in Role:
        known = by_its_role.get(role, set()) & set(states)
        archived = frozenset(pk for pk in known if states[pk][-1])
        running = sorted(known - archived, key=place)
        if known:
            own = {pk: states[pk][: len(STATE)] for pk in running}
            found.append(RoleTally(role, count_states(own.values()), running, archived, own))
    return found


def in_any_role(rows: Iterable[RoleTally], roles: Iterable[Role]) -> Tally:
    """Return the counts of what an entity has any of some roles in, each item once."""
    wanted = set(roles)
    states: dict[int, tuple[Any, ...]] = {}
    for row in rows:
        if row.role in wanted:
            states.update(row.states)
    return count_states(states.values())
