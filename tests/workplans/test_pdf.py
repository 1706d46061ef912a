"""Papers as PDF files, read back."""

import builtins
import io
import logging
import os
import re
import sys
from pathlib import Path

import pypdf
import pytest

from tests.papers import make_long_table, make_paper, make_table
from workplans import pdf
from workplans.papers import Cell, Heading, Row, Words, cell, paragraph
from workplans.pdf import PdfUnavailable, refuse, share, spread, why_not, write_pdf

needs_pango = pytest.mark.usefixtures("pango")


@pytest.fixture(autouse=True)
def asked_anew():
    """Whether PDF files can be made is found out once in a process."""
    why_not.cache_clear()
    yield
    why_not.cache_clear()


@pytest.fixture
def pango():
    """What WeasyPrint calls; without it a test is skipped with a word on how to get it."""
    if reason := why_not():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def read(paper):
    return pypdf.PdfReader(io.BytesIO(write_pdf(paper)))


def text(sheet):
    return " ".join(sheet.extract_text().split())


def fonts(reader):
    """The fonts that the sheets show letters in, by name: their descriptions."""
    described = {}
    for sheet in reader.pages:
        for font in sheet["/Resources"]["/Font"].values():
            for one in font.get_object().get("/DescendantFonts", [font]):
                one = one.get_object()
                described[one["/BaseFont"]] = one["/FontDescriptor"].get_object()
    return described


def structure(reader):
    """The elements of the tagged document, each with its tag, in reading order."""

    def walk(element):
        element = element.get_object()
        if isinstance(element, pypdf.generic.ArrayObject):
            for one in element:
                yield from walk(one)
        elif isinstance(element, pypdf.generic.DictionaryObject) and "/S" in element:
            yield element["/S"].lstrip("/"), element
            yield from walk(element.get("/K", pypdf.generic.ArrayObject()))

    return list(walk(reader.trailer["/Root"]["/StructTreeRoot"]["/K"]))


def children(element, *tags):
    """The direct children of an element of the tagged document that have one of the tags."""
    kids = [kid.get_object() for kid in element["/K"]]
    return [
        kid
        for kid in kids
        if isinstance(kid, pypdf.generic.DictionaryObject) and kid.get("/S", "").lstrip("/") in tags
    ]


def places(sheet):
    """Where each piece of text of a sheet begins, in points from the left."""
    found = {}

    def note(words, _, matrix, *rest):
        if words.strip():
            found.setdefault(words.strip(), matrix[4])

    sheet.extract_text(visitor_text=note)
    return found


@needs_pango
class TestTheFile:
    def test_is_a4_lying(self):
        for sheet in read(make_paper()).pages:
            assert [float(side) for side in sheet.mediabox] == pytest.approx(
                [0, 0, 841.89, 595.28], abs=0.1
            )

    def test_is_tagged_and_says_what_it_is_and_in_which_language(self):
        reader = read(make_paper(language="fr"))
        root = reader.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"]
        assert root["/Lang"] == "fr"
        assert root["/ViewerPreferences"]["/DisplayDocTitle"]
        assert reader.metadata.title == "Results Group 1: progress report"
        assert reader.metadata.subject == "Workplan for 2020 and 2021"
        assert reader.metadata.author == "IASC tracker"
        assert reader.metadata.creation_date
        assert b"pdfuaid:part" in root["/Metadata"].get_data()

    def test_names_headings_tables_and_head_cells_for_screen_readers(self):
        tags = [tag for tag, _ in structure(read(make_paper()))]
        assert tags[:1] == ["Document"]
        for tag in ("H1", "H2", "P", "Table", "TR", "TH", "TD"):
            assert tag in tags
        assert "Figure" not in tags

    def test_holds_the_fonts_that_it_uses(self):
        reader = read(make_paper(paragraph("Équateur, توطين, שלום")))
        described = fonts(reader)
        assert described
        for name, description in described.items():
            assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(description), name

    def test_says_nothing_while_it_is_made(self, caplog):
        with caplog.at_level(logging.DEBUG):
            write_pdf(make_paper())
        talked = [one for one in caplog.records if one.name.startswith(("weasyprint", "fontTools"))]
        assert not talked


