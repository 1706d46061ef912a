"""Excel files: one table with an “About” sheet, written as it is read.

Memory does not grow with the rows: XlsxWriter puts each row into the file when the next one
comes, and keeps none.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import IO, TypeAlias

import xlsxwriter
from django.utils.translation import gettext as _

# What Excel can hold in a cell, and in a sheet.
LONGEST_TEXT = 32_767
MOST_ROWS = 1_048_575

Cell: TypeAlias = str | date | int | None

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Columns are as wide as their head, but these bounds, in characters, hold.
NARROWEST, WIDEST = 10, 24
# The ground of the heads of columns that are to be filled in.
ENTRY_COLOUR = "#FFF2CC"


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
    rows: Iterable[Sequence[Cell]],
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
    entries = entries or {}
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as workbook:
        day = workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"})
        text = workbook.add_format({"text_wrap": True, "valign": "top"})
        head = workbook.add_format({"bold": True, "valign": "top", "bottom": 1})
        sheet = workbook.add_worksheet(title[:31])
        sheet.freeze_panes(1, 1)
        for place, name in enumerate(header):
            width = (widths or {}).get(name, min(max(len(name) + 3, NARROWEST), WIDEST))
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, name, head)
        entered = workbook.add_format(
            {"bold": True, "valign": "top", "bottom": 1, "bg_color": ENTRY_COLOUR}
        )
        for place, (name, entry) in enumerate(entries.items(), start=len(header)):
            sheet.set_column(place, place, entry.width, day if entry.is_day else text)
            sheet.write_string(0, place, name, entered)
        number = 0
        for number, row in enumerate(rows, start=1):
            if number > MOST_ROWS:
                raise ValueError(f"A sheet of Excel holds {MOST_ROWS} rows at most.")
            for place, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(number, place, value, day)
                elif isinstance(value, int):
                    sheet.write_number(number, place, value, text)
                elif value:
                    sheet.write_string(number, place, cut(value), text)
        for place, entry in enumerate(entries.values(), start=len(header)):
            if entry.choices and number:
                choice = {"validate": "list", "source": list(entry.choices)}
                sheet.data_validation(1, place, number, place, choice)
        sheet.autofilter(0, 0, number, max(len(header) + len(entries) - 1, 0))
        write_about(workbook, about)
    file.seek(0)
    return file


def write_about(workbook: xlsxwriter.Workbook, about: Iterable[tuple[str, str]]) -> None:
    """Add the sheet that says what the file holds."""
    sheet = workbook.add_worksheet(_("About")[:31])
    bold = workbook.add_format({"bold": True, "valign": "top"})
    text = workbook.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    for number, (label, words) in enumerate(about):
        sheet.write_string(number, 0, label, bold)
        sheet.write_string(number, 1, cut(words), text)


def cut(text: str) -> str:
    """Return a text that a cell can hold: what is too long ends in an ellipsis."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
