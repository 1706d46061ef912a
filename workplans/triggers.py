"""Triggers that keep the ledger append-only, and final reports as they are, below the ORM.

A row may not be updated, deleted, replaced or truncated away, whoever asks. Of the
ledger two updates are let through, exactly: `recorded_by` or `proposed_by` becomes null
when a person is erased, and a narrative becomes "[removed]" when it held personal data.
Of a final report three: `made_by` becomes null, files are put where none are, and a
redaction, which is counted, changes content and files.

A trigger's name carries a digest of its definition, so that its presence means the
right version. SQLite drops triggers when a table is rebuilt, so they are installed
after every migration; no trigger looks at another table, since that would break
later migrations.
"""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from django.apps import AppConfig, apps
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from workplans.models.frozen_reports import FrozenReport
from workplans.models.ledger_rows import REDACTED, StatusUpdate

PREFIX = "ledger"
PERSONS = ("recorded_by_id", "proposed_by_id")


class Trigger(NamedTuple):
    """A trigger's name and the statements that make it."""

    name: str
    statements: tuple[str, ...]


class Guard(NamedTuple):
    """What a table's triggers say and let through.

    `told` is how the refusal begins. `allowed` makes the SQL condition of the updates that
    are let through, of the table's columns and of a template that compares a column before
    and after, with nulls alike. `twin` is the SQL condition on a row that a new one would
    take the place of.
    """

    told: str
    allowed: Callable[[list[str], str], str]
    twin: str


def guards() -> dict[type[Model], Guard]:
    """Return the models whose rows stay, each with its guard."""
    found: dict[type[Model], Guard] = {
        model: LEDGER for model in apps.get_models() if issubclass(model, StatusUpdate)
    }
    return {**found, FrozenReport: FINAL_REPORT}


