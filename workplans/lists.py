"""Tracked items as a reader meets them: rows of a list, and the list with its filters.

The pages and the files are made of the same rows. Both kinds of items are served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from workplans.filters import TrackedItemFilter
from workplans.models import (
    LEAD_ROLES,
    SILENT_DAYS,
    Entity,
    Responsibility,
    Role,
    Timeliness,
)
from workplans.models.tracking import Viewer
from workplans.pages import Asked, ask, render_page
from workplans.paging import PAGE_SIZE, Pages, no_such_page
from workplans.reports import OPEN_TIMELINESS
from workplans.status_words import BY_CODE, StatusWord


@dataclass(frozen=True, slots=True)
class TimelinessWords:
    """A value of Timeliness (or "" for what is archived) and what a reader is told."""

    code: str
    words: str


def timeliness_words(item: Any, day: date) -> TimelinessWords:
    """Say how an item that was read from `as_of(day)` stands to its last day.

    Days are counted from the day to the last day: due on the day itself is "due today",
    and one day later it is overdue by 1 day. A closed status says enough by itself.
    """
    code = item.timeliness
    if code == Timeliness.OVERDUE:
        late = (day - item.due).days
        words = ngettext("overdue by %(days)d day", "overdue by %(days)d days", late)
        return TimelinessWords(code, words % {"days": late})
    if code == Timeliness.DUE_SOON:
        left = (item.due - day).days
        words = ngettext("due in %(days)d day", "due in %(days)d days", left)
        return TimelinessWords(code, words % {"days": left} if left else _("due today"))
    if not code:
        return TimelinessWords("", _("archived"))
    if code == Timeliness.CLOSED:
        # The status says so itself, save where it stayed open when the item was superseded.
        return TimelinessWords(code, _("superseded") if BY_CODE[item.status].is_open else "")
    return TimelinessWords(code, str(Timeliness(code).label))


def freshness_words(item: Any, day: date) -> str:
    """Say for how long nothing was told of an item that is silent on the day; else nothing."""
    if not item.is_silent:
        return ""
    days = (day - item.last_word).days
    if item.last_reported_on is None:
        words = ngettext("no report in %(days)d day", "no report in %(days)d days", days)
    else:
        words = ngettext("not updated for %(days)d day", "not updated for %(days)d days", days)
    return words % {"days": days}


@dataclass(frozen=True, slots=True)
class Party:
    """One party's part in one item, ready to show."""

    name: str
    full_name: str
    url: str
    role: str
    role_label: str
    uncertain: bool
    inherited: bool
    as_printed: str

    @property
    def leads(self) -> bool:
        return self.role in LEAD_ROLES


@dataclass(frozen=True, slots=True)
class Parties:
    """Who has a part in one item: those in a lead role, and all others."""

    leads: tuple[Party, ...] = ()
    supporting: tuple[Party, ...] = ()

    @property
    def as_printed(self) -> list[str]:
        """The cells of the document, each once, but for those that are just a party's name."""
        parties = (*self.leads, *self.supporting)
        names = {"", *(name for party in parties for name in (party.name, party.full_name))}
        cells = dict.fromkeys(party.as_printed for party in parties)
        return [cell for cell in cells if cell not in names]


def read_parties(items: Sequence[Any], asked: Asked) -> dict[int, Parties]:
    """Return the parties of items of one kind on the day asked for, keyed by item; one query."""
    if not items:
        return {}
    held: dict[int, list[Party]] = {item.pk: [] for item in items}
    addresses: dict[int, str] = {}

    def address(entity: Entity) -> str:
        if entity.pk not in addresses:
            addresses[entity.pk] = asked.carry(entity.get_absolute_url())
        return addresses[entity.pk]

    rows: Iterable[Responsibility] = (
        type(items[0])
        ._meta.get_field("responsibilities")
        .related_model.objects.on(asked.day)
        .filter(item__in=list(held))
        .select_related("entity")
        .order_by("order", "id")
    )
    for row in rows:
        entity = row.entity
        held[row.item_id].append(
            Party(
                name=str(entity),
                full_name=entity.full_name,
                url=address(entity),
                role=row.role,
                role_label=str(Role(row.role).label),
                uncertain=row.uncertain,
                inherited=row.inherited,
                as_printed=row.as_printed,
            )
        )
    return {
        item_id: Parties(
            tuple(party for party in parties if party.leads),
            tuple(party for party in parties if not party.leads),
        )
        for item_id, parties in held.items()
    }


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item of a list: as `as_of` read it, its status, its parties, where it belongs."""

    item: Any
    asked: Asked
    where: str
    parties: Parties

    @property
    def url(self) -> str:
        """The address of the item's page, on the day that the visitor chose."""
        return self.asked.carry(self.item.get_absolute_url(), known_on=self.asked.known)

    @property
    def status(self) -> StatusWord:
        return BY_CODE[self.item.status]

    @property
    def timeliness(self) -> TimelinessWords:
        return timeliness_words(self.item, self.asked.day)

    @property
    def freshness(self) -> str:
        return freshness_words(self.item, self.asked.day)


