"""A workplan's dashboard, and the list of workplans."""

from datetime import date

import pytest
from django.utils.html import escape

from tests.factories import (
    make_area,
    make_deliverable,
    make_entity,
    make_party,
    make_source,
    make_update,
    make_workplan,
)
from tests.figures import (
    DAYS,
    SECRET,
    check_figures,
    linked_figures,
    listed,
    make_site,
    publisher,
    recount,
    same,
)
from tests.public_pages import DAY_PICKER
from workplans import days
from workplans.models import Deliverable

pytestmark = pytest.mark.django_db

DAY = {"as_of": "2021-06-30"}


@pytest.fixture
def plan():
    return make_workplan(
        slug="rg9-2020",
        title="Plan nine",
        owner=make_entity(kind="results_group", acronym="RG9", slug="rg9"),
        endorsed_by=make_entity(acronym="OPAG", slug="opag", kind="body"),
        endorsed_on=date(2020, 9, 25),
        source=make_source(title="The printed plan"),
    )


def url(plan):
    return plan.get_absolute_url()


class TestContents:
    def test_it_says_what_the_plan_is(self, client, plan):
        page = client.get(url(plan), DAY).content.decode()
        for words in (
            "<title>Plan nine",
            "1 January 2020 to 31 December 2021",
            "25 September 2020",
            "The printed plan",
            'href="/groups/rg9/?as_of=2021-06-30"',
        ):
            assert words in page

    def test_each_area_by_status_with_links(self, client, plan):
        area = make_area(workplan=plan, number="3", title="Localization")
        done = make_deliverable(priority_area=area)
        make_update(done, status="completed", effective_on=date(2020, 6, 1))
        make_deliverable(priority_area=area)
        response = client.get(url(plan), DAY)
        (row,) = response.context["table"].rows
        assert (row.label, row.url) == ("3 Localization", "#rg9-2020-3")
        area_list = "/deliverables/?workplan=rg9-2020&priority_area=rg9-2020-3"
        assert [(cell.word.code, cell.figure.count, cell.figure.url) for cell in row.cells] == [
            ("completed", 1, f"{area_list}&status=completed&as_of=2021-06-30"),
            ("", 1, f"{area_list}&status=not_reported&as_of=2021-06-30"),
        ]
        assert row.total.url == f"{area_list}&as_of=2021-06-30"
        assert 'id="rg9-2020-3"' in response.content.decode()

    def test_overdue_due_slipped_and_silent_are_named(self, client, plan):
        area = make_area(workplan=plan)

        def make(title, due):
            return make_deliverable(
                priority_area=area,
                title=title,
                initial_timeframe=f"by {due}",
                initial_latest=due,
            )

        make("late", date(2021, 6, 29))
        make("soon", date(2021, 7, 30))
        slipped = make("slipped", date(2020, 12, 31))
        make_update(
            slipped,
            timeframe="December 2021",
            effective_on=date(2020, 11, 1),
            source=make_source(dated=date(2021, 6, 1)),
        )
        context = client.get(url(plan), DAY).context
        late, soon, silent = context["attention"].named
        assert [row.item.title for row in late.rows] == ["late"]
        assert [row.item.title for row in soon.rows] == ["soon"]
        (slip,) = context["attention"].slips
        assert (slip.old_timeframe, slip.new_timeframe) == ("by 2020-12-31", "December 2021")
        assert [row.item.title for row in silent.rows] == ["late", "soon"]
        assert [one.figure.count for one in (late, soon, silent)] == [1, 1, 2]
        line = context["timeline"]
        assert [one.row.item.title for one in line.rows] == ["late", "soon", "slipped"]
        assert [tick.label for tick in line.ticks] == [
            "Q4 2020",
            "Q1 2021",
            "Q2 2021",
            "Q3 2021",
            "Q4 2021",
        ]

    def test_of_many_deliverables_the_first_are_named_and_the_rest_is_one_link(self, client, plan):
        area = make_area(workplan=plan)
        for number in range(27):
            make_deliverable(priority_area=area, title=f"D{number}", order=number)
        response = client.get(url(plan))
        (rows,) = response.context["areas"]
        assert len(rows.rows) == 25
        link = f'<a href="{escape(rows.total.url)}">All 27 in the list</a>'
        assert link in response.content.decode()
        assert listed(client, rows.total.url) == 27

    def test_leads_come_with_their_load(self, client, plan):
        entity = make_entity(acronym="OCHA", slug="ocha")
        area = make_area(workplan=plan)
        for _one in range(2):
            make_party(make_deliverable(priority_area=area), entity=entity)
        (row,) = client.get(url(plan)).context["leads"].rows
        assert (row.label, row.total.count) == ("OCHA", 2)
        assert row.total.url == "/deliverables/?workplan=rg9-2020&lead=ocha"

    def test_a_plan_without_items_on_a_day_says_so(self, client, plan):
        make_deliverable(priority_area=make_area(workplan=plan))
        response = client.get(url(plan), {"as_of": "1999-01-01"})
        assert response.status_code == 200
        assert "No deliverable on 1 January 1999." in response.content.decode()

    def test_an_archived_plan_is_judged_no_more(self, client, plan):
        plan.archived_on = date(2021, 1, 1)
        plan.save()
        make_deliverable(
            priority_area=make_area(workplan=plan),
            initial_timeframe="in 2020",
            initial_latest=date(2020, 12, 31),
        )
        response = client.get(url(plan), DAY)
        page = response.content.decode()
        assert "Archived from 1 January 2021" in page
        assert 'id="attention"' not in page
        figures = linked_figures(response)
        assert figures
        assert all("archived=all" in address for address, _number in figures)
        check_figures(client, url(plan), date(2021, 6, 30))


