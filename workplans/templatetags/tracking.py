"""Template filters that the pages of tracked items share."""

from typing import Any

from django import template
from django.urls import reverse

from workplans.charts import HATCHES, ICONS
from workplans.pages import Asked, file_address
from workplans.status_words import BY_CODE

register = template.Library()


@register.filter
def on(url: str, asked: Asked | None) -> str:
    """Return a link that keeps the day that the visitor chose; the link itself on error pages."""
    return asked.carry(url) if asked else url


@register.filter
def as_file(page: str, ending: str) -> str:
    """Return the address of the file of a page: csv or xlsx."""
    return file_address(page, ending)


@register.simple_tag
def address(asked: Asked, name: str, *places: str, **parameters: Any) -> str:
    """Return the address of a page with some parameters, on the day that the visitor chose."""
    return asked.carry(reverse(name, args=places), **parameters)


@register.inclusion_tag("tracking/_hatches.html")
def hatches() -> dict[str, Any]:
    """Draw, unseen, what fills the bars of each status; once on a page, for all its charts."""
    colours = {word.shape: word.colour for word in BY_CODE.values()}
    return {"hatches": [(shape, colours[shape], HATCHES[shape]) for shape in colours]}


@register.filter
def icon_path(shape: str) -> str:
    """Return the path of the icon for a status's shape, on a ground of 16 × 16."""
    return ICONS[shape]
