"""The pack for a meeting: what it follows up, what changed since the last one, what did not.

It follows the table in which the record of a results group's meeting shows the follow-up of
action points (Results Group 1, 16 July 2020): action point, lead, status, progress overview.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q

from actionpoints.filters import NEVER
from actionpoints.models import ActionPoint, ActionPointUpdate, Meeting
from actionpoints.views import ActionPointListing
from workplans import changes, days
from workplans.changes import SAYS_NOTHING, Bucket, ChangeRow, Told, Window, change_rows
from workplans.lists import ItemRow, Listing, item_rows
from workplans.models import Deliverable, Level, TrackedItemQuerySet
from workplans.models.ledger_rows import OLDEST_FIRST
from workplans.models.tracking import Viewer
from workplans.pages import Asked
from workplans.views import DeliverableListing


@dataclass(frozen=True, slots=True)
class Theme:
    """The action points of one theme, in the order of the meeting's record."""

    name: str
    rows: tuple[ItemRow, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """What one lead has that is open, by its last day; without a lead, `name` is ""."""

    name: str
    rows: tuple[ItemRow, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """A meeting's pack on a day.

    `reviewed` are the keys of the action points that the meeting's own record told of, and
    `record` all that it told of each by the day, in the ledger's order.
    `previous` is the meeting of the same body before it, None where none is known; then
    nothing is known to have changed. `changed` and `untouched` hold action points first,
    then deliverables of the body's own workplans.
    """

    meeting: Meeting
    day: date
    previous: Meeting | None
    themes: tuple[Theme, ...]
    reviewed: frozenset[int]
    record: Mapping[int, Sequence[Told]]
    changed: dict[Bucket, tuple[ChangeRow, ...]]
    untouched: tuple[ChangeRow, ...]
    loads: tuple[Load, ...]

    @property
    def rows(self) -> Iterator[ItemRow]:
        """All action points that the meeting follows up, theme by theme."""
        for theme in self.themes:
            yield from theme.rows


def pack_day(meeting: Meeting) -> date:
    """Return the day that a pack is made for: the meeting's, or today if that lies ahead."""
    return min(meeting.held_on, days.site_today())


def previous_meeting(meeting: Meeting, day: date, user: Viewer) -> Meeting | None:
    """Return the last meeting of the same body before a meeting, and before a day."""
    earlier = Meeting.objects.visible_to(user).filter(body=meeting.body)
    found: Meeting | None = (
        earlier.filter(held_on__lt=min(meeting.held_on, day)).order_by("-held_on", "-slug").first()
    )
    return found


def make_pack(meeting: Meeting, asked: Asked, user: Viewer) -> Pack:
    """Return the pack of a meeting on the day asked for; the number of queries is constant."""
    day = asked.day
    previous = previous_meeting(meeting, day, user)
    visible = ActionPoint.objects.visible_to(user).filter(level=Level.ITEM)
    followed = followed_up(meeting, previous, visible, day, user)
    items = list(followed.select_related(*ActionPointListing.reads, "parent"))
    told = record_rows(meeting, day)
    places = places_in(told)
    last = len(places)
    # In the order of the record; what it does not hold comes after, in its own documents' order.
    items.sort(key=lambda item: places.get(item.pk, last))
    rows = item_rows(items, asked, ActionPointListing.where)
    by_theme: dict[str, list[ItemRow]] = {}
    for row in rows:
        by_theme.setdefault(row.item.theme, []).append(row)
    changed: list[ChangeRow] = []
    if previous is not None:
        window = Window(previous.held_on, day)
        keys = [item.pk for item in items]
        changed += changes_of(visible.filter(pk__in=keys), window, asked, ActionPointListing)
        planned = Deliverable.objects.visible_to(user).filter(
            level=Level.ITEM, priority_area__workplan__owner=meeting.body
        )
        changed += changes_of(planned, window, asked, DeliverableListing)
    return Pack(
        meeting=meeting,
        day=day,
        previous=previous,
        themes=tuple(Theme(name, tuple(members)) for name, members in by_theme.items()),
        reviewed=frozenset(places),
        record=by_item(told),
        changed={
            bucket: tuple(one for one in changed if one.row.item.bucket == bucket)
            for bucket in Bucket
            if bucket is not Bucket.UNTOUCHED
        },
        untouched=tuple(one for one in changed if one.row.item.bucket == Bucket.UNTOUCHED),
        loads=tuple(loads(rows)),
    )


def followed_up(
    meeting: Meeting,
    previous: Meeting | None,
    visible: TrackedItemQuerySet[Any],
    day: date,
    user: Viewer,
) -> TrackedItemQuerySet[Any]:
    """Return what a meeting follows up, with the state of a day.

    That is what its record told of, of whatever body; and of what its body decided or
    reviewed at earlier meetings, what is open, or was closed since the last of these.
    """
    items = visible.as_of(day)
    # On an earlier day than the meeting's nobody knows what its record will tell.
    is_held = day >= pack_day(meeting)
    reviewed = told_by(Q(source__meeting=meeting), day) if is_held else NEVER
    if previous is None:
        return items.filter(reviewed)
    earlier = Meeting.objects.visible_to(user).filter(
        body=meeting.body, held_on__lte=previous.held_on
    )
    keys = earlier.order_by().values("pk")
    own = Q(meeting__in=keys) | told_by(Q(source__meeting__in=keys, reported_on__lte=day), day)
    closed_then = visible.as_of(previous.held_on).filter(is_open=False).order_by()
    since = Q(is_open=True) | ~Q(pk__in=closed_then.values("pk"))
    return items.filter(reviewed | (own & since & Q(is_archived=False)))


def told_by(condition: Q, day: date) -> Q:
    """Return the condition that a standing row of an action point or its part meets another."""
    rows = ActionPointUpdate.objects.standing().filter(condition, item=OuterRef("pk"))
    parts = ActionPoint.objects.existing_on(day).filter(level=Level.PART, parent=OuterRef("pk"))
    return Q(Exists(rows)) | Q(Exists(parts.filter(Exists(rows))))


def record_rows(meeting: Meeting, day: date) -> list[ActionPointUpdate]:
    """Return what the record of a meeting told that was true by a day, in the ledger's order."""
    if day < pack_day(meeting):
        return []
    rows = ActionPointUpdate.objects.standing().filter(
        source__meeting=meeting, effective_on__lte=day
    )
    return list(rows.exclude(**SAYS_NOTHING).select_related("item").order_by(*OLDEST_FIRST))


def by_item(rows: Iterable[ActionPointUpdate]) -> dict[int, list[Told]]:
    """Return what a record told, keyed by action point, with the part that it is about."""
    found: dict[int, list[Told]] = {}
    for row in rows:
        part = row.item if item_of(row) != row.item_id else None
        found.setdefault(item_of(row), []).append(Told(row, part))
    return found


def item_of(row: ActionPointUpdate) -> int:
    """Return the key of the item that a row is about, or of the one whose part it is about."""
    is_part = row.item.level == Level.PART and row.item.parent_id is not None
    return row.item.parent_id if is_part else row.item_id  # type: ignore[return-value]


def places_in(rows: Iterable[ActionPointUpdate]) -> dict[int, int]:
    """Return the place of each action point in a record, by the first that was entered of it."""
    items = [item_of(row) for row in sorted(rows, key=lambda row: row.pk)]
    return {item: place for place, item in enumerate(dict.fromkeys(items))}


def changes_of(
    items: TrackedItemQuerySet[Any], window: Window, asked: Asked, listing: type[Listing]
) -> list[ChangeRow]:
    """Return what happened to some items in a window, archived ones left out; three queries."""
    found = changes.changed(items, window).filter(is_archived=False)
    return change_rows(found.select_related(*listing.reads), window, asked, listing.where)


def loads(rows: Iterable[ItemRow]) -> list[Load]:
    """Return the open items of each lead, those with most first, those without a lead last."""
    by_lead: dict[tuple[str, str], list[ItemRow]] = {}
    for row in rows:
        if not row.item.is_open or row.item.is_archived:
            continue
        # By address, since two may have one name; once, whatever lead roles one has.
        leads = [(party.name, party.url) for party in row.parties.leads]
        for lead in dict.fromkeys(leads or [("", "")]):
            by_lead.setdefault(lead, []).append(row)
    found = [
        Load(name, tuple(sorted(held, key=lambda row: (row.item.due or date.max, row.item.ref))))
        for (name, _url), held in by_lead.items()
    ]
    return sorted(found, key=lambda load: (not load.name, -len(load.rows), load.name))
