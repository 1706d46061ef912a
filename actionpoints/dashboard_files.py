"""The tables of meetings and of the follow-up as files, with the counts that the pages show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from actionpoints.dashboards import MeetingListing
from actionpoints.follow_up import (
    Counts,
    FollowUpRow,
    Kind,
    ask_follow_up,
    by_lead,
    by_theme,
    origins,
)
from actionpoints.models import ActionPoint
from actionpoints.views import ActionPointListing
from workplans.chunks import in_chunks
from workplans.dashboard_files import tally_cells
from workplans.dashboards import counted
from workplans.exports import YES_OR_NO, TableFile, in_order
from workplans.figures import ListLink
from workplans.lists import file_name
from workplans.status_words import ACTION_POINT_STATUSES


class MeetingFile(TableFile):
    """Meetings with what they decided and reviewed; new columns come at the end.

    Where the page shows but the last ones of a body, the file has all.
    """

    title = gettext_lazy("Meetings")
    widths = {"slug": 20, "body": 20, "title": 50, "date_words": 30, "url": 40}
    columns = in_order(
        "slug body title held_on date_words archived decided open overdue completed in_progress"
        " pending discontinued not_reported reviewed url",
        {
            "slug": lambda meeting, _: meeting.slug,
            "body": lambda meeting, _: str(meeting.body),
            "title": lambda meeting, _: meeting.title,
            "held_on": lambda meeting, _: meeting.held_on,
            "date_words": lambda meeting, _: meeting.date_words,
            "archived": lambda meeting, beside: YES_OR_NO[meeting.is_archived(beside["day"])],
            **tally_cells(
                lambda meeting, beside: beside["subjects"][meeting.pk].tally,
                "decided",
                ACTION_POINT_STATUSES,
            ),
            "reviewed": lambda meeting, beside: beside["subjects"][meeting.pk].extra.count,
            "url": lambda meeting, beside: f"{beside['site']}{meeting.get_absolute_url()}",
        },
    )

    def __init__(self, request: HttpRequest, listing: MeetingListing) -> None:
        super().__init__(request, listing.asked)
        self.listing = listing

    @property
    def download_name(self) -> str:
        return self.listing.download_name

    def about(self) -> list[tuple[str, str]]:
        return [*super().about(), *((_("Body"), body) for body in self.listing.bodies)]

    def chunks(self) -> Iterator[list[Any]]:
        return in_chunks(self.listing.found)

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        return {
            **super().read_beside(chunk),
            "day": self.asked.day,
            "subjects": self.listing.subjects(chunk),
        }


class FollowUpFile(TableFile):
    """The tables of the follow-up, one after the other; new columns come at the end.

    Where the page shows but the last meetings and the first themes and leads, the file has all.
    What has no page of its own has the address of the list that it counts.
    """

    title = gettext_lazy("Follow-up")
    widths = {"name": 50, "body": 20, "url": 50}
    columns = in_order(
        "kind name body day action_points open overdue completed in_progress pending"
        " discontinued not_reported url",
        {
            "kind": lambda row, _: row.kind.value,
            "name": lambda row, _: row.subject.label,
            "body": lambda row, _: str(row.body or ""),
            "day": lambda row, _: row.day,
            **tally_cells(lambda row, _: row.subject.tally, "action_points", ACTION_POINT_STATUSES),
            "url": lambda row, beside: f"{beside['site']}{row.url}",
        },
    )

    @property
    def download_name(self) -> str:
        return file_name("follow-up", [], self.asked.day)

    def about(self) -> list[tuple[str, str]]:
        return [*super().about(), (_("Rows"), str(COUNTED_IN_SEVERAL_ROWS))]

    def chunks(self) -> Iterator[list[Any]]:
        whole = ListLink.to(ActionPointListing, self.asked)
        known = counted(ActionPoint, self.request.user, self.asked)
        counts = Counts.of(known)
        leads = by_lead(known.filter(is_archived=False), whole)
        yield [
            *(row for group in origins(counts, whole) for row in (group.own, *group.members)),
            *(FollowUpRow(Kind.THEME, theme) for theme in by_theme(counts.themes, whole).every),
            *(FollowUpRow(Kind.LEAD, lead) for lead in leads.every),
        ]


COUNTED_IN_SEVERAL_ROWS = gettext_lazy(
    "An action point counts in several rows: in that of its body and that of its meeting, or in "
    "that of all reviews and that of its review; then in that of its theme, and of each lead."
)


@require_safe
def meetings_file(request: HttpRequest, ending: str) -> HttpResponseBase:
    """Send the meetings that the same query string shows on the page."""
    return MeetingFile(request, MeetingListing(request)).response(ending)


@require_safe
def follow_up_file(request: HttpRequest, ending: str) -> HttpResponseBase:
    """Send the counts that the same query string shows on the page."""
    asked, _everything = ask_follow_up(request)
    return FollowUpFile(request, asked).response(ending)
