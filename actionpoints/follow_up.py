"""The follow-up of action points: by body and meeting, theme and lead, and what lags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from actionpoints import reports
from actionpoints.dashboards import LAST_MEETINGS, choose, meeting_words
from actionpoints.models import ActionPoint, Meeting, Review
from actionpoints.views import ActionPointListing
from workplans.attention import NAMED, Named
from workplans.dashboards import NOT_UNDERSTOOD, counted
from workplans.figures import (
    ListLink,
    StatusRow,
    StatusTable,
    Subject,
    headlines,
    status_table,
)
from workplans.filters import NONE
from workplans.lists import ItemRow, day_words, item_rows
from workplans.models import SILENT_DAYS, Entity, Timeliness, TrackedItemQuerySet
from workplans.models.tracking import Viewer
from workplans.pages import Asked, ask, render_page
from workplans.reports import (
    NOTHING,
    OPEN_TIMELINESS,
    Tally,
    by_lead_and_nobody,
    tallies,
)

# So many leads and themes are shown unless the address asks for all.
FIRST = 20


def ask_follow_up(request: HttpRequest) -> tuple[Asked, list[str]]:
    """Return what is asked, and which tables the address asks for with all their rows."""
    asked = ask(request, {"all"})
    return asked, choose(request, asked, "all", ["leads", "themes"])


@require_safe
def follow_up(request: HttpRequest) -> HttpResponse:
    """Show where the action points of all meetings and reviews stand on the day asked for."""
    asked, everything = ask_follow_up(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    known = counted(ActionPoint, request.user, asked)
    items = known.filter(is_archived=False)
    whole = ListLink.to(ActionPointListing, asked)
    counts = Counts.of(known)
    context = {
        "headlines": headlines(counts.running, whole, _("action points")),
        "statuses": whole_table(counts.running, whole),
        "archived": whole.narrow(archived="only").total(counts.archived),
        "done": done(items, request.user, whole),
        "origins": by_origin(counts, whole),
        "themes": shorten(
            "themes",
            everything,
            by_theme(counts.themes, whole),
            asked,
            caption=_("Action points of each theme, by status"),
            heading=_("Theme"),
            whole=whole,
            together=counts.running,
        ),
        "leads": shorten(
            "leads",
            everything,
            by_lead(items, whole),
            asked,
            caption=_("Action points of each lead, by status"),
            heading=_("Lead"),
        ),
        "overdue": overdue(items, counts.running, whole),
        "silent": silent(items, counts.running, whole),
    }
    return render_page(request, "actionpoints/follow_up.html", asked, context)


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of all action points of a day, archived ones apart from those that run.

    `meetings` and `reviews` are keyed by primary key, `themes` by name, "" for none;
    `loose` counts what has neither a meeting nor a review.
    """

    running: Tally
    archived: Tally
    meetings: Mapping[int, Tally]
    reviews: Mapping[int, Tally]
    loose: Tally
    themes: Mapping[str, Tally]

    @classmethod
    def of(cls, items: TrackedItemQuerySet[Any]) -> Counts:
        """Count an `as_of` query set: by origin and by theme, a GROUP BY each."""
        origins = tallies(items, "is_archived", "meeting", "recommendation__review")
        running = {tuple(key): tally for (shelved, *key), tally in origins.items() if not shelved}
        return cls(
            running=sum(running.values(), NOTHING),
            archived=sum((tally for key, tally in origins.items() if key[0]), NOTHING),
            meetings={meeting: tally for (meeting, _none), tally in running.items() if meeting},
            reviews={review: tally for (_none, review), tally in running.items() if review},
            loose=running.get((None, None), NOTHING),
            themes=reports.by_theme(items.filter(is_archived=False)),
        )


def whole_table(tally: Tally, whole: ListLink) -> StatusTable | None:
    """Return all action points as a table of one row; None if there are none."""
    if not tally.total:
        return None
    subject = Subject(label=_("All action points"), url="", tally=tally, items=whole)
    return status_table(_("All action points by status"), _("Action points"), [subject])


@dataclass(frozen=True, slots=True)
class Origin:
    """A body with its meetings, or all reviews: its own row, then a row for each of them.

    So many `earlier` meetings count in its own row and have none; `all_url` shows them.
    """

    row: StatusRow
    rows: Sequence[StatusRow]
    earlier: int
    all_url: str


@dataclass(frozen=True, slots=True)
class Origins:
    """Where action points come from; `table` has the columns and the row of totals.

    `span` is the number of the table's columns.
    """

    table: StatusTable
    groups: tuple[Origin, ...]
    span: int


