"""Tracked items as a table: a row for each, with its state of a day.

The files of lists have these rows, and what comes back from a spreadsheet is compared with
them. They are made column by column, some hundred rows at a time: a model instance for each item,
and a call for each cell, would take most of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar, TypeAlias

from django.db.models import Case, F, When
from django.utils.functional import cached_property

from workplans.chunks import Among, in_chunks
from workplans.exports import BETWEEN, YES_OR_NO, Cells, in_order, joined
from workplans.meanwhile import read_ahead
from workplans.models import (
    LEAD_ROLES,
    Deliverable,
    Entity,
    PriorityArea,
    Role,
    SourceDocument,
    TrackedItem,
)
from workplans.models.sources import shown_title
from workplans.models.tracking import Viewer
from workplans.status_words import NOT_REPORTED, StatusWord, public_code
from workplans.workbooks import Cell

# The items whose histories are read at a time: each has many rows.
ITEMS_AT_A_TIME = 250


def address_of(model: Any) -> tuple[str, str]:
    """Return what stands before and after an item's reference in its address."""
    before, _ref, after = model(ref="REFERENCE").get_absolute_url().partition("REFERENCE")
    return before, after


def status_labels(model: type[TrackedItem]) -> dict[str, str]:
    """Return the words for each status of a kind of item, keyed by its stored code."""
    words: tuple[StatusWord, ...] = (*model.STATUSES, NOT_REPORTED)
    return {word.code: str(word.label) for word in words}


class EntityNames(dict[int, str]):
    """The short name of every entity, keyed by entity; one that is new since is looked up."""

    def __init__(self) -> None:
        rows = Entity.objects.order_by().values_list("pk", "acronym", "name")
        super().__init__({pk: acronym or name for pk, acronym, name in rows})

    def __missing__(self, pk: int) -> str:
        name = self[pk] = str(Entity.objects.get(pk=pk))
        return name


