"""Recommendations: the responses to them, their follow-up, and what became of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Case, F, Prefetch, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from actionpoints import reports
from actionpoints.chains import Key, LedTo, Step, key_of
from actionpoints.dashboards import choose
from actionpoints.exports import RecommendationFile
from actionpoints.models import (
    ActionPoint,
    Recommendation,
    RecommendationAddressee,
    RecommendationQuerySet,
    Review,
)
from workplans.charts import Segment, stacked_bar
from workplans.dashboards import NOT_UNDERSTOOD, counted, find
from workplans.details import REF
from workplans.figures import Figure
from workplans.filters import cut
from workplans.lists import ItemRow, day_words, file_name, item_rows
from workplans.models import Level
from workplans.models.tracking import Viewer
from workplans.pages import Asked, ask, render_page
from workplans.reports import Tally, count_states
from workplans.status_words import ACTION_POINT_STATUSES


class RecommendationListing:
    """The recommendations that a query string asks for: those of the page and of its file."""

    def __init__(self, request: HttpRequest) -> None:
        self.user: Viewer = request.user
        self.asked = ask(request, {"review", "response"})
        self.known = Recommendation.objects.visible_to(self.user).existing_on(self.asked.day)
        slugs = self.known.values_list("review__slug", flat=True)
        self.reviews = choose(request, self.asked, "review", slugs)
        self.responses = choose(request, self.asked, "response", Recommendation.Response.values)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.reviews or self.responses)

    @property
    def of_reviews(self) -> RecommendationQuerySet:
        """Those of the reviews asked for, whatever the response to them."""
        return self.known.filter(review__slug__in=self.reviews) if self.reviews else self.known

    @property
    def shown(self) -> RecommendationQuerySet:
        """Those asked for, by review: those that run before archived ones, the latest first."""
        found = self.of_reviews
        if self.responses:
            found = found.filter(response__in=self.responses)
        archived = Case(When(review__archived_on__lte=self.asked.day, then=Value(1)), default=0)
        addressees = RecommendationAddressee.objects.select_related("entity")
        return (
            found.select_related("review__body", "review__source", "second_opinion_by")
            .prefetch_related(Prefetch("addressees", queryset=addressees))
            .order_by(
                archived, F("review__issued_on").desc(nulls_last=True), "review", "order", "ref"
            )
        )

    def follow_up(self, recommendations: Sequence[Recommendation]) -> dict[int, Tally]:
        """Return the counts of the follow-up actions of some recommendations, keyed by these."""
        items = counted(ActionPoint, self.user, self.asked)
        items = items.filter(recommendation__in=recommendations)
        rows = reports.by_recommendation(items, recommendations)
        return {row.subject.pk: row.tally for row in rows}

    def led_to(self, recommendations: Sequence[Recommendation]) -> dict[int, list[str]]:
        """Return the references of all that some recommendations led to, keyed by these.

        What their follow-up actions led to counts, these themselves do not.
        """
        starts: dict[int, list[Key]] = {one.pk: [key_of(one)] for one in recommendations}
        own = ActionPoint.objects.visible_to(self.user).existing_on(self.asked.day)
        own = own.filter(recommendation__in=list(starts)).order_by()
        for recommendation, pk in own.values_list("recommendation", "pk"):
            starts[recommendation].append((ActionPoint, pk))
        found = LedTo((key for keys in starts.values() for key in keys), self.asked, self.user)
        return {pk: found.refs(keys) for pk, keys in starts.items()}

    @property
    def all_url(self) -> str:
        """The address of the list, whose query its files have too."""
        return self.asked.carry(
            reverse("actionpoints:recommendation_list"),
            review=self.reviews or None,
            response=self.responses or None,
        )

    @property
    def download_name(self) -> str:
        """The name of the file: what, which filter, which day."""
        return file_name("recommendations", [*self.reviews, *self.responses], self.asked.day)


@dataclass(frozen=True, slots=True)
class RecommendationRow:
    """A recommendation with its addressees and its follow-up actions of the day.

    `led_to` is how many items it, or its follow-up, led to.
    """

    recommendation: Recommendation
    url: str
    bar: tuple[Segment, ...]
    follow_up: Tally
    led_to: int


@dataclass(frozen=True, slots=True)
class ReviewRows:
    """A review with its recommendations, and how many were answered in which way."""

    review: Review
    is_archived: bool
    responses: tuple[tuple[str, Figure], ...]
    rows: tuple[RecommendationRow, ...]


@require_safe
def recommendation_list(request: HttpRequest) -> HttpResponse:
    """Show the recommendations of each review, the responses, and the follow-up."""
    listing = RecommendationListing(request)
    asked = listing.asked
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    recommendations = list(listing.shown)
    follow_up, led_to = listing.follow_up(recommendations), listing.led_to(recommendations)
    rows = [
        RecommendationRow(
            one,
            asked.carry(one.get_absolute_url()),
            tuple(stacked_bar(follow_up[one.pk].statuses, ACTION_POINT_STATUSES)),
            follow_up[one.pk],
            len(led_to[one.pk]),
        )
        for one in recommendations
    ]
    counts = reports.by_response(listing.of_reviews)
    context = {
        "listing": listing,
        "reviews": [
            review_rows(review, tuple(members), counts, asked)
            for review, members in groupby(rows, key=lambda row: row.recommendation.review)
        ],
    }
    return render_page(request, "actionpoints/recommendation_list.html", asked, context)


def review_rows(
    review: Review,
    rows: tuple[RecommendationRow, ...],
    counts: Mapping[tuple[int, str], int],
    asked: Asked,
) -> ReviewRows:
    """Return a review with its recommendations, and the counts of its responses as links."""
    address = reverse("actionpoints:recommendation_list")
    return ReviewRows(
        review,
        review.is_archived(asked.day),
        tuple(
            (
                str(response.label),
                Figure(
                    counts[review.pk, response.value],
                    asked.carry(address, review=review.slug, response=response.value),
                ),
            )
            for response in Recommendation.Response
            if (review.pk, response.value) in counts
        ),
        rows,
    )


@require_safe
def recommendations_file(request: HttpRequest, ending: str) -> HttpResponseBase:
    """Send the recommendations that the same query string shows on the page."""
    return RecommendationFile(request, RecommendationListing(request)).response(ending)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A follow-up action, a heading over some, or a part of one, and what became of it.

    `combined` are the action points that the source says to combine with it, `steps` the
    tree of what it led to, `parts` what belongs to an action.
    """

    row: ItemRow
    combined: Sequence[ActionPoint]
    steps: Sequence[Step]
    parts: tuple[FollowUp, ...] = ()

    @property
    def is_counted(self) -> bool:
        return bool(self.row.item.level == Level.ITEM)


