"""`ledger_digest` and `verify_ledger`: what was altered, removed or cut off is found."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories import make_action_point, make_deliverable, make_source, make_update
from workplans import triggers
from workplans.models import Deliverable, DeliverableUpdate

pytestmark = pytest.mark.django_db


def digests():
    out = StringIO()
    call_command("ledger_digest", stdout=out)
    return out.getvalue()


def verify(**options):
    """Return what verify_ledger said and whether it found the ledger whole."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_ledger", stdout=out, stderr=err, **options)
    except CommandError as error:
        return err.getvalue() + str(error), False
    return out.getvalue(), True


@pytest.fixture
def ledger():
    source = make_source()
    items = [make_deliverable(ref="D-1"), make_deliverable(ref="D-2"), make_action_point(ref="A-1")]
    for item in items:
        for day in (1, 2, 3):
            make_update(item, effective_on=date(2021, 1, day), source=source)
    return items


@pytest.fixture
def behind_the_triggers(ledger):
    """Execute what the triggers would refuse; they are back once the test is rolled back."""
    connection.check_constraints()  # PostgreSQL drops no trigger while it has checks to do
    triggers.drop_triggers(connection)
    return connection.cursor().execute


def test_a_whole_ledger_is_found_whole(ledger, tmp_path):
    kept = tmp_path / "digests.txt"
    kept.write_text(digests())
    assert verify(against=kept) == ("Whole: 3 items, 9 updates.\n", True)


def test_what_is_appended_later_is_no_difference(ledger, tmp_path):
    kept = tmp_path / "digests.txt"
    kept.write_text(digests())
    make_update(ledger[0])
    make_update(make_deliverable())
    assert verify(against=kept)[1]


def test_the_digest_covers_every_natural_value_and_no_person(ledger, staff_user):
    before = digests()
    make_update(ledger[0], recorded_by=staff_user)
    signed = digests()
    assert before != signed
    staff_user.delete()
    assert digests() == signed


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE workplans_deliverableupdate SET status = 'ongoing' WHERE sequence = 2",
        "UPDATE workplans_deliverableupdate SET effective_on = '2020-05-05' WHERE sequence = 1",
        "UPDATE workplans_deliverableupdate SET locator = 'elsewhere' WHERE sequence = 3",
        "UPDATE workplans_deliverableupdate SET source_id = NULL WHERE sequence = 3",
    ],
)
def test_an_altered_row_is_found_against_a_kept_digest(
    ledger, tmp_path, behind_the_triggers, change
):
    kept = tmp_path / "digests.txt"
    kept.write_text(digests())
    behind_the_triggers(change)
    words, whole = verify(against=kept)
    assert not whole
    assert "D-1 was altered among its first 3 updates." in words


def test_a_ledger_cut_off_or_removed_is_found(ledger, tmp_path, behind_the_triggers):
    kept = tmp_path / "digests.txt"
    kept.write_text(digests())
    ids = [item.pk for item in ledger]
    behind_the_triggers(
        f"DELETE FROM workplans_deliverableupdate WHERE item_id = {ids[0]} AND sequence = 3"
    )
    behind_the_triggers(f"DELETE FROM workplans_deliverableupdate WHERE item_id = {ids[1]}")
    words, _ = verify(against=kept)
    assert "D-1 was cut off: 2 of 3 updates are left." in words
    assert "D-2 was removed with its 3 updates." in words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE workplans_deliverable SET cached_status = 'ongoing'", "cached status"),
        ("UPDATE workplans_deliverable SET cached_due = '2020-01-01'", "cached due"),
        ("UPDATE workplans_deliverable SET cached_narrative = 'x'", "cached narrative"),
        ("DELETE FROM workplans_deliverableupdate WHERE sequence = 2", "numbered 1, 3"),
        ("UPDATE workplans_deliverableupdate SET narrative = 'x'", "narrative of update 1"),
    ],
)
def test_without_a_kept_digest_it_finds_wrong_caches_gaps_and_texts(
    ledger, behind_the_triggers, change, words
):
    behind_the_triggers(change)
    said, whole = verify()
    assert not whole
    assert words in said


def test_a_missing_trigger_is_named(ledger, behind_the_triggers):
    said, whole = verify()
    assert not whole
    assert "ledger_workplans_deliverableupdate_delete_" in said


def test_a_narrative_that_was_removed_from_the_ledger_alone_is_found_in_the_cache(ledger):
    DeliverableUpdate.objects.update(narrative="[removed]")
    said, whole = verify()
    assert not whole
    assert "D-1: the cached narrative was removed from the ledger." in said


def test_a_redacted_narrative_still_verifies(ledger, tmp_path):
    kept = tmp_path / "digests.txt"
    kept.write_text(digests())
    DeliverableUpdate.objects.update(narrative="[removed]")
    Deliverable.objects.update(cached_narrative="[removed]")
    assert verify(against=kept)[1]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: "".join(text.splitlines(True)[:-1]), "the file was cut off"),
        (lambda text: text.replace("D-1", "D-9"), "the file was altered"),
        (lambda text: "hello\n" + text, "Line 1 is not a line"),
        (lambda text: "", "the file was cut off"),
    ],
)
def test_a_spoilt_file_is_refused_in_words(ledger, tmp_path, spoil, words):
    kept = tmp_path / "digests.txt"
    kept.write_text(spoil(digests()))
    said, whole = verify(against=kept)
    assert not whole
    assert words in said


def test_a_file_that_is_not_there_is_named(tmp_path):
    said, _ = verify(against=tmp_path / "none.txt")
    assert "none.txt cannot be read" in said
