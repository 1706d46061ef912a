"""One organisation or body: all that it has a part in."""

from datetime import date
from urllib.parse import urlencode

import pytest

from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_review,
    make_update,
    make_workplan,
)
from tests.figures import DAYS, SECRET, check_figures, linked_figures, make_site
from tests.public_pages import DAY_PICKER
from workplans.dashboards import NAMED_PER_ROLE
from workplans.models import EntityAlias, Membership
from workplans.reports import OPEN_TIMELINESS

pytestmark = pytest.mark.django_db

DAY = {"as_of": "2021-06-30"}


@pytest.fixture
def ocha():
    return make_entity(name="Office for Coordination", acronym="OCHA", slug="ocha")


class TestContents:
    def test_it_tells_who_it_is(self, client, ocha):
        group = make_entity(kind="results_group", acronym="RG9", slug="rg9", name="Group nine")
        Membership.objects.create(group=group, member=ocha, role="co_chair")
        Membership.objects.create(
            group=make_entity(name="Group that was"),
            member=ocha,
            role="member",
            until=date(2020, 1, 1),
        )
        make_entity(parent=ocha, acronym="CHD", name="Centre for Humanitarian Data")
        EntityAlias.objects.create(entity=ocha, alias="UN OCHA")
        page = client.get("/entities/ocha/", DAY).content.decode()
        for words in (
            "<title>Office for Coordination (OCHA)",
            'href="/groups/rg9/?as_of=2021-06-30"',
            "co-chair",
            "CHD",
            "UN OCHA",
        ):
            assert words in page
        assert "Group that was" not in page

    def test_by_role_and_status_with_links(self, client, ocha):
        led, supported = make_deliverable(), make_deliverable(title="Supported")
        make_update(led, status="completed", effective_on=date(2020, 6, 1))
        make_party(led, entity=ocha)
        make_party(supported, entity=ocha, role="consulted")
        make_party(make_action_point(), entity=ocha, role="focal_point")
        response = client.get("/entities/ocha/")
        still_open = urlencode(
            {"timeliness": [value.value for value in OPEN_TIMELINESS]}, doseq=True
        )
        assert dict(linked_figures(response)) == {
            "/deliverables/?lead=ocha": 1,
            "/deliverables/?lead=ocha&status=completed": 1,
            "/action-points/?lead=ocha": 1,
            f"/action-points/?lead=ocha&{still_open}": 1,
            "/action-points/?lead=ocha&silent=60": 1,
            "/deliverables/?lead=ocha&role=lead&status=completed": 1,
            "/deliverables/?lead=ocha&role=lead": 1,
            "/deliverables/?lead=ocha&role=consulted&status=not_reported": 1,
            "/deliverables/?lead=ocha&role=consulted": 1,
            "/action-points/?lead=ocha&role=focal_point&status=not_reported": 1,
            "/action-points/?lead=ocha&role=focal_point": 1,
        }
        page = response.content.decode()
        assert page.index("Leads") < page.index("Is consulted on") < page.index("Supported")

    def test_a_long_role_names_the_first_and_leads_to_all(self, client, ocha):
        area = make_area()
        for _one in range(NAMED_PER_ROLE + 1):
            make_party(make_deliverable(priority_area=area), entity=ocha)
        (role,) = client.get("/entities/ocha/").context["holdings"].roles
        assert len(role.rows) == NAMED_PER_ROLE
        assert role.is_cut
        assert role.total.count == NAMED_PER_ROLE + 1

    def test_a_body_shows_its_meetings_and_what_is_addressed_to_it(self, client):
        body = make_entity(kind="body", acronym="OPAG", slug="opag")
        make_action_point(meeting=make_meeting(body=body, title="Session VII", slug="vii"))
        recommendation = make_recommendation(title="Speak up")
        recommendation.addressees.create(entity=body)
        hidden = make_recommendation(title=SECRET, review=make_review(published=False))
        hidden.addressees.create(entity=body)
        response = client.get("/entities/opag/")
        page = response.content.decode()
        assert "Session VII" in page
        assert "Speak up" in page
        assert SECRET not in page
        assert dict(linked_figures(response))["/action-points/?meeting=vii"] == 1

    def test_an_entity_without_a_part_says_so(self, client, ocha):
        assert "None on 30 June 2021." in client.get("/entities/ocha/", DAY).content.decode()

    def test_a_results_group_is_sent_to_its_own_page(self, client):
        make_entity(kind="results_group", slug="rg9")
        response = client.get("/entities/rg9/", DAY)
        assert response.status_code == 302
        assert response.url == "/groups/rg9/?as_of=2021-06-30"

    def test_an_unknown_entity_is_not_found(self, client):
        assert client.get("/entities/nobody/").status_code == 404


class TestFigures:
    def test_each_figure_counts_the_list_behind_it_on_every_day(self, client, staff_client):
        site = make_site(21, items=20)
        for entity in site.entities[1:4]:
            for day in DAYS:
                check_figures(client, f"/entities/{entity.slug}/", day)
            assert check_figures(staff_client, f"/entities/{entity.slug}/", DAYS[3]) > 5

    def test_what_is_archived_stands_apart(self, client, ocha):
        plan = make_workplan(archived_on=date(2021, 1, 1))
        make_party(make_deliverable(priority_area=make_area(workplan=plan)), entity=ocha)
        response = client.get("/entities/ocha/", DAY)
        assert response.context["holdings"].table is None
        ((address, number),) = linked_figures(response)
        assert "archived=only" in address
        assert number == 1
        assert check_figures(client, "/entities/ocha/", date(2021, 6, 30)) == 1


class TestWhoMaySee:
    def test_nothing_unpublished_reaches_a_visitor(self, client, staff_client):
        site = make_site(23, items=20)
        shown = ""
        for entity in site.entities:
            for day in DAYS:
                asked = {"as_of": day.isoformat()} if day else {}
                assert SECRET not in client.get(f"/entities/{entity.slug}/", asked).content.decode()
            shown += staff_client.get(f"/entities/{entity.slug}/").content.decode()
        assert SECRET in shown

    @pytest.mark.parametrize("query", ["as_of=x", "role=lead"])
    def test_words_and_no_rows_for_what_is_not_understood(self, client, ocha, query):
        make_party(make_deliverable(title="A row"), entity=ocha)
        response = client.get(f"/entities/ocha/?{query}")
        assert response.status_code == 400
        assert "A row" not in response.content.decode()


def test_the_number_of_queries_does_not_grow(client, ocha, django_assert_num_queries):
    def add(how_many):
        area, meeting = make_area(), make_meeting()
        for _one in range(how_many):
            item = make_deliverable(priority_area=area)
            make_party(item, entity=ocha)
            make_party(item)
            make_party(make_action_point(meeting=meeting), entity=ocha)
            Membership.objects.create(group=make_entity(), member=ocha, role="member")

    # The entity, its own members; its memberships, aliases, parts; plans and their GROUP BY;
    # what it holds: responsibilities, states, the items, their parties; action points of its
    # meetings by archived, the meetings; the same four for action points; recommendations.
    add(3)
    with django_assert_num_queries(19 + DAY_PICKER):
        client.get("/entities/ocha/")
    add(30)
    with django_assert_num_queries(19 + DAY_PICKER):
        client.get("/entities/ocha/")
