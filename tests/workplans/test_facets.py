"""The counts beside the options of a list's filters, its named views, and what emptied it."""

from datetime import date
from random import Random
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_source,
    make_update,
    make_workplan,
)
from tests.figures import listed, make_site
from tests.public_pages import read_text

pytestmark = pytest.mark.django_db

DAYS = (date(2020, 7, 16), None)
# So many options of each list are followed, chosen at random, so that the test stays quick.
FOLLOWED = 15
# Filters that are on while the options are counted, alone and together.
DELIVERABLE_FILTERS = (
    {},
    {"status": ["ongoing", "not_reported"]},
    {"lead": ["org0", "none"]},
    {"role": ["support"], "lead": ["org1"]},
    {"role": ["lead", "consulted"], "lead": ["none"]},
    {"q": ["d"], "timeliness": ["overdue", "closed"], "group": ["rg1"]},
    {"level": ["all"], "archived": ["all"]},
    {"level": ["part"], "role": ["lead"]},
    {"due": ["none"], "silent": ["60"]},
)
ACTION_POINT_FILTERS = (
    {},
    {"body": ["rg1", "none"], "status": ["pending"]},
    {"reviewed_at": ["meeting-0", "meeting-1"], "archived": ["all"]},
    {"theme": ["none"], "lead": ["org2"]},
    {"deliverables": ["completed"], "archived": ["all"]},
)


def facets(client, address, filters, day):
    query = {**filters, **({"as_of": day.isoformat()} if day else {})}
    response = client.get(f"{address}?{urlencode(query, doseq=True)}")
    assert response.status_code == 200
    return response.context["listing"]


@pytest.mark.parametrize("address", ["/deliverables/", "/action-points/"])
def test_each_option_counts_the_rows_that_it_alone_would_leave(address, client, staff_client):
    make_site(5, items=16)
    filters = DELIVERABLE_FILTERS if "deliverables" in address else ACTION_POINT_FILTERS
    chance, checked = Random(1), 0
    for visitor, day in ((client, DAYS[0]), (client, DAYS[1]), (staff_client, DAYS[0])):
        for chosen in filters:
            listing = facets(visitor, address, chosen, day)
            assert listing.count == listed(visitor, listing.address())
            options = [(facet.name, one) for facet in listing.facets for one in facet.options]
            for name, option in chance.sample(options, min(FOLLOWED, len(options))):
                url = listing.address(**{name: [option.value]})
                assert option.count == listed(visitor, url), (url, option)
                checked += option.count > 0
    assert checked > 100


@pytest.mark.parametrize("address", ["/deliverables/", "/action-points/"])
def test_no_option_that_would_leave_something_is_kept_back(address, client):
    make_site(6, items=12)
    listing = facets(client, address, {}, None)
    offered = {(facet.name, option.value) for facet in listing.facets for option in facet.options}
    for facet in listing.facets:
        for value, _label in listing.filter.form.fields[facet.name].choices:
            if (facet.name, value) not in offered:
                assert listed(client, listing.address(**{facet.name: [value]})) == 0


def test_a_hand_worked_example():
    ocha = make_entity(slug="ocha", acronym="OCHA")
    one, two, three = (make_deliverable(introduced_on=date(2020, 1, 1)) for _item in range(3))
    make_update(one, status="ongoing", effective_on=date(2021, 1, 1))
    make_update(two, status="completed", effective_on=date(2021, 1, 1))
    for item in (one, two):
        make_party(item, entity=ocha)
    make_party(three, entity=ocha, role="support")
    listing = facets(Client(), "/deliverables/", {"lead": ["ocha"], "status": ["ongoing"]}, None)
    counts = {
        facet.name: {option.value: option.count for option in facet.options}
        for facet in listing.facets
    }
    # Statuses of what OCHA leads; parties that lead what is ongoing; what OCHA does there.
    assert counts["status"] == {"ongoing": 1, "completed": 1}
    assert counts["lead"] == {"ocha": 1}
    assert counts["role"] == {"lead": 1}
    supported = facets(Client(), "/deliverables/", {"lead": ["ocha"]}, None)
    (roles,) = (facet for facet in supported.facets if facet.name == "role")
    assert {option.value: option.count for option in roles.options} == {"lead": 2, "support": 1}


@pytest.mark.parametrize("address", ["/deliverables/", "/action-points/"])
def test_named_views_count_and_open_what_they_name(address, client):
    make_site(8, items=12)
    for day in DAYS:
        for chosen in ({}, {"archived": ["all"]}, {"status": ["completed"], "lead": ["org0"]}):
            views = facets(client, address, chosen, day).views
            assert [view.label for view in views] == [
                "All",
                "Open",
                "Overdue",
                "Due within 30 days",
                "Silent for 60 days",
            ]
            for view in views:
                assert view.count == listed(client, view.url)
                then = client.get(view.url).context["listing"].views
                assert [one.label for one in then if one.is_current] == [view.label]


