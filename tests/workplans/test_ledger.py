"""The door of the ledger: what it takes, what it refuses, what it leaves behind."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from tests.factories import (
    make_action_point,
    make_deliverable,
    make_source,
    make_update,
)
from workplans import days
from workplans.models import Deliverable, DeliverableUpdate, Level
from workplans.status import Entry, NewerUpdate, UpdatesRefused, record_update, record_updates
from workplans.timeframes import TimeFrame

pytestmark = pytest.mark.django_db


def refusal(item, **told):
    rows = type(item).update_model().objects
    before = rows.count()
    with pytest.raises(ValidationError) as caught:
        record_update(item, **told)
    error = caught.value
    assert rows.count() == before
    return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}


class TestWhatItTakes:
    def test_a_row_carries_number_days_person_and_source(self, staff_user):
        item = make_deliverable()
        source = make_source(dated=date(2021, 6, 30))

        row = record_update(
            item,
            status="ongoing",
            narrative=" Drafted. ",
            effective_on=date(2021, 5, 31),
            effective_words="May 2021",
            source=source,
            locator="row 4",
            recorded_by=staff_user,
        )

        row.refresh_from_db()
        assert (row.sequence, row.slot, row.narrative) == (1, 1, "Drafted.")
        assert (row.effective_on, row.reported_on) == (date(2021, 5, 31), date(2021, 6, 30))
        assert (row.recorded_by, row.source, row.locator) == (staff_user, source, "row 4")
        assert len(row.narrative_digest) == 64

    def test_without_a_day_it_takes_the_source_s(self):
        row = make_update(make_deliverable(), source=make_source(dated=date(2021, 3, 1)))
        assert row.effective_on == row.reported_on == date(2021, 3, 1)

    def test_without_a_source_it_takes_the_site_s_today(self, settings):
        settings.TRACKER_AS_OF = date(2021, 6, 30)
        row = make_update(make_deliverable())
        assert row.effective_on == row.reported_on == date(2021, 6, 30)

    def test_a_row_may_lack_a_status(self):
        item = make_deliverable()
        make_update(item, status="ongoing")
        make_update(item, narrative="The first draft was shared.")
        assert item.cached_status == "ongoing"
        assert item.cached_narrative == "The first draft was shared."

    def test_a_revised_time_frame_is_read_and_kept_in_its_words(self):
        item = make_deliverable(initial_timeframe="end 2020", initial_latest=date(2020, 12, 31))
        row = make_update(item, narrative="", timeframe="Q2 2021")
        assert row.timeframe_latest == item.cached_due == date(2021, 6, 30)
        assert item.cached_timeframe == "Q2 2021"
        assert item.initial_timeframe == "end 2020"

    def test_a_time_frame_that_became_open_has_no_due_day(self):
        item = make_deliverable(initial_timeframe="end 2020", initial_latest=date(2020, 12, 31))
        make_update(item, narrative="", timeframe="TBD")
        assert (item.cached_timeframe, item.cached_due) == ("TBD", None)

    def test_days_that_the_reader_gives_are_taken_as_they_are(self):
        frame = TimeFrame("by mid-August", None, date(2020, 8, 20))
        assert make_update(make_deliverable(), timeframe=frame).timeframe_latest == frame.latest

    def test_a_back_dated_update_does_not_hide_a_newer_one(self):
        item = make_deliverable()
        make_update(item, status="completed", effective_on=date(2021, 3, 1))
        make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
        assert item.cached_status == "completed"

    def test_the_status_lasts_since_the_first_day_of_its_unbroken_run(self):
        item = make_deliverable()
        for status, day in [
            ("ongoing", date(2021, 1, 1)),
            ("completed", date(2021, 2, 1)),
            ("ongoing", date(2021, 3, 1)),
            ("", date(2021, 3, 5)),
            ("ongoing", date(2021, 4, 1)),
        ]:
            make_update(item, status=status, effective_on=day)
        assert item.cached_status_since == date(2021, 3, 1)

    def test_the_same_told_by_a_later_source_is_news(self):
        item = make_action_point()
        for day in (date(2020, 7, 16), date(2020, 9, 1)):
            make_update(item, status="pending", narrative="Pending.", source=make_source(dated=day))
        assert item.updates.count() == 2
        assert item.cached_last_reported_on == date(2020, 9, 1)
        assert item.cached_status_since == date(2020, 7, 16)


class TestExistence:
    def test_an_earlier_row_lowers_the_first_day_of_item_and_heading(self):
        heading = make_deliverable(level=Level.HEADING)
        item = make_deliverable(parent=heading, priority_area=heading.priority_area)
        part = make_deliverable(parent=item, priority_area=heading.priority_area, level=Level.PART)
        make_update(part, effective_on=date(2019, 12, 5))
        first_days = Deliverable.objects.values_list("introduced_on", flat=True)
        assert set(first_days) == {date(2019, 12, 5)}

    def test_a_later_row_does_not_raise_it(self):
        item = make_deliverable(introduced_on=date(2020, 1, 1))
        make_update(item, effective_on=date(2021, 1, 1))
        assert item.introduced_on == date(2020, 1, 1)


class TestWhatItRefuses:
    def test_nothing_at_all(self):
        assert "status" in refusal(make_deliverable())

    def test_a_status_of_the_other_kind_of_item(self):
        message = refusal(make_deliverable(), status="pending")["status"][0]
        assert "“pending”" in message
        assert "ongoing" in message

    @pytest.mark.parametrize("status", ["completed", "discontinued"])
    def test_a_closing_status_without_a_narrative(self, status):
        assert "narrative" in refusal(make_deliverable(), status=status, narrative="  ")

    def test_a_day_ahead_of_the_site_s_today(self, settings):
        settings.TRACKER_AS_OF = date(2021, 6, 30)
        told = {"narrative": "Early", "effective_on": date(2021, 7, 1)}
        assert "2021-06-30" in refusal(make_deliverable(), **told)["effective_on"][0]

    def test_a_source_ahead_of_the_site_s_today(self):
        source = make_source(dated=days.true_today() + timedelta(days=1))
        assert "source" in refusal(make_deliverable(), narrative="Early", source=source)

    def test_a_day_before_the_committee_was_founded(self):
        told = {"narrative": "Old", "effective_on": date(1, 1, 1)}
        assert "effective_on" in refusal(make_deliverable(), **told)

    def test_a_heading(self):
        assert refusal(make_deliverable(level=Level.HEADING), narrative="No")

    def test_a_character_that_postgresql_cannot_store(self):
        assert "narrative" in refusal(make_deliverable(), narrative="a\0b")

    def test_words_that_are_too_long(self):
        assert "timeframe" in refusal(make_deliverable(), timeframe="x" * 201)

    def test_an_ambiguous_day_in_a_time_frame(self):
        assert "03/04/2021" in refusal(make_deliverable(), timeframe="03/04/2021")["timeframe"][0]

    def test_what_stands_already_and_was_told_as_late(self):
        item = make_deliverable()
        source = make_source(dated=date(2021, 6, 30))
        told = {"status": "ongoing", "narrative": "Drafting.", "source": source}
        record_update(item, **told)
        with pytest.raises(ValidationError, match="known already"):
            record_update(item, **told)
        with pytest.raises(ValidationError, match="known already"):
            record_update(
                item,
                status="ongoing",
                source=make_source(dated=date(2021, 1, 1)),
                effective_on=date(2021, 6, 30),
            )
        assert item.updates.count() == 1

    def test_an_item_that_is_gone(self):
        item = make_deliverable()
        Deliverable.objects.filter(pk=item.pk).delete()
        assert refusal(item, narrative="Late")


class TestCorrection:
    def test_it_takes_the_place_of_the_row_it_replaces(self):
        item = make_deliverable()
        day = date(2021, 1, 1)
        first = make_update(item, status="ongoing", narrative="Frist.", effective_on=day)
        make_update(item, status="completed", narrative="Done.", effective_on=day)
        fixed = make_update(
            item, status="ongoing", narrative="First.", effective_on=day, replaces=first
        )
        # The wording of the older row was corrected; the newer one of that day still stands.
        assert (fixed.slot, fixed.sequence) == (1, 3)
        assert (item.cached_status, item.cached_narrative) == ("completed", "Done.")

    def test_what_it_leaves_out_it_has_from_the_row_it_corrects(self):
        item = make_deliverable()
        source = make_source(dated=date(2021, 6, 30))
        first = make_update(
            item,
            status="ongoing",
            narrative="Frist.",
            effective_on=date(2021, 5, 31),
            effective_words="May 2021",
            source=source,
            locator="row 4",
        )
        make_update(item, status="completed", effective_on=date(2022, 1, 1))
        fixed = record_update(item, status="ongoing", narrative="First.", replaces=first)
        assert (fixed.effective_on, fixed.effective_words) == (date(2021, 5, 31), "May 2021")
        assert (fixed.source, fixed.locator, fixed.reported_on) == (
            source,
            "row 4",
            date(2021, 6, 30),
        )
        assert item.cached_status == "completed"

    def test_an_update_that_was_taken_back_is_no_report(self):
        item = make_deliverable()
        record_update(item, replaces=make_update(item))
        assert item.cached_last_reported_on is None

    def test_a_corrected_day_moves_the_row(self):
        item = make_deliverable()
        make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
        wrong = make_update(item, status="completed", effective_on=date(2021, 5, 1))
        make_update(item, status="completed", effective_on=date(2020, 12, 1), replaces=wrong)
        assert item.cached_status == "ongoing"

    def test_a_row_that_says_nothing_takes_another_back(self):
        item = make_deliverable()
        make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
        wrong = make_update(item, status="completed", effective_on=date(2021, 2, 1))
        back = record_update(item, replaces=wrong)
        assert back.withdraws
        assert (item.cached_status, item.cached_status_since) == ("ongoing", date(2021, 1, 1))

    def test_a_row_is_corrected_once_and_then_its_correction(self):
        item = make_deliverable()
        first = make_update(item, status="ongoing")
        second = make_update(item, status="not_started", replaces=first)
        assert "replaces" in refusal(item, status="continuous", replaces=first)
        make_update(item, status="continuous", replaces=second)
        assert item.cached_status == "continuous"

    def test_a_row_of_another_item_is_refused(self):
        row = make_update(make_deliverable())
        assert "replaces" in refusal(make_deliverable(), status="ongoing", replaces=row)

    def test_a_correction_that_changes_nothing_is_refused(self):
        item = make_deliverable()
        row = make_update(item, status="ongoing", narrative="Same.", effective_on=date(2021, 1, 1))
        with pytest.raises(ValidationError, match="just what the update says"):
            record_update(
                item,
                status="ongoing",
                narrative="Same.",
                effective_on=date(2021, 1, 1),
                replaces=row,
            )


class TestTwoPeopleAtOnce:
    def test_a_writer_who_has_not_seen_the_newest_row_is_shown_it(self):
        item = make_deliverable()
        make_update(item)
        newest = make_update(item)
        with pytest.raises(NewerUpdate) as caught:
            record_update(item, narrative="Mine", after_sequence=1)
        assert caught.value.rows == [newest]
        assert item.updates.count() == 2

    def test_a_writer_who_has_seen_it_writes(self):
        item = make_deliverable()
        make_update(item)
        assert make_update(item, after_sequence=1).sequence == 2


class TestManyAtOnce:
    def test_they_follow_the_rules_of_one(self):
        items = [make_deliverable() for _ in range(3)]
        rows = record_updates([Entry(item=item, status="ongoing") for item in items])
        assert [row.item for row in rows] == items
        assert set(Deliverable.objects.values_list("cached_status", flat=True)) == {"ongoing"}

    def test_several_of_one_item_are_judged_in_their_order(self):
        item = make_deliverable()
        entries = [
            Entry(item=item, status="ongoing", effective_on=date(2021, 1, 1)),
            Entry(item=item, status="completed", narrative="x", effective_on=date(2021, 2, 1)),
        ]
        assert [row.sequence for row in record_updates(entries)] == [1, 2]
        with pytest.raises(UpdatesRefused) as caught:
            record_updates([Entry(item=item, narrative="y"), Entry(item=item, narrative="y")])
        assert list(caught.value.errors) == [1]

    def test_one_bad_entry_and_nothing_is_written(self):
        good, bad = make_deliverable(), make_deliverable()
        entries = [Entry(item=good, status="ongoing"), Entry(item=bad, status="completed")]
        with pytest.raises(UpdatesRefused) as caught:
            record_updates(entries)
        assert "narrative" in caught.value.errors[1].message_dict
        assert not DeliverableUpdate.objects.exists()
        good.refresh_from_db()
        assert good.cached_status == ""

    def test_the_number_of_queries_does_not_grow_with_the_items(self, django_assert_num_queries):
        for amount in (3, 30):
            entries = [Entry(item=make_deliverable(), status="ongoing") for _ in range(amount)]
            # Savepoint, ancestors, lock, ledgers, insert, caches, parents, release; PostgreSQL is
            # asked for the new keys before.
            with django_assert_num_queries(9 if connection.vendor == "postgresql" else 8):
                record_updates(entries)

    def test_kinds_are_not_mixed(self):
        with pytest.raises(TypeError):
            record_updates([Entry(item=make_deliverable()), Entry(item=make_action_point())])

    def test_more_than_a_chunk_is_written_whole_or_not_at_all(self, monkeypatch):
        monkeypatch.setattr("workplans.chunks.CHUNK", 2)
        items = [make_deliverable() for _ in range(5)]
        entries = [Entry(item=item, status="ongoing") for item in items]
        record_updates(entries)
        again = [Entry(item=item, narrative="More") for item in items[:4]]
        with pytest.raises(UpdatesRefused):
            record_updates([*again, Entry(item=items[4])])
        assert DeliverableUpdate.objects.count() == 5


class TestTheDatabaseHoldsTheLine:
    def refused(self, make):
        with pytest.raises(IntegrityError), transaction.atomic():
            make()

    def test_a_number_is_given_once(self):
        row = make_update(make_deliverable())
        row.pk = None
        self.refused(row.save)

    def test_a_row_says_something(self):
        row = make_update(make_deliverable())
        row.pk, row.sequence, row.slot, row.narrative = None, 2, 2, ""
        self.refused(row.save)

    def test_a_closing_row_has_a_narrative(self):
        row = make_update(make_deliverable(), status="ongoing", narrative="")
        row.pk, row.sequence, row.slot, row.status = None, 2, 2, "completed"
        self.refused(row.save)

    def test_an_item_with_a_ledger_cannot_be_deleted(self):
        item = make_deliverable()
        make_update(item)
        self.refused(item.delete)
