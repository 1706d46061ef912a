"""The ledger: the one door through which what is told of an item comes in.

`record_update` and its set-based form `record_updates` are the only writers of ledger
rows. They lock the items, judge each entry by the rules of the design ("The ledger"),
append, and refresh the items' cached columns, in one transaction. The admin, imports,
commands and, by way of `workplans.loading`, fixtures all come through here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import CharField, F, OuterRef, Subquery, TextField
from django.db.models.functions import Coalesce, Least
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from workplans import days
from workplans.chunks import Among, portions
from workplans.field_log import log_event
from workplans.inserts import count_anew, insert_all
from workplans.ledger_state import Row, as_row, digest, read_rows, state_on
from workplans.models import Level, SourceDocument, StatusUpdate, TrackedItem
from workplans.models.ledger_rows import REDACTED
from workplans.models.tracking import CACHED_COLUMNS, ledger_columns
from workplans.prototypes import Prototype
from workplans.status_words import BY_CODE
from workplans.timeframes import AmbiguousDate, TimeFrame, read_timeframe

# So many rows written at once leave the database with a wrong idea of the ledger.
MANY = 1000

# Sent, in the same transaction, with the `item` and the `numbers` of its updates, when a
# narrative was taken out of the ledger: what keeps a copy of it takes it out too.
narrative_removed = Signal()
# Sent, in the same transaction, with the new `rows` of items of one model: what keeps a copy
# of what they tell follows them.
ledger_written = Signal()


class NewerUpdate(ValidationError):
    """Somebody has told something since the writer looked; `rows` are those updates."""

    def __init__(self, rows: Sequence[StatusUpdate]) -> None:
        self.rows = rows
        super().__init__(
            _("This item has been updated since you opened it. Read the new update, then decide."),
            code="newer_update",
        )


class UpdatesRefused(Exception):
    """No row was written, because some entries break a rule.

    `errors` has the ValidationError of each refused entry, keyed by its place in the
    sequence that was given.
    """

    def __init__(self, errors: dict[int, ValidationError]) -> None:
        self.errors = errors
        super().__init__(f"{len(errors)} entries were refused.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What somebody tells of one item: any of a status, a narrative, a revised time frame.

    `effective_on` is the day from which it was true; without one it takes its source's
    day, else the site's today. A time frame given as words is read by
    `workplans.timeframes`; a TimeFrame is taken as it is. `reported_on` is for a ledger
    that comes back from a file; otherwise it is the source's day, else the site's today.

    An entry that `replaces` a row corrects it, or takes it back if it says nothing else;
    what it leaves out of day and source it has from that row. `after_sequence` is the
    number of the newest row that the writer has seen (0 for none); without it, newer rows
    are not asked about.
    """

    item: TrackedItem
    status: str = ""
    narrative: str = ""
    timeframe: str | TimeFrame = ""
    effective_on: date | None = None
    effective_words: str = ""
    source: SourceDocument | None = None
    locator: str = ""
    replaces: StatusUpdate | None = None
    recorded_by: User | None = None
    proposed_by: User | None = None
    reported_on: date | None = None
    after_sequence: int | None = None


def record_update(item: TrackedItem, *, today: date | None = None, **told: Any) -> StatusUpdate:
    """Record what is told of one item, and return the row.

    Takes the fields of Entry as keywords. Raise ValidationError, keyed by field, if a
    rule is broken, and NewerUpdate if there are rows after `after_sequence`. The item's
    cached columns are fresh afterwards. `today` is the site's today unless given.
    """
    try:
        (row,) = record_updates([Entry(item=item, **told)], today=today)
    except UpdatesRefused as refused:
        raise refused.errors[0] from None
    item.refresh_from_db(fields=[*CACHED_COLUMNS.values(), "introduced_on"])
    return row


def record_updates(entries: Sequence[Entry], *, today: date | None = None) -> list[StatusUpdate]:
    """Record what is told of many items of one kind, all or nothing, and return the rows.

    The rules are those of `record_update`; several entries of one item are judged in
    the order given. Raise UpdatesRefused with an error for each entry that breaks one.
    """
    with transaction.atomic():
        judged = judge_entries(entries, today=today, lock=True)
        if judged.errors:
            raise UpdatesRefused(judged.errors)
        return record_judged(list(judged.rows.values()))


