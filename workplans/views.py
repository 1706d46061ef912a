"""Pages and files of deliverables."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from workplans.details import item_page
from workplans.filters import DeliverableFilter
from workplans.item_files import DeliverableFile, HistoryFile
from workplans.lists import Listing, list_page


class DeliverableListing(Listing):
    """The list of deliverables."""

    filter_class = DeliverableFilter
    template = "workplans/deliverable_list.html"
    list_name = "workplans:deliverable_list"
    file_stem = "deliverables"
    reads = ("priority_area__workplan__owner",)
    title_label = gettext_lazy("Deliverable")
    facet_names = (
        "status",
        "timeliness",
        "due",
        "silent",
        "group",
        "workplan",
        "priority_area",
        "lead",
        "role",
        "priority",
        "level",
        "archived",
    )

    @classmethod
    def where(cls, item: Any) -> str:
        workplan = item.priority_area.workplan
        return f"{workplan.owner or workplan} · {item.priority_area}"

    @property
    def count_words(self) -> str:
        words = ngettext("%(count)d deliverable", "%(count)d deliverables", self.count)
        return words % {"count": self.count}


@require_safe
def deliverable_list(request: HttpRequest) -> HttpResponse:
    """Show the deliverables asked for."""
    return list_page(request, DeliverableListing)


@require_safe
def deliverable_detail(request: HttpRequest, ref: str) -> HttpResponse:
    """Show one deliverable with its history."""
    return item_page(request, ref, DeliverableListing, "workplans/deliverable_detail.html")


@require_safe
def deliverables_file(request: HttpRequest, ending: str) -> HttpResponseBase:
    """Send the list that the same query string shows on the page."""
    return DeliverableFile.of(request, DeliverableListing(request)).response(ending)


@require_safe
def deliverables_history(request: HttpRequest, ending: str) -> HttpResponseBase:
    """Send the histories of deliverables, of all of them unless the address asks for fewer."""
    return HistoryFile.of(request, DeliverableListing).response(ending)
