"""Progress reports of workplans: the one made now, those made final, and their files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from workplans import pdf
from workplans.dashboards import NO_PAGE, NOT_UNDERSTOOD, find
from workplans.exports import refusal
from workplans.frozen_reports import final_paper, ledger_total, next_first_day
from workplans.models import FrozenReport, Workplan
from workplans.models.tracking import Viewer
from workplans.pages import Asked, ask, ask_day, render_page
from workplans.papers import Paper
from workplans.progress_report import Period, Report, from_json, make_report
from workplans.report_differences import Difference, differences
from workplans.report_paper import report_paper
from workplans.word import write_docx

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def visible_plan(slug: str, user: Viewer) -> Workplan:
    """Return a workplan that a visitor may see, or raise Http404 in words."""
    plans = Workplan.objects.visible_to(user).select_related("owner", "endorsed_by")
    return find(plans, slug=slug)


def ask_period(request: HttpRequest, plan: Workplan) -> tuple[Asked, Period]:
    """Read the period that an address asks for; `asked.day` is its last day.

    Without one it ends on the day asked about, and begins after the last final report.
    """
    asked = ask(request, ("from", "to", "known_on"))
    first, to = (ask_day(request, name, asked.errors) for name in ("from", "to"))
    if to is not None and asked.chosen and to != asked.day:
        asked.errors.append(
            _("as_of asks for %(as_of)s, but the period ends on %(to)s. Give one of them.")
            % {"as_of": asked.day.isoformat(), "to": to.isoformat()}
        )
    last = to or asked.day
    first = first or next_first_day(plan, last)
    if first > last:
        asked.errors.append(
            _("The first day, %(first)s, lies after the last, %(last)s.")
            % {"first": first.isoformat(), "last": last.isoformat()}
        )
    chosen = asked.chosen or last != asked.today
    return replace(asked, day=last, chosen=chosen), Period(first, last, asked.known)


@dataclass(frozen=True, slots=True)
class ReportPage:
    """What the page of a report made now shows beside the report itself."""

    paper: Paper
    period: Period
    docx_url: str
    pdf_url: str
    no_pdf: str


@require_safe
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the progress report of a workplan for a period, as it would be made now."""
    plan = visible_plan(slug, request.user)
    asked, period = ask_period(request, plan)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {"plan": plan})

    def link(ref: str) -> str:
        address = reverse("workplans:deliverable_detail", args=[ref])
        return asked.carry(address, known_on=asked.known)

    files = {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "known_on": period.known,
    }
    plain = replace(asked, chosen=False)
    page = ReportPage(
        paper=report_paper(make_report(plan, period), mark=_("Draft"), link=link),
        period=period,
        docx_url=plain.carry(reverse("workplans:report_docx", args=[slug]), **files),
        pdf_url=plain.carry(reverse("workplans:report_pdf", args=[slug]), **files),
        no_pdf=pdf.why_not(),
    )
    frozen = plan.frozen_reports.without_files().filter(last_day__lte=asked.day)
    context = {"plan": plan, "page": page, "frozen": frozen}
    return render_page(request, "workplans/report.html", asked, context)


