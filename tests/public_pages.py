"""Reading what the public pages and files answer."""

import csv
import html
import io
import re

# Asked by the day picker in the head of each page: the days of the last meetings and reports, and
# the years of which something is known.
DAY_PICKER = 2


def read_csv(response):
    """The rows of a CSV file as dictionaries, its form checked on the way."""
    assert response.status_code == 200, response.content
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}")
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), strict=True))


def read_refs(response):
    """The references of the rows on a page of a list, in their order."""
    assert response.status_code == 200
    return [row.item.ref for row in response.context["rows"]]


def read_text(response):
    """The words of a page, without markup, blanks folded."""
    page = re.sub(r"<(head|nav)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    return re.sub(r" ([,.;])", r"\1", text)


def read_alert(response):
    """The sentences that a page shows about what it did not understand."""
    found = re.search(r'<div class="errors" role="alert">.*?</ul>', response.content.decode(), re.S)
    assert found, "the page shows no error"
    return [html.unescape(item) for item in re.findall(r"<li>(.*?)</li>", found[0], re.S)]
