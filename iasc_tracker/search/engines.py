"""Full text in the two databases: all that differs between them.

Each keeps an index of its own over the entries and follows every write by itself.
PostgreSQL has a generated column of words, SQLite a table of its FTS5 with triggers.
Both are made after every migration where they are missing: SQLite drops triggers when a
table is rebuilt.
"""

from __future__ import annotations

from typing import Any, Protocol

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from iasc_tracker.models import SearchEntry
from iasc_tracker.search.texts import Query

TABLE = SearchEntry._meta.db_table


class Engine(Protocol):
    """What a database does for the search."""

    def install(self, connection: BaseDatabaseWrapper) -> None:
        """Make what is missing of the full-text index. Doing it again changes nothing."""

    def drop(self, connection: BaseDatabaseWrapper) -> None:
        """Take away what would stay behind without the table of entries."""

    def empty(self, connection: BaseDatabaseWrapper) -> None:
        """Delete all entries, so that no other transaction writes any before this one ends."""

    def is_whole(self, connection: BaseDatabaseWrapper) -> bool:
        """Return whether the full-text index holds just what the entries say."""

    def narrow(self, entries: QuerySet[SearchEntry], query: Query) -> QuerySet[SearchEntry]:
        """Keep the entries that have all the words, and an update's in its own text too.

        Adds `in_title`, whether the title has them all, and `distance`: the best has least.
        """


