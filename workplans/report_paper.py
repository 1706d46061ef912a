"""The progress report as a document, in the columns and order of the one made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from django.utils.translation import gettext as _

from workplans.lists import day_words
from workplans.models import Priority
from workplans.papers import (
    QUIET,
    STRONG,
    TAG,
    Block,
    Cell,
    Column,
    Legend,
    Paper,
    Paragraph,
    Row,
    Table,
    Words,
    cell,
    narrative,
    paragraph,
)
from workplans.progress_report import (
    Area,
    Holder,
    Item,
    Report,
    Told,
    holder_words,
    names,
)
from workplans.status_words import BY_CODE, COMPLETED

# More parties than so many stand in one paragraph, not one below the other.
MOST_LINES = 6

# Gives the address of an item's page, by its reference.
Link = Callable[[str], str]


def no_link(ref: str) -> str:
    """Link to nothing: a file that is handed round stands by itself."""
    return ""


def report_paper(report: Report, mark: str, link: Link = no_link) -> Paper:
    """Return a report as a document; `mark` says whether it is a draft or final."""
    words = {"owner": report.owner_full_name, "first": written(report.first)}
    words["last"] = written(report.last)
    if report.owner:
        title = _("%(owner)s: progress report, %(first)s to %(last)s") % words
    else:
        title = _("Progress report, %(first)s to %(last)s") % words
    return Paper(
        title=title,
        subtitle=report.title,
        mark=mark,
        facts=tuple(facts(report)),
        blocks=tuple(blocks(report, link)),
        footer=_("%(plan)s – progress report, %(first)s to %(last)s – %(mark)s")
        % {**words, "plan": report.title, "mark": mark},
        language=report.language,
    )


def written(iso: str) -> str:
    """Return an ISO date in words that no line break parts."""
    return day_words(date.fromisoformat(iso)).replace(" ", "\N{NO-BREAK SPACE}")


def facts(report: Report) -> Iterator[tuple[str, str]]:
    """Yield what stands above the table: labels with words."""
    yield from report.heads
    if report.endorsed:
        yield _("Endorsed"), report.endorsed
    yield _("Status as of"), written(report.last)
    if report.known_on:
        yield _("As it was known on"), written(report.known_on)


def blocks(report: Report, link: Link) -> Iterator[Block]:
    """Yield the note, the legend and the table."""
    if report.note:
        sentence = _("Note: %(words)s") % {"words": report.note}
        yield paragraph(Words(sentence, QUIET))
    yield legend(report)
    yield Table(
        caption=_("Deliverables by priority area"),
        columns=(
            Column(_("Priority areas of work"), 14),
            Column(_("Concrete deliverables"), 24),
            Column(_("Timelines and status"), 34),
            Column(_("Leads"), 9),
            Column(_("Contributing members and other entities"), 11),
            Column(_("Other results groups"), 8),
        ),
        rows=tuple(row for area in report.areas for row in area_rows(area, link)),
    )


def legend(report: Report) -> Legend:
    """Return what the shades and tags of a report mean."""
    day = {"day": written(report.last)}
    return Legend(
        _("Legend"),
        (
            (Priority.PRIORITIZED.value, paragraph(_("Prioritized"))),
            (Priority.DEPRIORITIZED.value, paragraph(_("De-prioritized"))),
            (COMPLETED.code, paragraph(_("Completed"))),
            (
                "",
                paragraph(
                    _(
                        "A word in square brackets is the status on %(day)s. What follows it is "
                        "the text that stands on that day; below it, what else was told in the "
                        "period."
                    )
                    % day
                ),
            ),
            (
                "",
                paragraph(
                    _("(?): the source does not say, or not clearly, that the party belongs here.")
                ),
            ),
        ),
    )


def area_rows(area: Area, link: Link) -> Iterator[Row]:
    """Yield the rows of a priority area; its own cell covers them all."""
    name = f"{area.number}. {area.title}"
    partners = (
        _("In collaboration with %(partners)s") % {"partners": ", ".join(area.partners)}
        if area.partners
        else ""
    )
    head = cell(
        paragraph(Words(name, STRONG), kind="name"),
        area.description,
        partners,
        spans=max(1, len(area.items)),
    )
    if not area.items:
        nothing = cell(paragraph(Words(_("No deliverable on this day."), QUIET)))
        yield Row((head, nothing, *([cell()] * 4)))
    heading = ""
    for place, item in enumerate(area.items):
        first = head if place == 0 else Cell(spans=0)
        yield item_row(first, item, item.heading if item.heading != heading else "", link)
        heading = item.heading


def item_row(head: Cell, item: Item, heading: str, link: Link) -> Row:
    """Return the row of a deliverable with its parts."""
    shade = COMPLETED.code if item.status == COMPLETED.code else item.priority
    return Row(
        (
            head,
            cell(
                paragraph(Words(heading, QUIET)),
                *deliverable(item, link),
                shade=shade if shade != Priority.UNKNOWN else "",
            ),
            cell(*status(item)),
            cell(*parties(item, lambda one: one.leads)),
            cell(*parties(item, lambda one: one.contributors)),
            cell(*parties(item, lambda one: one.groups)),
        )
    )


def deliverable(item: Item, link: Link) -> Iterator[Paragraph]:
    """Yield what a deliverable is, and its parts."""
    number = f"{item.number} " if item.number else ""
    yield paragraph(
        Words(number, STRONG), Words(item.title, STRONG, url=link(item.ref)), kind="name"
    )
    if item.description:
        yield paragraph(item.description)
    for mandate in item.mandates:
        yield paragraph(Words(mandate, QUIET))
    for part in item.parts:
        yield paragraph(
            f"{part.number} " if part.number else "",
            Words(part.title, url=link(part.ref)),
            kind="part",
        )
    if item.priority == Priority.DEPRIORITIZED:
        yield paragraph(Words(_("De-prioritized"), QUIET))
    if item.is_provisional:
        yield paragraph(Words(_("Provisional wording"), QUIET))
    if item.superseded:
        yield paragraph(Words(item.superseded, QUIET))


def status(item: Item) -> Iterator[Paragraph]:
    """Yield how an item and its parts stand, and what else was told of each in the period."""
    yield from time_frame(item)
    yield from standing(item, "")
    yield from map(told, item.others)
    for part in item.parts:
        label = part.number or part.title
        if part.status or part.standing or part.others:
            yield from standing(part, label)
            yield from map(told, part.others)


def time_frame(item: Item) -> Iterator[Paragraph]:
    """Yield the time frame of an item, with those that it moved from in the period."""
    for old, new in item.slips:
        words = _("Time frame moved: %(old)s → %(new)s") % {"old": old, "new": new}
        yield paragraph(Words(words, QUIET))
    if item.timeframe and not item.slips:
        yield paragraph(Words(_("Time frame: %(words)s") % {"words": item.timeframe}, QUIET))
    for part in item.parts:
        label = part.number or part.title
        for old, new in part.slips:
            words = _("Time frame of %(part)s moved: %(old)s → %(new)s")
            yield paragraph(Words(words % {"part": label, "old": old, "new": new}, QUIET))
        if part.timeframe and not part.slips:
            words = _("Time frame of %(part)s: %(words)s") % {
                "part": part.number or part.title,
                "words": part.timeframe,
            }
            yield paragraph(Words(words, QUIET))


def standing(item: Item, label: str) -> Iterator[Paragraph]:
    """Yield the tag of an item with the narrative that stands; `label` names a part.

    The narrative has its day where it has one: the status may be older or newer.
    """
    word = BY_CODE[item.status]
    text = item.standing.narrative if item.standing else ""
    day = item.standing.day_words if item.standing else ""
    if not item.status and not text:
        yield paragraph(Words(f"{label} " if label else ""), Words(item.status_label, QUIET))
        return
    found = [Words(f"{label} ", STRONG)] if label else []
    if item.status:
        found += [Words(item.status_label, TAG, status=word), Words(" ")]
    yield paragraph(*found, *told_on(day), narrative(text), kind="part" if label else "")


def told(one: Told) -> Paragraph:
    """Return what else was told, with its day; a time frame or a status where it is no text."""
    words = one.narrative or one.timeframe or one.status_label
    return paragraph(*told_on(one.day_words), narrative(words), kind="told")


def told_on(day: str) -> list[Words]:
    """Return the words that say on which day something was so, if it has one."""
    return [Words(_("%(day)s: ") % {"day": day}, QUIET)] if day else []


def parties(item: Item, column: Callable[[Item], tuple[Holder, ...]]) -> Iterator[Paragraph]:
    """Yield the parties of an item, then those of parts that have others.

    Parts with the same parties stand together.
    """
    yield from holders(column(item))
    by_parties: dict[tuple[Holder, ...], list[str]] = {}
    for part in item.parts:
        if column(part) and column(part) != column(item):
            by_parties.setdefault(column(part), []).append(part.number or part.title)
    for found, labels in by_parties.items():
        yield paragraph(Words(", ".join(labels), QUIET), kind="part")
        yield from holders(found, kind="part")


def holders(found: tuple[Holder, ...], kind: str = "") -> Iterator[Paragraph]:
    """Yield parties one below the other, or all in one paragraph where they are many."""
    if len(found) > MOST_LINES:
        yield paragraph(names(found), kind=kind)
        return
    for holder in found:
        yield paragraph(holder_words(holder), kind=kind)
