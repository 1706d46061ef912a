"""A paper as a PDF file, through WeasyPrint: tagged for screen readers, fonts within."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from workplans.papers import (
    KEPT_WHOLE,
    Paper,
    Paragraph,
    Table,
    height,
    lines,
    page_sentence,
    writable,
)

STYLESHEET = "paper.css"

# They tell of each step, from their import on, and of each table of a font; what goes wrong is
# still told, and who set a level for them has it.
for _talkative in map(logging.getLogger, ("weasyprint.progress", "fontTools")):
    if _talkative.level == logging.NOTSET:
        _talkative.setLevel(logging.WARNING)


class PdfUnavailable(Exception):
    """WeasyPrint cannot be used here; the words say what is to be installed."""


@functools.cache  # a failed import is tried again, and takes long, each time
def why_not() -> str:
    """Return why no PDF file can be made here, as a sentence for whoever runs the site, or ""."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        # OSError: the package is there, the libraries of the system that it calls are not.
        return _(
            "PDF files cannot be made on this server: install the Python packages of "
            "requirements.txt, and the system’s libpango-1.0-0, libpangoft2-1.0-0, "
            "libharfbuzz-subset0 and fonts-noto-core."
        )
    return ""


def write_pdf(paper: Paper) -> bytes:
    """Return a paper as a PDF file, in its own language.

    Landscape A4, tagged (PDF/UA-1), fonts embedded. The head of a table is repeated on each
    sheet, each but the first says at its upper edge under which band or area its first rows
    stand, and the foot counts the sheets. Nothing is read but the paper, our stylesheet and the
    system's fonts. Raises PdfUnavailable with the words of `why_not`.
    """
    if reason := why_not():
        raise PdfUnavailable(reason)
    import weasyprint

    with override(paper.language):
        now = timezone.localtime().replace(microsecond=0)
        blocks = [spread(one) if isinstance(one, Table) else one for one in paper.blocks]
        content = {"paper": paper, "blocks": blocks, "now": now}
        page = render_to_string("paper/paper.html", content)
        rules = edge_rules(paper) + column_rules(paper)
    sheets = [weasyprint.CSS(string=text, url_fetcher=refuse) for text in (stylesheet(), rules)]
    document = weasyprint.HTML(string=writable(page), url_fetcher=refuse)
    return bytes(document.write_pdf(stylesheets=sheets, pdf_variant="pdf/ua-1"))


def spread(table: Table) -> Table:
    """Return a table as sheets can cut it: each row has cells of its own, short ones stay whole.

    A sheet cannot cut a cell that covers rows without leaving the rest of it white, and what
    is left would have no place in the tagged table. So the paragraphs of a covering cell stand
    in the rows that it covers, from the top, each where it leaves less white.
    """
    widths = [column.width for column in table.columns]
    rows = [list(row.cells) for row in table.rows]
    for first, row in enumerate(table.rows):
        for place, cell in enumerate(row.cells):
            if cell.spans < 2:
                continue
            beside = rows[first : first + cell.spans]
            rooms = [height(cells, widths, alone=True) for cells in beside]
            shares = share(cell.paragraphs, rooms, widths[place])
            for cells, paragraphs in zip(beside, shares, strict=True):
                cells[place] = replace(cells[place], paragraphs=paragraphs, shade=cell.shade)
    return replace(
        table,
        rows=tuple(
            replace(row, cells=tuple(cells), whole=height(cells, widths) <= KEPT_WHOLE)
            for row, cells in zip(table.rows, rows, strict=True)
        ),
    )


def share(
    paragraphs: tuple[Paragraph, ...], rooms: list[int], width: int
) -> list[tuple[Paragraph, ...]]:
    """Deal paragraphs of a column out to rows that have room for so many lines each, in order.

    One that does not fit goes on to the next row if it would make its own taller by more than
    it would leave empty. The first row has the first paragraph, and the last one the rest.
    """
    shares: list[list[Paragraph]] = [[] for _ in rooms]
    at = used = 0
    for paragraph in paragraphs:
        needed = lines((paragraph,), width)
        if shares[at] and at + 1 < len(rooms) and needed > 2 * (rooms[at] - used):
            at, used = at + 1, 0
        shares[at].append(paragraph)
        used += needed
    return [tuple(one) for one in shares]


def refuse(url: str, **options: Any) -> NoReturn:
    """Refuse to fetch anything: a paper holds all that it shows."""
    raise ValueError(f"A paper fetches nothing: {url}")


def stylesheet() -> str:
    """Return our stylesheet, from its source: it is not one that is served."""
    found = finders.find(STYLESHEET)
    if found is None:
        raise FileNotFoundError(f"{STYLESHEET} is in no folder of static files.")
    return Path(found).read_text(encoding="utf-8")


def edge_rules(paper: Paper) -> str:
    """Return what stands at the edges of each sheet, on the sides where the language begins."""
    near, far = ("right", "left") if paper.direction == "rtl" else ("left", "right")
    count = " ".join(
        f"counter({part})" if place % 2 else css_text(part)
        for place, part in enumerate(page_sentence())
    )
    return (
        f"@page {{ @top-{near} {{ content: string(body) }}"
        f" @bottom-{near} {{ content: {css_text(paper.footer)}; width: 85%; text-align: {near} }}"
        f" @bottom-{far} {{ content: {count}; width: 15%; text-align: {far} }} }}\n"
        f"@page :first {{ @top-{near} {{ content: none }} }}\n"
    )


def column_rules(paper: Paper) -> str:
    """Return a rule for each width that a column of the paper has."""
    tables = [block for block in paper.blocks if isinstance(block, Table)]
    widths = {column.width for table in tables for column in table.columns}
    return "".join(f".w-{width} {{ width: {width}% }}\n" for width in sorted(widths))


def css_text(text: str) -> str:
    """Return a text as a string of CSS, whatever it holds."""
    plain = writable(text).replace("\n", " ")
    return '"' + "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in plain) + '"'
