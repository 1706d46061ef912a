"""The page of one action point."""

from datetime import date

import pytest

from actionpoints.models import Mandate
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_source,
    make_update,
    make_workplan,
)
from tests.public_pages import DAY_PICKER, read_csv, read_text

pytestmark = pytest.mark.django_db

# Read by the page: the item with its meeting, its parties, its kin, its parts and their parties,
# its ledger with sources, what it is to be combined with; whether anything stands before it, and
# its mandates; what it led to (two steps), and the deliverables among that.
QUERIES = 7 + 2 + 3


def address(item, query=""):
    return f"/action-points/{item.ref}/{query}"


@pytest.mark.parametrize("size", [3, 30])
def test_costs_the_same_for_3_and_for_30_of_everything(client, django_assert_num_queries, size):
    item = make_action_point()
    for number in range(size):
        make_party(item, role="addressee")
        part = make_action_point(level="part", parent=item, meeting=item.meeting)
        make_party(part)
        make_update(item, status="pending", source=make_source(dated=date(2021, 1, number + 1)))
        Mandate.objects.create(action_point=item, body=make_entity())
        Mandate.objects.create(deliverable=make_deliverable(), by_action_point=item)
    with django_assert_num_queries(QUERIES + DAY_PICKER):
        assert client.get(address(item)).status_code == 200


def test_tells_the_facts_in_words(client):
    meeting = make_meeting(
        title="OPAG session VII", body=make_entity(acronym="OPAG"), held_on=date(2020, 7, 9)
    )
    item = make_action_point(meeting=meeting, title="Speed it up", theme="Data")
    make_update(item, status="pending", effective_on=date(2020, 7, 16))
    make_update(item, status="completed", narrative="Final.", effective_on=date(2021, 1, 31))
    response = client.get(address(item))
    text = read_text(response)
    assert "Completed since 31 January 2021" in text
    assert "Decided at OPAG session VII (OPAG, 9 July 2020)" in text
    assert "Theme Data" in text
    assert "Pending → became Completed Final." in text
    assert f'href="/meetings/{meeting.slug}/"' in response.content.decode()


def test_shows_what_it_led_to(client, staff_client):
    item = make_action_point()
    visible = make_deliverable(title="Guidance")
    make_update(visible, status="ongoing", effective_on=date(2021, 1, 1))
    hidden = make_deliverable(
        title="Secret work", priority_area=make_area(workplan=make_workplan(published=False))
    )
    for deliverable in (visible, hidden):
        Mandate.objects.create(deliverable=deliverable, by_action_point=item)
    Mandate.objects.create(
        action_point=make_action_point(title="Carry it on"), by_action_point=item
    )
    text = read_text(client.get(address(item)))
    assert f"What it led to Ongoing Guidance {visible.ref}" in text
    assert "Carry it on" in text
    assert "Secret" not in text
    assert "Secret work" in read_text(staff_client.get(address(item)))


def test_a_chain_that_leads_back_to_itself_ends(client):
    one, two = make_action_point(title="The one"), make_action_point(title="The two")
    Mandate.objects.create(action_point=one, by_action_point=two)
    Mandate.objects.create(action_point=two, by_action_point=one)
    assert client.get(address(one)).status_code == 200


def test_names_what_it_is_to_be_combined_with(client, staff_client):
    item = make_action_point(title="Ask for a policy")
    other = make_action_point(title="Review the policy")
    later = make_action_point(title="Not known yet", introduced_on=date(2021, 7, 1))
    hidden = make_action_point(title="Secret", meeting=make_meeting(published=False))
    item.combine_with.add(other, later, hidden)
    response = client.get(address(item, "?as_of=2021-06-30"))
    text = read_text(response)
    assert f"To be combined with Review the policy {other.ref}" in text
    assert f'href="/action-points/{other.ref}/?as_of=2021-06-30"' in response.content.decode()
    assert "Secret" not in text and "Not known yet" not in text
    staff_text = read_text(staff_client.get(address(item)))
    assert "Secret" in staff_text and "Not known yet" in staff_text
    assert f"To be combined with Ask for a policy {item.ref}" in read_text(
        client.get(address(other))
    )
    assert "To be combined with" not in read_text(client.get(address(make_action_point())))


def test_one_with_no_known_origin_has_a_page_for_staff(client, staff_client):
    item = make_action_point(meeting=None, title="Of unknown origin")
    assert client.get(address(item)).status_code == 404
    assert "Of unknown origin" in read_text(staff_client.get(address(item)))


def test_a_heading_shows_its_items_and_no_status(client):
    heading = make_action_point(level="heading", title="Collective advocacy")
    child = make_action_point(parent=heading, meeting=heading.meeting, title="Write a letter")
    make_update(child, status="pending", effective_on=date(2021, 1, 1))
    text = read_text(client.get(address(heading)))
    assert "Items" in text and "Write a letter Pending" in text
    assert "History" not in text and "No status has been reported" not in text


def test_what_follows_up_a_recommendation_names_it(client):
    recommendation = make_recommendation(title="Review the policy")
    item = make_action_point(recommendation=recommendation)
    response = client.get(address(item))
    assert f"Follows up Review the policy {recommendation.ref}" in read_text(response)
    assert f'href="/recommendations/{recommendation.ref}/"' in response.content.decode()


def test_what_it_led_to_is_not_known_before_that_was_decided(client):
    point = make_action_point()
    deliverable = make_deliverable()
    Mandate.objects.create(
        deliverable=deliverable, by_action_point=point, decided_on=date(2021, 5, 1)
    )
    for day, known in (("2021-04-30", False), ("2021-05-01", True)):
        page = client.get(point.get_absolute_url(), {"as_of": day}).content.decode()
        assert (deliverable.ref in page) is known
        (row,) = read_csv(client.get("/action-points.csv", {"as_of": day}))
        assert (row["deliverables"] == deliverable.ref) is known


def test_a_meeting_ahead_of_the_day_is_named_without_a_link(client):
    point = make_action_point(meeting=make_meeting(held_on=date(2020, 7, 9)))
    link = f'href="{point.meeting.get_absolute_url()}'
    for day, linked in (("2020-06-15", False), ("2020-07-09", True)):
        page = client.get(point.get_absolute_url(), {"as_of": day}).content.decode()
        assert (link in page) is linked
