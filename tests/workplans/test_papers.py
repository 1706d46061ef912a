"""Papers: their words, and how a page of the site shows them."""

import re
from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string

from tests.papers import make_paper, make_table
from workplans import papers
from workplans.papers import TAG, Row, Words, cell, direction, page_sentence, paragraph, writable


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("OCHA توطين", "ltr"),
        ("(1) توطين OCHA", "rtl"),
        ("שלום", "rtl"),
        ("2021 – 30 %", ""),
        ("", ""),
    ],
)
def test_a_text_runs_the_way_of_its_first_letter(text, way):
    assert direction(text) == way


def test_a_text_loses_only_what_no_file_can_hold():
    assert writable("a\x00\ud83d\uffffb\tc\r\nd\re\vf\u2029g é 😀") == "ab c\nd\ne\nf\ng é 😀"


def test_a_status_is_told_in_capitals_and_brackets_in_any_language():
    assert Words("Achevé", TAG).shown == "[ACHEVÉ]"
    assert paragraph(Words("Ongoing", TAG), " Drafted.").text == "[ONGOING] Drafted."


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/a b?q=é", "https://example.org/a%20b?q=%C3%A9"),
        ("mailto:info@example.org", "mailto:info@example.org"),
        ("/deliverables/X/", ""),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("http://[x", ""),
        ("", ""),
    ],
)
def test_a_file_has_only_addresses_that_can_be_followed_from_anywhere(url, address):
    assert Words("x", url=url).address == address


def test_the_words_that_count_sheets_may_come_in_any_order(monkeypatch):
    assert page_sentence() == ["Page ", "page", " of ", "pages", ""]
    monkeypatch.setattr(papers, "_", lambda _: "%(pages)s: %(page)s")
    assert page_sentence() == ["", "pages", ": ", "page", ""]


def test_a_paper_runs_the_way_of_its_language():
    assert [make_paper(language=code).direction for code in ("en", "ar")] == ["ltr", "rtl"]


class TestTheRowsOfATable:
    def test_stand_together_under_what_heads_them(self):
        told = [
            (body.name, [[scope for _, scope, _ in row.cells] for row in body.rows])
            for body in make_table().bodies
        ]
        grouped = ["rowgroup", "row", ""]
        assert told == [
            ("Theme", [["rowgroup"]]),
            ("1. Localization", [grouped, grouped]),
            ("2. Leadership", [grouped]),
        ]

    def test_are_named_by_their_first_cell_where_none_covers_any(self):
        rows = (Row((cell("a"), cell("b"), cell("c"))), Row((cell("d"), cell("e"), cell("f"))))
        (body,) = make_table(rows=rows).bodies
        assert body.name == ""
        assert [[scope for _, scope, _ in row.cells] for row in body.rows] == [["row", "", ""]] * 2


class Cells(HTMLParser):
    """The cells of a page: tag and attributes of each."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in ("th", "td"):
            self.found.append((tag, dict(attrs)))


def on_page(*blocks, base="ltr"):
    context = {"blocks": blocks or make_paper().blocks, "on_page": True, "base": base}
    return render_to_string("paper/_blocks.html", context)


class TestOnAPage:
    def test_a_cell_that_covers_rows_is_one_that_heads_their_group(self):
        cells = Cells(on_page(make_table())).found
        assert cells[3:] == [
            ("th", {"scope": "rowgroup", "colspan": "3"}),
            ("th", {"scope": "rowgroup", "rowspan": "2"}),
            ("th", {"scope": "row", "class": "shade-prioritized"}),
            ("td", {"data-label": "Status"}),
            ("th", {"scope": "row", "class": "shade-completed"}),
            ("td", {"data-label": "Status"}),
            ("th", {"scope": "rowgroup"}),
            ("th", {"scope": "row"}),
            ("td", {"data-label": "Status"}),
        ]

    def test_the_table_has_a_caption_and_a_group_for_each_area(self):
        page = on_page(make_table())
        assert '<caption class="unseen">Deliverables by area</caption>' in page
        assert page.count("<tbody>") == 3

    def test_no_style_stands_in_it_and_widths_are_classes(self):
        page = on_page()
        assert "style=" not in page and "<style" not in page
        assert re.findall(r'<col class="([^"]+)">', page) == ["w-20", "w-30", "w-50"]

    def test_words_are_escaped_and_have_their_look(self):
        words = (Words("<b>", "strong"), " & ", Words("Ongoing", TAG), Words("x", "quiet"))
        assert (
            '<strong>&lt;b&gt;</strong> &amp; <strong class="tag">[ONGOING]</strong>'
            '<span class="quiet">x</span>' in on_page(paragraph(*words))
        )

    def test_a_paragraph_says_its_direction_only_where_it_runs_against_the_page(self):
        arabic, latin = paragraph("توطين"), paragraph("OCHA")
        page = on_page(arabic, latin)
        assert '<p dir="rtl">توطين</p>' in page and "<p>OCHA</p>" in page
        page = on_page(arabic, latin, base="rtl")
        assert "<p>توطين</p>" in page and '<p dir="ltr">OCHA</p>' in page

    def test_a_link_stays_on_the_site(self):
        page = on_page(paragraph(Words("here", url="/deliverables/X/?as_of=2021-06-30")))
        assert '<a href="/deliverables/X/?as_of=2021-06-30">here</a>' in page

    def test_a_heading_has_its_anchor(self):
        assert '<h2 id="by-area">By area</h2>' in on_page()
