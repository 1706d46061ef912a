"""The page of the search: what was found, grouped by kind, with the words marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from actionpoints.views import ActionPointListing
from iasc_tracker.search.documents import (
    KINDS,
    ActionPointKind,
    DeliverableKind,
    EntityKind,
    ItemKind,
    Kind,
    MeetingKind,
    RecommendationKind,
    WorkplanKind,
    words_of,
)
from iasc_tracker.search.index import MOST, Match, Matches, find
from iasc_tracker.search.texts import Query
from workplans.details import frame_days
from workplans.filters import PageField, SearchField, name_possible
from workplans.lists import ItemRow, Listing, Parties, day_words
from workplans.models import StatusUpdate
from workplans.models.tracking import Viewer
from workplans.pages import Asked, ask, render_page
from workplans.paging import PAGE_SIZE, Pages, no_such_page
from workplans.views import DeliverableListing

# How many records of a kind stand on the page of all, and how many updates of an item.
SHOWN, TOLD = 10, 3

LISTINGS: dict[type[Kind], type[Listing]] = {
    DeliverableKind: DeliverableListing,
    ActionPointKind: ActionPointListing,
}


@dataclass(frozen=True, slots=True)
class FoundUpdate:
    """An update that has the words: which one, its address, and the words around them."""

    words: str
    url: str
    snippet: SafeString


@dataclass(frozen=True, slots=True)
class Result:
    """A record that was found, ready to show; `row` is its line if it is a tracked item."""

    title: SafeString
    url: str
    where: str
    ref: SafeString
    snippet: SafeString
    facts: tuple[str, ...] = ()
    row: ItemRow | None = None
    told: tuple[FoundUpdate, ...] = ()
    more_told: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """The records of one kind: how many were found, and those that are shown."""

    kind: type[Kind]
    count: int
    results: tuple[Result, ...]
    all_url: str

    @property
    def is_cut(self) -> bool:
        return len(self.results) < self.count

    @property
    def all_words(self) -> str:
        return self.kind.all_words % {"count": self.count}


@dataclass(frozen=True, slots=True)
class OtherWay:
    """Something else to ask for where nothing was found."""

    label: str
    url: str


class SearchPage:
    """What an address of the search asks for, and the answer."""

    def __init__(self, request: HttpRequest) -> None:
        self.user: Viewer = request.user
        self.asked: Asked = ask(request, {"q", "kind", "page"})
        errors = self.asked.errors
        errors += [
            _("%(name)s is given twice. Give one.") % {"name": name}
            for name in ("q", "kind", "page")
            if len(request.GET.getlist(name)) > 1
        ]
        self.typed: str = self._clean(SearchField(), request.GET.get("q")) or ""
        self.kind = request.GET.get("kind", "")
        if self.kind and self.kind not in KINDS:
            errors.append(name_possible("kind", self.kind, KINDS))
        self.page_number: int = self._clean(PageField(), request.GET.get("page")) or 1
        self.query = Query.read(self.typed)

    def _clean(self, field: Any, given: str | None) -> Any:
        """Return a parameter as a field reads it; add its sentences to the errors otherwise."""
        try:
            return field.clean(given)
        except ValidationError as error:
            self.asked.errors.extend(error.messages)
            return None

    def address(self, **changes: Any) -> str:
        """Return the address of this search with some parameters changed, on its first page."""
        chosen = {"q": self.typed, "kind": self.kind, **changes}
        return self.asked.carry(reverse("search"), **chosen)

    # What was found

    @property
    def has_words(self) -> bool:
        """Whether anything was typed that can be searched for."""
        return bool(self.query.phrases) and not self.asked.errors

    @cached_property
    def matches(self) -> Matches:
        if not self.has_words:
            return Matches([], is_cut=False)
        return find(self.query, self.user, self.asked.day, self.kind)

    @cached_property
    def paginator(self) -> Paginator:
        """The pages of one kind; on the page of all kinds there is but one."""
        size = PAGE_SIZE if self.kind else max(1, len(self.matches.found))
        return Paginator(self.matches.found, size)

    def refuse_beyond(self) -> None:
        """Add a sentence to the errors if there is no such page."""
        last = self.paginator.num_pages
        if self.page_number > last:
            self.asked.errors.append(no_such_page(self.page_number, last))

    @cached_property
    def groups(self) -> list[Group]:
        """What was found, by kind; the kind of what was named exactly comes first."""
        if self.asked.errors:
            return []
        by_kind: dict[str, list[Match]] = {name: [] for name in KINDS}
        for match in self.matches.found:
            by_kind[match.kind].append(match)
        named = {match.kind for match in self.matches.found if match.is_exact}
        groups = []
        for name in sorted(KINDS, key=lambda name: name not in named):
            found = by_kind[name]
            if found:
                shown = self._of_the_page if self.kind else found[:SHOWN]
                results = read_results(KINDS[name], shown, self.query, self.asked, self.user)
                groups.append(
                    Group(KINDS[name], len(found), tuple(results), self.address(kind=name))
                )
        return groups

    @property
    def _of_the_page(self) -> list[Match]:
        return list(self.paginator.page(self.page_number).object_list)

    @property
    def pages(self) -> Pages:
        """The first and last page, the current one with its neighbours, and gaps between."""
        if self.asked.errors:
            return Pages()
        return Pages.of(self.paginator, self.page_number, lambda number: self.address(page=number))

    # What is said of it

    @property
    def count_words(self) -> str:
        """How many records were found, in words."""
        number = len(self.matches.found)
        words = ngettext("%(count)d result", "%(count)d results", number)
        return words % {"count": number}

    @property
    def cut_words(self) -> str:
        """A sentence where there was too much to look at all; "" otherwise."""
        if not self.matches.is_cut:
            return ""
        return _(
            "The words stand in very many records and updates: these are from the best %(most)d. "
            "Another word finds fewer."
        ) % {"most": MOST}

    @property
    def kind_heading(self) -> str:
        """What kind of records is asked for; "" for all."""
        return str(KINDS[self.kind].heading) if self.kind in KINDS else ""

    @property
    def all_kinds_url(self) -> str:
        return self.address(kind=None)

    @property
    def fewer_words(self) -> list[OtherWay]:
        """Searches for each of several words alone."""
        words = list(dict.fromkeys(self.typed.split()))
        if len(words) < 2:
            return []
        return [OtherWay(word, self.address(q=word)) for word in words if Query.read(word).phrases]

    @property
    def today_url(self) -> str:
        """The same search as of the site's today."""
        given = {"q": self.typed, "kind": self.kind}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{reverse('search')}?{query}"


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what has the words that a visitor types, in records and in their history."""
    page = SearchPage(request)
    if not page.asked.errors:
        page.refuse_beyond()
    return render_page(request, "iasc_tracker/search.html", page.asked, {"page": page})


# Reading what is shown


def read_results(
    kind: type[Kind], found: Sequence[Match], query: Query, asked: Asked, user: Viewer
) -> list[Result]:
    """Return what was found of one kind, in its order; what has gone in between is left out."""
    if issubclass(kind, ItemKind):
        return read_items(kind, found, query, asked, user)
    reads, describe = DESCRIPTIONS[kind]
    records = (
        kind.visible(user, asked.day)
        .filter(pk__in=[match.pk for match in found])
        .select_related(*reads)
        .prefetch_related(*kind.prefetch)
        .in_bulk()
    )
    results = []
    for match in found:
        if (record := records.get(match.pk)) is not None:
            title, where, ref, facts = describe(record, asked)
            results.append(
                Result(
                    title=query.mark(title),
                    url=asked.carry(record.get_absolute_url()),
                    where=where,
                    ref=query.mark(ref),
                    snippet=query.snippet(kind.texts(record)),
                    facts=tuple(filter(None, facts)),
                )
            )
    return results


def read_items(
    kind: type[ItemKind], found: Sequence[Match], query: Query, asked: Asked, user: Viewer
) -> list[Result]:
    """Return tracked items that were found, with their state of the day; two queries."""
    listing = LISTINGS[kind]
    items = (
        kind.model.objects.visible_to(user)
        .as_of(asked.day)
        .filter(pk__in=[match.pk for match in found])
        .select_related(*listing.reads)
        .in_bulk()
    )
    rows = read_updates(kind, found)
    results = []
    for match in found:
        item = items.get(match.pk)
        if item is None:
            continue
        row = ItemRow(item, asked, listing.where(item), Parties())
        told = [
            found_update(rows[match.pk, number], row, query)
            for number in match.numbers[:TOLD]
            if (match.pk, number) in rows
        ]
        results.append(
            Result(
                title=query.mark(item.title),
                url=row.url,
                where=row.where,
                ref=query.mark(item.ref),
                snippet=query.snippet(kind.texts(item)),
                row=row,
                told=tuple(told),
                more_told=len(match.numbers) - len(told),
            )
        )
    return results


def read_updates(
    kind: type[ItemKind], found: Iterable[Match]
) -> Mapping[tuple[int, int], StatusUpdate]:
    """Return the updates to show, keyed by the keys of their items and their numbers."""
    wanted = {(match.pk, number) for match in found for number in match.numbers[:TOLD]}
    if not wanted:
        return {}
    near = (
        kind.model.update_model()
        .objects.standing()
        .filter(
            item__in={pk for pk, _number in wanted},
            sequence__in={number for _pk, number in wanted},
        )
    )
    return {(row.item_id, row.sequence): row for row in near}


def found_update(row: StatusUpdate, line: ItemRow, query: Query) -> FoundUpdate:
    words = {"number": row.sequence, "day": day_words(row.effective_on)}
    return FoundUpdate(
        _("in update %(number)d of %(day)s") % words,
        line.asked.carry(f"{line.item.get_absolute_url()}#update-{row.sequence}"),
        query.snippet(words_of(row)),
    )


# Title, where it belongs, reference, and a few facts.
Description = tuple[str, str, str, Sequence[str]]


def archived(record: Any, asked: Asked) -> str:
    return _("archived") if record.is_archived(asked.day) else ""


def describe_workplan(plan: Any, asked: Asked) -> Description:
    where = plan.owner.full_name if plan.owner else ""
    return plan.title, where, "", (frame_days(plan.starts_on, plan.ends_on), archived(plan, asked))


def describe_meeting(meeting: Any, asked: Asked) -> Description:
    facts = (day_words(meeting.held_on), archived(meeting, asked))
    return meeting.title, meeting.body.full_name, "", facts


def describe_recommendation(recommendation: Any, asked: Asked) -> Description:
    review = recommendation.review
    facts = (capfirst(recommendation.get_response_display()), archived(review, asked))
    return recommendation.title, review.title, recommendation.ref, facts


def describe_entity(entity: Any, asked: Asked) -> Description:
    where = entity.parent.full_name if entity.parent else ""
    return entity.full_name, where, "", (capfirst(entity.get_kind_display()),)


DESCRIPTIONS: dict[type[Kind], tuple[tuple[str, ...], Callable[[Any, Asked], Description]]] = {
    WorkplanKind: (("owner",), describe_workplan),
    MeetingKind: (("body",), describe_meeting),
    RecommendationKind: (("review",), describe_recommendation),
    EntityKind: (("parent",), describe_entity),
}
