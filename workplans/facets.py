"""How many items each option of a list's filters would leave.

Each is counted with all other filters applied, so that it is the number of rows that the
list has with that option alone in its filter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Count, F, Q, When

from workplans.models import Level

if TYPE_CHECKING:
    from workplans.filters import TrackedItemFilter


@dataclass(frozen=True, slots=True)
class ByColumns:
    """A filter whose options are told by columns of an item.

    `codes` takes the values of the columns in `paths`, and returns the options under
    which an item with these values is found.
    """

    paths: tuple[str, ...]
    codes: Callable[..., Sequence[str | None]]


class FacetCounts:
    """The counts of one list, in one GROUP BY for all filters that columns tell.

    The others are counted by methods of the filter set, `count_…`, each with queries of
    its own.
    """

    def __init__(self, narrowing: TrackedItemFilter) -> None:
        self.narrowing = narrowing
        self.by_columns = narrowing.facet_columns
        paths = [path for one in self.by_columns.values() for path in one.paths]
        items = narrowing.narrowed(*self.by_columns).annotate(**narrowing.facet_annotations())
        rows = items.order_by().values_list(*paths).annotate(how_many=Count("pk"))
        # Each kind of item: the options of each filter under which it is found, and how many.
        self.kinds = [(self._codes(values), how_many) for *values, how_many in rows]
        self.chosen = {name: set(narrowing.wanted(name)) for name in self.by_columns}

    def _codes(self, values: Sequence[Any]) -> dict[str, Sequence[str | None]]:
        codes, place = {}, 0
        for name, one in self.by_columns.items():
            codes[name] = one.codes(*values[place : place + len(one.paths)])
            place += len(one.paths)
        return codes

    def where(self, changes: Mapping[str, Sequence[str]] | None = None) -> int:
        """Return how many items the list has with other values of some filters.

        A filter with no values leaves all. Only filters that columns tell can be changed.
        """
        wanted = {**self.chosen, **{name: set(codes) for name, codes in (changes or {}).items()}}
        asked = {name: codes for name, codes in wanted.items() if codes}
        return sum(
            how_many
            for codes, how_many in self.kinds
            if all(not values.isdisjoint(codes[name]) for name, values in asked.items())
        )

    def without(self, name: str) -> int:
        """Return how many items the list has without one of its filters."""
        if name in self.by_columns:
            return self.where({name: self.narrowing.wanted_by_default(name)})
        return self.narrowing.narrowed(name).order_by().count()

    def of(self, name: str) -> Mapping[str, int]:
        """Return the counts of the options of one filter; an option that leaves none has none."""
        if name not in self.by_columns:
            counts: Mapping[str, int] = getattr(self.narrowing, f"count_{name}")()
            return counts
        found: Counter[str] = Counter()
        others = {key: values for key, values in self.chosen.items() if values and key != name}
        for codes, how_many in self.kinds:
            if all(not values.isdisjoint(codes[key]) for key, values in others.items()):
                found.update({code: how_many for code in codes[name] if code})
        return found


def count_holders(narrowing: TrackedItemFilter, path: str, condition: Q) -> Counter[str]:
    """Return how many items have a responsibility, by a column of it such as its role.

    Items are those of the list but for its lead and role; a part counts for its item,
    and, where the list shows parts, for itself too. One query, or two with parts.
    """
    items = narrowing.narrowed("lead", "role").order_by()
    held = narrowing.responsibilities().filter(condition).order_by()
    parts = narrowing.model.objects.existing_on(narrowing.day).filter(level=Level.PART).order_by()
    counted = held.filter(~Q(item__level=Level.PART) | Q(item__in=parts.values("pk"))).annotate(
        counted=Case(When(item__level=Level.PART, then=F("item__parent")), default=F("item"))
    )
    found: Counter[str] = Counter()
    queries = [counted.filter(counted__in=items.values("pk"))]
    if narrowing.shows_parts:
        own = items.filter(level=Level.PART).values("pk")
        queries.append(held.filter(item__in=own).annotate(counted=F("item")))
    for rows in queries:
        named = rows.values_list(path).annotate(how_many=Count("counted", distinct=True))
        found.update(dict(named))
    return found
