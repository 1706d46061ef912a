"""Paragraphs of papers. Tags, since a large paper has tens of thousands of them."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from workplans.charts import ICONS
from workplans.papers import PLAIN, STRONG, TAG, Paragraph, Words

register = template.Library()


@register.simple_tag
def paragraph(one: Paragraph, on_page: bool, base: str) -> SafeString:
    """Show a paragraph; `base` is which way the text around it runs, "ltr" or "rtl"."""
    kind = format_html(' class="{}"', one.kind) if one.kind else ""
    direction = one.direction
    way = format_html(' dir="{}"', direction) if direction and direction != base else ""
    return format_html("<p{}{}>{}</p>", kind, way, words(one, on_page))


@register.simple_tag
def words(one: Paragraph, on_page: bool) -> SafeString:
    """Show the words of a paragraph; a file can follow full addresses only."""
    return format_html_join("", "{}", ((linked(each, on_page),) for each in one.words))


def linked(each: Words, on_page: bool) -> SafeString:
    """Return words in their look, with their link."""
    address = each.url if on_page else each.address
    shown = looking(each, on_page)
    return format_html('<a href="{}">{}</a>', address, shown) if address else shown


def looking(each: Words, on_page: bool) -> SafeString:
    """Return words in their look; on a page a status has its shape too."""
    if each.look == PLAIN:
        return format_html("{}", each.text)
    if each.look == STRONG:
        return format_html("<strong>{}</strong>", each.text)
    if each.look == TAG:
        shape = icon(each) if on_page else ""
        return format_html('<strong class="tag">{}{}</strong>', shape, each.shown)
    return format_html('<span class="{}">{}</span>', each.look, each.text)


def icon(each: Words) -> SafeString | str:
    """Return the shape of the status that words name, or nothing."""
    if each.status is None:
        return ""
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">'
        '<path fill="{}" fill-rule="evenodd" d="{}"/></svg> ',
        each.status.colour,
        ICONS[each.status.shape],
    )
