"""The index of the search: putting in, taking out, finding. The one way to its entries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When

from iasc_tracker.models import SearchEntry
from iasc_tracker.search.documents import KINDS, Entry, ItemKind, Kind, words_of
from iasc_tracker.search.engines import engine_of
from iasc_tracker.search.texts import Query
from workplans.chunks import Among, portions
from workplans.inserts import insert_columns, update_columns
from workplans.models import StatusUpdate
from workplans.models.tracking import Viewer

# How many entries a search looks at, the best ones.
MOST = 2000

COLUMNS = ("title", "effective_on", "name", "text")


def refresh(kind: type[Kind], pks: Iterable[int], known: Mapping[int, Any] | None = None) -> None:
    """Bring the entries of some records up to what these say now; a record may be gone.

    A changed title is changed in the entries of the record's updates too. What updates
    say is put in by `put_updates`. Records that are `known`, by their keys, are not read: they
    are locked, and as they stand.
    """
    known = known or {}
    for chunk in portions(sorted(set(pks))):
        with transaction.atomic(savepoint=False):
            if all(pk in known for pk in chunk):
                wanted = {pk: kind.entry(known[pk]) for pk in chunk}
            else:
                wanted = {one.object_id: one for one in kind.entries(chunk, lock=True)}
            stored = SearchEntry.objects.filter(
                Among("object_id", chunk), kind=kind.name, sequence=0
            )
            before = {pk: content for pk, *content in stored.values_list("object_id", *COLUMNS)}
            there = [entry for pk, entry in wanted.items() if pk in before]
            _retitle([entry for entry in there if before[entry.object_id][0] != entry.title])
            _put(
                [
                    entry
                    for pk, entry in wanted.items()
                    if pk not in before or before[pk][1:] != _content(entry)[1:]
                ]
            )
            take_out(kind, before.keys() - wanted.keys())


def take_out(kind: type[Kind], pks: Collection[int]) -> None:
    """Take out the entries of records that are gone, and of their updates."""
    if pks:
        SearchEntry.objects.filter(kind=kind.name, object_id__in=pks).delete()


def put_new(kind: type[Kind], records: Sequence[Any]) -> None:
    """Put in what records say that were made just now, and that nobody else knows yet."""
    _put([kind.entry(record) for record in records])


def put_updates(kind: type[ItemKind], rows: Iterable[StatusUpdate]) -> None:
    """Put in what rows of the ledger tell. They are to stand: none of them is replaced."""
    rows = [row for row in rows if any(words_of(row))]
    items = sorted({row.item_id for row in rows})
    of_items = SearchEntry.objects.filter(kind=kind.name, sequence=0)
    titles: dict[int, str] = {}
    for chunk in portions(items):
        of_chunk = of_items.filter(Among("object_id", chunk))
        titles.update(of_chunk.values_list("object_id", "title"))
        # While records are loaded, those of items are put in at the end.
        missing = [pk for pk in chunk if pk not in titles]
        titles |= {entry.object_id: entry.title for entry in kind.entries(missing)}
    for some in portions(rows):
        _put(kind.update_entries(some, titles))


def take_out_updates(kind: type[ItemKind], places: Collection[tuple[int, int]]) -> None:
    """Take out what some updates tell, named by the keys of their items and their numbers."""
    if not places:
        return
    near = SearchEntry.objects.filter(
        kind=kind.name,
        object_id__in={item for item, _number in places},
        sequence__in={number for _item, number in places},
    ).values_list("pk", "object_id", "sequence")
    pks = [pk for pk, *place in near if tuple(place) in places]
    SearchEntry.objects.filter(pk__in=pks).delete()


def _put(entries: Collection[Entry]) -> None:
    """Write entries, each in the place of the one that is there."""
    if entries:
        columns = dict(zip(Entry._fields, zip(*entries, strict=True), strict=True))
        insert_columns(
            SearchEntry, columns, update=COLUMNS, unique=["kind", "object_id", "sequence"]
        )


def _retitle(entries: Collection[Entry]) -> None:
    """Give the entries of some records, and of their updates, the records' titles."""
    if entries:
        keys = ("kind", "object_id")
        columns = {name: [getattr(one, name) for one in entries] for name in (*keys, "title")}
        update_columns(SearchEntry, columns, keys=keys)


