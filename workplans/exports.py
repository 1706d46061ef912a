"""Files out: a table as CSV or as an Excel file, as the design has it ("Files out").

Both are made of the same rows, and CSV while it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, ClassVar, TypeAlias, TypeVar

from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.urls import register_converter
from django.urls.converters import StringConverter
from django.utils.translation import gettext as _

from workplans import workbooks
from workplans.lists import Party, day_words
from workplans.pages import Asked
from workplans.workbooks import Cell, Entry, clean_text

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# A spreadsheet takes a text that begins so for a formula, in East Asia with a wide sign too: it
# gets an apostrophe in front. So does one that has apostrophes there already, so that taking one
# off always gives the text back.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_MAY_BE_FORMULA = frozenset("'=+-@＝＋－＠")
QUOTE = '"'
# Some programs split a line at semicolons and tabs too, unless they stand in quotes.
_NEEDS_QUOTES = re.compile(r'[",;\t\r\n]').search
# The rows that are written at a time, column by column.
ROWS_AT_A_TIME = 500

# What gives a cell: a record, and what was read beside the records of its chunk.
Cells: TypeAlias = Callable[[Any, Mapping[str, Any]], Cell]
C = TypeVar("C")


def csv_cell(value: Cell) -> str:
    """Return what stands in a CSV file for a value.

    A text that a spreadsheet would take for a formula gets a leading apostrophe; days
    are written as ISO 8601, nothing as an empty cell.
    """
    if isinstance(value, str):
        text = clean_text(value)
        return f"'{text}" if FORMULA.match(text) else text
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def csv_field(value: Cell) -> str:
    """Return a value as a field of CSV: as `csv_cell`, in quotes where it needs them."""
    text = csv_cell(value)
    if isinstance(value, str) and _NEEDS_QUOTES(text):
        return f'"{text.replace(QUOTE, QUOTE * 2)}"'
    return text


def csv_fields(column: Sequence[Cell]) -> list[str]:
    """Return the cells of a column as fields of CSV; what comes again is written once."""
    fields = {
        value: value
        # Most texts are plain, and a call for each would be dear.
        if value.__class__ is str
        and value.isprintable()
        and "," not in value
        and ";" not in value
        and QUOTE not in value
        and value[:1] not in _MAY_BE_FORMULA
        else csv_field(value)
        for value in set(column)
    }
    return [fields[value] for value in column]


def plain_fields(column: Sequence[Cell]) -> Sequence[str]:
    """Return the cells of a column that never need care as fields of CSV."""
    return ["" if value is None else value for value in column]  # type: ignore[misc]


def csv_lines(
    header: Iterable[str],
    rows: Iterable[Iterable[Cell]],
    plain: frozenset[str] = frozenset(),
) -> Iterator[str]:
    """Write a header and rows as lines of CSV: BOM first, CRLF, quoted where needed (RFC 4180).

    `plain` names columns whose texts can be no formula and need no quotes, which spares a look.
    The csv module's writer would take as long as all else that a row costs, the database's part
    included.
    """
    names = list(header)
    yield BOM + ",".join(map(csv_field, names)) + "\r\n"
    fields_of = [plain_fields if name in plain else csv_fields for name in names]
    rows = iter(rows)
    while block := list(islice(rows, ROWS_AT_A_TIME)):
        pairs = zip(fields_of, zip(*block, strict=True), strict=True)
        columns = (written(column) for written, column in pairs)
        for fields in zip(*columns, strict=True):
            yield ",".join(fields) + "\r\n"


def in_blocks(lines: Iterable[str], size: int = 32_768) -> Iterator[bytes]:
    """Join lines into blocks of about so many characters, so that not each costs a packet."""
    block: list[str] = []
    length = 0
    for line in lines:
        block.append(line)
        length += len(line)
        if length >= size:
            yield "".join(block).encode()
            block, length = [], 0
    if block:
        yield "".join(block).encode()


def refusal(sentences: Iterable[str]) -> HttpResponse:
    """Answer 400 with the sentences that the page shows about what was not understood."""
    words = "\n".join(sentences)
    return HttpResponse(f"{words}\n", status=400, content_type="text/plain; charset=utf-8")


class EndingConverter(StringConverter):
    """What an address of a table's file ends in."""

    regex = "csv|xlsx"


