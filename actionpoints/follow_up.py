"""The follow-up of action points: by body and meeting, lead, status and theme, and what lags."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from actionpoints import reports
from actionpoints.dashboards import LAST_MEETINGS, meeting_words, status_rows
from actionpoints.models import ActionPoint, Meeting
from actionpoints.views import ActionPointListing
from workplans.dashboards import NOT_UNDERSTOOD, counted
from workplans.figures import Figure, ListLink, StatusTable, Subject, status_table
from workplans.filters import NONE
from workplans.lists import ItemRow, item_rows
from workplans.models import LEAD_ROLES, Entity, Timeliness, TrackedItemQuerySet
from workplans.pages import Asked, ask, render_page
from workplans.reports import (
    NOTHING,
    OPEN_TIMELINESS,
    SILENT_DAYS,
    Tally,
    TallyOf,
    by_lead,
    longest_silent,
    tallies,
    tally,
)
from workplans.status_words import BY_CODE, StatusWord

# So many leads stand in the first table; the others are folded away beneath it.
FIRST_LEADS = 15
# So many items are named where more ask for attention.
NAMED = 8


@dataclass(frozen=True, slots=True)
class BodyFollowUp:
    """The action points of one body's meetings; `earlier` meetings are counted, not shown."""

    body: Entity
    total: Figure
    table: StatusTable | None
    earlier: int
    all_url: str


@dataclass(frozen=True, slots=True)
class Done:
    """An open action point, and the deliverables that cite it, which are all completed."""

    row: ItemRow
    deliverables: list[tuple[Any, str, StatusWord]]


