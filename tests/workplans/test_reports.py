"""Figures against a hand-worked example, a slow recount, and the number of queries."""

from collections import Counter
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import prefetch_related_objects
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actionpoints import reports as action_point_reports
from actionpoints.models import ActionPoint, Meeting
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_source,
    make_staff,
    make_update,
    make_workplan,
)
from tests.figures import DAYS, make_site, publisher, recount, same
from workplans import days, reports
from workplans.models import Deliverable, Entity, Level, Workplan
from workplans.quarters import Quarter

pytestmark = pytest.mark.django_db

DAY = date(2021, 6, 30)


def items_on(day, model=Deliverable):
    return model.objects.as_of(day).filter(level=Level.ITEM)


@pytest.fixture
def plan():
    """Two areas: one item completed, one overdue, one due soon, one continuous, one unreported.

    On 1 January 2021 the first is still ongoing, and nothing is late yet.
    """
    plan = make_workplan(slug="example")
    first, second, _empty = (make_area(workplan=plan, number=number) for number in "123")
    done = make_deliverable(priority_area=first, number="1.1")
    make_update(done, status="ongoing", effective_on=date(2020, 6, 1))
    make_update(done, status="completed", effective_on=date(2021, 2, 1))
    late = make_deliverable(
        priority_area=first,
        number="1.2",
        initial_timeframe="by March 2021",
        initial_latest=date(2021, 3, 31),
    )
    make_update(late, status="ongoing", effective_on=date(2020, 6, 1))
    make_deliverable(
        priority_area=second,
        number="2.1",
        initial_timeframe="by 30 July 2021",
        initial_latest=date(2021, 7, 30),
    )
    rolling = make_deliverable(
        priority_area=second,
        number="2.2",
        initial_timeframe="end 2020",
        initial_latest=date(2020, 12, 31),
    )
    make_update(rolling, status="continuous", effective_on=date(2020, 6, 1))
    make_deliverable(priority_area=second, number="2.3")
    return plan


class TestCounts:
    def test_the_hand_worked_example_by_priority_area(self, plan):
        first, second, empty = reports.by_priority_area(plan, items_on(DAY))
        assert dict(first.tally.statuses) == {"completed": 1, "ongoing": 1}
        assert dict(first.tally.timeliness) == {"closed": 1, "overdue": 1}
        assert dict(second.tally.statuses) == {"continuous": 1, "": 2}
        assert dict(second.tally.timeliness) == {"on_time": 1, "due_soon": 1, "no_date": 1}
        assert (empty.tally.total, empty.tally.open) == (0, 0)
        assert (first.tally.open, second.tally.open) == (1, 3)

    def test_the_same_on_an_earlier_day(self, plan):
        first, second, _empty = reports.by_priority_area(plan, items_on(date(2021, 1, 1)))
        assert dict(first.tally.statuses) == {"ongoing": 2}
        assert first.tally.with_timeliness("overdue") == 0
        assert dict(second.tally.timeliness) == {"on_time": 2, "no_date": 1}

    def test_tallies_add_and_subtract(self, plan):
        first, second, _empty = (row.tally for row in reports.by_priority_area(plan, items_on(DAY)))
        assert (first + second).total == 5
        assert first + second == reports.tally(items_on(DAY))
        assert (first + second - second) == first

    @pytest.mark.parametrize("seed", range(3))
    def test_every_count_agrees_with_a_recount_on_every_day(self, seed):
        make_site(seed, items=25)
        for day in DAYS:
            day = day or days.site_today()
            deliverables = recount(Deliverable, day, staff=True)
            items = items_on(day)
            assert same(reports.tally(items), deliverables)
            for row in reports.by_workplan(Workplan.objects.all(), items):
                mine = [one for one in deliverables if publisher(one.item) == row.subject]
                assert same(row.tally, mine)
                for area in reports.by_priority_area(row.subject, items):
                    assert same(
                        area.tally,
                        [one for one in mine if one.item.priority_area == area.subject],
                    )
            action_points = recount(ActionPoint, day, staff=True)
            items = items_on(day, ActionPoint)
            for row in action_point_reports.by_meeting(items, Meeting.objects.all()):
                assert same(
                    row.tally, [one for one in action_points if one.item.meeting == row.subject]
                )
            for theme, tally in action_point_reports.by_theme(items).items():
                assert same(tally, [one for one in action_points if one.item.theme == theme])
            bodies = action_point_reports.by_body(items)
            for row in bodies:
                assert same(
                    row.tally,
                    [
                        one
                        for one in action_points
                        if one.item.meeting and one.item.meeting.body == row.subject
                    ],
                )
            assert {row.subject for row in bodies} == {
                one.item.meeting.body for one in action_points if one.item.meeting
            }

    def test_a_count_is_one_query_however_many_rows(self, plan, django_assert_num_queries):
        make_action_point()
        with django_assert_num_queries(1):  # the GROUP BY
            reports.tally(items_on(DAY))
        with django_assert_num_queries(2):  # the GROUP BY, and the priority areas
            reports.by_priority_area(plan, items_on(DAY))
        with django_assert_num_queries(2):  # the GROUP BY, and the workplans
            reports.by_workplan(Workplan.objects.all(), items_on(DAY))
        with django_assert_num_queries(2):  # the GROUP BY, and the bodies
            action_point_reports.by_body(items_on(DAY, ActionPoint))


