"""What an import of each kind of record takes: the ground that all resources stand on.

A resource of django-import-export names the columns that are taken, and the widget that reads each.
Unlike the stock one it judges and writes whole sets: it compares the file with what our own file
would say now, cell by cell, and reads only the cells that differ.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export.resources import Resource

from workplans import days
from workplans.importing.cells import as_text, is_same, no_value
from workplans.importing.tables import NoValue, Row, Table, Value
from workplans.importing.verdicts import Judgement, Verdict
from workplans.meanwhile import writing_behind
from workplans.models import SourceDocument


@contextmanager
def without_collecting() -> Iterator[None]:
    """Do not look for garbage meanwhile.

    Thousands of objects are made that all live on; to look through them again and again would take
    a quarter of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def cell_words(cell: Any) -> str:
    """Return a cell as a reader sees it."""
    if isinstance(cell, NoValue):
        return cell.text
    return as_text(cell)


class SheetResource(Resource):
    """A resource for one kind of record. A subclass says how rows are compared and written.

    `key` is the column by which a record is known; columns that are `not_compared` name it, or say
    where it can be read.
    """

    model: ClassVar[Any]
    key: ClassVar[str] = "ref"
    not_compared: ClassVar[frozenset[str]] = frozenset({"ref", "url"})
    # The columns that name other records of this kind, by which a row is judged too.
    names_others: ClassVar[tuple[str, ...]] = ()

    def __init__(self, user: User, today: date | None = None) -> None:
        super().__init__()
        self.user, self.today = user, today or days.site_today()

    # What a subclass says

    def key_of(self, cells: Mapping[str, Value]) -> str:
        """Return the key of a row; "" for a record that is to be made."""
        return cell_words(cells.get(self.key))

    def columns(self) -> Sequence[str]:
        """Return the columns of our own file, in its order."""
        raise NotImplementedError

    def written(self, keys: Sequence[str]) -> dict[str, Sequence[Any]]:
        """Return what our file would say now of the records with some keys, keyed by key."""
        raise NotImplementedError

    def lock(self, keys: Sequence[str]) -> None:
        """Lock the records with some keys, and what new ones belong to."""
        raise NotImplementedError

    def read_rows(self, rows: Sequence[SheetRow]) -> None:
        """Read the cells that differ, into the verdicts."""
        raise NotImplementedError

    def tells_source(self, verdicts: Sequence[Verdict]) -> bool:
        """Return whether anything that is to be written says from which file it is."""
        return any(verdict.is_record_new or "update" in verdict.plan for verdict in verdicts)

    def save(self, verdicts: Sequence[Verdict], source: SourceDocument | None) -> None:
        """Write what the verdicts say, inside a transaction; what tells a source is from this."""
        raise NotImplementedError

    @cached_property
    def _row_words(self) -> str:
        return _("row %(number)d")

    def place_of(self, verdict: Verdict) -> str:
        """Return the place in its file of what a verdict is about."""
        return self._row_words % {"number": verdict.number}

    # Judging

    @cached_property
    def places(self) -> dict[str, int]:
        """The places of the columns of our own file."""
        return {name: place for place, name in enumerate(self.columns())}

    @cached_property
    def known_columns(self) -> list[str]:
        """The columns that a file may have, those that are taken first."""
        taken = [field.column_name for field in self.fields.values()]
        return list(dict.fromkeys([self.key, *taken, *self.columns()]))

    def judge(self, table: Table, *, lock: bool = False) -> Judgement:
        """Return the verdict on each row; nothing is written. `lock` is for what is to follow."""
        header = table.header
        judgement = Judgement([name for name in header if name not in self.known_columns])
        keys = [self.key_of(dict(zip(header, row.cells, strict=True))) for row in table.rows]
        wanted = sorted({key for key in keys if key})
        if lock:
            named = {
                cell_words(row.cells[place])
                for place, name in enumerate(header)
                if name in self.names_others
                for row in table.rows
            }
            self.lock(sorted({*wanted, *named}))
        written = self.written(wanted)
        ours = self.places
        # The places, in the file and in ours, of the columns that both have.
        both = [
            (place, ours[name], name)
            for place, name in enumerate(header)
            if name in ours and name not in self.not_compared
        ]
        told_here = [
            (place, name)
            for place, name in enumerate(header)
            if name in self.fields and name not in ours
        ]
        rows = []
        first: dict[str, int] = {}
        for row, key in zip(table.rows, keys, strict=True):
            sheet_row = SheetRow(self, header, row, key, written.get(key))
            judgement.add(sheet_row.verdict)
            if key in first:
                twice = _("Row %(number)d has it too. Keep one.") % {"number": first[key]}
                sheet_row.verdict.refuse(self.key, key, twice)
            elif key:
                first[key] = row.number
            if not table.is_text:
                sheet_row.refuse_formulas()
            sheet_row.compare(both, told_here)
            rows.append(sheet_row)
        self.read_rows(rows)
        judgement.settle()
        return judgement

    def write(self, judgement: Judgement, source: SourceDocument | None) -> None:
        """Write what a judgement found new or changed, in the transaction that has the locks."""
        with writing_behind():
            self.save([*judgement.new, *judgement.changed], source)


