"""The files of very many deliverables: how many rows in a second, and in how much memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryFile
from typing import Any, Self

import xlsxwriter
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.translation import gettext as _

from iasc_tracker import benchmark_machine
from iasc_tracker.benchmark_sites import (
    PARTIES,
    give_parties,
    make_deliverables,
    make_entities,
    make_source,
    sentence,
)
from workplans import days
from workplans.filters import EVERYTHING
from workplans.item_tables import DeliverableTable
from workplans.models import Deliverable, EntityKind, SourceDocument, Workplan
from workplans.status import Entry, record_updates
from workplans.status_words import DELIVERABLE_STATUSES
from workplans.views import DeliverableListing

# A tenth of the deliverables are one group's, so that its file is a tenth of the file of all.
GROUPS = 10
# The deliverables of one workplan: they are made, and told of, at a time.
OF_A_PLAN = 500
REPORTS = 3


def make_records(amount: int) -> str:
    """Make workplans with some deliverables in all, and return the address of the first group.

    Each deliverable has four parties and three updates, and one in five has a part. No more
    than those of a plan are in memory at a time.
    """
    chance = Random(1)
    today = days.site_today()
    groups = make_entities(GROUPS, EntityKind.RESULTS_GROUP)
    parties = make_entities(PARTIES, EntityKind.AGENCY)
    sources = [
        make_source(f"report-{number}", today - timedelta(days=150 * (REPORTS - 1 - number)))
        for number in range(REPORTS)
    ]
    for number, group in enumerate(groups):
        of_group = left = amount // GROUPS + (number < amount % GROUPS)
        while left:
            share = min(left, OF_A_PLAN)
            left -= share
            plan = Workplan.objects.create(
                title=f"Benchmark of {group}, {left}",
                slug=f"{group.slug}-{left}",
                owner=group,
                published=True,
                starts_on=date(today.year - 1, 1, 1),
            )
            items = make_deliverables(plan, share, chance)
            give_parties(items, parties, chance)
            tell(items, sources, chance)
            if left + share == of_group:
                analyze()
    return groups[0].slug


def analyze() -> None:
    """Let PostgreSQL look at its tables anew.

    A server does so by itself, but not for what one transaction has not yet kept.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def tell(items: list[Deliverable], sources: list[SourceDocument], chance: Random) -> None:
    """Tell of deliverables from report to report, in words that CSV has to quote."""
    codes = [word.code for word in DELIVERABLE_STATUSES]
    record_updates(
        [
            Entry(
                item=item,
                status=chance.choice(codes) if number in (0, REPORTS - 1) else "",
                narrative=f"{sentence(chance, 12)}, “{sentence(chance, 9)}”.\nMore is to come.",
                timeframe="" if number else chance.choice(["", "end 2030", "June 2021"]),
                source=source,
            )
            for item in items
            for number, source in enumerate(sources)
        ]
    )


# Measuring


@dataclass
class Watch:
    """What one run of something takes, between `with` and its end, as often as that is."""

    wall: float = 0
    cpu: float = 0
    rows: int = 0
    begun: tuple[float, float] = field(default=(0, 0))

    def __enter__(self) -> Self:
        self.begun = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *exception: object) -> None:
        self.wall += time.perf_counter() - self.begun[0]
        self.cpu += time.process_time() - self.begun[1]


@dataclass(frozen=True, slots=True)
class Measured:
    """Several runs of something; `peak` is the most memory that the process had, in MB."""

    name: str
    watches: list[Watch]
    peak: float | None
    speeds: list[float]

    @property
    def rows(self) -> int:
        return self.watches[0].rows

    @property
    def rate(self) -> float:
        """How many rows it makes in a second."""
        return median(self._rates)

    @property
    def _rates(self) -> list[float]:
        return [watch.rows / watch.wall for watch in self.watches]

    def __str__(self) -> str:
        cpu = median(watch.cpu for watch in self.watches) / self.rows * 1_000_000
        span = f"({min(self._rates):.0f}–{max(self._rates):.0f})"
        return (
            f"{self.name:32} {self.rows:7} rows {self.rate:7.0f} rows/s {span:15} "
            f"{cpu:5.0f} µs CPU a row {in_words(self.peak):>8}, "
            f"{benchmark_machine.in_words(self.speeds)}"
        )


Run = Callable[[Watch], None]