class PartyWords(dict[tuple[int, str], tuple[bool, str]]):
    """What a cell calls an entity in a role, and before that whether it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.names = EntityNames()
        self.labels = {role.value: str(role.label) for role in Role}

    def __missing__(self, party: tuple[int, str]) -> tuple[bool, str]:
        entity, role = party
        leads_it = role in LEAD_ROLES
        name = self.names[entity] if leads_it else self.with_role(entity, role)
        self[party] = leads_it, name
        return leads_it, name

    def with_role(self, entity: int, role: str) -> str:
        return f"{self.names[entity]} ({self.labels[role]})"


def in_sequence(cells: Iterable[Cell]) -> Sequence[Cell]:
    return cells if isinstance(cells, Sequence) else list(cells)


# What was read of some items, by name of the column; and what gives the cells of a column of the
# table for these, in their order, with what was read beside them.
Read: TypeAlias = Mapping[str, Sequence[Any]]
Columns: TypeAlias = Mapping[str, Callable[[Read, Mapping[str, Any]], Iterable[Cell]]]


class ItemTable:
    """Items of one kind with their state of a day, as a table; columns are keyed by header.

    `reads` names the columns of the database that the cells read, of the items themselves or
    annotated.
    """

    model: ClassVar[Any]
    reads: ClassVar[tuple[str, ...]]
    columns: ClassVar[Columns]

    def __init__(self, items: Any, day: date, user: Viewer, site: str = "") -> None:
        """Take items as `as_of` read them, who looks at them, and what addresses begin with."""
        self.items, self.day, self.user, self.site = items, day, user, site
        self.is_staff = bool(getattr(user, "is_staff", False))
        self.party_words = PartyWords()
        self.sources: dict[int | None, str] = {None: ""}
        labels = status_labels(self.model)
        self.beside: dict[str, Any] = {
            "site": site,
            "address": address_of(self.model),
            "labels": labels,
            "codes": {code: public_code(code) for code in labels},
        }

    def rows(self) -> Iterator[Sequence[Cell]]:
        """Give the cells of each item."""
        for block in self.blocks():
            yield from zip(*block, strict=True)

    def blocks(self) -> Iterator[Sequence[Sequence[Cell]]]:
        """Give the columns of some items at a time, with what belongs to these read at once."""
        with closing(read_ahead(self.chunks())) as chunks:
            for read, beside in chunks:
                beside = {**beside, **self.party_cells(beside["held"])}
                yield [in_sequence(cell(read, beside)) for cell in self.columns.values()]

    @cached_property
    def records(self) -> Any:
        """Return the query for what is read of the items, in no order."""
        inherited = Case(When(timeframe_inherited=True, then=F("initial_timeframe")))
        items = self.items.with_last_place(self.day).annotate(inherited_timeframe=inherited)
        return items.values_list("pk", *self.reads).order_by()

    @cached_property
    def parties(self) -> Any:
        """Return the query for who has which part in items."""
        held = self.model._meta.get_field("responsibilities").related_model.objects.on(self.day)
        # By item first, since the database has them in that order.
        in_order = held.order_by("item_id", "order", "id")
        return in_order.values_list("item_id", "entity_id", "role", "uncertain")

    def chunks(self) -> Generator[tuple[Read, Mapping[str, Any]], None, None]:
        """Read the items in their order, some at a time, and what belongs to these.

        First their keys: what is read of each is too much to be sorted in memory.
        """
        for keys in in_chunks(self.items.values_list("pk", flat=True)):
            if read := self.read(keys):
                yield read, self.read_beside(read)

    def read(self, keys: Sequence[int]) -> Read:
        """Read some items in their order; nothing, where none of them is there any more."""
        records = self.records.filter(Among("pk", keys))
        found = {record[0]: record for record in records}
        there = [found[key] for key in keys if key in found]
        names = ("pk", *self.reads)
        return dict(zip(names, zip(*there, strict=True), strict=True)) if there else {}

    def read_beside(self, read: Read) -> dict[str, Any]:
        """Read for some items what no column of theirs gives; one query for each kind."""
        places = {place: source_and_place(place) for place in set(read["last_place"])}
        self.read_sources({source for source, _place in places.values()})
        held = list(self.parties.filter(Among("item_id", read["pk"])))
        for entity in {entity for _item, entity, _role, _is_uncertain in held}:
            self.party_words.names[entity]  # read now, if it is new since
        return {
            **self.beside,
            "held": held,
            "parents": self.read_parents(read),
            # The titles of the documents that the items come from, and the places in these.
            "titles": {place: self.sources[source] for place, (source, _there) in places.items()},
            "places": {place: there for place, (_source, there) in places.items()},
        }

    def read_parents(self, read: Read) -> dict[int | None, str]:
        """Return the references of what items belong to, keyed by key."""
        wanted = set(read["parent_id"]) - {None}
        if not wanted:
            return {}
        refs = dict(zip(read["pk"], read["ref"], strict=True))
        if far := wanted - refs.keys():
            parents = self.model.objects.filter(pk__in=far).order_by()
            refs |= dict(parents.values_list("pk", "ref"))
        return refs

    def party_cells(self, held: Iterable[tuple[int, int, str, bool]]) -> dict[str, dict[int, str]]:
        """Return the parties of some items as cells, keyed by item."""
        leads: dict[int, str] = {}
        supporting: dict[int, str] = {}
        uncertain: dict[int, list[tuple[bool, str]]] = {}
        words = self.party_words
        for item, entity, role, is_uncertain in held:
            leads_it, name = words[entity, role]
            cells = leads if leads_it else supporting
            if item not in cells:
                cells[item] = name
            elif name not in (names := cells[item]) or name not in names.split(BETWEEN):
                cells[item] = f"{names}{BETWEEN}{name}"
            if is_uncertain:
                with_role = words.with_role(entity, role)
                uncertain.setdefault(item, []).append((not leads_it, with_role))
        return {
            "leads": leads,
            "supporting": supporting,
            "uncertain": {
                # Those that lead come first.
                item: joined(name for _supports, name in sorted(parties, key=itemgetter(0)))
                for item, parties in uncertain.items()
            },
        }

    def read_sources(self, wanted: set[int | None]) -> None:
        """Read the titles of documents that are not known yet."""
        if new := {pk for pk in wanted if pk is not None} - self.sources.keys():
            rows = SourceDocument.objects.filter(pk__in=new).order_by()
            for pk, title, published in rows.values_list("pk", "title", "published"):
                self.sources[pk] = shown_title(title, published, self.is_staff)


def source_and_place(last_place: str) -> tuple[int | None, str]:
    """Return the key of the document that an item comes from, or None, and the place in it."""
    key, _blank, place = last_place.partition(" ")
    return (int(key) if key else None), place


def is_frame_inherited(read: Read, _: Mapping[str, Any]) -> list[str]:
    """Say whether each time frame comes from a merged cell; one told since does not."""
    frames = zip(read["inherited_timeframe"], read["timeframe"], strict=True)
    return [YES_OR_NO[inherited is not None and inherited == now] for inherited, now in frames]


def urls(read: Read, beside: Mapping[str, Any]) -> list[str]:
    """Give the address of each item, with the site's."""
    before, after = beside["address"]
    before = f"{beside['site']}{before}"
    return [f"{before}{ref}{after}" for ref in read["ref"]]


