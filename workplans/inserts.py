"""Many rows into the database at once, in the shortest way that both databases know.

Django's `bulk_create` takes longer to prepare its statements than the database takes to run them,
and on SQLite makes one for every few rows. Here values go to the driver as they are, but for the
kinds that it does not know. As there, `save()` and its signals are passed by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from django.db import connection, models

# Values of one statement: more would burden the database without being quicker.
MOST_VALUES = 30_000


def insert_all(
    records: Sequence[models.Model], *, update: Iterable[str] = (), unique: Sequence[str] = ()
) -> None:
    """Write records of one model, and give those without a key the key that they get.

    With `update`, the names of fields, a record that is there already, by the `unique` fields, gets
    these; all records must have keys then, or none.
    """
    if not records:
        return
    model = type(records[0])
    key: Any = model._meta.pk
    is_new = records[0].pk is None
    fields: list[Any] = [
        field for field in model._meta.concrete_fields if not (is_new and field is key)
    ]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    row_of = attrgetter(*(field.attname for field in fields))
    relations = [field for field in fields if field.is_relation]
    prepared = [
        (place, preparer) for place, field in enumerate(fields) if (preparer := preparer_of(field))
    ]
    end = ""
    if update:
        column_of = {field.name: quote(field.column) for field in fields}
        targets = ", ".join(column_of[name] for name in unique)
        sets = ", ".join(f"{column_of[name]} = EXCLUDED.{column_of[name]}" for name in update)
        end = f" ON CONFLICT ({targets}) DO UPDATE SET {sets}"
    wants_keys = is_new and not update
    if wants_keys:
        end += f" RETURNING {quote(key.column)}"
    marks = f"({', '.join(['%s'] * len(fields))})"
    size = max(1, MOST_VALUES // len(fields))
    with connection.cursor() as cursor:
        for start in range(0, len(records), size):
            some = records[start : start + size]
            values: list[Any] = []
            for record in some:
                for field in relations:
                    # What it refers to may have been written, and got its key, since.
                    if getattr(record, field.attname) is None and field.is_cached(record):
                        related = field.get_cached_value(record)
                        setattr(record, field.attname, related.pk if related else None)
                row = row_of(record)
                if prepared:
                    cells = list(row)
                    for place, preparer in prepared:
                        cells[place] = preparer(cells[place])
                    values += cells
                else:
                    values += row
            cursor.execute(
                f"INSERT INTO {quote(model._meta.db_table)} ({columns}) "
                f"VALUES {', '.join([marks] * len(some))}{end}",
                values,
            )
            if wants_keys:
                for record, (pk,) in zip(some, cursor.fetchall(), strict=True):
                    record.pk = pk
                    record._state.adding = False
                    record._state.db = connection.alias


def preparer_of(field: Any) -> Callable[[Any], Any] | None:
    """Return what makes a field's value one that the driver knows; None where any is."""
    if isinstance(field, (models.DateField, models.JSONField, models.BinaryField)) and not (
        connection.vendor == "postgresql" and type(field) is models.DateField
    ):
        return lambda value: field.get_db_prep_save(value, connection)
    return None