class Kind(StrEnum):
    """Of what a row counts the action points, as the file writes it."""

    BODY = "body"
    MEETING = "meeting"
    REVIEWS = "reviews"
    REVIEW = "review"
    NEITHER = "neither"
    THEME = "theme"
    LEAD = "lead"


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """A row of the page's tables and of its file; a meeting or review has a body and a day."""

    kind: Kind
    subject: Subject
    body: Entity | None = None
    day: date | None = None

    @property
    def url(self) -> str:
        """The address of its own page, or else of the list that it counts."""
        return self.subject.url or self.subject.items.url


@dataclass(frozen=True, slots=True)
class Group:
    """What becomes an Origin: its own row, and those of all that it is made of.

    The page has no row for so many of the last ones, the `earlier`.
    """

    own: FollowUpRow
    members: Sequence[FollowUpRow] = ()
    earlier: int = 0
    all_url: str = ""

    @property
    def shown(self) -> Sequence[FollowUpRow]:
        return self.members[: len(self.members) - self.earlier]


def origins(counts: Counts, whole: ListLink) -> list[Group]:
    """Return the counts of each body and its meetings, of each review, of what is of neither.

    Bodies come by name, their last meeting first. Two queries: the meetings, the reviews.
    """
    groups = [*of_bodies(counts.meetings, whole), *of_reviews(counts.reviews, whole)]
    if counts.loose.total:
        subject = Subject(
            label=_("Neither of a meeting nor of a review"),
            url="",
            tally=counts.loose,
            items=whole.narrow(body=NONE, review=NONE),
        )
        groups.append(Group(FollowUpRow(Kind.NEITHER, subject)))
    return groups


def by_origin(counts: Counts, whole: ListLink) -> Origins | None:
    """Return the counts by body and meeting, by review, and of what is of neither, as a table."""
    groups = origins(counts, whole)
    table = status_table(
        _("Action points of each body and meeting and of each review, by status"),
        _("Body and meeting"),
        [one.subject for group in groups for one in (group.own, *group.shown)],
        whole,
        together=counts.running,
    )
    if table is None:
        return None
    found, place = [], 0
    for group in groups:
        row, *rows = table.rows[place : place + 1 + len(group.shown)]
        found.append(Origin(row, rows, group.earlier, group.all_url))
        place += 1 + len(rows)
    # The subject, its bar, its statuses, overdue, all.
    span = 2 + len(table.columns) + table.has_overdue + 1
    return Origins(table, tuple(found), span)


def of_bodies(counts: Mapping[int, Tally], whole: ListLink) -> list[Group]:
    """Return each body whose meetings decided something, with the last of those meetings."""
    asked = whole.asked
    by_body: dict[Entity, list[Meeting]] = {}
    for meeting in Meeting.objects.filter(pk__in=counts).select_related("body"):
        by_body.setdefault(meeting.body, []).append(meeting)
    return [
        Group(
            FollowUpRow(
                Kind.BODY,
                Subject(
                    label=body.full_name,
                    url=body.get_absolute_url(),
                    tally=sum((counts[meeting.pk] for meeting in meetings), NOTHING),
                    items=whole.narrow(body=body.slug),
                ),
                body,
            ),
            [of_meeting(meeting, counts[meeting.pk], whole) for meeting in meetings],
            earlier=max(0, len(meetings) - LAST_MEETINGS),
            all_url=asked.carry(reverse("actionpoints:meeting_list"), body=body.slug),
        )
        for body, meetings in sorted(by_body.items(), key=lambda pair: str(pair[0]).casefold())
    ]


def of_meeting(meeting: Meeting, tally: Tally, whole: ListLink) -> FollowUpRow:
    """Return a meeting as a row; before its day it has no page."""
    subject = Subject(
        label=meeting.title,
        url=meeting.get_absolute_url() if meeting.held_on <= whole.asked.day else "",
        tally=tally,
        items=whole.narrow(meeting=meeting.slug),
        note=meeting_words(meeting, whole.asked),
    )
    return FollowUpRow(Kind.MEETING, subject, meeting.body, meeting.held_on)


def of_reviews(counts: Mapping[int, Tally], whole: ListLink) -> list[Group]:
    """Return the follow-up of all reviews as one group, the last review first; [] without any."""
    reviews = list(Review.objects.filter(pk__in=counts).select_related("body"))
    if not reviews:
        return []
    subject = Subject(
        label=_("Follow-up of reviews"),
        url=reverse("actionpoints:recommendation_list"),
        tally=sum(counts.values(), NOTHING),
        items=whole.narrow(review=[review.slug for review in reviews]),
    )
    members = [of_review(review, counts[review.pk], whole) for review in reviews]
    return [Group(FollowUpRow(Kind.REVIEWS, subject), members)]