def just(name: str) -> Callable[[Read, Mapping[str, Any]], Iterable[Cell]]:
    """Return what gives a column as it was read."""
    return lambda read, _: read[name]


def looked_up(name: str, key: str) -> Callable[[Read, Mapping[str, Any]], Iterable[Cell]]:
    """Return what gives for each item what was read beside under a name, by a column's value."""
    return lambda read, beside: map(beside[name].get, read[key])


# The columns whose texts are codes of ours, or references, which have no blank and begin with a
# letter or digit, and addresses with these.
PLAIN = frozenset({
    "ref", "parent", "level", "status", "priority", "wording", "timeliness", "archived",
    "timeframe_inherited", "continues", "recommendation", "url",
})  # fmt: skip
# What the shared columns read.
SHARED_READS = (
    "ref", "parent_id", "level", "title", "status", "status_since", "priority", "wording",
    "timeframe", "inherited_timeframe", "due", "timeliness", "last_reported_on", "narrative",
    "indicators", "comments", "last_place", "is_archived",
)  # fmt: skip
# The columns that both kinds of items have, keyed by header.
SHARED_COLUMNS: Columns = {
    **{
        name: just(name)
        for name in (
            "ref", "level", "title", "status_since", "priority", "wording", "timeframe", "due",
            "timeliness", "last_reported_on", "narrative", "indicators", "comments",
        )
    },
    "parent": looked_up("parents", "parent_id"),
    "status": looked_up("codes", "status"),
    "status_label": looked_up("labels", "status"),
    "leads": looked_up("leads", "pk"),
    "supporting": looked_up("supporting", "pk"),
    "uncertain": looked_up("uncertain", "pk"),
    "source": looked_up("titles", "last_place"),
    "locator": looked_up("places", "last_place"),
    "archived": lambda read, _: map(YES_OR_NO.get, read["is_archived"]),
    "timeframe_inherited": is_frame_inherited,
    "url": urls,
}  # fmt: skip


def columns_in_order(names: str, own: Columns) -> Columns:
    """Return the columns that are named, in that order, from the shared and a kind's own."""
    return in_order(names, {**SHARED_COLUMNS, **own})