def test_an_empty_list_says_which_filter_emptied_it(client):
    lead = make_entity(slug="org")
    item = make_deliverable(title="Guidance")
    make_party(item, entity=lead)
    make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
    response = client.get("/deliverables/?status=completed&q=guidance&lead=org&priority=unknown")
    loosened = response.context["listing"].loosened
    assert {str(one.name): one.count for one in loosened} == {
        "Status": 1,
        "Lead": 0,
        "Search": 0,
        "Priority": 0,
    }
    for one in loosened:
        assert listed(client, one.url) == one.count
    words = read_text(response)
    assert "without Status: Completed leaves 1 item" in words
    assert "Clear all" in words


class TestDue:
    def test_quarters_are_understood_and_offered_in_order_with_no_date_last(self, client):
        area = make_area()
        for due in (date(2021, 7, 1), date(2021, 9, 30), date(2020, 12, 31), None):
            frame = {"initial_timeframe": str(due), "initial_latest": due} if due else {}
            make_deliverable(priority_area=area, title=str(due), **frame)
        listing = facets(client, "/deliverables/", {}, None)
        (due,) = (facet for facet in listing.facets if facet.name == "due")
        assert [(option.value, str(option.label), option.count) for option in due.options] == [
            ("2020-q4", "Q4 2020", 1),
            ("2021-q3", "Q3 2021", 2),
            ("none", "no date", 1),
        ]
        assert listed(client, "/deliverables/?due=2021-q3&due=none") == 3
        assert listed(client, "/deliverables/?due=2021-q2") == 0

    @pytest.mark.parametrize("value", ["2021", "2021-q5", "2021-Q3", "q3-2021", "0000-q1", "x"])
    def test_another_value_is_refused_with_what_would_be_right(self, client, value):
        response = client.get("/deliverables/", {"due": value})
        assert response.status_code == 400
        words = f"“{value}” is not known as due. Write a quarter such as 2021-q3"
        assert words in read_text(response)

    def test_a_quarter_that_nothing_is_due_in_is_named_as_it_is(self, client):
        make_deliverable()
        listing = facets(client, "/deliverables/", {"due": ["2030-q1"]}, None)
        assert [chip.label for chip in listing.chips] == ["Q1 2030"]


def test_sorting_by_lead_goes_by_the_first_lead_of_the_day(client):
    area = make_area()
    items = {}
    for name, since in (("B", None), ("A", date(2021, 1, 1)), ("", None)):
        item = make_deliverable(priority_area=area, introduced_on=date(2019, 1, 1))
        items[name] = item.ref
        if name:
            make_party(item, entity=make_entity(name=f"Z{name}", acronym=name), since=since)

    def order(query):
        rows = client.get(f"/deliverables/?{query}").context["rows"]
        return [row.item.ref for row in rows]

    assert order("sort=lead") == [items["A"], items["B"], items[""]]
    assert order("sort=-lead") == [items["B"], items["A"], items[""]]
    assert order("sort=lead&as_of=2020-06-30")[0] == items["B"]


def test_silence_is_told_in_words_and_never_of_what_is_closed(client):
    told = make_source(dated=date(2021, 4, 16))
    for title, status in (("Quiet", "ongoing"), ("Done", "completed"), ("Lasting", "continuous")):
        item = make_deliverable(title=title, introduced_on=date(2021, 1, 1))
        make_update(item, status=status, narrative="So.", source=told)
    make_deliverable(title="Never told of", introduced_on=date(2021, 4, 1))
    rows = client.get("/deliverables/?as_of=2021-06-30").context["rows"]
    assert {row.item.title: row.freshness for row in rows} == {
        "Quiet": "not updated for 75 days",
        "Done": "",
        "Lasting": "not updated for 75 days",
        "Never told of": "no report in 90 days",
    }
    page = read_text(client.get(f"/deliverables/{rows[0].item.ref}/?as_of=2021-06-30"))
    assert rows[0].freshness in page


def test_the_count_of_a_meeting_s_review_is_that_of_its_list(client):
    meeting = make_meeting(slug="m", record=make_source(dated=date(2021, 1, 1)))
    make_update(make_action_point(meeting=meeting), source=meeting.record)
    make_action_point(meeting=make_meeting(slug="other"))
    listing = facets(client, "/action-points/", {}, None)
    (reviewed,) = (facet for facet in listing.facets if facet.name == "reviewed_at")
    assert [(option.value, option.count) for option in reviewed.options] == [("m", 1)]


def test_an_archived_plan_counts_under_archived_alone(client):
    make_deliverable(priority_area=make_area(workplan=make_workplan(archived_on=date(2021, 1, 1))))
    make_deliverable()
    listing = facets(client, "/deliverables/", {}, date(2021, 6, 30))
    (archived,) = (facet for facet in listing.facets if facet.name == "archived")
    assert {option.value: option.count for option in archived.options} == {
        "none": 1,
        "only": 1,
        "all": 2,
    }
