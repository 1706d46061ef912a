"""Progress reports made final: how they are made, proved, and rid of personal data.

What a final report says is written at once, and everything else waits for it. Its files are
made of that afterwards, outside any transaction, since a large one takes minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from workplans import days, pdf
from workplans.field_log import log_event
from workplans.ledger_state import digest
from workplans.lists import day_words
from workplans.models import Deliverable, DeliverableUpdate, FrozenReport, TrackedItem, Workplan
from workplans.models.frozen_reports import FrozenReportQuerySet
from workplans.models.ledger_rows import REDACTED
from workplans.papers import Paper
from workplans.progress_report import (
    Period,
    Report,
    content_digest,
    from_json,
    make_report,
    to_json,
)
from workplans.report_paper import report_paper
from workplans.status import lock_items
from workplans.verification import differences, digest_lines, item_digests, read_digests
from workplans.word import write_docx


def final_paper(report: Report) -> Paper:
    """Return a final report as a document, in the language that it was made in."""
    with translation.override(report.language):
        return report_paper(report, mark=_("Final"))


def file_digest(content: bytes) -> str:
    """Return the SHA-256 of a file in hex."""
    return hashlib.sha256(content).hexdigest()


# Making them


def lock_plans(plans: Iterable[Workplan]) -> None:
    """Lock workplans and their deliverables, inside a transaction."""
    keys = sorted(plan.pk for plan in plans)
    list(Workplan.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))
    items = Deliverable.objects.filter(priority_area__workplan__in=keys).order_by("pk")
    lock_items(Deliverable, list(items.values_list("pk", flat=True)))


def freeze(
    plan: Workplan, period: Period, user: User | None, language: str | None = None
) -> FrozenReport:
    """Keep the report of a workplan on a period as it is now, in a language or the one in force.

    The plan and its deliverables stay locked meanwhile, so that content and the ledger's
    digests are of one moment. The files are made once the transaction is committed.
    """
    with transaction.atomic():
        lock_plans([plan])
        plan = Workplan.objects.select_related("owner", "endorsed_by").get(pk=plan.pk)
        with translation.override(language or translation.get_language()):
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
        transaction.on_commit(partial(make_files, frozen.pk), robust=True)
    return frozen


def ledger_lines(report: Report) -> str:
    """Return what `ledger_digest` would print of the items of a report alone."""
    refs = [one.ref for item in report.items for one in item.with_parts]
    return "\n".join(digest_lines(item_digests(refs)))


def ledger_total(frozen: FrozenReport) -> str:
    """Return the one digest of the ledger's rows on which a frozen report rests."""
    return frozen.ledger.splitlines()[-1].split()[0]


def make_files(pk: int) -> None:
    """Make the files of a final report that has none, of what it says.

    Where the server can make no PDF file there will be none. What was taken out of the
    report in the meantime is not in the files either: whoever took it out makes others.
    """
    frozen = FrozenReport.objects.defer("ledger", "docx", "pdf").get(pk=pk)
    report = from_json(frozen.content)
    paper = final_paper(report)
    docx = write_docx(paper)
    made = None if pdf.why_not() else pdf.write_pdf(paper)
    same = FrozenReport.objects.filter(pk=pk, version=frozen.version, docx__isnull=True)
    same.update(
        docx=docx,
        docx_digest=file_digest(docx),
        pdf=made,
        pdf_digest=file_digest(made) if made is not None else "",
    )


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


# Taking personal data out