@require_safe
def follow_up(request: HttpRequest) -> HttpResponse:
    """Show where the action points of all meetings and reviews stand on the day asked for."""
    asked = ask(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    known = counted(ActionPoint, request.user, asked)
    items = known.filter(is_archived=False)
    whole = ListLink.to(ActionPointListing, asked)
    figures, themes = status_rows(items, whole, _("Action points of each theme, by status"))
    together = Subject(label=_("All action points"), url="", tally=tally(items), items=whole)
    loads = by_lead(items, asked.day)
    done = items.filter(
        reports.all_it_asked_for_is_completed(request.user, asked.day),
        timeliness__in=OPEN_TIMELINESS,
    )
    done_list = whole.narrow(
        deliverables="completed", timeliness=[value.value for value in OPEN_TIMELINESS]
    )
    done_figure = done_list.figure(done.order_by().count())
    overdue = whole.narrow(timeliness=Timeliness.OVERDUE.value, sort="due")
    context = {
        "headlines": figures,
        "statuses": status_table(_("All action points by status"), "", [together])
        if together.tally.total
        else None,
        "bodies": bodies(items, asked),
        "others": others(items, whole),
        "leads": lead_rows(loads[:FIRST_LEADS], whole, nobody=nobody(items, whole)),
        "more_leads": lead_rows(loads[FIRST_LEADS:], whole),
        "more_count": len(loads[FIRST_LEADS:]),
        "themes": themes,
        "done": done_rows(done[:NAMED], asked, request),
        "done_figure": done_figure,
        "overdue": rows_of(
            items.filter(timeliness=Timeliness.OVERDUE).order_by("due", "ref"), asked
        ),
        "overdue_url": overdue.url,
        "silent": rows_of(longest_silent(items, asked.day, NAMED), asked),
        "silent_days": SILENT_DAYS,
        "archived": whole.narrow(archived="only").total(tally(known.filter(is_archived=True))),
    }
    return render_page(request, "actionpoints/follow_up.html", asked, context)


def rows_of(items: Any, asked: Asked) -> list[ItemRow]:
    """Return the first of some action points as rows; two queries."""
    shown = items.select_related(*ActionPointListing.reads)[:NAMED]
    return item_rows(shown, asked, ActionPointListing.where)


def bodies(items: TrackedItemQuerySet[Any], asked: Asked) -> list[BodyFollowUp]:
    """Return the action points by body and meeting, bodies by name, their last meeting first.

    One GROUP BY and one query for the meetings. A body's own row counts all its meetings.
    """
    counts = {key: count for (key,), count in tallies(items, "meeting").items() if key}
    by_body: dict[Entity, list[Meeting]] = {}
    for meeting in Meeting.objects.filter(pk__in=counts).select_related("body"):
        by_body.setdefault(meeting.body, []).append(meeting)
    found = []
    for body, meetings in sorted(by_body.items(), key=lambda pair: str(pair[0]).casefold()):
        whole = ListLink.to(ActionPointListing, asked).narrow(body=body.slug)
        together = sum((counts[meeting.pk] for meeting in meetings), NOTHING)
        subjects = [
            Subject(
                label=meeting.title,
                url=meeting.get_absolute_url(),
                tally=counts[meeting.pk],
                items=whole.narrow(body=None, meeting=meeting.slug),
                note=meeting_words(meeting, asked),
            )
            for meeting in meetings[:LAST_MEETINGS]
        ]
        found.append(
            BodyFollowUp(
                body=body,
                total=whole.total(together),
                table=status_table(
                    _("Action points of each meeting of %(body)s, by status") % {"body": body},
                    _("Meeting"),
                    subjects,
                    whole,
                    together=together,
                ),
                earlier=max(0, len(meetings) - LAST_MEETINGS),
                all_url=asked.carry(reverse("actionpoints:meeting_list"), body=body.slug),
            )
        )
    return found


def others(items: TrackedItemQuerySet[Any], whole: ListLink) -> StatusTable | None:
    """Return what no meeting decided: the follow-up of each review, and what has no origin."""
    subjects = [
        Subject(
            label=row.subject.title,
            url=row.subject.get_absolute_url(),
            tally=row.tally,
            items=whole.narrow(review=row.subject.slug),
        )
        for row in reports.by_review(items)
    ]
    loose = tally(items.filter(meeting__isnull=True, recommendation__isnull=True))
    if loose.total:
        subjects.append(
            Subject(
                label=_("Neither of a meeting nor of a review"),
                url="",
                tally=loose,
                items=whole.narrow(body=NONE, review=NONE),
            )
        )
    return status_table(
        _("Follow-up of reviews, by status"), _("Review"), subjects, whole.narrow(body=NONE)
    )


def nobody(items: TrackedItemQuerySet[Any], whole: ListLink) -> Subject | None:
    """Return what names no lead as a row of the table of leads, or None if all do."""
    led = ActionPoint.objects.held_q(whole.asked.day, Q(role__in=LEAD_ROLES))
    count: Tally = tally(items.exclude(led))
    if not count.total:
        return None
    return Subject(label=_("Nobody named"), url="", tally=count, items=whole.narrow(lead=NONE))


def lead_rows(
    loads: Iterable[TallyOf[Entity]], whole: ListLink, nobody: Subject | None = None
) -> StatusTable | None:
    """Return what each lead carries; an action point counts with each of its leads."""
    subjects = [
        Subject(
            label=str(load.subject),
            url=load.subject.get_absolute_url(),
            tally=load.tally,
            items=whole.narrow(lead=load.subject.slug),
            note=load.subject.name if load.subject.acronym else "",
        )
        for load in loads
    ]
    if nobody is not None:
        subjects.append(nobody)
    return status_table(_("Action points by lead"), _("Lead"), subjects)


def done_rows(items: Any, asked: Asked, request: HttpRequest) -> list[Done]:
    """Return open action points, each with the completed deliverables that cite it."""
    rows = item_rows(
        items.select_related(*ActionPointListing.reads), asked, ActionPointListing.where
    )
    cited = reports.asked_for([row.item for row in rows], request.user, asked.day)
    return [
        Done(
            row,
            [
                (one, asked.carry(one.get_absolute_url()), BY_CODE[one.status])
                for one in cited.get(row.item.pk, [])
            ],
        )
        for row in rows
    ]
