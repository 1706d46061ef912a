"""Many rows into the database at once, in the shortest way that each database knows.

Django's `bulk_create` takes longer to prepare its statements than the database takes to run them,
and on SQLite makes one for every few rows. Here SQLite gets the values of many rows as they are,
but for the kinds that its driver does not know; PostgreSQL gets each column as one array, which it
takes in a third of the time. As there, `save()` and its signals are passed by.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

from django.db import connection, models

from workplans.meanwhile import write

# Values of one statement: more would burden the database without being quicker.
MOST_VALUES = 30_000


def insert_all(records: Sequence[models.Model]) -> None:
    """Write new records of one model, and give them the keys that they get."""
    if not records:
        return
    model = type(records[0])
    key: Any = model._meta.pk
    columns = columns_of(records, [field for field in model._meta.concrete_fields if field != key])
    if connection.vendor == "postgresql":
        pks = _next_keys(model, len(records))
        insert_columns(model, {key.name: pks, **columns})
    else:
        pks = []
        for sql, values in _inserts(
            model, columns, f"RETURNING {connection.ops.quote_name(key.column)}"
        ):
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                pks += [pk for (pk,) in cursor.fetchall()]
    for record, pk in zip(records, pks, strict=True):
        record.pk = pk
        record._state.adding = False
        record._state.db = connection.alias


def _next_keys(model: type[models.Model], count: int) -> list[int]:
    """Return the keys that PostgreSQL gives to the next records of a model."""
    key: Any = model._meta.pk
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval((SELECT pg_get_serial_sequence(%s, %s)::regclass)) "
            "FROM generate_series(1, %s)",
            [table, key.column, count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def insert_columns(
    model: type[models.Model],
    columns: Mapping[str, Sequence[Any]],
    *,
    update: Sequence[str] = (),
    unique: Sequence[str] = (),
) -> None:
    """Write records of one model that are given as columns, keyed by field.

    A field that is left out has its default. With `update`, the names of fields, a record that is
    there already, by the `unique` fields, gets these. An instance for each record would take longer
    to make than the database takes to write it.
    """
    end = ""
    if update:
        quote = connection.ops.quote_name
        ours = {field.name: quote(str(field.column)) for field in model._meta.concrete_fields}
        targets = ", ".join(ours[name] for name in unique)
        sets = ", ".join(f"{ours[name]} = EXCLUDED.{ours[name]}" for name in update)
        end = f"ON CONFLICT ({targets}) DO UPDATE SET {sets}"
    for statement in _inserts(model, columns, end):
        write(*statement)


def _inserts(
    model: type[models.Model], columns: Mapping[str, Sequence[Any]], end: str
) -> Iterator[tuple[str, list[Any]]]:
    """Give the statements, and their values, that write records given as columns."""
    count = len(next(iter(columns.values())))
    key: Any = model._meta.pk
    quote = connection.ops.quote_name
    fields = [
        field for field in model._meta.concrete_fields if field is not key or key.name in columns
    ]
    wholes = [
        columns[field.name] if field.name in columns else [field.get_default()] * count
        for field in fields
    ]
    names = ", ".join(quote(str(field.column)) for field in fields)
    for source, values in in_statements(fields, wholes):
        yield f"INSERT INTO {quote(model._meta.db_table)} ({names}) {source} {end}", values


def update_all(records: Sequence[models.Model], names: Iterable[str]) -> None:
    """Write some fields of records of one model that are there."""
    if not records:
        return
    model = type(records[0])
    key: Any = model._meta.pk
    fields = [key, *(model._meta.get_field(name) for name in names)]
    update_columns(model, columns_of(records, fields), keys=[key.name])


def update_columns(
    model: type[models.Model], columns: Mapping[str, Sequence[Any]], *, keys: Sequence[str]
) -> None:
    """Write some fields of records that are there, given as columns, keyed by field.

    `keys` are the fields by which the records are known, of one or of several; the others are
    written.
    """
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    # What SQLite calls the columns of VALUES.
    new = {name: f"column{place}" for place, name in enumerate(columns, start=1)}
    ours = {field.name: quote(str(field.column)) for field in fields}
    sets = ", ".join(f"{ours[name]} = new.{new[name]}" for name in columns if name not in keys)
    same = " AND ".join(f"{table}.{ours[name]} = new.{new[name]}" for name in keys)
    named = f" ({', '.join(new.values())})" if connection.vendor == "postgresql" else ""
    for source, values in in_statements(fields, list(columns.values())):
        write(f"UPDATE {table} SET {sets} FROM ({source}) AS new{named} WHERE {same}", values)


def count_anew(model: type[models.Model]) -> None:
    """Let PostgreSQL look at a table of which much is new, and which is to be read at once.

    It would plan as for the table that it knew, and might take minutes where it takes a second.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def columns_of(records: Sequence[models.Model], fields: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the values of some fields of records, by field.

    What a record refers to may have been written, and got its key, since the record was made.
    """
    columns = {field.name: list(map(attrgetter(field.attname), records)) for field in fields}
    for field in fields:
        column = columns[field.name]
        if field.is_relation and None in column:
            for place, record in enumerate(records):
                if column[place] is None and field.is_cached(record):
                    related = field.get_cached_value(record)
                    column[place] = related.pk if related else None
                    setattr(record, field.attname, column[place])
    return columns


def in_statements(
    fields: Sequence[Any], columns: Sequence[Sequence[Any]]
) -> Iterator[tuple[str, list[Any]]]:
    """Give, for one statement after the other, the SQL for a table of rows and its parameters."""
    size = max(1, MOST_VALUES // len(fields))
    for start in range(0, len(columns[0]), size):
        yield table_of(fields, [column[start : start + size] for column in columns])


def table_of(fields: Sequence[Any], columns: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """Return the SQL for a table with some columns, and its parameters."""
    pairs = list(zip(fields, columns, strict=True))
    if connection.vendor == "postgresql":
        marks = ", ".join(f"%s::{array_type(field)}" for field in fields)
        return f"SELECT * FROM unnest({marks})", [array_of(as_texts(*pair)) for pair in pairs]
    marks = f"({', '.join(['%s'] * len(fields))})"
    prepared = [
        column if (preparer := preparer_of(field)) is None else map(preparer, column)
        for field, column in pairs
    ]
    rows = list(zip(*prepared, strict=True))
    return f"VALUES {', '.join([marks] * len(rows))}", list(chain.from_iterable(rows))


def preparer_of(field: Any) -> Callable[[Any], Any] | None:
    """Return what makes a field's value one that SQLite's driver knows; None where any is."""
    if isinstance(field, (models.DateField, models.JSONField, models.BinaryField)):
        return lambda value: field.get_db_prep_save(value, connection)
    return None


def as_texts(field: Any, values: Sequence[Any]) -> Sequence[Any]:
    """Return the values of a field, those that have no form of their own in SQL as texts."""
    if isinstance(field, models.JSONField):
        return [None if one is None else json.dumps(one, cls=field.encoder) for one in values]
    return values


def array_type(field: Any) -> str:
    """Return PostgreSQL's type of an array for a column.

    It has no length: a cast would cut what is too long, where the column refuses it.
    """
    return re.sub(r"\(.*\)", "", field.db_type(connection)) + "[]"


def array_of(values: Sequence[Any]) -> str:
    """Return values as PostgreSQL writes an array."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return f"{{{','.join(map(str, values))}}}"
    if kinds == {str}:
        # All at once, with between them what no text in PostgreSQL has.
        whole = "\0".join(values)
        if whole.count("\0") == len(values) - 1:
            texts = in_quotes(whole).replace("\0", '","')
            return f'{{"{texts}"}}'
    # Most other columns say the same again and again.
    elements = {value: array_element(value) for value in set(values)}
    return f"{{{','.join([elements[value] for value in values])}}}"


def array_element(value: Any) -> str:
    """Return a value as it stands in an array of PostgreSQL."""
    if value is None:
        return "NULL"
    if isinstance(value, (bytes, memoryview)):
        value = f"\\x{bytes(value).hex()}"
    return f'"{in_quotes(str(value))}"'


def in_quotes(text: str) -> str:
    """Return a text as it stands between quotes there."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
