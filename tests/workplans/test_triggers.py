"""The ledger is append-only below the ORM, on both databases."""

import os
import shutil
import sqlite3
import subprocess

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from actionpoints.models import ActionPointUpdate
from tests.factories import make_action_point, make_deliverable, make_update
from workplans import triggers
from workplans.models import DeliverableUpdate

LEDGERS = [(DeliverableUpdate, make_deliverable), (ActionPointUpdate, make_action_point)]
CHANGES = [
    "UPDATE {table} SET status = 'completed'",
    "UPDATE {table} SET status = status",
    "UPDATE {table} SET effective_on = '2020-01-01', recorded_by_id = NULL",
    "UPDATE {table} SET narrative = 'Better.'",
    "UPDATE {table} SET narrative = '[removed]' WHERE narrative = ''",
    "DELETE FROM {table}",
]
SQLITE_CHANGES = [
    "REPLACE INTO {table} SELECT * FROM {table}",
    "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    "UPDATE OR REPLACE {table} SET sequence = 1",
]
POSTGRESQL_CHANGES = [
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET narrative = 'x'",
]


def changes():
    own = POSTGRESQL_CHANGES if connection.vendor == "postgresql" else SQLITE_CHANGES
    return CHANGES + own


def content(model):
    return list(model.objects.order_by("pk").values())


def fill(model, make):
    item = make()
    make_update(item, narrative="Told.")
    make_update(item, status="ongoing" if model is DeliverableUpdate else "pending", narrative="")


def database_shell(statement):
    """Run a statement in the database's own shell; return its exit code and its words."""
    settings = connection.settings_dict
    if connection.vendor == "postgresql":
        if shutil.which("psql") is None:
            give_up = pytest.fail if os.environ.get("CI") else pytest.skip
            give_up("needs psql, from Debian's package postgresql-client")
        command, variables = connection.client.settings_to_cmd_args_env(
            settings, ["-v", "ON_ERROR_STOP=1", "-c", statement]
        )
        variables = {**os.environ, **(variables or {})}
        ran = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
        return ran.returncode, ran.stderr
    # A connection of its own, with none of Django's functions or settings.
    try:
        with sqlite3.connect(settings["NAME"], timeout=20) as shell:
            shell.execute(statement)
            shell.commit()
    except sqlite3.IntegrityError as error:
        return 1, str(error)
    finally:
        shell.close()
    return 0, ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("model", "make"), LEDGERS)
def test_rows_cannot_be_changed_in_the_database_s_own_shell(model, make):
    fill(model, make)
    before = content(model)
    for statement in changes():
        code, words = database_shell(statement.format(table=model._meta.db_table))
        assert code != 0, statement
        assert "rows of the ledger are not" in words
    assert content(model) == before


@pytest.mark.django_db
def test_erasing_a_person_and_removing_a_narrative_are_let_through(staff_user):
    row = make_update(make_deliverable(), narrative="Called Jo.", recorded_by=staff_user)
    rows = DeliverableUpdate.objects.filter(pk=row.pk)
    staff_user.delete()
    assert rows.get().recorded_by is None
    assert rows.update(narrative="[removed]") == 1
    assert rows.get().narrative_digest == row.narrative_digest


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["narrative_digest", "recorded_at", "locator", "slot"])
def test_nothing_else_changes_along_with_an_erasure(staff_user, column):
    row = make_update(make_deliverable(), recorded_by=staff_user)
    value = {"recorded_at": timezone.now(), "slot": 7}.get(column, "x")
    with pytest.raises(IntegrityError, match="ledger"), transaction.atomic():
        DeliverableUpdate.objects.filter(pk=row.pk).update(recorded_by=None, **{column: value})


@pytest.mark.django_db
def test_a_person_cannot_be_put_in_or_exchanged(staff_user, django_user_model):
    row = make_update(make_deliverable(), recorded_by=staff_user)
    other = django_user_model.objects.create_user("other")
    with pytest.raises(IntegrityError, match="ledger"), transaction.atomic():
        DeliverableUpdate.objects.filter(pk=row.pk).update(recorded_by=other)


@pytest.mark.django_db(transaction=True)
def test_after_a_migration_that_rebuilds_the_table_they_hold_again():
    fill(*LEDGERS[0])
    column = DeliverableUpdate._meta.get_field("locator")
    longer = models.CharField(max_length=250, blank=True)
    longer.set_attributes_from_name("locator")
    longer.model = DeliverableUpdate
    with connection.schema_editor() as editor:
        editor.alter_field(DeliverableUpdate, column, longer, strict=True)
    try:
        if connection.vendor == "sqlite":
            assert triggers.missing_triggers(connection)  # or this test proves nothing
        call_command("migrate", verbosity=0)
        assert triggers.missing_triggers(connection) == []
        for statement in changes():
            code, _ = database_shell(statement.format(table=DeliverableUpdate._meta.db_table))
            assert code != 0, statement
    finally:
        with connection.schema_editor() as editor:
            editor.alter_field(DeliverableUpdate, longer, column, strict=True)
        triggers.install_triggers(connection)


@pytest.mark.django_db(transaction=True)
def test_the_check_names_each_trigger_that_is_missing():
    def warned():
        found = run_checks(tags=["database"], databases=["default"])
        return [message.msg for message in found if message.id == "workplans.W001"]

    assert warned() == []
    expected = triggers.expected_triggers(connection)
    triggers.drop_triggers(connection)
    try:
        names = [trigger.name for of_table in expected.values() for trigger in of_table]
        assert len(names) == 9
        assert len(warned()) == 9
        assert all(any(name in message for message in warned()) for name in names)
    finally:
        triggers.install_triggers(connection)
    assert warned() == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_trigger_that_is_switched_off_counts_as_missing():
    table = DeliverableUpdate._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    assert len(triggers.missing_triggers(connection)) == 3
    triggers.install_triggers(connection)
    assert triggers.missing_triggers(connection) == []
