"""What an import would do with each row of a file, and what it did."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.text import Truncator
from import_export.results import Result, RowResult

NEW = RowResult.IMPORT_TYPE_NEW
CHANGED = RowResult.IMPORT_TYPE_UPDATE
SAME = RowResult.IMPORT_TYPE_SKIP
INVALID = RowResult.IMPORT_TYPE_INVALID

LONGEST_SHOWN = 300


class Change(NamedTuple):
    """What a row would change: a column, what stands there now, and what would."""

    column: str
    old: str
    new: str

    @property
    def shown_old(self) -> str:
        return Truncator(self.old).chars(LONGEST_SHOWN)

    @property
    def shown_new(self) -> str:
        return Truncator(self.new).chars(LONGEST_SHOWN)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be taken: a column, what stands there, and what would be right."""

    column: str
    value: str
    sentence: str

    @property
    def shown_value(self) -> str:
        return Truncator(self.value).chars(80)


class Verdict(RowResult):
    """The verdict on one row: its number in the file, its reference, and what it says.

    `not_taken` are the columns whose edits an import does not take. `instance` is the record to be
    written, where there is one; `plan` what a resource has to remember for writing it.
    """

    def __init__(self, number: int, ref: str = "", title: str = "") -> None:
        super().__init__()
        self.number, self.ref, self.title = number, ref, title
        self.changes: list[Change] = []
        self.problems: list[Problem] = []
        self.not_taken: list[str] = []
        self.is_record_new = False
        self.plan: dict[str, Any] = {}

    def refuse(self, column: str, value: Any, sentence: str) -> None:
        """Note why the row cannot be taken."""
        self.problems.append(Problem(column, "" if value is None else str(value), sentence))

    def settle(self) -> None:
        """Say of which kind the verdict is, once all is known."""
        if self.problems:
            self.import_type = INVALID
        elif self.is_record_new:
            self.import_type = NEW
        else:
            self.import_type = CHANGED if self.changes else SAME
        self.object_repr = self.ref

    @property
    def fingerprint(self) -> str:
        """A short text that differs where two verdicts on one row differ."""
        told = [self.import_type, self.ref, str(len(self.changes))]
        for change in self.changes:
            told += change
        for problem in self.problems:
            told += (problem.column, problem.sentence)
        # No text has a NUL.
        return hashlib.sha256("\0".join(told).encode()).hexdigest()[:12]


class Judgement(Result):
    """The verdicts on all rows of a file. `ignored` are columns that are not known here."""

    rows: list[Verdict]

    def __init__(self, ignored: list[str] | None = None) -> None:
        super().__init__()
        self.ignored = ignored or []

    def add(self, verdict: Verdict) -> None:
        self.append_row_result(verdict)

    def settle(self) -> None:
        """Count the verdicts, once all is known."""
        for verdict in self.rows:
            verdict.settle()
        self.total_rows = len(self.rows)
        self.totals.update(Counter(verdict.import_type for verdict in self.rows))

    @property
    def fingerprints(self) -> list[str]:
        return [verdict.fingerprint for verdict in self.rows]

    def of_kind(self, kind: str) -> list[Verdict]:
        return [verdict for verdict in self.rows if verdict.import_type == kind]

    @property
    def invalid(self) -> list[Verdict]:
        return self.of_kind(INVALID)

    @property
    def new(self) -> list[Verdict]:
        return self.of_kind(NEW)

    @property
    def changed(self) -> list[Verdict]:
        return self.of_kind(CHANGED)

    @property
    def same(self) -> list[Verdict]:
        return self.of_kind(SAME)

    @property
    def not_taken(self) -> list[Verdict]:
        """The rows with edits that are not taken."""
        return [verdict for verdict in self.rows if verdict.not_taken]

    @property
    def may_be_written(self) -> bool:
        return not self.invalid and bool(self.new or self.changed)