def held_by(entity, roles, day, items):
    """A slow answer to what an entity has some roles in on a day, itself or by a part."""

    def has(item):
        return any(
            held.entity == entity
            and held.role in roles
            and (held.since is None or held.since <= day)
            and (held.until is None or held.until >= day)
            for held in item.responsibilities.all()
        )

    return {
        one.item.pk
        for one in items
        if has(one.item)
        or any(
            has(part)
            for part in one.item.children.all()
            if part.introduced_on <= day and not (part.withdrawn_on and part.withdrawn_on <= day)
        )
    }


class TestWhoHoldsWhat:
    def test_an_item_counts_once_with_each_lead_also_by_its_parts(self, plan):
        area = plan.priority_areas.first()
        item, other = Deliverable.objects.filter(priority_area=area)
        ocha, icva, wfp = (make_entity(acronym=name) for name in ("OCHA", "ICVA", "WFP"))
        make_party(item, entity=ocha)
        make_party(item, entity=ocha, role="co_lead")
        part = make_deliverable(priority_area=area, level="part", parent=item)
        make_party(part, entity=icva)
        make_party(part, entity=ocha)
        make_party(other, entity=icva)
        make_party(other, entity=wfp, role="consulted")

        leads = reports.by_lead(items_on(DAY), DAY)
        # The most open items first: ICVA has one open and one closed, OCHA one closed.
        assert [(str(lead.subject), lead.tally.open, lead.tally.total) for lead in leads] == [
            ("ICVA", 1, 2),
            ("OCHA", 0, 1),
        ]

    def test_a_role_that_is_over_or_not_begun_does_not_count(self, plan):
        item = Deliverable.objects.first()
        make_party(item, until=date(2021, 6, 29))
        make_party(item, since=date(2021, 7, 1))
        now = make_party(item, since=DAY, until=DAY)
        assert [lead.subject for lead in reports.by_lead(items_on(DAY), DAY)] == [now.entity]

    def test_roles_come_in_order_with_open_items_first_by_their_day(self, plan):
        entity = make_entity()
        for item in Deliverable.objects.all():
            make_party(item, entity=entity, role="support")
        make_party(Deliverable.objects.first(), entity=entity)
        lead, support = reports.by_role(items_on(DAY), entity, DAY)
        assert (lead.role, support.role) == ("lead", "support")
        numbers = dict(Deliverable.objects.values_list("pk", "number"))
        assert [numbers[pk] for pk in support.items] == ["1.2", "2.2", "2.1", "2.3", "1.1"]

    @pytest.mark.parametrize("model", [Deliverable, ActionPoint])
    @pytest.mark.parametrize("seed", range(2))
    def test_every_load_agrees_with_a_recount(self, seed, model):
        make_site(seed, items=20)
        for day in DAYS[1:4]:
            items = recount(model, day, staff=True)
            prefetch_related_objects(
                [one.item for one in items],
                "responsibilities__entity",
                "children__responsibilities__entity",
            )
            leads = {row.subject: row.tally for row in reports.by_lead(items_on(day, model), day)}
            for entity in Entity.objects.all():
                led = held_by(entity, ("lead", "co_lead", "focal_point"), day, items)
                assert (leads[entity].total if entity in leads else 0) == len(led)
                roles = {
                    row.role: row for row in reports.by_role(items_on(day, model), entity, day)
                }
                for role in ("lead", "co_lead", "focal_point", "support", "consulted"):
                    expected = held_by(entity, (role,), day, items)
                    assert (
                        set(roles[role].items) | roles[role].archived if role in roles else set()
                    ) == expected

    def test_the_queries_do_not_grow_with_the_rows(self, plan, django_assert_num_queries):
        entity = make_entity()
        for item in Deliverable.objects.all():
            make_party(item, entity=entity)
            make_party(item)
        with django_assert_num_queries(3):  # states, responsibilities, entities
            reports.by_lead(items_on(DAY), DAY)
        with django_assert_num_queries(2):  # responsibilities, states
            reports.by_role(items_on(DAY), entity, DAY)


