"""Papers as Word files, read back."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from docx.shared import Mm, Twips

from tests.papers import TAGGED, make_long_table, make_paper, make_table
from workplans import papers, word_styles
from workplans.papers import STRONG, Row, Words, cell, paragraph
from workplans.word import write_docx


def read(paper):
    return docx.Document(io.BytesIO(write_docx(paper)))


def parts(paper):
    """The files within the file, by name."""
    with zipfile.ZipFile(io.BytesIO(write_docx(paper))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def found(element, tag):
    return list(element.iter(qn(f"w:{tag}")))


def values(element, tag):
    return [one.get(qn("w:val")) for one in found(element, tag)]


def cell_properties(table, row, place):
    """The properties of a cell as it stands in the file, merged or not."""
    return found(table.rows[row]._tr, "tc")[place].tcPr


class TestTheSheet:
    def test_is_a4_lying_with_the_same_margin_on_both_sides(self):
        section = read(make_paper()).sections[0]
        assert section.orientation == WD_ORIENT.LANDSCAPE
        assert abs(section.page_width - Mm(297)) < Mm(0.1)
        assert abs(section.page_height - Mm(210)) < Mm(0.1)
        assert section.left_margin == section.right_margin

    def test_has_the_papers_line_and_counts_the_sheets_at_its_foot(self):
        (foot,) = read(make_paper()).sections[0].footer.paragraphs
        assert foot.style.name == "Footer"
        assert foot.text.startswith("RG1 – progress report – draft\tPage ")
        fields = [one.get(qn("w:instr")) for one in found(foot._p, "fldSimple")]
        assert fields == ["PAGE", "NUMPAGES"]

    def test_counts_the_sheets_in_the_words_and_order_of_the_language(self, monkeypatch):
        monkeypatch.setattr(papers, "_", lambda _: "%(pages)s sheets, this is %(page)s.")
        foot = read(make_paper()).sections[0].footer.paragraphs[0]._p
        told = [
            one.get(qn("w:instr")) or "".join(text.text for text in found(one, "t"))
            for one in list(foot)[1:]
        ]
        assert told[2:6] == ["NUMPAGES", " sheets, this is ", "PAGE", "."]


class TestTheTable:
    def test_repeats_its_head_on_each_sheet_and_lets_only_tall_rows_be_cut(self):
        (table,) = read(make_paper()).tables
        head, band, *rows = (row._tr for row in table.rows)
        assert [cell.text for cell in table.rows[0].cells] == ["Area", "Deliverable", "Status"]
        assert found(head, "tblHeader") and found(head, "cantSplit")
        assert not any(found(row, "tblHeader") for row in (band, *rows))
        assert all(found(row, "cantSplit") for row in rows)
        tall = make_table(rows=(Row((cell("Area"), cell("Tall. " * 400), cell("Ongoing"))),))
        assert not found(read(make_paper(tall)).tables[0].rows[1]._tr, "cantSplit")

    def test_has_one_merged_cell_where_one_covers_rows(self):
        (table,) = read(make_paper()).tables
        assert table.cell(2, 0)._tc is table.cell(3, 0)._tc
        assert table.cell(2, 0)._tc is not table.cell(4, 0)._tc
        assert table.cell(3, 0).text == "1. Localization"
        assert values(cell_properties(table, 2, 0), "vMerge") == ["restart"]
        assert values(cell_properties(table, 3, 0), "vMerge") == [None]

    def test_has_one_cell_over_all_columns_in_a_band(self):
        (table,) = read(make_paper()).tables
        (only,) = found(table.rows[1]._tr, "tc")
        assert values(only, "gridSpan") == ["3"]
        (words,) = table.rows[1].cells[0].paragraphs
        assert (words.text, words.style.name) == ("Theme", "Band")

    def test_has_columns_of_their_share_that_fill_the_sheet(self):
        document = read(make_paper())
        (table,) = document.tables
        section = document.sections[0]
        full = (section.page_width - section.left_margin - section.right_margin) / Twips(1)
        widths = [int(one.get(qn("w:w"))) for one in found(table._tbl, "gridCol")]
        assert sum(widths) == pytest.approx(full, abs=2)
        assert widths == pytest.approx([full * 0.2, full * 0.3, full * 0.5], abs=2)
        assert not table.autofit
        assert [
            int(cell_properties(table, 2, place).find(qn("w:tcW")).get(qn("w:w")))
            for place in range(3)
        ] == widths

    def test_says_what_it_holds_to_who_does_not_see_it(self):
        (table,) = read(make_paper()).tables
        assert values(table._tbl, "tblCaption") == ["Deliverables by area"]
        assert values(table._tbl, "tblDescription") == ["Area; Deliverable; Status"]

    def test_shades_its_cells_as_the_legend_does(self):
        document = read(make_paper())
        (table,) = document.tables
        shades = [found(cell_properties(table, row, 1), "shd") for row in (2, 3, 4)]
        fills = [[one.get(qn("w:fill")) for one in shade] for shade in shades]
        legend = {
            run.style.name: run.style.element.rPr.find(qn("w:shd")).get(qn("w:fill"))
            for line in document.paragraphs
            for run in line.runs
            if run.style.name.startswith("Shade ")
        }
        assert fills == [[legend["Shade Prioritized"]], [legend["Shade Completed"]], []]

    def test_has_a_paragraph_after_it_so_that_two_do_not_run_together(self):
        body = read(make_paper(make_table(), make_table())).element.body
        kinds = [one.tag.rpartition("}")[2] for one in body]
        assert kinds[-5:] == ["tbl", "p", "tbl", "p", "sectPr"]

    def test_holds_every_row_of_a_long_one(self):
        (table,) = read(make_paper(make_long_table(300))).tables
        rows = found(table._tbl, "tr")
        assert len(rows) == 301
        names = ["".join(text.text for text in found(found(row, "tc")[1], "t")) for row in rows]
        assert names[1:] == [f"Deliverable {number}" for number in range(1, 301)]

    def test_without_rows_is_a_head(self):
        (table,) = read(make_paper(make_table(rows=()))).tables
        assert len(table.rows) == 1


class TestStyles:
    def test_are_those_that_word_knows_where_it_knows_any(self):
        document = read(make_paper())
        told = [(line.style.name, line.text) for line in document.paragraphs if line.text]
        assert told[:5] == [
            ("Title", "Results Group 1: progress report"),
            ("Subtitle", "Workplan for 2020 and 2021"),
            ("Mark", "Draft"),
            ("Fact", "Led by\tOCHA"),
            ("Fact", "Status as of\t30 June 2021"),
        ]
        assert ("Normal", "A note.") in told
        assert ("Heading 1", "By area") in told
        assert document.styles["Heading 1"].builtin and document.styles["Title"].builtin
        assert document.tables[0].style.name == "Paper Table"

    def test_name_what_a_paragraph_in_a_cell_is(self):
        (table,) = read(make_paper()).tables
        told = [
            (line.style.name, line.text)
            for place in (1, 2)
            for line in table.cell(2, place).paragraphs
        ]
        assert told == [
            ("Item Name", "1.1 Benchmarks"),
            ("Part", "(i) a part"),
            ("Table Text", "[ONGOING] Drafted."),
            ("Told", "May 2021: Sent out."),
        ]

    def test_tell_a_status_in_capitals_and_brackets_and_words_by_their_look(self):
        (table,) = read(make_paper()).tables
        told = [
            (run.style.name, run.text)
            for place in ((2, 1), (2, 2), (4, 2))
            for line in table.cell(*place).paragraphs
            for run in line.runs
            if run.style.name != "Default Paragraph Font"
        ]
        assert told == [
            ("Strong", "1.1 "),
            ("Status Tag", "[ONGOING]"),
            ("Quiet", "May 2021: "),
            ("Removed", "[removed]"),
        ]

    def test_are_all_that_gives_words_and_paragraphs_a_look(self):
        paper = make_paper(*make_paper().blocks, make_table())
        document = read(paper)
        sheets = [document.element, document.sections[0].footer._element]
        for sheet in sheets:
            of_words = {child.tag for one in found(sheet, "rPr") for child in one}
            of_lines = {child.tag for one in found(sheet, "pPr") for child in one}
            assert of_words <= {qn("w:rStyle")}
            assert of_lines == {qn("w:pStyle")}

    def test_that_are_named_are_all_in_the_file(self):
        document = read(make_paper())
        known = {one.get(qn("w:styleId")) for one in found(document.styles.element, "style")}
        for sheet in (document.element, document.sections[0].footer._element):
            for tag in ("pStyle", "rStyle", "tblStyle"):
                assert set(values(sheet, tag)) <= known
        for tag in ("basedOn", "next"):
            assert set(values(document.styles.element, tag)) <= known

    def test_do_not_turn_bold_words_regular_in_a_line_that_is_bold_as_a_whole(self):
        rows = (Row((cell(paragraph(Words("Theme ", STRONG), TAGGED)),), band=True),)
        (table,) = read(make_paper(make_table(rows=rows))).tables
        (line,) = table.rows[1].cells[0].paragraphs
        assert line.style.font.bold
        assert line.text == "Theme [ONGOING]"
        assert {run.style.name for run in line.runs} == {"Default Paragraph Font"}

    def test_say_the_language_and_set_right_to_left_scripts_as_the_others(self):
        for language, latin, complex_script in (
            ("en", "en-GB", "ar-SA"),
            ("fr", "fr-FR", "ar-SA"),
            ("ar", "en-GB", "ar-SA"),
        ):
            styles = read(make_paper(language=language)).styles.element
            (lang,) = found(styles, "lang")
            assert (lang.get(qn("w:val")), lang.get(qn("w:bidi"))) == (latin, complex_script)
        for style in found(styles, "rPr"):
            assert values(style, "sz") == values(style, "szCs")
            assert len(found(style, "b")) == len(found(style, "bCs"))

    def test_keep_text_readable_on_every_shade(self):
        colours = {style.colour for style in word_styles.SHEET if style.colour}
        grounds = {"FFFFFF", word_styles.TINT, *word_styles.SHADES.values()}
        low = {
            (colour, ground)
            for colour in colours
            for ground in grounds
            if contrast(colour, ground) < 4.5
        }
        assert not low


def contrast(one, other):
    """The contrast of two colours, as WCAG 2 counts it."""

    def light(colour):
        parts = (int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4))
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((light(one), light(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


class TestRightToLeft:
    ARABIC = "توطين العمل الإنساني"

    def test_holds_for_a_paragraph_whose_first_letter_runs_so(self):
        document = read(
            make_paper(
                paragraph(f"1. {self.ARABIC} (OCHA)"),
                paragraph(f"OCHA: {self.ARABIC}"),
                paragraph("שלום"),
            )
        )
        arabic, latin, hebrew = document.paragraphs[-3:]
        assert [bool(found(one._p, "bidi")) for one in (arabic, latin, hebrew)] == [
            True,
            False,
            True,
        ]
        assert found(arabic.runs[0]._r, "rtl") and found(hebrew.runs[0]._r, "rtl")
        assert not found(latin.runs[0]._r, "rtl")

    def test_leaves_latin_words_in_such_a_paragraph_as_they_are(self):
        words = paragraph(self.ARABIC, Words(" 2021 ", STRONG), Words("OCHA", STRONG))
        line = read(make_paper(words)).paragraphs[-1]
        assert [bool(found(run._r, "rtl")) for run in line.runs] == [True, True, False]

    def test_turns_sheet_and_table_round_in_a_language_that_is_written_so(self):
        document = read(make_paper(make_table(), paragraph("2021"), language="ar"))
        assert found(document.sections[0]._sectPr, "bidi")
        assert found(document.tables[0]._tbl.tblPr, "bidiVisual")
        assert found(document.paragraphs[-1]._p, "bidi")

    def test_turns_nothing_in_one_that_is_not(self):
        document = read(make_paper())
        assert not found(document.element, "bidi")
        assert not found(document.element, "bidiVisual")
        assert not found(document.element, "rtl")


class TestText:
    def test_loses_characters_that_no_file_holds_and_nothing_else(self):
        words = "a\x00b\x07c\ud800d\ufffee\uffff – É “quoted” <&> 😀"
        paper = make_paper(
            paragraph(words),
            make_table(caption=words, rows=(Row((cell(words),) * 3),)),
            title=words,
            footer=words,
            facts=((words, words),),
        )
        kept = "abcde – É “quoted” <&> 😀"
        document = read(paper)
        assert document.paragraphs[0].text == kept
        assert document.core_properties.title == kept
        assert document.tables[0].cell(1, 2).text == kept
        assert kept in document.sections[0].footer.paragraphs[0].text
        assert f"{kept}\t{kept}" in [line.text for line in document.paragraphs]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\v", "\u2028"])
    def test_breaks_its_lines_as_it_did(self, end):
        line = read(make_paper(paragraph(f"one{end}{end}two\tthree"))).paragraphs[-1]
        assert line.text == "one\n\ntwo three"
        assert len(found(line._p, "br")) == 2

    def test_keeps_blanks_at_its_ends(self):
        line = read(make_paper(paragraph("one ", Words(" two", STRONG)))).paragraphs[-1]
        assert line.text == "one  two"

    @pytest.mark.parametrize(
        "words", ["{ PAGE }", '{HYPERLINK "https://evil.example"}', "=cmd|' /C calc'!A0", "<w:br/>"]
    )
    def test_that_looks_like_a_field_or_markup_is_text(self, words):
        document = read(make_paper(paragraph(words)))
        assert document.paragraphs[-1].text == words
        for tag in ("fldSimple", "instrText", "fldChar", "hyperlink"):
            assert not found(document.element, tag)

    def test_may_be_as_long_as_it_is(self):
        words = "word " * 20_000
        document = read(make_paper(make_table(rows=(Row((cell(words),) * 3),)), title=words))
        assert document.tables[0].cell(1, 1).text == words
        assert document.paragraphs[0].text == words
        assert len(document.core_properties.title) == 255


class TestLinks:
    def test_lead_where_a_file_can_follow_them_and_keep_their_look(self):
        document = read(
            make_paper(
                paragraph(
                    Words("plain", url="https://example.org/é?a=1&b=<2>"),
                    Words("strong", STRONG, url="mailto:info@example.org"),
                )
            )
        )
        links = document.paragraphs[-1].hyperlinks
        assert [(link.text, link.address) for link in links] == [
            ("plain", "https://example.org/%C3%A9?a=1&b=%3C2%3E"),
            ("strong", "mailto:info@example.org"),
        ]
        looks = [run.style.name for link in links for run in link.runs]
        assert looks == ["Hyperlink", "Strong Hyperlink"]

    @pytest.mark.parametrize(
        "url",
        ["/deliverables/X/", "#here", "javascript:alert(1)", "file:///etc/passwd", "http://[x"],
    )
    def test_that_a_file_cannot_follow_are_words(self, url):
        line = read(make_paper(paragraph(Words("here", url=url)))).paragraphs[-1]
        assert line.text == "here"
        assert not line.hyperlinks

    def test_to_one_address_are_one_relation_of_the_file(self):
        words = [Words(f"{number} ", url="https://example.org/") for number in range(3)]
        document = read(make_paper(paragraph(*words)))
        external = [rel for rel in document.part.rels.values() if rel.is_external]
        assert [rel.target_ref for rel in external] == ["https://example.org/"]
        assert len(document.paragraphs[-1].hyperlinks) == 3


class TestTheFile:
    def test_says_what_it_is_and_that_the_site_made_it_now(self):
        properties = read(make_paper(language="fr")).core_properties
        assert properties.title == "Results Group 1: progress report"
        assert properties.subject == "Workplan for 2020 and 2021"
        assert properties.author == properties.last_modified_by == "IASC tracker"
        assert properties.language == "fr"
        assert properties.comments == ""
        age = datetime.now(UTC) - properties.created
        assert timedelta(seconds=-1) < age < timedelta(minutes=5)
        assert properties.modified == properties.created

    def test_holds_nothing_of_the_empty_document_that_it_began_as(self):
        names = parts(make_paper())
        assert set(names) == {
            "[Content_Types].xml",
            "_rels/.rels",
            "docProps/core.xml",
            "word/_rels/document.xml.rels",
            "word/document.xml",
            "word/footer1.xml",
            "word/settings.xml",
            "word/styles.xml",
            "word/theme/theme1.xml",
        }
        assert not [name for name, text in names.items() if "python-docx" in text]

    def test_opens_as_a_file_of_todays_word(self):
        settings = read(make_paper()).settings.element
        modes = [
            one.get(qn("w:val"))
            for one in found(settings, "compatSetting")
            if one.get(qn("w:name")) == "compatibilityMode"
        ]
        assert modes == ["15"]
