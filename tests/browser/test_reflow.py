"""Nothing scrolls sideways and no words are cut on a narrow screen, or with everything enlarged."""

import pytest

from tests.browser.visits import (
    STAFF,
    assert_none,
    choose_many,
    enlarge_text,
    every_public_page,
    open_all,
    visit,
    visit_staff,
)

pytestmark = pytest.mark.browser

NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 900}
HALF = {"width": 640, "height": 450}

# The elements that reach farthest beyond the page, if it scrolls sideways.
TOO_WIDE = """() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    return [...document.body.querySelectorAll("*")]
        .map(element => ({element, right: element.getBoundingClientRect().right}))
        .filter(({right}) => right > root.clientWidth + 0.5)
        .sort((one, other) => other.right - one.right)
        .slice(0, 5)
        .map(({element, right}) =>
            `to ${Math.round(right)} of ${root.clientWidth} px: ` +
            element.outerHTML.replace(/\\s+/g, " ").slice(0, 150))
        .concat(`the page is ${root.scrollWidth} px wide`);
}"""
# Elements that hide a part of their words. What is kept for screen readers alone hides all.
CUT = """() => [...document.body.querySelectorAll("*")]
    .filter(element => {
        const style = getComputedStyle(element);
        const hides = axis => ["hidden", "clip"].includes(style[axis]);
        return element.textContent.trim() && style.clipPath === "none" && element.clientWidth &&
            element.checkVisibility() && (
                hides("overflowX") && element.scrollWidth > element.clientWidth + 1 ||
                hides("overflowY") && element.scrollHeight > element.clientHeight + 1
            );
    })
    .map(element => `cut: ${element.outerHTML.replace(/\\s+/g, " ").slice(0, 150)}`)"""
# Main controls that are not wholly within the page's width.
OUT_OF_SIGHT = """() => [...document.querySelectorAll(
        "h1, .site-name, .site-nav a, .day-picker summary, main summary, main button, main input"
    )]
    .filter(element => element.checkVisibility() && element.type !== "hidden")
    .filter(element => {
        const {left, right, width, height} = element.getBoundingClientRect();
        return !width || !height || left < 0 || right > document.documentElement.clientWidth + 0.5;
    })
    .map(element => `out of sight: ${element.outerHTML.slice(0, 150)}`)"""


def problems(page, *looks):
    """Return what looks wrong on a page, each thing once."""
    return [problem for look in looks for problem in page.evaluate(look)]


@every_public_page
@pytest.mark.browser_context_args(viewport=HALF, device_scale_factor=2)
def test_a_public_page_fits_narrow_and_enlarged(page, name):
    """At 320 pixels, at a zoom of 200 % in a window of 1280 pixels, there with large letters."""
    visit(page, name)
    found = {}
    for opened in ("as it comes", "all opened"):
        if opened == "all opened":
            open_all(page)
        page.set_viewport_size(HALF)
        found[f"zoom of 200 %, {opened}"] = problems(page, TOO_WIDE, CUT, OUT_OF_SIGHT)
        page.set_viewport_size(NARROW)
        found[f"320 pixels, {opened}"] = problems(page, TOO_WIDE, CUT)
    page.set_viewport_size(WIDE)
    enlarge_text(page)
    found["letters twice as large"] = problems(page, TOO_WIDE, CUT, OUT_OF_SIGHT)
    assert_none([f"{how}: {problem}" for how, places in found.items() for problem in places])


@pytest.mark.browser_context_args(viewport=NARROW)
@pytest.mark.parametrize("name", STAFF)
def test_a_staff_page_fits_320_pixels(staff_page, name):
    visit_staff(staff_page, name)
    assert_none(problems(staff_page, TOO_WIDE))
    open_all(staff_page)
    assert_none(problems(staff_page, TOO_WIDE))


@pytest.mark.browser_context_args(viewport=NARROW)
def test_the_page_on_which_many_are_updated_fits_320_pixels(staff_page):
    choose_many(staff_page)
    assert_none(problems(staff_page, TOO_WIDE))
