"""What a visit costs over the line: cold, and with the stylesheet known already."""

from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

from tests.browser.visits import every_public_page, visit

pytestmark = pytest.mark.browser

COLD, WARM, STYLESHEET = 30_000, 15_000, 6_000


class Line:
    """Counts the bytes that a page brings, heads included, as the browser's network counts them."""

    def __init__(self, page):
        self.page, self.pending, self.loaded = page, {}, {}
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self.sent)
        session.on("Network.requestServedFromCache", self.known)
        session.on("Network.loadingFinished", self.finished)
        session.send("Network.enable")

    def sent(self, event):
        self.pending[event["requestId"]] = event["request"]["url"]

    def known(self, event):
        self.pending.pop(event["requestId"], None)

    def finished(self, event):
        address = self.pending.pop(event["requestId"], None)
        length = int(event["encodedDataLength"])
        if address and length:  # none came over the line of what the browser has kept
            self.loaded[address] = length

    def visit(self, name):
        """Go to a page, and return the bytes of each address that was loaded."""
        self.pending.clear()
        self.loaded = {}
        visit(self.page, name)
        for _wait in range(100):
            if not self.pending:
                break
            self.page.wait_for_timeout(20)
        assert not self.pending
        assert self.page.url in self.loaded
        return self.loaded


def table(loaded):
    """Return what was loaded as lines, the total last."""
    lines = [f"{length:8,}  {address}" for address, length in loaded.items()]
    return "\n".join(["", *lines, f"{sum(loaded.values()):8,}  in all"])


def is_static(address):
    """Whether an address is of a file that is named by its content, and so asked for once."""
    return urlsplit(address).path.startswith(settings.STATIC_URL)


@every_public_page
def test_a_page_is_light(page, name):
    loaded = Line(page).visit(name)
    assert any(address.endswith(".css") for address in loaded)
    assert sum(loaded.values()) <= COLD, table(loaded)
    # What a visitor loads who has seen another page before: see the next test.
    own = {address: length for address, length in loaded.items() if not is_static(address)}
    assert sum(own.values()) <= WARM, table(own)


def test_a_second_page_loads_nothing_that_the_first_did(page):
    line = Line(page)
    first = dict(line.visit("overview"))
    assert any(map(is_static, first))
    for name in ("workplan", "deliverables", "changes"):
        assert not [address for address in line.visit(name) if address in first]


def test_the_stylesheet_is_small(site):
    """As it is sent to a browser that takes gzip, the least that all of them do."""
    name = staticfiles_storage.stored_name("site.css")
    assert staticfiles_storage.size(f"{name}.gz") <= STYLESHEET
