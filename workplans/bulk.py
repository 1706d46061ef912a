"""Many records at once: written in few statements, and still logged and told of as when saved.

`bulk_create` and its like pass by `save()` and its signals. What comes in bulk goes through here,
so that the log of fields has it, and whoever listens to `records_written` follows. What is deleted
is logged only: who deletes what others listen to has to `tell` of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.dispatch import Signal

from workplans.inserts import insert_all, insert_columns, update_all
from workplans.models.versions import Versioned

# Sent, in the same transaction, with the `changed` records of one model: the names of the fields
# that are new by key, or None where it may be any; or with `new` records. `known` are changed ones,
# by key, as they stand now; new ones are as they were written.
records_written = Signal()

# A change of one field: what it was and is, in words.
Words = tuple[Any, Any]


def create_all(model: Any, records: Sequence[Any], actor: User | None) -> None:
    """Write new records of one model, which get their keys, and log them as entered by somebody."""
    if not records:
        return
    insert_all(records)
    fields = logged_fields(model)
    content = [(record, dict(_content(record, fields))) for record in records]
    _log(LogEntry.Action.CREATE, content, actor)
    records_written.send(sender=model, changed={}, known={}, new=records)


def change_all(
    model: Any,
    changes: Mapping[Any, Mapping[str, Words]],
    actor: User | None,
    *,
    following: Mapping[Any, Iterable[str]] | None = None,
) -> None:
    """Write changed records, locked before they were read, and log what was changed.

    `changes` has for each record the fields that differ from what is stored, by name. A versioned
    record gets its next version. `following` has the fields, of these or of other records, that
    follow from what is told elsewhere: they are written too, but are no change of their record.
    """
    following = following or {}
    names = {name for fields in (*changes.values(), *following.values()) for name in fields}
    if changes and issubclass(model, Versioned):
        for record in changes:
            record.version += 1
        names.add("version")
    # All that is written of one is written of each: the rest as it was read.
    update_all(list({**changes, **following}), sorted(names))
    if not changes:
        return
    _log(LogEntry.Action.UPDATE, list(changes.items()), actor)
    changed = {record.pk: set(fields) for record, fields in changes.items()}
    known = {record.pk: record for record in changes}
    records_written.send(sender=model, changed=changed, known=known, new=())


def delete_all(model: Any, records: Sequence[Any], actor: User | None) -> None:
    """Delete records that nothing refers to, and log it."""
    if not records:
        return
    fields = logged_fields(model)
    gone = [
        (record, {name: (old, new) for name, (new, old) in _content(record, fields)})
        for record in records
    ]
    _log(LogEntry.Action.DELETE, gone, actor)
    records_of = model.objects.filter(pk__in=[record.pk for record in records])
    records_of._raw_delete(records_of.db)


def logged_fields(model: Any) -> list[Any]:
    """Return the fields of a model that the log has."""
    left_out = set(auditlog.get_model_fields(model)["exclude_fields"])
    return [field for field in model._meta.concrete_fields if field.name not in left_out]


def _content(record: Any, fields: Iterable[Any]) -> Iterable[tuple[str, Words]]:
    """Yield what a record holds, by field; blank fields say nothing."""
    for field in fields:
        value = getattr(record, field.attname)
        if value is not None and value != "" and value is not False:
            yield field.name, (None, getattr(record, field.name) if field.is_relation else value)


def _log(
    action: int, entries: Sequence[tuple[Any, Mapping[str, Words]]], actor: User | None
) -> None:
    """Write an entry of the log for each record, as auditlog does when one is saved."""
    if not entries:
        return
    kind = ContentType.objects.get_for_model(entries[0][0])
    additional = getattr(type(entries[0][0]), "get_additional_data", None)
    records = [record for record, _fields in entries]
    count = len(records)
    insert_columns(
        LogEntry,
        {
            "content_type": [kind.pk] * count,
            "object_pk": [str(record.pk) for record in records],
            "object_id": [record.pk for record in records],
            "object_repr": [str(record) for record in records],
            "action": [action] * count,
            "changes": [
                {name: [str(old), str(new)] for name, (old, new) in fields.items()}
                for _record, fields in entries
            ],
            "additional_data": [additional(one) if additional else None for one in records],
            "actor": [actor.pk if actor is not None else None] * count,
            "actor_email": [actor.email if actor is not None else None] * count,
        },
    )


def tell(model: Any, pks: Iterable[int]) -> None:
    """Say that something else has changed what is said of records of a model."""
    records_written.send(sender=model, changed=dict.fromkeys(pks), known={}, new=())