def of_review(review: Review, tally: Tally, whole: ListLink) -> FollowUpRow:
    """Return a review as a row; before its day its recommendations are on no page."""
    issued_on = review.issued_on
    subject = Subject(
        label=review.title,
        url=review.get_absolute_url() if not issued_on or issued_on <= whole.asked.day else "",
        tally=tally,
        items=whole.narrow(review=review.slug),
        note=day_words(issued_on) if issued_on else "",
    )
    return FollowUpRow(Kind.REVIEW, subject, review.body, issued_on)


@dataclass(frozen=True, slots=True)
class Shortened:
    """A table of the first of `how_many` subjects; `all_url` shows all, "" where they are."""

    table: StatusTable | None
    shown: int
    how_many: int
    all_url: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """Themes or leads, the most open first; `without`, what has none, is never cut off."""

    subjects: Sequence[Subject]
    without: Sequence[Subject]

    @property
    def every(self) -> list[Subject]:
        return [*self.subjects, *self.without]


def shorten(
    name: str, everything: Sequence[str], ranked: Ranked, asked: Asked, **table: Any
) -> Shortened:
    """Return a table of the first subjects, or of all where the address asks for them.

    `table` goes to `status_table`.
    """
    subjects = ranked.subjects
    shown = subjects if name in everything else subjects[:FIRST]
    all_url = ""
    if len(shown) < len(subjects):
        address = f"{reverse('actionpoints:follow_up')}#{name}"
        all_url = asked.carry(address, all=[*everything, name])
    return Shortened(
        status_table(subjects=[*shown, *ranked.without], **table),
        len(shown),
        len(subjects),
        all_url,
    )


def by_theme(counts: Mapping[str, Tally], whole: ListLink) -> Ranked:
    """Return the counts of each theme, and of what has none."""

    def subject(theme: str, label: str) -> Subject:
        return Subject(
            label=label, url="", tally=counts[theme], items=whole.narrow(theme=theme or NONE)
        )

    order = sorted(counts, key=lambda theme: (-counts[theme].open, -counts[theme].total, theme))
    return Ranked(
        [subject(theme, theme) for theme in order if theme],
        [subject("", _("Without a theme"))] if "" in counts else [],
    )


def by_lead(items: TrackedItemQuerySet[Any], whole: ListLink) -> Ranked:
    """Return what each lead carries, and what names no lead.

    An action point counts with each of its leads, so there is no row of totals.
    """
    loads, nobody = by_lead_and_nobody(items, whole.asked.day)
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
    none = Subject(label=_("No lead named"), url="", tally=nobody, items=whole.narrow(lead=NONE))
    return Ranked(subjects, [none] if nobody.total else [])


@dataclass(frozen=True, slots=True)
class Done:
    """An open action point, and the deliverables that cite it with the addresses of their pages."""

    row: ItemRow
    deliverables: Sequence[tuple[Any, str]]


def read_rows(items: Any, asked: Asked) -> list[ItemRow]:
    """Return the first of some action points as rows; two queries."""
    shown = items.select_related(*ActionPointListing.reads)[:NAMED]
    return item_rows(shown, asked, ActionPointListing.where)


def done(items: TrackedItemQuerySet[Any], user: Viewer, whole: ListLink) -> Named:
    """Return what is open though all deliverables that cite it are completed; five queries."""
    asked = whole.asked
    found = items.filter(
        reports.all_it_asked_for_is_completed(user, asked.day), timeliness__in=OPEN_TIMELINESS
    )
    figure = whole.only_open.narrow(deliverables="completed").figure(found.order_by().count())
    rows = read_rows(found, asked)
    cited = reports.asked_for([row.item for row in rows], user, asked.day)
    return Named(
        _("Still open, though what they asked for is completed"),
        _("There is none: no open action point has all its deliverables completed."),
        figure,
        [
            Done(
                row,
                [(one, asked.carry(one.get_absolute_url())) for one in cited.get(row.item.pk, [])],
            )
            for row in rows
        ],
    )


def overdue(items: TrackedItemQuerySet[Any], tally: Tally, whole: ListLink) -> Named:
    """Return what is overdue, the longest first; two queries."""
    late = items.filter(timeliness=Timeliness.OVERDUE).order_by("due", "ref")
    return Named(
        _("Overdue the longest"),
        _("None is overdue."),
        whole.narrow(sort="due").with_timeliness(tally, Timeliness.OVERDUE),
        read_rows(late, whole.asked),
    )


def silent(items: TrackedItemQuerySet[Any], tally: Tally, whole: ListLink) -> Named:
    """Return the open items that no source told of for long, the longest first; two queries."""
    found = items.filter(is_silent=True).order_by("last_word", "ref")
    return Named(
        _("Silent the longest"),
        _("None has been silent for %(days)d days or more.") % {"days": SILENT_DAYS},
        whole.narrow(sort="reported").silent(tally),
        read_rows(found, whole.asked),
    )