class SQLite:
    """A table of FTS5 over the entries. Words are split at spaces, since they are folded."""

    INDEX = f"{TABLE}_words"
    OLD = (
        f"INSERT INTO {INDEX} ({INDEX}, rowid, title, text) "
        "VALUES ('delete', old.id, old.title, old.text);"
    )
    NEW = f"INSERT INTO {INDEX} (rowid, title, text) VALUES (new.id, new.title, new.text);"
    TRIGGERS = {
        f"{INDEX}_insert": f"AFTER INSERT ON {TABLE} BEGIN {NEW} END",
        f"{INDEX}_delete": f"AFTER DELETE ON {TABLE} BEGIN {OLD} END",
        f"{INDEX}_update": f"AFTER UPDATE OF title, text ON {TABLE} BEGIN {OLD} {NEW} END",
    }

    def install(self, connection: BaseDatabaseWrapper) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master")
            missing = {self.INDEX, *self.TRIGGERS}.difference(row[0] for row in cursor.fetchall())
            if not missing:
                return
            cursor.execute(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS {self.INDEX} USING fts5("
                f"title, text, content='{TABLE}', content_rowid='id', tokenize='ascii')"
            )
            for name, definition in self.TRIGGERS.items():
                cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {definition}")
            # While one was missing, entries may have been written past it.
            cursor.execute(f"INSERT INTO {self.INDEX} ({self.INDEX}) VALUES ('rebuild')")

    def drop(self, connection: BaseDatabaseWrapper) -> None:
        with connection.cursor() as cursor:
            for name in self.TRIGGERS:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(f"DROP TABLE IF EXISTS {self.INDEX}")

    def empty(self, connection: BaseDatabaseWrapper) -> None:
        with connection.cursor() as cursor:
            self.drop(connection)
            cursor.execute(f"DELETE FROM {TABLE}")
        self.install(connection)

    def is_whole(self, connection: BaseDatabaseWrapper) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master")
            if {self.INDEX, *self.TRIGGERS}.difference(row[0] for row in cursor.fetchall()):
                return False
            try:
                with transaction.atomic(using=connection.alias):
                    cursor.execute(
                        f"INSERT INTO {self.INDEX} ({self.INDEX}, rank)"
                        " VALUES ('integrity-check', 1)"
                    )
            except DatabaseError:
                return False
        return True

    def narrow(self, entries: QuerySet[SearchEntry], query: Query) -> QuerySet[SearchEntry]:
        phrases = [f'"{phrase}" *' for phrase in query.phrases]
        all_words, any_word = " AND ".join(phrases), " OR ".join(phrases)
        matching = f"SELECT rowid FROM {self.INDEX} WHERE {self.INDEX} MATCH %s"
        return entries.extra(
            tables=[self.INDEX],
            select={
                "in_title": f"{TABLE}.id IN ({matching})",
                "distance": f"bm25({self.INDEX}, 10, 1)",
            },
            select_params=[f"{{title}} : ({all_words})"],
            where=[
                f"{self.INDEX} MATCH %s",
                f"{self.INDEX}.rowid = {TABLE}.id",
                f"({TABLE}.sequence = 0 OR {TABLE}.id IN ({matching}))",
            ],
            params=[all_words, f"{{text}} : ({any_word})"],
        )


class PostgreSQL:
    """A generated column of words, the title's with weight A and the text's with weight B.

    Its parser takes a number such as 2e0 out of a word that begins with one, so that a
    letter is set before each word, there and in what is searched for.
    """

    COLUMN = "words"

    @staticmethod
    def _vector(column: str, weight: str) -> str:
        words = f"'w' || replace({column}, ' ', ' w')"
        return f"setweight(to_tsvector('pg_catalog.simple'::regconfig, {words}), '{weight}')"

    def install(self, connection: BaseDatabaseWrapper) -> None:
        vector = f"{self._vector('title', 'A')} || {self._vector('text', 'B')}"
        with connection.cursor() as cursor:
            columns = connection.introspection.get_table_description(cursor, TABLE)
            if self.COLUMN in {column.name for column in columns}:
                return
            cursor.execute(
                f"ALTER TABLE {TABLE} ADD COLUMN {self.COLUMN} tsvector "
                f"GENERATED ALWAYS AS ({vector}) STORED"
            )
            cursor.execute(
                f"CREATE INDEX {TABLE}_{self.COLUMN} ON {TABLE} USING gin ({self.COLUMN})"
            )

    def drop(self, connection: BaseDatabaseWrapper) -> None:
        """Column and index go with the table."""

    def empty(self, connection: BaseDatabaseWrapper) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {TABLE} IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(f"DELETE FROM {TABLE}")

    def is_whole(self, connection: BaseDatabaseWrapper) -> bool:
        with connection.cursor() as cursor:
            columns = connection.introspection.get_table_description(cursor, TABLE)
        return self.COLUMN in {column.name for column in columns}

    @staticmethod
    def _phrase(phrase: str, weight: str = "") -> str:
        *words, last = [f"'w{word}'" for word in phrase.split()]
        exact = f":{weight}" if weight else ""
        return f"({' <-> '.join([*(f'{word}{exact}' for word in words), f'{last}:*{weight}'])})"

    def narrow(self, entries: QuerySet[SearchEntry], query: Query) -> QuerySet[SearchEntry]:
        all_words = " & ".join(self._phrase(phrase) for phrase in query.phrases)
        in_title = " & ".join(self._phrase(phrase, "A") for phrase in query.phrases)
        any_in_text = " | ".join(self._phrase(phrase, "B") for phrase in query.phrases)
        column = f"{TABLE}.{self.COLUMN}"
        return entries.extra(
            select={
                "in_title": f"{column} @@ %s::tsquery",
                # Weights of D, C, B and A; long texts count for a little less.
                "distance": f"-ts_rank('{{0, 0, 0.1, 1}}', {column}, %s::tsquery, 1)",
            },
            select_params=[in_title, all_words],
            where=[
                f"{column} @@ %s::tsquery",
                f"({TABLE}.sequence = 0 OR {column} @@ %s::tsquery)",
            ],
            params=[all_words, any_in_text],
        )


ENGINES: dict[str, Engine] = {"sqlite": SQLite(), "postgresql": PostgreSQL()}


def engine_of(connection: Any) -> Engine:
    """Return what the search asks of a database."""
    return ENGINES[connection.vendor]
