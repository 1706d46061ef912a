"""What the database does meanwhile: in the same transaction, and with nothing left behind."""

import threading
from collections.abc import Generator

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from workplans import meanwhile
from workplans.chunks import in_chunks
from workplans.inserts import insert_columns
from workplans.meanwhile import read_ahead, run, writing_behind
from workplans.models import Entity, EntityKind

pytestmark = pytest.mark.django_db


def database_threads() -> list[str]:
    names = ("read-ahead", "write-behind")
    return [one.name for one in threading.enumerate() if one.name.startswith(names)]


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
    assert database_threads() == []
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
    assert database_threads() == []
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
    assert database_threads() == []


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


def insert_entities(*slugs: str) -> None:
    names = {name: [*slugs] for name in ("name", "slug")}
    insert_columns(Entity, {**names, "kind": [EntityKind.AGENCY] * len(slugs)})


def test_what_is_asked_knows_of_all_that_was_written_behind():
    with writing_behind():
        for number in range(30):  # more than may wait
            insert_entities(f"a-{number}")
            if number % 10 == 5:
                assert Entity.objects.count() == number + 1
        insert_entities("last")
    assert Entity.objects.count() == 31
    assert database_threads() == []


def test_whoever_writes_behind_goes_on_before_it_is_written(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite works inside this process.")
    went_on = threading.Event()

    def run_late(sql, values):
        assert went_on.wait(10), "The statement was waited for."
        run(sql, values)

    monkeypatch.setattr(meanwhile, "run", run_late)
    with writing_behind():
        insert_entities("a")
        went_on.set()
        assert Entity.objects.count() == 1


@pytest.mark.parametrize("asks", [True, False])
def test_an_error_of_what_is_written_behind_is_raised_and_nothing_stays(asks):
    with pytest.raises(IntegrityError), transaction.atomic(), writing_behind():
        insert_entities("a")
        insert_entities("a")
        insert_entities("b")
        if asks:
            Entity.objects.count()
    assert Entity.objects.count() == 0
    assert database_threads() == []


def test_an_error_meanwhile_leaves_nothing_either():
    with pytest.raises(LookupError), transaction.atomic(), writing_behind():
        insert_entities("a")
        raise LookupError
    assert Entity.objects.count() == 0
    assert database_threads() == []
    insert_entities("a")
    assert Entity.objects.count() == 1