def record_judged(
    rows: Sequence[StatusUpdate], *, foretold: Collection[int] = ()
) -> list[StatusUpdate]:
    """Write rows that `judge_entries` made, in the transaction in which their items were locked.

    Only what no rule looks at may have been changed since: whose they are, and their sources, if
    of the same day. The items with the keys `foretold` say already what the rows tell.
    """
    if not rows:
        return []
    model = type(rows[0].item)
    insert_all(rows)
    unknown = {row.item_id for row in rows}.difference(foretold)
    if len(unknown) >= MANY:
        count_anew(model.update_model())
    refresh_cache(model, unknown)
    ledger_written.send(sender=model, rows=rows)
    return list(rows)


def judge_entry(entry: Entry, *, today: date | None = None) -> None:
    """Raise ValidationError, as `record_update` would, without writing anything.

    For a form that must show errors before it saves: inside one transaction the item
    stays locked in between, so that what was judged good can be recorded. An item that
    is about to be made has no rows yet.
    """
    today = today or days.site_today()
    item, model = entry.item, type(entry.item)
    if item.pk is None:
        _judge(entry, [], item.level, today)
    else:
        level = lock_items(model, [item.pk]).get(item.pk)
        _judge(entry, read_rows(model, [item.pk])[item.pk], level, today)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of entries, keyed by their place: the row for each, or why it is refused.

    `ledgers` are those of their items, with all these rows.
    """

    rows: dict[int, StatusUpdate]
    errors: dict[int, ValidationError]
    ledgers: dict[int, list[Row]]


def judge_entries(
    entries: Sequence[Entry],
    *,
    today: date | None = None,
    lock: bool = False,
    levels: dict[int, str] | None = None,
) -> Judged:
    """Return the rows for entries on items of one kind; nothing is written.

    With `lock`, inside a transaction, the items stay locked for `record_judged`; without it is a
    preview. `levels` are those of stored items by key, where they are about to be others. An item
    that is about to be made has no rows yet.
    """
    today = today or days.site_today()
    judged = Judged({}, {}, {})
    if not entries:
        return judged
    model: Any = type(entries[0].item)
    if any(type(entry.item) is not model for entry in entries):
        raise TypeError("All entries must be of the same kind of item.")
    by_item: dict[Any, list[tuple[int, Entry]]] = defaultdict(list)
    for place, entry in enumerate(entries):
        by_item[entry.item.pk or f"new {id(entry.item)}"].append((place, entry))
    stored = sorted(key for key in by_item if isinstance(key, int))
    if levels is None:
        levels = _levels(model, stored, lock=lock)
    for ids in [*portions(stored), [key for key in by_item if not isinstance(key, int)]]:
        known = [key for key in ids if isinstance(key, int)]
        ledgers = read_rows(model, known) if known else {}
        for key in ids:
            ledger = ledgers.get(key, [])
            for place, entry in by_item[key]:
                level = levels.get(key) if key in ledgers else entry.item.level
                try:
                    row = _judge(entry, ledger, level, today)
                except ValidationError as error:
                    judged.errors[place] = error
                else:
                    ledger.append(as_row(row))
                    judged.rows[place], judged.ledgers[place] = row, ledger
    return Judged(
        dict(sorted(judged.rows.items())), dict(sorted(judged.errors.items())), judged.ledgers
    )


def _levels(model: type[TrackedItem], ids: Sequence[int], *, lock: bool) -> dict[int, str]:
    """Return the levels of stored items, which may be locked meanwhile."""
    if lock:
        return lock_items(model, ids)
    return dict(model.objects.filter(Among("pk", ids)).values_list("pk", "level"))


def judge_raw_row(row: StatusUpdate, today: date) -> None:
    """Judge a ledger row that `loaddata` is about to save, and number and complete it.

    Raise ValidationError as `record_update` does. Days that a file gives for a time
    frame are kept, since they may rest on a year that the document only implies.
    """
    model = type(row.item)
    levels = lock_items(model, [row.item_id])
    timeframe: str | TimeFrame = row.timeframe
    if row.timeframe_earliest or row.timeframe_latest:
        timeframe = TimeFrame(row.timeframe, row.timeframe_earliest, row.timeframe_latest)
    entry = Entry(
        item=row.item,
        status=row.status,
        narrative=row.narrative,
        timeframe=timeframe,
        effective_on=row.effective_on,
        effective_words=row.effective_words,
        source=row.source,
        locator=row.locator,
        replaces=row.replaces,
        recorded_by=row.recorded_by,
        proposed_by=row.proposed_by,
        reported_on=row.reported_on,
    )
    redacted_digest = row.narrative_digest if row.narrative == REDACTED else ""
    ledger = read_rows(model, [row.item_id])[row.item_id]
    judged = _judge(entry, ledger, levels.get(row.item_id), today)
    if row.sequence not in (None, judged.sequence):
        raise ValidationError(
            {
                "sequence": _("It is numbered %(given)s, but the next number is %(next)s.")
                % {"given": row.sequence, "next": judged.sequence}
            }
        )
    for field in row._meta.concrete_fields:
        if not field.primary_key:
            setattr(row, field.attname, getattr(judged, field.attname))
    # A dump of a ledger with a redacted narrative keeps the digest of what stood there.
    row.narrative_digest = redacted_digest or judged.narrative_digest


def remove_narrative(row: StatusUpdate, *, reason: str) -> list[int]:
    """Take a narrative that held personal data out of the ledger, and log the reason.

    Its digest stays. Rows of the same item that say the very same are treated alike.
    Return the numbers of the rows concerned. Raise ValidationError without a reason, or
    if the narrative is empty or removed already.
    """
    model = type(row.item)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, without the personal data itself.")})
    with transaction.atomic():
        lock_items(model, [row.item_id])
        rows = same_narrative(row)
        numbers = list(rows.values_list("sequence", flat=True))
        if not numbers:
            raise ValidationError(_("There is no narrative to remove."))
        rows.update(narrative=REDACTED)
        refresh_cache(model, [row.item_id])
        narrative_removed.send(sender=model, item=row.item, numbers=numbers)
        log_event(
            row.item,
            _("A narrative was removed from the history, update %(numbers)s.")
            % {"numbers": ", ".join(map(str, numbers))},
            reason.strip(),
        )
    return numbers


def same_narrative(row: StatusUpdate) -> Any:
    """Return the rows of a row's item that have the same narrative, not removed yet."""
    model = type(row.item).update_model()
    rows = model.objects.filter(item=row.item_id, narrative_digest=row.narrative_digest)
    return rows.exclude(narrative__in=("", REDACTED)).order_by("sequence")


