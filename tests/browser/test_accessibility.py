"""axe-core finds nothing on any page, narrow or wide, as it comes or with all of it opened."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.browser.addresses import PUBLIC, pages_without
from tests.browser.visits import (
    DESK,
    PHONE,
    STAFF,
    assert_none,
    choose_many,
    every_public_page,
    open_all,
    visit,
    visit_staff,
)

pytestmark = pytest.mark.browser

RUN = """opened => axe.run(
    opened ? [...document.querySelectorAll(".opened-now")] : document,
    {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
        reporter: "no-passes",
        resultTypes: ["violations"],
        preload: false,  // of use to an experimental rule alone
    },
).then(results => results.violations)"""
SIZES = (PHONE, DESK)


def problems(page, opened):
    """Yield what axe finds on a page, or in what was opened of it, a text for each place."""
    for violation in page.evaluate(RUN, opened):
        for node in violation["nodes"]:
            reasons = [check["message"] for kind in ("any", "all", "none") for check in node[kind]]
            yield "\n    ".join(
                [
                    f"{violation['id']} ({violation['impact']}): {violation['help']}",
                    " ".join(map(str, node["target"])),
                    " ".join(node["html"].split())[:200],
                    *reasons,
                ]
            )


def all_problems(page):
    """Return what axe finds, on a phone and at a desk, before and after all is opened."""
    page.evaluate(AXE_SCRIPT)
    found = {}
    for opened in (False, True):
        if opened and not open_all(page):
            break
        for size in SIZES:
            page.set_viewport_size(size)
            for problem in problems(page, opened):
                place = f"{size['width']} px, {'opened' if opened else 'as it comes'}"
                found.setdefault(problem, []).append(place)
    return [f"{problem}\n    at {'; '.join(places)}" for problem, places in found.items()]


@every_public_page
def test_axe_finds_nothing_on_a_public_page(visitor, name):
    visit(visitor, name)
    assert_none(all_problems(visitor))


@pytest.mark.parametrize("name", STAFF)
def test_axe_finds_nothing_on_a_staff_page(staff_page, name):
    visit_staff(staff_page, name)
    assert_none(all_problems(staff_page))


def test_axe_finds_nothing_where_many_are_updated(staff_page):
    choose_many(staff_page)
    assert_none(all_problems(staff_page))
    staff_page.get_by_role("button", name="Update").click()
    staff_page.get_by_text("Please correct").wait_for()
    assert_none(all_problems(staff_page))


def test_what_is_chosen_and_rows_that_are_added_have_names(staff_page):
    visit_staff(staff_page, "new workplan")
    staff_page.get_by_role("combobox", name="Owner", exact=True).click()
    staff_page.keyboard.type("rg1")
    staff_page.get_by_role("option", name="RG1", exact=True).click()
    assert staff_page.get_by_role("combobox", name="Owner, RG1", exact=True).is_visible()
    staff_page.get_by_text("Add another Deliverable").click()
    assert staff_page.get_by_role("textbox", name="Title", exact=True).count() == 3
    assert staff_page.get_by_role("combobox", name="Leads").count() == 2
    assert_none(all_problems(staff_page))


def test_axe_finds_nothing_where_staff_sign_in(page):
    page.goto("/admin/login/")
    assert_none(all_problems(page))


def test_every_page_is_in_the_list():
    assert pages_without(PUBLIC.values()) == []
