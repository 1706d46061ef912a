"""Template filters that the pages of tracked items share."""

from django import template

from workplans.pages import Asked

register = template.Library()


@register.filter
def on(url: str, asked: Asked) -> str:
    """Return a link that keeps the day that the visitor chose."""
    return asked.carry(url)
