"""What lists of action points can be narrowed by."""

from __future__ import annotations

from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.db.models import BooleanField, Case, F, Q, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actionpoints.models import ActionPoint, Meeting, Review
from actionpoints.reports import all_it_asked_for_is_completed, reviewed_by_meeting
from workplans.facets import ByColumns
from workplans.filters import (
    COMMON_COLUMNS,
    COMMON_SORT_LABELS,
    COMMON_SORTS,
    NONE,
    ChoiceFilter,
    Choices,
    ChoicesFilter,
    TrackedItemFilter,
    entity_choices,
)
from workplans.models import Entity, Wording

NEVER = Q(pk__in=[])


class ActionPointFilter(TrackedItemFilter):
    """What a list of action points is narrowed by."""

    model = ActionPoint
    facet_columns = {
        **COMMON_COLUMNS,
        "body": ByColumns(("meeting__body__slug",), lambda slug: [slug or NONE]),
        "meeting": ByColumns(("meeting__slug",), lambda slug: [slug]),
        "review": ByColumns(("recommendation__review__slug",), lambda slug: [slug or NONE]),
        "theme": ByColumns(("theme",), lambda theme: [theme or NONE]),
        "deliverables": ByColumns(
            ("are_completed",), lambda completed: ["completed"] if completed else []
        ),
        "wording": ByColumns(("wording",), lambda wording: [wording]),
    }
    sorts = {**COMMON_SORTS, "meeting": F("meeting__held_on")}
    sort_labels = {**COMMON_SORT_LABELS, "meeting": gettext_lazy("Meeting")}

    body = ChoicesFilter(label=gettext_lazy("Body"), method="by_body")
    meeting = ChoicesFilter(label=gettext_lazy("Decided at"), method="by_meeting")
    reviewed_at = ChoicesFilter(label=gettext_lazy("Reviewed at"), method="by_review")
    review = ChoicesFilter(label=gettext_lazy("Follow-up of"), method="by_followed")
    theme = ChoicesFilter(label=gettext_lazy("Theme"), method="by_theme")
    deliverables = ChoiceFilter(
        label=gettext_lazy("What it asked for"),
        choices=[("completed", gettext_lazy("all completed"))],
        method="by_deliverables",
    )
    wording = ChoicesFilter(label=gettext_lazy("Wording"), choices=Wording.choices)

    def facet_annotations(self) -> dict[str, Any]:
        are_completed = Case(
            When(all_it_asked_for_is_completed(self.user, self.day), then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
        return {**super().facet_annotations(), "are_completed": are_completed}

    def wanted(self, name: str) -> list[str]:
        wanted = super().wanted(name)
        if name != "body" or not wanted:
            return wanted
        return [*self.present(wanted), *({NONE} & {*wanted})]

    def count_reviewed_at(self) -> dict[str, int]:
        """Return how many of the items each meeting's record told of, by its address."""
        items = self.narrowed("reviewed_at")
        counts = reviewed_by_meeting(items, self.meeting_slugs, self.day)
        return {self.meeting_slugs[meeting]: how_many for meeting, how_many in counts.items()}

    def meetings(self) -> Any:
        return Meeting.objects.visible_to(self.user)

    def choices_body(self) -> Choices:
        bodies = self.meetings().order_by().values("body")
        named = entity_choices(Entity.objects.filter(pk__in=bodies))
        return [*named, (NONE, _("no meeting"))]

    @cached_property
    def meeting_rows(self) -> list[tuple[int, str, str]]:
        return list(self.meetings().values_list("pk", "slug", "title"))

    @property
    def meeting_slugs(self) -> dict[int, str]:
        return {pk: slug for pk, slug, _title in self.meeting_rows}

    @property
    def meeting_choices(self) -> list[tuple[str, str]]:
        return [(slug, title) for _pk, slug, title in self.meeting_rows]

    def choices_meeting(self) -> Choices:
        return self.meeting_choices

    def choices_reviewed_at(self) -> Choices:
        return self.meeting_choices

    def choices_theme(self) -> Choices:
        themes = ActionPoint.objects.visible_to(self.user).existing_on(self.day).exclude(theme="")
        names = themes.order_by("theme").values_list("theme", flat=True).distinct()
        return [*((name, name) for name in names), (NONE, _("no theme"))]

    def knows_body(self, slug: str) -> bool:
        return self.knows_former(slug)

    def choices_review(self) -> Choices:
        reviews = Review.objects.visible_to(self.user).values_list("slug", "title")
        return [*reviews, (NONE, _("no review"))]

    def by_followed(self, items: Any, name: str, slugs: list[str]) -> Any:
        of_reviews = Q(recommendation__review__slug__in=slugs)
        none = Q(recommendation__isnull=True)
        return items.filter(of_reviews | none if NONE in slugs else of_reviews)

    def by_deliverables(self, items: Any, name: str, values: list[str]) -> Any:
        return items.filter(all_it_asked_for_is_completed(self.user, self.day))

    def by_body(self, items: Any, name: str, slugs: list[str]) -> Any:
        of_bodies = Q(meeting__body__slug__in=self.present(slugs))
        return items.filter(of_bodies | Q(meeting__isnull=True) if NONE in slugs else of_bodies)

    def by_theme(self, items: Any, name: str, themes: list[str]) -> Any:
        return items.filter(theme__in=["" if theme == NONE else theme for theme in themes])

    def by_meeting(self, items: Any, name: str, slugs: list[str]) -> Any:
        return items.filter(meeting__slug__in=slugs)

    def by_review(self, items: Any, name: str, slugs: list[str]) -> Any:
        """Keep those, of whatever body, that the record of one of the meetings told of."""
        meetings = self.meetings().filter(slug__in=slugs)
        reviewed = (ActionPoint.objects.reviewed_at(one, self.day).values("pk") for one in meetings)
        return items.filter(reduce(or_, (Q(pk__in=keys.order_by()) for keys in reviewed), NEVER))