class SheetRow:
    """One row while it is judged: what it says, and what our file would say in its place.

    `edited` are the columns that differ, with what stands in the file. Where a record is new, these
    are all that are not empty.
    """

    __slots__ = ("edited", "header", "key", "resource", "row", "verdict", "written")

    def __init__(
        self,
        resource: SheetResource,
        header: tuple[str, ...],
        row: Row,
        key: str,
        written: Sequence[Any] | None,
    ) -> None:
        self.resource, self.header, self.row, self.key = resource, header, row, key
        self.written = written
        self.edited: dict[str, Value] = {}
        self.verdict = Verdict(row.number, key)

    def compare(
        self, both: Iterable[tuple[int, int, str]], told_here: Iterable[tuple[int, str]]
    ) -> None:
        """Find the cells that say something else than our file would.

        `both` are the places in the file and in ours of the columns that both have, `told_here`
        those of columns that ours has not, but an import takes.
        """
        cells, written = self.row.cells, self.written
        if written is None:
            self.edited = {
                name: cell
                for name, cell in zip(self.header, cells, strict=True)
                if cell is not None and cell != "" and name not in self.resource.not_compared
            }
            return
        for place, ours, name in both:
            if cells[place] != written[ours] and not is_same(cells[place], written[ours]):
                self.edited[name] = cells[place]
        for place, name in told_here:
            if cells[place] is not None and cells[place] != "":
                self.edited[name] = cells[place]

    def refuse_formulas(self) -> None:
        """Note where a column that is taken, or that says which record it is, holds no value."""
        taken, keys = self.resource.fields, self.resource.not_compared - {"url"}
        for name, cell in zip(self.header, self.row.cells, strict=True):
            if isinstance(cell, NoValue) and (name in taken or name in keys):
                self.verdict.refuse(name, cell.text, no_value(cell))

    @property
    def is_new(self) -> bool:
        return self.written is None

    def now(self, name: str) -> str:
        """Return what our file says now in a column, as a reader sees it."""
        place = self.resource.places.get(name)
        if self.written is None or place is None:
            return ""
        value = self.written[place]
        return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)

    def read(self, name: str, known: Mapping[str, Any] | None = None) -> Any:
        """Return what a column's widget reads in the edited cell.

        Note a problem, and return None, where that is nothing that can be taken.
        """
        cell = self.edited[name]
        try:
            return self.resource.fields[name].widget.clean(cell, known=known)
        except ValueError as error:
            self.verdict.refuse(name, cell_words(cell), str(error))
            return None


def refuse_entry(
    row: SheetRow, error: ValidationError, columns: Mapping[str, str], otherwise: str
) -> None:
    """Note why the ledger refuses an update; one that it knows already is no problem.

    `columns` are those in which the fields of the ledger's entry are told; what is wrong with none
    of these is noted of the column `otherwise`.
    """
    if getattr(error, "code", "") == "nothing_new":
        return
    by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for name, sentences in by_field.items():
        column = columns.get(name, otherwise)
        row.verdict.refuse(column, cell_words(row.edited.get(column)), " ".join(sentences))
