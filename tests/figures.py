"""A busy site to count on, a slow recount in plain Python, and the links behind figures."""

import html
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from auditlog.context import disable_auditlog
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.test import RequestFactory
from django.urls import resolve

from actionpoints.models import ActionPoint, Mandate, RecommendationAddressee
from actionpoints.views import ActionPointListing
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_review,
    make_source,
    make_workplan,
)
from workplans.ledger_state import read_rows, state_on
from workplans.loading import caches_at_the_end
from workplans.models import Deliverable, Level, Membership
from workplans.status import Entry, record_updates
from workplans.views import DeliverableListing

# The days that figures are checked on: before anything, in the middle, and today (None).
DAYS = (date(1999, 1, 1), date(2020, 3, 1), date(2020, 7, 16), date(2021, 6, 30), None)
SECRET = "Not for the public"
# The fixtures of the documents, in the order that they need.
DOCUMENTS = [
    settings.BASE_DIR / "fixtures" / f"{name}.json"
    for name in (
        "entities",
        "opag-2020-07-09",
        "rg1-2020-07-16",
        "rg1-progress-2021-06",
        "management-response-2016-03-07",
        "protection-rollout-2016-09-26",
    )
]
LISTINGS = {listing.list_name: listing for listing in (DeliverableListing, ActionPointListing)}


@dataclass
class Site:
    """What `make_site` made."""

    groups: list
    entities: list
    plans: list
    meetings: list
    recommendations: list


@disable_auditlog()
@caches_at_the_end()
def make_site(seed=1, items=12):
    """Make groups, plans and meetings, some archived or unpublished, with items of all kinds."""
    chance = Random(seed)
    body = make_entity(kind="body", acronym="BODY", slug="body")
    groups = [
        make_entity(kind="results_group", acronym=f"RG{n}", slug=f"rg{n}", parent=body)
        for n in (1, 2)
    ]
    sub_group = make_entity(kind="sub_group", acronym="SUB", slug="sub", parent=groups[0])
    entities = [make_entity(acronym=f"ORG{n}", slug=f"org{n}") for n in range(3)]
    for group in (*groups, sub_group):
        Membership.objects.create(
            group=group,
            member=entities[0],
            role="co_chair",
            since=date(2020, 1, 1),
            until=date(2021, 12, 31),
            source=make_source(title=f"{SECRET}: membership", published=False),
        )
    plans = [
        make_workplan(slug="now", owner=groups[0]),
        make_workplan(slug="sub-plan", owner=sub_group),
        make_workplan(slug="kept", owner=groups[0], archived_on=date(2021, 1, 1)),
        make_workplan(slug="nobodys"),
        make_workplan(slug="draft", owner=groups[1], published=False, title=f"{SECRET}: plan"),
    ]
    meetings = [
        make_meeting(
            slug=f"meeting-{n}",
            body=(body, groups[0])[n % 2],
            held_on=date(2020, 3 + n, 1),
            record=make_source(dated=date(2020, 3 + n, 5)),
        )
        for n in range(3)
    ]
    meetings.append(
        make_meeting(slug="old", body=body, held_on=date(2019, 1, 1), archived_on=date(2020, 5, 1))
    )
    meetings.append(
        make_meeting(
            slug="draft-meeting",
            body=body,
            title=f"{SECRET}: meeting",
            published=False,
            record=make_source(title=f"{SECRET}: record", dated=date(2020, 6, 1), published=False),
        )
    )
    review = make_review(slug="review", body=body, source=make_source(title="The review"))
    draft_review = make_review(slug="draft-review", title=f"{SECRET}: review", published=False)
    recommendations = [
        make_recommendation(review=review, response="accepted"),
        make_recommendation(review=review, response="needs_analysis"),
        make_recommendation(review=draft_review, title=f"{SECRET}: recommendation"),
    ]
    for recommendation in recommendations:
        RecommendationAddressee.objects.create(
            recommendation=recommendation, entity=chance.choice(entities)
        )
    areas = [make_area(workplan=plan) for plan in plans for _twice in range(2)]
    site = Site(groups, [*entities, body, sub_group], plans, meetings, recommendations)
    told = {Deliverable: [], ActionPoint: []}
    for number in range(items):
        area = areas[number % len(areas)]
        title = f"{SECRET}: deliverable" if not area.workplan.published else f"D {number}"
        item = make_deliverable(priority_area=area, title=title, **life(chance))
        told[Deliverable] += tell(item, site, chance)
        if number % 3:
            origin = {"meeting": meetings[number % len(meetings)]}
            hidden = not origin["meeting"].published
        else:
            origin = {"recommendation": recommendations[number % len(recommendations)]}
            hidden = not origin["recommendation"].review.published
        item = make_action_point(
            title=f"{SECRET}: action point" if hidden else f"A {number}",
            theme=chance.choice(["", "Localization", "Data & trust"]),
            **origin,
            **life(chance),
        )
        told[ActionPoint] += tell(item, site, chance)
        Mandate.objects.create(
            deliverable=chance.choice(list(Deliverable.objects.all())),
            by_action_point=item,
            body=body,
            decided_on=date(2020, 1, 1) + timedelta(days=chance.randrange(400)),
        )
    for entries in told.values():
        record_updates(entries)
    return site


