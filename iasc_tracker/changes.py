"""What changed since the last meeting: the page, and the same rows as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from iasc_tracker.comparisons import LISTINGS, Comparison
from workplans import changes
from workplans.changes import Bucket, ChangeRow, Flag, Told, change_rows
from workplans.chunks import in_chunks
from workplans.exports import YES_OR_NO, TableFile, joined
from workplans.figures import Figure, Headline
from workplans.lists import day_words, file_name
from workplans.pages import render_page
from workplans.paging import PAGE_SIZE, Pages, no_such_page
from workplans.status_words import StatusWord, public_code
from workplans.workbooks import Cell

# How many items of a bucket stand on the page of all.
SHOWN = 15
# How many updates of an item a row names; its own page has all.
TOLD = 3


def last_told(one: ChangeRow) -> list[tuple[Told, str]]:
    """Return the last updates of a window, each with the address of its place in the history."""
    asked = one.row.asked
    return [
        (
            told,
            asked.carry(
                f"{told.row.item.get_absolute_url()}#update-{told.row.sequence}",
                known_on=asked.known,
            ),
        )
        for told in one.change.told[:TOLD]
    ]


@dataclass(frozen=True, slots=True)
class Section:
    """The items of one bucket: all of them counted, the first of them shown."""

    bucket: Bucket
    total: Figure
    rows: tuple[ChangeRow, ...]

    @property
    def rows_told(self) -> list[tuple[ChangeRow, list[tuple[Told, str]]]]:
        """The rows, each with its last updates."""
        return [(one, last_told(one)) for one in self.rows]

    @property
    def is_cut(self) -> bool:
        return len(self.rows) < self.total.count


class ChangesPage:
    """The page of a comparison: all buckets with their first items, or the items of one."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.is_narrowed = any(map(comparison.value, ("bucket", "flag", "archived")))

    @cached_property
    def counts(self) -> changes.Counts:
        """The counts of all that is compared, whatever of it is shown."""
        places = self.comparison.places
        return changes.count(place for kind in places for place in places[kind])

    @property
    def buckets(self) -> list[Headline]:
        """Each bucket's count, with the address of its items."""
        counted = ((one, self.counts.buckets.get(one, 0)) for one in Bucket)
        return [Headline(str(one.label), self._figure(number, one)) for one, number in counted]

    @property
    def flags(self) -> list[Headline]:
        """Each flag's count, with the address of the items that bear it."""
        counted = ((one, self.counts.flags.get(one, 0)) for one in Flag)
        return [
            Headline(str(one.label), self._link(number, flag=one.value)) for one, number in counted
        ]

    @property
    def archived(self) -> Figure:
        """What is archived on the last day, which counts apart."""
        return self._link(self.counts.archived, archived="only")

    def _link(self, number: int, **conditions: Any) -> Figure:
        nothing = {"bucket": None, "flag": None, "archived": None}
        address = self.comparison.address(**(nothing | conditions))
        return Figure(number, address if number else "")

    def _figure(self, number: int, bucket: Bucket) -> Figure:
        return self._link(number, bucket=bucket.value)

    # What is shown

    @cached_property
    def shown(self) -> list[tuple[str, int, Bucket]]:
        """What the address asks to see, deliverables first: kind, key and bucket of each."""
        return [
            (kind, place.pk, place.bucket)
            for kind in self.comparison.kinds
            for place in self.comparison.shown_places(kind)
        ]

    @cached_property
    def paginator(self) -> Paginator:
        """The pages of one bucket; where all buckets are shown there is but one."""
        size = PAGE_SIZE if self.is_narrowed else max(1, len(self.shown))
        return Paginator(self.shown, size)

    def refuse_beyond(self) -> None:
        """Add a sentence to the errors if there is no such page."""
        number, last = self.comparison.page_number, self.paginator.num_pages
        if number > last:
            self.comparison.errors.append(no_such_page(number, last))

    @cached_property
    def sections(self) -> list[Section]:
        """The buckets that hold anything, with the rows of the page."""
        picked: list[tuple[str, int, Bucket]] = []
        if self.is_narrowed:
            picked = list(self.paginator.page(self.comparison.page_number).object_list)
        else:
            for bucket in Bucket:
                picked += [one for one in self.shown if one[2] is bucket][:SHOWN]
        rows = self._read(picked)
        totals = {one: sum(bucket is one for _kind, _pk, bucket in self.shown) for one in Bucket}
        return [
            Section(
                bucket,
                self._figure(totals[bucket], bucket),
                tuple(
                    rows[kind, pk]
                    for kind, pk, one in picked
                    if one is bucket and (kind, pk) in rows  # not withdrawn in this very moment
                ),
            )
            for bucket in Bucket
            if any(one is bucket for _kind, _pk, one in picked)
        ]

    def _read(self, picked: Iterable[tuple[str, int, Bucket]]) -> dict[tuple[str, int], ChangeRow]:
        """Return the rows of some items, keyed by kind and key; three queries a kind."""
        rows: dict[tuple[str, int], ChangeRow] = {}
        keys: dict[str, list[int]] = {}
        for kind, pk, _bucket in picked:
            keys.setdefault(kind, []).append(pk)
        for kind, pks in keys.items():
            places = {place.pk: place for place in self.comparison.places[kind]}
            items = self.comparison.at_the_end(kind).filter(pk__in=pks)
            marked = (
                places[item.pk].mark(item) for item in items.select_related(*LISTINGS[kind].reads)
            )
            for one in rows_of(self.comparison, kind, marked):
                rows[kind, one.row.item.pk] = one
        return rows

    @property
    def pages(self) -> Pages:
        return Pages.of(
            self.paginator,
            self.comparison.page_number,
            lambda number: self.comparison.address(page=number),
        )

    @property
    def count_words(self) -> str:
        """How many items are shown or listed, in words."""
        number = len(self.shown)
        return ngettext("%(count)d item", "%(count)d items", number) % {"count": number}

    @property
    def all_url(self) -> str:
        """The address of all pages, which the files have too."""
        return self.comparison.address()