def lock_items(model: type[TrackedItem], ids: Sequence[int]) -> dict[int, str]:
    """Lock items and what they belong to, and return the items' levels.

    All rows are locked in the order of their keys, so that two writers wait for each
    other instead of locking each other out. SQLite's transactions exclude each other.
    Call it inside a transaction.
    """
    above = model.objects.filter(Among("pk", ids), parent__isnull=False)
    wanted = set(ids)
    for parent, grandparent in above.values_list("parent", "parent__parent"):
        wanted |= {parent} | ({grandparent} if grandparent else set())
    locked = (
        model.objects.select_for_update(of=("self",))
        .filter(Among("pk", sorted(wanted)))
        .order_by("pk")
        .values_list("pk", "level")
    )
    return dict(locked)


def refresh_cache(model: type[TrackedItem], ids: Iterable[int]) -> None:
    """Bring the cached columns of items up to what their ledgers say.

    Also lowers `introduced_on` to the first day that a standing row of the item, or of
    what belongs to it, was true. It is never raised.
    """
    columns = ledger_columns(model, None)
    rows = model.update_model().objects
    first_row = Subquery(
        rows.filter(item=OuterRef("pk"), replaced_by__isnull=True)
        .order_by("effective_on")
        .values("effective_on")[:1]
    )
    first_child = Subquery(
        model.objects.filter(parent=OuterRef("pk"))
        .order_by("introduced_on")
        .values("introduced_on")[:1]
    )
    for chunk in portions(sorted(ids)):
        items = model.objects.filter(Among("pk", chunk))
        items.update(
            **{cached: columns[name] for name, cached in CACHED_COLUMNS.items()},
            introduced_on=Least(F("introduced_on"), Coalesce(first_row, F("introduced_on"))),
        )
        # Two steps up at most: from a part to its item, and from there to its heading.
        above = items.filter(parent__isnull=False).values_list("parent", flat=True)
        parents = sorted(set(above))
        while parents:
            level = model.objects.filter(Among("pk", parents))
            level.filter(introduced_on__gt=first_child).update(introduced_on=first_child)
            parents = sorted(
                set(level.filter(parent__isnull=False).values_list("parent", flat=True))
            )


