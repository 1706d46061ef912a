"""What lists of action points can be narrowed by."""

from __future__ import annotations

from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext_lazy

from actionpoints.models import ActionPoint, Meeting
from workplans.filters import (
    COMMON_SORT_LABELS,
    COMMON_SORTS,
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
    sorts = {**COMMON_SORTS, "meeting": F("meeting__held_on")}
    sort_labels = {**COMMON_SORT_LABELS, "meeting": gettext_lazy("Meeting")}

    body = ChoicesFilter(label=gettext_lazy("Body"), method="by_body")
    meeting = ChoicesFilter(label=gettext_lazy("Decided at"), method="by_meeting")
    reviewed_at = ChoicesFilter(label=gettext_lazy("Reviewed at"), method="by_review")
    theme = ChoicesFilter(label=gettext_lazy("Theme"))
    wording = ChoicesFilter(label=gettext_lazy("Wording"), choices=Wording.choices)

    def meetings(self) -> Any:
        return Meeting.objects.visible_to(self.user)

    def choices_body(self) -> Choices:
        bodies = self.meetings().order_by().values("body")
        return entity_choices(Entity.objects.filter(pk__in=bodies))

    @cached_property
    def meeting_choices(self) -> list[tuple[str, str]]:
        return list(self.meetings().values_list("slug", "title"))

    def choices_meeting(self) -> Choices:
        return self.meeting_choices

    def choices_reviewed_at(self) -> Choices:
        return self.meeting_choices

    def choices_theme(self) -> Choices:
        themes = ActionPoint.objects.visible_to(self.user).existing_on(self.day).exclude(theme="")
        names = themes.order_by("theme").values_list("theme", flat=True).distinct()
        return [(name, name) for name in names]

    def by_body(self, items: Any, name: str, slugs: list[str]) -> Any:
        return items.filter(meeting__body__slug__in=slugs)

    def by_meeting(self, items: Any, name: str, slugs: list[str]) -> Any:
        return items.filter(meeting__slug__in=slugs)

    def by_review(self, items: Any, name: str, slugs: list[str]) -> Any:
        """Keep those, of whatever body, that the record of one of the meetings told of."""
        meetings = self.meetings().filter(slug__in=slugs)
        reviewed = (ActionPoint.objects.reviewed_at(one, self.day).values("pk") for one in meetings)
        return items.filter(reduce(or_, (Q(pk__in=keys.order_by()) for keys in reviewed), NEVER))
