"""Spreadsheets to measure imports on: new deliverables, and changes of these, with updates."""

from __future__ import annotations

import csv
import gc
import io
import time
from collections.abc import Iterator
from random import Random
from statistics import median

import xlsxwriter
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from iasc_tracker import benchmark_machine
from iasc_tracker.benchmark_files import analyze
from iasc_tracker.benchmark_sites import AGENCIES, AREAS, SLUG, make_entities, sentence
from workplans.importing.deliverables import DeliverableResource
from workplans.importing.uploads import confirm, keep, look_again
from workplans.models import Entity, EntityKind, PriorityArea, Workplan

Row = dict[str, str]


def make_rows(amount: int, parties: list[Entity], chance: Random) -> list[Row]:
    """Return rows for new deliverables, each with parties, a time frame and a first update."""
    return [
        {
            "ref": f"{SLUG}-I-{number}".upper(),
            "workplan": SLUG,
            "priority_area": str(number % AREAS + 1),
            "title": f"{number} {sentence(chance, 14)}",
            "priority": chance.choice(["prioritized", "de-prioritized", ""]),
            "leads": "; ".join(str(party) for party in chance.sample(parties, 2)),
            "supporting": f"{chance.choice(parties)} (consulted)",
            "timeframe": chance.choice(["by June 2027", "Q2 2027", "end 2027", "TBD"]),
            "indicators": sentence(chance, 12),
            "comments": "",
            "new_status": chance.choice(["Ongoing", "Not started", "Continuous"]),
            "new_narrative": sentence(chance, 25),
        }
        for number in range(amount)
    ]


def changed_rows(rows: list[Row], parties: list[Entity], chance: Random) -> list[Row]:
    """Return the same rows with another title and update, and in one of ten another lead."""
    return [
        {
            **row,
            "title": f"{row['title']}, revised",
            "leads": str(chance.choice(parties)) if number % 10 == 0 else row["leads"],
            "new_status": "Completed",
            "new_narrative": sentence(chance, 25),
        }
        for number, row in enumerate(rows)
    ]


def as_csv(rows: list[Row]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def as_excel(rows: list[Row]) -> bytes:
    """Return a workbook as spreadsheet programs save it: each text once, in a table of texts."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([{name: name for name in rows[0]}, *rows]):
            sheet.write_row(place, 0, row.values())
    return file.getvalue()


# Each kind of file that is brought in, and what makes it.
KINDS = {"CSV": as_csv, "Excel": as_excel}


def bring_in(content: bytes, user: User) -> float:
    """Send a file in and look at it; return the seconds that its import takes then.

    In these it is read, judged, compared with what its sender was shown, and written.
    """
    file = SimpleUploadedFile("benchmark", content)
    upload = keep(user, file, DeliverableResource)
    look_again(upload, user, DeliverableResource)
    gc.collect()  # what the look leaves is no part of the import
    begun = time.perf_counter()
    confirm(upload, user, DeliverableResource)
    check_constraints()
    return time.perf_counter() - begun


def check_constraints() -> None:
    """Let PostgreSQL check what refers to what, which it otherwise leaves for the commit."""
    if connection.vendor == "postgresql":
        connection.check_constraints()


def run(kind: str, amount: int) -> Iterator[tuple[str, float]]:
    """Import new and changed deliverables from one kind of file; yield names and seconds."""
    chance = Random(1)
    parties = make_entities(AGENCIES, EntityKind.AGENCY)
    plan = Workplan.objects.create(title="Benchmark of imports", slug=SLUG, published=True)
    PriorityArea.objects.bulk_create(
        PriorityArea(workplan=plan, number=str(n), title=f"Area {n}", order=n, slug=f"{SLUG}-{n}")
        for n in range(1, AREAS + 1)
    )
    user = User.objects.create(username=SLUG)
    rows = make_rows(amount, parties, chance)
    yield f"{kind}, new", bring_in(KINDS[kind](rows), user)
    analyze()
    changed = changed_rows(rows, parties, chance)
    yield f"{kind}, changed", bring_in(KINDS[kind](changed), user)


def tidy() -> None:
    """Let PostgreSQL clear away what was rolled back, which otherwise stays in its statistics."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")


def measure_imports(amount: int, runs: int) -> Iterator[str]:
    """Yield a line for each kind of import: the median, and the range, of rows in a second."""
    found: dict[str, list[float]] = {}
    speeds: dict[str, list[float]] = {}
    for _run in range(runs):
        for kind in KINDS:
            tidy()
            with transaction.atomic():
                for name, seconds in run(kind, amount):
                    found.setdefault(name, []).append(amount / seconds)
                    speeds.setdefault(name, []).append(benchmark_machine.speed())
                transaction.set_rollback(True)
    tidy()
    for name, rates in found.items():
        yield (
            f"{name:15} {median(rates):6.0f} rows/s ({min(rates):.0f}–{max(rates):.0f}), "
            f"{amount} rows, ledger and judgement included; "
            f"{benchmark_machine.in_words(speeds[name])}"
        )