def _judge(entry: Entry, ledger: list[Row], level: str | None, today: date) -> StatusUpdate:
    """Return the unsaved row for an entry, or raise ValidationError, keyed by field.

    `ledger` holds the item's rows so far, `level` its level (None if it is gone).
    """
    model = type(entry.item)
    head = ledger[-1].sequence if ledger else 0
    if entry.after_sequence is not None and head > entry.after_sequence:
        newer = model.update_model().objects.filter(
            item=entry.item, sequence__gt=entry.after_sequence
        )
        raise NewerUpdate(list(newer.order_by("sequence")))
    if level is None:
        raise ValidationError(_("The item %(ref)s is gone.") % {"ref": entry.item.ref})
    if level == Level.HEADING:
        raise ValidationError(_("A heading has no status or narrative. Update the items under it."))

    errors: dict[str, Any] = {}
    entry = _as_correction(entry)
    status, narrative = entry.status, entry.narrative.strip()
    frame = _read_frame(entry.timeframe, errors)
    source_day = entry.source.dated if entry.source else None
    reported_on = entry.reported_on or source_day or today
    effective_on = entry.effective_on or reported_on
    replaced = _replaced_row(entry, ledger, errors)

    if status and status not in {word.code for word in model.STATUSES}:
        errors["status"] = _("“%(status)s” is not one of: %(known)s.") % {
            "status": status,
            "known": ", ".join(word.code for word in model.STATUSES),
        }
    elif status and not BY_CODE[status].is_open and not narrative:
        errors["narrative"] = _("Say in a sentence how it was closed.")
    if reported_on > today:
        errors["source"] = _("The source is dated %(day)s, which lies ahead of %(today)s.") % {
            "day": reported_on.isoformat(),
            "today": today.isoformat(),
        }
    elif effective_on > today:
        errors["effective_on"] = _("%(day)s lies ahead. Give %(today)s or an earlier day.") % {
            "day": effective_on.isoformat(),
            "today": today.isoformat(),
        }
    elif effective_on < days.FIRST_DAY:
        errors["effective_on"] = _("%(day)s is too early. Give a day from %(first)s on.") % {
            "day": effective_on.isoformat(),
            "first": days.FIRST_DAY.isoformat(),
        }
    limits = _longest(model.update_model())
    for name, words in (
        ("narrative", narrative),
        ("timeframe", frame.words),
        ("effective_words", entry.effective_words),
        ("locator", entry.locator),
    ):
        if "\0" in words:
            errors[name] = _("The text holds a character (NUL) that cannot be stored. Remove it.")
        limit = limits[name]
        if limit and len(words) > limit:
            errors[name] = _("At most %(limit)d characters, please.") % {"limit": limit}
    if not (status or narrative or frame.words or entry.replaces):
        errors["status"] = _("Give a status, a narrative or a revised time frame.")
    if errors:
        raise ValidationError(errors)

    row = _prototype(model.update_model()).make(
        {
            "item": entry.item,
            "recorded_by": entry.recorded_by,
            "proposed_by": entry.proposed_by,
            "source": entry.source,
        },
        sequence=head + 1,
        slot=replaced.slot if replaced else head + 1,
        status=status,
        narrative=narrative,
        narrative_digest=digest(narrative),
        timeframe=frame.words,
        timeframe_earliest=frame.earliest,
        timeframe_latest=frame.latest,
        effective_on=effective_on,
        effective_words=entry.effective_words,
        reported_on=reported_on,
        recorded_at=timezone.now(),
        locator=entry.locator,
    )
    if replaced is not None:
        row.replaces = entry.replaces
        _refuse_same_correction(entry, row)
    else:
        _refuse_nothing_new(row, ledger)
    return row