class DeliverableTable(ItemTable):
    """Deliverables; the columns are permanent, new ones come at the end."""

    model = Deliverable
    reads = (*SHARED_READS, "continues_id", "priority_area_id")
    columns = columns_in_order(
        "ref group workplan priority_area parent level title status status_label status_since"
        " priority leads supporting timeframe due timeliness last_reported_on narrative source url"
        " indicators comments continues locator archived timeframe_inherited uncertain",
        {
            "group": looked_up("groups", "priority_area_id"),
            "workplan": looked_up("workplans", "priority_area_id"),
            "priority_area": looked_up("areas", "priority_area_id"),
            "continues": looked_up("continued", "continues_id"),
        },
    )

    def read_beside(self, read: Read) -> dict[str, Any]:
        """Read also the references of the items that some continue, where they are visible.

        And of which area, plan and group they are.
        """
        self.read_areas(set(read["priority_area_id"]))
        beside = super().read_beside(read)
        beside["continued"] = {}
        if wanted := set(read["continues_id"]) - {None}:
            known = Deliverable.objects.visible_to(self.user).existing_on(self.day)
            continued = known.filter(pk__in=wanted).order_by()
            beside["continued"] = dict(continued.values_list("pk", "ref"))
        return beside

    def read_areas(self, wanted: set[int]) -> None:
        """Read the names of areas that are not known yet, of their plans and these' owners."""
        areas = self.beside.setdefault("areas", {})
        workplans, groups = (self.beside.setdefault(name, {}) for name in ("workplans", "groups"))
        if new := wanted - areas.keys():
            found = PriorityArea.objects.filter(pk__in=new).select_related("workplan").order_by()
            for area in found:
                plan = area.workplan
                areas[area.pk], workplans[area.pk] = str(area), plan.title
                groups[area.pk] = self.party_words.names[plan.owner_id] if plan.owner_id else ""


class HistoryTable:
    """The histories of items as a table: a row for each update that was true by the day."""

    reads = (
        "item__ref", "item__title", "item_id", "sequence", "effective_on", "effective_words",
        "reported_on", "status", "narrative", "timeframe", "timeframe_earliest", "timeframe_latest",
        "replaces__sequence", "replaced_by__sequence", "source__title", "source__published",
        "locator",
    )  # fmt: skip
    columns: Mapping[str, Cells] = {
        "ref": lambda row, _: row.item__ref,
        "title": lambda row, _: row.item__title,
        "number": lambda row, _: row.sequence,
        "effective_on": lambda row, _: row.effective_on,
        "effective_words": lambda row, _: row.effective_words,
        "reported_on": lambda row, _: row.reported_on,
        "status": lambda row, _: row.status,
        "status_label": lambda row, beside: beside["labels"][row.status] if row.status else "",
        "narrative": lambda row, _: row.narrative,
        "timeframe": lambda row, _: row.timeframe,
        "earliest": lambda row, _: row.timeframe_earliest,
        "due": lambda row, _: row.timeframe_latest,
        "corrects": lambda row, _: row.replaces__sequence,
        "corrected_by": lambda row, _: row.replaced_by__sequence,
        "source": lambda row, beside: beside["shown_title"](
            row.source__title, row.source__published
        ),
        "locator": lambda row, _: row.locator,
        "url": lambda row, beside: (
            f"{beside['before']}{row.item__ref}{beside['after']}#update-{row.sequence}"
        ),
    }

    def __init__(
        self, items: Any, day: date, user: Viewer, site: str = "", among: Any = None
    ) -> None:
        """Take items in their order, who looks at them, and what addresses begin with.

        With a query set of updates, only those are `among` the rows.
        """
        self.items, self.day, self.site, self.among = items, day, site, among
        self.model: Any = items.model
        self.is_staff = bool(getattr(user, "is_staff", False))

    def rows(self) -> Iterator[list[Cell]]:
        """Give the cells of each update, in the items' order and in that of the ledger."""
        cells = tuple(self.columns.values())
        before, after = address_of(self.model)
        beside = {
            "shown_title": partial(shown_title, is_staff=self.is_staff),
            "before": f"{self.site}{before}",
            "after": after,
            "labels": status_labels(self.model),
        }
        for chunk in in_chunks(self.items.values_list("pk", flat=True), ITEMS_AT_A_TIME):
            for row in self.updates_of(chunk):
                yield [cell(row, beside) for cell in cells]

    def updates_of(self, items: Sequence[int]) -> Iterator[Any]:
        """Yield the updates of some items."""
        rows = self.model.update_model().objects.filter(item__in=items, effective_on__lte=self.day)
        if self.among is not None:
            rows = rows.filter(pk__in=self.among)
        by_item: dict[int, list[Any]] = {}
        ordered = rows.order_by("effective_on", "slot", "sequence")
        for row in ordered.values_list(*self.reads, named=True):
            by_item.setdefault(row.item_id, []).append(row)
        for item in items:
            yield from by_item.get(item, ())
