"""Files of tracked items: CSV as the design has it ("Files out"), made while it is sent."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from workplans.lists import ItemRow, Listing, Party, in_chunks, item_rows
from workplans.models import Level, SourceDocument
from workplans.status_words import public_code

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# A spreadsheet takes a text that begins so for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Word's line break within a paragraph, and control characters that no cell can show.
_LINE_BREAK = str.maketrans({"\v": "\n", "\f": "\n"})
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")

Cell: TypeAlias = str | date | int | None
Cells: TypeAlias = Callable[[ItemRow, Mapping[str, Any]], Cell]


class Echo:
    """A file that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def clean_text(text: str) -> str:
    """Return a text without characters that break a cell; line breaks and tabs stay."""
    return _CONTROLS.sub("", text.translate(_LINE_BREAK))


def csv_cell(value: Cell) -> str:
    """Return what stands in a CSV file for a value.

    A text that a spreadsheet would take for a formula gets a leading apostrophe; days
    are written as ISO 8601, nothing as an empty cell.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        text = clean_text(value)
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text
    return value.isoformat() if isinstance(value, date) else str(value)


def csv_lines(header: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Write a header and rows as lines of CSV: BOM first, CRLF, quoted where needed."""
    writer = csv.writer(Echo(), lineterminator="\r\n")
    yield BOM + writer.writerow(list(header))
    for row in rows:
        yield writer.writerow([csv_cell(value) for value in row])


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


def refuse_file(listing: Listing) -> HttpResponse:
    """Answer 400 with the words that the list's page says."""
    words = "\n".join(listing.asked.errors)
    return HttpResponse(f"{words}\n", status=400, content_type="text/plain; charset=utf-8")


class ItemFile:
    """The file of a list: the same items in the same order, all pages of it.

    `columns` maps the header, in order, to what gives a cell: a row, and what
    `read_beside` has read for the row's chunk. Memory does not grow with the list.
    """

    columns: Mapping[str, Cells]

    def __init__(self, request: HttpRequest, listing: Listing) -> None:
        self.request, self.listing = request, listing
        self.staff = bool(getattr(request.user, "is_staff", False))

    def rows(self) -> Iterator[list[Cell]]:
        """Give the cells of each item; what belongs to the items is joined chunk by chunk."""
        day = self.listing.asked.day
        items = self.listing.filter.items.with_last_source(day).prefetch_related(
            *self.listing.reads, "parent", "source"
        )
        for chunk in in_chunks(items):
            beside = self.read_beside(chunk)
            for row in item_rows(chunk, self.listing.asked):
                yield [cell(row, beside) for cell in self.columns.values()]

    def read_beside(self, items: list[Any]) -> dict[str, Any]:
        """Read for a chunk of items what no relation of theirs gives; one query for each kind."""
        wanted = {item.last_source_id for item in items if item.last_source_id}
        return {
            "sources": SourceDocument.objects.in_bulk(wanted),
            "staff": self.staff,
            "site": self.request.build_absolute_uri("/").rstrip("/"),
        }

    def response(self) -> HttpResponseBase:
        """Answer with the file, sent as it is made, or with 400 and words."""
        if self.listing.asked.errors:
            return refuse_file(self.listing)
        response = StreamingHttpResponse(
            in_blocks(csv_lines(self.columns, self.rows())),
            content_type="text/csv; charset=utf-8",
        )
        name = self.listing.download_name
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def joined(names: Iterable[str]) -> str:
    """Return names as one cell, each once."""
    return "; ".join(dict.fromkeys(names))


def with_role(party: Party) -> str:
    return f"{party.name} ({party.role_label})"


def source_title(row: ItemRow, beside: Mapping[str, Any]) -> str:
    """Return the document of the newest row by the day, else the item's own.

    The name of one that is not public is for staff; others get no name.
    """
    source = beside["sources"].get(row.item.last_source_id) or row.item.source
    if source is None or not (source.published or beside["staff"]):
        return ""
    return str(source.title)


# The columns that both kinds of items have, keyed by header.
SHARED_COLUMNS: dict[str, Cells] = {
    "ref": lambda row, _: row.item.ref,
    "parent": lambda row, _: row.item.parent.ref if row.item.parent else "",
    "level": lambda row, _: Level(row.item.level).value,
    "title": lambda row, _: row.item.title,
    "status": lambda row, _: public_code(row.status.code),
    "status_label": lambda row, _: str(row.status.label),
    "status_since": lambda row, _: row.item.status_since,
    "priority": lambda row, _: row.item.priority,
    "wording": lambda row, _: row.item.wording,
    "leads": lambda row, _: joined(party.name for party in row.parties.leads),
    "supporting": lambda row, _: joined(map(with_role, row.parties.supporting)),
    "timeframe": lambda row, _: row.item.timeframe,
    "due": lambda row, _: row.item.due,
    "timeliness": lambda row, _: str(row.item.timeliness),
    "last_reported_on": lambda row, _: row.item.last_reported_on,
    "narrative": lambda row, _: row.item.narrative,
    "source": source_title,
    "url": lambda row, beside: f"{beside['site']}{row.item.get_absolute_url()}",
}


def columns_in_order(names: str, **own: Cells) -> dict[str, Cells]:
    """Return the columns that are named, in that order, from the shared and a kind's own."""
    cells = {**SHARED_COLUMNS, **own}
    return {name: cells[name] for name in names.split()}


class DeliverableFile(ItemFile):
    """Deliverables; the columns are permanent, new ones come at the end."""

    columns = columns_in_order(
        "ref group workplan priority_area parent level title status status_label status_since"
        " priority leads supporting timeframe due timeliness last_reported_on narrative source url",
        group=lambda row, _: str(row.item.priority_area.workplan.owner or ""),
        workplan=lambda row, _: row.item.priority_area.workplan.title,
        priority_area=lambda row, _: str(row.item.priority_area),
    )
