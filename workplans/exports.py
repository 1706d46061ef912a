"""Files out: a table as CSV or as an Excel file, as the design has it ("Files out").

Both are made of the same rows, and CSV while it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import islice
from typing import Any, ClassVar, TypeAlias, TypeVar, cast

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
from workplans.models.sources import shown_title
from workplans.pages import Asked
from workplans.workbooks import Cell, Entry, clean_text

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# A spreadsheet takes a text that begins so for a formula, in East Asia with a wide sign too: it
# gets an apostrophe in front. So does one that has apostrophes there already, so that taking one
# off always gives the text back.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_MAY_BE_FORMULA = frozenset("'=+-@\t\r\n＝＋－＠")
QUOTE = '"'
# The bytes of UTF-8 for what `clean_text` takes out.
_UNCLEAN_BYTES = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))
_UNCLEAN_PAIRS = re.compile(rb"\xc2[\x80-\x9f]|\xef\xbf[\xbe\xbf]")
# The rows that are written at a time, column by column.
ROWS_AT_A_TIME = 500
# The cells that tell whether those of a column mostly differ.
SAMPLE = 50

# What stands between the names of a cell.
BETWEEN = "; "

# What gives a cell: a record, and what was read beside the records of its chunk.
Cells: TypeAlias = Callable[[Any, Mapping[str, Any]], Cell]
C = TypeVar("C")


def guarded(text: str) -> str:
    """Return a text, with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def csv_field(value: Cell) -> str:
    """Return a value as a field of CSV: texts in quotes, days as ISO 8601, nothing as nothing."""
    if isinstance(value, str):
        return f'"{guarded(value).replace(QUOTE, QUOTE * 2)}"' if value else ""
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def csv_fields(column: Sequence[Cell]) -> Sequence[str]:
    """Return the cells of a column as `csv_field` does each.

    What comes again is written once. Of texts that seldom do, as the first of them tell, a look at
    all at once tells that most need no care, and costs a tenth.
    """
    first = column[:SAMPLE]
    whole = joined_texts(column) if len({*first}) * 2 > len(first) else None
    if whole is None:
        fields = {value: csv_field(value) for value in set(column)}
        return [fields[value] for value in column]
    texts = cast("Sequence[str]", column)
    if not _MAY_BE_FORMULA.isdisjoint({text[:1] for text in texts}):
        texts = [guarded(text) for text in texts]
    if QUOTE in whole:
        texts = [text.replace(QUOTE, QUOTE * 2) for text in texts]
    return [f'"{text}"' if text else "" for text in texts]


def joined_texts(column: Sequence[Cell]) -> str | None:
    """Return the texts of a column as one, or None where not all of its cells are texts."""
    try:
        return "".join(column)  # type: ignore[arg-type]
    except TypeError:
        return None


def plain_fields(column: Sequence[Cell]) -> Sequence[str]:
    """Return the cells of a column that never need care as fields of CSV."""
    if None in column:
        return ["" if value is None else value for value in column]  # type: ignore[misc]
    return column  # type: ignore[return-value]


# How a cell says whether something is so.
YES_OR_NO = {True: "yes", False: "no"}
# What writes the cells of a column as fields of CSV.
Fields: TypeAlias = Callable[[Sequence[Cell]], Sequence[str]]


def csv_file(
    header: Sequence[str],
    blocks: Iterable[Sequence[Sequence[Cell]]],
    plain: frozenset[str] = frozenset(),
) -> Iterator[bytes]:
    """Write a table as CSV (RFC 4180) in UTF-8, some rows at a time, BOM and header first.

    A block has the columns of some rows. Texts stand in quotes, since some programs split a line
    at semicolons and tabs too; `plain` names columns whose texts need none, and can be no formula.
    The csv module's writer would take as long as all else that a row costs, the database's part
    included.
    """
    heads = (name if name.isidentifier() else csv_field(clean_text(name)) for name in header)
    yield f"{BOM}{','.join(heads)}\r\n".encode()
    fields = [plain_fields if name in plain else csv_fields for name in header]
    for block in blocks:
        yield from (csv_block(columns, fields) for columns in in_slices(block))


def csv_block(block: Sequence[Sequence[Cell]], fields: Sequence[Fields]) -> bytes:
    """Write the columns of some rows as lines of CSV, without characters that break a cell.

    There are next to none of these, and a look at what was written costs the least.
    """

    def written(columns: Iterable[Sequence[Cell]]) -> bytes:
        pairs = zip(fields, columns, strict=True)
        rows = zip(*(write(column) for write, column in pairs), strict=True)
        return ("\r\n".join(map(",".join, rows)) + "\r\n").encode()

    try:
        lines = written(block)
    except UnicodeEncodeError:  # half a character, which UTF-8 has not
        is_clean = False
    else:
        without = lines.translate(None, _UNCLEAN_BYTES)
        # The first bytes of the pairs are seldom there, and quicker to look for.
        may_have_pairs = b"\xc2" in lines or b"\xef" in lines
        is_clean = len(without) == len(lines) and not (
            may_have_pairs and _UNCLEAN_PAIRS.search(lines)
        )
    if is_clean:
        return lines
    return written(
        [clean_text(value) if isinstance(value, str) else value for value in column]
        for column in block
    )


def in_slices(block: Sequence[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    """Give the columns of fewer rows at a time, since what is written of them takes memory."""
    for start in range(0, len(block[0]), ROWS_AT_A_TIME):
        yield [column[start : start + ROWS_AT_A_TIME] for column in block]


def in_columns(rows: Iterable[Sequence[Cell]]) -> Iterator[list[tuple[Cell, ...]]]:
    """Give rows as the columns of some at a time."""
    rows = iter(rows)
    while block := list(islice(rows, ROWS_AT_A_TIME)):
        yield list(zip(*block, strict=True))


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

    def blocks(self) -> Iterator[Sequence[Sequence[Cell]]]:
        """Give the same cells as `rows`, as the columns of some rows at a time."""
        return in_columns(self.rows())

    def chunks(self) -> Iterator[list[Any]]:
        """Read the records that the file has a row for, in its order, some at a time."""
        raise NotImplementedError

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        """Read for a chunk what no relation of its records gives; one query for each kind."""
        return {
            "shown_title": partial(shown_title, is_staff=self.staff),
            "site": self.site,
        }

    @property
    def site(self) -> str:
        """What an address of the site begins with, when it leaves the site."""
        return self.request.build_absolute_uri("/").rstrip("/")

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
            csv_file(list(self.columns), self.blocks(), self.plain),
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
    return BETWEEN.join(dict.fromkeys(names))


def with_role(party: Party) -> str:
    return f"{party.name} ({party.role_label})"


def in_order(names: str, cells: Mapping[str, C]) -> dict[str, C]:
    """Return the columns that are named, in that order."""
    return {name: cells[name] for name in names.split()}
