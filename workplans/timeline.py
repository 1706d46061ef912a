"""The timeline of due dates: when each item is due, and from which days it slipped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from workplans.charts import Scale
from workplans.lists import ItemRow, day_words
from workplans.quarters import Quarter
from workplans.reports import Slip

# With more quarters than these on the line, only the years are named.
MOST_QUARTERS = 9
# Of more items than these, only those around the day are drawn.
MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Tick:
    """The first day of a quarter or a year: where it lies, in percent, and its name."""

    x: str
    label: str


@dataclass(frozen=True, slots=True)
class Move:
    """A slip as it is drawn: from where to where, in percent, with the words of both."""

    slip: Slip
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class DueRow:
    """One item on the line: where its last day lies, and the days that it slipped from.

    `words` say the same as the drawing.
    """

    row: ItemRow
    x: str
    moves: tuple[Move, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Items by their last day, over one scale; `today` is where the day asked for lies.

    Of many items those that fall due around the day are drawn, and `left_out` are not.
    """

    ticks: tuple[Tick, ...]
    today: str
    rows: tuple[DueRow, ...]
    left_out: int


def draw_timeline(rows: Iterable[ItemRow], slips: Sequence[Slip], day: date) -> Timeline | None:
    """Return the items that have a last day, the nearest first; None where none has one."""
    dated = sorted(
        (row for row in rows if row.item.due), key=lambda row: (row.item.due, row.item.ref)
    )
    if not dated:
        return None
    left_out = max(0, len(dated) - MOST_ROWS)
    if left_out:
        passed = sum(row.item.due < day for row in dated)
        begin = min(max(0, passed - MOST_ROWS // 2), left_out)
        dated = dated[begin : begin + MOST_ROWS]
    shown = {row.item.pk for row in dated}
    slips = [slip for slip in slips if slip.update.item_id in shown]
    ends = [day, *(row.item.due for row in dated)]
    ends += [end for slip in slips for end in (slip.old_due, slip.new_due)]
    first, last = Quarter.of(min(ends)), Quarter.of(max(ends))
    scale = Scale(first.first, last.last + timedelta(days=1))
    return Timeline(
        tuple(ticks(first, last, scale)),
        scale.at(day),
        tuple(
            due_row(row, [slip for slip in slips if slip.update.item_id == row.item.pk], scale)
            for row in dated
        ),
        left_out,
    )


def ticks(first: Quarter, last: Quarter, scale: Scale) -> list[Tick]:
    """Return the quarters between two, or the years where there are too many."""
    quarters = [first]
    while quarters[-1] < last:
        quarters.append(quarters[-1].next)
    if len(quarters) <= MOST_QUARTERS:
        return [Tick(scale.at(quarter.first), quarter.label) for quarter in quarters]
    return [
        Tick(scale.at(quarter.first), str(quarter.year))
        for quarter in quarters
        if quarter.number == 1 or quarter is first
    ]


def due_row(row: ItemRow, slips: Sequence[Slip], scale: Scale) -> DueRow:
    words = [_("due %(day)s") % {"day": day_words(row.item.due)}]
    words += [
        _("moved from %(old)s to %(new)s")
        % {"old": day_words(slip.old_due), "new": day_words(slip.new_due)}
        for slip in reversed(slips)
    ]
    return DueRow(
        row,
        scale.at(row.item.due),
        tuple(Move(slip, scale.at(slip.old_due), scale.at(slip.new_due)) for slip in slips),
        "; ".join(words),
    )
