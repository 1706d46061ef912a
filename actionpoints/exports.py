"""Files of action points and of recommendations: the columns that only they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from actionpoints import reports
from actionpoints.models import ActionPoint, Mandate, Meeting, Recommendation, Review
from workplans.chunks import in_chunks
from workplans.dashboard_files import tally_cells
from workplans.exports import YES_OR_NO, TableFile, in_order, joined
from workplans.item_files import ItemFile
from workplans.item_tables import (
    SHARED_READS,
    ItemTable,
    Read,
    columns_in_order,
    just,
    looked_up,
)
from workplans.models import Deliverable
from workplans.status_words import ACTION_POINT_STATUSES

if TYPE_CHECKING:
    from actionpoints.recommendations import RecommendationListing


class ActionPointTable(ItemTable):
    """Action points; the columns are permanent, new ones come at the end."""

    model = ActionPoint
    reads = (*SHARED_READS, "theme", "meeting_id", "recommendation_id")
    columns = columns_in_order(
        "ref body meeting meeting_date theme parent level title status status_label status_since"
        " wording leads supporting timeframe due timeliness last_reported_on narrative"
        " deliverables recommendation source url review combine_with comments indicators"
        " locator archived timeframe_inherited uncertain",
        {
            "body": looked_up("bodies", "meeting_id"),
            "meeting": looked_up("meetings", "meeting_id"),
            "meeting_date": looked_up("meeting_days", "meeting_id"),
            "theme": just("theme"),
            "deliverables": looked_up("deliverables", "pk"),
            "recommendation": looked_up("recommendations", "recommendation_id"),
            "review": looked_up("reviews", "recommendation_id"),
            "combine_with": looked_up("combined", "pk"),
        },
    )

    def read_beside(self, read: Read) -> dict[str, Any]:
        """Read also the deliverables that cite each action point, and what to combine it with.

        And of which meeting or recommendation it is.
        """
        self.read_meetings(set(read["meeting_id"]))
        self.read_recommendations(set(read["recommendation_id"]))
        cited: dict[int, list[str]] = {}
        known = Deliverable.objects.visible_to(self.user).existing_on(self.day)
        rows = (
            Mandate.objects.known_on(self.day)
            .filter(by_action_point__in=read["pk"])
            .filter(deliverable__in=known.order_by().values("pk"))
            .order_by("deliverable__ref")
            .values_list("by_action_point", "deliverable__ref")
        )
        for item_id, ref in rows:
            cited.setdefault(item_id, []).append(ref)
        action_points = ActionPoint.objects.visible_to(self.user).existing_on(self.day)
        combined = reports.combined_with(read["pk"], action_points)
        return {
            **super().read_beside(read),
            "deliverables": {item: joined(refs) for item, refs in cited.items()},
            "combined": {
                item: joined(one.ref for one in others) for item, others in combined.items()
            },
        }

    def read_meetings(self, wanted: set[int | None]) -> None:
        """Read the names, bodies and days of meetings that are not known yet."""
        meetings, bodies, held = (
            self.beside.setdefault(name, {}) for name in ("meetings", "bodies", "meeting_days")
        )
        if new := wanted - meetings.keys() - {None}:
            found = Meeting.objects.filter(pk__in=new).select_related("body").order_by()
            for meeting in found:
                meetings[meeting.pk], bodies[meeting.pk] = meeting.title, str(meeting.body)
                held[meeting.pk] = meeting.held_on

    def read_recommendations(self, wanted: set[int | None]) -> None:
        """Read the references and reviews of recommendations that are not known yet."""
        refs, reviews = (
            self.beside.setdefault(name, {}) for name in ("recommendations", "reviews")
        )
        if new := wanted - refs.keys() - {None}:
            found = Recommendation.objects.filter(pk__in=new).select_related("review").order_by()
            for recommendation in found:
                refs[recommendation.pk] = recommendation.ref
                reviews[recommendation.pk] = recommendation.review.title


class ActionPointFile(ItemFile):
    """Action points."""

    table_class = ActionPointTable
    title = gettext_lazy("Action points")


def source_of(review: Review, beside: Mapping[str, Any]) -> str:
    source = review.source
    return beside["shown_title"](source.title, source.published) if source else ""


class RecommendationFile(TableFile):
    """Recommendations; the columns are permanent, new ones come at the end.

    Follow-up actions are counted by status; `follow_up_open` and `follow_up_overdue` leave
    those of an archived review out, as every figure does.
    """

    title = gettext_lazy("Recommendations")
    widths = {"ref": 20, "review": 30, "title": 50, "text": 60, "response_words": 60, "url": 40}
    columns = in_order(
        "ref review body issued_on archived number title text addressees response response_label"
        " response_words second_opinion second_opinion_by follow_up_actions follow_up_open"
        " follow_up_overdue follow_up_completed follow_up_in_progress follow_up_pending"
        " follow_up_discontinued follow_up_not_reported led_to source url",
        {
            "ref": lambda one, _: one.ref,
            "review": lambda one, _: one.review.title,
            "body": lambda one, _: str(one.review.body or ""),
            "issued_on": lambda one, _: one.review.issued_on,
            "archived": lambda one, beside: YES_OR_NO[one.review.is_archived(beside["day"])],
            "number": lambda one, _: one.number,
            "title": lambda one, _: one.title,
            "text": lambda one, _: one.text,
            "addressees": lambda one, _: joined(str(each.entity) for each in one.addressees.all()),
            "response": lambda one, _: one.response,
            "response_label": lambda one, _: str(one.get_response_display()),
            "response_words": lambda one, _: one.response_words,
            "second_opinion": lambda one, _: one.second_opinion,
            "second_opinion_by": lambda one, _: str(one.second_opinion_by or ""),
            **tally_cells(
                lambda one, beside: beside["follow_up"][one.pk],
                "follow_up_actions",
                ACTION_POINT_STATUSES,
                prefix="follow_up_",
            ),
            "led_to": lambda one, beside: joined(beside["led_to"][one.pk]),
            "source": lambda one, beside: source_of(one.review, beside),
            "url": lambda one, beside: f"{beside['site']}{one.get_absolute_url()}",
        },
    )

    def __init__(self, request: HttpRequest, listing: RecommendationListing) -> None:
        super().__init__(request, listing.asked)
        self.listing = listing

    @property
    def download_name(self) -> str:
        return self.listing.download_name

    def chunks(self) -> Iterator[list[Any]]:
        return in_chunks(self.listing.shown)

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        return {
            **super().read_beside(chunk),
            "day": self.asked.day,
            "follow_up": self.listing.follow_up(chunk),
            "led_to": self.listing.led_to(chunk),
        }
