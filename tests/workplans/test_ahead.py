"""Reading ahead: in the same transaction and language, and with nothing left behind."""

import threading
from collections.abc import Generator

import pytest
from django.db import connection
from django.utils import translation

from workplans.ahead import read_ahead
from workplans.chunks import in_chunks
from workplans.models import Entity, EntityKind

pytestmark = pytest.mark.django_db


def reading_threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("read-ahead")]


@pytest.fixture
def entities() -> list[str]:
    """Entities that no other connection sees, since the test's transaction is never committed."""
    made = [
        Entity.objects.create(name=f"Agency {number}", slug=f"a-{number}", kind=EntityKind.AGENCY)
        for number in range(9)
    ]
    return [one.slug for one in made]


def slugs() -> Generator[list[str], None, None]:
    yield from in_chunks(Entity.objects.order_by("slug").values_list("slug", flat=True), 2)


def test_all_is_given_in_its_order_and_from_the_same_transaction(entities):
    chunks = list(read_ahead(slugs()))
    assert chunks == [entities[0:2], entities[2:4], entities[4:6], entities[6:8], entities[8:]]
    assert reading_threads() == []
    assert Entity.objects.count() == 9


def test_what_stops_early_leaves_neither_thread_nor_cursor(entities):
    closed = []

    def source() -> Generator[list[str], None, None]:
        try:
            yield from slugs()
        finally:
            closed.append(True)

    chunks = read_ahead(source())
    assert next(chunks) == entities[:2]
    chunks.close()
    assert closed == [True]
    assert reading_threads() == []
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_cursors WHERE statement LIKE %s", ["%slug%"])
            assert cursor.fetchone() == (0,)


def test_an_error_of_the_reading_reaches_whoever_takes(entities):
    def source() -> Generator[int, None, None]:
        yield 1
        raise LookupError("gone")

    chunks = read_ahead(source())
    assert next(chunks) == 1
    with pytest.raises(LookupError, match="gone"):
        next(chunks)
    assert reading_threads() == []


def test_what_is_read_is_in_the_language_of_whoever_asked():
    def source() -> Generator[str, None, None]:
        yield translation.get_language()
        yield translation.get_language()

    with translation.override("fr"):
        assert list(read_ahead(source())) == ["fr", "fr"]


def test_postgresql_reads_on_while_something_else_is_done(entities):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite works inside this process.")
    is_reading = threading.Event()

    def source() -> Generator[int, None, None]:
        yield 1
        is_reading.set()
        yield 2

    chunks = read_ahead(source())
    assert next(chunks) == 1
    assert is_reading.wait(10)
    assert list(chunks) == [2]
