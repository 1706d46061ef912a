"""The geometry of charts and icons: counts in, places and paths out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
            segments.append(Segment(word, count, _percent(before, total), _percent(count, total)))
            before += count
    return segments


def _percent(part: int, whole: int) -> str:
    """Return a part of a whole in percent, with up to four decimals."""
    return f"{100 * part / whole:.4f}".rstrip("0").rstrip(".")
