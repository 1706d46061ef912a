"""The decisions behind a workplan, on the workplan's page."""

from datetime import date

import pytest

from actionpoints.models import Mandate
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_recommendation,
    make_update,
    make_workplan,
)
from tests.public_pages import read_text

pytestmark = pytest.mark.django_db

DAY = {"as_of": "2021-06-30"}


def read_decisions(client, plan, query=DAY):
    """The words of the section, or "" where there is none."""
    text = read_text(client.get(plan.get_absolute_url(), query))
    return text.partition("Decisions behind it")[2].partition("About this workplan")[0].strip()


@pytest.fixture
def area():
    return make_area(workplan=make_workplan(owner=make_entity(acronym="RG9")))


def test_each_decision_tells_what_it_came_as_the_latest_first(client, area):
    opag = make_entity(acronym="OPAG")
    first, second, third = (
        make_deliverable(priority_area=area, title=title) for title in ("One", "Two", "Three")
    )
    point = make_action_point()
    make_update(point, status="pending", effective_on=date(2021, 1, 1))
    earlier = make_deliverable()
    recommendation = make_recommendation()
    Mandate.objects.create(deliverable=first, by_recommendation=recommendation)
    Mandate.objects.create(deliverable=second, by_deliverable=earlier, inferred=True)
    Mandate.objects.create(
        deliverable=third,
        by_action_point=point,
        body=opag,
        kind="requested",
        decided_on=date(2020, 7, 9),
    )
    assert read_decisions(client, area.workplan).endswith(
        "A link marked “inferred” rests on what both texts say; no document cites it. "
        f"OPAG requested, 9 July 2020 Three {third.ref} came as {point.ref} Pending "
        f"One {first.ref} came as {recommendation.ref} "
        f"Two {second.ref} came as {earlier.ref} Not reported inferred"
    )


def test_a_decision_that_a_visitor_may_not_know_of_is_left_out(client, staff_client, area):
    hidden_area = make_area(workplan=make_workplan(published=False))
    for title, fields in (
        ("One", {"by_deliverable": make_deliverable(ref="SECRET-1", priority_area=hidden_area)}),
        (
            "Two",
            {
                "by_action_point": make_action_point(
                    ref="SECRET-2", meeting=make_meeting(published=False)
                ),
                "body": make_entity(acronym="OPAG"),
            },
        ),
    ):
        item = make_deliverable(priority_area=area, title=title)
        Mandate.objects.create(deliverable=item, inferred=title == "One", **fields)
    shown = read_decisions(client, area.workplan)
    assert "SECRET" not in shown and "inferred" not in shown and "One" not in shown
    assert "OPAG agreed Two" in shown
    for_staff = read_decisions(staff_client, area.workplan)
    assert "SECRET-1" in for_staff and "SECRET-2" in for_staff and "inferred" in for_staff


def test_a_plan_that_nobody_asked_for_has_no_such_section(client, area):
    item = make_deliverable(priority_area=area)
    assert read_decisions(client, area.workplan) == ""
    Mandate.objects.create(
        deliverable=item, body=make_entity(acronym="OPAG"), decided_on=date(2021, 7, 1)
    )
    assert read_decisions(client, area.workplan) == ""
    assert "OPAG" in read_decisions(client, area.workplan, {"as_of": "2021-07-01"})
