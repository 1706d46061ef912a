"""Tracked items as a table: a row for each, with its state of a day.

The files of lists have these rows, and what comes back from a spreadsheet is compared with
them. They are read as plain tuples, since a model instance for each would take most of the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from django.db.models import Q

from workplans.exports import Cells, in_order, joined, yes_or_no
from workplans.lists import in_chunks
from workplans.models import (
    LEAD_ROLES,
    Deliverable,
    Entity,
    Role,
    SourceDocument,
    TrackedItem,
)
from workplans.models.tracking import Viewer
from workplans.status_words import NOT_REPORTED, StatusWord, public_code
from workplans.workbooks import Cell

# The items whose histories are read at a time: each has many rows.
ITEMS_AT_A_TIME = 250


def address_of(model: Any) -> Callable[[str], str]:
    """Return what gives an item's address for its reference, without resolving each anew."""
    before, _ref, after = model(ref="REFERENCE").get_absolute_url().partition("REFERENCE")
    return lambda ref: f"{before}{ref}{after}"


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


def near(name: str, keys: Sequence[int]) -> Q:
    """Return the condition that a column has one of some keys, or one that lies close by.

    Where the keys lie close together, as most do, the first and the last say it quicker.
    """
    first, last = min(keys), max(keys)
    if last - first < 2 * len(keys):
        return Q(**{f"{name}__gte": first, f"{name}__lte": last})
    return Q(**{f"{name}__in": keys})


class ItemTable:
    """Items of one kind with their state of a day, as a table; columns are keyed by header.

    `reads` names the columns of the database that the cells read, joined or annotated.
    """

    model: ClassVar[Any]
    reads: ClassVar[tuple[str, ...]]
    columns: ClassVar[Mapping[str, Cells]]

    def __init__(self, items: Any, day: date, user: Viewer, site: str = "") -> None:
        """Take items as `as_of` read them, who looks at them, and what addresses begin with."""
        self.items, self.day, self.user, self.site = items, day, user, site
        self.is_staff = bool(getattr(user, "is_staff", False))
        self.names = EntityNames()
        self.sources: dict[str, str] = {}

    def rows(self) -> Iterator[list[Cell]]:
        """Give the cells of each item; what belongs to the items is joined chunk by chunk."""
        cells = tuple(self.columns.values())
        for chunk in self.chunks():
            beside = self.read_beside(chunk)
            for row in chunk:
                yield [cell(row, beside) for cell in cells]

    def records(self) -> Any:
        """Return the query for what is read of the items and of what they belong to."""
        items = self.items.with_last_place(self.day)
        return items.values_list("pk", "last_place", *self.reads, named=True)

    def chunks(self) -> Iterator[list[Any]]:
        """Read the items in their order, some at a time.

        First their keys: what is read of each is too much to be sorted in memory.
        """
        records = self.records().order_by()
        for keys in in_chunks(self.items.values_list("pk", flat=True)):
            found = {record.pk: record for record in records.filter(near("pk", keys))}
            yield [found[key] for key in keys if key in found]

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        """Read for a chunk what no relation of its items gives; one query for each kind."""
        return {
            **self.read_parties(chunk),
            "shown_title": self.shown_title,
            "site": self.site,
            "address": address_of(self.model),
            "labels": status_labels(self.model),
            "sources": self.read_sources(chunk),
        }

    def read_parties(self, chunk: list[Any]) -> dict[str, dict[int, str]]:
        """Return the parties of the items of a chunk as cells, keyed by item."""
        labels = {role.value: str(role.label) for role in Role}
        leading = {role.value for role in LEAD_ROLES}
        leads: dict[int, list[str]] = defaultdict(list)
        supporting: dict[int, list[str]] = defaultdict(list)
        uncertain: dict[int, list[tuple[bool, str]]] = defaultdict(list)
        held = self.model._meta.get_field("responsibilities").related_model.objects
        held = (
            held.on(self.day)
            .filter(near("item", [row.pk for row in chunk]))
            .order_by("order", "id")
        )
        rows = held.values_list("item_id", "entity_id", "role", "uncertain")
        for item, entity, role, is_uncertain in rows:
            name = self.names[entity]
            leads_it = role in leading
            if leads_it:
                leads[item].append(name)
            else:
                supporting[item].append(f"{name} ({labels[role]})")
            if is_uncertain:
                uncertain[item].append((not leads_it, f"{name} ({labels[role]})"))
        for parties in uncertain.values():
            parties.sort(key=lambda party: party[0])  # those that lead come first
        return {
            "leads": {item: joined(names) for item, names in leads.items()},
            "supporting": {item: joined(names) for item, names in supporting.items()},
            "uncertain": {
                item: joined(name for _supports, name in parties)
                for item, parties in uncertain.items()
            },
        }

    def shown_title(self, title: str | None, published: bool | None) -> str:
        """Return the name of a document; that of one that is not public is for staff only."""
        return title if title and (published or self.is_staff) else ""

    def read_sources(self, chunk: list[Any]) -> dict[str, str]:
        """Return the titles of the documents of newest rows, keyed as `last_place` begins."""
        wanted = {last_source(row) for row in chunk} - self.sources.keys() - {""}
        if wanted:
            rows = SourceDocument.objects.filter(pk__in=wanted).order_by()
            for pk, title, published in rows.values_list("pk", "title", "published"):
                self.sources[str(pk)] = self.shown_title(title, published)
        return self.sources


