"""The overview: figures that hold, what is due, what was told last."""

from collections import Counter
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from actionpoints.models import ActionPoint
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_recommendation,
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
    recount,
)
from tests.public_pages import DAY_PICKER
from workplans import days
from workplans.models import Deliverable, Workplan

pytestmark = pytest.mark.django_db

URL = "/"


def test_the_page_names_itself_and_its_day(client):
    response = client.get(URL, {"as_of": "2021-06-30"})
    page = response.content.decode()
    assert reverse("overview") == URL
    assert "<title>Overview" in page
    assert "30 June 2021" in page


def test_an_empty_site_says_so(client):
    page = client.get(URL).content.decode()
    assert "No workplan is public yet." in page
    assert "Nothing that is open has a day ahead." in page


class TestFigures:
    def test_the_hand_worked_example(self, client):
        plan = make_workplan(slug="rg9-2020", title="Plan nine")
        area = make_area(workplan=plan)
        done, late, _unreported = (
            make_deliverable(
                priority_area=area, initial_timeframe="in 2020", initial_latest=date(2020, 12, 31)
            ),
            make_deliverable(
                priority_area=area, initial_timeframe="in 2020", initial_latest=date(2020, 12, 31)
            ),
            make_deliverable(priority_area=area),
        )
        make_update(done, status="completed", effective_on=date(2020, 6, 1))
        make_update(late, status="ongoing", effective_on=date(2020, 6, 1))
        meeting = make_meeting(body=make_entity(kind="body", slug="opag", acronym="OPAG"))
        make_action_point(meeting=meeting)

        response = client.get(URL, {"as_of": "2021-06-30"})
        day = "as_of=2021-06-30"
        statuses = "timeliness=overdue&timeliness=due_soon&timeliness=on_time&timeliness=no_date"
        assert linked_figures(response) == [
            (f"/deliverables/?{day}", 3),
            (f"/deliverables/?status=completed&{day}", 1),
            (f"/deliverables/?{statuses}&{day}", 2),
            (f"/deliverables/?timeliness=overdue&{day}", 1),
            (f"/deliverables/?silent=60&{day}", 2),
            (f"/action-points/?{day}", 1),
            (f"/action-points/?{statuses}&{day}", 1),
            (f"/action-points/?silent=60&{day}", 1),
            (f"/deliverables/?workplan=rg9-2020&status=completed&{day}", 1),
            (f"/deliverables/?workplan=rg9-2020&status=ongoing&{day}", 1),
            (f"/deliverables/?workplan=rg9-2020&status=not_reported&{day}", 1),
            (f"/deliverables/?workplan=rg9-2020&timeliness=overdue&{day}", 1),
            (f"/deliverables/?workplan=rg9-2020&{day}", 3),
            (f"/action-points/?body=opag&status=not_reported&{day}", 1),
            (f"/action-points/?body=opag&{day}", 1),
            (f"/deliverables/?{statuses}&due=2020-q4&{day}", 1),
            (f"/deliverables/?{statuses}&due=none&{day}", 1),
            (f"/action-points/?{statuses}&due=none&{day}", 1),
        ]

    def test_each_figure_counts_the_list_behind_it_on_every_day(self, client, staff_client):
        make_site(1, items=16)
        followed = [check_figures(client, URL, day) for day in DAYS]
        assert max(followed) > 15
        assert check_figures(staff_client, URL, DAYS[3]) > 15

    def test_the_links_open_lists_that_show_as_many(self, client):
        make_site(7, items=8)
        for address, number in linked_figures(client.get(URL)):
            response = client.get(address)
            assert response.status_code == 200
            assert response.context["listing"].count == len(response.context["rows"]) == number

    @pytest.mark.parametrize("staff", [False, True])
    def test_the_headlines_agree_with_a_recount(self, staff, client, staff_client):
        make_site(3, items=24)
        for day in DAYS:
            day = day or days.site_today()
            response = (staff_client if staff else client).get(URL, {"as_of": day.isoformat()})
            for name, model in (
                ("deliverable_figures", Deliverable),
                ("action_point_figures", ActionPoint),
            ):
                counted = [one for one in recount(model, day, staff) if not one.is_archived]
                times = Counter(one.timeliness for one in counted)
                assert [one.figure.count for one in response.context[name]] == [
                    len(counted),
                    sum(one.status == "completed" for one in counted),
                    len(counted) - times["closed"],
                    times["overdue"],
                    times["due_soon"],
                    sum(one.is_silent for one in counted),
                ]

    def test_an_archived_plan_stands_apart_and_its_links_ask_for_it(self, client):
        plan = make_workplan(slug="kept", title="Kept plan", archived_on=date(2021, 1, 1))
        make_deliverable(
            priority_area=make_area(workplan=plan),
            initial_timeframe="in 2020",
            initial_latest=date(2020, 12, 31),
        )
        response = client.get(URL, {"as_of": "2021-06-30"})
        assert linked_figures(response) == [
            ("/deliverables/?workplan=kept&archived=all&as_of=2021-06-30", 1)
        ]
        assert check_figures(client, URL, date(2021, 6, 30)) == 1
        assert "Archived, and counted apart:" in response.content.decode()
        # The day before, it ran, and its deliverable was not late yet.
        assert "Archived" not in client.get(URL, {"as_of": "2020-12-31"}).content.decode()

    def test_follow_up_of_reviews_has_a_row_with_its_list(self, client):
        make_action_point()
        make_action_point(meeting=None, recommendation=make_recommendation())
        table = client.get(URL).context["bodies"]
        assert table.rows[-1].label == "Follow-up of reviews"
        assert table.rows[-1].total.count == 1
        listed = client.get(table.rows[-1].total.url).context["listing"]
        assert listed.count == 1
        assert table.totals.total.count == 2