class TestFigures:
    @pytest.mark.parametrize("slug", ["now", "kept", "sub-plan"])
    def test_each_figure_counts_the_list_behind_it_on_every_day(self, slug, client):
        make_site(6, items=20)
        followed = [check_figures(client, f"/workplans/{slug}/", day) for day in DAYS]
        assert max(followed) > 3

    def test_the_table_agrees_with_a_recount(self, client):
        site = make_site(8, items=40)
        for plan in site.plans[:4]:
            for day in DAYS:
                day = day or days.site_today()
                response = client.get(url(plan), {"as_of": day.isoformat()})
                mine = [one for one in recount(Deliverable, day) if publisher(one.item) == plan]
                rows = response.context["table"].rows
                assert sum(row.total.count for row in rows) == len(mine)
                totals = response.context["table"].totals
                for cell in totals.cells:
                    assert cell.figure.count == sum(one.status == cell.word.code for one in mine)
                assert sum(cell.figure.count for cell in totals.cells) == len(mine)

    def test_the_list_of_plans_agrees_with_a_recount(self, client):
        site = make_site(9, items=40)
        day = date(2021, 6, 30)
        plans = client.get("/workplans/", DAY).context["plans"]
        running = [one for one in recount(Deliverable, day) if not one.is_archived]
        assert same(plans.running, running)
        (archived,) = plans.archived
        assert archived.workplan == site.plans[2]
        assert check_figures(client, "/workplans/", day) > 3


class TestWhoMaySee:
    def test_an_unpublished_plan_is_not_there_for_visitors(self, client, staff_client):
        make_site(1, items=10)
        assert client.get("/workplans/draft/").status_code == 404
        assert SECRET in staff_client.get("/workplans/draft/").content.decode()
        assert SECRET not in client.get("/workplans/").content.decode()

    def test_nothing_unpublished_reaches_a_visitor(self, client):
        site = make_site(7, items=20)
        for plan in site.plans[:4]:
            for day in DAYS:
                asked = {"as_of": day.isoformat()} if day else {}
                assert SECRET not in client.get(url(plan), asked).content.decode()

    def test_the_name_of_an_unpublished_source_is_for_staff(self, client, staff_client, plan):
        plan.source = make_source(title=SECRET, published=False)
        plan.save()
        assert SECRET not in client.get(url(plan)).content.decode()
        assert SECRET in staff_client.get(url(plan)).content.decode()

    @pytest.mark.parametrize("query", ["as_of=x", "as_of=2999-01-01", "status=ongoing"])
    def test_words_and_no_rows_for_what_is_not_understood(self, client, plan, query):
        make_deliverable(title="A row", priority_area=make_area(workplan=plan))
        for address in (url(plan), "/workplans/"):
            response = client.get(f"{address}?{query}")
            page = response.content.decode()
            assert response.status_code == 400
            assert "This address was not understood" in page
            assert "A row" not in page
            assert "Plan nine" not in page

    def test_an_unknown_plan_is_not_found(self, client):
        assert client.get("/workplans/nowhere/").status_code == 404
        assert client.get("/workplans/%00/").status_code == 404


def test_the_number_of_queries_does_not_grow(client, plan, django_assert_num_queries):
    def add(how_many):
        area = make_area(workplan=plan)
        for _one in range(how_many):
            item = make_deliverable(priority_area=area)
            make_party(item)
            make_update(item, timeframe="in 2030")

    # The plan, its areas, their partners; counts by area; deliverables, their parties; slips;
    # progress over time: the items, their statuses; leads: states, responsibilities, entities;
    # the mandates behind it.
    add(3)
    with django_assert_num_queries(13 + DAY_PICKER):
        client.get(url(plan))
    add(30)
    with django_assert_num_queries(13 + DAY_PICKER):
        client.get(url(plan))
    with django_assert_num_queries(2 + DAY_PICKER):  # plans with owners, the GROUP BY
        client.get("/workplans/")


@pytest.mark.usefixtures("documents")
def test_the_rg1_workplan_of_the_documents(client):
    """The counts of the progress report, by hand: 10, 10 and 1 in June 2021; 18 and 3 in 2020."""
    expected = {
        date(2021, 6, 30): {"completed": 10, "ongoing": 10, "continuous": 1},
        date(2020, 1, 1): {"completed": 3, "": 15},
    }
    for day, counts in expected.items():
        response = client.get("/workplans/rg1-2020/", {"as_of": day.isoformat()})
        totals = response.context["table"].totals
        assert {cell.word.code: cell.figure.count for cell in totals.cells} == counts
        assert check_figures(client, "/workplans/rg1-2020/", day) > 20
        assert check_figures(client, "/", day) > 5
    areas = client.get("/workplans/rg1-2020/", DAY).context["table"].rows
    assert [row.total.count for row in areas] == [4, 2, 5, 5, 1, 2, 2]
    slips = client.get("/workplans/rg1-2020/", DAY).context["attention"].slips
    assert {slip.update.item.number for slip in slips} == {"3.3", "6.1"}
