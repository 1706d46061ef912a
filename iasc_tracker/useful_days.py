"""The days that are worth looking at: today, each meeting, each report, each year's end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from actionpoints.models import Meeting
from workplans import days
from workplans.models import FrozenReport, SourceDocument, Workplan
from workplans.models.tracking import Viewer

# How many days a group names at most, and how many meetings or reports of one day.
MOST = {"meeting": 8, "report": 6}
YEAR_ENDS = 6
NAMED = 3


@dataclass(frozen=True, slots=True)
class UsefulDay:
    """A day to choose, and what happened on it: each name once, in alphabetical order.

    `is_site_today` marks the site's today, which tomorrow is another day.
    """

    day: date
    names: tuple[str, ...] = ()
    is_site_today: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """The first names, as many as there is room for."""
        return self.names[:NAMED]

    @property
    def unnamed(self) -> int:
        """How many names there is no room for."""
        return len(self.names) - len(self.named)


@dataclass(frozen=True, slots=True)
class DayGroup:
    """Days of one kind under their heading, the newest first."""

    label: str
    days: tuple[UsefulDay, ...]
    has_long_names: bool = False


def useful_days(user: Viewer, site_today: date, true_today: date) -> list[DayGroup]:
    """Return the days that a visitor may want to see, by kind, in two queries.

    None is later than the true today, and none so early that it cannot be asked for.
    A kind without any day is left out.
    """
    span = (days.FIRST_DAY, true_today)
    meetings = Meeting.objects.visible_to(user).filter(held_on__range=span)
    documents = SourceDocument.objects.visible_to(user).filter(dated__range=span)
    reports = documents.filter(kind=SourceDocument.Kind.PROGRESS_REPORT)
    final = FrozenReport.objects.visible_to(user).filter(last_day__range=span)
    body = Case(When(body__acronym="", then="body__name"), default="body__acronym")
    named = by_day(
        newest(meetings, "held_on", "meeting", body),
        newest(reports, "dated", "report", F("title")),
        newest(final, "last_day", "report", F("workplan__title")),
    )
    groups = [
        DayGroup(_("Today"), tuple(todays(site_today, true_today))),
        DayGroup(_("Meetings"), named.get("meeting", ())),
        DayGroup(_("Reports"), named.get("report", ()), has_long_names=True),
        DayGroup(_("Year ends"), tuple(year_ends(user, meetings, documents, true_today))),
    ]
    return [group for group in groups if group.days]


def todays(site_today: date, true_today: date) -> Iterable[UsefulDay]:
    """Return the site's today and, if that is pinned to another day, the true one."""
    if site_today == true_today:
        yield UsefulDay(site_today, is_site_today=True)
    else:
        yield UsefulDay(site_today, (_("this site’s day"),), is_site_today=True)
        yield UsefulDay(true_today, (_("today"),))


def newest(rows: QuerySet[Any], field: str, kind: str, name: Any) -> QuerySet[Any]:
    """Return (kind, day, name) of what falls on the last days of some rows of a kind."""
    last_days = rows.order_by(f"-{field}").values(field).distinct()[: MOST[kind]]
    return (
        rows.filter(**{f"{field}__in": last_days})
        .order_by()
        .annotate(of_kind=Value(kind, CharField()), on_day=F(field), named=name)
        .values_list("of_kind", "on_day", "named")
    )


def by_day(*parts: QuerySet[Any]) -> dict[str, tuple[UsefulDay, ...]]:
    """Return the days of each kind with all their names, the newest first; one query."""
    first, *others = parts
    rows = sorted(first.union(*others), key=lambda row: row[2].casefold())
    found: dict[str, dict[date, list[str]]] = {}
    for kind, day, name in rows:
        found.setdefault(kind, {}).setdefault(day, []).append(name)
    return {
        kind: tuple(
            UsefulDay(day, tuple(dict.fromkeys(of_day[day])))
            for day in sorted(of_day, reverse=True)[: MOST[kind]]
        )
        for kind, of_day in found.items()
    }


def year_ends(
    user: Viewer, meetings: QuerySet[Any], documents: QuerySet[Any], true_today: date
) -> list[UsefulDay]:
    """Return the ends of the last years of which something is known, the newest first; one query.

    Something is known of a year in which a meeting was held, of which a document is dated,
    or in which a workplan ran.
    """
    plans = Workplan.objects.visible_to(user)
    spans = first_and_last(meetings, F("held_on"), F("held_on")).union(
        first_and_last(documents, F("dated"), F("dated")),
        first_and_last(plans, Coalesce("starts_on", "ends_on"), Coalesce("ends_on", "starts_on")),
    )
    known = {
        year
        for first, last in spans
        if first is not None
        for year in range(max(first, days.FIRST_DAY).year, min(last, true_today).year + 1)
    }
    ends = [date(year, 12, 31) for year in sorted(known, reverse=True)]
    return [UsefulDay(end) for end in ends if end <= true_today][:YEAR_ENDS]


def first_and_last(rows: QuerySet[Any], first: Any, last: Any) -> QuerySet[Any]:
    """Return the first and last day of each of some rows, a pair that recurs only once.

    The years are taken from these in Python: there are few days, and SQLite has no years.
    """
    return (
        rows.order_by()
        .annotate(first_day=first, last_day=last)
        .values_list("first_day", "last_day")
    )
