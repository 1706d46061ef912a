"""Progress over time: how many items had which status at each month's end, from the ledger."""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from workplans.charts import Column, columns_over_time
from workplans.figures import ListLink, StatusRow, StatusTable, Subject, status_table
from workplans.models import TrackedItemQuerySet
from workplans.models.ledger_rows import OLDEST_FIRST
from workplans.reports import Tally

# More points than these are too narrow to be told apart; then quarters or years are shown.
MOST_POINTS = 24


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The ends of months, quarters or years: how many `months` lie between them, in words."""

    months: int
    words: str


def rhythms() -> list[Rhythm]:
    return [
        Rhythm(1, _("Items by status at the end of each month")),
        Rhythm(3, _("Items by status at the end of each quarter")),
        Rhythm(12, _("Items by status at the end of each year")),
    ]


def ends_between(first: date, last: date, months: int) -> list[date]:
    """Return the ends of the spans of so many months between two days, and the last day."""
    ends = []
    for count in range(first.year * 12 + first.month, last.year * 12 + last.month + 1):
        year, month = divmod(count - 1, 12)
        end = date(year, month + 1, monthrange(year, month + 1)[1])
        if end <= last and (month + 1) % months == 0:
            ends.append(end)
    return ends if ends and ends[-1] == last else [*ends, last]


def days_to_show(first: date, last: date) -> tuple[Rhythm, list[date]]:
    """Return the ends of months from one day to another, or of quarters or years if too many.

    Of years only the last are shown where they too are more than can be told apart.
    """
    for rhythm in rhythms():
        days = ends_between(first, last, rhythm.months)
        if len(days) <= MOST_POINTS:
            break
    return rhythm, days[-MOST_POINTS:]


def count_over_time(
    items: TrackedItemQuerySet[Any], last: date, with_archived: bool
) -> tuple[Rhythm, dict[date, Counter[str]]] | None:
    """Return the counts by stored status on each of the days up to the last; None for no items.

    `items` says which ones, whatever the day, and was not read by `as_of`; each counts
    from its first day on until it is withdrawn, and, unless `with_archived`, until its
    plan, meeting or review is archived. Two queries: the items, and their statuses.
    """
    paths = [f"{path}__archived_on" for path in items.publisher_paths]
    lives = {
        pk: (first, min(filter(None, ends), default=date.max))
        for pk, first, *ends in items.filter(introduced_on__lte=last)
        .order_by()
        .values_list("pk", "introduced_on", "withdrawn_on", *(() if with_archived else paths))
    }
    if not lives:
        return None
    rhythm, days = days_to_show(min(first for first, _end in lives.values()), last)
    rows = (
        items.model.update_model()
        .objects.standing()
        .filter(item__in=items.order_by().values("pk"), effective_on__lte=last)
        .exclude(status="")
        .order_by("item", *OLDEST_FIRST)
        .values_list("item", "effective_on", "status")
    )
    told = {item: list(rows) for item, rows in groupby(rows, key=lambda row: row[0])}
    counts: dict[date, Counter[str]] = {day: Counter() for day in days}
    for pk, (first, end) in lives.items():
        updates = told.get(pk, [])
        since = [day for _item, day, _status in updates]
        for day in days:
            if first <= day < end:
                place = bisect_right(since, day)
                counts[day][updates[place - 1][2] if place else ""] += 1
    return rhythm, counts


@dataclass(frozen=True, slots=True)
class OverTime:
    """Progress over time as a chart and as the table of the same figures.

    `most` is the largest sum, which the chart's height stands for.
    """

    caption: str
    columns: tuple[Column, ...]
    most: int
    table: StatusTable

    @property
    def ends(self) -> tuple[StatusRow, StatusRow]:
        """The first day and the last, for those who are told of the chart in words."""
        return self.table.rows[0], self.table.rows[-1]


def over_time(
    items: TrackedItemQuerySet[Any], whole: ListLink, with_archived: bool = False
) -> OverTime | None:
    """Return the progress of some items up to the day of their list; None where it says nothing.

    Each figure leads to the list as of its own day. `items` is as for `count_over_time`.
    """
    counted = count_over_time(items, whole.asked.day, with_archived)
    if counted is None or len(counted[1]) == 1:
        return None
    rhythm, counts = counted
    table = status_table(
        rhythm.words, _("Day"), [on_its_day(day, count, whole) for day, count in counts.items()]
    )
    if table is None:
        return None
    most = max(row.total.count for row in table.rows)
    columns = columns_over_time(label_days(list(counts)), counts, table.columns, most)
    return OverTime(rhythm.words, tuple(columns), most, table)


def on_its_day(day: date, counts: Mapping[str, int], whole: ListLink) -> Subject:
    """Return one day as a row of a table; its figures lead to the list of that day."""
    then = replace(whole, asked=replace(whole.asked, day=day, chosen=True))
    return Subject(label=date_format(day, "j M Y"), url="", tally=Tally(counts, {}), items=then)


def label_days(days: Sequence[date], most: int = 4) -> Callable[[date], str]:
    """Return what names some of the days, evenly and the last among them, and "" the others."""
    step = -(-len(days) // most)
    named = set(days[::-1][::step])
    return lambda day: date_format(day, "M Y") if day in named else ""
