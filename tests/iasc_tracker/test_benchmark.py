"""The benchmark measures, and leaves nothing behind."""

import re
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from actionpoints.models import ActionPoint, Mandate, Meeting, Recommendation
from iasc_tracker import benchmark_files
from iasc_tracker.benchmark_sites import make_site
from iasc_tracker.management.commands import benchmark
from iasc_tracker.search.index import differences
from workplans import pdf
from workplans.models import Deliverable, Entity, SourceDocument, Workplan
from workplans.verification import problems

pytestmark = pytest.mark.django_db

MADE = (
    Workplan,
    Deliverable,
    Entity,
    SourceDocument,
    Meeting,
    ActionPoint,
    Recommendation,
    Mandate,
)
# Pages that are not measured: they show what staff keep, or say that the site is up.
NOT_MEASURED = {"workplans:frozen_report", "healthz"}
FILE = re.compile(r"_(docx|pdf)$")


def run(*options):
    """Return what the benchmark says it measures on, and its lines by name."""
    out = StringIO()
    call_command("benchmark", *options, "--yes", stdout=out)
    first, *lines = out.getvalue().splitlines()
    found = [
        re.fullmatch(
            r"(\S.*?) +(\d+) queries +(\d+) ms \(\d+–\d+\) +([\d.]+) KB +([\d.]+) KB gzip", line
        )
        for line in lines
    ]
    return first, {match[1]: [float(number) for number in match.groups()[1:]] for match in found}


def test_it_tells_queries_time_and_sizes_of_each_file_and_takes_the_workplan_away(monkeypatch):
    monkeypatch.setattr(pdf, "write_pdf", lambda paper: b"%PDF-")
    monkeypatch.setattr(pdf, "why_not", lambda: "")
    first, lines = run("--deliverables=7", "--runs=2")
    assert first.startswith("1 workplans, 7 deliverables, 0 action points, ")
    assert "; 2 runs, " in first
    assert list(lines) == [
        "report",
        "report.docx",
        "report.pdf",
        "changes",
        "changes.csv",
        "changes.xlsx",
    ]
    assert all(queries > 2 for queries, *_ in lines.values())
    for model in MADE:
        assert not model.objects.exists()


def test_it_measures_pages_of_a_site_today_and_a_year_ago_and_takes_it_away(monkeypatch):
    every = benchmark.addresses_of_a_site
    monkeypatch.setattr(benchmark, "addresses_of_a_site", lambda *site: every(*site)[:3])
    first, lines = run("--pages", "--deliverables=12", "--runs=1")
    assert first.startswith("12 workplans, 12 deliverables, 60 action points, ")
    today = ["overview", "groups", "group"]
    assert list(lines) == [*today, *(f"{name}, a year ago" for name in today)]
    for queries, _ms, plain, compressed in lines.values():
        assert queries > 2
        assert 0 < compressed < plain
    for model in MADE:
        assert not model.objects.exists()


def test_every_page_is_among_them_and_was_there_a_year_ago():
    addresses = benchmark.addresses_of_a_site(make_site(12), 12)
    measured = {
        get_resolver().resolve(address.partition("?")[0]).view_name for _name, address in addresses
    }
    resolver = get_resolver()
    every = {name for name in resolver.reverse_dict if isinstance(name, str)}
    for space in ("workplans", "actionpoints"):
        _prefix, inner = resolver.namespace_dict[space]
        every |= {f"{space}:{name}" for name in inner.reverse_dict if isinstance(name, str)}
    assert {name for name in every if not FILE.search(name)} - measured == NOT_MEASURED
    past = list(benchmark.on_both_days(addresses))[len(addresses) :]
    for _name, address in past:
        benchmark.fetch(Client(), address)  # fails for a page that is not there


def test_the_site_is_one_that_the_application_could_have_made():
    site = make_site(12)
    assert list(problems()) == []
    assert list(differences()) == []
    assert site.deliverable.children.exists()
    assert site.deliverable.mandates.exists()
    assert site.deliverable.continues is not None
    assert site.meeting.action_points.exists()
    for model in MADE:
        for record in model.objects.all()[:20]:
            record.full_clean()


LINE = re.compile(
    r"(?P<name>\S.*?) +(?P<rows>\d+) rows +(?P<rate>\d+) rows/s \(\d+–\d+\) +\d+ µs CPU a row +"
    r"(?P<memory>\d+ MB|unknown), machine at \d+–\d+ million steps a second"
)


def run_files(*options):
    """The lines of the benchmark of files that have figures, by name, and those that compare."""
    out = StringIO()
    call_command("benchmark", "--files", *options, "--yes", stdout=out)
    first, *lines = out.getvalue().splitlines()
    assert first.startswith("2 workplans, 23 deliverables, 0 action points, 87 updates, ")
    found = [(line, LINE.fullmatch(line)) for line in lines]
    return (
        {match["name"]: match for _line, match in found if match},
        [line for line, match in found if not match],
    )


def test_it_measures_the_files_of_many_deliverables_and_takes_them_away(monkeypatch):
    monkeypatch.setattr(benchmark_files, "GROUPS", 2)
    figures, compared = run_files("--deliverables=23", "--runs=2")
    # Of one group in two: 12 deliverables, three of them with a part; of both, six with one.
    expected = {
        "deliverables.csv, a tenth": 15,
        "deliverables.csv, all": 29,
        "deliverables.xlsx, a tenth": 15,
        "deliverables.xlsx, all": 29,
        "XlsxWriter alone": 29,
        **({"COPY": 29} if connection.vendor == "postgresql" else {}),
    }
    assert {name: int(line["rows"]) for name, line in figures.items()} == expected
    assert all(int(line["rate"]) > 0 for line in figures.values())
    assert re.fullmatch(
        r"deliverables.xlsx, all: \d+ % of the rows a second of XlsxWriter alone", compared[0]
    )
    assert len(compared) == len(expected) - 4
    for model in MADE:
        assert not model.objects.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells the peak")
def test_memory_is_that_of_the_moment_at_which_it_was_most():
    def hold(watch):
        with watch:
            held = b"x" * 50_000_000
        watch.rows = len(held)

    def hold_little(watch):
        with watch:
            watch.rows = 1

    before = benchmark_files.measure("little", hold_little, 1).peak
    assert benchmark_files.measure("much", hold, 2).peak > before + 40
    assert benchmark_files.measure("little", hold_little, 1).peak < before + 20


def test_where_nobody_tells_the_memory_it_is_unknown(monkeypatch):
    def refuse(path, *_text):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", refuse)
    monkeypatch.setattr(Path, "write_text", refuse)

    def nothing(watch):
        with watch:
            watch.rows = 1

    assert (
        LINE.fullmatch(str(benchmark_files.measure("nothing", nothing, 1)))["memory"] == "unknown"
    )


def test_it_measures_either_pages_or_files():
    with pytest.raises(CommandError, match="not allowed with"):
        call_command("benchmark", "--pages", "--files", "--yes", stdout=StringIO())


def test_it_asks_before_it_keeps_others_from_saving(monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("benchmark", stdout=StringIO())


def test_it_measures_imports_and_takes_them_away():
    out = StringIO()
    call_command("benchmark", "--imports", "--deliverables=20", "--runs=2", "--yes", stdout=out)
    _first, *lines = out.getvalue().splitlines()
    found = [
        re.fullmatch(r"(\w+, \w+) +\d+ rows/s \(\d+–\d+\), 20 rows, .*", line)[1] for line in lines
    ]
    assert found == ["CSV, new", "CSV, changed", "Excel, new", "Excel, changed"]
    for model in MADE:
        assert not model.objects.exists()
