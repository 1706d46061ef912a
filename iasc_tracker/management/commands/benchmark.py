"""Measure pages and files on a workplan of any size, which is taken away again."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from statistics import median
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, reset_queries, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workplans.models import (
    Deliverable,
    DeliverableResponsibility,
    Entity,
    Level,
    PriorityArea,
    Role,
    SourceDocument,
    Workplan,
)
from workplans.status import Entry, record_updates

SLUG = "benchmark"
FIRST, LAST = date(2021, 2, 1), date(2021, 6, 30)
AREAS, PARTIES, UPDATES = 7, 20, 5
# What titles and narratives are made of, at random.
TEXT = (
    "the sub-group shared a first draft with members for feedback and consultations were held "
    "with local actors in several languages before the guidance went to the group for endorsement"
)


class Command(BaseCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Measure the progress report and the changes of a workplan that is made for it and taken "
        "away again: queries, median time and size of each page and file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--deliverables", type=int, default=1000, metavar="N")
        parser.add_argument("--runs", type=int, default=5, metavar="N")
        parser.add_argument("--yes", action="store_true", help=_("Do not ask."))

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["yes"]:
            self.stdout.write(
                _("Until it ends, nobody else can save anything in this database: %(name)s")
                % {"name": connection.settings_dict["NAME"]}
            )
            if input(_("Type “yes” to go on: ")) != _("yes"):
                raise CommandError(_("Nothing was done."))
        with transaction.atomic():
            make_workplan(options["deliverables"])
            self.stdout.write(
                _("%(items)d deliverables, %(runs)d runs, %(database)s")
                % {
                    "items": options["deliverables"],
                    "runs": options["runs"],
                    "database": connection.vendor,
                }
            )
            for name, address in addresses().items():
                self.stdout.write(measure(name, address, options["runs"]))
            transaction.set_rollback(True)


def make_workplan(amount: int) -> None:
    """Make a published workplan: each deliverable with parties, and one in five with a part."""
    chance = Random(1)
    parties = Entity.objects.bulk_create(
        Entity(name=f"Benchmark {n}", slug=f"{SLUG}-{n}", kind="agency") for n in range(PARTIES)
    )
    plan = Workplan.objects.create(
        title="Benchmark", slug=SLUG, owner=parties[0], published=True, starts_on=FIRST
    )
    areas = [
        PriorityArea.objects.create(workplan=plan, number=str(n), title=f"Area {n}", order=n)
        for n in range(1, AREAS + 1)
    ]
    items, parts = [], []
    for number in range(amount):
        area = areas[number * AREAS // amount]
        item = make_item(f"{SLUG}-{number}", area, number * 2, chance)
        items.append(item)
        if number % 5 == 0:
            part = make_item(f"{SLUG}-{number}-i", area, number * 2 + 1, chance)
            part.level, part.parent, part.number = Level.PART, item, "(i)"
            parts.append(part)
    Deliverable.objects.bulk_create(items)
    items += Deliverable.objects.bulk_create(parts)
    DeliverableResponsibility.objects.bulk_create(
        DeliverableResponsibility(item=item, entity=party, role=role, order=order)
        for item in items
        for order, (party, role) in enumerate(
            zip(
                chance.sample(parties, 4),
                (Role.LEAD, Role.LEAD, Role.CONTRIBUTOR, Role.CONSULTED),
                strict=True,
            )
        )
    )
    source = SourceDocument.objects.create(title="Benchmark", slug=SLUG, dated=LAST)
    record_updates(list(entries(items, source, chance)))


def make_item(ref: str, area: PriorityArea, order: int, chance: Random) -> Deliverable:
    return Deliverable(
        ref=ref.upper(),
        number=ref.rpartition("-")[2],
        title=sentence(chance, 14),
        priority_area=area,
        order=order,
        introduced_on=date(2020, 1, 1),
    )


def sentence(chance: Random, length: int) -> str:
    return " ".join(chance.choices(TEXT.split(), k=length)).capitalize()


def entries(items: list[Deliverable], source: SourceDocument, chance: Random) -> Iterator[Entry]:
    """Yield what is told of each item: some earlier facts, then a status with a long narrative."""
    for item in items:
        for number in range(UPDATES):
            is_last = number == UPDATES - 1
            yield Entry(
                item=item,
                status=chance.choice(["ongoing", "completed", "continuous"]) if is_last else "",
                narrative=sentence(chance, 60 if is_last else 25),
                effective_on=LAST - timedelta(days=20 * (UPDATES - 1 - number)),
                source=source,
            )


def addresses() -> dict[str, str]:
    """Return what is measured: a name and its address."""
    period = f"?from={FIRST.isoformat()}&to={LAST.isoformat()}"
    window = f"?workplan={SLUG}&since={FIRST.isoformat()}&until={LAST.isoformat()}"
    return {
        "report": reverse("workplans:report", args=[SLUG]) + period,
        "report.docx": reverse("workplans:report_docx", args=[SLUG]) + period,
        "report.pdf": reverse("workplans:report_pdf", args=[SLUG]) + period,
        "changes": reverse("changes") + window,
        "changes.csv": reverse("changes_csv") + window,
        "changes.xlsx": reverse("changes_xlsx") + window,
    }


def measure(name: str, address: str, runs: int) -> str:
    """Return a line: queries, median and range of the time in milliseconds, size in KB."""
    client = Client(
        SERVER_NAME=settings.ALLOWED_HOSTS[0] if settings.ALLOWED_HOSTS else "localhost"
    )
    times: list[float] = []
    reset_queries()  # with DEBUG they are kept, up to a limit
    with CaptureQueriesContext(connection) as queries:
        size = fetch(client, address)
    asked = len(queries)  # now, since the next request forgets them
    for _run in range(runs):
        begun = time.perf_counter()
        fetch(client, address)
        times.append((time.perf_counter() - begun) * 1000)
    return (
        f"{name:14} {asked:3} queries {median(times):9.0f} ms "
        f"({min(times):.0f}–{max(times):.0f}) {size / 1024:8.0f} KB"
    )


def fetch(client: Client, address: str) -> int:
    """Return the size of a page or file in bytes; raise RuntimeError if it is not there."""
    answer = client.get(address, secure=True)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}.")
    return len(answer.getvalue())