@require_safe
def recommendation_detail(request: HttpRequest, ref: str) -> HttpResponse:
    """Show one recommendation: the response, the follow-up, and what both led to.

    Raise Http404 in words on a day before its review was issued.
    """
    asked = ask(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    recommendation = find_recommendation(request.user, ref, asked)
    review = recommendation.review
    visible = ActionPoint.objects.visible_to(request.user)
    own = visible.as_of(asked.day).filter(recommendation=recommendation)
    rows = item_rows(own.order_by("order", "ref"), asked)
    start = key_of(recommendation)
    led_to = LedTo([start, *(key_of(row.item) for row in rows)], asked, request.user)
    known = visible.existing_on(asked.day)
    combined = reports.combined_with([row.item.pk for row in rows], known)
    tally = count_states(
        (row.item.status, row.item.timeliness, row.item.is_silent)
        for row in rows
        if row.item.level == Level.ITEM
    )
    context = {
        "recommendation": recommendation,
        "review": review,
        "is_archived": review.is_archived(asked.day),
        "addressees": recommendation.addressees.select_related("entity"),
        "bar": stacked_bar(tally.statuses, ACTION_POINT_STATUSES),
        "count": tally.total,
        "follow_up": follow_up(rows, combined, led_to),
        "steps": led_to.steps(start),
        "has_inferred": led_to.has_inferred,
    }
    return render_page(request, "actionpoints/recommendation_detail.html", asked, context)


def find_recommendation(user: Viewer, ref: str, asked: Asked) -> Recommendation:
    """Return a visible recommendation; raise Http404 in words for none, or one not issued yet."""
    if not REF.fullmatch(ref):
        raise Http404(_("“%(ref)s” is no reference.") % {"ref": cut(ref)})
    recommendations = Recommendation.objects.visible_to(user).select_related(
        "review__body", "review__source", "second_opinion_by"
    )
    recommendation = find(recommendations, ref=ref)
    review = recommendation.review
    if review.issued_on is not None and review.issued_on > asked.day:
        raise Http404(
            _("“%(title)s” was issued on %(issued)s. On %(day)s it was not known yet.")
            % {
                "title": review.title,
                "issued": day_words(review.issued_on),
                "day": day_words(asked.day),
            }
        )
    return recommendation


def follow_up(
    rows: Iterable[ItemRow], combined: Mapping[int, Sequence[ActionPoint]], led_to: LedTo
) -> list[FollowUp]:
    """Return items and headings in their order, each item with its parts."""
    parts: dict[int | None, list[FollowUp]] = {}
    above: list[ItemRow] = []

    def made(row: ItemRow) -> FollowUp:
        pk = row.item.pk
        return FollowUp(
            row, combined.get(pk, ()), led_to.steps(key_of(row.item)), tuple(parts.get(pk, ()))
        )

    for row in rows:
        if row.item.level == Level.PART:
            parts.setdefault(row.item.parent_id, []).append(made(row))
        else:
            above.append(row)
    return [made(row) for row in above]