def last_source(row: Any) -> str:
    """Return the key of the document of an item's newest row, "" without one."""
    return row.last_place.partition(" ")[0] if row.last_place else ""


def source_title(row: Any, beside: Mapping[str, Any]) -> str:
    """Return the document of the newest row by the day, else the item's own."""
    if last := last_source(row):
        return beside["sources"][last]
    return beside["shown_title"](row.source__title, row.source__published)


def place_in_source(row: Any, _: Mapping[str, Any]) -> str:
    """Return the place in the document that `source_title` names."""
    source, _blank, place = (row.last_place or "").partition(" ")
    return place if source else row.locator


def is_frame_inherited(row: Any, _: Mapping[str, Any]) -> str:
    """Return whether the time frame comes from a merged cell; one told since does not."""
    return yes_or_no(row.timeframe_inherited and row.timeframe == row.initial_timeframe)


# What the shared columns read.
SHARED_READS = (
    "ref", "parent__ref", "level", "title", "status", "status_since", "priority", "wording",
    "timeframe", "initial_timeframe", "timeframe_inherited", "due", "timeliness",
    "last_reported_on", "narrative", "indicators", "comments", "source__title",
    "source__published", "locator", "is_archived",
)  # fmt: skip
# The columns that both kinds of items have, keyed by header.
SHARED_COLUMNS: dict[str, Cells] = {
    "ref": lambda row, _: row.ref,
    "parent": lambda row, _: row.parent__ref,
    "level": lambda row, _: row.level,
    "title": lambda row, _: row.title,
    "status": lambda row, _: public_code(row.status),
    "status_label": lambda row, beside: beside["labels"][row.status],
    "status_since": lambda row, _: row.status_since,
    "priority": lambda row, _: row.priority,
    "wording": lambda row, _: row.wording,
    "leads": lambda row, beside: beside["leads"].get(row.pk),
    "supporting": lambda row, beside: beside["supporting"].get(row.pk),
    "timeframe": lambda row, _: row.timeframe,
    "due": lambda row, _: row.due,
    "timeliness": lambda row, _: row.timeliness,
    "last_reported_on": lambda row, _: row.last_reported_on,
    "narrative": lambda row, _: row.narrative,
    "indicators": lambda row, _: row.indicators,
    "comments": lambda row, _: row.comments,
    "source": source_title,
    "locator": place_in_source,
    "archived": lambda row, _: yes_or_no(row.is_archived),
    "timeframe_inherited": is_frame_inherited,
    "uncertain": lambda row, beside: beside["uncertain"].get(row.pk),
    "url": lambda row, beside: f"{beside['site']}{beside['address'](row.ref)}",
}


def columns_in_order(names: str, **own: Cells) -> dict[str, Cells]:
    """Return the columns that are named, in that order, from the shared and a kind's own."""
    return in_order(names, {**SHARED_COLUMNS, **own})


class DeliverableTable(ItemTable):
    """Deliverables; the columns are permanent, new ones come at the end."""

    model = Deliverable
    reads = (
        *SHARED_READS,
        "continues_id",
        "priority_area__number",
        "priority_area__title",
        "priority_area__workplan__title",
        "priority_area__workplan__owner__acronym",
        "priority_area__workplan__owner__name",
    )
    columns = columns_in_order(
        "ref group workplan priority_area parent level title status status_label status_since"
        " priority leads supporting timeframe due timeliness last_reported_on narrative source url"
        " indicators comments continues locator archived timeframe_inherited uncertain",
        group=lambda row, _: (
            row.priority_area__workplan__owner__acronym or row.priority_area__workplan__owner__name
        ),
        workplan=lambda row, _: row.priority_area__workplan__title,
        priority_area=lambda row, _: f"{row.priority_area__number} {row.priority_area__title}",
        continues=lambda row, beside: beside["continued"].get(row.continues_id),
    )

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        """Read also the references of the items that some continue, where they are visible."""
        continued = (
            Deliverable.objects.visible_to(self.user)
            .existing_on(self.day)
            .filter(pk__in={row.continues_id for row in chunk if row.continues_id})
        )
        refs = dict(continued.order_by().values_list("pk", "ref"))
        return {**super().read_beside(chunk), "continued": refs}


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
            f"{beside['site']}{beside['address'](row.item__ref)}#update-{row.sequence}"
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
        beside = {
            "shown_title": self.shown_title,
            "site": self.site,
            "address": address_of(self.model),
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

    def shown_title(self, title: str | None, published: bool | None) -> str:
        """Return the name of a document; that of one that is not public is for staff only."""
        return title if title and (published or self.is_staff) else ""
