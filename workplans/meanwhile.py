"""PostgreSQL works while Python does: what comes next is read, or what was made is written.

A thread waits for the database meanwhile. It has the connection of whoever asked, and so is in the
same transaction, and the language. SQLite works inside this process, and would gain nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import ContextVar
from itertools import islice
from threading import get_ident
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import activate, get_language

T = TypeVar("T")

# The statements that may wait to be run: what they write is in memory as long.
MOST_WAITING = 8


@contextmanager
def database_thread(name: str) -> Iterator[ThreadPoolExecutor]:
    """Make one thread that has the connection and the language of this one; it ends with this."""
    connection, language = connections[DEFAULT_DB_ALIAS], get_language()

    def begin() -> None:
        connections[DEFAULT_DB_ALIAS] = connection
        if language is not None:
            activate(language)

    connection.inc_thread_sharing()
    thread = ThreadPoolExecutor(1, name, begin)
    try:
        yield thread
    finally:
        thread.shutdown(cancel_futures=True)
        connection.dec_thread_sharing()


def works_apart(connection: BaseDatabaseWrapper) -> bool:
    """Return whether a database works in a process of its own."""
    return connection.vendor == "postgresql"


def read_ahead(source: Generator[T, None, None]) -> Generator[T, None, None]:
    """Give what a generator reads of the database, which reads on by one step meanwhile.

    Whoever takes what is given leaves the database alone, and closes this when it stops early.
    """
    with closing(source):
        if not works_apart(connections[DEFAULT_DB_ALIAS]):
            yield from source
            return

        def step() -> list[T]:
            return list(islice(source, 1))

        with database_thread("read-ahead") as thread:
            coming = thread.submit(step)
            while found := coming.result():
                coming = thread.submit(step)
                yield from found


class Behind:
    """Statements that wait for a thread to run them, in the order in which they come."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self.thread, self.owner = thread, get_ident()
        self.waiting: deque[Future[None]] = deque()

    def add(self, sql: str, values: Sequence[Any]) -> None:
        """Let a statement be run when those before it are."""
        while len(self.waiting) >= MOST_WAITING:
            self.waiting.popleft().result()
        self.waiting.append(self.thread.submit(run, sql, values))

    def finish(self) -> None:
        """Wait until all are run; the error of the first that failed is raised."""
        while self.waiting:
            self.waiting.popleft().result()

    def finish_first(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """Run a statement of the one who waits for its answer, after all that came before."""
        if get_ident() == self.owner:
            self.finish()
        return execute(*statement)


_behind: ContextVar[Behind | None] = ContextVar("behind", default=None)


@contextmanager
def writing_behind() -> Iterator[None]:
    """Let what is given to `write` within this be run while Python goes on.

    For use inside a transaction: whatever else is asked of the database waits for it, and so does
    the end of this. The error of a statement that fails is raised by whichever waits for it first:
    a later `write`, what is asked, or the end.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if not works_apart(connection):
        yield
        return
    with database_thread("write-behind") as thread:
        behind = Behind(thread)
        token = _behind.set(behind)
        try:
            with connection.execute_wrapper(behind.finish_first):
                yield
                behind.finish()
        finally:
            _behind.reset(token)


def write(sql: str, values: Sequence[Any]) -> None:
    """Run a statement that gives no answer; within `writing_behind`, by and by."""
    if behind := _behind.get():
        behind.add(sql, values)
    else:
        run(sql, values)


def run(sql: str, values: Sequence[Any]) -> None:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(sql, values)
