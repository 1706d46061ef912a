"""The benchmark measures, and leaves nothing behind."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from workplans import pdf
from workplans.models import Deliverable, Entity, SourceDocument, Workplan

pytestmark = pytest.mark.django_db


def test_it_tells_queries_time_and_size_of_each_page_and_takes_the_workplan_away(monkeypatch):
    monkeypatch.setattr(pdf, "write_pdf", lambda paper: b"%PDF-")
    monkeypatch.setattr(pdf, "why_not", lambda: "")
    out = StringIO()
    call_command("benchmark", "--deliverables=7", "--runs=2", "--yes", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("7 deliverables, 2 runs, ")
    measured = [re.match(r"(\S+) +(\d+) queries +\d+ ms", line) for line in lines[1:]]
    assert [found[1] for found in measured] == [
        "report",
        "report.docx",
        "report.pdf",
        "changes",
        "changes.csv",
        "changes.xlsx",
    ]
    assert all(int(found[2]) > 2 for found in measured)
    for model in (Workplan, Deliverable, Entity, SourceDocument):
        assert not model.objects.exists()


def test_it_asks_before_it_keeps_others_from_saving(monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("benchmark", stdout=StringIO())
