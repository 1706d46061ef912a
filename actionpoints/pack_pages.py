"""The pack of a meeting: its page and its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from actionpoints.models import Meeting
from actionpoints.pack_paper import pack_paper
from actionpoints.packs import Pack, make_pack, pack_day
from workplans import pdf
from workplans.dashboards import NOT_UNDERSTOOD, find
from workplans.exports import YES_OR_NO, TableFile, joined, refusal, with_role
from workplans.lists import ItemRow
from workplans.pages import Asked, ask, render_page
from workplans.report_pages import paper_file
from workplans.status_words import public_code
from workplans.workbooks import Cell


def ask_pack(request: HttpRequest, slug: str) -> tuple[Asked, Meeting]:
    """Return the meeting at an address, and what is asked: its own day, unless one is given."""
    asked = ask(request)
    meetings = Meeting.objects.visible_to(request.user).select_related("body", "record")
    meeting = find(meetings, slug=slug)
    if not asked.chosen:
        day = pack_day(meeting)
        asked = replace(asked, day=day, chosen=day != asked.today)
    return asked, meeting


@require_safe
def pack(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the pack of a meeting."""
    asked, meeting = ask_pack(request, slug)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    found = make_pack(meeting, asked, request.user)
    context = {
        "meeting": meeting,
        "pack": found,
        "paper": pack_paper(found, with_links=True),
        "own_day": pack_day(meeting),
        "no_pdf": pdf.why_not(),
    }
    return render_page(request, "actionpoints/pack.html", asked, context)


@require_safe
def pack_docx(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the pack that the same query string shows, as a Word file."""
    return pack_file(request, slug, "docx")


@require_safe
def pack_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the pack that the same query string shows, as a PDF file."""
    return pack_file(request, slug, "pdf")


def pack_file(request: HttpRequest, slug: str, ending: str) -> HttpResponse:
    asked, meeting = ask_pack(request, slug)
    if asked.errors:
        return refusal(asked.errors)
    paper = pack_paper(make_pack(meeting, asked, request.user))
    return paper_file(paper, ending, file_stem(meeting, asked))


def file_stem(meeting: Meeting, asked: Asked) -> str:
    """Return the name of a pack's file without its ending: of what, on which day."""
    return f"{meeting.slug}_pack_as-of-{asked.day.isoformat()}"


@require_safe
def pack_table(request: HttpRequest, slug: str, ending: str) -> HttpResponseBase:
    """Send the action points that the pack follows up, as a table."""
    asked, meeting = ask_pack(request, slug)
    return PackFile(request, asked, meeting).response(ending)


Cells = Callable[[ItemRow, Mapping[str, Any]], Cell]


class PackFile(TableFile):
    """What a meeting follows up, theme by theme; new columns come at the end."""

    title = gettext_lazy("Action points")
    widths = {"title": 50, "narrative": 60, "leads": 24, "supporting": 30, "where": 30, "url": 40}
    columns: dict[str, Cells] = {
        "theme": lambda row, _: row.item.theme,
        "ref": lambda row, _: row.item.ref,
        "title": lambda row, _: row.item.title,
        "leads": lambda row, _: joined(party.name for party in row.parties.leads),
        "supporting": lambda row, _: joined(map(with_role, row.parties.supporting)),
        "status": lambda row, _: public_code(row.status.code),
        "status_label": lambda row, _: str(row.status.label),
        "status_since": lambda row, _: row.item.status_since,
        "narrative": lambda row, _: row.item.narrative,
        "timeframe": lambda row, _: row.item.timeframe,
        "due": lambda row, _: row.item.due,
        "timeliness": lambda row, _: str(row.item.timeliness),
        "last_reported_on": lambda row, _: row.item.last_reported_on,
        "where": lambda row, _: row.where,
        "reviewed_here": lambda row, beside: YES_OR_NO[row.item.pk in beside["reviewed"]],
        "since_last_meeting": lambda row, beside: beside["buckets"].get(row.item.pk, ""),
        "url": lambda row, beside: f"{beside['site']}{row.item.get_absolute_url()}",
    }

    def __init__(self, request: HttpRequest, asked: Asked, meeting: Meeting) -> None:
        super().__init__(request, asked)
        self.meeting = meeting

    @property
    def download_name(self) -> str:
        return file_stem(self.meeting, self.asked)

    def rows(self) -> Iterator[list[Cell]]:
        pack = make_pack(self.meeting, self.asked, self.request.user)
        beside = {
            **self.read_beside([]),
            "reviewed": pack.reviewed,
            "buckets": buckets(pack),
        }
        for row in pack.rows:
            yield [cell(row, beside) for cell in self.columns.values()]


def buckets(pack: Pack) -> dict[int, str]:
    """Return what became of each action point since the last meeting, by its key."""
    found = [one for members in pack.changed.values() for one in members]
    items = (one.row.item for one in (*found, *pack.untouched))
    return {item.pk: item.bucket for item in items if item._meta.model_name == "actionpoint"}
