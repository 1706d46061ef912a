"""The benchmark measures, and leaves nothing behind."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import get_resolver

from actionpoints.models import ActionPoint, Mandate, Meeting, Recommendation
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
FILE = re.compile(r"_(csv|xlsx|docx|pdf)$")


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


def test_it_asks_before_it_keeps_others_from_saving(monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("benchmark", stdout=StringIO())
