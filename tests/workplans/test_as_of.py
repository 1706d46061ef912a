"""The state of any day, against hand-worked examples and a recount in plain Python."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actionpoints.models import ActionPoint
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_meeting,
    make_recommendation,
    make_review,
    make_source,
    make_update,
    make_workplan,
)
from workplans import days
from workplans.ledger_state import digest, read_rows, state_on
from workplans.models import Deliverable
from workplans.models.tracking import CACHED_COLUMNS
from workplans.status import Entry, UpdatesRefused, record_updates

pytestmark = pytest.mark.django_db

FIRST = date(2021, 1, 1)


def on(day, item):
    return type(item).objects.as_of(day).get(pk=item.pk)


class TestStateOfADay:
    def test_each_of_the_three_is_that_of_the_last_row_that_carries_one(self):
        item = make_deliverable(initial_timeframe="end 2020", initial_latest=date(2020, 12, 31))
        make_update(item, status="ongoing", narrative="Begun.", effective_on=date(2021, 1, 10))
        make_update(item, narrative="", timeframe="Q2 2021", effective_on=date(2021, 1, 20))
        make_update(item, status="completed", narrative="Done.", effective_on=date(2021, 1, 30))

        states = [
            (state.status, state.narrative, state.due)
            for state in (on(date(2021, 1, d), item) for d in (9, 10, 20, 30))
        ]
        assert states == [
            ("", "", date(2020, 12, 31)),
            ("ongoing", "Begun.", date(2020, 12, 31)),
            ("ongoing", "Begun.", date(2021, 6, 30)),
            ("completed", "Done.", date(2021, 6, 30)),
        ]

    def test_the_last_report_is_judged_by_the_day_of_the_report(self):
        item = make_deliverable()
        make_update(
            item, effective_on=date(2020, 5, 1), source=make_source(dated=date(2021, 6, 30))
        )
        assert on(date(2021, 1, 1), item).narrative
        assert on(date(2021, 1, 1), item).last_reported_on is None
        assert on(date(2021, 6, 30), item).last_reported_on == date(2021, 6, 30)

    def test_an_item_is_known_from_its_first_day_until_it_is_withdrawn(self):
        make_deliverable(introduced_on=date(2021, 1, 2), withdrawn_on=date(2021, 1, 4))
        known = [Deliverable.objects.as_of(date(2021, 1, d)).count() for d in (1, 2, 3, 4)]
        assert known == [0, 1, 1, 0]

    def test_a_superseded_item_is_closed_and_keeps_its_last_status(self):
        new = make_deliverable()
        old = make_deliverable(superseded_by=new, superseded_on=date(2021, 2, 1))
        make_update(old, status="ongoing", effective_on=FIRST)
        before, after = on(date(2021, 1, 31), old), on(date(2021, 2, 1), old)
        assert (before.is_open, after.is_open) == (True, False)
        assert (after.status, after.timeliness) == ("ongoing", "closed")

    @pytest.mark.parametrize(
        ("due", "status", "timeliness"),
        [
            (date(2021, 6, 29), "ongoing", "overdue"),
            (date(2021, 6, 30), "ongoing", "due_soon"),
            (date(2021, 7, 30), "ongoing", "due_soon"),
            (date(2021, 7, 31), "ongoing", "on_time"),
            (None, "ongoing", "no_date"),
            (date(2021, 1, 1), "continuous", "on_time"),
            (date(2021, 1, 1), "completed", "closed"),
            (date(2021, 1, 1), "", "overdue"),
        ],
    )
    def test_timeliness(self, due, status, timeliness):
        item = make_deliverable(initial_timeframe="words", initial_latest=due)
        if status:
            make_update(item, status=status, effective_on=FIRST)
        assert on(date(2021, 6, 30), item).timeliness == timeliness

    def test_what_is_archived_is_never_overdue(self):
        plan = make_workplan(archived_on=date(2021, 3, 1))
        item = make_deliverable(
            priority_area=make_area(workplan=plan),
            initial_timeframe="2020",
            initial_latest=date(2020, 12, 31),
        )
        assert on(date(2021, 2, 28), item).timeliness == "overdue"
        assert on(date(2021, 3, 1), item).timeliness == ""
        assert on(date(2021, 3, 1), item).is_archived

    def test_what_was_known_on_a_day_leaves_out_what_was_reported_later(self):
        item = make_deliverable()
        first = make_update(item, status="ongoing", source=make_source(dated=date(2021, 2, 1)))
        late = make_source(dated=date(2021, 6, 1))
        make_update(item, status="completed", effective_on=date(2021, 3, 1), source=late)
        make_update(item, status="not_started", replaces=first, source=late)

        def known(day):
            return Deliverable.objects.as_of(date(2021, 4, 1), day).get(pk=item.pk).status

        assert on(date(2021, 4, 1), item).status == "completed"
        assert on(date(2021, 2, 1), item).status == "not_started"
        assert [known(date(2021, m, 1)) for m in (1, 2, 6)] == ["", "ongoing", "completed"]
        as_known_then = Deliverable.objects.as_of(date(2021, 2, 1), date(2021, 5, 1))
        assert as_known_then.get(pk=item.pk).status == "ongoing"

    def test_the_state_costs_one_query(self, django_assert_num_queries):
        for _ in range(3):
            make_update(make_deliverable(), status="ongoing")
        for day in (days.true_today(), date(2021, 6, 30)):
            with django_assert_num_queries(1):
                list(Deliverable.objects.as_of(day))


class TestWhoSees:
    def test_a_deliverable_is_published_with_its_workplan(self, staff_user, django_user_model):
        draft = make_workplan(published=False)
        make_deliverable(priority_area=make_area(workplan=draft))
        member = django_user_model(is_staff=False)
        assert Deliverable.objects.visible_to(staff_user).count() == 1
        assert Deliverable.objects.visible_to(member).count() == 0

    def test_an_action_point_is_published_with_its_meeting_else_its_review(self, rf):
        from django.contrib.auth.models import AnonymousUser

        seen = make_action_point(meeting=make_meeting())
        make_action_point(meeting=make_meeting(published=False))
        follow_up = make_action_point(recommendation=make_recommendation())
        draft = make_review(published=False)
        make_action_point(recommendation=make_recommendation(review=draft))
        make_action_point(meeting=None)
        visible = ActionPoint.objects.visible_to(AnonymousUser())
        assert set(visible) == {seen, follow_up}


def steps():
    """Random entries: a day, what is told, the report's day, and perhaps a correction."""
    return st.lists(
        st.tuples(
            st.integers(0, 6),  # effective on
            st.integers(0, 8),  # reported on
            st.sampled_from(["", "not_started", "ongoing", "continuous", "completed"]),
            st.sampled_from(["", "One.", "Two.", "Three."]),
            st.sampled_from(["", "Q2 2021", "end 2021", "TBD"]),
            st.one_of(st.none(), st.integers(0, 9)),  # which earlier row it replaces
        ),
        max_size=10,
    )