@needs_pango
class TestItsText:
    def test_is_that_of_the_paper(self):
        (sheet,) = read(make_paper()).pages
        told = text(sheet)
        for words in (
            "Results Group 1: progress report Workplan for 2020 and 2021 Draft",
            "Led by OCHA",
            "Status as of 30 June 2021",
            "A note.",
            "By area",
            "What stands in brackets is the status.",
            "Area Deliverable Status",
            "1.1 Benchmarks",
            "[ONGOING] Drafted.",
            "May 2021: Sent out.",
            "[removed]",
        ):
            assert words in told

    def test_keeps_accents_and_letters_of_other_scripts(self):
        told = text(read(make_paper(paragraph("Côte d’Ivoire, Åland, São Tomé – “Ça”"))).pages[0])
        assert "Côte d’Ivoire, Åland, São Tomé – “Ça”" in told

    def test_may_hold_anything(self):
        words = "a\x00b\x07c\ud800d\ufffee\uffff <b>&amp;</b> {{ x }} \N{RIGHT-TO-LEFT OVERRIDE}z"
        paper = make_paper(
            paragraph(words),
            make_table(caption=words, rows=(Row((cell(words),) * 3),)),
            title=words,
            footer=words,
            facts=((words, words),),
        )
        assert "abcde <b>&amp;</b> {{ x }}" in text(read(paper).pages[0])

    def test_breaks_its_lines_as_it_did(self):
        lines = read(make_paper(paragraph("one\r\ntwo\vthree"))).pages[0].extract_text().split("\n")
        assert {"one", "two", "three"} <= {line.strip() for line in lines}

    def test_at_the_foot_is_text_whatever_it_holds(self):
        footer = '"; } body { display: none } \\22 */ é\n— مرحبا'
        told = text(read(make_paper(footer=footer)).pages[0])
        assert '"; } body { display: none } \\22 */ é —' in told
        assert "A note." in told


@needs_pango
class TestItsSheets:
    def test_repeat_the_head_of_the_table_and_are_counted(self):
        sheets = [text(sheet) for sheet in read(make_paper(make_long_table(60))).pages]
        assert len(sheets) > 3
        for number, told in enumerate(sheets, start=1):
            assert told.count("Area Deliverable Status") == 1
            assert f"Page {number} of {len(sheets)}" in told
            assert "RG1 – progress report – draft" in told

    def test_say_at_the_upper_edge_where_their_first_rows_belong(self):
        sheets = [text(sheet) for sheet in read(make_paper(make_long_table(60, words=90))).pages]
        edge = re.compile(r"word (?:(Area \d+) )?RG1 – progress report – draft Page")
        assert [edge.search(told)[1] for told in sheets[:1]] == [None]
        for told in sheets[1:]:
            rows = told.removeprefix("Area Deliverable Status ")
            first = int(re.search(r"Deliverable (\d+)", rows)[1]) - rows.startswith("word")
            assert edge.search(told)[1] == f"Area {(first - 1) // 5 + 1}"

    def test_say_nothing_there_of_a_table_that_has_ended(self):
        bands = make_table(rows=(Row((cell("A band"),), band=True), Row((cell("x"),) * 3)))
        plain = make_table(rows=(Row((cell("x"), cell("x"), cell("word " * 1500))),))
        *_, last = read(make_paper(bands, Heading("Another table"), plain)).pages
        assert "A band" not in text(last)

    def test_leave_no_row_and_no_word_out_where_an_area_is_longer_than_they_are(self):
        rows = tuple(
            Row(
                (
                    cell("Area", "For what? " + "why " * 400, spans=12)
                    if not number
                    else Cell(spans=0),
                    cell(f"Deliverable {number + 1}"),
                    cell("word " * 150 + f"end{number + 1}"),
                )
            )
            for number in range(12)
        )
        told = " ".join(text(sheet) for sheet in read(make_paper(make_table(rows=rows))).pages)
        assert told.count("why") == 400
        assert told.count("word") == 12 * 150
        places = [told.index(f"Deliverable {number} ") for number in range(1, 13)]
        assert places == sorted(places)

    def test_keep_a_short_row_on_one_of_them(self):
        row = Row((cell("Name " + "name " * 20), cell("word " * 30), cell("last " * 8 + "end")))
        for sheet in read(make_paper(make_table(rows=(row,) * 40))).pages:
            told = text(sheet)
            assert told.count("Name") == told.count("end")

    def test_have_tables_each_row_of_which_has_all_columns(self):
        reader = read(make_paper(make_long_table(40)))
        tables = [one for tag, one in structure(reader) if tag == "Table"]
        assert len(tables) > 2
        for table in tables[1:]:  # the first one holds the facts
            for part in children(table, "THead", "TBody"):
                for row in children(part, "TR"):
                    cells = children(row, "TH", "TD")
                    assert len(cells) == 3
                    assert not any("/RowSpan" in one["/A"] for one in cells)

    def test_begin_on_the_right_in_a_language_that_does(self):
        (sheet,) = read(make_paper(make_table(), language="ar")).pages
        at = places(sheet)
        assert at["Area"] > at["Deliverable"] > at["Status"]
        assert at["RG1 – progress report – draft"] > 400 > at["Page 1 of 1"]

    def test_begin_on_the_left_in_others(self):
        (sheet,) = read(make_paper()).pages
        at = places(sheet)
        assert at["Area"] < at["Deliverable"] < at["Status"]
        assert at["RG1 – progress report – draft"] < 400 < at["Page 1 of 1"]

    def test_set_a_paragraph_from_right_to_left_that_begins_with_such_letters(self):
        sheet = read(make_paper(paragraph("Left"), paragraph("שלום"))).pages[0]
        at = places(sheet)
        hebrew = next(x for words, x in at.items() if "ש" in words)
        assert at["Left"] < 100 < 700 < hebrew


