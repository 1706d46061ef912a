"""Pages and files of action points."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from actionpoints.exports import ActionPointFile
from actionpoints.filters import ActionPointFilter
from workplans.details import item_page
from workplans.item_files import HistoryFile
from workplans.lists import Listing, day_words, list_page


class ActionPointListing(Listing):
    """The list of action points."""

    filter_class = ActionPointFilter
    template = "actionpoints/action_point_list.html"
    list_name = "actionpoints:action_point_list"
    file_stem = "action-points"
    reads = ("meeting__body", "recommendation__review__body")
    title_label = gettext_lazy("Action point")
    facet_names = (
        "status",
        "timeliness",
        "due",
        "silent",
        "body",
        "meeting",
        "reviewed_at",
        "review",
        "theme",
        "deliverables",
        "lead",
        "role",
        "wording",
        "level",
        "archived",
    )

    @classmethod
    def where(cls, item: Any) -> str:
        parts = [item.theme] if item.theme else []
        if item.meeting is not None:
            parts[:0] = [str(item.meeting.body), day_words(item.meeting.held_on)]
        elif item.recommendation is not None:
            parts[:0] = [str(item.recommendation)]
        return " · ".join(parts)

    @property
    def count_words(self) -> str:
        words = ngettext("%(count)d action point", "%(count)d action points", self.count)
        return words % {"count": self.count}


@require_safe
def action_point_list(request: HttpRequest) -> HttpResponse:
    """Show the action points asked for."""
    return list_page(request, ActionPointListing)


@require_safe
def action_point_detail(request: HttpRequest, ref: str) -> HttpResponse:
    """Show one action point with its history."""
    return item_page(request, ref, ActionPointListing, "actionpoints/action_point_detail.html")


@require_safe
def action_points_file(request: HttpRequest, ending: str) -> HttpResponseBase:
    """Send the list that the same query string shows on the page."""
    return ActionPointFile.of(request, ActionPointListing(request)).response(ending)


@require_safe
def action_points_history(request: HttpRequest, ending: str) -> HttpResponseBase:
    """Send the histories of action points, of all of them unless the address asks for fewer."""
    return HistoryFile.of(request, ActionPointListing).response(ending)
