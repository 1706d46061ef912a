"""Files of action points and of recommendations: the columns that only they have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from actionpoints import reports
from actionpoints.models import ActionPoint, Mandate, Review
from workplans.exports import Cells, TableFile, in_order, joined, yes_or_no
from workplans.item_files import ItemFile
from workplans.item_tables import SHARED_READS, ItemTable, columns_in_order
from workplans.lists import in_chunks
from workplans.models import Deliverable, Timeliness
from workplans.status_words import ACTION_POINT_STATUSES, NOT_REPORTED, public_code

if TYPE_CHECKING:
    from actionpoints.recommendations import RecommendationListing


class ActionPointTable(ItemTable):
    """Action points; the columns are permanent, new ones come at the end."""

    model = ActionPoint
    reads = (
        *SHARED_READS,
        "theme",
        "meeting__title",
        "meeting__held_on",
        "meeting__body__acronym",
        "meeting__body__name",
        "recommendation__ref",
        "recommendation__review__title",
    )
    columns = columns_in_order(
        "ref body meeting meeting_date theme parent level title status status_label status_since"
        " wording leads supporting timeframe due timeliness last_reported_on narrative"
        " deliverables recommendation source url review combine_with comments indicators"
        " locator archived timeframe_inherited uncertain",
        body=lambda row, _: row.meeting__body__acronym or row.meeting__body__name,
        meeting=lambda row, _: row.meeting__title,
        meeting_date=lambda row, _: row.meeting__held_on,
        theme=lambda row, _: row.theme,
        deliverables=lambda row, beside: joined(beside["deliverables"].get(row.pk, ())),
        recommendation=lambda row, _: row.recommendation__ref,
        review=lambda row, _: row.recommendation__review__title,
        combine_with=lambda row, beside: joined(
            one.ref for one in beside["combined"].get(row.pk, ())
        ),
    )

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        """Read also the references of the deliverables that cite each action point.

        And those of the action points that are to be combined with it.
        """
        day = self.day
        known = Deliverable.objects.visible_to(self.user).existing_on(day)
        cited: dict[int, list[str]] = {}
        rows = (
            Mandate.objects.known_on(day)
            .filter(by_action_point__in=[item.pk for item in chunk])
            .filter(deliverable__in=known.order_by().values("pk"))
            .order_by("deliverable__ref")
            .values_list("by_action_point", "deliverable__ref")
        )
        for item_id, ref in rows:
            cited.setdefault(item_id, []).append(ref)
        action_points = ActionPoint.objects.visible_to(self.user).existing_on(day)
        return {
            **super().read_beside(chunk),
            "deliverables": cited,
            "combined": reports.combined_with(chunk, action_points),
        }


class ActionPointFile(ItemFile):
    """Action points."""

    table_class = ActionPointTable
    title = gettext_lazy("Action points")


def follow_up_cells() -> dict[str, Cells]:
    """Return the counts of follow-up actions: all, open, overdue, and those of each status."""

    def counted(count: Callable[[Any], int]) -> Cells:
        return lambda one, beside: count(beside["follow_up"][one.pk])

    def of_status(code: str) -> Cells:
        return counted(lambda tally: tally.with_status(code))

    return {
        "follow_up_actions": counted(lambda tally: tally.total),
        "follow_up_open": counted(lambda tally: tally.open),
        "follow_up_overdue": counted(lambda tally: tally.with_timeliness(Timeliness.OVERDUE)),
        **{
            f"follow_up_{public_code(word.code)}": of_status(word.code)
            for word in (*ACTION_POINT_STATUSES, NOT_REPORTED)
        },
    }


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
            "archived": lambda one, beside: yes_or_no(one.review.is_archived(beside["day"])),
            "number": lambda one, _: one.number,
            "title": lambda one, _: one.title,
            "text": lambda one, _: one.text,
            "addressees": lambda one, _: joined(str(each.entity) for each in one.addressees.all()),
            "response": lambda one, _: one.response,
            "response_label": lambda one, _: str(one.get_response_display()),
            "response_words": lambda one, _: one.response_words,
            "second_opinion": lambda one, _: one.second_opinion,
            "second_opinion_by": lambda one, _: str(one.second_opinion_by or ""),
            **follow_up_cells(),
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
