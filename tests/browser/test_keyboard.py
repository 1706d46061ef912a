"""With nothing but a keyboard: all that can be used is reached, in order, and is seen to be."""

import pytest

from tests.browser.visits import assert_none, every_public_page, open_all, visit

pytestmark = pytest.mark.browser

# Notes what gets the focus, in `focused`: its number among what can be used, in the order of the
# document (-1 for another element), and whether it then looks otherwise than without.
WATCH = """() => {
    const look = element => {
        const style = getComputedStyle(element);
        const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 &&
            style.outlineColor !== "rgba(0, 0, 0, 0)";
        return `${outlined && style.outline} / ${style.boxShadow}`;
    };
    const usable = [...document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary, " +
        "[tabindex]:not([tabindex^='-'])"
    )].filter(element => !element.disabled && element.checkVisibility({visibilityProperty: true}));
    const before = new Map(usable.map(element => [element, look(element)]));
    window.usable = usable;
    window.focused = [];
    document.addEventListener("focusin", ({target}) => window.focused.push({
        number: usable.indexOf(target),
        words: target.outerHTML.slice(0, 150),
        seen: before.get(target) !== look(target),
    }));
}"""
# A group of radio buttons is one stop: the chosen one, or the first.
STOPS = """() => window.usable
    .map((element, number) => ({element, number}))
    .filter(({element}) => element.type !== "radio" || element === (
        window.usable.find(other => other.name === element.name && other.checked) ??
        window.usable.find(other => other.name === element.name)
    ))
    .map(({element, number}) => ({number, words: element.outerHTML.slice(0, 150)}))"""
BACK_TO_THE_START = """() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
}"""
# So many presses more, as often as needed, where others than the known stops got the focus.
MORE = 5


def walk(page, stops):
    """Hold Tab down until the focus has gone all round; return what got it, each in its turn.

    A key that is held repeats itself: it costs half of as many presses.
    """
    try:
        for presses in [stops + 1] + [MORE] * (2 + 3 * stops // MORE):
            for _repeat in range(presses):
                page.keyboard.down("Tab")
            focused = page.evaluate("() => window.focused")
            if any(stop["number"] == 0 for stop in focused[1:]):
                again = next(i for i, stop in enumerate(focused) if i and stop["number"] == 0)
                return focused[:again]
    finally:
        page.keyboard.up("Tab")
    raise AssertionError(f"the focus does not come round; last at {focused[-3:]}")


@every_public_page
def test_tab_skips_to_the_content_and_reaches_everything_in_order(visitor, name):
    visit(visitor, name)
    check_skip_link(visitor)
    open_all(visitor)
    visitor.evaluate(BACK_TO_THE_START)
    visitor.evaluate(WATCH)
    stops = visitor.evaluate(STOPS)
    reached = walk(visitor, len(stops))
    assert_none([f"not seen: {stop['words']}" for stop in reached if not stop["seen"]])
    numbers = [stop["number"] for stop in reached if stop["number"] >= 0]
    assert_none([f"missed: {stop['words']}" for stop in stops if stop["number"] not in numbers])
    assert numbers == [stop["number"] for stop in stops], "out of order"


def check_skip_link(page):
    """Check that the first stop shows itself, and skips to the content."""
    skip = page.locator("a.skip")
    clip = "element => getComputedStyle(element).clipPath"
    assert skip.evaluate(clip) == "inset(50%)"
    page.keyboard.press("Tab")
    assert skip.evaluate("element => element === document.activeElement")
    assert skip.evaluate(clip) == "none"
    box = skip.bounding_box()
    assert box["x"] >= 0 and box["y"] >= 0 and box["width"] > 60 and box["height"] >= 24
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    if page.locator("main a").count():
        page.keyboard.press("Tab")
        assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_what_is_closed_opens_by_the_keyboard(page):
    visit(page, "deliverables")
    page.locator("summary", has_text="filter").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Show").last.wait_for()
    search = page.locator("main").get_by_role("searchbox")
    search.focus()
    page.keyboard.type("localization")
    page.keyboard.press("Enter")
    page.wait_for_url("**/deliverables/?*q=localization*")
