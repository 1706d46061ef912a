"""The pack of a meeting as a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from actionpoints.packs import Load, Pack, Theme
from workplans.changes import Bucket, ChangeRow, Told
from workplans.exports import with_role
from workplans.lists import ItemRow, day_words
from workplans.models import Wording
from workplans.papers import (
    QUIET,
    STRONG,
    TAG,
    Block,
    Column,
    Heading,
    Paper,
    Paragraph,
    Row,
    Table,
    Words,
    cell,
    narrative,
    paragraph,
)


def pack_paper(pack: Pack, with_links: bool = False) -> Paper:
    """Return a pack as a document; its page has links to the items, its files have none."""
    day = day_words(pack.meeting.held_on).replace(" ", "\N{NO-BREAK SPACE}")
    words = {"body": pack.meeting.body.full_name, "day": day}
    return Paper(
        title=_("%(body)s: pack for the meeting of %(day)s") % words,
        subtitle=pack.meeting.title,
        mark="",
        facts=tuple(facts(pack)),
        blocks=tuple(blocks(pack, with_links)),
        footer=_("%(body)s – meeting of %(day)s – as of %(as_of)s")
        % {**words, "body": pack.meeting.body, "as_of": day_words(pack.day)},
        language=get_language() or "en",
    )


def facts(pack: Pack) -> Iterator[tuple[str, str]]:
    """Yield what stands above the tables: labels with words."""
    yield _("Meeting"), pack.meeting.date_words or day_words(pack.meeting.held_on)
    yield _("Status as of"), day_words(pack.day)
    if pack.previous is None:
        yield _("Last meeting"), _("No earlier meeting of this body is recorded.")
    else:
        words = {"title": pack.previous.title, "day": day_words(pack.previous.held_on)}
        yield _("Last meeting"), _("%(day)s: %(title)s") % words


def blocks(pack: Pack, with_links: bool) -> Iterator[Block]:
    """Yield the four parts of a pack, each with its heading."""
    yield Heading(_("Follow-up of action points"), "follow-up")
    if pack.themes:
        yield follow_up(pack.themes, pack.record, with_links)
    else:
        yield quiet(_("Nothing is to be followed up."))
    if pack.previous is not None:
        yield Heading(_("What changed since the last meeting"), "changed")
        changed = [one for bucket in pack.changed.values() for one in bucket]
        if changed:
            yield what_changed(pack.changed, with_links)
        else:
            yield quiet(_("Nothing changed, and nothing was told."))
    yield Heading(_("What is open, by lead"), "leads")
    if pack.loads:
        yield open_by_lead(pack.loads, with_links)
    else:
        yield quiet(_("Nothing is open."))
    if pack.previous is not None:
        yield Heading(_("What was not touched since the last meeting"), "untouched")
        if pack.untouched:
            yield not_touched(pack.untouched, with_links)
        else:
            yield quiet(_("Everything was touched."))


def quiet(sentence: str) -> Paragraph:
    return paragraph(Words(sentence, QUIET))


def follow_up(
    themes: Iterable[Theme], record: Mapping[int, Sequence[Told]], with_links: bool
) -> Table:
    """Return the action points by theme, in the columns of the record's own table."""
    rows: list[Row] = []
    for theme in themes:
        rows.append(band(theme.name or _("Without a theme")))
        rows += [
            Row(
                (
                    cell(name(row, with_links), *details(row), decided(row)),
                    cell(*leads(row)),
                    cell(status(row), *timeliness(row)),
                    cell(*progress(row, record.get(row.item.pk, ())), *time_frame(row)),
                )
            )
            for row in theme.rows
        ]
    return Table(
        caption=_("Action points by theme"),
        columns=(
            Column(_("Action point"), 38),
            Column(_("Lead"), 16),
            Column(_("Status"), 12),
            Column(_("Progress overview"), 34),
        ),
        rows=tuple(rows),
    )


def band(words: str) -> Row:
    return Row((cell(paragraph(Words(words, STRONG))),), band=True)


def name(row: ItemRow, with_links: bool) -> Paragraph:
    """Return an item's title, with a link to its page where links are wanted."""
    return paragraph(Words(row.item.title, STRONG, url=row.url if with_links else ""), kind="name")


def where(row: ItemRow) -> Paragraph:
    """Return the reference of an item, and who decided it or whose plan it is in."""
    words = _("%(ref)s – %(where)s") % {"ref": row.item.ref, "where": row.where}
    return quiet(words if row.where else row.item.ref)


def details(row: ItemRow) -> Iterator[Paragraph]:
    """Yield what is to be said of an action point beyond its title."""
    if row.item.parent is not None:
        yield quiet(row.item.parent.title)
    if row.item.description:
        yield paragraph(row.item.description)
    if row.item.wording == Wording.PROVISIONAL:
        yield quiet(_("Provisional wording"))


def decided(row: ItemRow) -> Paragraph:
    """Return the reference of an action point, and where it was decided, as its record says."""
    meeting, recommendation = row.item.meeting, row.item.recommendation
    words = {"ref": row.item.ref}
    if meeting is not None:
        day = meeting.date_words or day_words(meeting.held_on)
        words |= {"body": str(meeting.body), "day": day}
        return quiet(_("%(ref)s – %(body)s, %(day)s") % words)
    if recommendation is not None:
        words["recommendation"] = str(recommendation)
        return quiet(_("%(ref)s – %(recommendation)s") % words)
    return quiet(row.item.ref)


