"""Cells in: the widgets by which a column reads what somebody wrote in it.

A widget's `clean` takes a cell as `workplans.importing.tables` read it, and returns what is stored;
it raises ValueError with a sentence that says what would be right.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from import_export.widgets import Widget

from workplans.importing.tables import NoValue, Value
from workplans.models.entities import name_key
from workplans.status_words import StatusWord
from workplans.timeframes import AmbiguousDate, TimeFrame, read_timeframe
from workplans.workbooks import clean_text, cut

# Rows of one file often say the same.
read_once = lru_cache(maxsize=1000)(read_timeframe)

# A number in a cell for a time frame may be one of these years.
FIRST_YEAR, LAST_YEAR = 1900, 2200
_DAY_AND_TIME = re.compile(r"\A(\d{4}-\d\d-\d\d)[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\Z")


def no_value(cell: NoValue) -> str:
    """Say what is wrong with a cell that holds no value, and the cure."""
    if cell.text.startswith("="):
        return _("A formula stands here. Put its value in its place (paste as values).")
    return _("Excel shows an error here. Put a value in its place.")


def as_text(cell: Value) -> str:
    """Return the text of a cell, without blanks around it, line breaks as the database has them."""
    if isinstance(cell, str):
        if "\r" in cell:
            cell = cell.replace("\r\n", "\n").replace("\r", "\n")
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, NoValue):
        raise ValueError(no_value(cell))
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def plain(text: str) -> str:
    """Return a text as our files would write it, for comparison: cleaned, composed, cut."""
    return cut(unicodedata.normalize("NFC", as_text(clean_text(text))))


def is_same(cell: Value, written: Any) -> bool:
    """Whether a cell says just what our file writes there now.

    A spreadsheet program may have changed the line ends of a text, the form of a day, the type of
    a number, taken “January 2021” for the first day of it, and cut a text that is too long for a
    cell.
    """
    if cell is None or cell == "":
        return written is None or written == ""
    if isinstance(cell, NoValue):
        return False
    if isinstance(written, date):
        return cell in (written, written.isoformat()) or written in days_of(as_text(cell))
    if isinstance(cell, date):
        words = str(written or "")
        return words == cell.isoformat() or first_day_of_month(words) == cell
    mine = "" if written is None else str(written)
    text = as_text(cell)
    if text == mine:
        return True
    if text.isascii() and mine.isascii() and text.isprintable() and mine.isprintable():
        return cut(text) == cut(mine.strip())  # nothing is to be cleaned or composed
    return plain(text) == plain(mine)


def without_time(text: str) -> str:
    """Return a day without the time of day that a spreadsheet program may have put behind it."""
    return _DAY_AND_TIME.sub(r"\1", text)


def days_of(text: str) -> tuple[date, ...]:
    """Return the days that a text may be meant as: none, one, or the two of an ambiguous one."""
    try:
        frame = read_timeframe(without_time(text))
    except AmbiguousDate as ambiguous:
        return ambiguous.readings
    return (frame.latest,) if frame.latest and frame.latest == frame.earliest else ()


def first_day_of_month(words: str) -> date | None:
    """Return the first day of the month that words say; None where they say something else."""
    try:
        frame = read_once(words)
    except AmbiguousDate:
        return None
    first, last = frame.earliest, frame.latest
    if first is None or last is None:
        return None
    end = monthrange(first.year, first.month)[1]
    return first if (first.day, last) == (1, first.replace(day=end)) else None


class TextWidget(Widget):
    """Text up to a length; `required` refuses an empty cell."""

    def __init__(self, longest: int | None = None, required: bool = False) -> None:
        super().__init__()
        self.longest, self.required = longest, required

    def clean(self, value: Value, row: Any = None, **kwargs: Any) -> str:
        text = as_text(value)
        if "\0" in text:
            raise ValueError(_("The text holds a character (NUL) that cannot be stored."))
        if self.required and not text:
            raise ValueError(_("This may not be empty."))
        if self.longest and len(text) > self.longest:
            raise ValueError(
                _("At most %(limit)d characters; these are %(count)d.")
                % {"limit": self.longest, "count": len(text)}
            )
        return text


class UrlWidget(TextWidget):
    """The address of a page."""

    def clean(self, value: Value, row: Any = None, **kwargs: Any) -> str:
        text = super().clean(value, row, **kwargs)
        if text:
            try:
                URLValidator(("http", "https"))(text)
            except ValidationError:
                raise ValueError(
                    _("Write a whole address, such as https://example.org/.")
                ) from None
        return text


class ChoiceWidget(Widget):
    """One of a closed set, by its code or its label; an empty cell is the `default`."""

    def __init__(self, choices: Iterable[tuple[str, Any]], default: str = "") -> None:
        super().__init__()
        self.choices, self.default = list(choices), default

    def clean(self, value: Value, row: Any = None, **kwargs: Any) -> str:
        text = as_text(value)
        if not text:
            return self.default
        known, key = self.known, name_key(text)
        if key not in known:
            raise ValueError(
                _("Write one of: %(known)s.")
                % {"known": ", ".join(str(label) for _code, label in self.choices)}
            )
        return known[key]

    @cached_property
    def known(self) -> dict[str, str]:
        """The codes by the words that stand for them, in the language of the moment."""
        by_code = {name_key(code): code for code, _label in self.choices}
        return by_code | {name_key(str(label)): code for code, label in self.choices}


class StatusWidget(ChoiceWidget):
    """A status in the documents' own spellings: “Ongoing”, “[COMPLETED]”, “in-progress”."""

    def __init__(self, words: Iterable[StatusWord]) -> None:
        super().__init__([(word.code, word.label) for word in words])