def tell(item, told, sources):
    """Record random entries of one item; what the door refuses is left out."""
    rows = []
    for effective, reported, status, narrative, timeframe, replaces in told:
        entry = Entry(
            item=item,
            status=status,
            narrative=narrative,
            timeframe=timeframe,
            effective_on=FIRST + timedelta(days=effective),
            source=sources[reported],
            replaces=rows[replaces] if replaces is not None and replaces < len(rows) else None,
        )
        try:
            rows += record_updates([entry])
        except UpdatesRefused:
            continue


# Four histories in each example, since a question about a day answers for all of them.
@pytest.mark.django_db(transaction=False)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(histories=st.tuples(steps(), steps(), steps(), steps()))
def test_database_and_plain_python_agree_on_every_day(db, histories):
    area = make_area()
    sources = {n: make_source(dated=FIRST + timedelta(days=n)) for n in range(9)}
    items = [
        make_deliverable(
            priority_area=area, initial_timeframe="2020", initial_latest=date(2020, 12, 31)
        )
        for _history in histories
    ]
    for item, told in zip(items, histories, strict=True):
        tell(item, told, sources)
    ledgers = read_rows(Deliverable, [item.pk for item in items])
    of_area = Deliverable.objects.filter(priority_area=area)
    for offset in range(-1, 10):
        day = FIRST + timedelta(days=offset)
        found = list(of_area.as_of(day))
        assert len(found) == len(items)
        for state in found:
            expected = state_on(ledgers[state.pk], day)
            frame = (state.timeframe, state.earliest, state.due)
            assert state.status == expected.status
            assert state.status_since == expected.status_since
            assert digest(state.narrative) == expected.narrative
            assert frame == (expected.timeframe or ("2020", None, date(2020, 12, 31)))
            assert state.last_reported_on == expected.last_reported_on
    # What was known on a day takes only the rows that were reported by then.
    for known in (FIRST + timedelta(days=offset) for offset in (1, 3, 6)):
        for offset in (0, 4, 9):
            day = FIRST + timedelta(days=offset)
            for state in of_area.as_of(day, known):
                expected = state_on(ledgers[state.pk], day, known)
                assert state.status == expected.status
                assert state.status_since == expected.status_since
                assert digest(state.narrative) == expected.narrative
                assert state.last_reported_on == expected.last_reported_on
    # The cache is the ledger's state as of the true today.
    yesterday = days.true_today() - timedelta(days=1)
    from_ledger, from_cache = (
        {state.pk: state for state in of_area.as_of(day)} for day in (yesterday, days.true_today())
    )
    for item in of_area:
        cached = {name: getattr(item, column) for name, column in CACHED_COLUMNS.items()}
        for state in (from_ledger[item.pk], from_cache[item.pk]):
            assert cached == {name: getattr(state, name) for name in CACHED_COLUMNS}
