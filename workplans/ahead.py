"""Reading ahead: PostgreSQL finds what comes next while Python works on what came last.

SQLite works inside this process, and gains nothing by it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

T = TypeVar("T")


def read_ahead(source: Generator[T, None, None]) -> Iterator[T]:
    """Give what a generator reads of the database; a thread lets it read one step ahead.

    The thread has this one's connection, so that it is in the same transaction, and its language.
    Whoever takes what is given leaves the database alone meanwhile, and closes this when it stops
    early: the thread ends with it.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    with closing(source):
        if connection.vendor != "postgresql":
            yield from source
            return

        def take_connection() -> None:
            connections[DEFAULT_DB_ALIAS] = connection

        def step() -> T | None:
            return context.run(lambda: next(source, None))

        context = copy_context()
        connection.inc_thread_sharing()
        try:
            with ThreadPoolExecutor(1, "read-ahead", take_connection) as thread:
                coming = thread.submit(step)
                while (found := coming.result()) is not None:
                    coming = thread.submit(step)
                    yield found
        finally:
            connection.dec_thread_sharing()