@dataclass(frozen=True, slots=True)
class Day:
    """A day, and the words for it where they are not the day itself."""

    day: date
    words: str = ""


class DayWidget(Widget):
    """A day: Excel's own, ISO, 30/06/2021, or words; of a span, the last day, its words kept."""

    def clean(self, value: Value, row: Any = None, **kwargs: Any) -> Day | None:
        if isinstance(value, date):
            return Day(value)
        text = without_time(as_text(value))
        if not text:
            return None
        try:
            frame = read_timeframe(text)
        except AmbiguousDate as ambiguous:
            raise ValueError(str(ambiguous)) from None
        if frame.latest is None:
            raise ValueError(_("No day can be read here. Write it as 2021-06-30."))
        is_day = frame.latest == frame.earliest
        return Day(frame.latest, "" if is_day else frame.words)


class FrameWidget(Widget):
    """A time frame in words; Excel's own day is written out."""

    def clean(self, value: Value, row: Any = None, **kwargs: Any) -> TimeFrame:
        if isinstance(value, date):
            return TimeFrame(f"{value.day} {value:%B %Y}", value, value)
        if isinstance(value, (int, float)) and not FIRST_YEAR <= value <= LAST_YEAR:
            raise ValueError(
                _("A number is no time frame. Write it in words, such as “Q2 2021”, or as a day.")
            )
        text = without_time(TextWidget(longest=200).clean(value))
        try:
            return read_once(text)
        except AmbiguousDate as ambiguous:
            raise ValueError(str(ambiguous)) from None


class LookupWidget(Widget):
    """A record, by any of the texts that it is known by; `known` is filled when a file is read."""

    def __init__(self, what: Any) -> None:
        super().__init__()
        self.what = what

    def clean(self, value: Value, row: Any = None, known: Any = None, **kwargs: Any) -> Any:
        text = as_text(value)
        if not text:
            return None
        found: Mapping[str, Any] = known or {}
        key = text.casefold()
        if key not in found:
            raise ValueError(
                _("“%(name)s” is not known as %(what)s.") % {"name": text[:80], "what": self.what}
            )
        if found[key] is None:
            raise ValueError(
                _("Several records are called “%(name)s”. Write the address of the one you mean.")
                % {"name": text[:80]}
            )
        return found[key]


def by_names(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return records by their names as a `LookupWidget` knows them; None where several have one."""
    known: dict[str, Any] = {}
    for name, record in pairs:
        key = name.casefold()
        known[key] = record if known.get(key, record) == record else None
    return known