class TestSlips:
    def make(self, **kwargs):
        return make_deliverable(
            initial_timeframe="end 2020", initial_latest=date(2020, 12, 31), **kwargs
        )

    def slips(self, day=DAY):
        return [
            (slip.old_timeframe, slip.new_timeframe, slip.days)
            for slip in reports.slips(items_on(day), day)
        ]

    def test_a_later_day_is_a_slip_an_earlier_or_none_is_not(self):
        make_update(self.make(), timeframe="Q2 2021", effective_on=date(2020, 12, 1))
        make_update(self.make(), timeframe="October 2020", effective_on=date(2020, 9, 1))
        make_update(self.make(), timeframe="TBD", effective_on=date(2020, 9, 1))
        make_update(self.make(), narrative="Going on.", effective_on=date(2020, 9, 1))
        make_update(make_deliverable(), timeframe="in 2022", effective_on=date(2020, 9, 1))
        assert self.slips() == [("end 2020", "Q2 2021", 181)]

    def test_each_step_is_measured_from_the_one_before_it(self):
        item = self.make()
        make_update(item, timeframe="31 March 2021", effective_on=date(2020, 12, 1))
        make_update(item, timeframe="31 January 2021", effective_on=date(2021, 1, 1))
        make_update(item, timeframe="30 April 2021", effective_on=date(2021, 2, 1))
        assert self.slips() == [
            ("31 January 2021", "30 April 2021", 89),
            ("end 2020", "31 March 2021", 90),
        ]
        assert self.slips(date(2021, 1, 31)) == [("end 2020", "31 March 2021", 90)]

    def test_a_corrected_row_is_no_slip(self):
        item = self.make()
        wrong = make_update(item, timeframe="in 2025", effective_on=date(2020, 12, 1))
        make_update(item, replaces=wrong, timeframe="Q2 2021", effective_on=date(2020, 12, 1))
        assert self.slips() == [("end 2020", "Q2 2021", 181)]


