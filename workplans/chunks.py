"""Very many rows or keys: some at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func
from django.db.models.sql.compiler import SQLCompiler

from workplans.inserts import array_of

T = TypeVar("T")

# How many are read at a time, or looked for by their keys, with what belongs to them.
CHUNK = 1500


def in_chunks(items: Any, size: int = 0) -> Iterator[list[Any]]:
    """Read a query set as a stream, some items at a time, through a cursor of the server."""
    size = size or CHUNK
    stream = items.iterator(chunk_size=size)
    while chunk := list(islice(stream, size)):
        yield chunk


def portions(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """Give some things at a time of those that are in memory already."""
    for start in range(0, len(things), CHUNK):
        yield things[start : start + CHUNK]


class Among(Func):
    """The condition that a column has one of many keys, numbers or texts.

    The keys are one parameter. As one each, as `__in` has them, the database takes as long to
    read them as to find the rows.
    """

    output_field = BooleanField()

    def __init__(self, name: str, keys: Iterable[int] | Iterable[str]) -> None:
        super().__init__(F(name))
        self.keys = list(keys)

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        if not self.keys:
            raise EmptyResultSet
        column, parameters = compiler.compile(self.source_expressions[0])
        if connection.vendor == "postgresql":
            kind = "text" if isinstance(self.keys[0], str) else "bigint"
            return f"{column} = ANY(%s::{kind}[])", (*parameters, array_of(self.keys))
        keys = json.dumps(self.keys)
        return f"{column} IN (SELECT value FROM JSON_EACH(%s))", (*parameters, keys)
