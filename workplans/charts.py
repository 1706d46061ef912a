"""The geometry of charts and icons: counts in, places and paths out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from workplans.status_words import NOT_REPORTED, StatusWord

# Icons of 16 × 16, one for each shape of the status table, drawn with the even-odd rule.
_DISC = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1z"
ICONS: dict[str, str] = {
    "check": f"{_DISC}M6.9 11.7 3.5 8.3 4.8 7l2.1 2.1L11.2 4.8l1.3 1.3z",
    "loop": "M8 2.5a6 6 0 1 0 6 6h-2.2A3.8 3.8 0 1 1 8 4.7zM8 .3l4.5 3.3L8 6.9z",
    "half": f"{_DISC}M8 3a5 5 0 0 1 0 10z",
    "ring": f"{_DISC}M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3z",
    "cross": f"{_DISC}M5.3 4 8 6.7 10.7 4 12 5.3 9.3 8 12 10.7 10.7 12 8 9.3"
    " 5.3 12 4 10.7 6.7 8 4 5.3z",
    "dots": "M2.8 6.3a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4z"
    "m5.2 0a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4z"
    "m5.2 0a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4z",
}


# What is drawn in white over the colour of each shape in bars, on tiles of 8 × 8, so that
# statuses can be told apart in black and white. A disc that is full is full here too.
HATCHES: dict[str, str] = {
    "check": "",
    "loop": "M0 2h8M0 6h8",
    "half": "M-2 2l4-4M0 8l8-8M6 10l4-4",
    "ring": "M1 1h6v6H1z",
    "cross": "M0 0l8 8M8 0L0 8",
    "dots": "M1 2h2M5 6h2",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One status's part of a stacked bar.

    `x` (where it begins) and `width` are percent of the bar, 0 to 100, as text with a
    decimal point: an SVG attribute must not follow the reader's language.
    """

    word: StatusWord
    count: int
    x: str
    width: str


def stacked_bar(counts: Mapping[str, int], words: Iterable[StatusWord]) -> list[Segment]:
    """Lay counts by stored status code out as a bar, in the order of the status table.

    `words` are the statuses of the kind of item; "not reported" comes last of itself.
    Statuses without items are left out; no items at all give an empty list. A code that
    is not among the words raises ValueError: a bar must not lose items.
    """
    in_order = [*words, NOT_REPORTED]
    unknown = set(counts) - {word.code for word in in_order}
    if unknown:
        raise ValueError(f"No such status here: {', '.join(sorted(unknown))}.")
    total = sum(counts.values())
    segments, before = [], 0
    for word in in_order:
        count = counts.get(word.code, 0)
        if count:
            segments.append(Segment(word, count, percent(before, total), percent(count, total)))
            before += count
    return segments


class Part(NamedTuple):
    """One status's part of a column: from `y` down, both in percent of the chart's height."""

    word: StatusWord
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Column:
    """One day of a chart over time: where it stands in percent of the width, and its parts."""

    label: str
    x: str
    width: str
    middle: str
    parts: tuple[Part, ...]


def columns_over_time(
    label: Callable[[date], str],
    counts: Mapping[date, Mapping[str, int]],
    words: Iterable[StatusWord],
    most: int,
) -> list[Column]:
    """Lay counts by status on some days out as columns that stand side by side.

    The first status stands at the foot of each column; `most` is the count that the full
    height stands for. `label` names a day under its column, or gives "".
    """
    words = list(words)
    columns = []
    for place, (day, count) in enumerate(counts.items()):
        parts, below = [], 0
        for word in words:
            if count[word.code]:
                below += count[word.code]
                top = most - below
                parts.append(Part(word, percent(top, most), percent(count[word.code], most)))
        columns.append(
            Column(
                label(day),
                percent(place * 100 + 6, len(counts) * 100),
                percent(88, len(counts) * 100),
                percent(place * 2 + 1, len(counts) * 2),
                tuple(parts),
            )
        )
    return columns


@dataclass(frozen=True, slots=True)
class Scale:
    """A stretch of days laid out from one side to the other; the days lie within it."""

    first: date
    last: date

    def at(self, day: date) -> str:
        """Return where a day lies, in percent of the width."""
        return percent((day - self.first).days, (self.last - self.first).days)


def percent(part: int, whole: int) -> str:
    """Return a part of a whole in percent, with up to four decimals."""
    return f"{100 * part / whole:.4f}".rstrip("0").rstrip(".")
