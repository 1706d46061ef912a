"""The history of one item, in words: what each row of its ledger changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from workplans.lists import day_words
from workplans.models import StatusUpdate, TrackedItem
from workplans.status_words import BY_CODE, StatusWord


def printed_day(row: StatusUpdate) -> str:
    """Return the day from which a row was true as it was printed, with its year, else in words.

    A document that says “March” or “Q4 2020” does not name a day.
    """
    words: str = row.effective_words
    if not words:
        return day_words(row.effective_on)
    if str(row.effective_on.year) in words:
        return words
    return _("%(words)s %(year)d") % {"words": words, "year": row.effective_on.year}


@dataclass(frozen=True, slots=True)
class FrameMove:
    """A time frame that an update revised; `days` is how much later it ends, if both say."""

    old: str
    new: str
    days: int | None

    @property
    def is_slip(self) -> bool:
        return self.days is not None and self.days > 0


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One row of the ledger and what it changed.

    `status` is what it tells, `status_before` what stood until then (both None for a row
    without status, `status_before` for the first). A row that was `corrected_by` another
    number, or `taken_back_by` one, tells nothing any more and moves nothing.
    """

    row: StatusUpdate
    status: StatusWord | None = None
    status_before: StatusWord | None = None
    frame: FrameMove | None = None
    corrects: int | None = None
    corrected_by: int | None = None
    taken_back_by: int | None = None

    @property
    def anchor(self) -> str:
        return f"update-{self.row.sequence}"

    @property
    def stands(self) -> bool:
        return self.corrected_by is None and self.taken_back_by is None

    @property
    def is_change(self) -> bool:
        """Whether it moved the status, and did not only tell it again."""
        return self.status is not None and self.status is not self.status_before

    @property
    def printed(self) -> str:
        """The day's words in the document, unless they are the day itself."""
        words: str = self.row.effective_words
        return "" if words == day_words(self.row.effective_on) else words

    @property
    def told_later(self) -> bool:
        """Whether it was reported on another day than the one it was true from."""
        return self.row.reported_on != self.row.effective_on


def read_history(item: TrackedItem, day: date, known: date | None = None) -> list[HistoryEntry]:
    """Return what is known of an item by a day, the newest first; one query.

    Rows are those that were true by the day, in the ledger's order, corrected ones among
    them: they stand at their place, marked, beside the row that replaced them. With
    `known`, rows that were reported later than that day are left out, and what they
    correct still stands.
    """
    rows: Any = type(item).update_model().objects.filter(item=item)
    if known is not None:
        rows = rows.filter(reported_on__lte=known)
    rows = list(rows.select_related("source").newest_first())
    # A row and those that replace it, one after the other, have one slot.
    chains: dict[int, list[StatusUpdate]] = {}
    for row in sorted(rows, key=lambda row: row.sequence):
        chains.setdefault(row.slot, []).append(row)
    before = {new.pk: old for chain in chains.values() for old, new in pairwise(chain)}
    after = {old.pk: new for chain in chains.values() for old, new in pairwise(chain)}
    entries = []
    status: StatusWord | None = None
    words, due = item.initial_timeframe, item.initial_latest
    for row in reversed(rows):
        if row.effective_on > day:
            break
        entry = HistoryEntry(row, status=BY_CODE[row.status] if row.status else None)
        if row.pk in before:
            entry = replace(entry, corrects=before[row.pk].sequence)
        if row.pk in after:
            number = after[row.pk].sequence
            if after[row.pk].withdraws:
                entries.append(replace(entry, taken_back_by=number))
            else:
                entries.append(replace(entry, corrected_by=number))
            continue
        if entry.status is not None:
            entry = replace(entry, status_before=status)
            status = entry.status
        if row.timeframe:
            later = (row.timeframe_latest - due).days if due and row.timeframe_latest else None
            entry = replace(entry, frame=FrameMove(words, row.timeframe, later))
            words, due = row.timeframe, row.timeframe_latest
        entries.append(entry)
    return entries[::-1]
