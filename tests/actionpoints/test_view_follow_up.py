"""The follow-up of action points: every figure leads to its list, on any day, for everybody."""

from datetime import date, timedelta

import pytest
from django.test import Client

from actionpoints.dashboards import LAST_MEETINGS
from actionpoints.follow_up import FIRST_LEADS
from actionpoints.models import ActionPoint, Mandate
from tests.factories import (
    make_action_point,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_review,
    make_update,
    make_workplan,
)
from tests.factories import make_area as make_area_of
from tests.figures import DAYS, SECRET, check_figures, linked_figures, make_site, recount

pytestmark = pytest.mark.django_db

ADDRESS = "/follow-up/"
SPRING, SUMMER, AUTUMN = date(2020, 4, 1), date(2020, 7, 1), date(2020, 10, 1)


def page(client=None, day=None):
    answer = (client or Client()).get(ADDRESS, {"as_of": day.isoformat()} if day else {})
    assert answer.status_code == 200
    return answer


def labels(table):
    return [row.label for row in table.rows] if table else []


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("staff", [False, True])
def test_every_figure_leads_to_the_list_that_it_counts(staff_client, day, staff):
    make_site()
    client = staff_client if staff else Client()
    followed = check_figures(client, ADDRESS, day)
    # Of the first days nothing is known, so that there is nothing to follow.
    assert followed > 20 or day == DAYS[0]


@pytest.mark.parametrize("day", [SPRING, date(2021, 6, 30)])
@pytest.mark.parametrize("staff", [False, True])
def test_its_figures_are_those_of_a_recount(staff_client, day, staff):
    make_site()
    shown = page(staff_client if staff else None, day).context
    counted = recount(ActionPoint, day, staff)
    running = [one for one in counted if not one.is_archived]
    assert shown["headlines"][0].figure.count == len(running)
    assert shown["archived"].count == len(counted) - len(running)
    of_bodies = [one for one in running if one.item.meeting_id]
    assert sum(body.total.count for body in shown["bodies"]) == len(of_bodies)
    others = sum(row.total.count for row in shown["others"].rows) if shown["others"] else 0
    assert others == len(running) - len(of_bodies)
    themes = shown["themes"]
    assert themes.totals.total.count == len(running)


def test_what_is_not_public_shows_in_no_corner(staff_client):
    make_site()
    assert SECRET not in page().content.decode()
    assert SECRET in page(staff_client).content.decode()


class TestBodiesAndMeetings:
    def test_stand_together_the_last_meeting_first(self):
        body = make_entity(kind="body", acronym="OPAG", slug="opag")
        for number in range(LAST_MEETINGS + 2):
            held_on = date(2020, 1, 1) + timedelta(days=number)
            meeting = make_meeting(body=body, held_on=held_on, title=f"Meeting of {held_on}")
            make_action_point(meeting=meeting)
        (one,) = page().context["bodies"]
        assert (one.total.count, one.earlier) == (LAST_MEETINGS + 2, 2)
        assert labels(one.table)[0] == "Meeting of 2020-01-14"
        assert len(one.table.rows) == LAST_MEETINGS
        assert one.table.totals.total.count == LAST_MEETINGS + 2
        assert "2 earlier meetings count" in page().content.decode()

    def test_reviews_stand_apart_and_what_has_no_origin(self):
        review = make_review(title="The paper")
        make_action_point(recommendation=make_recommendation(review=review))
        assert labels(page().context["others"]) == ["The paper"]
        make_action_point(meeting=None, recommendation=None)
        assert labels(page(make_staff_client()).context["others"]) == [
            "The paper",
            "Neither of a meeting nor of a review",
        ]


def make_staff_client():
    from tests.factories import make_staff

    client = Client()
    client.force_login(make_staff())
    return client


class TestLeads:
    def test_those_with_most_that_is_open_come_first_and_the_rest_is_folded(self):
        busy = make_entity(acronym="BUSY")
        for _ in range(2):
            make_party(make_action_point(), entity=busy)
        for _ in range(FIRST_LEADS):
            make_party(make_action_point())
        shown = page()
        assert labels(shown.context["leads"])[0] == "BUSY"
        assert len(shown.context["leads"].rows) == FIRST_LEADS
        assert len(shown.context["more_leads"].rows) == 1
        assert "1 other lead" in shown.content.decode()

    def test_what_nobody_leads_has_a_row_and_a_list(self):
        make_action_point(title="Led by nobody")
        led = make_action_point(title="Led by a part")
        part = make_action_point(meeting=led.meeting, parent=led, level="part")
        make_party(part)
        make_party(make_action_point(title="Only supported"), role="support")
        shown = page().context["leads"]
        assert labels(shown)[-1] == "Nobody named"
        assert shown.rows[-1].total.count == 2
        listed = Client().get("/action-points/", {"lead": "none", "sort": "title"})
        titles = [row.item.title for row in listed.context["rows"]]
        assert titles == ["Led by nobody", "Only supported"]

    def test_nobody_and_a_party_may_be_asked_for_together(self):
        make_action_point(title="Led by nobody")
        held = make_action_point(title="Held")
        entity = make_party(held).entity
        make_party(make_action_point(title="Of another"))
        listed = Client().get("/action-points/", {"lead": ["none", entity.slug], "sort": "title"})
        assert [row.item.title for row in listed.context["rows"]] == ["Held", "Led by nobody"]


