"""The overview: where all workplans and action points stand on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from actionpoints.models import ActionPoint
from actionpoints.reports import by_body
from actionpoints.views import ActionPointListing
from workplans import reports
from workplans.dashboards import NOT_UNDERSTOOD, counted, plan_figures
from workplans.figures import ListLink, StatusTable, Subject, headlines, status_table
from workplans.filters import NONE
from workplans.lists import ItemRow, Listing, item_rows
from workplans.models import Deliverable, Entity, StatusUpdate, Workplan
from workplans.pages import Asked, ask, render_page
from workplans.reports import NOTHING, Tally
from workplans.status_words import StatusWord
from workplans.views import DeliverableListing

# How many items fall due next, and how many updates are the latest.
NEXT = 6
LATEST = 8


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
