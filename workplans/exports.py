"""Files of tracked items: CSV as the design has it ("Files out"), made while it is sent."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, ClassVar, TypeAlias, TypeVar

from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.utils.translation import gettext as _

from workplans import workbooks
from workplans.lists import ItemRow, Listing, Party, day_words, in_chunks, item_rows
from workplans.models import Deliverable, Level, SourceDocument
from workplans.pages import Asked
from workplans.status_words import public_code
from workplans.workbooks import Cell

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# A spreadsheet takes a text that begins so for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Word's line break within a paragraph; control characters, halves of characters and code points
# that are none, which no cell can show and no XML may hold.
_LINE_BREAK = str.maketrans({"\v": "\n", "\f": "\n"})
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

Cells: TypeAlias = Callable[[ItemRow, Mapping[str, Any]], Cell]
C = TypeVar("C")


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


def refusal(sentences: Iterable[str]) -> HttpResponse:
    """Answer 400 with the sentences that the page shows about what was not understood."""
    words = "\n".join(sentences)
    return HttpResponse(f"{words}\n", status=400, content_type="text/plain; charset=utf-8")


class TableFile:
    """A file that answers a query string: its rows, or 400 with the words of the page.

    `columns` maps the header, in order, to what gives a cell: a row, and what
    `read_beside` has read for the row's chunk. Memory does not grow with the file.
    """

    columns: Mapping[str, Callable[[Any, Mapping[str, Any]], Cell]]
    # What a workbook needs beside the columns: its sheet's name, and wider columns.
    title: ClassVar[Any] = ""
    widths: ClassVar[Mapping[str, int]] = {}

    def __init__(self, request: HttpRequest, asked: Asked) -> None:
        self.request, self.asked = request, asked
        self.staff = bool(getattr(request.user, "is_staff", False))

    @property
    def download_name(self) -> str:
        """The name of the file: what, which filter, which day."""
        raise NotImplementedError

    def rows(self) -> Iterator[list[Cell]]:
        """Give the cells of each row; what belongs to the rows is joined chunk by chunk."""
        for chunk in self.chunks():
            beside = self.read_beside(chunk)
            for row in self.read_rows(chunk):
                yield [cell(row, beside) for cell in self.columns.values()]

    def chunks(self) -> Iterator[list[Any]]:
        """Read what the file has a row for, in its order, some at a time."""
        raise NotImplementedError

    def read_rows(self, chunk: list[Any]) -> Iterable[Any]:
        """Return the rows that the columns read, one for each record of a chunk."""
        return chunk

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        """Read for a chunk what no relation of its records gives; one query for each kind."""
        return {
            "staff": self.staff,
            "site": self.request.build_absolute_uri("/").rstrip("/"),
        }

    def about(self) -> list[tuple[str, str]]:
        """Return what the “About” sheet of a workbook says: pairs of a label and words."""
        return [
            (_("Address"), self.request.build_absolute_uri()),
            (_("As of"), day_words(self.asked.day)),
        ]

    def workbook(self) -> HttpResponseBase:
        """Answer with an Excel file of the same rows, or with 400 and words."""
        if self.asked.errors:
            return refusal(self.asked.errors)
        rows = (
            [clean_text(value) if isinstance(value, str) else value for value in row]
            for row in self.rows()
        )
        return FileResponse(
            workbooks.write_workbook(
                str(self.title), list(self.columns), rows, self.about(), self.widths
            ),
            as_attachment=True,
            filename=self.download_name.removesuffix(".csv") + ".xlsx",
            content_type=workbooks.CONTENT_TYPE,
        )

    def response(self) -> HttpResponseBase:
        """Answer with the file as CSV, sent as it is made, or with 400 and words."""
        if self.asked.errors:
            return refusal(self.asked.errors)
        response = StreamingHttpResponse(
            in_blocks(csv_lines(self.columns, self.rows())),
            content_type="text/csv; charset=utf-8",
        )
        response["Content-Disposition"] = f'attachment; filename="{self.download_name}"'
        return response


class ItemFile(TableFile):
    """The file of a list: the same items in the same order, all pages of it."""

    columns: Mapping[str, Cells]

    def __init__(self, request: HttpRequest, listing: Listing) -> None:
        super().__init__(request, listing.asked)
        self.listing = listing

    @property
    def download_name(self) -> str:
        return self.listing.download_name

    def chunks(self) -> Iterator[list[Any]]:
        items = self.listing.filter.items.with_last_source(self.asked.day)
        return in_chunks(items.prefetch_related(*self.listing.reads, "parent", "source"))

    def read_rows(self, chunk: list[Any]) -> Iterable[ItemRow]:
        return item_rows(chunk, self.asked)

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        wanted = {item.last_source_id for item in chunk if item.last_source_id}
        sources = SourceDocument.objects.in_bulk(wanted)
        return {**super().read_beside(chunk), "sources": sources}


def joined(names: Iterable[str]) -> str:
    """Return names as one cell, each once."""
    return "; ".join(dict.fromkeys(names))


def with_role(party: Party) -> str:
    return f"{party.name} ({party.role_label})"


def public_title(source: SourceDocument | None, beside: Mapping[str, Any]) -> str:
    """Return the name of a document; that of one that is not public is for staff only."""
    if source is None or not (source.published or beside["staff"]):
        return ""
    return source.title


def source_title(row: ItemRow, beside: Mapping[str, Any]) -> str:
    """Return the document of the newest row by the day, else the item's own."""
    source = beside["sources"].get(row.item.last_source_id) or row.item.source
    return public_title(source, beside)


