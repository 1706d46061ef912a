"""Files of unknown origin: read right where they can be, refused in a sentence where not."""

import io
import re
import subprocess
import sys
import zipfile
from datetime import date

import openpyxl
import pytest

from tests.imports import csv_file, excel_file, saved
from workplans.importing import tables
from workplans.importing.guard import LARGEST_UNPACKED, Unreadable
from workplans.importing.tables import NoValue, read_table

# Files are read before any database is asked.
pytestmark = pytest.mark.own_database
KNOWN = ("ref", "title", "status", "new_status", "due")
ROWS = ({"ref": "A-1", "title": "Émile, “one”"}, {"ref": "A-2", "title": "two\nlines"})
TABLE = [("A-1", "Émile, “one”"), ("A-2", "two\nlines")]


def cells(content):
    table = read_table(content, KNOWN)
    assert table.header[:2] == ("ref", "title")
    return [row.cells[:2] for row in table.rows]


def with_part(content, name, data):
    """A workbook with one part put in the place of what is there."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part, old.read(part))
        new.writestr(name, data)
    return out.getvalue()


def sheet_xml(rows, dimension="A1"):
    return (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/'
        f'2006/main"><dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>'
    )


HEADER_XML = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>ref</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>title</t></is></c></row>'
)
SHEET = "xl/worksheets/sheet1.xml"
FAR_CELL = '<row r="2"><c r="A2"><v>1</v></c><c r="F2"><v>0</v></c></row>'
NO_TYPES = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
TEXT = csv_file(*ROWS).decode("utf-8-sig")


class TestReadRight:
    @pytest.mark.parametrize(
        "content",
        [
            csv_file(*ROWS),
            TEXT.encode(),
            b"\xff\xfe" + TEXT.encode("utf-16-le"),
            b"\xfe\xff" + TEXT.encode("utf-16-be"),
            ("ref,title" + " " * 300 + TEXT[9:]).encode("utf-16-le"),
            TEXT.replace(",", ";", 1).replace('A-1,"', 'A-1;"').replace('A-2,"', 'A-2;"').encode(),
            TEXT.replace("\r\n", "\r").encode(),
            ("\r\n\r\n" + TEXT).encode(),
            ("REF , Title" + TEXT[9:]).encode(),
            ("\ufeff\ufeff" + TEXT).encode(),
            ("sep=;\r\n" + re.sub(r"(?<=[12f]),", ";", TEXT)).encode(),
            TEXT.replace("\r\n", ", \r\n", 2).encode() + b" , \r\n",
            excel_file(*ROWS),
            with_part(excel_file(*ROWS), "docProps/custom.xml", b"<x/>"),
        ],
        ids=[
            "utf-8 with BOM", "utf-8", "utf-16-le", "utf-16-be", "utf-16 without BOM", "semicolons",
            "bare CR", "empty rows first", "header in capitals", "two BOMs", "a line for Excel",
            "blanks around", "excel", "excel with more parts",
        ],
    )  # fmt: skip
    def test_whatever_the_encoding_separator_and_line_ends(self, content):
        assert cells(content) == TABLE

    def test_a_row_has_the_number_that_excel_shows(self):
        rows = read_table(csv_file(*ROWS), KNOWN).rows
        assert [row.number for row in rows] == [2, 3]

    def test_the_apostrophe_of_our_own_files_is_taken_off(self):
        content = csv_file(
            {"ref": "1", "title": "'=1+1"},
            {"ref": "2", "title": "''=1+1"},
            {"ref": "3", "title": "'tis"},
        )
        assert [row[1] for row in cells(content)] == ["=1+1", "'=1+1", "'tis"]

    def test_excel_has_days_numbers_and_formulas(self):
        book = openpyxl.Workbook()
        book.active.append(["ref", "title", "due", "status"])
        book.active.append([7, "=1+1", date(2021, 6, 30), True])
        (row,) = read_table(saved(book), KNOWN).rows
        assert row.cells == (7, NoValue("=1+1"), date(2021, 6, 30), True)

    def test_a_formula_is_known_whatever_the_prefix_of_its_element(self):
        xml = sheet_xml(HEADER_XML + '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>')
        xml = xml.replace('<?xml version="1.0"?>', "").replace("xmlns=", "xmlns:x=")
        xml = re.sub(r"<(/?)", r"<\1x:", xml)
        content = with_part(excel_file(*ROWS), SHEET, xml)
        assert cells(content) == [(NoValue("=1+1"), None)]

    def test_a_table_below_cells_that_say_nothing_is_read_whole(self):
        rows = '<row r="1"><c r="A1" t="inlineStr"><is><t></t></is></c></row>'
        rows += HEADER_XML.replace('"1"', '"2"').replace("A1", "A2").replace("B1", "B2")
        rows += '<row r="3"><c r="A3"><v>1</v></c><c r="B3"><v>2</v></c></row>'
        assert cells(with_part(excel_file(*ROWS), SHEET, sheet_xml(rows))) == [(1, 2)]

    @pytest.mark.filterwarnings("ignore:Cell B2 is marked as a date")
    def test_a_number_that_is_shown_as_a_day_but_is_none_has_no_value(self):
        book = openpyxl.Workbook()
        book.active.append(["ref", "title"])
        book.active.append(["A-1", 20210630])
        book.active["B2"].number_format = "yyyy-mm-dd"
        assert cells(saved(book)) == [("A-1", NoValue("#VALUE!"))]

    def test_the_first_sheet_that_is_not_hidden_is_read(self):
        book = openpyxl.load_workbook(io.BytesIO(excel_file(*ROWS)))
        book.create_sheet("Lists", 0).append(["ref", "title"])
        book.worksheets[0].sheet_state = "hidden"
        book.active = 1
        assert cells(saved(book)) == TABLE

    def test_a_workbook_whose_chief_part_is_numbered_is_one(self):
        old, out = zipfile.ZipFile(io.BytesIO(excel_file(*ROWS))), io.BytesIO()
        with zipfile.ZipFile(out, "w") as new:
            for part in old.namelist():
                data = old.read(part)
                if part in ("[Content_Types].xml", "_rels/.rels"):
                    data = data.replace(b"xl/workbook.xml", b"xl/workbook2.xml")
                new.writestr(part.replace("workbook.xml", "workbook2.xml"), data)
        assert cells(out.getvalue()) == TABLE

    def test_a_dimension_that_claims_the_whole_sheet_is_not_believed(self):
        row = '<row r="2"><c r="A2"><v>1</v></c></row>'
        content = with_part(excel_file(*ROWS), SHEET, sheet_xml(HEADER_XML + row, "A1:XFD1048576"))
        assert cells(content) == [(1, None)]


def zip_bomb():
    return with_part(excel_file(*ROWS), SHEET, sheet_xml(HEADER_XML + " " * (LARGEST_UNPACKED + 1)))


def many_empty_rows_of_excel():
    return with_part(excel_file(*ROWS), SHEET, sheet_xml(HEADER_XML + "<row />" * 10_000_000))


def many_texts():
    return with_part(
        excel_file(*ROWS), "xl/sharedStrings.xml", "<sst>" + "<si><t>x</t></si>" * 2_000_000
    )


def long_row_of_excel():
    cells = "".join(f'<c r="A2"><v>{n}</v></c>' for n in range(400_000))
    return with_part(excel_file(*ROWS), SHEET, sheet_xml(f"{HEADER_XML}<row>{cells}</row>"))


def many_attributes():
    attributes = " ".join(f'a{n}="1"' for n in range(1_000_000))
    return with_part(excel_file(*ROWS), SHEET, sheet_xml(f"{HEADER_XML}<row {attributes}/>"))


def strange_elements():
    return with_part(excel_file(*ROWS), SHEET, sheet_xml(HEADER_XML + '<x a="1"/>' * 3_000_000))


def long_comment():
    return excel_with(SHEET, sheet_xml(f"{HEADER_XML}<!--{'x' * 30_000_000}-->"))


def long_attribute():
    return excel_with(SHEET, sheet_xml(f'{HEADER_XML}<row a="{"x" * 30_000_000}"/>'))


def long_text():
    text = "\n" * 40_000_000
    row = f'<row r="2"><c r="A2" t="inlineStr"><is><t>{text}</t></is></c></row>'
    return excel_with(SHEET, sheet_xml(HEADER_XML + row))


def links_behind_the_rows():
    links = ('<hyperlink ref="A1"/>' * 50_000 + "<row/>") * 16
    sheet = sheet_xml(HEADER_XML).replace("</sheetData>", "</sheetData><hyperlinks>")
    return excel_with(SHEET, sheet.replace("</worksheet>", f"{links}</hyperlinks></worksheet>"))


def many_formats():
    formats = "<xf/>" * 390_000
    return excel_with("xl/styles.xml", f"<styleSheet><cellXfs>{formats}</cellXfs></styleSheet>")


def lying_sizes():
    content = bytearray(zip_bomb())
    at = content.rfind(b"PK\x01\x02")
    while at > 0:
        content[at + 24 : at + 28] = (100).to_bytes(4, "little")
        at = content.rfind(b"PK\x01\x02", 0, at)
    return bytes(content)


def excel_with(name, data):
    return with_part(excel_file(*ROWS), name, data)


# Each file, made when it is wanted, and words of the sentence that refuses it.
BAD = {
    "nothing": (lambda: b"", "is empty"),
    "blanks": (lambda: b" \r\n\r\n", "is empty"),
    "no known column": (lambda: b"a,b\r\n1,2\r\n", "No column has a name that is known"),
    "words": (lambda: b"Dear all,\r\nplease find attached\r\n", "No column has a name"),
    "pdf": (lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "not written in UTF-8"),
    "old excel or password": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls"),
    "macros": (lambda: excel_with("xl/vbaProject.bin", b"x"), "holds macros"),
    "word": (
        lambda: with_part(b"PK\x05\x06" + b"\0" * 18, "word/document.xml", b"<w/>"),
        "no Excel workbook",
    ),
    "broken zip": (lambda: excel_file(*ROWS)[:1500], "damaged"),
    "broken xml": (lambda: excel_with(SHEET, b"<worksheet><sheetData>"), "damaged"),
    "no types": (lambda: excel_with("[Content_Types].xml", NO_TYPES), "damaged"),
    "no sheet": (lambda: excel_with("xl/workbook.xml", b"<workbook/>"), "damaged"),
    "entities": (
        lambda: excel_with(SHEET, b'<!DOCTYPE x [<!ENTITY a "a">]><worksheet>&a;</worksheet>'),
        "damaged",
    ),
    "entities in another encoding": (
        lambda: excel_with(
            "xl/styles.xml",
            '<?xml version="1.0" encoding="UTF-16"?>'
            '<!DOCTYPE x [<!ENTITY a "a">]><styleSheet/>'.encode("utf-16"),
        ),
        "damaged",
    ),
    "entities behind a long comment": (
        lambda: excel_with(
            SHEET, b"<!--" + b"x" * 600_000 + b'--><!DOCTYPE x [<!ENTITY a "a">]><worksheet/>'
        ),
        "damaged",
    ),
    "a type in another file": (
        lambda: excel_with(SHEET, b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><worksheet/>'),
        "damaged",
    ),
    "a part in an encoding that is not read": (
        lambda: excel_with("customXml/item1.xml", b'<?xml version="1.0" encoding="gb2312"?><a/>'),
        "damaged",
    ),
    "a part in an encoding that is not known": (
        lambda: excel_with("customXml/item1.xml", b'<?xml version="1.0" encoding="foo"?><a/>'),
        "damaged",
    ),
    "a sheet in another encoding": (
        lambda: excel_with(SHEET, sheet_xml(HEADER_XML).encode("utf-16")),
        "damaged",
    ),
    "strict": (
        lambda: excel_with(
            "xl/workbook.xml", b'<workbook xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"/>'
        ),
        "Strict Open XML",
    ),
    "5,000 columns": (
        lambda: ("ref,title," + ",".join(f"c{n}" for n in range(5000))).encode(),
        "5002 columns",
    ),
    "Mac Roman": (
        lambda: "ref,title\rA-1,Émile\rA-2,b\r".encode("mac_roman"),
        "not written in UTF-8: see line 1",
    ),
    "Latin-1": (lambda: "ref,title\r\nA-1,x\r\nA-2,É\r\n".encode("latin-1"), "see line 3"),
    "NUL": (lambda: b"ref,title\r\nA-1,a\0b\r\n", "Line 2 holds a character (NUL)"),
    "unclosed quote": (lambda: b'ref,title\r\nA-1,"open\r\nA-2,b\r\n', "row 2 is not closed"),
    "quote inside": (lambda: b'ref,title\r\nA-1,"a"b\r\n', "Row 2 is not well-formed"),
    "more cells than columns": (lambda: b"ref,title\r\nA-1,b,c\r\n", "Row 2 has more cells"),
    "a cell far behind the table": (
        lambda: excel_with(SHEET, sheet_xml(HEADER_XML + FAR_CELL)),
        "Row 2 has more cells",
    ),
    "the same header twice": (lambda: b"ref,title,Title\r\nA-1,b,c\r\n", "same name: title"),
}
# Those that would take long, or much room.
BOMBS = {
    "zip bomb": (zip_bomb, "unpacks to more"),
    "zip bomb that lies": (lying_sizes, "damaged"),
    "10 million empty rows": (many_empty_rows_of_excel, "unpacks to more"),
    "2 million texts": (many_texts, "unpacks to more"),
    "a row of 400,000 cells": (long_row_of_excel, "unpacks to more"),
    "a million attributes": (many_attributes, "unpacks to more"),
    "3 million strange elements": (strange_elements, "unpacks to more"),
    "10 million empty rows of CSV": (lambda: b"ref,title\r\n" + b"\n" * 10_000_000, "are empty"),
    "9 million rows of commas": (lambda: b"ref,title\r\n" + b",\n" * 9_000_000, "are empty"),
    "a long comment": (long_comment, "damaged"),
    "a long attribute": (long_attribute, "unpacks to more"),
    "a long text": (long_text, "unpacks to more"),
    "many formats": (many_formats, "unpacks to more"),
    "links behind the rows": (links_behind_the_rows, "unpacks to more"),
    "20 million commas": (lambda: b"ref,title\r\n" + b"," * 20_000_000, "Line 2 has more cells"),
    "20 million semicolons": (
        lambda: b"sep=;\r\nref;title\r\n" + b";" * 20_000_000,
        "Line 3 has more cells",
    ),
    "10 million columns": (lambda: b"ref" + b",a" * 10_000_000, "Line 1 has more cells"),
    "a long file": (lambda: b"ref,title\r\n" + b"x" * (tables.LARGEST + 1), "MB"),
    "a long cell": (lambda: b"ref,title\r\nA-1," + b"x" * 200_000, "too long"),
    "5,000 columns of excel": (
        lambda: excel_file({"ref": 1, **{f"c{n}": n for n in range(5000)}}),
        "columns",
    ),
    "too many rows": (lambda: b"ref,title\r\n" + b"A,b\r\n" * 10_001, "more than 10000 rows"),
}


@pytest.mark.parametrize("name", BAD)
def test_is_refused_with_a_sentence(name):
    make, words = BAD[name]
    with pytest.raises(Unreadable) as refusal:
        read_table(make(), KNOWN)
    assert words in str(refusal.value)


READ = """
import sys, time
import django
django.setup()
from workplans.importing.guard import Unreadable
from workplans.importing.tables import read_table
content = open(sys.argv[1], "rb").read()
begun = time.process_time()
try:
    read_table(content, ("ref", "title"))
    print("read")