class TestDoneButOpen:
    def make(self, **status):
        """An action point and the deliverable that cites it."""
        point, deliverable = make_action_point(), make_deliverable()
        Mandate.objects.create(deliverable=deliverable, by_action_point=point)
        if status:
            make_update(deliverable, **status)
        return point, deliverable

    def shown(self, client=None, day=None):
        return [one.row.item for one in page(client, day).context["done"]]

    def test_is_an_open_one_all_of_whose_deliverables_are_completed(self):
        done, deliverable = self.make(status="completed", effective_on=SUMMER)
        self.make(status="ongoing", effective_on=SUMMER)
        self.make()
        half, _first = self.make(status="completed", effective_on=SUMMER)
        Mandate.objects.create(deliverable=make_deliverable(), by_action_point=half)
        make_action_point()
        assert self.shown() == [done]
        assert self.shown(day=SUMMER - timedelta(days=1)) == []
        assert deliverable.title in page().content.decode()

        make_update(done, status="completed", effective_on=AUTUMN)
        assert self.shown() == []
        assert self.shown(day=SUMMER) == [done]

    def test_a_completed_part_counts_and_a_discontinued_deliverable_does_not(self):
        point, deliverable = self.make(status="discontinued", effective_on=SUMMER)
        assert self.shown() == []
        part = make_deliverable(
            priority_area=deliverable.priority_area, parent=deliverable, level="part"
        )
        other = make_action_point()
        Mandate.objects.create(deliverable=part, by_action_point=other)
        make_update(part, status="completed", effective_on=SUMMER)
        assert self.shown() == [other]
        assert point not in self.shown()

    def test_a_visitor_learns_nothing_of_unpublished_deliverables(self, staff_client):
        hidden = make_area_of(workplan=make_workplan(published=False))
        point, deliverable = make_action_point(), make_deliverable(priority_area=hidden)
        Mandate.objects.create(deliverable=deliverable, by_action_point=point)
        make_update(deliverable, status="completed", effective_on=SUMMER)
        assert self.shown() == []
        assert self.shown(staff_client) == [point]
        listed = Client().get("/action-points/", {"deliverables": "completed"})
        assert listed.context["rows"] == []

    def test_list_file_and_figure_hold_the_same(self):
        done, _deliverable = self.make(status="completed", effective_on=SUMMER)
        self.make()
        (url, number) = next(
            (url, number)
            for url, number in linked_figures(page())
            if "deliverables=completed" in url
        )
        listed = Client().get(url)
        assert [row.item for row in listed.context["rows"]] == [done]
        assert number == 1
        file = Client().get(url.replace("/action-points/", "/action-points.csv"))
        assert b"".join(file).decode().count("\r\n") == 2


class TestAttention:
    def test_names_what_is_overdue_and_silent_the_longest(self):
        late = {"initial_timeframe": "x", "initial_latest": date(2020, 5, 1)}
        later = make_action_point(**late | {"initial_latest": date(2020, 6, 1)})
        latest = make_action_point(**late)
        told = make_action_point()
        make_update(told, effective_on=date(2021, 6, 1), source=None, reported_on=date(2021, 6, 1))
        closed = make_action_point(**late)
        make_update(closed, status="completed", effective_on=date(2020, 5, 1))
        shown = page(day=date(2021, 6, 30)).context
        assert [row.item for row in shown["overdue"]] == [latest, later]
        assert [row.item for row in shown["silent"]] == [later, latest]


def test_an_unknown_parameter_is_named():
    answer = Client().get(ADDRESS, {"of": "everything"})
    assert answer.status_code == 400
    assert "of" in answer.content.decode()


def test_an_empty_site_says_so():
    shown = page().content.decode()
    assert "No meeting had decided anything" in shown
    assert "There is none" in shown
