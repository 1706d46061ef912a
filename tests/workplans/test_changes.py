"""What changed between two days, against worked examples and a recount in plain Python."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import (
    make_area,
    make_deliverable,
    make_source,
    make_update,
    make_workplan,
)
from workplans.changes import Bucket, Flag, Window, changed, count, read_changes, survey
from workplans.ledger_state import read_rows, standing, state_on
from workplans.models import Deliverable, Level
from workplans.status import Entry, UpdatesRefused, record_updates
from workplans.status_words import CLOSED_CODES

pytestmark = pytest.mark.django_db

SINCE, UNTIL = date(2021, 1, 31), date(2021, 6, 30)
BEFORE, DURING, AFTER = date(2021, 1, 10), date(2021, 3, 15), date(2021, 8, 1)


def items():
    return Deliverable.objects.filter(level=Level.ITEM)


def changes(window=None):
    """What happened to each item of a window, keyed by reference."""
    window = window or Window(SINCE, UNTIL)
    return {one.item.ref: one for one in read_changes(changed(items(), window), window)}


def bucket_of(item, window=None):
    found = changes(window).get(item.ref)
    return found and Bucket(found.item.bucket)


def flags_of(item, window=None):
    return set(changes(window)[item.ref].flags)


def told(item, day, reported=None, **kwargs):
    return make_update(item, effective_on=day, source=make_source(dated=reported or day), **kwargs)


class TestBuckets:
    def test_what_the_window_brought_is_new_whatever_became_of_it(self):
        item = make_deliverable(introduced_on=DURING)
        told(item, DURING, status="completed")
        assert bucket_of(item) is Bucket.NEW

    def test_an_item_of_the_first_day_is_not_new_and_one_of_the_last_day_is(self):
        first, last = (make_deliverable(introduced_on=day) for day in (SINCE, UNTIL))
        assert (bucket_of(first), bucket_of(last)) == (Bucket.UNTOUCHED, Bucket.NEW)

    def test_what_was_open_and_is_completed_discontinued_or_superseded_is_closed(self):
        completed, discontinued, superseded = (make_deliverable() for _ in range(3))
        told(completed, BEFORE, status="ongoing")
        told(completed, DURING, status="completed")
        told(discontinued, DURING, status="discontinued")
        superseded.superseded_by, superseded.superseded_on = completed, DURING
        superseded.save()
        found = [bucket_of(one) for one in (completed, discontinued, superseded)]
        assert found == [Bucket.CLOSED] * 3

    def test_another_status_is_a_move_and_so_is_the_first_one(self):
        moved, first = make_deliverable(), make_deliverable()
        told(moved, BEFORE, status="not_started")
        for item in (moved, first):
            told(item, DURING, status="ongoing")
        found = changes()
        assert [(one.before.code, one.after.code) for one in found.values()] == [
            ("not_started", "ongoing"),
            ("", "ongoing"),
        ]
        assert {Bucket(one.item.bucket) for one in found.values()} == {Bucket.MOVED}

    def test_a_status_told_again_or_a_narrative_is_told_without_moving(self):
        again, words = make_deliverable(), make_deliverable()
        told(again, BEFORE, status="ongoing")
        told(again, DURING, status="ongoing")
        told(words, DURING)
        assert (bucket_of(again), bucket_of(words)) == (Bucket.TOLD, Bucket.TOLD)

    def test_what_was_told_before_or_after_leaves_an_item_untouched(self):
        item = make_deliverable()
        told(item, BEFORE, status="ongoing")
        told(item, AFTER, status="completed")
        assert bucket_of(item) is Bucket.UNTOUCHED

    def test_what_was_closed_before_is_left_out_until_somebody_touches_it(self):
        left_out, told_of = make_deliverable(), make_deliverable()
        for item in (left_out, told_of):
            told(item, BEFORE, status="completed")
        told(told_of, DURING)
        assert (bucket_of(left_out), bucket_of(told_of)) == (None, Bucket.TOLD)

    def test_what_is_told_of_a_part_touches_its_item(self):
        item = make_deliverable()
        part = make_deliverable(parent=item, priority_area=item.priority_area, level=Level.PART)
        told(part, DURING, status="completed")
        change = changes()[item.ref]
        assert Bucket(change.item.bucket) is Bucket.TOLD
        assert [one.part for one in change.told] == [part]

    def test_what_was_taken_back_does_not_count(self):
        item = make_deliverable()
        row = told(item, DURING, status="ongoing")
        make_update(item, narrative="", replaces=row)
        assert bucket_of(item) is Bucket.UNTOUCHED

    def test_what_is_withdrawn_or_not_yet_known_at_the_end_is_not_there(self):
        withdrawn = make_deliverable(withdrawn_on=DURING)
        later = make_deliverable(introduced_on=AFTER)
        assert (bucket_of(withdrawn), bucket_of(later)) == (None, None)

    def test_what_is_archived_at_the_end_counts_apart(self):
        make_deliverable(priority_area=make_area(workplan=make_workplan(archived_on=DURING)))
        make_deliverable()
        counts = count(survey(changed(items(), Window(SINCE, UNTIL))))
        assert (counts.archived, counts.total) == (1, 1)


class TestFlags:
    def test_a_later_last_day_is_a_slip_from_the_time_frame_before(self):
        item = make_deliverable(initial_timeframe="end 2020", initial_latest=date(2020, 12, 31))
        told(item, DURING, timeframe="June 2021", narrative="")
        told(item, DURING + timedelta(days=1), timeframe="May 2021", narrative="")
        change = changes()[item.ref]
        assert [(slip.old, slip.new, slip.days) for slip in change.slips] == [
            ("end 2020", "June 2021", 181)
        ]
        assert change.flags == [Flag.SLIPPED]

    @pytest.mark.parametrize("timeframe", ["November 2020", "TBD", "upon finalisation"])
    def test_an_earlier_day_or_none_is_no_slip(self, timeframe):
        item = make_deliverable(initial_timeframe="end 2020", initial_latest=date(2020, 12, 31))
        told(item, DURING, timeframe=timeframe, narrative="")
        assert Flag.SLIPPED not in flags_of(item)
        assert not changes()[item.ref].slips

    def test_one_that_is_true_only_after_the_window_is_no_slip_yet(self):
        item = make_deliverable(initial_timeframe="end 2020", initial_latest=date(2020, 12, 31))
        told(item, AFTER, reported=DURING, timeframe="end 2021", narrative="")
        assert bucket_of(item) is Bucket.TOLD
        assert flags_of(item) == set()
        assert not changes()[item.ref].slips

    def test_a_day_after_no_day_is_no_slip_even_if_the_first_time_frame_had_one(self):
        item = make_deliverable(initial_timeframe="end 2020", initial_latest=date(2020, 12, 31))
        told(item, BEFORE, timeframe="TBD", narrative="")
        told(item, DURING, timeframe="end 2021", narrative="")
        assert flags_of(item) == set()

    def test_what_passed_its_day_in_the_window_became_overdue(self):
        passed = make_deliverable(initial_timeframe="May", initial_latest=date(2021, 5, 31))
        before = make_deliverable(initial_timeframe="2020", initial_latest=date(2020, 12, 31))
        continuous = make_deliverable(initial_timeframe="May", initial_latest=date(2021, 5, 31))
        told(continuous, BEFORE, status="continuous")
        found = {one.ref: flags_of(one) for one in (passed, before, continuous)}
        assert found == {
            passed.ref: {Flag.BECAME_OVERDUE},
            before.ref: set(),
            continuous.ref: set(),
        }

    def test_an_open_status_after_a_closed_one_reopens(self):
        item = make_deliverable()
        told(item, BEFORE, status="completed")
        told(item, DURING, status="ongoing")
        assert flags_of(item) == {Flag.REOPENED}
        assert bucket_of(item) is Bucket.MOVED

    def test_told_in_the_window_and_true_before_it_is_reported_late(self):
        item, in_time = make_deliverable(), make_deliverable()
        told(item, BEFORE, reported=DURING)
        told(in_time, DURING, reported=DURING)
        assert (flags_of(item), flags_of(in_time)) == ({Flag.REPORTED_LATE}, set())
        assert bucket_of(item) is Bucket.TOLD


class TestWhatWasKnown:
    def test_what_was_reported_later_is_left_out(self):
        item = make_deliverable()
        told(item, DURING, reported=UNTIL, status="completed")
        window = Window(SINCE, UNTIL, known=UNTIL - timedelta(days=1))
        assert bucket_of(item) is Bucket.CLOSED
        assert bucket_of(item, window) is Bucket.UNTOUCHED

    def test_what_was_corrected_later_still_stands(self):
        item = make_deliverable()
        row = told(item, DURING, status="completed", narrative="Done.")
        make_update(
            item,
            status="ongoing",
            narrative="Not quite.",
            replaces=row,
            source=make_source(dated=AFTER),
        )
        assert bucket_of(item) is Bucket.MOVED
        assert bucket_of(item, Window(SINCE, UNTIL, known=UNTIL)) is Bucket.CLOSED


def test_a_survey_and_the_details_cost_a_query_each(django_assert_num_queries):
    for _ in range(5):
        told(make_deliverable(), DURING, status="ongoing")
    window = Window(SINCE, UNTIL)
    with django_assert_num_queries(1):
        survey(changed(items(), window))
    found = list(changed(items(), window))
    with django_assert_num_queries(1):
        read_changes(found, window)


# Random ledgers, recounted in plain Python

FIRST = date(2021, 1, 1)
DAYS = st.integers(0, 9)


def day(number):
    return FIRST + timedelta(days=number)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),  # of which item or part
        DAYS,  # effective on
        DAYS,  # reported on
        st.sampled_from(["", "not_started", "ongoing", "continuous", "completed", "discontinued"]),
        st.sampled_from(["", "One.", "Two."]),
        st.sampled_from(["", "4 January 2021", "8 January 2021", "TBD"]),
        st.one_of(st.none(), st.integers(0, 11)),  # which earlier row it replaces
    ),
    max_size=12,
)


def is_closed(item, ledger, on, known):
    superseded = item.superseded_on is not None and item.superseded_on <= on
    return superseded or state_on(ledger, on, known).status in CLOSED_CODES


def is_overdue(item, ledger, on, known):
    state = state_on(ledger, on, known)
    due = state.timeframe[2] if state.timeframe else item.initial_latest
    late = due is not None and due < on
    return late and not is_closed(item, ledger, on, known) and state.status != "continuous"


def recount(item, parts, ledgers, window):
    """The bucket and flags of an item by the rules, in plain Python; None if it is left out."""
    since, until, known = window.since, window.until, window.known
    if item.introduced_on > until or (item.withdrawn_on and item.withdrawn_on <= until):
        return None
    own = [row for row in standing(ledgers[item.pk], known) if says(row)]
    of_parts = [
        row
        for part in parts
        if part.introduced_on <= until
        for row in standing(ledgers[part.pk], known)
        if says(row)
    ]

    def in_window(row):
        return since < row.effective_on <= until or since < row.reported_on <= until

    existed = item.introduced_on <= since
    ledger = ledgers[item.pk]
    was_closed = existed and is_closed(item, ledger, since, known)
    now_closed = is_closed(item, ledger, until, known)
    before = state_on(ledger, since, known).status if existed else ""
    touched = any(map(in_window, own + of_parts))
    if was_closed and not touched:
        return None
    flags = set()
    frame, status = (item.initial_latest,), ""
    for row in own:
        if row.timeframe:
            is_later = row.latest and frame[0] and row.latest > frame[0]
            if in_window(row) and is_later and row.effective_on <= until:
                flags.add(Flag.SLIPPED)
            frame = (row.latest,)
        if row.status:
            reopens = status in CLOSED_CODES and row.status not in CLOSED_CODES
            if reopens and since < row.effective_on <= until:
                flags.add(Flag.REOPENED)
            status = row.status
    if is_overdue(item, ledger, until, known) and not (
        existed and is_overdue(item, ledger, since, known)
    ):
        flags.add(Flag.BECAME_OVERDUE)
    if any(
        since < row.reported_on <= until and row.effective_on <= since for row in own + of_parts
    ):
        flags.add(Flag.REPORTED_LATE)
    if not existed:
        return Bucket.NEW, flags
    if not was_closed and now_closed:
        return Bucket.CLOSED, flags
    if state_on(ledger, until, known).status != before:
        return Bucket.MOVED, flags
    return (Bucket.TOLD if touched else Bucket.UNTOUCHED), flags


def says(row):
    return bool(row.status or row.narrative or row.timeframe)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=ROWS,
    introduced=st.lists(DAYS, min_size=3, max_size=3),
    superseded=st.one_of(st.none(), DAYS),
    archived=st.booleans(),
    windows=st.lists(st.tuples(DAYS, st.integers(1, 9), st.one_of(st.none(), DAYS)), max_size=4),
)
def test_buckets_part_the_items_as_plain_python_does(
    db, rows, introduced, superseded, archived, windows
):
    plan = make_workplan(archived_on=day(5) if archived else None)
    area = make_area(workplan=plan)
    made = [
        make_deliverable(
            priority_area=area,
            introduced_on=day(number),
            initial_timeframe="3 January 2021",
            initial_latest=day(2),
        )
        for number in introduced
    ]
    part = make_deliverable(
        priority_area=area, parent=made[0], level=Level.PART, introduced_on=day(introduced[1])
    )
    if superseded is not None:
        made[1].superseded_by, made[1].superseded_on = made[2], day(superseded)
        made[1].save()
    targets, written = [*made, part], []
    for target, effective, reported, status, narrative, timeframe, replaces in rows:
        replaced = written[replaces] if replaces is not None and replaces < len(written) else None
        entry = Entry(
            item=replaced.item if replaced else targets[target],
            status=status,
            narrative=narrative,
            timeframe=timeframe,
            effective_on=day(effective),
            source=make_source(dated=day(reported)),
            replaces=replaced,
        )
        try:
            written += record_updates([entry])
        except UpdatesRefused:
            continue
    of_plan = Deliverable.objects.filter(priority_area=area)
    everything = {one.pk: one for one in of_plan}
    ledgers = read_rows(Deliverable, list(everything))
    for since, length, known in windows:
        window = Window(day(since), day(since + length), day(known) if known is not None else None)
        expected = {}
        for item in made:
            parts = [everything[part.pk]] if item is made[0] else []
            found = recount(everything[item.pk], parts, ledgers, window)
            if found is not None:
                expected[item.pk] = found
        never = {Flag.BECAME_OVERDUE} if plan.is_archived(window.until) else set()
        places = survey(changed(of_plan.filter(level=Level.ITEM), window))
        assert {place.pk: (place.bucket, set(place.flags)) for place in places} == {
            pk: (bucket, flags - never) for pk, (bucket, flags) in expected.items()
        }
        for place in places:
            existed = everything[place.pk].introduced_on <= window.since
            before = state_on(ledgers[place.pk], window.since, window.known).status
            assert place.status_before == (before if existed else "")
        for one in read_changes(changed(of_plan.filter(level=Level.ITEM), window), window):
            assert bool(one.slips) == one.item.slipped
        counts = count(places)
        in_buckets = Counter(bucket for bucket, _flags in expected.values())
        if plan.is_archived(window.until):
            assert (counts.archived, counts.total) == (len(expected), 0)
        else:
            assert counts.buckets == in_buckets
            assert counts.total == len(expected)
