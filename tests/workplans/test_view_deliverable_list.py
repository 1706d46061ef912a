"""The list of deliverables."""

from datetime import date

import pytest

from tests.factories import (
    make_area,
    make_deliverable,
    make_entity,
    make_party,
    make_source,
    make_update,
    make_workplan,
)
from tests.public_pages import DAY_PICKER, read_alert, read_csv, read_refs, read_text

pytestmark = pytest.mark.django_db

# Read by the page of a list: the choices of group, workplan, area and lead; the counts of their
# options, those of leads in two queries and those of roles in one; the rows with their plans, and
# the parties of the rows.
QUERIES = 4 + 4 + 2


@pytest.mark.parametrize("size", [3, 30])
def test_costs_the_same_for_3_and_for_30_rows(client, django_assert_num_queries, size):
    for _number in range(size):
        item = make_deliverable(source=make_source())
        make_party(item)
        make_party(item, role="consulted")
        make_update(item, status="ongoing")
    for address in ("/deliverables/", "/deliverables/?as_of=2021-06-30&q=deliverable&sort=due"):
        with django_assert_num_queries(QUERIES + DAY_PICKER):
            assert len(read_refs(client.get(address))) == size


def test_shows_the_facts_of_the_day_asked_for(client):
    item = make_deliverable(title="Write guidance")
    make_party(item, entity=make_entity(acronym="OCHA", slug="ocha"))
    make_update(item, status="ongoing", timeframe="May 2021", effective_on=date(2021, 1, 1))
    make_update(item, status="completed", narrative="Out.", effective_on=date(2021, 7, 1))
    then = read_text(client.get("/deliverables/?as_of=2021-06-30"))
    assert "1 deliverable on 30 June 2021" in then
    assert "Ongoing since 1 Jan 2021" in then
    assert "overdue by 30 days" in then
    assert "You are looking at 30 June 2021" in then
    now = client.get("/deliverables/")
    assert "Completed since 1 Jul 2021" in read_text(now)
    assert "overdue by" not in read_text(now)
    assert b'href="/entities/ocha/"' in now.content
    assert (
        b'href="/entities/ocha/?as_of=2021-06-30"'
        in client.get("/deliverables/?as_of=2021-06-30").content
    )


def test_page_count_and_file_agree_for_every_filter_that_the_form_offers(client):
    group = make_entity(kind="results_group")
    area = make_area(workplan=make_workplan(owner=group))
    for number, status in enumerate(["ongoing", "completed", "continuous", "", "ongoing"]):
        item = make_deliverable(priority_area=area if number % 2 else make_area())
        make_party(item, role="lead" if number else "support")
        if status:
            make_update(item, status=status, narrative="So.", effective_on=date(2021, 1, 1))
    listing = client.get("/deliverables/").context["listing"]
    asked = [
        (facet.name, option.value)
        for facet in listing.facets
        for option in facet.options
        if option.value
    ]
    assert len(asked) > 30
    for name, value in asked:
        response = client.get("/deliverables/", {name: value})
        shown = read_refs(response)
        assert response.context["listing"].count == len(shown)
        rows = read_csv(client.get("/deliverables.csv", {name: value}))
        assert [row["ref"] for row in rows] == shown, (name, value)


def test_what_is_not_published_leaks_nowhere(client, staff_client):
    plan = make_workplan(slug="secret-plan", title="Secret plan", published=False)
    area = make_area(workplan=plan, title="Secret area")
    item = make_deliverable(priority_area=area, title="Secret work")
    make_party(item, entity=make_entity(acronym="HIDDEN"))
    page = client.get("/deliverables/")
    assert b"ecret" not in page.content and b"HIDDEN" not in page.content
    assert read_csv(client.get("/deliverables.csv?level=all&archived=all")) == []
    refused = client.get("/deliverables/?workplan=secret-plan")
    assert refused.status_code == 400
    assert "secret-plan” is not known" in read_alert(refused)[0]
    assert read_refs(staff_client.get("/deliverables/?workplan=secret-plan")) == [item.ref]


