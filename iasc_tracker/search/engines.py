"""Full text in the two databases: all that differs between them.

Each keeps an index of its own over the entries and follows every write by itself.
PostgreSQL has a generated column of words, SQLite a table of its FTS5 with triggers.
Both are made after every migration where they are missing: SQLite drops triggers when a
table is rebuilt.
"""

from __future__ import annotations

from itertools import chain
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
    """A generated column of words, those of the title and of the text told apart by a letter.

    Its own parser of texts would take five times as long, to no use for words that are folded
    already. What the column does not know is their order: phrases are looked for in the text
    itself, where all their words are.
    """

    COLUMN = "lexemes"
    TITLE, TEXT = "a", "b"
    # What stands for title and text where phrases are looked for: no phrase runs from one on into
    # the other.
    PLAIN = {TITLE: f"' ' || {TABLE}.title", TEXT: f"' ' || {TABLE}.text"}

    @staticmethod
    def _words(column: str, letter: str) -> str:
        return f"string_to_array('{letter}' || replace({column}, ' ', ' {letter}'), ' ')"

    def install(self, connection: BaseDatabaseWrapper) -> None:
        words = f"{self._words('title', self.TITLE)} || {self._words('text', self.TEXT)}"
        with connection.cursor() as cursor:
            columns = connection.introspection.get_table_description(cursor, TABLE)
            if self.COLUMN in {column.name for column in columns}:
                return
            # What an earlier version had in its place.
            cursor.execute(f"ALTER TABLE {TABLE} DROP COLUMN IF EXISTS words")
            cursor.execute(
                f"ALTER TABLE {TABLE} ADD COLUMN {self.COLUMN} tsvector "
                f"GENERATED ALWAYS AS (array_to_tsvector({words})) STORED"
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

    @classmethod
    def _words_of(cls, phrase: str, letter: str) -> str:
        """Return the query for all words of a phrase, in the title or in the text."""
        *words, last = [f"'{letter}{word}'" for word in phrase.split()]
        return f"({' & '.join([*words, f'{last}:*'])})"

    @classmethod
    def _stands(cls, phrase: str, letters: str) -> tuple[str, list[str]]:
        """Return the condition that a phrase stands in the title or in the text, with its values.

        A single word is found by the column alone.
        """
        query = " | ".join(cls._words_of(phrase, letter) for letter in letters)
        found = f"{TABLE}.{cls.COLUMN} @@ %s::tsquery"
        if " " not in phrase:
            return found, [query]
        in_order = " OR ".join(f"strpos({cls.PLAIN[letter]}, %s) > 0" for letter in letters)
        return f"({found} AND ({in_order}))", [query, *[f" {phrase}"] * len(letters)]

    def narrow(self, entries: QuerySet[SearchEntry], query: Query) -> QuerySet[SearchEntry]:
        def joined(by: str, letters: str) -> tuple[str, list[str]]:
            conditions, values = zip(
                *(self._stands(phrase, letters) for phrase in query.phrases), strict=True
            )
            return f"({by.join(conditions)})", list(chain.from_iterable(values))

        def rank(letter: str) -> tuple[str, list[str]]:
            any_word = " | ".join(self._words_of(phrase, letter) for phrase in query.phrases)
            # All words weigh the same; long texts count for a little less.
            return f"ts_rank('{{1, 1, 1, 1}}', {TABLE}.{self.COLUMN}, %s::tsquery, 1)", [any_word]

        anywhere, anywhere_values = joined(" AND ", self.TITLE + self.TEXT)
        in_title, in_title_values = joined(" AND ", self.TITLE)
        in_text, in_text_values = joined(" OR ", self.TEXT)
        (title_rank, title_values), (text_rank, text_values) = map(rank, (self.TITLE, self.TEXT))
        return entries.extra(
            select={"in_title": in_title, "distance": f"-({title_rank} + 0.1 * {text_rank})"},
            select_params=[*in_title_values, *title_values, *text_values],
            where=[anywhere, f"({TABLE}.sequence = 0 OR {in_text})"],
            params=[*anywhere_values, *in_text_values],
        )


ENGINES: dict[str, Engine] = {"sqlite": SQLite(), "postgresql": PostgreSQL()}


def engine_of(connection: Any) -> Engine:
    """Return what the search asks of a database."""
    return ENGINES[connection.vendor]
