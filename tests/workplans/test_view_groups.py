"""Results groups: the list, and one group with all that is its own."""

from datetime import date

import pytest

from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_source,
    make_workplan,
)
from tests.figures import DAYS, SECRET, check_figures, linked_figures, make_site, recount
from tests.public_pages import DAY_PICKER
from workplans.models import Deliverable, Membership

pytestmark = pytest.mark.django_db

DAY = {"as_of": "2021-06-30"}


@pytest.fixture
def group():
    return make_entity(
        kind="results_group",
        name="Results Group 9",
        acronym="RG9",
        slug="rg9",
        description="It follows nine things.",
    )


def chair(group, since, until, **kwargs):
    member = make_entity(**kwargs)
    Membership.objects.create(group=group, member=member, role="co_chair", since=since, until=until)
    return member


class TestList:
    def test_it_names_the_heads_of_the_day(self, client, group):
        chair(group, date(2019, 1, 1), date(2020, 12, 31), acronym="BEFORE")
        chair(group, date(2021, 1, 1), None, acronym="NOW")
        assert "Co-chairs: NOW" in client.get("/groups/", DAY).content.decode()
        past = client.get("/groups/", {"as_of": "2020-06-30"}).content.decode()
        assert "Co-chairs: BEFORE" in past

    def test_plans_of_sub_groups_count_with_their_group(self, client, group):
        sub_group = make_entity(kind="sub_group", parent=group)
        for owner in (group, sub_group):
            area = make_area(workplan=make_workplan(owner=owner))
            make_deliverable(priority_area=area)
        (row,) = client.get("/groups/").context["table"].rows
        assert row.total.count == 2
        assert row.total.url == "/deliverables/?group=rg9"

    def test_each_figure_counts_the_list_behind_it_on_every_day(self, client, staff_client):
        make_site(11, items=20)
        assert max(check_figures(client, "/groups/", day) for day in DAYS) > 5
        assert check_figures(staff_client, "/groups/", DAYS[3]) > 5

    def test_the_rows_agree_with_a_recount(self, client):
        make_site(12, items=40)
        day = date(2021, 6, 30)
        counted = recount(Deliverable, day)
        response = client.get("/groups/", DAY)
        for row in response.context["table"].rows:
            slug = row.url.split("/")[-2]
            mine = [
                one
                for one in counted
                for owner in [one.item.priority_area.workplan.owner]
                if owner and slug in (owner.slug, owner.parent and owner.parent.slug)
            ]
            assert row.total.count == sum(not one.is_archived for one in mine)
        archived = sum(figure.count for _group, figure in response.context["archived"])
        assert archived == sum(one.is_archived for one in counted) > 0

    def test_an_empty_site_says_so(self, client):
        assert "No results group" in client.get("/groups/").content.decode()


class TestOneGroup:
    def test_it_tells_all_about_the_group(self, client, group):
        member = chair(group, None, None, acronym="OCHA")
        sub_group = make_entity(kind="sub_group", parent=group, acronym="SUB9")
        lead = make_entity(acronym="ICVA")
        Membership.objects.create(group=sub_group, member=lead, role="co_lead")
        make_entity(kind="role", parent=group, name="Its Co-Chairs")
        plan = make_workplan(owner=group, title="Plan of nine")
        make_deliverable(priority_area=make_area(workplan=plan))
        meeting = make_meeting(body=group, title="Meeting of nine", slug="m9")
        make_action_point(meeting=meeting)
        led = make_action_point(title="Led by nine")
        make_party(led, entity=group)

        response = client.get("/groups/rg9/")
        page = response.content.decode()
        for words in (
            "<title>Results Group 9 (RG9)",
            "It follows nine things.",
            "Co-chairs",
            str(member),
            "SUB9",
            "ICVA",
            "Plan of nine",
            "Meeting of nine",
            "Led by nine",
        ):
            assert words in page
        assert "Its Co-Chairs" not in page
        figures = dict(linked_figures(response))
        assert figures["/action-points/?meeting=m9"] == 1
        assert figures["/action-points/?lead=rg9&role=lead"] == 1

    def test_each_figure_counts_the_list_behind_it_on_every_day(self, client, staff_client):
        make_site(13, items=20)
        for day in DAYS:
            check_figures(client, "/groups/rg1/", day)
        for visitor, slug in ((client, "rg1"), (staff_client, "rg1"), (staff_client, "rg2")):
            assert check_figures(visitor, f"/groups/{slug}/", DAYS[3]) >= 3

    def test_a_meeting_after_the_day_is_not_known_yet(self, client, group):
        make_meeting(body=group, title="Later meeting", held_on=date(2021, 7, 1))
        assert "Later meeting" not in client.get("/groups/rg9/", DAY).content.decode()
        assert "Later meeting" in client.get("/groups/rg9/").content.decode()

    def test_only_results_groups_have_such_a_page(self, client):
        make_entity(slug="ocha")
        assert client.get("/groups/ocha/").status_code == 404
        assert client.get("/groups/nobody/").status_code == 404