def install_after_migrate(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Install the triggers of an app's tables once it has been migrated."""
    if any(model._meta.app_config is sender for model in guards()):
        install_triggers(connections[using])


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    """Make every missing trigger and drop every outdated one. Doing it again changes nothing."""
    present = present_triggers(connection)
    for table, triggers in expected_triggers(connection).items():
        wanted = {trigger.name for trigger in triggers}
        with connection.cursor() as cursor:
            for name in present.get(table, set()) - wanted:
                _drop(cursor, connection, table, name)
            for trigger in triggers:
                if trigger.name not in present.get(table, set()):
                    for statement in trigger.statements:
                        cursor.execute(statement)


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger of ours. For tests that empty the tables; nothing else calls it."""
    for table, names in present_triggers(connection).items():
        with connection.cursor() as cursor:
            for name in names:
                _drop(cursor, connection, table, name)


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that should be there and are not (or are switched off)."""
    present = present_triggers(connection)
    return [
        trigger.name
        for table, triggers in expected_triggers(connection).items()
        for trigger in triggers
        if trigger.name not in present.get(table, set())
    ]


def expected_triggers(connection: BaseDatabaseWrapper) -> dict[str, list[Trigger]]:
    """Return the triggers that each table of a database should have, by table."""
    make = {"sqlite": _sqlite_triggers, "postgresql": _postgresql_triggers}[connection.vendor]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        return {
            table: make(table, _columns(connection, cursor, table), guard)
            for model, guard in guards().items()
            if (table := model._meta.db_table) in tables
            and router.allow_migrate_model(connection.alias, model)
        }


def present_triggers(connection: BaseDatabaseWrapper) -> dict[str, set[str]]:
    """Return the names of our triggers that are there and in force, by table."""
    queries = {
        "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'",
        # 'A' is ENABLE ALWAYS: in force for replicated rows too.
        "postgresql": (
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND t.tgenabled = 'A' "
            "AND pg_table_is_visible(c.oid)"
        ),
    }
    present: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(queries[connection.vendor])
        for table, name in cursor.fetchall():
            if name.startswith(f"{PREFIX}_"):
                present.setdefault(table, set()).add(name)
    return present


def _columns(connection: BaseDatabaseWrapper, cursor: Any, table: str) -> list[str]:
    if connection.vendor == "sqlite":
        # What introspection adds to this is read from the words that made the table, slowly.
        cursor.execute("SELECT name FROM pragma_table_info(%s)", [table])
        return sorted(name for (name,) in cursor.fetchall())
    description = connection.introspection.get_table_description(cursor, table)
    return sorted(column.name for column in description)


def _named(table: str, purpose: str, template: str) -> tuple[str, str]:
    """Return a trigger's name and its definition; the name digests the definition.

    PostgreSQL cuts names at 63 characters, so the table's part is cut to fit.
    """
    version = hashlib.sha256(template.encode()).hexdigest()[:8]
    name = f"{PREFIX}_{table[:36]}_{purpose}_{version}"
    return name, template.replace("<name>", name)


def _allowed_update(columns: list[str], same: str) -> str:
    """Return the SQL condition of the two updates that are let through.

    `same` is a template that compares a column before and after, with nulls alike.
    """
    kept = [c for c in columns if c not in (*PERSONS, "narrative")]
    unchanged = " AND ".join(same.format(c=c) for c in kept)
    persons = " AND ".join(f"({same.format(c=c)} OR NEW.{c} IS NULL)" for c in PERSONS)
    narrative = (
        f"({same.format(c='narrative')} OR (OLD.narrative <> '' AND NEW.narrative = '{REDACTED}'))"
    )
    changed = " AND ".join(same.format(c=c) for c in (*PERSONS, "narrative"))
    return f"({unchanged} AND {persons} AND {narrative} AND NOT ({changed}))"


def _allowed_for_report(columns: list[str], same: str) -> str:
    """Return the SQL condition of the three updates of a final report that are let through."""
    files = ("docx", "docx_digest", "pdf", "pdf_digest")
    said = ("content", "redactions", "version")
    kept = [c for c in columns if c not in (*files, *said, "made_by_id")]
    unchanged = " AND ".join(same.format(c=c) for c in kept)
    person = f"({same.format(c='made_by_id')} OR NEW.made_by_id IS NULL)"
    same_said = " AND ".join(same.format(c=c) for c in said)
    same_files = " AND ".join(same.format(c=c) for c in files)
    files_put = f"({same_said} AND (OLD.docx IS NULL OR ({same_files})))"
    return f"({unchanged} AND {person} AND ({files_put} OR NEW.version = OLD.version + 1))"


LEDGER = Guard(
    told="rows of the ledger are not",
    allowed=_allowed_update,
    twin=(
        "id = NEW.id OR (item_id = NEW.item_id AND sequence = NEW.sequence) "
        "OR (NEW.replaces_id IS NOT NULL AND replaces_id = NEW.replaces_id)"
    ),
)
FINAL_REPORT = Guard(
    told="final reports are not",
    allowed=_allowed_for_report,
    twin="id = NEW.id OR (workplan_id = NEW.workplan_id AND number = NEW.number)",
)


def _sqlite_triggers(table: str, columns: list[str], guard: Guard) -> list[Trigger]:
    allowed = guard.allowed(columns, "NEW.{c} IS OLD.{c}")
    told = guard.told
    # REPLACE INTO deletes without firing a delete trigger, so it is met on its way in.
    replaced = f"SELECT 1 FROM {table} WHERE {guard.twin}"
    definitions = {
        "update": (
            f"CREATE TRIGGER <name> BEFORE UPDATE ON {table} WHEN NOT {allowed} "
            f"BEGIN SELECT RAISE(ABORT, '{told} updated'); END"
        ),
        "delete": (
            f"CREATE TRIGGER <name> BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{told} deleted'); END"
        ),
        "replace": (
            f"CREATE TRIGGER <name> BEFORE INSERT ON {table} WHEN EXISTS ({replaced}) "
            f"BEGIN SELECT RAISE(ABORT, '{told} replaced'); END"
        ),
    }
    triggers = []
    for purpose, template in definitions.items():
        name, definition = _named(table, purpose, template)
        triggers.append(Trigger(name, (definition,)))
    return triggers


def _postgresql_triggers(table: str, columns: list[str], guard: Guard) -> list[Trigger]:
    allowed = guard.allowed(columns, "NEW.{c} IS NOT DISTINCT FROM OLD.{c}")
    told = guard.told
    raise_it = "RAISE EXCEPTION '{} {}' USING ERRCODE = 'integrity_constraint_violation'"
    definitions = {
        "update": (
            "BEFORE UPDATE",
            "FOR EACH ROW",
            f"IF {allowed} THEN RETURN NEW; END IF; {raise_it.format(told, 'updated')};",
        ),
        "delete": ("BEFORE DELETE", "FOR EACH ROW", f"{raise_it.format(told, 'deleted')};"),
        "truncate": (
            "BEFORE TRUNCATE",
            "FOR EACH STATEMENT",
            f"{raise_it.format(told, 'truncated')};",
        ),
    }
    triggers = []
    for purpose, (event, each, body) in definitions.items():
        function = (
            "CREATE OR REPLACE FUNCTION <name>() RETURNS trigger LANGUAGE plpgsql AS "
            f"$ledger$ BEGIN {body} END $ledger$"
        )
        name, create_function = _named(table, purpose, function)
        triggers.append(
            Trigger(
                name,
                (
                    create_function,
                    f"CREATE OR REPLACE TRIGGER {name} {event} ON {table} {each} "
                    f"EXECUTE FUNCTION {name}()",
                    f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
                ),
            )
        )
    return triggers


def _drop(cursor: Any, connection: BaseDatabaseWrapper, table: str, name: str) -> None:
    if connection.vendor == "postgresql":
        cursor.execute(f"DROP TRIGGER {name} ON {table}")
        cursor.execute(f"DROP FUNCTION {name}()")
    else:
        cursor.execute(f"DROP TRIGGER {name}")