def place_in_source(row: ItemRow, beside: Mapping[str, Any]) -> str:
    """Return the place in the document that `source_title` names."""
    if row.item.last_source_id in beside["sources"]:
        return row.item.last_locator or ""
    return row.item.locator


def yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def uncertain_parties(row: ItemRow, _: Mapping[str, Any]) -> str:
    """Return the parties of which the source does not show clearly that they belong there."""
    parties = (*row.parties.leads, *row.parties.supporting)
    return joined(with_role(party) for party in parties if party.uncertain)


def is_frame_inherited(row: ItemRow, _: Mapping[str, Any]) -> str:
    """Return whether the time frame comes from a merged cell; one told since does not."""
    item = row.item
    return yes_or_no(item.timeframe_inherited and item.timeframe == item.initial_timeframe)


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
    "indicators": lambda row, _: row.item.indicators,
    "comments": lambda row, _: row.item.comments,
    "source": source_title,
    "locator": place_in_source,
    "archived": lambda row, _: yes_or_no(row.item.is_archived),
    "timeframe_inherited": is_frame_inherited,
    "uncertain": uncertain_parties,
    "url": lambda row, beside: f"{beside['site']}{row.item.get_absolute_url()}",
}


def in_order(names: str, cells: Mapping[str, C]) -> dict[str, C]:
    """Return the columns that are named, in that order."""
    return {name: cells[name] for name in names.split()}


def columns_in_order(names: str, **own: Cells) -> dict[str, Cells]:
    """Return the columns that are named, in that order, from the shared and a kind's own."""
    return in_order(names, {**SHARED_COLUMNS, **own})


class DeliverableFile(ItemFile):
    """Deliverables; the columns are permanent, new ones come at the end."""

    columns = columns_in_order(
        "ref group workplan priority_area parent level title status status_label status_since"
        " priority leads supporting timeframe due timeliness last_reported_on narrative source url"
        " indicators comments continues locator archived timeframe_inherited uncertain",
        group=lambda row, _: str(row.item.priority_area.workplan.owner or ""),
        workplan=lambda row, _: row.item.priority_area.workplan.title,
        priority_area=lambda row, _: str(row.item.priority_area),
        continues=lambda row, beside: beside["continued"].get(row.item.continues_id, ""),
    )

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        """Read also the references of the items that some continue, where they are visible."""
        continued = (
            Deliverable.objects.visible_to(self.request.user)
            .existing_on(self.asked.day)
            .filter(pk__in={item.continues_id for item in chunk if item.continues_id})
        )
        refs = dict(continued.order_by().values_list("pk", "ref"))
        return {**super().read_beside(chunk), "continued": refs}
