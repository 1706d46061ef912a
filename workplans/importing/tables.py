"""Files in: a CSV or Excel file of unknown origin becomes a table, or is refused in a sentence.

Nothing in a file is trusted: what it says of its own size, type or encoding is checked before
anything is unpacked, and reading stops at the limits below. The kind of a file is told by its
content, not by its name.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, TypeAlias

import openpyxl
from django.utils.translation import gettext as _
from openpyxl.utils.escape import unescape

from workplans.exports import FORMULA
from workplans.importing.guard import Unreadable, check_workbook
from workplans.workbooks import clean_text

# What a file may hold. Ten thousand rows of all our columns have 3 to 8 MB, and take some seconds
# to read from Excel.
LARGEST = 20 * 1024 * 1024
MOST_ROWS = 10_000
MOST_COLUMNS = 200
# Rows that are quite empty are passed over, up to so many.
MOST_EMPTY = 100_000

# What openpyxl makes of a number that is shown as a day, but is too large to be one.
_NO_DAY = "#VALUE!"
# As much of a text as ends in a line end; lines of more separators are no rows.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
MOST_SEPARATORS = 100_000
# What Excel writes first where it is told to, and takes the separator from.
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])(?:\r\n|\r|\n)")

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True, slots=True)
class NoValue:
    """A cell that holds no value of its own: a formula, or what Excel shows for a failed one."""

    text: str


Value: TypeAlias = str | int | float | bool | date | NoValue | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: its number there, counted from 1 with the header, and its cells."""

    number: int
    cells: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows, each as long as the header. `is_text` says that every cell was text."""

    header: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    is_text: bool = False


def read_table(content: bytes, known: Sequence[str]) -> Table:
    """Read a file, or raise Unreadable.

    `known` are the names of columns that the table may have, the chief ones first: they tell where
    the header is, and by what a CSV file separates its fields.
    """
    if not content.strip():
        raise Unreadable(_("The file is empty."))
    refuse_large(len(content))
    if content.startswith(OLE):
        raise Unreadable(
            _(
                "This is an Excel file of the old format (.xls), or one with a password. Save it "
                "as an Excel workbook (.xlsx) without a password."
            )
        )
    if content.startswith(ZIP):
        return _table(_excel_rows(content), known, is_text=False)
    return _table(_csv_rows(_decoded(content), known), known, is_text=True)


def refuse_large(size: int) -> None:
    """Raise Unreadable for a file of too many bytes."""
    if size > LARGEST:
        raise Unreadable(
            _("The file has more than %(limit)d MB. Split it into smaller ones.")
            % {"limit": LARGEST // 1024 // 1024}
        )


def _table(rows: Iterator[Row], known: Sequence[str], *, is_text: bool) -> Table:
    """Make a table of rows, the first of which that is not empty is the header."""
    header: tuple[str, ...] = ()
    found: list[Row] = []
    empty = 0
    for row in rows:
        if not any(map(_says_something, row.cells)):
            empty += 1
            if empty > MOST_EMPTY:
                raise Unreadable(
                    _("More than %(limit)d rows are empty. Delete them below the table.")
                    % {"limit": MOST_EMPTY}
                )
            continue
        if not header:
            header = _header(row, known)
            continue
        if any(map(_says_something, row.cells[len(header) :])):
            raise Unreadable(
                _(
                    "Row %(number)d has more cells than the table has columns. Empty them, or give "
                    "their columns names."
                )
                % {"number": row.number}
            )
        if len(found) == MOST_ROWS:
            raise Unreadable(
                _("The table has more than %(limit)d rows. Split it into smaller files.")
                % {"limit": MOST_ROWS}
            )
        missing = len(header) - len(row.cells)
        cells = (*row.cells, *[None] * missing) if missing > 0 else row.cells[: len(header)]
        found.append(Row(row.number, tuple(cells)))
    if not header:
        raise Unreadable(_("The file has no header row."))
    return Table(header, found, is_text)


def _says_something(cell: Value) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _header(row: Row, known: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns, as our own files write them."""
    cells = list(row.cells)
    while cells and not _says_something(cells[-1]):
        cells.pop()
    if len(cells) > MOST_COLUMNS:
        raise Unreadable(
            _("The table has %(count)d columns; at most %(limit)d are read.")
            % {"count": len(cells), "limit": MOST_COLUMNS}
        )
    names = [column_name(cell) for cell in cells]
    if not set(names).intersection(known):
        raise Unreadable(
            _(
                "No column has a name that is known here. The first row must name the columns, "
                "for example: %(known)s. Of a workbook, the first sheet that is not hidden is read."
            )
            % {"known": ", ".join(known[:8])}
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise Unreadable(
            _("Two columns have the same name: %(names)s. Rename or delete one.")
            % {"names": ", ".join(twice)}
        )
    return tuple(names)


def column_name(cell: Value) -> str:
    """Return the name of a column in lower case, blanks and hyphens as underscores."""
    text = cell.text if isinstance(cell, NoValue) else "" if cell is None else str(cell)
    return re.sub(r"[\s\-]+", "_", text.strip().casefold())


# CSV


def _decoded(content: bytes) -> str:
    """Return the text of a CSV file: UTF-8, or UTF-16 where the file says so or plainly is."""
    encoding = _UTF_16.get(content[:2])
    if encoding:
        content = content[2:]
    else:
        # Text of which every other byte is NUL.
        sample = content[:200]
        if len(sample) > 3 and not any(sample[1::2]):
            encoding = "utf-16-le"
        elif len(sample) > 3 and not any(sample[0::2]):
            encoding = "utf-16-be"
    try:
        text = content.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unreadable(
            _(
                "The file is not written in UTF-8: see line %(line)d. Save it as “CSV UTF-8”, or "
                "as an Excel workbook (.xlsx)."
            )
            % {"line": line}
        ) from None
    at = text.find("\0")
    if at >= 0:
        raise Unreadable(
            _("Line %(line)d holds a character (NUL) that no text has. Save the file anew.")
            % {"line": text.count("\n", 0, at) + 1}
        )
    return text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}")


