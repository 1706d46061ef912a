"""Who asked for an item, decision behind decision, and what came of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django import template
from django.db.models import Q

from actionpoints.models import ActionPoint, Mandate, Recommendation
from workplans.lists import ItemRow, day_words, item_rows
from workplans.models import Deliverable
from workplans.models.tracking import Viewer
from workplans.pages import Asked

register = template.Library()

# From a deliverable over action points to a recommendation no chain is longer.
LONGEST_CHAIN = 5


@dataclass(slots=True)
class Link:
    """One mandate of an item; `behind` are the mandates of the action point that decided it.

    `action_point` and `recommendation` are empty where the visitor may not see them.
    """

    mandate: Mandate
    action_point: ItemRow | None = None
    recommendation: Recommendation | None = None
    behind: list[Link] = field(default_factory=list)

    @property
    def printed(self) -> str:
        """The date's words in the document, unless they are the day as read."""
        words, day = self.mandate.date_words, self.mandate.decided_on
        return "" if day is not None and words == day_words(day) else words


def read_chain(item: Any, asked: Asked, user: Viewer) -> list[Link]:
    """Return the mandates of an item by the day asked for, each with those behind it.

    Four queries for each step of the chain, however many mandates it has. An action
    point that leads back to itself ends the chain.
    """
    of_item = {"deliverable": item} if isinstance(item, Deliverable) else {"action_point": item}
    top: list[Link] = []
    below: dict[int | None, list[Link]] = {}
    seen: set[int | None] = set() if isinstance(item, Deliverable) else {item.pk}
    condition = Q(**of_item)
    for step in range(LONGEST_CHAIN):
        mandates = list(
            Mandate.objects.filter(condition).known_on(asked.day).select_related("body", "source")
        )
        action_points = decided_by(mandates, asked, user)
        recommendations = (
            Recommendation.objects.visible_to(user)
            .existing_on(asked.day)
            .select_related("review")
            .in_bulk({one.by_recommendation_id for one in mandates if one.by_recommendation_id})
        )
        links = [
            Link(
                mandate,
                action_points.get(mandate.by_action_point_id),
                recommendations.get(mandate.by_recommendation_id),
            )
            for mandate in mandates
        ]
        if step == 0:
            top = links
        for link in links:
            for nearer in below.get(link.mandate.action_point_id, []):
                nearer.behind.append(link)
        below = {}
        for link in links:
            decided_by_id = link.mandate.by_action_point_id
            if link.action_point is not None and decided_by_id not in seen:
                below.setdefault(decided_by_id, []).append(link)
        if not below:
            break
        seen |= set(below)
        condition = Q(action_point__in=[pk for pk in below if pk])
    return top


def decided_by(
    mandates: Iterable[Mandate], asked: Asked, user: Viewer
) -> dict[int | None, ItemRow]:
    """Return the visible action points that mandates name, with their state of the day."""
    ids = {mandate.by_action_point_id for mandate in mandates if mandate.by_action_point_id}
    items = ActionPoint.objects.visible_to(user).as_of(asked.day).filter(pk__in=ids)
    rows = item_rows(items.select_related("meeting__body", "recommendation"), asked)
    return {row.item.pk: row for row in rows}


@register.inclusion_tag("tracking/_mandate_chain.html", takes_context=True)
def mandate_chain(context: template.Context, item: Any, asked: Asked) -> dict[str, Any]:
    """Show who asked for an item, and what stands behind that."""
    user = context["request"].user
    return {"links": read_chain(item, asked, user), "asked": asked, "staff": user.is_staff}


@register.inclusion_tag("tracking/_led_to.html", takes_context=True)
def led_to(context: template.Context, item: ActionPoint, asked: Asked) -> dict[str, Any]:
    """Show the deliverables and action points that cite an action point as their mandate."""
    user = context["request"].user
    cited = Mandate.objects.known_on(asked.day).filter(by_action_point=item)
    models: tuple[tuple[Any, str], ...] = (
        (Deliverable, "deliverable"),
        (ActionPoint, "action_point"),
    )
    rows = [
        row
        for model, name in models
        for row in item_rows(
            model.objects.visible_to(user).as_of(asked.day).filter(pk__in=cited.values(name)),
            asked,
        )
    ]
    return {"rows": rows, "asked": asked}
