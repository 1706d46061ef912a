"""What action points add to pages of workplans, groups and organisations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.db.models import F
from django.utils.translation import gettext as _

from actionpoints.chains import read_rows
from actionpoints.dashboards import LAST_MEETINGS, meeting_subjects
from actionpoints.models import ActionPoint, Mandate, Meeting, Recommendation
from actionpoints.views import ActionPointListing
from iasc_tracker.overview import by_archived
from workplans.dashboards import counted, holdings
from workplans.figures import ListLink, status_table
from workplans.lists import ItemRow
from workplans.models import Deliverable, Entity, Workplan
from workplans.pages import Asked

register = template.Library()


@register.inclusion_tag("iasc_tracker/_action_points_of.html", takes_context=True)
def action_points_of(context: template.Context, entity: Entity, asked: Asked) -> dict[str, Any]:
    """Show what a body's or group's meetings decided, what it takes on, what it is asked for."""
    user = context["request"].user
    items = counted(ActionPoint, user, asked)
    decided, archived = by_archived(items.filter(meeting__body=entity))
    of_body = ListLink.to(ActionPointListing, asked).narrow(body=entity.slug)
    held = Meeting.objects.visible_to(user).filter(body=entity, held_on__lte=asked.day)
    meetings = list(held[: LAST_MEETINGS + 1])
    subjects = meeting_subjects(meetings[:LAST_MEETINGS], items, asked)
    recommendations = Recommendation.objects.visible_to(user).existing_on(asked.day)
    return {
        "asked": asked,
        "entity": entity,
        "decided": of_body.total(decided),
        "archived": of_body.narrow(archived="only").total(archived),
        "meetings": status_table(
            _("Action points that each meeting decided, by status"),
            _("Meeting"),
            subjects.values(),
            extra_heading=_("Reviewed"),
        ),
        "is_cut": len(meetings) > LAST_MEETINGS,
        "holdings": holdings(ActionPointListing, items, entity, asked, "action-points"),
        "recommendations": recommendations.filter(addressees__entity=entity).select_related(
            "review"
        ),
    }


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, the deliverable of a workplan that it asked for, and as what it came.

    It may have come as an action point, as a recommendation, or as a deliverable of an
    earlier plan; what a visitor may not see is left out.
    """

    mandate: Mandate
    deliverable: Deliverable | None
    items: tuple[ItemRow, ...]
    recommendation: Recommendation | None


@register.inclusion_tag("iasc_tracker/_decisions_behind.html", takes_context=True)
def decisions_behind(context: template.Context, plan: Workplan, asked: Asked) -> dict[str, Any]:
    """Show which decisions asked for the deliverables of a workplan, the latest first."""
    user = context["request"].user
    deliverables = Deliverable.objects.visible_to(user).existing_on(asked.day)
    mandates = list(
        Mandate.objects.known_on(asked.day)
        .filter(deliverable__in=deliverables.filter(priority_area__workplan=plan).order_by())
        .select_related("body", "deliverable")
        .order_by(F("decided_on").desc(nulls_last=True), "deliverable__order", "pk")
    )
    by = {
        one.pk: [
            *([(ActionPoint, one.by_action_point_id)] if one.by_action_point_id else []),
            *([(Deliverable, one.by_deliverable_id)] if one.by_deliverable_id else []),
        ]
        for one in mandates
    }
    rows = read_rows({key for keys in by.values() for key in keys}, asked, user)
    recommendations = (
        Recommendation.objects.visible_to(user)
        .existing_on(asked.day)
        .in_bulk({one.by_recommendation_id for one in mandates if one.by_recommendation_id})
    )
    decisions = (
        Decision(
            one,
            one.deliverable,
            tuple(rows[key] for key in by[one.pk] if key in rows),
            recommendations.get(one.by_recommendation_id),
        )
        for one in mandates
    )
    # A decision of nobody that a visitor may know of is left out.
    shown = [one for one in decisions if one.mandate.body or one.items or one.recommendation]
    return {
        "asked": asked,
        "decisions": shown,
        "has_inferred": any(one.mandate.inferred for one in shown),
    }