class TestWhatIsDueByQuarter:
    def test_the_hand_worked_example(self, client):
        area = make_area()
        for due in (
            date(2019, 5, 1),
            date(2021, 4, 1),
            date(2021, 6, 30),
            *(date(2021 + n // 4, 3 * (n % 4) + 1, 1) for n in range(2, 9)),
            date(2030, 1, 1),
            None,
        ):
            frame = {"initial_timeframe": str(due), "initial_latest": due} if due else {}
            make_deliverable(priority_area=area, **frame)
        make_action_point(initial_timeframe="May 2021", initial_latest=date(2021, 5, 31))
        rows = client.get(URL, {"as_of": "2021-06-30"}).context["due_by_quarter"]
        assert [
            (row.label, [cell.figure.count for cell in row.cells], row.is_now) for row in rows
        ] == [
            ("Earlier", [1, 0], False),
            ("Q2 2021", [2, 1], True),
            ("Q3 2021", [1, 0], False),
            ("Q4 2021", [1, 0], False),
            ("Q1 2022", [1, 0], False),
            ("Q2 2022", [1, 0], False),
            ("Q3 2022", [1, 0], False),
            ("Later", [3, 0], False),
            ("No date", [1, 0], False),
        ]
        later = rows[-2].cells[0].figure.url
        assert "due=2022-q4&due=2023-q1&due=2030-q1" in later
        assert listed(client, later) == 3

    def test_the_sum_of_all_quarters_is_what_is_open(self, client):
        make_site(9, items=20)
        for day in DAYS[1:4]:
            context = client.get(URL, {"as_of": day.isoformat()}).context
            for place, name in enumerate(("deliverable_figures", "action_point_figures")):
                due = sum(row.cells[place].figure.count for row in context["due_by_quarter"])
                (still,) = (one for one in context[name] if one.label == "open")
                assert due == still.figure.count > 0


class TestWhatIsNext:
    def test_what_is_due_next_comes_from_both_kinds_by_its_day(self, client):
        for maker, due in (
            (make_deliverable, date(2021, 9, 1)),
            (make_action_point, date(2021, 7, 1)),
            (make_deliverable, date(2021, 6, 30)),
            (make_deliverable, date(2021, 6, 29)),
        ):
            maker(title=f"due {due}", initial_timeframe=str(due), initial_latest=due)
        rows = client.get(URL, {"as_of": "2021-06-30"}).context["due_next"]
        assert [row.item.title for row in rows] == [
            "due 2021-06-30",
            "due 2021-07-01",
            "due 2021-09-01",
        ]

    def test_the_latest_updates_link_to_their_place_in_the_history(self, client):
        item, action_point = make_deliverable(), make_action_point()
        make_update(item, source=make_source(dated=date(2021, 1, 1)))
        make_update(item, source=make_source(dated=date(2021, 3, 1)))
        make_update(action_point, source=make_source(dated=date(2021, 2, 1)))
        make_update(item, source=make_source(dated=date(2021, 8, 1)))
        latest = client.get(URL, {"as_of": "2021-06-30"}).context["latest"]
        assert [one.url for one in latest] == [
            f"/deliverables/{item.ref}/?as_of=2021-06-30#update-2",
            f"/action-points/{action_point.ref}/?as_of=2021-06-30#update-1",
            f"/deliverables/{item.ref}/?as_of=2021-06-30#update-1",
        ]


class TestWhoMaySee:
    def test_nothing_unpublished_reaches_a_visitor(self, client, staff_client):
        make_site(2, items=30)
        for day in DAYS:
            asked = {"as_of": day.isoformat()} if day else {}
            assert SECRET not in client.get(URL, asked).content.decode()
        assert SECRET in staff_client.get(URL).content.decode()

    def test_words_and_no_rows_for_what_is_not_understood(self, client):
        make_site(1, items=6)
        for query in ("as_of=yesterday", "as_of=2999-01-01", "colour=red", "as_of=1&as_of=2"):
            response = client.get(f"{URL}?{query}")
            assert response.status_code == 400
            assert "This address was not understood" in response.content.decode()
            assert not linked_figures(response)
        assert client.get(f"{URL}?utm_source=mail").status_code == 200


def test_the_number_of_queries_does_not_grow(client, django_assert_num_queries):
    def add(how_many):
        meeting = make_meeting()
        for _one in range(how_many):
            item = make_deliverable(initial_timeframe="in 2030", initial_latest=date(2030, 12, 31))
            make_update(item)
            make_update(make_action_point(meeting=meeting))

    # Workplans with owners, their GROUP BY; action points by archived, by body, the bodies;
    # due next: deliverables, their parties, action points (none is dated);
    # the latest updates of deliverables and of action points; what is due by quarter, of both.
    add(3)
    with django_assert_num_queries(12 + DAY_PICKER):
        client.get(URL)
    add(30)
    with django_assert_num_queries(12 + DAY_PICKER):
        client.get(URL)


def test_a_whole_page_stays_under_thirty_kilobytes_over_the_line():
    import gzip

    make_site(4, items=60)
    page = Client().get(URL).content
    assert Workplan.objects.count() >= 5
    assert len(gzip.compress(page)) < 30_000


def test_a_plan_stands_among_the_others_from_its_first_deliverable_on(client, staff_client):
    plan = make_workplan(
        title="Roll-out",
        starts_on=date(2016, 10, 1),
        ends_on=date(2017, 12, 31),
        archived_on=date(2016, 9, 26),
    )
    make_deliverable(priority_area=make_area(workplan=plan), introduced_on=date(2016, 9, 26))
    ahead = {"starts_on": date(2030, 1, 1), "ends_on": date(2030, 12, 31)}
    drafted = make_workplan(title="Next year", published=False, **ahead)
    for address in ("/", "/workplans/"):
        assert "Roll-out" not in client.get(f"{address}?as_of=2016-09-25").content.decode()
        assert "Roll-out" in client.get(f"{address}?as_of=2016-09-26").content.decode()
        # What staff draft today stands there today, whenever it is to begin.
        assert drafted.title in staff_client.get(address).content.decode()
        assert drafted.title not in staff_client.get(f"{address}?as_of=2021-06-30").content.decode()
