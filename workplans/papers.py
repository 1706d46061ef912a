"""Documents for paper: what a page, a Word file and a PDF file of one document all show.

A paper is plain words in a plain order, with no look of its own. `workplans.word` writes it
as a Word file, `workplans.pdf` as a PDF file, and the templates show it on a page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from math import ceil
from typing import ClassVar, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from django.utils.encoding import iri_to_uri
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from workplans.models.ledger_rows import REDACTED
from workplans.status_words import StatusWord
from workplans.workbooks import clean_text

# What stands before each kind of words: nothing, emphasis, something aside, a status, and
# what was taken out.
PLAIN, STRONG, QUIET, TAG, REMOVED = "plain", "strong", "quiet", "tag", "removed"

# How many letters of our font fit into a percent of a sheet's width, for an estimate; and rows
# of how many lines, a third of a sheet, go on to the next sheet rather than being cut.
LETTERS_IN_PERCENT = 1.65
KEPT_WHOLE = 12

# Schemes of addresses that a reader of a file can follow from anywhere.
FOLLOWED = ("http", "https", "mailto")
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029]")


def writable(text: str) -> str:
    """Return a text as any file can hold it: lines end in a line feed, a tab is a space."""
    return _LINE_ENDS.sub("\n", clean_text(text)).replace("\t", " ")


def direction(text: str) -> str:
    """Return "rtl" or "ltr", by the first letter of a text that runs one way, or ""."""
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        if kind == "L":
            return "ltr"
        if kind in ("R", "AL"):
            return "rtl"
    return ""


def page_sentence() -> list[str]:
    """Return the words that number a sheet: text, then "page" or "pages", then text and so on."""
    # Translators: at the foot of each sheet of a Word or PDF file.
    return re.split(r"%\((page|pages)\)s", _("Page %(page)s of %(pages)s"))


@dataclass(frozen=True, slots=True)
class Words:
    """A few words that look alike; a `look` of TAG has the status that it names.

    `url` leads to what they name, or is "".
    """

    text: str
    look: str = PLAIN
    status: StatusWord | None = None
    url: str = ""

    @property
    def shown(self) -> str:
        """The words as they are shown: a status in capitals and square brackets."""
        return f"[{self.text.upper()}]" if self.look == TAG else self.text

    @property
    def address(self) -> str:
        """The url as a file writes it; "" for one that cannot be followed from a file."""
        if not self.url:
            return ""
        try:
            scheme = urlsplit(self.url).scheme
        except ValueError:  # an address of no host that can be
            return ""
        return iri_to_uri(writable(self.url)) if scheme in FOLLOWED else ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words in one paragraph.

    `kind` is "", "heading" (over items), "name" (of the item), "part" or "told".
    """

    what: ClassVar[str] = "paragraph"

    words: tuple[Words, ...]
    kind: str = ""

    @property
    def text(self) -> str:
        return "".join(words.shown for words in self.words)

    @property
    def direction(self) -> str:
        """Which way the paragraph runs, by its first letter, or ""."""
        return direction(self.text)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table; it covers `spans` rows, its own first. 0 is covered from above.

    `shade` is "", or what the legend calls the row: "prioritized", "deprioritized", "completed".
    """

    paragraphs: tuple[Paragraph, ...] = ()
    spans: int = 1
    shade: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column, with its share of the table's width in percent."""

    heading: str
    width: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table. A `band` has one cell, which covers all columns and heads what follows.

    `whole` rows are so short that a sheet had better not cut them.
    """

    cells: tuple[Cell, ...]
    band: bool = False
    whole: bool = False


class NamedRow(NamedTuple):
    """A row. Each cell has what it is the heading of, "row", "rowgroup" or "", and its column."""

    cells: tuple[tuple[Cell, str, Column], ...]
    band: bool
    whole: bool


class Body(NamedTuple):
    """Rows of a table that stand together, and the first words of what heads them, or ""."""

    name: str
    rows: list[NamedRow]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose header row is repeated on each sheet; `caption` says what it holds."""

    what: ClassVar[str] = "table"

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def bodies(self) -> list[Body]:
        """The rows that stand together: a band with what it heads, what one cell covers.

        The first cell of a row names it; where cells of the first column cover rows, it is
        the second.
        """
        covers = any(row.cells[0].spans != 1 for row in self.rows if not row.band)
        found: list[Body] = []
        for row in self.rows:
            first = row.cells[0]
            heads = row.band or (covers and first.spans > 0)
            if heads or not found:
                name = first.paragraphs[0].text if heads and first.paragraphs else ""
                found.append(Body(name, []))
            scopes = ["rowgroup"] if row.band else ["rowgroup", "row"] if covers else ["row"]
            cells = zip(row.cells, chain(scopes, repeat("")), self.columns, strict=False)
            found[-1].rows.append(NamedRow(tuple(cells), row.band, row.whole))
        return found


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within the paper, of the second level; `anchor` is its name on the page."""

    what: ClassVar[str] = "heading"

    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Legend:
    """What shades and tags mean: pairs of a shade (or "") with a sentence."""

    what: ClassVar[str] = "legend"

    title: str
    entries: tuple[tuple[str, Paragraph], ...]


# Templates tell blocks apart by `what`.
Block: TypeAlias = Heading | Paragraph | Legend | Table


@dataclass(frozen=True, slots=True)
class Paper:
    """A document: landscape A4 with a head, blocks in order, and a line at the foot of a sheet.

    `mark` is one word on its standing, "Draft" or "Final", or "". `facts` are pairs of a label
    and words. `language` is the code of the language that it is written in.
    """

    title: str
    subtitle: str
    mark: str
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    footer: str
    language: str

    @property
    def direction(self) -> str:
        """Which way the paper's language runs: "rtl" or "ltr"."""
        return "rtl" if get_language_info(self.language)["bidi"] else "ltr"


def narrative(text: str) -> Words:
    """Return a narrative, or the mark of one that was taken out."""
    return Words(text, REMOVED if text == REDACTED else PLAIN)


def paragraph(*words: str | Words, kind: str = "") -> Paragraph:
    """Return a paragraph of words; texts are plain words, empty ones are left out."""
    found = (Words(one) if isinstance(one, str) else one for one in words)
    return Paragraph(tuple(one for one in found if one.text), kind)


def cell(*paragraphs: str | Paragraph, spans: int = 1, shade: str = "") -> Cell:
    """Return a cell of paragraphs; a text is a paragraph of its own, empty ones are left out."""
    found: Iterable[Paragraph] = (
        paragraph(one) if isinstance(one, str) else one for one in paragraphs
    )
    return Cell(tuple(one for one in found if one.words), spans, shade)


def height(cells: Sequence[Cell], widths: Sequence[int], alone: bool = False) -> int:
    """Estimate how many lines a row takes; `alone` leaves out cells that cover rows."""
    return max(
        (
            lines(cell.paragraphs, width)
            for cell, width in zip(cells, widths, strict=False)  # a band has one cell
            if cell.spans == 1 or not alone
        ),
        default=0,
    )


def lines(paragraphs: tuple[Paragraph, ...], width: int) -> int:
    """Estimate how many lines paragraphs take in a column of so many percent."""
    letters = max(1.0, width * LETTERS_IN_PERCENT)
    return sum(
        max(1, ceil(len(line) / letters))
        for paragraph in paragraphs
        for line in paragraph.text.split("\n")
    )