_prototype = cache(Prototype[StatusUpdate])


@cache
def _longest(model: type[StatusUpdate]) -> dict[str, int | None]:
    """Return how many characters each text of an update may have, by its field."""
    return {
        field.name: field.max_length
        for field in model._meta.concrete_fields
        if isinstance(field, (CharField, TextField))
    }


def _as_correction(entry: Entry) -> Entry:
    """Return an entry with what it leaves out taken from the row that it corrects.

    Without a day it keeps that row's; without a source, one that says something keeps
    that row's too: it tells rightly what that document told.
    """
    row = entry.replaces
    if row is None:
        return entry
    if entry.effective_on is None:
        words = entry.effective_words or row.effective_words
        entry = replace(entry, effective_on=row.effective_on, effective_words=words)
    says_something = entry.status or entry.narrative or entry.timeframe
    if entry.source is None and row.source is not None and says_something:
        locator = entry.locator or row.locator
        entry = replace(entry, source=row.source, locator=locator)
    return entry


def _read_frame(words: str | TimeFrame, errors: dict[str, Any]) -> TimeFrame:
    nothing = TimeFrame("", None, None)
    if not words:
        return nothing
    if isinstance(words, TimeFrame):
        frame = words
        if not frame.words and (frame.earliest or frame.latest):
            errors["timeframe"] = _("Write the time frame in words too, as it was given.")
        elif frame.earliest and frame.latest and frame.earliest > frame.latest:
            errors["timeframe"] = _("The latest day lies before the earliest.")
    else:
        try:
            frame = read_timeframe(words)
        except AmbiguousDate as ambiguous:
            errors["timeframe"] = str(ambiguous)
            return nothing
    return frame


def _replaced_row(entry: Entry, ledger: list[Row], errors: dict[str, Any]) -> Row | None:
    """Return the row that an entry corrects; note an error if it cannot be corrected."""
    if entry.replaces is None:
        return None
    row = next((row for row in ledger if row.id == entry.replaces.pk), None)
    if row is None:
        errors["replaces"] = _("That update belongs to another item.")
    elif any(other.replaces_id == row.id for other in ledger):
        errors["replaces"] = _(
            "Update %(number)d has been corrected already. Correct its correction instead."
        ) % {"number": row.sequence}
    return row


def _refuse_same_correction(entry: Entry, row: StatusUpdate) -> None:
    """Refuse a correction that leaves every word, day and source as it was."""
    fields = (
        "status", "narrative", "timeframe", "timeframe_earliest", "timeframe_latest",
        "effective_on", "effective_words", "source_id", "locator",
    )  # fmt: skip
    if all(getattr(row, name) == getattr(entry.replaces, name) for name in fields):
        raise ValidationError(
            _("The correction says just what the update says."), code="nothing_new"
        )


def _refuse_nothing_new(row: StatusUpdate, ledger: list[Row]) -> None:
    """Refuse a row all of whose content stands on its day already, told no later than the last.

    The same told by a later source is an update: still pending is news.
    """
    if not ledger:
        return
    before = state_on(ledger, row.effective_on)
    frame = (row.timeframe, row.timeframe_earliest, row.timeframe_latest)
    if (
        row.status not in ("", before.status)
        or row.narrative_digest not in ("", before.narrative)
        or (row.timeframe and frame != before.timeframe)
    ):
        return
    last_reported_on = state_on(ledger, date.max).last_reported_on
    if last_reported_on is not None and row.reported_on <= last_reported_on:
        raise ValidationError(
            _("This is known already: the same was told with a report of %(day)s.")
            % {"day": last_reported_on.isoformat()},
            code="nothing_new",
        )