def life(chance):
    """The fields that say from when, until when, and in which time an item lives."""
    fields: dict[str, Any] = {
        "introduced_on": date(2019, 6, 1) + timedelta(days=chance.randrange(500))
    }
    if chance.random() < 0.15:
        fields["withdrawn_on"] = fields["introduced_on"] + timedelta(days=300)
    if chance.random() < 0.6:
        due = fields["introduced_on"] + timedelta(days=chance.randrange(900))
        fields |= {"initial_timeframe": f"by {due}", "initial_latest": due}
    return fields


def tell(item, site, chance):
    """Give an item parties and a part, or none; return the entries of their histories."""
    kind = type(item)
    maker = make_deliverable if kind is Deliverable else make_action_point
    shared = (
        {"priority_area": item.priority_area}
        if kind is Deliverable
        else {"meeting": item.meeting, "recommendation": item.recommendation}
    )
    part = maker(
        level="part",
        parent=item,
        title=item.title,
        introduced_on=item.introduced_on + timedelta(days=chance.randrange(200)),
        **shared,
    )
    for held in (item, part):
        for entity in chance.sample([*site.entities, site.groups[0]], chance.randrange(3)):
            role = chance.choice(["lead", "co_lead", "focal_point", "support", "consulted"])
            since = chance.choice([None, date(2020, 5, 1)])
            make_party(held, entity=entity, role=role, since=since)
    words = [word.code for word in kind.STATUSES]
    if chance.random() < 0.15:
        other = maker(title=item.title, **shared)
        item.superseded_by, item.superseded_on = other, date(2021, 3, 1)
        item.save()
    return [
        Entry(
            item=chance.choice([item, item, part]),
            narrative=f"{item.title}, told {row}.",
            status=chance.choice([*words, ""]),
            timeframe=chance.choice(["", "", "June 2021", "in 2020"]),
            effective_on=item.introduced_on + timedelta(days=chance.randrange(600)),
            source=chance.choice([*(meeting.record for meeting in site.meetings), None]),
        )
        for row in range(chance.randrange(4))
    ]


@dataclass(frozen=True)
class Counted:
    """One item as the recount sees it on a day."""

    item: Any
    status: str
    timeliness: str
    is_archived: bool
    is_silent: bool


def recount(model, day, staff=False):
    """Work out in plain Python what figures count on a day, by the rules of the design."""
    paths = model.objects.all().publisher_paths
    items = list(model.objects.filter(level=Level.ITEM).select_related(*paths))
    ledgers = read_rows(model, [item.pk for item in items])
    found = []
    for item in items:
        if not (staff or publisher(item).published):
            continue
        if item.introduced_on > day or (item.withdrawn_on and item.withdrawn_on <= day):
            continue
        state = state_on(ledgers[item.pk], day)
        frame = state.timeframe or (item.initial_timeframe, None, item.initial_latest)
        archived_on = publisher(item).archived_on
        is_archived = archived_on is not None and archived_on <= day
        superseded = item.superseded_on is not None and item.superseded_on <= day
        due = frame[2]
        if state.status in ("completed", "discontinued") or superseded:
            timeliness = "closed"
        elif is_archived:
            timeliness = ""
        elif due is None:
            timeliness = "no_date"
        elif state.status == "continuous":
            timeliness = "on_time"
        elif due < day:
            timeliness = "overdue"
        else:
            timeliness = "due_soon" if (due - day).days <= 30 else "on_time"
        last_word = state.last_reported_on or item.introduced_on
        is_judged = timeliness not in ("closed", "")
        is_silent = is_judged and (day - last_word).days >= 60
        found.append(Counted(item, state.status, timeliness, is_archived, is_silent))
    return found


def publisher(item):
    """The plan, meeting or review that an item hangs from."""
    if isinstance(item, Deliverable):
        return item.priority_area.workplan
    return item.meeting or item.recommendation.review


def statuses(counted):
    return Counter(one.status for one in counted)


def timelinesses(counted):
    return Counter(one.timeliness for one in counted)


def same(tally, counted):
    """Whether a tally says what a recount says."""
    return (
        Counter(tally.statuses) == statuses(counted)
        and Counter(tally.timeliness) == timelinesses(counted)
        and tally.silent == sum(one.is_silent for one in counted)
    )


LINK = re.compile(r'<a href="(/(?:deliverables|action-points)/\?[^"]*)">\s*(?:<b>)?(\d+)\b')


def linked_figures(response):
    """Every number on a page that leads to a list, as (address, number)."""
    return [
        (html.unescape(url), int(number)) for url, number in LINK.findall(response.content.decode())
    ]


def listed(client, url):
    """The number of items of the list at an address for a client; the items, not its own count."""
    request = RequestFactory().get(url)
    user = client.session.get("_auth_user_id")
    request.user = User.objects.get(pk=user) if user else AnonymousUser()
    listing = LISTINGS[resolve(request.path).view_name](request)
    assert not listing.refusals, (url, listing.refusals)
    return listing.filter.items.order_by().count()


def check_figures(client, address, day=None):
    """Follow each figure of a page to its list, which must count just as many; return how many.

    Of figures of other days than the page's, which progress over time has many of, every sixth
    is followed; `tests.workplans.test_over_time` follows all of them.
    """
    response = client.get(address, {"as_of": day.isoformat()} if day else {})
    assert response.status_code == 200
    figures = linked_figures(response)
    own = {
        url: number
        for url, number in figures
        if (f"as_of={day}" in url if day else "as_of=" not in url)
    }
    others = [pair for pair in figures if pair[0] not in own]
    for url, number in (own | dict(others[::6])).items():
        assert listed(client, url) == number, url
    return len(figures)
