"""A paper as a Word file, which staff go on editing: all looks are named styles."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

from django.utils.translation import gettext as _
from django.utils.translation import override
from docx import Document
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Pt

from workplans.papers import (
    KEPT_WHOLE,
    QUIET,
    REMOVED,
    STRONG,
    TAG,
    Block,
    Cell,
    Column,
    Heading,
    Legend,
    Paper,
    Paragraph,
    Row,
    Table,
    Words,
    direction,
    height,
    page_sentence,
    writable,
)
from workplans.word_styles import (
    BAND_SHADE,
    FOOT,
    HEIGHT,
    MARGIN,
    SHADES,
    TEXT_WIDTH,
    WIDTH,
    add,
    make,
    style_id,
    write_styles,
)

# The styles of paragraphs in a cell, and of words, by what a paper calls them.
KINDS = {
    "": "Table Text",
    "heading": "Item Heading",
    "name": "Item Name",
    "part": "Part",
    "told": "Told",
}
LOOKS = {STRONG: "Strong", QUIET: "Quiet", TAG: "Status Tag", REMOVED: "Removed"}
# Styles of paragraphs that are bold as a whole. Word takes bold words in them for an exception,
# and sets those alone in regular type.
BOLD = ("Band", "Table Heading")

# The most that a property of a file may hold.
PROPERTY_LENGTH = 255

FIELDS = {"page": "PAGE", "pages": "NUMPAGES"}
SWATCH = "\N{NO-BREAK SPACE}" * 6

# What the empty document of python-docx brings along: a picture of itself, the program that made
# it, a list of sources, its styles once more for Word 2010, fonts, lists that nothing uses.
BROUGHT_ALONG = (
    "/thumbnail",
    "/extended-properties",
    "/customXml",
    "/stylesWithEffects",
    "/webSettings",
    "/fontTable",
    "/numbering",
)


def write_docx(paper: Paper) -> bytes:
    """Return a paper as a Word file, in its own language.

    Landscape A4. The head of a table is repeated on each sheet, a cell that covers rows is one
    merged cell, and the foot counts the sheets. Nothing has a look of its own: paragraphs,
    words and tables name styles, and only the shade of a cell stands beside it. The time that
    it takes grows with the paper and no faster.
    """
    with override(paper.language):
        return _Writer(paper).write()


class _Writer:
    """Writes one paper.

    Rows are made as the elements that the file holds: python-docx's own ways to add a row or
    merge cells walk the whole table each time.
    """

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.direction = paper.direction
        self.document: WordDocument = Document()
        self.links: dict[str, str] = {}

    def write(self) -> bytes:
        self.leave_out()
        write_styles(self.document.styles.element, self.paper.language, self.direction == "rtl")
        self.set_properties()
        self.set_settings()
        self.set_page()
        self.write_foot()
        # The body ends with what is said of the page; all else stands before it.
        body = self.document.element.body
        page = body[-1]
        for element in self.elements():
            page.addprevious(element)
        file = io.BytesIO()
        self.document.save(file)
        return file.getvalue()

    # The document

    def leave_out(self) -> None:
        """Drop the parts of the empty document that say nothing of this one."""
        for rels in (self.document.part.package.rels, self.document.part.rels):
            for key, rel in list(rels.items()):
                if rel.reltype.endswith(BROUGHT_ALONG):
                    del rels[key]

    def set_properties(self) -> None:
        """Say what the file is, who made it (the site, no person) and when."""
        properties = self.document.core_properties
        properties.title = writable(self.paper.title)[:PROPERTY_LENGTH]
        properties.subject = writable(self.paper.subtitle)[:PROPERTY_LENGTH]
        properties.author = properties.last_modified_by = _("IASC tracker")
        properties.comments = ""
        properties.language = self.paper.language
        properties.created = properties.modified = datetime.now(UTC)

    def set_settings(self) -> None:
        """Let Word open the file as one of its own time, and forget its maker's habits."""
        settings = self.document.settings.element
        for setting in settings.iter(qn("w:compatSetting")):
            if setting.get(qn("w:name")) == "compatibilityMode":
                setting.set(qn("w:val"), "15")
        for tag in ("zoom", "proofState", "savePreviewPicture", "rsids", "themeFontLang"):
            for found in settings.findall(qn(f"w:{tag}")):
                settings.remove(found)

    def set_page(self) -> None:
        section = self.document.sections[0]
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Pt(WIDTH), Pt(HEIGHT)
        section.left_margin = section.right_margin = section.top_margin = Pt(MARGIN)
        section.bottom_margin = Pt(FOOT)
        section.header_distance = section.footer_distance = Pt(FOOT / 2)
        if self.direction == "rtl":
            section._sectPr.find(qn("w:docGrid")).addprevious(make("bidi"))

    def write_foot(self) -> None:
        """Write the paper's line and, at the far edge, which sheet of how many it is."""
        footer = self.document.sections[0].footer
        footer.is_linked_to_previous = False
        line = self.line("Footer", self.paper.footer, toward=self.direction)
        add(add(line, "r"), "tab")
        for place, part in enumerate(page_sentence()):
            if place % 2 == 0:
                self.add_words(line, Words(part), self.direction)
            else:
                field = add(line, "fldSimple", instr=FIELDS[part])
                add(add(field, "r"), "t").text = "1"
        if direction("".join(page_sentence())) == "ltr":
            # Else, where the foot runs from right to left, its last number stands before it.
            self.add_run(line, "\N{LEFT-TO-RIGHT MARK}")
        first = footer.paragraphs[0]._p
        first.getparent().replace(first, line)

    def elements(self) -> Iterator[BaseOxmlElement]:
        """Yield the paragraphs and tables of the body in their order."""
        paper = self.paper
        yield self.line("Title", paper.title)
        if paper.subtitle:
            yield self.line("Subtitle", paper.subtitle)
        if paper.mark:
            yield self.line("Mark", paper.mark)
        for label, words in paper.facts:
            yield self.fact(label, words)
        for block in paper.blocks:
            yield from self.block(block)

    def block(self, block: Block) -> Iterator[BaseOxmlElement]:
        match block:
            case Heading():
                yield self.line("Heading 1", block.text)
            case Paragraph():
                yield self.paragraph(block, "Normal")
            case Legend():
                yield from self.legend(block)
            case Table():
                yield self.table(block)
                # Word wants a paragraph after each table, and two tables without one run together.
                yield self.line("After Table", "")

    def fact(self, label: str, words: str) -> BaseOxmlElement:
        """Return a label, and beside it what it names."""
        line = self.line("Fact", "", toward=direction(label) or self.direction)
        self.add_words(line, Words(label, QUIET))
        add(add(line, "r"), "tab")
        self.add_words(line, Words(words))
        return line

    def legend(self, legend: Legend) -> Iterator[BaseOxmlElement]:
        """Yield the title, the shades with their words on one line, and then the sentences."""
        yield self.line("Legend Title", legend.title)
        shades = [entry for entry in legend.entries if entry[0] in SHADES]
        if shades:
            line = self.line("Legend", "", toward=shades[0][1].direction or self.direction)
            for place, (shade, paragraph) in enumerate(shades):
                if place:
                    add(add(line, "r"), "tab")
                self.add_run(line, SWATCH, f"Shade {shade.title()}")
                self.add_run(line, "\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}")
                for words in paragraph.words:
                    self.add_words(line, words)
            yield line
        for shade, paragraph in legend.entries:
            if shade not in SHADES:
                yield self.paragraph(paragraph, "Legend")

    # Tables

    def table(self, table: Table) -> BaseOxmlElement:
        """Return a table with its head and rows."""
        element = make("tbl")
        properties = add(element, "tblPr")
        add(properties, "tblStyle", val=style_id("Paper Table"))
        if self.direction == "rtl":
            add(properties, "bidiVisual")
        widths = column_widths(table.columns)
        add(properties, "tblW", w=sum(widths), type="dxa")
        add(properties, "tblLayout", type="fixed")
        # Of the style's exceptions for some rows, that for the first one.
        add(
            properties,
            "tblLook",
            val="0620",
            firstRow=1,
            lastRow=0,
            firstColumn=0,
            lastColumn=0,
            noHBand=1,
            noVBand=1,
        )
        add(properties, "tblCaption", val=writable(table.caption))
        headings = "; ".join(column.heading for column in table.columns)
        add(properties, "tblDescription", val=writable(headings))
        grid = add(element, "tblGrid")
        for width in widths:
            add(grid, "gridCol", w=width)
        element.append(self.head(table.columns, widths))
        above = [""] * len(widths)
        percents = [column.width for column in table.columns]
        for row in table.rows:
            if row.band:
                element.append(self.band(row, widths))
            else:
                made = self.row(row, widths, above)
                if height(row.cells, percents, alone=True) <= KEPT_WHOLE:
                    made.insert(0, keep_whole())
                element.append(made)
        return element

    def head(self, columns: tuple[Column, ...], widths: list[int]) -> BaseOxmlElement:
        """Return the first row, which is repeated on each sheet and never broken."""
        row = make("tr")
        properties = add(row, "trPr")
        add(properties, "cantSplit")
        add(properties, "tblHeader")
        for column, width in zip(columns, widths, strict=True):
            cell = add(row, "tc")
            add(add(cell, "tcPr"), "tcW", w=width, type="dxa")
            cell.append(self.line("Table Heading", column.heading))
        return row

    def band(self, row: Row, widths: list[int]) -> BaseOxmlElement:
        """Return a row of one cell, over all columns."""
        element = make("tr")
        add(add(element, "trPr"), "cantSplit")
        cell = add(element, "tc")
        properties = add(cell, "tcPr")
        add(properties, "tcW", w=sum(widths), type="dxa")
        add(properties, "gridSpan", val=len(widths))
        shade(properties, SHADES.get(row.cells[0].shade, BAND_SHADE))
        self.fill(cell, row.cells[0], "Band")
        return element

    def row(self, row: Row, widths: list[int], above: list[str]) -> BaseOxmlElement:
        """Return a row; `above` keeps the shades of the cells that may cover cells of the next."""
        element = make("tr")
        for place, (content, width) in enumerate(zip(row.cells, widths, strict=True)):
            cell = add(element, "tc")
            properties = add(cell, "tcPr")
            add(properties, "tcW", w=width, type="dxa")
            if content.spans > 1:
                add(properties, "vMerge", val="restart")
            elif not content.spans:
                add(properties, "vMerge")
            if content.spans:
                above[place] = SHADES.get(content.shade, "")
            shade(properties, above[place])
            self.fill(cell, content)
        return element

    def fill(self, cell: BaseOxmlElement, content: Cell, style: str = "") -> None:
        """Write the paragraphs of a cell, which has one even if it is empty."""
        for paragraph in content.paragraphs:
            cell.append(self.paragraph(paragraph, style or KINDS[paragraph.kind]))
        if not content.paragraphs:
            cell.append(self.line(style or KINDS[""], ""))

    # Paragraphs and words

    def line(self, style: str, text: str, toward: str = "") -> BaseOxmlElement:
        """Return a paragraph of one text; `toward` is which way it runs, whatever the text."""
        toward = toward or direction(text) or self.direction
        element = make("p")
        properties = add(element, "pPr")
        add(properties, "pStyle", val=style_id(style))
        if toward == "rtl":
            add(properties, "bidi")
        self.add_run(element, text, toward=toward)
        return element

    def paragraph(self, paragraph: Paragraph, style: str) -> BaseOxmlElement:
        """Return a paragraph of a style with its words."""
        toward = paragraph.direction or self.direction
        element = self.line(style, "", toward)
        for words in paragraph.words:
            self.add_words(element, words, toward, plain=style in BOLD)
        return element

    def add_words(
        self, parent: BaseOxmlElement, words: Words, toward: str = "", plain: bool = False
    ) -> None:
        """Add words in their look; `plain` says that a bold look is that of the paragraph."""
        style = "" if plain and words.look in (STRONG, TAG) else LOOKS.get(words.look, "")
        if words.address:
            parent = add(parent, "hyperlink")
            parent.set(qn("r:id"), self.link(words.address))
            style = "Strong Hyperlink" if style == "Strong" else "Hyperlink"
        self.add_run(parent, words.shown, style, toward)

    def add_run(
        self, parent: BaseOxmlElement, text: str, style: str = "", toward: str = ""
    ) -> None:
        """Add a text, if there is any; its line ends become those of Word."""
        text = writable(text)
        if not text:
            return
        run = add(parent, "r")
        is_rtl = (direction(text) or toward) == "rtl"
        if style or is_rtl:
            properties = add(run, "rPr")
            if style:
                add(properties, "rStyle", val=style_id(style))
            if is_rtl:
                add(properties, "rtl")
        for place, part in enumerate(text.split("\n")):
            if place:
                add(run, "br")
            if part:
                words = add(run, "t")
                words.text = part
                words.set(qn("xml:space"), "preserve")

    def link(self, address: str) -> str:
        """Return the key of an address among the file's links; one address has one key."""
        if address not in self.links:
            key = f"link{len(self.links) + 1}"
            self.document.part.rels.add_relationship(
                RELATIONSHIP_TYPE.HYPERLINK, address, key, is_external=True
            )
            self.links[address] = key
        return self.links[address]


def column_widths(columns: tuple[Column, ...]) -> list[int]:
    """Return the widths of columns in twentieths of a point; together they fill the sheet."""
    full, total = round(20 * TEXT_WIDTH), sum(column.width for column in columns)
    edges, before = [0], 0
    for column in columns:
        before += column.width
        edges.append(round(full * before / total))
    return [right - left for left, right in pairwise(edges)]


def keep_whole() -> BaseOxmlElement:
    """Return the property of a row that a sheet does not cut."""
    properties = make("trPr")
    add(properties, "cantSplit")
    return properties


def shade(properties: BaseOxmlElement, colour: str) -> None:
    """Shade a cell, if there is a colour."""
    if colour:
        add(properties, "shd", val="clear", color="auto", fill=colour)