def leads(row: ItemRow) -> Iterator[Paragraph]:
    """Yield the parties of an item, the leads first, others with their role."""
    if not (row.parties.leads or row.parties.supporting):
        yield quiet(_("none named"))
    for party in row.parties.leads:
        yield paragraph(party.name)
    for party in row.parties.supporting:
        yield quiet(with_role(party))


def status(row: ItemRow) -> Paragraph:
    """Return the status of an item; no status is no tag."""
    if not row.item.status:
        return quiet(str(row.status.label))
    return paragraph(Words(str(row.status.label), TAG, status=row.status))


def timeliness(row: ItemRow) -> Iterator[Paragraph]:
    """Yield how an item stands to its last day, where it has one."""
    if row.item.due is not None and row.timeliness.words:
        yield quiet(row.timeliness.words)


def progress(row: ItemRow, record: Sequence[Told]) -> Iterator[Paragraph]:
    """Yield the narrative that stands on the day, then what else the meeting's record told."""
    standing = row.item.narrative
    if standing:
        yield paragraph(narrative(standing))
    elif not record:
        yield quiet(_("Nothing was reported."))
    for each in record:
        if each.part is not None or each.row.narrative not in ("", standing):
            yield told_paragraph(each)


def time_frame(row: ItemRow) -> Iterator[Paragraph]:
    if row.item.timeframe:
        yield quiet(_("Time frame: %(words)s") % {"words": row.item.timeframe})


def what_changed(changed: dict[Bucket, tuple[ChangeRow, ...]], with_links: bool) -> Table:
    """Return what became of the items that changed, bucket by bucket."""
    rows: list[Row] = []
    for bucket, members in changed.items():
        if members:
            words = {"bucket": bucket.label, "count": len(members)}
            rows.append(band(_("%(bucket)s: %(count)d") % words))
        for one in members:
            rows.append(
                Row(
                    (
                        cell(name(one.row, with_links), where(one.row)),
                        cell(*move(one)),
                        cell(*told(one)),
                    )
                )
            )
    return Table(
        caption=_("What changed since the last meeting"),
        columns=(Column(_("Item"), 38), Column(_("Status"), 18), Column(_("What was told"), 44)),
        rows=tuple(rows),
    )


def move(one: ChangeRow) -> Iterator[Paragraph]:
    """Yield the status of an item with the one it moved from, and what else is to be said."""
    if one.change.is_move:
        words = _("%(old)s → %(new)s")
        labels = {"old": one.change.before.label, "new": one.change.after.label}
        yield paragraph(Words(words % labels, STRONG))
    else:
        yield status(one.row)
    for slip in one.change.slips:
        yield quiet(_("%(old)s → %(new)s") % {"old": slip.old, "new": slip.new})
    for flag in one.change.flags:
        yield quiet(str(flag.label))


def told(one: ChangeRow) -> Iterator[Paragraph]:
    """Yield what was told since the last meeting, the newest first."""
    yield from map(told_paragraph, one.change.told)


def told_paragraph(each: Told) -> Paragraph:
    """Return what one update told, with its day, and with the part that it is about."""
    day = _("%(day)s: ") % {"day": each.day}
    about = []
    if each.part is not None:
        about.append(Words(f"{each.part.number or each.part.title} ", STRONG))
        if each.status is not None:
            about += [Words(str(each.status.label), TAG, status=each.status), Words(" ")]
    return paragraph(Words(day, QUIET), *about, narrative(each.words), kind="told")


def open_by_lead(found: Sequence[Load], with_links: bool) -> Table:
    """Return the open action points of each lead."""
    rows: list[Row] = []
    for load in found:
        total = len(load.rows)
        words = {"name": load.name or _("No lead named"), "count": total}
        sentence = ngettext("%(name)s: %(count)d open", "%(name)s: %(count)d open", total)
        rows.append(band(sentence % words))
        rows += [
            Row(
                (
                    cell(name(row, with_links), decided(row)),
                    cell(status(row)),
                    cell(row.item.timeframe, *timeliness(row)),
                )
            )
            for row in load.rows
        ]
    columns = (
        Column(_("Action point"), 58),
        Column(_("Status"), 18),
        Column(_("Time frame"), 24),
    )
    caption = _("Open action points by lead")
    if any(row.item.timeframe for load in found for row in load.rows):
        return Table(caption, columns, tuple(rows))
    # Where nothing has a time frame there is no column for it.
    return Table(caption, columns[:2], tuple(replace(row, cells=row.cells[:2]) for row in rows))


def not_touched(found: Iterable[ChangeRow], with_links: bool) -> Table:
    """Return the items of which nothing was told since the last meeting."""
    return Table(
        caption=_("What was not touched since the last meeting"),
        columns=(
            Column(_("Item"), 46),
            Column(_("Lead"), 20),
            Column(_("Status"), 16),
            Column(_("Last reported"), 18),
        ),
        rows=tuple(
            Row(
                (
                    cell(name(one.row, with_links), where(one.row)),
                    cell(*leads(one.row)),
                    cell(status(one.row), *timeliness(one.row)),
                    cell(last_word(one.row)),
                )
            )
            for one in found
        ),
    )


def last_word(row: ItemRow) -> Paragraph:
    last = row.item.last_reported_on
    return paragraph(day_words(last)) if last else quiet(_("never"))
