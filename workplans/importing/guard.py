"""What an Excel file may hold: looked at in its bytes, before anything makes sense of them.

openpyxl reads whatever it is given: what takes long, or much memory, is refused here, and so is
what runs something.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from django.utils.translation import gettext as _

# Unpacked: all of a file, and each part of it that is no sheet and no table of texts.
LARGEST_UNPACKED = 50 * 1024 * 1024
LARGEST_PART = 2 * 1024 * 1024
MOST_TAGS_OF_PART = 200_000
MOST_PARTS = 200
# The elements and attributes of sheets and texts: ten thousand rows of all our columns, each of
# them filled, have 2.5 million. In one row, which is held in memory as a whole, all columns that
# Excel has may be used.
MOST_PIECES = 2_800_000
MOST_PIECES_OF_ROW = 150_000
# What is looked at in one go. No text or tag is as long: a cell holds 32,767 characters.
PORTION = 1 << 18

_WORKBOOK = re.compile(r"xl/workbook\d*\.xml", re.ASCII)
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.ASCII)
_TEXTS = "xl/sharedStrings.xml"
_STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml"
# A formula, whatever its prefix, and a cell with an error.
_FORMULAS = (b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/", b'"e"', b"'e'")
_ROW_OR_TEXT = re.compile(rb"[<:](?:row|si)[\s/>]")
_END_OF_ROWS = re.compile(rb"</(?:[\w.-]+:)?sheetData")


class Unreadable(Exception):
    """A file that is not read; as a string it is a sentence that says why, and the cure."""


def check_workbook(content: bytes) -> bool:
    """Raise Unreadable for a file that would unpack to too much, or runs something.

    Return whether any cell may hold a formula, or an error of one.

    Each part is unpacked once, in portions that are not kept, since what the archive says of its
    sizes may be false.
    """
    damaged = Unreadable(_("The file is damaged. Open it and save it anew."))
    too_much = Unreadable(
        _(
            "The workbook unpacks to more than can be read. Keep the table alone, in a new "
            "workbook, or split it into smaller files."
        )
    )
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise damaged from error
    names = {part.filename for part in parts}
    if not any(map(_WORKBOOK.fullmatch, names)):
        raise Unreadable(
            _("This is no Excel workbook. Save the table as an Excel workbook (.xlsx) or as CSV.")
        )
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Unreadable(
            _("The workbook holds macros. Save it as an Excel workbook (.xlsx) without them.")
        )
    if len(parts) > MOST_PARTS or len(names) != len(parts):
        raise too_much
    unpacked = 0
    may_have_formulas = False
    pieces = Pieces()
    for part in parts:
        if part.flag_bits & 1:
            raise Unreadable(_("The workbook has a password. Save it without one."))
        is_table = _SHEET.fullmatch(part.filename) or part.filename == _TEXTS
        size, tags, before = 0, 0, b""
        pieces.begin_part()
        for portion in _portions(archive, part):
            if not size and _declares_type(portion):
                raise damaged
            overlap = before + portion
            if is_table:
                if _hides_something(overlap, is_first=not size):
                    raise damaged
                pieces.add(portion)
            elif _WORKBOOK.fullmatch(part.filename) and _STRICT in overlap:
                raise Unreadable(
                    _(
                        "The workbook is saved as Strict Open XML. Save it as “Excel Workbook "
                        "(.xlsx)”."
                    )
                )
            if part.filename.endswith(".xml"):
                may_have_formulas |= any(mark in overlap for mark in _FORMULAS)
            size += len(portion)
            tags += portion.count(b"<")
            if not is_table and (size > LARGEST_PART or tags > MOST_TAGS_OF_PART):
                raise too_much
            if unpacked + size > LARGEST_UNPACKED or pieces.are_too_many:
                raise too_much
            before = portion[-64:]
        unpacked += size
    return may_have_formulas


@dataclass(slots=True)
class Pieces:
    """How many elements and attributes sheets have, and the tables of their texts.

    `of_row` are those since a row, or a text, last began; what stands behind the rows is held in
    memory like one row.
    """

    count: int = 0
    of_row: int = 0
    is_behind: bool = False
    are_too_many: bool = False

    def begin_part(self) -> None:
        """Begin to count another part."""
        self.of_row, self.is_behind = 0, False

    def add(self, xml: bytes) -> None:
        """Count the pieces of a portion of XML; a text of a table, which takes longer, is four."""
        found = xml.count(b"<") - xml.count(b"</") + xml.count(b"=") + xml.count(b"si>")
        self.count += found
        begins_anew = not self.is_behind and _ROW_OR_TEXT.search(xml)
        self.of_row = found if begins_anew else self.of_row + found
        self.is_behind = self.is_behind or bool(_END_OF_ROWS.search(xml))
        is_long_text = len(xml) == PORTION and b"<" not in xml
        if self.count > MOST_PIECES or self.of_row > MOST_PIECES_OF_ROW or is_long_text:
            self.are_too_many = True


def _hides_something(xml: bytes, *, is_first: bool) -> bool:
    """Return whether a sheet, or a table of texts, holds what may hide anything in it.

    A comment, what is not parsed, an instruction, or another encoding; programs write none of them.
    """
    if is_first:
        xml = xml.removeprefix(BOM_UTF8).removeprefix(b"<?")
    return any(mark in xml for mark in (b"<!", b"<?", b"\0"))


class _Declared(Exception):
    """XML declares a type of document."""


class _Begun(Exception):
    """XML has come to its first element."""


def _declares_type(beginning: bytes) -> bool:
    """Return whether a part is XML that declares a type of document, which no workbook does.

    Such a declaration may hold entities that unpack to any size, or stand for other files. It can
    stand before the first element only, and is looked for by the parser that openpyxl reads sheets
    with. XML that does not come to its first element is as bad, and so is an encoding that this
    does not read, but another might.
    """

    def declared(*_arguments: object) -> None:
        raise _Declared

    def begun(*_arguments: object) -> None:
        raise _Begun

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = begun
    try:
        parser.Parse(beginning)
    except (_Begun, expat.ExpatError):
        return False
    except (_Declared, ValueError, LookupError):  # the last two: of an encoding that is not known
        return True
    return len(beginning) == PORTION


def _portions(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a part of an archive bit by bit."""
    try:
        with archive.open(part) as file:
            while portion := file.read(PORTION):
                yield portion
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise Unreadable(_("The file is damaged. Open it and save it anew.")) from error
