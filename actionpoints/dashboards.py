"""Meetings with what they decided and reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from actionpoints import reports
from actionpoints.models import (
    ActionPoint,
    Meeting,
    PublishableQuerySet,
)
from actionpoints.reports import Told
from actionpoints.views import ActionPointListing
from workplans.dashboards import NOT_UNDERSTOOD, counted, find
from workplans.figures import (
    Headline,
    ListLink,
    StatusTable,
    Subject,
    headlines,
    status_table,
)
from workplans.filters import NONE, name_possible
from workplans.lists import ItemRow, day_words, file_name, item_rows
from workplans.models import Entity, TrackedItemQuerySet
from workplans.models.tracking import Viewer
from workplans.pages import Asked, ask, render_page
from workplans.reports import NOTHING
from workplans.status_words import BY_CODE, StatusWord

# So many meetings of one body are shown among those of others; its own page shows all.
LAST_MEETINGS = 12
# What a meeting reviewed: by theme, and within one by meeting and the order of its record.
IN_RECORD_ORDER = ("theme", "meeting__held_on", "meeting", "order", "ref")


def choose(request: HttpRequest, asked: Asked, name: str, possible: Iterable[str]) -> list[str]:
    """Return the values of a parameter; add a sentence to the errors for each unknown one."""
    given = [value for value in request.GET.getlist(name) if value]
    if given:
        known = sorted(set(possible))
        asked.errors.extend(
            name_possible(name, value, known) for value in given if value not in known
        )
    return given


@dataclass(frozen=True, slots=True)
class BodyMeetings:
    """The meetings of one body, the last first; `is_cut` where earlier ones are not shown."""

    body: Entity
    table: StatusTable | None
    how_many: int
    is_cut: bool
    all_url: str


class MeetingListing:
    """The meetings that a query string asks for: those of the page and of its file."""

    def __init__(self, request: HttpRequest) -> None:
        self.user: Viewer = request.user
        self.asked = ask(request, {"body"})
        self.held = Meeting.objects.visible_to(self.user).filter(held_on__lte=self.asked.day)
        bodies = self.held.values_list("body__slug", flat=True)
        self.bodies = choose(request, self.asked, "body", bodies)

    @property
    def found(self) -> PublishableQuerySet:
        """All that were held by the day, of all bodies or of those asked for."""
        found = self.held.filter(body__slug__in=self.bodies) if self.bodies else self.held
        return in_order_of_bodies(found)

    @property
    def shown(self) -> PublishableQuerySet:
        """Those of the page: the last ones of each body, unless bodies are asked for."""
        return self.found if self.bodies else in_order_of_bodies(last_of_each_body(self.held))

    def subjects(self, meetings: Sequence[Meeting]) -> dict[int, Subject]:
        """Return the counts of some of the meetings, keyed by these."""
        return meeting_subjects(meetings, counted(ActionPoint, self.user, self.asked), self.asked)

    @property
    def all_url(self) -> str:
        """The address of the page, whose query its files have too."""
        return self.asked.carry(reverse("actionpoints:meeting_list"), body=self.bodies or None)

    @property
    def download_name(self) -> str:
        """The name of the file: what, which filter, which day."""
        return file_name("meetings", self.bodies, self.asked.day)


@require_safe
def meeting_list(request: HttpRequest) -> HttpResponse:
    """Show the meetings held by the day asked for, by body, the last of each first."""
    listing = MeetingListing(request)
    asked = listing.asked
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    meetings = list(listing.shown)
    how_many = reports.meetings_by_body(listing.held)
    subjects = listing.subjects(meetings)
    context = {
        "listing": listing,
        "bodies": [
            body_meetings(list(members), subjects, how_many, asked)
            for _body, members in groupby(meetings, key=lambda meeting: meeting.body_id)
        ],
        "ahead": ahead(request, asked, listing.bodies),
    }
    return render_page(request, "actionpoints/meeting_list.html", asked, context)


def ahead(request: HttpRequest, asked: Asked, bodies: Sequence[str]) -> list[Meeting]:
    """Return the next meetings of all bodies or of some, the nearest first; none of a past day."""
    if asked.is_past:
        return []
    meetings = Meeting.objects.visible_to(request.user).filter(held_on__gt=asked.day)
    if bodies:
        meetings = meetings.filter(body__slug__in=bodies)
    return list(meetings.select_related("body").order_by("held_on", "slug")[:LAST_MEETINGS])


def in_order_of_bodies(meetings: PublishableQuerySet) -> PublishableQuerySet:
    """Fetch meetings with their bodies, by these, the last of each first."""
    return meetings.select_related("body").order_by(
        "body__acronym", "body__name", "body_id", "-held_on", "slug"
    )


def last_of_each_body(meetings: PublishableQuerySet) -> PublishableQuerySet:
    """Keep the last meetings of each body."""
    order = [F("held_on").desc(), F("slug").asc()]
    return meetings.annotate(
        place=Window(RowNumber(), partition_by=F("body"), order_by=order)
    ).filter(place__lte=LAST_MEETINGS)


def body_meetings(
    meetings: Sequence[Meeting],
    subjects: Mapping[int, Subject],
    how_many: Mapping[int, int],
    asked: Asked,
) -> BodyMeetings:
    """Return the meetings of one body as a table."""
    body = meetings[0].body
    return BodyMeetings(
        body=body,
        table=status_table(
            _("Action points that each meeting decided, by status"),
            _("Meeting"),
            [subjects[meeting.pk] for meeting in meetings],
            extra_heading=_("Reviewed"),
        ),
        how_many=how_many[body.pk],
        is_cut=how_many[body.pk] > len(meetings),
        all_url=asked.carry(reverse("actionpoints:meeting_list"), body=body.slug),
    )


def meeting_subjects(
    meetings: Sequence[Meeting], items: TrackedItemQuerySet[Any], asked: Asked
) -> dict[int, Subject]:
    """Return what each meeting decided, and how many it reviewed, ready for a table.

    Two queries. The action points of an archived meeting are counted in its own row,
    and the links to them ask for archived ones.
    """
    decided = {row.subject.pk: row.tally for row in reports.by_meeting(items, meetings)}
    reviewed = reports.reviewed_by_meeting(items, [meeting.pk for meeting in meetings], asked.day)
    action_points = ListLink.to(ActionPointListing, asked)
    subjects = {}
    for meeting in meetings:
        archived = "all" if meeting.is_archived(asked.day) else None
        subjects[meeting.pk] = Subject(
            label=meeting.title,
            url=meeting.get_absolute_url(),
            tally=decided[meeting.pk],
            items=action_points.narrow(meeting=meeting.slug, archived=archived),
            note=meeting_words(meeting, asked),
            extra=action_points.narrow(reviewed_at=meeting.slug, archived="all").figure(
                reviewed.get(meeting.pk, 0)
            ),
        )
    return subjects


def meeting_words(meeting: Meeting, asked: Asked) -> str:
    """Return the day of a meeting, and whether it is archived."""
    words = meeting.date_words or day_words(meeting.held_on)
    if meeting.is_archived(asked.day):
        return _("%(day)s, archived") % {"day": words}
    return words


@require_safe
def meeting_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one meeting: what it decided, what it reviewed, who took part.

    Raise Http404 in words on a day before it was held.
    """
    asked = ask(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    meetings = Meeting.objects.visible_to(request.user).select_related("body", "record")
    meeting = find(meetings, slug=slug)
    if meeting.held_on > asked.day:
        raise Http404(
            _("“%(title)s” was held on %(held)s. On %(day)s it had not taken place yet.")
            % {
                "title": meeting.title,
                "held": day_words(meeting.held_on),
                "day": day_words(asked.day),
            }
        )
    is_archived = meeting.is_archived(asked.day)
    items = counted(ActionPoint, request.user, asked)
    whole = ListLink.to(ActionPointListing, asked).narrow(
        meeting=meeting.slug, archived="all" if is_archived else None
    )
    decided = items.filter(meeting=meeting)
    figures, table = status_rows(
        decided,
        whole,
        _("Action points it decided, by theme and status"),
        judged=not is_archived,
    )
    context = {
        "meeting": meeting,
        "is_archived": is_archived,
        "attendees": meeting.attendees.all(),
        "headlines": figures,
        "table": table,
        "themes": themes(decided, asked),
        "reviewed": reviewed_here(meeting, items, asked),
    }
    return render_page(request, "actionpoints/meeting_detail.html", asked, context)


def status_rows(
    items: TrackedItemQuerySet[Any], whole: ListLink, caption: str, judged: bool = True
) -> tuple[list[Headline], StatusTable | None]:
    """Return the large figures of some action points, and their counts by theme.

    A single theme needs no table. What is archived is not `judged`. One query.
    """
    counts = reports.by_theme(items)
    total = sum(counts.values(), NOTHING)
    table = None
    if len(counts) > 1:
        subjects = [
            Subject(
                label=theme or _("Without a theme"),
                url="",
                tally=tally,
                items=whole.narrow(theme=theme or NONE),
            )
            for theme, tally in counts.items()
        ]
        table = status_table(caption, _("Theme"), subjects, whole)
    return headlines(total, whole, _("action points"), judged=judged), table


@dataclass(frozen=True, slots=True)
class Theme:
    """The action points of one theme, in the order of their record."""

    name: str
    rows: tuple[ItemRow, ...]


def themes(items: TrackedItemQuerySet[Any], asked: Asked) -> list[Theme]:
    """Return some action points by theme, themes and items in the order of their record."""
    by_name: dict[str, list[ItemRow]] = {}
    ordered = items.select_related("parent").order_by("order", "ref")
    for row in item_rows(ordered, asked, heading_of):
        by_name.setdefault(row.item.theme, []).append(row)
    return [Theme(name, tuple(rows)) for name, rows in by_name.items()]


def heading_of(item: ActionPoint) -> str:
    """Return the heading that an action point stands under, or ""."""
    return item.parent.title if item.parent else ""


@dataclass(frozen=True, slots=True)
class ReviewedRow:
    """What a meeting's record told about one action point, beside its state of the day."""

    row: ItemRow
    told: Told
    word: StatusWord | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a meeting reviewed: counts of the day asked for, and what its record told.

    `then_url` leads to the same action points on the day of the record.
    """

    headlines: list[Headline]
    table: StatusTable | None
    rows: list[ReviewedRow]
    record_day: date
    then_url: str


def reviewed_here(meeting: Meeting, items: Any, asked: Asked) -> Reviewed:
    """Return what a meeting reviewed, of whatever body; archived ones among them."""
    items = items.reviewed_at(meeting, asked.day)
    whole = ListLink.to(ActionPointListing, asked).narrow(reviewed_at=meeting.slug, archived="all")
    figures, table = status_rows(items, whole, _("Action points it reviewed, by theme and status"))
    rows = item_rows(
        items.select_related(*ActionPointListing.reads).order_by(*IN_RECORD_ORDER),
        asked,
        ActionPointListing.where,
    )
    told = reports.told_by_record(meeting, [row.item for row in rows], asked.day)
    by_item = {one.item.pk: one for one in told}
    record_day = meeting.held_on
    if meeting.record is not None and meeting.record.dated is not None:
        record_day = max(record_day, meeting.record.dated)
    return Reviewed(
        headlines=figures,
        table=table,
        rows=[
            ReviewedRow(row, one, BY_CODE[one.status] if one.status else None)
            for row in rows
            if (one := by_item.get(row.item.pk))
        ],
        record_day=record_day,
        then_url=ListLink(
            replace(asked, day=record_day, chosen=True), whole.address, whole.statuses
        )
        .narrow(**whole.parameters)
        .url,
    )
