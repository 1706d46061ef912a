"""The day picker in the head of each page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import template
from django.http import QueryDict

from iasc_tracker.useful_days import useful_days
from workplans.days import FIRST_DAY
from workplans.pages import Asked

register = template.Library()


@register.inclusion_tag("iasc_tracker/_day_picker.html", takes_context=True)
def day_picker(
    context: template.Context, asked: Asked, own_day: date | None = None, instead_of: str = ""
) -> dict[str, Any]:
    """Say which day the page shows, and offer others; what else was asked for is kept.

    A page that shows another day than the site's today unless it is asked for one says so
    by `own_day`: its link to today then names today. `instead_of` names the parameters, with
    blanks between, that a page has beside `as_of` for its last day.
    """
    request = context["request"]
    return {
        "asked": asked,
        "address": request.path,
        "names_today": own_day is not None,
        "kept": kept(request.GET, instead_of.split()),
        "groups": useful_days(request.user, asked.today, asked.true_today),
        "first_day": FIRST_DAY,
    }


def kept(query: QueryDict, others: Iterable[str] = ()) -> QueryDict:
    """Return the parameters that another day keeps.

    It begins at its own first page, and marks of a mailing tell nothing about it.
    """
    left = query.copy()
    for name in query:
        if name in ("as_of", "page", *others) or name.startswith("utm_"):
            del left[name]
    return left
