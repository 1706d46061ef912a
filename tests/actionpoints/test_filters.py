"""What a list of action points can be narrowed by, beside what deliverables can."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict

from actionpoints.filters import ActionPointFilter
from actionpoints.models import Mandate
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
    make_update,
    make_workplan,
)
from tests.public_pages import read_refs
from workplans.pages import Asked
from workplans.views import DeliverableListing

pytestmark = pytest.mark.django_db

DAY = date(2021, 6, 30)


def narrow(query="", day=DAY):
    return ActionPointFilter(QueryDict(query), asked=Asked(day=day), user=AnonymousUser())


def refs(query="", **kwargs):
    found = narrow(query, **kwargs)
    assert not found.refusals
    return {item.ref for item in found.items}


def test_a_meeting_and_its_body_find_what_was_decided_there():
    opag = make_entity(slug="opag", kind="body")
    july, october = (make_meeting(slug=slug, body=opag) for slug in ("july", "october"))
    make_action_point(ref="JUL", meeting=july)
    make_action_point(ref="OCT", meeting=october)
    make_action_point(ref="ELSE")
    make_action_point(ref="REC", recommendation=make_recommendation())
    assert refs("meeting=july") == {"JUL"}
    assert refs("meeting=july&meeting=october") == {"JUL", "OCT"}
    assert refs("body=opag") == {"JUL", "OCT"}
    assert refs() == {"JUL", "OCT", "ELSE", "REC"}


def test_reviewed_at_finds_what_a_record_told_of_by_the_day_whoever_decided_it():
    record = make_source(dated=date(2020, 7, 16))
    other = make_source(dated=date(2020, 10, 1))
    make_meeting(slug="rg1", record=record)
    make_meeting(slug="rg2", record=other)
    told, told_by_both, untold = (make_action_point(ref=ref) for ref in ("ONE", "TWO", "OUT"))
    make_update(told, source=record)
    make_update(told_by_both, source=record)
    make_update(told_by_both, source=other)
    make_update(untold)
    assert refs("reviewed_at=rg1") == {"ONE", "TWO"}
    assert refs("reviewed_at=rg2") == {"TWO"}
    assert refs("reviewed_at=rg1&reviewed_at=rg2") == {"ONE", "TWO"}
    assert refs("reviewed_at=rg1", day=date(2020, 7, 15)) == set()


def test_theme_and_wording():
    make_action_point(ref="A", theme="Localization", wording="provisional")
    make_action_point(ref="B", theme="Data")
    assert refs("theme=Localization") == {"A"}
    assert refs("theme=Localization&theme=Data") == {"A", "B"}
    assert refs("wording=final") == {"B"}


def test_what_comes_from_an_archived_review_is_left_out_unless_asked_for():
    review = make_review(archived_on=DAY)
    make_action_point(ref="OLD", recommendation=make_recommendation(review=review))
    make_action_point(ref="NEW")
    assert refs() == {"NEW"}
    assert refs("archived=only") == {"OLD"}
    assert refs(day=DAY - timedelta(days=1)) == {"OLD", "NEW"}


def test_the_order_by_meeting_is_by_its_day():
    for ref, day in (("B", 2), ("A", 1)):
        make_action_point(ref=ref, meeting=make_meeting(held_on=date(2020, 7, day)))
    make_action_point(ref="C", recommendation=make_recommendation())
    assert [item.ref for item in narrow("sort=meeting").items] == ["A", "B", "C"]
    assert [item.ref for item in narrow("sort=-meeting").items] == ["B", "A", "C"]


@pytest.mark.parametrize(
    "query",
    [
        "meeting=secret",
        "reviewed_at=secret",
        "body=hidden",
        "theme=Hush",
        "theme=a%00b",
        "wording=draft",
        "status=ongoing",
        "review=secret-review",
        "deliverables=ongoing",
        "silent=59",
        "lead=nobody",
    ],
)
def test_what_is_unknown_or_not_public_is_refused(query):
    meeting = make_meeting(slug="secret", published=False, body=make_entity(slug="hidden"))
    make_action_point(meeting=meeting, theme="Hush")
    make_review(slug="secret-review", published=False)
    make_action_point()
    found = narrow(query)
    assert len(found.refusals) == 1
    assert not found.items.exists()


def test_what_has_no_meeting_or_no_theme_can_be_asked_for(client):
    followed = make_action_point(recommendation=make_recommendation(), theme="Data")
    decided = make_action_point(meeting=make_meeting())
    assert read_refs(client.get("/action-points/?body=none")) == [followed.ref]
    assert read_refs(client.get("/action-points/?theme=none")) == [decided.ref]
    both = client.get(f"/action-points/?body=none&body={decided.meeting.body.slug}")
    assert set(read_refs(both)) == {followed.ref, decided.ref}


def test_the_follow_up_of_reviews_and_what_is_of_none():
    for slug in ("paper", "report"):
        recommendation = make_recommendation(review=make_review(slug=slug))
        make_action_point(ref=slug.upper(), recommendation=recommendation)
        make_action_point(ref=f"{slug.upper()}-2", recommendation=recommendation)
    make_action_point(ref="DECIDED")
    assert refs("review=paper") == {"PAPER", "PAPER-2"}
    assert refs("review=paper&review=report") == refs() - {"DECIDED"}
    assert refs("review=none") == {"DECIDED"}
    assert refs("review=none&review=report") == {"DECIDED", "REPORT", "REPORT-2"}
    assert refs("review=paper&body=none") == {"PAPER", "PAPER-2"}
    assert refs("review=none&body=none") == set()


def test_nobody_can_be_asked_for_as_lead_also_beside_parties():
    party = make_entity(slug="party")
    make_action_point(ref="NOBODY")
    make_party(make_action_point(ref="SUPPORTED"), role="support")
    make_party(make_action_point(ref="LED"), entity=party, until=date(2021, 6, 29))
    assert refs("lead=none") == {"NOBODY", "SUPPORTED", "LED"}
    assert refs("lead=none", day=date(2021, 6, 29)) == {"NOBODY", "SUPPORTED"}
    assert refs("lead=none&lead=party", day=date(2021, 6, 29)) == {"NOBODY", "SUPPORTED", "LED"}
    assert refs("lead=none&role=support") == {"NOBODY", "LED"}


def test_what_it_asked_for_is_completed_when_all_visible_deliverables_are():
    done, half, hidden, _uncited = (make_action_point(ref=ref) for ref in "DHXU")
    draft = make_area(workplan=make_workplan(published=False))
    for point, status, fields in (
        (done, "completed", {}),
        (done, "ongoing", {"priority_area": draft}),
        (half, "completed", {}),
        (half, "ongoing", {}),
        (hidden, "completed", {"priority_area": draft}),
    ):
        deliverable = make_deliverable(**fields)
        Mandate.objects.create(deliverable=deliverable, by_action_point=point)
        make_update(deliverable, status=status, effective_on=DAY)
    assert refs("deliverables=completed") == {"D"}
    assert refs("deliverables=completed", day=DAY - timedelta(days=1)) == set()
    assert refs("deliverables=completed&status=not_reported") == {"D"}
    assert refs("deliverables=completed&status=completed") == set()


def test_silent_is_what_is_open_and_not_told_of_for_60_days():
    since = DAY - timedelta(days=60)
    for ref, reported_on in (("SILENT", since), ("TOLD", since + timedelta(days=1))):
        item = make_action_point(ref=ref)
        make_update(item, effective_on=date(2021, 1, 1), reported_on=reported_on)
    make_action_point(ref="NEVER", introduced_on=since)
    make_action_point(ref="NEW", introduced_on=since + timedelta(days=1))
    closed = make_action_point(ref="CLOSED")
    make_update(closed, status="completed", effective_on=since, reported_on=since)
    make_action_point(ref="KEPT", meeting=make_meeting(archived_on=DAY))
    assert refs("silent=60") == {"SILENT", "NEVER"}
    assert refs("silent=60&archived=all") == {"SILENT", "NEVER"}
    assert refs("silent=60", day=DAY + timedelta(days=1)) == {"SILENT", "NEVER", "TOLD", "NEW"}


@pytest.mark.parametrize("listing", [ActionPointListing, DeliverableListing])
def test_every_filter_has_a_place_in_the_form(listing):
    others = {"q", "sort", "page"}
    assert {*listing.facet_names} == {*listing.filter_class.base_filters} - others


def test_a_filter_that_is_on_is_ticked(client):
    make_action_point(title="Silent")
    text = client.get("/action-points/?silent=60").content.decode()
    assert '<input type="checkbox" name="silent" value="60" checked>' in text
