"""The overview: where all workplans and action points stand on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from actionpoints.models import ActionPoint
from actionpoints.reports import by_body
from actionpoints.views import ActionPointListing
from workplans import reports
from workplans.charts import percent
from workplans.dashboards import NOT_UNDERSTOOD, counted, plan_figures
from workplans.figures import Figure, ListLink, StatusTable, Subject, headlines, status_table
from workplans.filters import NONE
from workplans.lists import ItemRow, Listing, item_rows
from workplans.models import Deliverable, Entity, StatusUpdate, Workplan
from workplans.pages import Asked, ask, render_page
from workplans.quarters import Quarter
from workplans.reports import NOTHING, Tally
from workplans.status_words import StatusWord
from workplans.views import DeliverableListing

# How many items fall due next, how many updates are the latest, and how many quarters have a
# row of their own before the rest is one.
NEXT = 6
LATEST = 8
QUARTERS = 6


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show all figures, what is due next and what was told last, on the day asked for."""
    asked = ask(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    deliverables = counted(Deliverable, request.user, asked)
    action_points = counted(ActionPoint, request.user, asked)
    running = {
        DeliverableListing: deliverables.filter(is_archived=False),
        ActionPointListing: action_points.filter(is_archived=False),
    }
    to_deliverables = ListLink.to(DeliverableListing, asked)
    to_action_points = ListLink.to(ActionPointListing, asked)
    plans = plan_figures(
        Workplan.objects.visible_to(request.user),
        deliverables,
        to_deliverables,
        _("Deliverables of each workplan, by status"),
    )
    decided, archived = by_archived(action_points)
    context = {
        "deliverable_figures": headlines(plans.running, to_deliverables, _("deliverables")),
        "plans": plans,
        "action_point_figures": headlines(decided, to_action_points, _("action points")),
        "bodies": body_table(running[ActionPointListing], decided, to_action_points),
        "archived": to_action_points.narrow(archived="only").total(archived),
        "due_by_quarter": due_by_quarter(
            [
                (running[DeliverableListing], to_deliverables),
                (running[ActionPointListing], to_action_points),
            ],
            asked.day,
        ),
        "due_next": due_next(running, asked),
        "latest": latest(running, asked),
    }
    return render_page(request, "iasc_tracker/overview.html", asked, context)


def by_archived(items: Any) -> tuple[Tally, Tally]:
    """Return the counts of what runs and of what is archived, in one query."""
    counts = reports.tallies(items, "is_archived")
    return counts.get((False,), NOTHING), counts.get((True,), NOTHING)


def body_table(items: Any, together: Tally, whole: ListLink) -> StatusTable | None:
    """Return the action points of each body's meetings, and those that no meeting decided."""
    bodies = by_body(items)
    subjects = [body_subject(row.subject, row.tally, whole) for row in bodies]
    if not subjects:
        return None
    others = together - sum((row.tally for row in bodies), NOTHING)
    if others.total:
        subjects.append(
            Subject(
                label=_("Follow-up of reviews"),
                url=reverse("actionpoints:recommendation_list"),
                tally=others,
                items=whole.narrow(body=NONE),
            )
        )
    return status_table(
        _("Action points of each body’s meetings, by status"), _("Body"), subjects, whole
    )


def body_subject(body: Entity, tally: Tally, whole: ListLink) -> Subject:
    """Return a body as a row of a table; the list of its action points stands behind it."""
    return Subject(
        label=str(body),
        url=body.get_absolute_url(),
        tally=tally,
        items=whole.narrow(body=body.slug),
        note=body.name if body.acronym else "",
    )


@dataclass(frozen=True, slots=True)
class DueCell:
    """How much of one kind is due; `width` is its bar, in percent of the largest."""

    figure: Figure
    width: str


@dataclass(frozen=True, slots=True)
class DueRow:
    """What is due in a quarter, or before, or after, or on no day that is known."""

    label: str
    cells: tuple[DueCell, ...]
    is_now: bool = False


def due_by_quarter(kinds: Sequence[tuple[Any, ListLink]], day: date) -> list[DueRow]:
    """Return what is open of each kind by the quarter of its last day; one query for each kind.

    What is due in quarters that have passed is overdue, and has one row; so have the
    quarters that lie far ahead, and what has no date.
    """
    counts = [dict(reports.due_by_quarter(items)) for items, _link in kinds]
    known = sorted({quarter for count in counts for quarter in count if quarter})
    now = Quarter.of(day)
    past = [quarter for quarter in known if quarter < now]
    ahead = [quarter for quarter in known if quarter >= now]
    buckets: list[tuple[str, Sequence[Quarter | None]]] = [
        (_("Earlier"), past),
        *((quarter.label, [quarter]) for quarter in ahead[:QUARTERS]),
        (_("Later"), ahead[QUARTERS:]),
        (_("No date"), [None] if any(None in count for count in counts) else []),
    ]
    sums = {
        label: [sum(count.get(quarter, 0) for quarter in quarters) for count in counts]
        for label, quarters in buckets
    }
    most = max((how_many for row in sums.values() for how_many in row), default=0)
    return [
        DueRow(
            label,
            tuple(
                DueCell(
                    link.only_open.narrow(
                        due=[quarter.code if quarter else NONE for quarter in quarters]
                    ).figure(how_many),
                    percent(how_many, most),
                )
                for (_items, link), how_many in zip(kinds, sums[label], strict=True)
            ),
            is_now=quarters[0] == now,
        )
        for label, quarters in buckets
        if quarters
    ]


def due_next(running: dict[type[Listing], Any], asked: Asked) -> list[ItemRow]:
    """Return the open items of all kinds that fall due next, the nearest first."""
    rows = [
        row
        for listing, items in running.items()
        for row in item_rows(
            reports.due_next(items.select_related(*listing.reads), asked.day, NEXT),
            asked,
            listing.where,
        )
    ]
    return sorted(rows, key=lambda row: (row.item.due, row.item.ref))[:NEXT]


@dataclass(frozen=True, slots=True)
class LatestUpdate:
    """One of the latest updates, with the address of its place in the item's history."""

    update: StatusUpdate
    url: str
    word: StatusWord | None


def latest(running: dict[type[Listing], Any], asked: Asked) -> list[LatestUpdate]:
    """Return what sources told last of items of all kinds, the newest first."""
    updates: Sequence[StatusUpdate] = [
        update
        for items in running.values()
        for update in reports.latest_updates(items, asked.day, LATEST)
    ]
    newest = sorted(
        updates, key=lambda update: (update.reported_on, update.effective_on), reverse=True
    )
    return [
        LatestUpdate(
            update,
            asked.carry(f"{update.item.get_absolute_url()}#update-{update.sequence}"),
            update.status_word,
        )
        for update in newest[:LATEST]
    ]
