"""Excel files: one table with an “About” sheet, written as it is read.

XlsxWriter makes the workbook but for the rows, which are written here: a call of it for each
cell takes several times as long as all else that a row costs. Memory does not grow with them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from itertools import islice
from typing import IO, TypeAlias
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

import xlsxwriter
from django.utils.translation import gettext as _
from xlsxwriter.utility import xl_col_to_name

# What Excel can hold in a cell, in units of UTF-16, and in a sheet.
LONGEST_TEXT = 32_767
SAFE_LENGTH = LONGEST_TEXT // 2  # in characters, each of which has two units at most
MOST_ROWS = 1_048_575

Cell: TypeAlias = str | date | int | None

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Columns are as wide as their head, but these bounds, in characters, hold.
NARROWEST, WIDEST = 10, 24
# The ground of the heads of columns that are to be filled in.
ENTRY_COLOUR = "#FFF2CC"
# Excel counts days from here, and knows none before the second of these.
DAY_0, FIRST_DAY = date(1899, 12, 30), date(1900, 3, 1)
# Where the sheet with the rows is in the package.
SHEET = "xl/worksheets/sheet1.xml"
ROWS_AT_A_TIME = 100

# Control characters, halves of characters and code points that are none, which no cell can show and
# no XML may hold.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile(r"\r\n?")
# What Excel would read as a character's number.
_NUMBERED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def clean_text(text: str) -> str:
    """Return a text without characters that break a cell; line breaks and tabs stay."""
    if text.isprintable() or text.replace("\n", "").isprintable():
        return text
    # Word has these for a line break within a paragraph.
    return _CONTROLS.sub("", text.replace("\v", "\n").replace("\f", "\n"))


@dataclass(frozen=True, slots=True)
class Entry:
    """An empty column at the end of a table, to be filled in by whoever opens the file.

    `choices` are the words that a cell offers, `is_day` makes its cells days.
    """

    choices: Sequence[str] = ()
    is_day: bool = False
    width: int = 20


def write_workbook(
    title: str,
    header: Sequence[str],
    rows: Iterable[Iterable[Cell]],
    about: Iterable[tuple[str, str]],
    widths: Mapping[str, int] | None = None,
    entries: Mapping[str, Entry] | None = None,
) -> IO[bytes]:
    """Return a temporary file with a workbook, ready to be read from its beginning.

    The first sheet, called `title`, has the header, frozen and with filters, and the rows:
    days as days, numbers as numbers, everything else as text, whatever it begins with. The
    second one has pairs of a label and words on what the file holds. `widths` has the width
    in characters of those columns whose content wants more than their head. `entries` are the
    empty columns after them, keyed by their head.
    """
    frame = Frame(title, header, list(about), widths or {}, entries or {})
    parts = frame.parts(rows=0)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    with ZipFile(file, "w", ZIP_DEFLATED) as package:
        for name in parts:
            if name != SHEET:
                package.writestr(name, parts[name])
                continue
            sheet = Sheet.read(parts[SHEET])
            number = 0
            with package.open(SHEET, "w", force_zip64=True) as part:
                part.write(sheet.head.encode())
                lines = sheet.rows(len(header), rows)
                while block := list(islice(lines, ROWS_AT_A_TIME)):
                    part.write("".join(block).encode())
                    number += len(block)
                # What follows says how many rows there are.
                parts = frame.parts(rows=number)
                part.write(Sheet.read(parts[SHEET]).tail.encode())
    file.seek(0)
    return file


@dataclass(frozen=True, slots=True)
class Frame:
    """A workbook but for its rows."""

    title: str
    header: Sequence[str]
    about: Sequence[tuple[str, str]]
    widths: Mapping[str, int]
    entries: Mapping[str, Entry]

    def parts(self, rows: int) -> dict[str, bytes]:
        """Return the files of the package for so many rows, keyed by name.

        In place of the rows the sheet has one, whose first two cells are a text and a day.
        """
        file = BytesIO()
        with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
            day = workbook.add_format(
                {"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"}
            )
            text = workbook.add_format({"text_wrap": True, "valign": "top"})
            head = workbook.add_format({"bold": True, "valign": "top", "bottom": 1})
            entered = workbook.add_format(
                {"bold": True, "valign": "top", "bottom": 1, "bg_color": ENTRY_COLOUR}
            )
            sheet = workbook.add_worksheet(self.title[:31])
            sheet.freeze_panes(1, 1)
            for place, name in enumerate(self.header):
                width = self.widths.get(name, min(max(len(name) + 3, NARROWEST), WIDEST))
                sheet.set_column(place, place, width)
                sheet.write_string(0, place, name, head)
            for place, (name, entry) in enumerate(self.entries.items(), start=len(self.header)):
                sheet.set_column(place, place, entry.width, day if entry.is_day else text)
                sheet.write_string(0, place, name, entered)
                if entry.choices and rows:
                    choice = {"validate": "list", "source": list(entry.choices)}
                    sheet.data_validation(1, place, rows, place, choice)
            sheet.write_number(1, 0, 0, text)
            sheet.write_number(1, 1, 0, day)
            sheet.autofilter(0, 0, rows, max(len(self.header) + len(self.entries) - 1, 0))
            write_about(workbook, self.about)
        with ZipFile(file) as package:
            return {name: package.read(name) for name in package.namelist()}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet of a frame: what stands before and after its rows, and its two formats."""

    head: str
    tail: str
    text: str
    day: str

    @classmethod
    def read(cls, part: bytes) -> Sheet:
        """Take a sheet apart at the row that stands for all, and leave out how large it is."""
        found = re.fullmatch(
            r"(?P<begin>.*)<dimension [^>]*>(?P<head>.*)"
            r'<row r="2"[^>]*><c r="A2" s="(?P<text>\d+)">.*?<c r="B2" s="(?P<day>\d+)">.*?</row>'
            r"(?P<tail>.*)",
            part.decode(),
            re.S,
        )
        if found is None:
            raise ValueError("XlsxWriter makes sheets of another form by now.")
        return cls(found["begin"] + found["head"], found["tail"], found["text"], found["day"])

    def rows(self, columns: int, rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
        """Yield the XML of each row, from the second of the sheet on."""
        names = [xl_col_to_name(place) for place in range(columns)]
        before, after = self.around_text
        for number, row in enumerate(rows, start=2):
            if number > MOST_ROWS + 1:
                raise ValueError(f"A sheet of Excel holds {MOST_ROWS} rows at most.")
            cells = []
            for name, value in zip(names, row, strict=True):
                if not value and value != 0:
                    continue
                # Most texts are plain, and a call for each would be dear.
                if (
                    value.__class__ is str
                    and value.isprintable()
                    and "&" not in value
                    and "<" not in value
                    and ">" not in value
                    and "_" not in value
                    and len(value) <= SAFE_LENGTH
                ):
                    cells.append(f'<c r="{name}{number}{before}{value}{after}')
                else:
                    cells.append(f'<c r="{name}{number}{self.cell(value)}')
            yield f'<row r="{number}">{"".join(cells)}</row>'

    @property
    def around_text(self) -> tuple[str, str]:
        """What stands in the element of a cell before a text, from its place on, and after it."""
        return (
            f'" s="{self.text}" t="inlineStr"><is><t xml:space="preserve">',
            "</t></is></c>",
        )

    def cell(self, value: str | date | int) -> str:
        """Return what follows its place in the element of a cell."""
        if isinstance(value, int):
            return f'" s="{self.text}"><v>{value:d}</v></c>'
        if isinstance(value, date):
            if value >= FIRST_DAY:
                return f'" s="{self.day}"><v>{(value - DAY_0).days}</v></c>'
            value = value.isoformat()
        before, after = self.around_text
        return f"{before}{escape(_NUMBERED.sub('_x005F_', cell_text(value)))}{after}"


def write_about(workbook: xlsxwriter.Workbook, about: Iterable[tuple[str, str]]) -> None:
    """Add the sheet that says what the file holds."""
    sheet = workbook.add_worksheet(_("About")[:31])
    bold = workbook.add_format({"bold": True, "valign": "top"})
    text = workbook.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    for number, (label, words) in enumerate(about):
        sheet.write_string(number, 0, label, bold)
        sheet.write_string(number, 1, cell_text(words), text)


def cell_text(text: str) -> str:
    """Return a text as a cell holds it: clean, with Excel's line breaks, not too long."""
    return cut(_LINE_ENDS.sub("\n", clean_text(text)))


def cut(text: str) -> str:
    """Return a text that a cell can hold: what is too long ends in an ellipsis."""
    if len(text) <= SAFE_LENGTH:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= LONGEST_TEXT * 2:
        return text
    return f"{units[: (LONGEST_TEXT - 1) * 2].decode('utf-16-le', 'ignore')}…"