def measure(name: str, run: Run, runs: int) -> Measured:
    """Do something several times and measure it."""
    watches = []
    peaks = []
    speeds = []
    for _number in range(runs):
        forget_peak()
        watch = Watch()
        run(watch)
        watches.append(watch)
        peaks.append(peak_memory())
        speeds.append(benchmark_machine.speed())
    known = [peak for peak in peaks if peak is not None]
    return Measured(name, watches, max(known, default=None), speeds)


def forget_peak() -> None:
    """Let the system take the memory of the process anew; only Linux can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_memory() -> float | None:
    """Return the most memory that the process had since `forget_peak`, in MB; None if unknown."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    sizes = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return sizes[0] / 1024 if sizes else None


def in_words(peak: float | None) -> str:
    return _("unknown") if peak is None else _("%(size).0f MB") % {"size": peak}


def measure_files(group: str, runs: int) -> Iterator[str]:
    """Yield a line for each thing measured; `group` has a tenth of the deliverables.

    The CSV and the Excel file as a visitor gets them; what XlsxWriter takes that writes the same
    cells; what PostgreSQL takes that writes what the file reads of its own tables.
    """
    every = f"?level={EVERYTHING}"
    tenth = f"{every}&group={group}"
    found = []
    for ending in ("csv", "xlsx"):
        address = reverse("workplans:deliverables_file", args=[ending])
        for name, query, times in (("a tenth", tenth, 1), ("all", every, runs)):
            found.append(
                measure(f"deliverables.{ending}, {name}", download(address + query), times)
            )
            yield str(found[-1])
    _tenth, csv, _tenth, excel = found
    alone = measure("XlsxWriter alone", xlsxwriter_alone, runs)
    yield str(alone)
    yield compared(excel, alone)
    if connection.vendor == "postgresql":
        copied = measure("COPY", copy, runs)
        yield str(copied)
        yield compared(csv, copied)


def compared(ours: Measured, limit: Measured) -> str:
    return _("%(ours)s: %(percent).0f %% of the rows a second of %(limit)s") % {
        "ours": ours.name,
        "percent": ours.rate / limit.rate * 100,
        "limit": limit.name,
    }


def download(address: str) -> Run:
    """Return what gets a file, block after block, and keeps none."""
    host = settings.ALLOWED_HOSTS[0] if settings.ALLOWED_HOSTS else "localhost"
    is_csv = ".csv" in address

    def run(watch: Watch) -> None:
        with watch:
            answer: Any = Client(SERVER_NAME=host).get(address, secure=True)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}.")
            for block in answer.streaming_content:
                watch.rows += block.count(b"\r\n") if is_csv else 0
        watch.rows = watch.rows - 1 if is_csv else listing(address).filter.items.count()

    return run


def listing(address: str) -> DeliverableListing:
    """Return the list that a visitor has at an address."""
    request = RequestFactory().get(address)
    request.user = AnonymousUser()
    return DeliverableListing(request)


def table() -> DeliverableTable:
    """Return all deliverables as their file has them."""
    found = listing(f"{reverse('workplans:deliverable_list')}?level={EVERYTHING}")
    return DeliverableTable(found.filter.items, found.asked.day, found.user)


def xlsxwriter_alone(watch: Watch) -> None:
    """Let XlsxWriter write the cells of the file, some rows at a time, which are made before."""
    rows = table().rows()
    with TemporaryFile() as file:
        workbook = xlsxwriter.Workbook(file, {"constant_memory": True})
        day = workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"})
        text = workbook.add_format({"text_wrap": True, "valign": "top"})
        sheet = workbook.add_worksheet()
        while portion := list(islice(rows, 1000)):
            with watch:
                for number, row in enumerate(portion, start=watch.rows + 1):
                    for place, value in enumerate(row):
                        if isinstance(value, date):
                            sheet.write_datetime(number, place, value, day)
                        elif isinstance(value, int):
                            sheet.write_number(number, place, value, text)
                        elif value:
                            sheet.write_string(number, place, value, text)
            watch.rows += len(portion)
        with watch:
            workbook.close()


def copy(watch: Watch) -> None:
    """Let PostgreSQL write what the file reads of deliverables and what they belong to."""
    with connection.cursor() as cursor:
        sql, parameters = table().records.query.sql_with_params()
        select = cursor.mogrify(sql, parameters).decode()
        with watch:
            cursor.copy_expert(f"COPY ({select}) TO STDOUT", Lines(watch))


@dataclass(frozen=True, slots=True)
class Lines:
    """A file that counts the lines that are written to it."""

    watch: Watch

    def write(self, block: bytes) -> None:
        self.watch.rows += block.count(b"\n")
