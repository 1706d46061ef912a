"""Action points in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.fields import Field

from actionpoints.exports import ActionPointTable
from actionpoints.models import ActionPoint, ActionPointUpdate, Meeting, Recommendation
from workplans.importing.cells import ChoiceWidget, LookupWidget, TextWidget, by_names, days_of
from workplans.importing.items import ItemResource
from workplans.importing.resources import SheetRow, cell_words
from workplans.importing.updates import UpdateResource
from workplans.models import Wording


class ActionPointResource(ItemResource):
    """Action points of meetings and recommendations that are there already, or of neither."""

    model = ActionPoint
    table_class = ActionPointTable
    origin_columns = ("meeting", "recommendation")
    origin_fields = frozenset({"meeting", "recommendation"})
    follows = frozenset({"body", "meeting_date", "review", "url"})

    theme = Field(widget=TextWidget(longest=150))
    wording = Field(widget=ChoiceWidget(Wording.choices, default=Wording.FINAL))
    meeting = Field(widget=LookupWidget(gettext_lazy("a meeting")))
    recommendation = Field(widget=LookupWidget(gettext_lazy("the reference of a recommendation")))

    def lock_origins(self) -> None:
        for model in (Meeting, Recommendation):
            list(model.objects.select_for_update().order_by("pk").values_list("pk"))

    def prepare(self, rows: Sequence[SheetRow]) -> None:
        meetings = list(Meeting.objects.all())
        self.meetings = by_names(
            (name, meeting) for meeting in meetings for name in (meeting.title, meeting.slug)
        )
        # Meetings of one title are told apart by their days.
        self.meetings |= {
            f"{meeting.title} {meeting.held_on}".casefold(): meeting for meeting in meetings
        }
        recommendations = list(Recommendation.objects.all())
        self.recommendations = by_names((one.ref, one) for one in recommendations)
        self.origins: dict[tuple[str, int], Any] = {("meeting", one.pk): one for one in meetings}
        self.origins |= {("recommendation", one.pk): one for one in recommendations}

    def read_origin(self, row: SheetRow, item: Any) -> None:
        for name in self.origin_columns:
            setattr(item, name, self.origins.get((name, getattr(item, f"{name}_id"))))
        if "meeting" in row.edited:
            self._name_by_day(row)
            self.change(row, "meeting", row.read("meeting", self.meetings))
        if "recommendation" in row.edited:
            after = row.read("recommendation", self.recommendations)
            self.change(row, "recommendation", after, after.ref if after else "")
        if item.meeting_id and item.recommendation_id:
            row.verdict.refuse(
                "recommendation",
                item.recommendation.ref,
                _("It comes from its meeting or a recommendation, not both."),
            )

    def _name_by_day(self, row: SheetRow) -> None:
        """Add the day of the meeting to its title, where several have that title."""
        title, day = cell_words(row.edited["meeting"]), row.edited.get("meeting_date")
        if self.meetings.get(title.casefold(), title) is None and day:
            days = [day] if isinstance(day, date) else days_of(cell_words(day))
            if len(days) == 1:
                row.edited["meeting"] = f"{title} {days[0].isoformat()}"

    def first_day(self, item: Any) -> date:
        return min(item.meeting.held_on, self.today) if item.meeting else self.today


class ActionPointUpdateResource(UpdateResource):
    """Updates of action points."""

    model = ActionPointUpdate
    item_model = ActionPoint