def _content(entry: Entry | SearchEntry) -> list[object]:
    return [getattr(entry, name) for name in COLUMNS]


# The whole index


def rebuild() -> int:
    """Make the whole index anew, and return how many entries it has."""
    count = 0
    with transaction.atomic():
        engine_of(connection).empty(connection)
        for kind in KINDS.values():
            for chunk in portions(_keys(kind)):
                entries = _all_entries(kind, chunk)
                _put(entries)
                count += len(entries)
    return count


def differences() -> Iterator[str]:
    """Yield a line for each entry that is missing, left over or wrong."""
    for kind in KINDS.values():
        keys = _keys(kind)
        for chunk in portions(keys):
            wanted = {_place(one): _content(one) for one in _all_entries(kind, chunk)}
            stored = SearchEntry.objects.filter(Among("object_id", chunk), kind=kind.name)
            found = {_place(one): _content(one) for one in stored}
            for place in sorted(wanted.keys() | found.keys()):
                if wanted.get(place) != found.get(place):
                    yield _line(kind, *place)
        known = set(keys)
        of_kind = SearchEntry.objects.filter(kind=kind.name).order_by("object_id", "sequence")
        for place in of_kind.values_list("object_id", "sequence"):
            if place[0] not in known:
                yield _line(kind, *place)
    strange = SearchEntry.objects.exclude(kind__in=KINDS)
    yield from map(str, strange.order_by("kind", "object_id", "sequence"))


def is_missing() -> bool:
    """Return whether nothing is in the index though there is something to find."""
    return not SearchEntry.objects.exists() and any(
        kind.model.objects.exists() for kind in KINDS.values()
    )


def _keys(kind: type[Kind]) -> list[int]:
    return list(kind.model.objects.order_by("pk").values_list("pk", flat=True))


def _all_entries(kind: type[Kind], pks: Sequence[int]) -> list[Entry]:
    entries = kind.entries(pks)
    if issubclass(kind, ItemKind):
        rows = kind.model.update_model().objects.standing().filter(Among("item_id", pks))
        titles = {entry.object_id: entry.title for entry in entries}
        entries += kind.update_entries(rows, titles)
    return entries


def _place(entry: Entry | SearchEntry) -> tuple[int, int]:
    return entry.object_id, entry.sequence


def _line(kind: type[Kind], pk: int, number: int) -> str:
    return f"{kind.name} {pk} #{number}" if number else f"{kind.name} {pk}"


# Finding


@dataclass(frozen=True, slots=True)
class Match:
    """A record that was found, itself or in its history: by the updates of these numbers.

    The best update comes first. `is_exact` if just this record was asked for by its name.
    """

    kind: str
    pk: int
    is_exact: bool
    numbers: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found, the best first; `is_cut` if there were too many entries to look at all."""

    found: list[Match]
    is_cut: bool


def find(query: Query, user: Viewer, day: date, kind: str = "") -> Matches:
    """Return the records that a visitor may find on a day, of one kind or of all; one query.

    Named exactly come first, then those with all the words in their titles, then by rank.
    """
    kinds = [KINDS[kind]] if kind else list(KINDS.values())
    there = (
        Q(kind=one.name, object_id__in=one.visible(user, day).order_by().values("pk"))
        for one in kinds
    )
    entries = SearchEntry.objects.filter(
        reduce(or_, there), Q(sequence=0) | Q(effective_on__lte=day)
    ).annotate(is_exact=Case(When(sequence=0, name=query.whole, then=Value(1)), default=Value(0)))
    ranked: Any = engine_of(connection).narrow(entries, query)
    newest_first = F("effective_on").desc(nulls_last=True)
    ranked = ranked.order_by("-is_exact", "-in_title", "distance", newest_first, "pk")
    columns = ("kind", "object_id", "sequence", "is_exact", "in_title", "distance")
    rows = list(ranked.values_list(*columns)[: MOST + 1])
    found: dict[tuple[str, int], Match] = {}
    for name, pk, number, is_exact, *_rank in rows[:MOST]:
        match = found.setdefault((name, pk), Match(name, pk, bool(is_exact)))
        if number:
            match.numbers.append(number)
    return Matches(list(found.values()), len(rows) > MOST)
