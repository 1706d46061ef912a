"""What asks for attention among some items: overdue, due soon, silent, moved to a later day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from workplans.figures import Figure, ListLink
from workplans.lists import ItemRow
from workplans.models import SILENT_DAYS, Timeliness
from workplans.reports import Slip, Tally

# So many items are named where more ask for attention; the list has the rest.
NAMED = 8


@dataclass(frozen=True, slots=True)
class Named:
    """The first items that ask for attention, and the figure of all of them.

    `words` say what is so where there is none.
    """

    title: str
    words: str
    figure: Figure
    rows: Sequence[Any]

    @property
    def is_cut(self) -> bool:
        return len(self.rows) < self.figure.count


@dataclass(frozen=True, slots=True)
class Attention:
    """What asks for attention; the newest slips are named, and `more_slips` are not."""

    named: tuple[Named, ...]
    slips: Sequence[Slip]
    more_slips: int


def find_attention(
    rows: Iterable[ItemRow], slips: Sequence[Slip], tally: Tally, whole: ListLink
) -> Attention:
    """Return what asks for attention among the rows of all items that a tally counts.

    `slips` are those of the items, the newest first; `whole` is the list of the items.
    """
    rows = list(rows)

    def by_due(code: str) -> list[ItemRow]:
        found = [row for row in rows if row.item.timeliness == code]
        return sorted(found, key=lambda row: (row.item.due, row.item.ref))[:NAMED]

    silent = sorted(
        (row for row in rows if row.item.is_silent),
        key=lambda row: (row.item.last_word, row.item.ref),
    )
    by_last_day = whole.narrow(sort="due")
    return Attention(
        (
            Named(
                _("Overdue"),
                _("Nothing is overdue."),
                by_last_day.with_timeliness(tally, Timeliness.OVERDUE),
                by_due(Timeliness.OVERDUE),
            ),
            Named(
                _("Due within 30 days"),
                _("Nothing falls due within 30 days."),
                by_last_day.with_timeliness(tally, Timeliness.DUE_SOON),
                by_due(Timeliness.DUE_SOON),
            ),
            Named(
                _("Silent for %(days)d days or longer") % {"days": SILENT_DAYS},
                _("Something was told of everything that is open."),
                whole.narrow(sort="reported").silent(tally),
                silent[:NAMED],
            ),
        ),
        slips[:NAMED],
        max(0, len(slips) - NAMED),
    )
