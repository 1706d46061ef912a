"""Carrying the open items of a plan over to another."""

from datetime import date

import pytest
from django.test import Client

from tests.factories import (
    make_area,
    make_deliverable,
    make_entity,
    make_party,
    make_update,
    make_workplan,
)
from tests.life import difference, figures, look, make_part, refusals, take, told
from workplans import days
from workplans.models import Deliverable, SpentReference
from workplans.status import record_update

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_ledger")]


class TestCarryingOver:
    @pytest.fixture
    def plan(self):
        """A plan of two areas: an open item with a part, one under a heading, a closed one."""
        plan = make_workplan(slug="rg1-2020", title="Plan 2020")
        first = make_area(workplan=plan, number="1", title="Protection", order=1)
        second = make_area(workplan=plan, number="2", title="Data", order=2)
        item = make_deliverable(priority_area=first, number="1.1", title="Write guidance")
        make_part(item, ref="RG1-2020-1.1-a")
        done_part = make_part(item, ref="RG1-2020-1.1-b")
        make_update(done_part, status="completed", effective_on=date(2021, 1, 1))
        make_party(item, entity=make_entity(acronym="OCHA"), as_printed="OCHA and others")
        make_party(item, entity=make_entity(acronym="GONE"), until=date(2020, 6, 30))
        make_party(item, entity=make_entity(acronym="IOM"), role="consulted", order=2)
        record_update(item, status="ongoing", timeframe="Q2 2022", effective_on=date(2021, 1, 1))
        heading = make_deliverable(
            priority_area=second, level="heading", number="2", title="All data"
        )
        make_deliverable(priority_area=second, parent=heading, number="2.1", title="Share data")
        done = make_deliverable(priority_area=second, number="2.2", title="Done")
        make_update(done, status="completed", effective_on=date(2021, 1, 1))
        return plan

    def test_makes_successors_and_leaves_the_history(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022", title="Plan 2022")
        make_area(workplan=target, number="1", title="Protection", order=1)
        old = Deliverable.objects.get(ref="RG1-2020-1.1")
        before, today = figures(), days.site_today()

        page = take(staff_client, "carry-over", plan, target=str(target.pk), archive="on")
        said = told(page)
        assert "2 new items in “Plan 2022”" in said
        assert "RG1-2020-1.1 → RG1-2022-1.1 Write guidance (OCHA; Q2 2022)" in said
        assert "2 Data (is made)" in said
        assert "1 item is closed" in said

        made = {item.ref: item for item in target.tracked_items()}
        assert set(made) == {"RG1-2022-1.1", "RG1-2022-1.1-a", "RG1-2022-2", "RG1-2022-2.1"}
        new = made["RG1-2022-1.1"]
        assert new.continues == old
        assert (new.cached_status, new.updates.count(), old.updates.count()) == ("", 0, 1)
        assert (new.initial_timeframe, new.initial_latest) == ("Q2 2022", date(2022, 6, 30))
        assert new.introduced_on == today
        assert [(str(r.entity), r.role, r.as_printed) for r in new.responsibilities.all()] == [
            ("OCHA", "lead", "OCHA and others"),
            ("IOM", "consulted", ""),
        ]
        assert made["RG1-2022-1.1-a"].parent == new
        assert made["RG1-2022-2.1"].parent == made["RG1-2022-2"]
        assert {area.number: area.title for area in target.priority_areas.all()} == {
            "1": "Protection",
            "2": "Data",
        }
        # The old plan is archived: three of its items are counted apart, two new ones with all.
        assert difference(before, figures()) == {
            "deliverable deliverables": -1,
            "deliverable completed": -1,
            "deliverable silent for 60 days": -1,
            "archived deliverables": 3,
        }
        for one, other in ((old, new), (new, old)):
            shown = Client().get(one.get_absolute_url()).content.decode()
            assert other.get_absolute_url() in shown

    def test_done_again_carries_only_what_is_new(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022")
        take(staff_client, "carry-over", plan, target=str(target.pk))
        again = look(staff_client, "carry-over", plan, target=str(target.pk))
        assert "carried over to it already" in refusals(again)
        area = plan.priority_areas.get(number="2")
        heading = Deliverable.objects.get(ref="RG1-2020-2")
        make_deliverable(priority_area=area, parent=heading, number="2.3", title="New")
        take(staff_client, "carry-over", plan, target=str(target.pk))
        new = Deliverable.objects.get(ref="RG1-2022-2.3")
        assert new.parent.ref == "RG1-2022-2"
        assert target.tracked_items().count() == 5

    def test_takes_the_areas_that_are_named(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022")
        make_area(workplan=target, number="7", title="Everything else", order=7)
        first, second = plan.priority_areas.order_by("order")
        answers = {f"area_{first.pk}": "7", f"area_{second.pk}": "7"}
        page = take(staff_client, "carry-over", plan, target=str(target.pk), **answers)
        assert "7 Everything else (for “1 Protection”)" in told(page)
        assert {item.priority_area.number for item in target.tracked_items()} == {"7"}

    def test_what_is_new_follows_what_was_carried_to_another_area(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022")
        second = plan.priority_areas.get(number="2")
        answers = {"target": str(target.pk)}
        take(staff_client, "carry-over", plan, **answers, **{f"area_{second.pk}": "7"})
        heading = Deliverable.objects.get(ref="RG1-2020-2")
        make_deliverable(priority_area=second, parent=heading, number="2.3", title="New")
        take(staff_client, "carry-over", plan, **answers)
        new = Deliverable.objects.get(ref="RG1-2022-2.3")
        assert new.priority_area.number == "7"
        new.full_clean()

    def test_makes_no_area_in_which_nothing_lands_and_no_two_of_a_number(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022")
        first, second = plan.priority_areas.order_by("order")
        answers = {f"area_{first.pk}": "9", f"area_{second.pk}": "9"}
        page = take(staff_client, "carry-over", plan, target=str(target.pk), **answers)
        assert "9 Protection (is made)" in told(page)
        assert "9 Protection (for “2 Data”)" in told(page)
        assert target.priority_areas.count() == 1
        make_deliverable(priority_area=first, number="1.9")
        answers = {f"area_{first.pk}": "70", f"area_{second.pk}": "71"}
        page = take(staff_client, "carry-over", plan, target=str(target.pk), **answers)
        assert "71" not in told(page)
        assert {area.number for area in target.priority_areas.all()} == {"9", "70"}

    def test_never_gives_a_reference_twice(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022")
        make_deliverable(priority_area=make_area(workplan=target), ref="RG1-2022-1.1")
        SpentReference.objects.create(ref="RG1-2022-2.1")
        take(staff_client, "carry-over", plan, target=str(target.pk))
        successors = Deliverable.objects.exclude(continues=None)
        found = dict(successors.values_list("continues__ref", "ref"))
        assert found["RG1-2020-1.1"] == "RG1-2022-1.1-1"
        assert found["RG1-2020-2.1"] == "RG1-2022-2.1-1"

    def test_refuses_itself_an_archived_plan_and_one_without_open_items(self, staff_client, plan):
        page = look(staff_client, "carry-over", plan, target=str(plan.pk))
        assert "valid choice" in refusals(page)
        kept = make_workplan(archived_on=date(2021, 1, 1))
        page = look(staff_client, "carry-over", plan, target=str(kept.pk))
        assert "archived" in refusals(page)
        page = look(staff_client, "carry-over", make_workplan(), target=str(plan.pk))
        assert "no open item" in refusals(page)
