"""Papers as the tests of their files need them."""

from workplans.papers import (
    QUIET,
    REMOVED,
    STRONG,
    TAG,
    Cell,
    Column,
    Heading,
    Legend,
    Paper,
    Row,
    Table,
    Words,
    cell,
    paragraph,
)
from workplans.status_words import COMPLETED, ONGOING

TAGGED = Words("Ongoing", TAG, status=ONGOING)


def make_table(**kwargs):
    """Make a table of three columns: a band, an area over two rows, and one over a row."""
    fields = {
        "caption": "Deliverables by area",
        "columns": (Column("Area", 20), Column("Deliverable", 30), Column("Status", 50)),
        "rows": (
            Row((cell(paragraph(Words("Theme", STRONG))),), band=True),
            Row(
                (
                    cell(paragraph(Words("1. Localization", STRONG), kind="name"), spans=2),
                    cell(
                        paragraph(Words("1.1 ", STRONG), "Benchmarks", kind="name"),
                        paragraph("(i) a part", kind="part"),
                        shade="prioritized",
                    ),
                    cell(
                        paragraph(TAGGED, " Drafted."),
                        paragraph(Words("May 2021: ", QUIET), "Sent out.", kind="told"),
                    ),
                )
            ),
            Row(
                (
                    Cell(spans=0),
                    cell("1.2 Guidance", shade="completed"),
                    cell(paragraph(Words("Completed", TAG, status=COMPLETED), " Done.")),
                )
            ),
            Row(
                (
                    cell("2. Leadership"),
                    cell("2.1 Handbook"),
                    cell(paragraph(Words("[removed]", REMOVED))),
                )
            ),
        ),
    }
    return Table(**fields | kwargs)


def make_paper(*blocks, **kwargs):
    """Make a paper with everything that a paper can have; blocks take the place of its own."""
    fields = {
        "title": "Results Group 1: progress report",
        "subtitle": "Workplan for 2020 and 2021",
        "mark": "Draft",
        "facts": (("Led by", "OCHA"), ("Status as of", "30 June 2021")),
        "blocks": blocks
        or (
            paragraph("A note."),
            Heading("By area", "by-area"),
            Legend(
                "Legend",
                (
                    ("prioritized", paragraph("Prioritized")),
                    ("completed", paragraph("Completed")),
                    ("", paragraph("What stands in brackets is the status.")),
                ),
            ),
            make_table(),
        ),
        "footer": "RG1 – progress report – draft",
        "language": "en",
    }
    return Paper(**fields | kwargs)


def make_long_table(rows, words=30):
    """Make a table with an area over every five rows, each of them numbered."""
    text = " ".join(["word"] * words)
    return Table(
        caption="Many",
        columns=(Column("Area", 20), Column("Deliverable", 30), Column("Status", 50)),
        rows=tuple(
            Row(
                (
                    cell(f"Area {number // 5 + 1}", "What it is for.", spans=5)
                    if number % 5 == 0
                    else Cell(spans=0),
                    cell(f"Deliverable {number + 1}"),
                    cell(text),
                )
            )
            for number in range(rows)
        ),
    )


def words_as_pdf(paper):
    """Return what stands for a PDF file where only its words matter."""
    cells = [
        cell for block in paper.blocks for row in getattr(block, "rows", ()) for cell in row.cells
    ]
    lines = [paragraph.text for cell in cells for paragraph in cell.paragraphs]
    return "\n".join(["%PDF-", paper.title, *lines]).encode()