except Unreadable as error:
    print(error)
print(time.process_time() - begun)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)
"""


def read_alone(content, folder):
    """Read a file in a process of its own, which holds the whole site.

    Return what it says, its seconds of processor time, and its peak of memory in MB.
    """
    path = folder / "file"
    path.write_bytes(content)
    ran = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True
    )
    sentence, seconds, megabytes = ran.stdout.splitlines()
    return sentence, float(seconds), int(megabytes)


@pytest.mark.parametrize("name", BOMBS)
def test_is_refused_within_10_seconds_and_300_mb(name, tmp_path):
    make, words = BOMBS[name]
    sentence, seconds, megabytes = read_alone(make(), tmp_path)
    assert sentence != "read"
    assert words in sentence
    assert seconds < 10
    assert megabytes < 300


@pytest.mark.parametrize("make", [csv_file, excel_file])
def test_the_largest_files_that_are_read_fit_into_as_much_memory(make, tmp_path):
    """Ten thousand rows, with as many columns as ours have, and each of them filled.

    How long they take depends on the machine: `manage.py benchmark --imports` says it.
    """
    row = {"title": "x" * 60, **{f"c{n}": f"text {n}" for n in range(34)}}
    rows = ({"ref": f"A-{n}", **row} for n in range(tables.MOST_ROWS))
    sentence, _seconds, megabytes = read_alone(make(*rows), tmp_path)
    assert sentence == "read"
    assert megabytes < 300
