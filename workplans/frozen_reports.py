"""Progress reports made final: how they are made, proved, and rid of personal data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from workplans import days, pdf
from workplans.field_log import log_event
from workplans.lists import day_words
from workplans.models import Deliverable, FrozenReport, TrackedItem, Workplan
from workplans.models.frozen_reports import FrozenReportQuerySet
from workplans.models.ledger_rows import REDACTED
from workplans.papers import Paper
from workplans.progress_report import (
    Period,
    Report,
    content_digest,
    from_json,
    make_report,
    redacted,
    to_json,
)
from workplans.report_paper import report_paper
from workplans.status import digest, lock_items
from workplans.verification import differences, digest_lines, item_digests, read_digests
from workplans.word import write_docx


def final_paper(report: Report) -> Paper:
    """Return a final report as a document, in the language that it was made in."""
    with translation.override(report.language):
        return report_paper(report, mark=_("Final"))


def write_files(report: Report) -> dict[str, Any]:
    """Return the files of a final report with their digests, keyed by field.

    No PDF file is made where the server cannot make any.
    """
    paper = final_paper(report)
    with translation.override(report.language):
        docx = write_docx(paper)
        made = None if pdf.why_not() else pdf.write_pdf(paper)
    return {
        "docx": docx,
        "docx_digest": file_digest(docx),
        "pdf": made,
        "pdf_digest": file_digest(made) if made is not None else "",
    }


def file_digest(content: bytes) -> str:
    """Return the SHA-256 of a file in hex."""
    return hashlib.sha256(content).hexdigest()


def freeze(plan: Workplan, period: Period, user: User | None) -> FrozenReport:
    """Make the report of a workplan on a period, and keep it as it is.

    The plan and its deliverables stay locked meanwhile, so that content, files and the
    ledger's digests are of one moment.
    """
    with transaction.atomic():
        plan = (
            Workplan.objects.select_for_update(of=("self",))
            .select_related("owner", "endorsed_by")
            .get(pk=plan.pk)
        )
        keys = Deliverable.objects.filter(priority_area__workplan=plan).order_by("pk")
        lock_items(Deliverable, list(keys.values_list("pk", flat=True)))
        report = make_report(plan, period)
        last = plan.frozen_reports.aggregate(last=Max("number"))["last"] or 0
        frozen = FrozenReport.objects.create(
            workplan=plan,
            number=last + 1,
            first_day=period.first,
            last_day=period.last,
            known_on=period.known,
            content=to_json(report),
            content_digest=content_digest(report),
            ledger=ledger_lines(report),
            made_at=timezone.now(),
            made_by=user,
            **write_files(report),
        )
        words = _(
            "The progress report on %(first)s to %(last)s was made final, as number %(number)d."
        )
        log_event(
            plan,
            words
            % {
                "first": day_words(period.first),
                "last": day_words(period.last),
                "number": frozen.number,
            },
        )
        return frozen


def ledger_lines(report: Report) -> str:
    """Return what `ledger_digest` would print of the items of a report alone."""
    refs = [one.ref for item in report.items for one in item.with_parts]
    return "\n".join(digest_lines(item_digests(refs)))


def ledger_total(frozen: FrozenReport) -> str:
    """Return the one digest of the ledger's rows on which a frozen report rests."""
    return frozen.ledger.splitlines()[-1].split()[0]


def take_out(sender: Any, item: Any, numbers: Iterable[int], **kwargs: Any) -> None:
    """Take narratives that were removed from the ledger out of the reports that hold them.

    Their files are made again. A report that does not hold any stays as it is.
    """
    today = days.true_today().isoformat()
    numbers = list(numbers)
    for frozen in holding(item, numbers, FrozenReport.objects.select_for_update(of=("self",))):
        report = from_json(frozen.content)
        told = sorted(set(numbers) & told_in(report, item.ref))
        after = redacted(report, item.ref, told)
        taken_out = [{"ref": item.ref, "sequence": number, "on": today} for number in told]
        FrozenReport.objects.filter(pk=frozen.pk).update(
            content=to_json(after),
            redactions=[*frozen.redactions, *taken_out],
            **write_files(after),
        )


def holding(
    item: TrackedItem, numbers: Iterable[int], reports: FrozenReportQuerySet
) -> list[FrozenReport]:
    """Return those of some final reports that hold a narrative of some updates of an item."""
    if not isinstance(item, Deliverable):
        return []
    wanted = set(numbers)
    # Not by the plan: the item may have been moved to another since.
    resting_on = reports.filter(ledger__contains=f" {item.ref}\n").order_by("pk")
    return [
        frozen
        for frozen in resting_on.defer("docx", "pdf", "ledger")
        if wanted & told_in(from_json(frozen.content), item.ref)
    ]


def told_in(report: Report, ref: str) -> set[int]:
    """Return the numbers of the updates of an item whose narrative a report holds."""
    return {
        told.sequence
        for item in report.items
        for one in item.with_parts
        for told in one.told
        if told.ref == ref and told.narrative not in ("", REDACTED)
    }


def problems(frozen: FrozenReport) -> Iterator[str]:
    """Yield a sentence for everything in a frozen report that is not as it was kept.

    That is its content, its files, and the rows of the ledger on which it rests.
    """
    report = from_json(frozen.content)
    if content_digest(report) != frozen.content_digest:
        yield _("its content was altered")
    for item in report.items:
        for one in item.with_parts:
            for told in one.told:
                if told.narrative not in ("", REDACTED) and (
                    digest(told.narrative) != told.narrative_digest
                ):
                    yield _("what it says of %(ref)s, update %(number)d, was altered") % {
                        "ref": told.ref,
                        "number": told.sequence,
                    }
    if file_digest(bytes(frozen.docx)) != frozen.docx_digest:
        yield _("its Word file was altered")
    if frozen.pdf is not None and file_digest(bytes(frozen.pdf)) != frozen.pdf_digest:
        yield _("its PDF file was altered")
    if frozen.pdf is None and frozen.pdf_digest:
        yield _("its PDF file was removed")
    try:
        kept = read_digests(frozen.ledger.splitlines())
    except ValidationError as error:
        yield " ".join(error.messages)
    else:
        yield from differences(kept)


def next_first_day(plan: Workplan, last: date) -> date:
    """Return the day with which the next report of a plan begins, if it ends on a day.

    It is the day after the last final report, else the plan's first day, else 1 January.
    """
    earlier = plan.frozen_reports.filter(last_day__lt=last).aggregate(last=Max("last_day"))["last"]
    if earlier is not None:
        return earlier + timedelta(days=1)
    if plan.starts_on is not None and plan.starts_on <= last:
        return plan.starts_on
    return date(last.year, 1, 1)