def take_out(sender: Any, item: Any, numbers: Iterable[int], **kwargs: Any) -> None:
    """Take narratives that were removed from the ledger out of the final reports that hold them.

    Their files go at once, and are made again once the transaction is committed.
    """
    today = days.true_today().isoformat()
    numbers = list(numbers)
    locked = FrozenReport.objects.select_for_update(of=("self",)).select_related("workplan")
    for frozen in holding(item, numbers, locked):
        told = [one for one in told_rows(frozen.content) if is_of(one, item.ref, numbers)]
        for one in told:
            one["narrative"] = REDACTED
        taken_out = sorted({one["sequence"] for one in told})
        FrozenReport.objects.filter(pk=frozen.pk).update(
            content=frozen.content,
            redactions=[
                *frozen.redactions,
                *({"ref": item.ref, "sequence": number, "on": today} for number in taken_out),
            ],
            version=F("version") + 1,
            docx=None,
            docx_digest="",
            pdf=None,
            pdf_digest="",
        )
        log_event(
            frozen.workplan,
            _("A text on %(ref)s was taken out of final report %(number)d.")
            % {"ref": item.ref, "number": frozen.number},
        )
        transaction.on_commit(partial(make_files, frozen.pk), robust=True)


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
        if any(is_of(one, item.ref, wanted) for one in told_rows(frozen.content))
    ]


def told_rows(content: Any) -> Iterator[dict[str, Any]]:
    """Yield what the content of a final report, as it is stored, says was told, row by row.

    It does not ask for the form of the rest, so that personal data can always be taken out.
    """
    if isinstance(content, dict):
        if "narrative" in content and "sequence" in content:
            yield content
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            yield from told_rows(part)


def is_of(told: dict[str, Any], ref: str, numbers: Iterable[int]) -> bool:
    """Whether a row that was told is one of some updates of an item, with its narrative."""
    is_there = told["narrative"] not in ("", REDACTED)
    return is_there and told.get("ref") == ref and told["sequence"] in numbers


# Proving them


def problems(frozen: FrozenReport) -> Iterator[str]:
    """Yield a sentence for everything in a final report that is not as it was kept.

    That is its content, its files, and the rows of the ledger on which it rests.
    """
    try:
        report = from_json(frozen.content)
    except ValidationError as error:
        yield " ".join(error.messages)
    else:
        yield from content_problems(frozen, report)
    yield from file_problems(frozen)
    try:
        kept = read_digests(frozen.ledger.splitlines())
    except ValidationError as error:
        yield " ".join(error.messages)
    else:
        yield from differences(kept)


def content_problems(frozen: FrozenReport, report: Report) -> Iterator[str]:
    """Yield what is wrong with what a final report says."""
    days_kept = (frozen.first_day, frozen.last_day, frozen.known_on or "")
    if content_digest(report) != frozen.content_digest:
        yield _("its content was altered")
    if (report.first, report.last, report.known_on) != tuple(map(str, days_kept)):
        yield _("its days are not those of its content")
    told_all = list(told_rows(frozen.content))
    removed = {one["ref"] for one in told_all if one["narrative"] == REDACTED}
    # What is taken out of a report was taken out of the ledger before.
    gone = set(
        DeliverableUpdate.objects.filter(item__ref__in=removed, narrative=REDACTED).values_list(
            "item__ref", "sequence"
        )
        if removed
        else ()
    )
    for told in told_all:
        text = told["narrative"]
        is_gone = text == REDACTED and (told["ref"], told["sequence"]) in gone
        if not is_gone and digest(text) != told["narrative_digest"]:
            yield _("what it says of %(ref)s, update %(number)d, was altered") % {
                "ref": told["ref"],
                "number": told["sequence"],
            }


def file_problems(frozen: FrozenReport) -> Iterator[str]:
    """Yield what is wrong with the files of a final report."""
    if frozen.docx is None:
        yield _("its files are missing: “manage.py verify_reports --make-files” makes them")
        return
    if file_digest(bytes(frozen.docx)) != frozen.docx_digest:
        yield _("its Word file was altered")
    if frozen.pdf is not None and file_digest(bytes(frozen.pdf)) != frozen.pdf_digest:
        yield _("its PDF file was altered")
    if frozen.pdf is None and frozen.pdf_digest:
        yield _("its PDF file was removed")
