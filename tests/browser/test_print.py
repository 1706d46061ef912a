"""On paper, A4: the day and the filter are told, tables stay tables, their heads are repeated."""

import io

import pypdf
import pytest

from tests.browser.visits import PUBLIC, visit

pytestmark = pytest.mark.browser

LONG = "/deliverables/?archived=all&level=all&as_of=2020-12-31"
FILTERED = "/deliverables/?status=ongoing&status=completed&group=rg1"
# The width of A4 between margins of 15 mm, in CSS pixels.
PAPER = {"width": 680, "height": 900}
# What browsers leave on paper where a stylesheet does not say.
MARGIN = dict.fromkeys(("top", "right", "bottom", "left"), "10mm")


def printed(page):
    """Return the words of each sheet of a page, printed on A4, blanks folded."""
    paper = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4", margin=MARGIN)))
    return [" ".join(sheet.extract_text().split()) for sheet in paper.pages]


def heads(page):
    return [head.strip() for head in page.locator("main table thead th").all_text_contents()]


def test_each_sheet_of_a_list_has_the_head_of_its_table(page):
    page.goto(LONG)
    sheets = printed(page)
    assert len(sheets) > 2
    assert "31 December 2020" in sheets[0]
    for number, sheet in enumerate(sheets[:-1], start=1):
        missing = [head for head in heads(page) if head not in sheet]
        assert not missing, f"sheet {number} of {len(sheets)} lacks {missing}: {sheet[:300]}"


def test_a_list_tells_its_filters(page):
    page.goto(FILTERED)
    [first, *_others] = printed(page)
    for words in ("30 June 2021", "Ongoing", "Completed", "RG1"):
        assert words in first


@pytest.mark.parametrize("name", ["workplan", "workplan of a past day"])
def test_a_workplan_tells_its_day(page, name):
    visit(page, name)
    words = " ".join(printed(page))
    assert ("16 July 2020" if "as_of" in PUBLIC[name] else "30 June 2021") in words
    assert "Workplan and Areas of Priority" in words


@pytest.mark.browser_context_args(viewport=PAPER)
@pytest.mark.parametrize("name", ["deliverables", "workplan", "action points"])
def test_tables_stay_tables_on_paper(page, name):
    visit(page, name)
    page.emulate_media(media="print")
    found = page.evaluate(
        """() => [...document.querySelectorAll("main table")]
            .filter(table => table.checkVisibility() && table.tHead)
            .map(table => {
                const row = table.tBodies[0].rows[0], style = getComputedStyle(row);
                return [
                    getComputedStyle(table).display, getComputedStyle(table.tHead).display,
                    style.display, style.breakInside, getComputedStyle(row.cells[0]).display,
                ];
            })"""
    )
    assert found
    for table in found:
        assert table == ["table", "table-header-group", "table-row", "avoid", "table-cell"]


def test_what_is_of_no_use_on_paper_is_not_printed(page):
    page.goto(FILTERED)
    page.emulate_media(media="print")
    for useless in (".site-nav", ".day-picker", "form", ".skip", ".head-links"):
        assert not page.locator(useless).first.is_visible(), useless