def item_rows(
    items: Iterable[Any], asked: Asked, where: Callable[[Any], str] = lambda item: ""
) -> list[ItemRow]:
    """Return the rows of some items of one kind, in their order, in one query beside theirs.

    `where` says in a few words to what an item belongs.
    """
    items = list(items)
    parties = read_parties(items, asked)
    return [ItemRow(item, asked, where(item), parties[item.pk]) for item in items]


# The list with its filters


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, with the address of the list without it."""

    name: Promise | str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Header:
    """The head of a column; one that sorts has an address, and `sorted` is its aria-sort."""

    label: Promise | str
    url: str = ""
    sorted: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One value that may be chosen; `count` is the number of items that it would leave."""

    value: str
    label: Any
    checked: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class NamedView:
    """A way to look at the list that has a name, with the number of items that it shows."""

    label: str
    url: str
    count: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Loosened:
    """A filter of a list that is empty, and how many items there would be without it."""

    name: Promise | str
    values: str
    url: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter of the form; `kind` is the type of its fields, checkbox or radio."""

    name: str
    label: Promise | str
    kind: str
    options: tuple[Option, ...]
    is_open: bool


class Listing:
    """A list of one kind of item: its rows, and the links that narrow, sort and page it.

    A subclass names what differs between the kinds. `reads` are the relations that a row
    needs; the form shows its filters in the order of `facet_names`, `open_facets` unfolded.
    """

    filter_class: ClassVar[type[TrackedItemFilter]]
    template: ClassVar[str]
    list_name: ClassVar[str]
    file_stem: ClassVar[str]
    reads: ClassVar[tuple[str, ...]] = ()
    title_label: ClassVar[Any]
    facet_names: ClassVar[tuple[str, ...]]
    open_facets: ClassVar[tuple[str, ...]] = ("status", "timeliness")
    # The filters that a named view sets; it leaves the others as they are.
    view_filters: ClassVar[tuple[str, ...]] = ("status", "timeliness", "silent")

    def __init__(self, request: HttpRequest, wanted: QueryDict | None = None) -> None:
        """Read what the address of a request asks for, or `wanted` in its place."""
        self.user: Viewer = request.user
        self.asked = ask(request, self.filter_class.parameters())
        wanted = request.GET if wanted is None else wanted
        self.filter = self.filter_class(wanted, asked=self.asked, user=self.user)
        self.refusals = [*self.asked.errors, *self.filter.refusals]
        # The page shows all refusals; the filter asks whether the day was understood.
        self.asked.errors[:] = self.refusals

    @classmethod
    def where(cls, item: Any) -> str:
        """Return in a few words to what an item belongs."""
        raise NotImplementedError

    # What the page shows

    @cached_property
    def paginator(self) -> Paginator:
        paginator = Paginator(self.filter.items.select_related(*self.reads), PAGE_SIZE)
        paginator.count = self.filter.counts.where()  # which spares a query
        return paginator

    @cached_property
    def rows(self) -> list[ItemRow]:
        """The rows of the page asked for; a page beyond the last is refused."""
        if self.refusals:
            return []
        if self.filter.page_number > self.paginator.num_pages:
            last = self.paginator.num_pages
            self.asked.errors.append(no_such_page(self.filter.page_number, last))
            return []
        page = self.paginator.page(self.filter.page_number)
        return item_rows(page.object_list, self.asked, self.where)

    @property
    def count(self) -> int:
        return 0 if self.refusals else self.paginator.count

    @property
    def count_words(self) -> str:
        raise NotImplementedError

    @property
    def search_words(self) -> str:
        """What is searched for, to stand in the form again."""
        return self.filter.one("q")

    @property
    def sort(self) -> str:
        return self.filter.one("sort")

    def address(self, **changes: Any) -> str:
        """Return the address of this list with some parameters changed.

        A parameter changed to None is left out, and so is the page unless it is given.
        """
        chosen: dict[str, Any] = {**self.filter.chosen, **changes}
        return self.asked.carry(reverse(self.list_name), **chosen)

    @property
    def clear_url(self) -> str:
        return self.asked.carry(reverse(self.list_name))

    @property
    def all_url(self) -> str:
        """The address of all pages of this list, which its files have too."""
        return self.address()

    @property
    def history_url(self) -> str:
        """The address of the histories of the items of this list, as `file_address` takes it."""
        defaults = {name: self.filter.wanted(name) for name in ("level", "archived")}
        chosen = {**self.filter.chosen, **defaults}
        return self.asked.carry(f"{reverse(self.list_name)}history/", **chosen)

    @property
    def pages(self) -> Pages:
        """The first and last page, the current one with its neighbours, and gaps between."""
        if not self.rows:
            return Pages()
        return Pages.of(
            self.paginator, self.filter.page_number, lambda number: self.address(page=number)
        )

    @property
    def headers(self) -> dict[str, Header]:
        """The heads of the columns, keyed by the name to sort by."""
        labels = {**self.filter.sort_labels, "title": self.title_label}
        return {name: self._header(name, label) for name, label in labels.items()}

    @property
    def sorts(self) -> list[Option]:
        """The orders to choose from, that of the documents first."""
        chosen = self.filter.one("sort")
        choices = [("", _("as in the documents")), *self.filter.form.fields["sort"].choices]
        return [Option(value, label, value == chosen) for value, label in choices]

    def _header(self, name: str, label: Promise | str) -> Header:
        opposite = f"-{name}" if self.sort == name else name
        direction = {name: "ascending", f"-{name}": "descending"}.get(self.sort, "")
        return Header(label, self.address(sort=opposite), direction)

    @property
    def chips(self) -> list[Chip]:
        """A chip for each value of each filter that is on."""
        chips = []
        for name, values in self.filter.chosen.items():
            if name == "sort":
                continue
            for value, label in zip(values, self._labels(name, values), strict=True):
                left = [other for other in values if other != value]
                chips.append(
                    Chip(
                        self.filter.filters[name].label,
                        label,
                        self.address(**{name: left or None}),
                    )
                )
        return chips

    @property
    def views(self) -> list[NamedView]:
        """The named views of the list, within its other filters."""
        is_open = [value.value for value in OPEN_TIMELINESS]
        views: list[tuple[str, dict[str, list[str]]]] = [
            (_("All"), {}),
            (_("Open"), {"timeliness": is_open}),
            (_("Overdue"), {"timeliness": [Timeliness.OVERDUE.value]}),
            (_("Due within 30 days"), {"timeliness": [Timeliness.DUE_SOON.value]}),
            (
                _("Silent for %(days)d days") % {"days": SILENT_DAYS},
                {"silent": [str(SILENT_DAYS)]},
            ),
        ]
        chosen = {name: set(self.filter.chosen.get(name, [])) for name in self.view_filters}
        found = []
        for label, values in views:
            changes = {name: values.get(name, []) for name in self.view_filters}
            found.append(
                NamedView(
                    label,
                    self.address(**{name: given or None for name, given in changes.items()}),
                    self.filter.counts.where(changes),
                    all(set(given) == chosen[name] for name, given in changes.items()),
                )
            )
        return found

    @property
    def loosened(self) -> list[Loosened]:
        """Each filter of a list that is empty, with the number of items without it."""
        return [
            Loosened(
                self.filter.filters[name].label,
                ", ".join(self._labels(name, values)),
                self.address(**{name: None}),
                self.filter.counts.without(name),
            )
            for name, values in self.filter.chosen.items()
            if name != "sort"
        ]

    def _labels(self, name: str, values: Iterable[str]) -> list[str]:
        """Return what the form calls some values of a filter."""
        labels = dict(getattr(self.filter.form.fields[name], "choices", ()))
        return [str(labels.get(value, value)) for value in values]

    @property
    def facets(self) -> list[Facet]:
        """The filters with closed sets of values, in the order of the form.

        An option that would leave nothing is not offered, unless it is on or one of few
        that exclude each other.
        """
        if self.refusals:
            return []
        found = []
        for name in self.facet_names:
            one = self.filter.filters[name]
            choices = self.filter.form.fields[name].choices
            chosen = self.filter.chosen.get(name, [])
            checked = chosen or [one.default]
            counts = self.filter.counts.of(name)
            kind = "radio" if one.only_one and one.default else "checkbox"
            options = tuple(
                Option(value, label, value in checked, counts.get(value, 0))
                for value, label in choices
                if counts.get(value) or value in checked or kind == "radio"
            )
            if options:
                is_open = bool(chosen) or name in self.open_facets
                found.append(Facet(name, one.label, kind, options, is_open))
        return found

    # What the file is called

    @property
    def download_name(self) -> str:
        """The name of the list's file without its ending."""
        return self.named(self.file_stem)

    def named(self, stem: str) -> str:
        """Return the name of a file: what, which filter, which day; 120 characters at most."""
        values = [
            value for name, given in self.filter.chosen.items() if name != "sort" for value in given
        ]
        return file_name(stem, values, self.asked.day)


def file_name(stem: str, values: Iterable[str], day: date) -> str:
    """Return the name of a file without its ending: what, which filter values, which day.

    At most 120 characters, none of which an HTTP header or a file system minds.
    """
    words = "_".join(slug for value in values if (slug := slugify(value)))
    parts = [stem, words[:80].strip("_-"), f"as-of-{day.isoformat()}"]
    return "_".join(part for part in parts if part)


def list_page(request: HttpRequest, listing_class: type[Listing]) -> HttpResponse:
    """Answer with a list of one kind of item; 400 and no rows for what is not understood."""
    listing = listing_class(request)
    context = {"listing": listing, "rows": listing.rows}
    return render_page(request, listing.template, listing.asked, context)


def day_words(day: date) -> str:
    """Return a day as pages write it: 9 July 2020."""
    return date_format(day, "j F Y")
