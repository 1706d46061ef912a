"""Template filters that the pages of tracked items share."""

from typing import Any

from django import template
from django.urls import reverse

from workplans.charts import ICONS
from workplans.pages import Asked

register = template.Library()


@register.filter
def on(url: str, asked: Asked | None) -> str:
    """Return a link that keeps the day that the visitor chose; the link itself on error pages."""
    return asked.carry(url) if asked else url


@register.simple_tag
def address(asked: Asked, name: str, *places: str, **parameters: Any) -> str:
    """Return the address of a page with some parameters, on the day that the visitor chose."""
    return asked.carry(reverse(name, args=places), **parameters)


@register.filter
def icon_path(shape: str) -> str:
    """Return the path of the icon for a status's shape, on a ground of 16 × 16."""
    return ICONS[shape]
