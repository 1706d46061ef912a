"""The whole way through the site in a browser that runs no script."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.visits import visit

pytestmark = [pytest.mark.browser, pytest.mark.browser_context_args(java_script_enabled=False)]


def count(page):
    """The number of items that a list says it has."""
    return int(re.search(r"\d+", page.get_by_role("status").inner_text())[0])


def open_filters(page):
    """Open the panel of filters, which stands open where there is room, and return it."""
    panel = page.locator("details.filters")
    summary = panel.locator("summary").first
    if summary.is_visible():
        summary.click()
    return panel


def test_filter_by_a_status(page):
    visit(page, "deliverables")
    everything = count(page)
    panel = open_filters(page)
    panel.get_by_role("checkbox", name="Ongoing").check()
    panel.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("status=ongoing"))
    assert 0 < count(page) < everything
    statuses = page.locator("tbody tr .status").all_inner_texts()
    assert statuses and {words.strip() for words in statuses} == {"Ongoing"}
    page.get_by_role("link", name="Clear all").click()
    assert count(page) == everything


def test_sort_and_turn_the_page(page):
    page.goto("/deliverables/?archived=all&level=all")
    titles = page.locator("tbody .item-title")
    head = page.locator("thead th", has_text="Deliverable")
    whole, unsorted = count(page), titles.all_inner_texts()
    assert len(unsorted) == 50 < whole
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    first = titles.all_inner_texts()
    assert first != unsorted
    page.locator(".pages").get_by_role("link", name="Page 2").click()
    expect(page).to_have_url(re.compile("sort=title.*page=2"))
    last = titles.all_inner_texts()
    assert len(last) == whole - 50
    assert count(page) == whole
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert titles.all_inner_texts() == [*reversed(last), *reversed(first)][:50]


def test_search_in_a_list_and_in_all(page):
    visit(page, "deliverables")
    panel = open_filters(page)
    panel.get_by_role("searchbox").fill("localization")
    panel.get_by_role("button", name="Show").click()
    assert 0 < count(page) == page.locator("tbody tr").count()
    page.goto("/search/")
    page.locator("main").get_by_role("searchbox").fill("localization")
    page.locator("main form button").first.click()
    expect(page).to_have_url(re.compile("/search/.*q=localization"))
    expect(page.locator("main")).to_contain_text(re.compile("localization", re.IGNORECASE))


def test_choose_another_day(page):
    visit(page, "workplan")
    page.locator(".day-picker summary").click()
    page.locator(".day-picker input[name=as_of]").fill("2020-12-31")
    page.locator(".day-picker").get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("/workplans/rg1-2020/.*as_of=2020-12-31"))
    expect(page.locator("footer")).to_contain_text("31 December 2020")
    page.locator("main a[href^='/deliverables/?']").first.click()
    expect(page).to_have_url(re.compile("/deliverables/.*as_of=2020-12-31"))


@pytest.mark.browser_context_args(viewport={"width": 360, "height": 800})
def test_filter_on_a_phone(page):
    visit(page, "action points")
    panel = open_filters(page)
    button = panel.get_by_role("button", name="Show")
    panel.get_by_role("checkbox", name="Completed").check()
    button.click()
    expect(page).to_have_url(re.compile("status=completed"))
    assert not button.is_visible()
    assert count(page) == page.locator("tbody tr").count() > 0


@pytest.mark.parametrize("name", ["deliverables filtered", "action points"])
def test_the_file_has_the_rows_that_the_page_counts(page, name):
    visit(page, name)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert len(list(csv.DictReader(text.splitlines(keepends=True)))) == count(page) > 0
