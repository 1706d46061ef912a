"""Files of action points: the columns that only they have."""

from __future__ import annotations

from typing import Any

from actionpoints.models import Mandate
from workplans.exports import ItemFile, columns_in_order, joined
from workplans.models import Deliverable


class ActionPointFile(ItemFile):
    """Action points; the columns are permanent, new ones come at the end."""

    columns = columns_in_order(
        "ref body meeting meeting_date theme parent level title status status_label status_since"
        " wording leads supporting timeframe due timeliness last_reported_on narrative"
        " deliverables recommendation source url",
        body=lambda row, _: str(row.item.meeting.body) if row.item.meeting else "",
        meeting=lambda row, _: row.item.meeting.title if row.item.meeting else "",
        meeting_date=lambda row, _: row.item.meeting.held_on if row.item.meeting else None,
        theme=lambda row, _: row.item.theme,
        deliverables=lambda row, beside: joined(beside["deliverables"].get(row.item.pk, ())),
        recommendation=lambda row, _: (
            row.item.recommendation.ref if row.item.recommendation else ""
        ),
    )

    def read_beside(self, items: list[Any]) -> dict[str, Any]:
        """Read also the references of the deliverables that cite each action point."""
        day = self.listing.asked.day
        known = Deliverable.objects.visible_to(self.request.user).existing_on(day)
        cited: dict[int, list[str]] = {}
        rows = (
            Mandate.objects.known_on(day)
            .filter(by_action_point__in=[item.pk for item in items])
            .filter(deliverable__in=known.order_by().values("pk"))
            .order_by("deliverable__ref")
            .values_list("by_action_point", "deliverable__ref")
        )
        for item_id, ref in rows:
            cited.setdefault(item_id, []).append(ref)
        return {**super().read_beside(items), "deliverables": cited}