class TestWhoMaySee:
    def test_nothing_unpublished_reaches_a_visitor(self, client, staff_client):
        make_site(14, items=20)
        for address in ("/groups/", "/groups/rg1/", "/groups/rg2/"):
            for day in DAYS:
                asked = {"as_of": day.isoformat()} if day else {}
                assert SECRET not in client.get(address, asked).content.decode()
        assert SECRET in staff_client.get("/groups/rg2/").content.decode()

    def test_the_name_of_an_unpublished_source_is_for_staff(self, client, staff_client, group):
        member = make_entity()
        source = make_source(title=SECRET, published=False)
        Membership.objects.create(group=group, member=member, role="co_chair", source=source)
        assert SECRET not in client.get("/groups/rg9/").content.decode()
        assert SECRET in staff_client.get("/groups/rg9/").content.decode()

    @pytest.mark.parametrize("address", ["/groups/", "/groups/rg9/"])
    @pytest.mark.parametrize("query", ["as_of=x", "q=protection"])
    def test_words_and_no_rows_for_what_is_not_understood(self, client, group, address, query):
        response = client.get(f"{address}?{query}")
        assert response.status_code == 400
        assert "Results Group 9" not in response.content.decode()


def test_the_number_of_queries_does_not_grow(client, group, django_assert_num_queries):
    def add(how_many):
        area = make_area(workplan=make_workplan(owner=group))
        meeting = make_meeting(body=group)
        for _one in range(how_many):
            make_party(make_deliverable(priority_area=area), entity=group)
            make_party(make_action_point(meeting=meeting), entity=group)
            chair(group, None, None)
            chair(make_entity(kind="sub_group", parent=group), None, None)

    # The group, its members; sub-groups, theirs; plans, their GROUP BY; what it holds:
    # responsibilities, states, the items, their parties; its own deliverables, their parties,
    # their slips, their progress over time (2), their leads (3); action points of its meetings by
    # archived, the meetings, their GROUP BY, what they reviewed; the same four for the action
    # points it holds; recommendations.
    add(3)
    with django_assert_num_queries(27 + DAY_PICKER):
        client.get("/groups/rg9/")
    add(30)
    with django_assert_num_queries(27 + DAY_PICKER):
        client.get("/groups/rg9/")
    with django_assert_num_queries(3 + DAY_PICKER):  # groups, their members, one GROUP BY
        client.get("/groups/")


def test_a_group_that_is_part_of_another_is_not_counted_twice_in_all(client):
    above = make_entity(kind="results_group")
    below = make_entity(kind="results_group", parent=above)
    plan = make_workplan(owner=below)
    make_deliverable(priority_area=make_area(workplan=plan))
    table = client.get("/groups/").context["table"]
    assert [row.total.count for row in table.rows] == [1, 1]
    assert table.totals.total.count == 1