@pytest.mark.parametrize(
    "query",
    [
        "foo=1",
        "status=done",
        "status=ongoing&status=done",
        "lead=nobody",
        "as_of=yesterday",
        "as_of=0001-01-01",
        "as_of=9999-12-31",
        "as_of=2021-06-30&as_of=2021-06-29",
        "as_of=%00",
        "page=2",
        "page=-1",
        "page=99999999999999999999",
        "page=1e3",
        "sort=title&sort=ref",
        "q=%00",
        "q=" + "x" * 5000,
        "workplan=' OR 1=1",
        "lead=18446744073709551616",
        "%00=1",
        "level=Item",
        "archived=1",
    ],
)
def test_what_is_not_understood_is_said_with_no_rows(client, query):
    make_update(make_deliverable(), status="ongoing")
    response = client.get(f"/deliverables/?{query}")
    assert response.status_code == 400
    assert response.context["rows"] == []
    assert len(read_alert(response)) == 1
    assert "No rows" in read_text(response)
    assert b"<tbody>" not in response.content


def test_marks_of_a_mailing_change_nothing(client):
    item = make_deliverable()
    response = client.get("/deliverables/?utm_source=mail&utm_campaign=x")
    assert read_refs(response) == [item.ref]
    assert b"utm_" not in response.content


def test_each_chip_takes_its_own_value_off(client):
    make_deliverable()
    response = client.get(
        "/deliverables/?status=ongoing&status=completed&q=x&as_of=2021-06-30&sort=due"
    )
    listing = response.context["listing"]
    assert [(str(chip.name), chip.label) for chip in listing.chips] == [
        ("Status", "Ongoing"),
        ("Status", "Completed"),
        ("Search", "x"),
    ]
    assert listing.chips[0].url == ("/deliverables/?status=completed&q=x&sort=due&as_of=2021-06-30")
    assert listing.clear_url == "/deliverables/?as_of=2021-06-30"
    assert "Together these filters leave nothing." in read_text(response)


def test_a_head_sorts_and_says_so(client):
    make_deliverable()
    response = client.get("/deliverables/?sort=due")
    assert response.context["listing"].headers["due"].url == "/deliverables/?sort=-due"
    assert response.content.count(b"aria-sort") == 1
    assert b'<th scope="col" aria-sort="ascending"><a href="/deliverables/?sort=-due">' in (
        response.content
    )


def test_a_long_list_has_pages_of_50_that_keep_the_filters(client):
    area = make_area()
    for _number in range(101):
        make_deliverable(priority_area=area)
    query = f"priority_area={area.slug}"
    response = client.get(f"/deliverables/?{query}&page=2")
    assert len(response.context["rows"]) == 50
    assert "101 deliverables" in read_text(response)
    pages = response.context["listing"].pages
    assert pages.previous == f"/deliverables/?{query}"
    assert pages.next == f"/deliverables/?{query}&page=3"
    assert [link.number for link in pages.links if link.is_current] == [2]
    assert len(client.get(f"/deliverables/?{query}&page=3").context["rows"]) == 1
    beyond = client.get(f"/deliverables/?{query}&page=4")
    assert read_alert(beyond) == ["There is no page 4: the list has 3 pages."]


def test_a_status_is_a_word_and_a_shape_and_a_colour(client):
    make_update(make_deliverable(), status="ongoing")
    page = client.get("/deliverables/").content.decode()
    assert '<path fill="#2f7dc4" fill-rule="evenodd"' in page
    assert " Ongoing</span>" in page


def test_no_style_and_no_script_is_inline(client):
    make_update(make_deliverable(), status="ongoing")
    page = client.get("/deliverables/").content
    assert b"style=" not in page and b"<script" not in page and b"<style" not in page


def test_other_methods_are_refused(client):
    assert client.post("/deliverables/").status_code == 405
    assert client.head("/deliverables/").status_code == 200
