"""The list of action points."""

from datetime import date

import pytest

from tests.factories import (
    make_action_point,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_review,
    make_source,
    make_update,
)
from tests.public_pages import DAY_PICKER, read_alert, read_csv, read_refs, read_text

pytestmark = pytest.mark.django_db

# Read by the page of a list: the choices of body, meeting, review, theme and lead; the counts of
# their options, those of leads in two queries, of roles and of meetings that reviewed in one; the
# rows with their meetings and recommendations, and the parties of the rows.
QUERIES = 5 + 5 + 2


@pytest.mark.parametrize("size", [3, 30])
def test_costs_the_same_for_3_and_for_30_rows(client, django_assert_num_queries, size):
    for number in range(size):
        origin = {"recommendation": make_recommendation()} if number % 3 == 2 else {}
        item = make_action_point(theme=f"Theme {number}", **origin)
        make_party(item)
        make_update(item, status="pending", source=make_source())
    for address in ("/action-points/", "/action-points/?as_of=2021-06-30&sort=-meeting"):
        with django_assert_num_queries(QUERIES + DAY_PICKER):
            assert len(read_refs(client.get(address))) == size


def test_shows_where_each_was_decided(client):
    meeting = make_meeting(body=make_entity(acronym="OPAG"), held_on=date(2020, 7, 9))
    make_action_point(meeting=meeting, theme="Data", title="Speed it up", wording="provisional")
    text = read_text(client.get("/action-points/"))
    assert "1 action point on" in text
    assert "OPAG · 9 July 2020 · Data Speed it up" in text
    assert "provisional wording" in text


def test_page_count_and_file_agree_for_every_filter_that_the_form_offers(client):
    for number, status in enumerate(["pending", "completed", "in_progress", "", "discontinued"]):
        record = make_source(dated=date(2021, 1, number + 1))
        meeting = make_meeting(record=record)
        item = make_action_point(meeting=meeting, theme=f"Theme {number % 2}")
        make_party(item, role="lead" if number else "addressee")
        if status:
            make_update(item, status=status, narrative="So.", source=record)
    listing = client.get("/action-points/").context["listing"]
    asked = [
        (facet.name, option.value)
        for facet in listing.facets
        for option in facet.options
        if option.value
    ]
    assert {name for name, _value in asked} >= {"body", "meeting", "reviewed_at", "theme", "lead"}
    for name, value in asked:
        response = client.get("/action-points/", {name: value})
        shown = read_refs(response)
        assert response.context["listing"].count == len(shown)
        rows = read_csv(client.get("/action-points.csv", {name: value}))
        assert [row["ref"] for row in rows] == shown, (name, value)


def test_what_is_not_published_leaks_nowhere(client, staff_client):
    meeting = make_meeting(slug="secret-meeting", title="Secret meeting", published=False)
    review = make_review(published=False)
    make_action_point(meeting=meeting, title="Secret one", theme="Secret theme")
    recommendation = make_recommendation(review=review, title="Secret advice")
    make_action_point(recommendation=recommendation, title="Secret two")
    for address in ("/action-points/", "/action-points/?level=all&archived=all"):
        assert b"ecret" not in client.get(address).content
    assert read_csv(client.get("/action-points.csv?level=all&archived=all")) == []
    assert "is not known" in read_alert(client.get("/action-points/?meeting=secret-meeting"))[0]
    assert len(read_refs(staff_client.get("/action-points/"))) == 2


@pytest.mark.parametrize(
    "query",
    [
        "status=ongoing",
        "priority=prioritized",
        "meeting=nowhere",
        "reviewed_at=%00",
        "theme=" + "x" * 5000,
        "as_of=2021-13-01",
        "page=2",
        "page=18446744073709551616",
        "wording=final&wording=none",
    ],
)
def test_what_is_not_understood_is_said_with_no_rows(client, query):
    make_action_point()
    response = client.get(f"/action-points/?{query}")
    assert response.status_code == 400
    assert response.context["rows"] == []
    assert len(read_alert(response)) == 1
