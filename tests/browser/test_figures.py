"""Every figure of a dashboard is the number of rows of the list and file that it leads to."""

import re
from collections import defaultdict
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from tests.browser.visits import open_all
from tests.figures import listed
from tests.public_pages import read_csv

pytestmark = pytest.mark.browser

DASHBOARDS = [
    "/",
    "/groups/",
    "/groups/rg1/",
    "/workplans/",
    "/workplans/rg1-2020/",
    "/workplans/protection-rollout-2016/",
    "/entities/ocha/",
    "/meetings/opag-2020-07-09/",
    "/meetings/rg1-2020-07-16/",
    "/follow-up/",
    "/recommendations/",
]
DAYS = ["2020-07-16", "2021-06-30"]
# To show a list takes longer than to count it and to write its file: one in so many is shown.
SHOWN = 30
LISTS = ("/deliverables/", "/action-points/", "/recommendations/")
FIGURE = re.compile(r"\d+(?!\S)")


class Figures(HTMLParser):
    """Collects the links of a page that begin with a number and lead to a list."""

    def __init__(self, page):
        super().__init__()
        self.found, self.href, self.words = [], None, ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            href = dict(attrs).get("href") or ""
            self.href = href if href.partition("?")[0] in LISTS and "?" in href else None
            self.words = ""

    def handle_data(self, data):
        self.words += data

    def handle_endtag(self, tag):
        if tag == "a" and self.href:
            if number := FIGURE.match(self.words.strip()):
                self.found.append((self.href, int(number[0])))
            self.href = None


class Rows(HTMLParser):
    """Collects the items whose rows a page of a list has, and the address of the next page."""

    def __init__(self, page):
        super().__init__()
        self.items, self.next, self.in_head = [], None, False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "th" and attrs.get("scope") == "row":
            self.in_head = True
        elif tag == "a" and self.in_head:
            self.items.append(attrs["href"])
            self.in_head = False
        elif tag == "a" and attrs.get("rel") == "next":
            self.next = attrs["href"]


def shown_rows(client, address):
    """Return the items of all pages of a list, as they are shown."""
    found = []
    while address:
        response = client.get(address)
        assert response.status_code == 200, address
        page = Rows(response.content.decode())
        found += page.items
        address = page.next
    return found


def count_shown(client, address):
    """Return the number of rows of all pages of a list, as they are shown."""
    return len(shown_rows(client, address))


def count_listed(client, address):
    """Return the number of rows of a list, which its pages share out among them.

    The recommendations are no list with filters and pages, and are few: they are shown.
    """
    is_paged = urlsplit(address).path != "/recommendations/"
    return listed(client, address) if is_paged else count_shown(client, address)


def count_in_file(client, address):
    """Return the number of rows of the file that has a list's own query."""
    path, query = urlsplit(address)[2:4]
    return len(read_csv(client.get(f"{path.rstrip('/')}.csv?{query}")))


class Counts:
    """The numbers of rows of lists and files, each counted once: many figures share a list."""

    def __init__(self):
        self.client, self.known = Client(), {}

    def of(self, address, ways):
        """Return the numbers that some ways to count find, which ought to be one number."""
        for way in ways:
            if (address, way) not in self.known:
                self.known[address, way] = way(self.client, address)
        return {self.known[address, way] for way in ways}


@pytest.fixture(scope="package")
def counts(db):
    return Counts()


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_a_figure_is_the_number_of_rows_of_its_list_and_file(counts, dashboard):
    """On each day every figure is followed; of each kind of list some are shown as well."""
    figures = defaultdict(list)
    for day in DAYS:
        page = counts.client.get(dashboard, {"as_of": day})
        assert page.status_code == 200
        found = Figures(page.content.decode()).found
        assert found, f"no figure leads to a list on {day}"
        for address, figure in dict.fromkeys(found):
            figures[urlsplit(address).path].append((address, figure))
    wrong = []
    for pairs in figures.values():
        for number, (address, figure) in enumerate(pairs):
            ways = [count_listed, count_in_file] + [count_shown] * (number % SHOWN == 0)
            if (rows := counts.of(address, ways)) != {figure}:
                wrong.append(f"{figure}, but {rows} rows: {address}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("dashboard", ["/", "/workplans/rg1-2020/", "/follow-up/"])
def test_a_click_on_a_figure_shows_as_many_rows(page, dashboard):
    page.goto(dashboard)
    figures = dict(Figures(page.content()).found)
    on_one_page = [address for address, figure in figures.items() if 0 < figure <= 50]
    for address in on_one_page[:: len(on_one_page) // 4]:
        page.goto(dashboard)
        open_all(page)
        page.locator(f"main a[href='{address}']").first.click()
        assert resolve(urlsplit(page.url).path).url_name.endswith("_list")
        assert page.locator("main tbody th[scope=row]").count() == figures[address]