class TestTimes:
    def test_quarters_hold_what_is_due_in_them_in_order(self):
        for due in (date(2021, 3, 31), date(2021, 1, 1), date(2020, 12, 31), None):
            make_deliverable(initial_timeframe=str(due or "TBD"), initial_latest=due)
        done = make_deliverable(initial_timeframe="May", initial_latest=date(2021, 5, 31))
        make_update(done, status="completed", effective_on=date(2021, 6, 1))
        assert reports.due_by_quarter(items_on(DAY)) == [
            (Quarter(2020, 4), 1),
            (Quarter(2021, 1), 2),
            (None, 1),
        ]

    def test_what_is_due_next_is_open_and_not_past(self):
        for due in (date(2021, 6, 29), date(2021, 6, 30), date(2021, 9, 1)):
            make_deliverable(initial_timeframe=str(due), initial_latest=due)
        done = make_deliverable(initial_timeframe="July", initial_latest=date(2021, 7, 1))
        make_update(done, status="completed", effective_on=date(2021, 6, 1))
        found = reports.due_next(items_on(DAY), DAY, limit=5)
        assert [item.due for item in found] == [date(2021, 6, 30), date(2021, 9, 1)]

    def test_silence_is_judged_by_the_report_and_ends_with_closing(self):
        told = make_deliverable(number="told")
        make_update(told, source=make_source(dated=date(2021, 5, 2)))
        quiet = make_deliverable(number="quiet")
        make_update(quiet, source=make_source(dated=date(2021, 5, 1)))
        make_deliverable(number="never", introduced_on=date(2021, 4, 1))
        make_deliverable(number="new", introduced_on=date(2021, 6, 1))
        closed = make_deliverable(number="closed")
        make_update(closed, status="completed", source=make_source(dated=date(2021, 1, 1)))
        archived = make_area(workplan=make_workplan(archived_on=date(2021, 6, 1)))
        make_deliverable(number="archived", priority_area=archived)
        silent = items_on(DAY).filter(is_silent=True).order_by("last_word")
        assert [item.number for item in silent] == ["never", "quiet"]
        assert reports.tally(items_on(DAY)).silent == 2

    def test_the_latest_updates_are_told_by_the_day_and_stand(self):
        item = make_deliverable()
        later = make_source(dated=date(2021, 8, 1))
        first = make_update(item, source=make_source(dated=date(2021, 1, 1)))
        wrong = make_update(item, source=make_source(dated=date(2021, 2, 1)))
        right = make_update(item, replaces=wrong, source=make_source(dated=date(2021, 3, 1)))
        make_update(item, effective_on=date(2021, 1, 5), source=later)
        part = make_deliverable(level="part", parent=item, priority_area=item.priority_area)
        of_part = make_update(part, source=make_source(dated=date(2021, 2, 15)))
        found = reports.latest_updates(items_on(DAY), DAY, limit=10)
        assert found == [right, of_part, first]
        assert reports.latest_updates(items_on(DAY), DAY, limit=1) == [right]


class TestMeetings:
    def test_what_a_record_told_is_its_last_status_and_its_last_words(self):
        meeting = make_meeting(record=make_source(dated=date(2020, 7, 16)))
        item = make_action_point()
        make_update(item, status="pending", source=make_source(dated=date(2020, 1, 1)))
        make_update(item, status="in_progress", narrative="Begun.", source=meeting.record)
        make_update(item, narrative="And more.", source=meeting.record)
        make_update(item, status="completed", source=make_source(dated=date(2021, 1, 1)))
        other = make_action_point()

        items = items_on(DAY, ActionPoint)
        (told,) = action_point_reports.told_by_record(meeting, items, DAY)
        assert (told.item, told.status, told.narrative) == (item, "in_progress", "And more.")
        assert told.item.status == "completed"
        assert other in items
        before = date(2020, 7, 15)
        assert not action_point_reports.told_by_record(
            meeting, items_on(before, ActionPoint), before
        )

    def test_how_many_each_meeting_reviewed_agrees_with_the_query_set(self):
        make_site(5, items=20)
        for day in DAYS[1:4]:
            items = items_on(day, ActionPoint)
            meetings = list(Meeting.objects.all())
            counts = action_point_reports.reviewed_by_meeting(items, meetings, day)
            assert Counter(counts) == Counter(
                {meeting.pk: items.reviewed_at(meeting, day).count() for meeting in meetings}
            )


# Three days and both viewers for each site, which takes longer to make than to count.
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(2, 10**6),
    afters=st.lists(st.integers(0, 1200), min_size=3, max_size=3, unique=True),
)
def test_the_counts_of_any_day_are_those_of_a_recount_in_plain_python(db, seed, afters):
    viewers = {False: AnonymousUser(), True: make_staff()}
    with transaction.atomic():
        make_site(seed, items=8)
        for day in (date(2019, 1, 1) + timedelta(days=after) for after in afters):
            for staff, viewer in viewers.items():
                for model in (Deliverable, ActionPoint):
                    items = model.objects.visible_to(viewer).as_of(day).filter(level=Level.ITEM)
                    assert same(reports.tally(items), recount(model, day, staff=staff))
        transaction.set_rollback(True)
