"""Who asked for an item, decision behind decision, and what came of one."""

from __future__ import annotations

from typing import Any

from django import template

from actionpoints import reports
from actionpoints.chains import LedTo, key_of, read_mandates
from actionpoints.models import ActionPoint
from workplans.pages import Asked

register = template.Library()


@register.inclusion_tag("tracking/_mandate_chain.html", takes_context=True)
def mandate_chain(context: template.Context, item: Any, asked: Asked) -> dict[str, Any]:
    """Show who asked for an item, and what stands behind that."""
    user = context["request"].user
    links = read_mandates(item, asked, user)
    return {
        "links": links,
        "has_inferred": any(link.has_inferred for link in links),
        "asked": asked,
        "staff": user.is_staff,
    }


@register.inclusion_tag("tracking/_led_to.html", takes_context=True)
def led_to(context: template.Context, item: Any, asked: Asked) -> dict[str, Any]:
    """Show what an action point or a deliverable led to, and what that led to in its turn."""
    start = key_of(item)
    found = LedTo([start], asked, context["request"].user)
    return {"steps": found.steps(start), "has_inferred": found.has_inferred}


@register.simple_tag(takes_context=True)
def combined_with(context: template.Context, item: ActionPoint, asked: Asked) -> list[ActionPoint]:
    """Return the visible action points that a source says to combine with one."""
    known = ActionPoint.objects.visible_to(context["request"].user).existing_on(asked.day)
    return reports.combined_with([item.pk], known).get(item.pk, [])