def rows_of(comparison: Comparison, kind: str, items: Iterable[Any]) -> list[ChangeRow]:
    """Return the rows of items of one kind, in their order, in two queries beside theirs."""
    return change_rows(items, comparison.window, comparison.asked, LISTINGS[kind].where)


@require_safe
def changes_page(request: HttpRequest) -> HttpResponse:
    """Show what is new, closed, moved, told and untouched between two days or two meetings."""
    comparison = Comparison(request)
    page = ChangesPage(comparison)
    if not comparison.errors:
        page.refuse_beyond()
    context = {"comparison": comparison, "page": page}
    return render_page(request, "iasc_tracker/changes.html", comparison.asked, context)


def told_words(one: ChangeRow) -> str:
    """Return all that was told in the window as one cell, the newest first, each with its day.

    What is about a part names it.
    """
    lines = []
    for told in one.change.told:
        words = {"day": told.row.effective_on.isoformat(), "words": told.words}
        if told.part is None:
            lines.append(_("%(day)s: %(words)s") % words)
        else:
            part = told.part.number or told.part.title
            lines.append(_("%(day)s, %(part)s: %(words)s") % {**words, "part": part})
    return "\n".join(lines)


def slip_words(one: ChangeRow) -> str:
    """Return the time frames that moved the last day to a later one, each old → new."""
    return joined(f"{slip.old} → {slip.new}" for slip in one.change.slips)


Cells = Callable[[ChangeRow, Mapping[str, Any]], Cell]

COLUMNS: dict[str, Cells] = {
    "kind": lambda one, _: one.row.item._meta.model_name,
    "ref": lambda one, _: one.row.item.ref,
    "title": lambda one, _: one.row.item.title,
    "where": lambda one, _: one.row.where,
    "bucket": lambda one, _: one.row.item.bucket,
    "status_from": lambda one, _: status_before(one, lambda word: public_code(word.code)),
    "status_from_label": lambda one, _: status_before(one, lambda word: str(word.label)),
    "status_to": lambda one, _: public_code(one.change.after.code),
    "status_to_label": lambda one, _: str(one.change.after.label),
    "status_since": lambda one, _: one.row.item.status_since,
    "flags": lambda one, _: joined(flag.value for flag in one.change.flags),
    "slips": lambda one, _: slip_words(one),
    "timeframe": lambda one, _: one.row.item.timeframe,
    "due": lambda one, _: one.row.item.due,
    "timeliness": lambda one, _: str(one.row.item.timeliness),
    "told": lambda one, _: told_words(one),
    "leads": lambda one, _: joined(party.name for party in one.row.parties.leads),
    "last_reported_on": lambda one, _: one.row.item.last_reported_on,
    "introduced_on": lambda one, _: one.row.item.introduced_on,
    "archived": lambda one, _: YES_OR_NO[one.row.item.is_archived],
    "url": lambda one, beside: f"{beside['site']}{one.row.item.get_absolute_url()}",
}


def status_before(one: ChangeRow, words: Callable[[StatusWord], str]) -> str:
    """Return a word on the status at the beginning; nothing for what did not exist then."""
    return "" if one.row.item.bucket == Bucket.NEW else words(one.change.before)


class ChangesFile(TableFile):
    """All that the page of a comparison lists; new columns come at the end."""

    title = gettext_lazy("Changes")
    columns = COLUMNS
    widths = {"ref": 22, "title": 50, "where": 40, "slips": 30, "told": 80, "url": 40}

    def __init__(self, request: HttpRequest) -> None:
        self.comparison = Comparison(request)
        super().__init__(request, self.comparison.asked)

    @property
    def download_name(self) -> str:
        conditions = [chip.label for chip in self.comparison.chips]
        words = [f"since-{self.comparison.window.since.isoformat()}", *conditions]
        return file_name("changes", words, self.comparison.window.until)

    def about(self) -> list[tuple[str, str]]:
        comparison = self.comparison
        known = comparison.window.known
        return [
            *super().about(),
            (_("After"), comparison.begins),
            (_("Until"), comparison.ends),
            *([(_("As known on"), day_words(known))] if known else []),
            *((str(chip.name), chip.label) for chip in comparison.chips),
        ]

    def rows(self) -> Iterator[list[Cell]]:
        beside = self.read_beside([])
        for kind in self.comparison.kinds:
            items = self.comparison.shown(kind).prefetch_related(*LISTINGS[kind].reads)
            for chunk in in_chunks(items):
                for one in rows_of(self.comparison, kind, chunk):
                    yield [cell(one, beside) for cell in self.columns.values()]


@require_safe
def changes_file(request: HttpRequest, ending: str) -> HttpResponseBase:
    """Send the items that the same query string lists."""
    return ChangesFile(request).response(ending)