def _csv_rows(text: str, known: Sequence[str]) -> Iterator[Row]:
    begun = 1
    if told := _SEPARATOR_LINE.match(text):
        separator = told[1]
        yield Row(begun, ())
        begun += 1
    else:
        separator = _separator(text, known)
    lines = _lines(text, told.end() if told else 0, begun, separator)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(_csv_fault(error, begun)) from None
        # The number that Excel shows: a cell with line breaks does not count as several rows.
        yield Row(begun, tuple(map(_unescaped, cells)))
        begun += 1


def _lines(text: str, start: int, first: int, separator: str) -> Iterator[str]:
    """Yield the lines of a text from a place on, with their ends; the first of them has a number.

    Raise Unreadable for one of very many cells.
    """
    for number, found in enumerate(_LINE.finditer(text, start), start=first):
        line = found[0]
        if len(line) > MOST_SEPARATORS and line.count(separator) > MOST_SEPARATORS:
            raise Unreadable(
                _("Line %(line)d has more cells than any table. Look at what separates them.")
                % {"line": number}
            )
        if line:
            yield line


def _unescaped(text: str) -> str:
    """Take off the apostrophe that our own files put before what looks like a formula."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def _csv_fault(error: csv.Error, number: int) -> str:
    words = {"number": number}
    if "end of data" in str(error):
        return _("A quotation mark in row %(number)d is not closed.") % words
    if "field larger" in str(error):
        return _("A cell in row %(number)d is too long, or a quotation mark is not closed.") % words
    return _("Row %(number)d is not well-formed CSV: check its quotation marks.") % words


def _separator(text: str, known: Sequence[str]) -> str:
    """Return the character by which the first line gives the most known columns."""
    first = next((line for line in re.split(r"\r\n?|\n", text[:20_000]) if line.strip()), "")

    def finds(separator: str) -> int:
        names = (column_name(name.strip('"')) for name in first.split(separator))
        return len(set(names).intersection(known))

    return max(",;\t", key=finds)


# Excel


def _excel_rows(content: bytes) -> Iterator[Row]:
    has_formulas = check_workbook(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        sheets = book.worksheets
        sheet = next((one for one in sheets if one.sheet_state == "visible"), sheets[0])
        # Cells know whether they hold a formula; plain values are read in half the time.
        value_of, are_empty = (
            (_excel_value, _are_empty_cells) if has_formulas else (_plain_value, _are_none)
        )
        rows = sheet.iter_rows(
            max_row=MOST_ROWS + MOST_EMPTY + 2,
            max_col=MOST_COLUMNS + 1,
            values_only=not has_formulas,
        )
        # Rows are filled up to the width asked for. What is empty behind the first row that is not,
        # as in most rows, is not looked at cell by cell.
        width = 0
        for number, cells in enumerate(rows, start=1):
            if width and are_empty(cells[width:]):
                cells = cells[:width]
            values = tuple(map(value_of, cells))
            if not width:
                filled = [place for place, value in enumerate(values) if _says_something(value)]
                width = filled[-1] + 1 if filled else 0
            yield Row(number, values)
    except Unreadable:
        raise
    except (
        KeyError, IndexError, ValueError, TypeError, AttributeError, OverflowError, SyntaxError,
        OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError,
    ) as error:  # fmt: skip
        # openpyxl has no error of its own for what it cannot make sense of; those of XML are
        # SyntaxErrors.
        raise Unreadable(_("The Excel file is damaged. Open it and save it anew.")) from error


def _are_empty_cells(cells: Sequence[Any]) -> bool:
    return all(cell.value is None for cell in cells)


def _are_none(values: Sequence[Any]) -> bool:
    return values.count(None) == len(values)


def _excel_value(cell: Any) -> Value:
    """Return the value of a cell that may hold a formula, or an error of one."""
    if cell.data_type in ("f", "e"):
        return NoValue(str(getattr(cell.value, "text", cell.value)))
    return _plain_value(cell.value)


def _plain_value(value: Any) -> Value:
    if value is None:
        return None
    if isinstance(value, str):
        if value == _NO_DAY:
            return NoValue(value)
        # Excel has _x0041_ for a character that it writes by its number, and openpyxl leaves it.
        return clean_text(unescape(value)) if "_x" in value else value
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, (bool, int, float, date)):
        return value
    return str(value)