register_converter(EndingConverter, "file")


class TableFile:
    """A file that answers a query string: its rows, or 400 with the words of the page.

    `columns` maps the header, in order, to what gives a cell: a row, and what
    `read_beside` has read for the row's chunk. Memory does not grow with the file.
    """

    columns: Mapping[str, Cells]
    # The columns whose texts can be no formula and need no quotes in CSV.
    plain: frozenset[str] = frozenset()
    # What a workbook needs beside the columns: its sheet's name, wider columns, and columns at
    # the end that are left empty for whoever fills the file in.
    title: ClassVar[Any] = ""
    widths: ClassVar[Mapping[str, int]] = {}
    entries: ClassVar[Mapping[str, Entry]] = {}

    def __init__(self, request: HttpRequest, asked: Asked) -> None:
        self.request, self.asked = request, asked
        self.staff = bool(getattr(request.user, "is_staff", False))

    @property
    def download_name(self) -> str:
        """The name of the file without its ending: what, which filter, which day."""
        raise NotImplementedError

    def rows(self) -> Iterator[Sequence[Cell]]:
        """Give the cells of each row; what belongs to the rows is joined chunk by chunk."""
        cells = tuple(self.columns.values())
        for chunk in self.chunks():
            beside = self.read_beside(chunk)
            for row in chunk:
                yield [cell(row, beside) for cell in cells]

    def chunks(self) -> Iterator[list[Any]]:
        """Read the records that the file has a row for, in its order, some at a time."""
        raise NotImplementedError

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        """Read for a chunk what no relation of its records gives; one query for each kind."""
        return {
            "shown_title": self.shown_title,
            "site": self.site,
        }

    @property
    def site(self) -> str:
        """What an address of the site begins with, when it leaves the site."""
        return self.request.build_absolute_uri("/").rstrip("/")

    def shown_title(self, title: str | None, published: bool | None) -> str:
        """Return the name of a document; that of one that is not public is for staff only."""
        return title if title and (published or self.staff) else ""

    def about(self) -> list[tuple[str, str]]:
        """Return what the “About” sheet of a workbook says: pairs of a label and words."""
        return [
            (_("Address"), self.request.build_absolute_uri()),
            (_("As of"), day_words(self.asked.day)),
        ]

    def response(self, ending: str) -> HttpResponseBase:
        """Answer with the file as `csv` or `xlsx`, or with 400 and the words of the page."""
        if self.asked.errors:
            return refusal(self.asked.errors)
        return self.excel() if ending == "xlsx" else self.csv()

    def csv(self) -> HttpResponseBase:
        """Answer with the file as CSV, sent as it is made."""
        response = StreamingHttpResponse(
            in_blocks(csv_lines(self.columns, self.rows(), self.plain)),
            content_type="text/csv; charset=utf-8",
        )
        response["Content-Disposition"] = f'attachment; filename="{self.download_name}.csv"'
        return response

    def excel(self) -> HttpResponseBase:
        """Answer with an Excel file of the same rows."""
        return FileResponse(
            workbooks.write_workbook(
                str(self.title),
                list(self.columns),
                self.rows(),
                self.about(),
                self.widths,
                self.entries,
            ),
            as_attachment=True,
            filename=f"{self.download_name}.xlsx",
            content_type=workbooks.CONTENT_TYPE,
        )


def joined(names: Iterable[str]) -> str:
    """Return names as one cell, each once."""
    return "; ".join(dict.fromkeys(names))


def with_role(party: Party) -> str:
    return f"{party.name} ({party.role_label})"


def yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def in_order(names: str, cells: Mapping[str, C]) -> dict[str, C]:
    """Return the columns that are named, in that order."""
    return {name: cells[name] for name in names.split()}