class TestRowsThatAnAreaCovers:
    ROWS = tuple(
        Row(
            (
                cell("Name", "What for", spans=3) if not at else Cell(spans=0),
                cell(f"{at}"),
                cell("x"),
            )
        )
        for at in range(3)
    )

    def test_get_cells_of_their_own_with_all_of_its_paragraphs_in_order(self):
        table = spread(make_table(rows=self.ROWS))
        first = [row.cells[0] for row in table.rows]
        told = [one.text for each in first for one in each.paragraphs]
        assert told == ["Name", "What for"]
        assert [each.spans for each in first] == [3, 0, 0]
        assert [row.cells[1:] for row in table.rows] == [row.cells[1:] for row in self.ROWS]

    def test_keep_their_shade(self):
        first = Row((cell("Name", spans=2, shade="completed"), cell("a"), cell("b")))
        table = spread(make_table(rows=(first, Row((Cell(spans=0), cell("c"), cell("d"))))))
        assert [row.cells[0].shade for row in table.rows] == ["completed", "completed"]

    @pytest.mark.parametrize(
        ("needed", "rooms", "dealt"),
        [
            ([1, 8], [1, 9], [[1], [8]]),  # the first row has no room left
            ([1, 3], [9, 9], [[1, 3], []]),  # it has
            ([1, 9], [9, 2], [[1, 9], []]),  # nearly
            ([9], [1, 9], [[9], []]),  # the first row has something in any case
            ([1, 8, 8], [1, 1], [[1], [8, 8]]),  # the last row has what is left
            ([1, 8, 8], [1], [[1, 8, 8]]),
        ],
    )
    def test_share_its_paragraphs_by_the_room_that_they_have(
        self, monkeypatch, needed, rooms, dealt
    ):
        monkeypatch.setattr(pdf, "lines", lambda paragraphs, _: int(paragraphs[0].text))
        shares = share(tuple(paragraph(str(number)) for number in needed), rooms, 20)
        assert [[int(one.text) for one in each] for each in shares] == dealt

    def test_stay_whole_where_they_are_short_only(self):
        rows = (Row((cell("a"),) * 3), Row((cell("a"), cell("word " * 400), cell("a"))))
        assert [row.whole for row in spread(make_table(rows=rows)).rows] == [True, False]


class TestWhereNoFileCanBeMade:
    def test_a_sentence_says_what_to_install_if_weasyprint_is_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "weasyprint", None)
        sentence = why_not()
        assert "requirements.txt" in sentence and "libpango-1.0-0" in sentence
        with pytest.raises(PdfUnavailable, match="install"):
            write_pdf(make_paper())

    def test_it_says_so_too_if_a_library_of_the_system_is_missing(self, monkeypatch):
        true_import = builtins.__import__

        def without_pango(name, *args, **kwargs):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")
            return true_import(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without_pango)
        assert "libpango-1.0-0" in why_not()

    @needs_pango
    def test_nothing_is_said_where_one_can(self):
        assert why_not() == ""

    def test_weasyprint_is_not_loaded_by_the_module_itself(self):
        source = Path(pdf.__file__).read_text(encoding="utf-8")
        assert "\nimport weasyprint" not in source and "\nfrom weasyprint" not in source


class TestNothingIsFetched:
    @pytest.mark.parametrize("url", ["file:///etc/hostname", "https://example.org/", "data:,x"])
    def test_from_anywhere(self, url):
        with pytest.raises(ValueError, match="fetches nothing"):
            refuse(url)

    @needs_pango
    def test_for_what_a_text_says(self, monkeypatch):
        asked = []
        monkeypatch.setattr(pdf, "refuse", lambda url, **_: asked.append(url))
        words = '<img src="file:///etc/hostname"><link rel=stylesheet href="https://example.org/">'
        paper = make_paper(
            paragraph(words, Words("here", url="https://example.org/page")), footer=words
        )
        told = text(read(paper).pages[0])
        assert words in told
        assert not asked
