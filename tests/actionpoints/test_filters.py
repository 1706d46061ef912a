"""What a list of action points can be narrowed by, beside what deliverables can."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict

from actionpoints.filters import ActionPointFilter
from tests.factories import (
    make_action_point,
    make_entity,
    make_meeting,
    make_recommendation,
    make_review,
    make_source,
    make_update,
)
from tests.public_pages import read_refs
from workplans.pages import Asked

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
    ],
)
def test_what_is_unknown_or_not_public_is_refused(query):
    meeting = make_meeting(slug="secret", published=False, body=make_entity(slug="hidden"))
    make_action_point(meeting=meeting, theme="Hush")
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
