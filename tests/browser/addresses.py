"""The public pages that the tests walk: every kind of page that a visitor sees."""

from contextlib import suppress

from django.urls import Resolver404, get_resolver, resolve
from django.urls.resolvers import URLPattern, URLResolver

PLAN = "/workplans/rg1-2020/"
PAST = "as_of=2020-07-16"

# A page of each kind, and of each state that has something of its own to use; then of others.
PUBLIC = {
    "overview": "/",
    "overview of a past day": f"/?{PAST}",
    "groups": "/groups/",
    "group": "/groups/rg1/",
    "workplans": "/workplans/",
    "workplan": PLAN,
    "report": f"{PLAN}report/",
    "final report": f"{PLAN}reports/1/",
    "deliverables": "/deliverables/",
    "deliverables, page 2": "/deliverables/?archived=all&level=all&page=2",
    "deliverables, none found": "/deliverables/?q=no+such+words+anywhere",
    "deliverables, not understood": "/deliverables/?status=sleeping",
    "deliverable": "/deliverables/RG1-2020-3.4/",
    "action points": "/action-points/",
    "action point": "/action-points/OPAG-2020-07-09-1/",
    "follow-up": "/follow-up/",
    "meetings": "/meetings/",
    "meeting": "/meetings/rg1-2020-07-16/",
    "pack": "/meetings/opag-2020-third/pack/",
    "recommendations": "/recommendations/",
    "recommendation": "/recommendations/WOSR-2016-13.8/",
    "entity": "/entities/ocha/",
    "changes": "/changes/",
    "search": "/search/",
    "search, found": "/search/?q=localization",
    "no such page": "/no/such/page/",
    "overview before everything": "/?as_of=1999-01-01",
    "group without workplan": "/groups/rg3/",
    "workplan of a past day": f"{PLAN}?{PAST}",
    "archived workplan": "/workplans/protection-rollout-2016/",
    "deliverables filtered": "/deliverables/?status=ongoing&status=completed&group=rg1&sort=-due",
    "archived deliverable": "/deliverables/PROTECTION-ROLLOUT-2016-B.1/",
    "pack of a past meeting": "/meetings/opag-2020-07-09/pack/",
    "changes since a meeting": "/changes/?from_meeting=opag-2020-07-09&entity=ocha",
    "changes, not understood": "/changes/?since=soon",
    "search, none found": "/search/?q=no+such+words+anywhere",
}
# What each answers, where that is not 200.
ANSWERS = {
    "deliverables, not understood": 400,
    "changes, not understood": 400,
    "no such page": 404,
}
# Addresses that answer no page: files, told by their ending, and these.
NO_PAGES = {"healthz"}


def public_patterns(patterns=None, prefix="", namespace=""):
    """Yield the name and the route of each address outside the admin, nested ones included."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                inner = f"{pattern.namespace}:" if pattern.namespace else ""
                yield from public_patterns(pattern.url_patterns, route, f"{namespace}{inner}")
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", route


def pages_without(addresses):
    """Return the names of the patterns that answer a page and that no address reaches."""
    reached = {*NO_PAGES}
    for address in addresses:
        with suppress(Resolver404):
            reached.add(resolve(address.partition("?")[0]).view_name)
    return [name for name, route in public_patterns() if name not in reached and "." not in route]