@require_safe
def report_docx(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the report that the same query string shows, as a Word file."""
    return draft_file(request, slug, "docx")


@require_safe
def report_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the report that the same query string shows, as a PDF file."""
    return draft_file(request, slug, "pdf")


def draft_file(request: HttpRequest, slug: str, ending: str) -> HttpResponse:
    plan = visible_plan(slug, request.user)
    asked, period = ask_period(request, plan)
    if asked.errors:
        return refusal(asked.errors)
    paper = report_paper(make_report(plan, period), mark=_("Draft"))
    return paper_file(paper, ending, file_stem(plan.slug, period, _("draft")))


def file_stem(slug: str, period: Period, mark: str) -> str:
    """Return the name of a report's file without its ending: of what, on what, draft or final."""
    days = f"{period.first.isoformat()}_{period.last.isoformat()}"
    return f"{slug}_progress-report_{days}_{slugify(mark)}"


def paper_file(paper: Paper, ending: str, stem: str) -> HttpResponse:
    """Send a document as a Word or PDF file; 503 in words where the server can make no PDF."""
    if ending == "docx":
        return attachment(write_docx(paper), DOCX, f"{stem}.docx")
    if sentence := pdf.why_not():
        return HttpResponse(f"{sentence}\n", status=503, content_type="text/plain; charset=utf-8")
    return attachment(pdf.write_pdf(paper), "application/pdf", f"{stem}.pdf")


def attachment(content: bytes, content_type: str, name: str) -> HttpResponse:
    """Send a file under a name."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# Final reports


@dataclass(frozen=True, slots=True)
class Redaction:
    """An update whose text was taken out of a final report, and on which day."""

    ref: str
    sequence: int
    day: date


@dataclass(frozen=True, slots=True)
class FrozenPage:
    """What the page of a final report shows: the report as kept, its proof, how it would differ."""

    frozen: FrozenReport
    paper: Paper
    differences: list[Difference]
    ledger_total: str
    redactions: list[Redaction]

    @property
    def has_files(self) -> bool:
        """Whether its files are made already."""
        return bool(self.frozen.docx_digest)

    @property
    def has_pdf(self) -> bool:
        return bool(self.frozen.pdf_digest)


def visible_frozen(slug: str, number: int, user: Viewer) -> FrozenReport:
    """Return a final report of a workplan that a visitor may see, or raise Http404 in words."""
    plan = visible_plan(slug, user)
    frozen = plan.frozen_reports.without_files().filter(number=number).first()
    if frozen is None:
        raise Http404(NO_PAGE)
    frozen.workplan = plan
    return frozen


@require_safe
def frozen_report(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show a final report as it was made, and how the same report made now would differ."""
    asked = ask(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    frozen = visible_frozen(slug, number, request.user)
    try:
        kept = from_json(frozen.content)
    except ValidationError:
        raise Http404(_("The report cannot be shown any more; its files are kept.")) from None
    page = FrozenPage(
        frozen=frozen,
        paper=final_paper(kept),
        differences=differences(kept, made_now(frozen, kept)),
        ledger_total=ledger_total(frozen),
        redactions=[
            Redaction(one["ref"], one["sequence"], date.fromisoformat(one["on"]))
            for one in frozen.redactions
        ],
    )
    context = {"plan": frozen.workplan, "page": page, "frozen": frozen}
    return render_page(request, "workplans/frozen_report.html", asked, context)


def made_now(frozen: FrozenReport, kept: Report) -> Report:
    """Return what the same report would say if it were made now, in the same language."""
    with translation.override(kept.language):
        period = Period(frozen.first_day, frozen.last_day, frozen.known_on)
        return make_report(frozen.workplan, period)


@require_safe
def frozen_report_docx(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Send the Word file that was kept with a final report."""
    return kept_file(request, slug, number, "docx", DOCX)


@require_safe
def frozen_report_pdf(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Send the PDF file that was kept with a final report, if one was."""
    return kept_file(request, slug, number, "pdf", "application/pdf")


def kept_file(
    request: HttpRequest, slug: str, number: int, ending: str, content_type: str
) -> HttpResponse:
    asked = ask(request)
    if asked.errors:
        return refusal(asked.errors)
    frozen = visible_frozen(slug, number, request.user)
    if not frozen.docx_digest:
        words = _("The files of this report are being made. Try again in a few minutes.")
        return HttpResponse(
            f"{words}\n",
            status=503,
            content_type="text/plain; charset=utf-8",
            headers={"Retry-After": "120"},
        )
    content: Any = getattr(frozen, ending)
    if content is None:
        raise Http404(_("No PDF file was kept with it."))
    period = Period(frozen.first_day, frozen.last_day)
    stem = file_stem(slug, period, f"final-{number}")
    return attachment(bytes(content), content_type, f"{stem}.{ending}")
