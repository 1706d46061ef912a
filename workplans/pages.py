"""What every public page asks first: which day it answers for, and whether it is understood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from workplans import days


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor asked of a page.

    `day` is the day that the page answers for, `chosen` whether the address names it.
    `known`, on pages that take `known_on`, is the day by which something must have been
    reported to count, or None. `errors` are sentences about parameters that were not
    understood; a page that has any shows them and no rows.
    """

    day: date
    chosen: bool = False
    known: date | None = None
    errors: list[str] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The site's today, pinned or true."""
        return days.site_today()

    @property
    def is_past(self) -> bool:
        """Whether the page shows an earlier day than the site's today."""
        return self.day < self.today

    @property
    def is_pinned(self) -> bool:
        """Whether the site's today is pinned for a demonstration."""
        return settings.TRACKER_AS_OF is not None

    @property
    def true_today(self) -> date:
        return days.true_today()

    def carry(self, url: str, **parameters: Any) -> str:
        """Return a link that keeps the chosen day and adds parameters; lists repeat."""
        pairs = {name: value for name, value in parameters.items() if value not in (None, "")}
        if self.chosen:
            pairs["as_of"] = self.day.isoformat()
        if not pairs:
            return url
        path, mark, fragment = url.partition("#")
        return f"{path}{'&' if '?' in path else '?'}{urlencode(pairs, doseq=True)}{mark}{fragment}"


def ask(request: HttpRequest, allowed: Iterable[str] = ()) -> Asked:
    """Read the day and check the names of the parameters; `as_of` and `utm_…` always pass.

    An unknown name, a name given twice where one is meant, or a day that is none
    becomes a sentence in `errors`, and the page then shows no rows.
    """
    allowed = set(allowed)
    errors = unknown_parameters(request, allowed)
    day = ask_day(request, "as_of", errors)
    known = ask_day(request, "known_on", errors) if "known_on" in allowed else None
    return Asked(
        day=day or days.site_today(),
        chosen=day is not None and not errors,
        known=known,
        errors=errors,
    )


def ask_day(request: HttpRequest, name: str, errors: list[str]) -> date | None:
    """Return the day that a parameter names, or None; add a sentence to the errors if it is none.

    An empty one counts as not given.
    """
    texts = request.GET.getlist(name)
    if len(texts) > 1:
        errors.append(_("%(name)s is given twice. Give one day.") % {"name": name})
    elif texts and texts[0]:
        try:
            return days.read_day(name, texts[0])
        except ValidationError as error:
            errors.extend(error.messages)
    return None


def unknown_parameters(request: HttpRequest, allowed: Iterable[str]) -> list[str]:
    """Return a sentence for each parameter of the address that the page does not know."""
    known = {"as_of", *allowed}
    return [
        _("“%(name)s” is not something that can be asked here. Possible: %(known)s.")
        % {"name": name[:50], "known": ", ".join(sorted(known))}
        for name in request.GET
        if name not in known and not name.startswith("utm_")
    ]


def file_address(page: str, ending: str) -> str:
    """Return the address of the file of a page, with the page's own query.

    The file of `/deliverables/?status=ongoing` is `/deliverables.csv?status=ongoing`.
    """
    path, mark, query = page.partition("?")
    return f"{path.rstrip('/')}.{ending}{mark}{query}"


def render_page(
    request: HttpRequest, template: str, asked: Asked, context: dict[str, Any]
) -> HttpResponse:
    """Render a page for the day asked about; with errors it answers 400."""
    return render(
        request, template, {"asked": asked, **context}, status=400 if asked.errors else 200
    )
