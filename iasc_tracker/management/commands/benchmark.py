"""Measure pages and files on records that are made for it, and taken away again."""

import gzip
import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, reset_queries, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actionpoints.models import ActionPoint, ActionPointUpdate, Meeting, Recommendation
from iasc_tracker.benchmark_files import analyze, make_records, measure_files
from iasc_tracker.benchmark_imports import measure_imports
from iasc_tracker.benchmark_sites import FIRST, LAST, SLUG, WORD, Site, make_site, make_workplan
from iasc_tracker.garbage import as_the_server_collects
from workplans import days
from workplans.models import Deliverable, DeliverableUpdate, Level, Workplan
from workplans.paging import PAGE_SIZE
from workplans.status_words import ONGOING

# A past day whose state is read from the histories.
DAYS_AGO = 365
# How many are made, unless told otherwise: for pages, for one workplan, for files out and in.
DELIVERABLES_OF_A_SITE, DELIVERABLES_OF_A_WORKPLAN = 400, 1000
DELIVERABLES_OF_FILES, DELIVERABLES_OF_IMPORTS = 100_000, 10_000


class Command(BaseCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Measure pages and files on records that are made for it and taken away again: queries, "
        "median time, and size plain and compressed. Without an option that says of what: the "
        "progress report and the changes of one large workplan."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        of_what = parser.add_mutually_exclusive_group()
        of_what.add_argument(
            "--pages",
            action="store_true",
            help=_("Measure every public page on a whole site, today and a year ago."),
        )
        of_what.add_argument(
            "--files",
            action="store_true",
            help=_(
                "Measure how many rows of very many deliverables are written in a second, and in "
                "how much memory, beside what XlsxWriter and PostgreSQL take for them."
            ),
        )
        of_what.add_argument(
            "--imports",
            action="store_true",
            help=_(
                "Measure how many rows of spreadsheets are taken in in a second: new deliverables, "
                "then changes of them, each with an update."
            ),
        )
        parser.add_argument(
            "--deliverables",
            type=int,
            metavar="N",
            help=_(
                "How many to make; the rest of a site grows with them. "
                "Default: %(of_plan)d, with --pages %(of_site)d, with --files %(of_files)d, with "
                "--imports %(of_imports)d."
            )
            % {
                "of_plan": DELIVERABLES_OF_A_WORKPLAN,
                "of_site": DELIVERABLES_OF_A_SITE,
                "of_files": DELIVERABLES_OF_FILES,
                "of_imports": DELIVERABLES_OF_IMPORTS,
            },
        )
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
        runs, amount = options["runs"], options["deliverables"]
        lines: Iterator[str]
        if options["imports"]:  # each run is a transaction of its own
            lines = measure_imports(amount or DELIVERABLES_OF_IMPORTS, runs)
            self.write(runs, lines)
            return
        with transaction.atomic():
            if options["files"]:
                group = make_records(amount or DELIVERABLES_OF_FILES)
                lines = measure_files(group, runs)
            elif options["pages"]:
                amount = amount or DELIVERABLES_OF_A_SITE
                addresses = on_both_days(addresses_of_a_site(make_site(amount), amount))
                lines = (measure(name, address, runs) for name, address in addresses)
            else:
                make_workplan(amount or DELIVERABLES_OF_A_WORKPLAN)
                addresses = iter(addresses_of_a_workplan())
                lines = (measure(name, address, runs) for name, address in addresses)
            analyze()
            self.write(runs, lines)
            transaction.set_rollback(True)

    def write(self, runs: int, lines: Iterator[str]) -> None:
        """Write on what is measured, and each line as it is."""
        self.stdout.write(what_there_is(runs))
        with as_the_server_collects():
            for line in lines:
                self.stdout.write(line)


def what_there_is(runs: int) -> str:
    """Return a line that says on what is measured: all that the database has at the moment."""
    return _(
        "%(plans)d workplans, %(items)d deliverables, %(points)d action points, %(updates)d "
        "updates, %(meetings)d meetings, %(recommendations)d recommendations; %(runs)d runs, "
        "%(database)s"
    ) % {
        "plans": Workplan.objects.count(),
        "items": Deliverable.objects.filter(level=Level.ITEM).count(),
        "points": ActionPoint.objects.filter(level=Level.ITEM).count(),
        "updates": DeliverableUpdate.objects.count() + ActionPointUpdate.objects.count(),
        "meetings": Meeting.objects.count(),
        "recommendations": Recommendation.objects.count(),
        "runs": runs,
        "database": connection.vendor,
    }


def addresses_of_a_workplan() -> list[tuple[str, str]]:
    """Return what is measured of the one workplan: names and addresses."""
    period = f"?from={FIRST.isoformat()}&to={LAST.isoformat()}"
    window = f"?workplan={SLUG}&since={FIRST.isoformat()}&until={LAST.isoformat()}"
    return [
        ("report", reverse("workplans:report", args=[SLUG]) + period),
        ("report.docx", reverse("workplans:report_docx", args=[SLUG]) + period),
        ("report.pdf", reverse("workplans:report_pdf", args=[SLUG]) + period),
        ("changes", reverse("changes") + window),
        ("changes.csv", reverse("changes_file", args=["csv"]) + window),
        ("changes.xlsx", reverse("changes_file", args=["xlsx"]) + window),
    ]


def addresses_of_a_site(site: Site, amount: int) -> list[tuple[str, str]]:
    """Return what is measured of a whole site: every public page, and the files of lists."""
    deliverables = reverse("workplans:deliverable_list")
    points = reverse("actionpoints:action_point_list")
    last_page = -(-amount // PAGE_SIZE)
    return [
        ("overview", reverse("overview")),
        ("groups", reverse("workplans:group_list")),
        ("group", reverse("workplans:group_detail", args=[site.group.slug])),
        ("groups.csv", reverse("workplans:groups_file", args=["csv"])),
        ("workplans", reverse("workplans:workplan_list")),
        ("workplan", reverse("workplans:workplan_detail", args=[site.workplan.slug])),
        ("workplans.csv", reverse("workplans:workplans_file", args=["csv"])),
        ("report", reverse("workplans:report", args=[site.workplan.slug])),
        ("deliverables", deliverables),
        (
            "deliverables, filtered",
            with_query(deliverables, group=site.group.slug, status=ONGOING.code),
        ),
        ("deliverables, searched", with_query(deliverables, q=WORD)),
        ("deliverables, by due", with_query(deliverables, sort="due")),
        ("deliverables, last page", with_query(deliverables, page=last_page)),
        ("deliverable", reverse("workplans:deliverable_detail", args=[site.deliverable.ref])),
        ("deliverables.csv", reverse("workplans:deliverables_file", args=["csv"])),
        ("deliverables, history.csv", reverse("workplans:deliverables_history", args=["csv"])),
        ("action points", points),
        ("action points, of a body", with_query(points, body=site.group.slug)),
        ("action points, of a lead", with_query(points, lead=site.party.slug)),
        ("action point", reverse("actionpoints:action_point_detail", args=[site.action_point.ref])),
        ("action-points.csv", reverse("actionpoints:action_points_file", args=["csv"])),
        ("action points, history.csv", reverse("actionpoints:action_points_history", args=["csv"])),
        ("follow-up", reverse("actionpoints:follow_up")),
        ("follow-up.csv", reverse("actionpoints:follow_up_file", args=["csv"])),
        ("meetings", reverse("actionpoints:meeting_list")),
        ("meeting", reverse("actionpoints:meeting_detail", args=[site.meeting.slug])),
        ("meetings.csv", reverse("actionpoints:meetings_file", args=["csv"])),
        ("pack", reverse("actionpoints:pack", args=[site.meeting.slug])),
        ("pack.csv", reverse("actionpoints:pack_table", args=[site.meeting.slug, "csv"])),
        ("recommendations", reverse("actionpoints:recommendation_list")),
        (
            "recommendation",
            reverse("actionpoints:recommendation_detail", args=[site.recommendation.ref]),
        ),
        ("recommendations.csv", reverse("actionpoints:recommendations_file", args=["csv"])),
        ("entity", reverse("workplans:entity_detail", args=[site.party.slug])),
        ("changes", reverse("changes")),
        ("changes.csv", reverse("changes_file", args=["csv"])),
        ("search", with_query(reverse("search"), q=WORD)),
    ]


def on_both_days(addresses: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield each page for today, then each for a past day."""
    past = days.site_today() - timedelta(days=DAYS_AGO)
    yield from addresses
    for name, address in addresses:
        yield f"{name}, a year ago", with_query(address, as_of=past.isoformat())


def with_query(address: str, **parameters: object) -> str:
    """Return an address with parameters, after those that it has."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"


def measure(name: str, address: str, runs: int) -> str:
    """Return a line: queries, median and range of the time in milliseconds, sizes in KB."""
    client = Client(
        SERVER_NAME=settings.ALLOWED_HOSTS[0] if settings.ALLOWED_HOSTS else "localhost",
        HTTP_ACCEPT_ENCODING="gzip",
    )
    times: list[float] = []
    reset_queries()  # with DEBUG they are kept, up to a limit
    with CaptureQueriesContext(connection) as queries:
        size, sent = fetch(client, address)
    asked = len(queries)  # now, since the next request forgets them
    for _run in range(runs):
        begun = time.perf_counter()
        fetch(client, address)
        times.append((time.perf_counter() - begun) * 1000)
    return (
        f"{name:35} {asked:3} queries {median(times):6.0f} ms "
        f"({min(times):.0f}–{max(times):.0f}) {size / 1024:8.1f} KB {sent / 1024:7.1f} KB gzip"
    )


def fetch(client: Client, address: str) -> tuple[int, int]:
    """Return the size of a page or file in bytes, plain and as it is sent, compressed.

    Raise RuntimeError if it is not there.
    """
    answer = client.get(address, secure=True)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}.")
    sent = answer.getvalue()
    plain = gzip.decompress(sent) if answer.headers.get("Content-Encoding") == "gzip" else sent
    return len(plain), len(sent)
