"""Dates as people write them: the one place that reads them.

Workplans, meeting records and spreadsheets say "9 July 2020", "by June 2021", "mid-2021" or "after
WHS". `read_timeframe` keeps the printed words and adds the days they allow. It reads an expression
as a whole or not at all, and never guesses: what the grammar below does not cover has no days.

    frame    = [opening] part [onwards] | [opening] part range part | [opening] part {[join] part}
    opening  = by | until | till | up to | no later than | since | from | between
    range    = - | / | to | until | till | through | and (after "between")
    join     = , | ; | & | and
    part     = date | day | period | end [of] period | (early | mid | late) (June 2021 | 2021)
    date     = 2020-07-09 | 30/06/2021 | 30.06.2021 | 30-06-2021 | 30/06
    day      = 9 July 2020 | 9-Jul-2020 | July 9, 2020 | July 9-12, 2020 | 9 (before another day)
    period   = June 2021 | third week of August | Q2 2021 | 2021 Q2 | second quarter of 2021
             | H1 2021 | first half of 2021 | fall of 2021 | 2021

"The" may stand before a part. Brackets, full stops and the phrases in `_LEADING` and `_TRAILING`
around a frame are passed over.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, auto
from typing import NamedTuple, NoReturn, TypeVar

from django.utils.translation import gettext_lazy as _

FIRST_YEAR, LAST_YEAR = 1900, 2100
LONGEST = 200
"""Characters of an expression that is still read; a longer text is a paragraph, not a date."""


@dataclass(frozen=True)
class TimeFrame:
    """A time frame as printed, and the days it allows.

    Both days are inclusive. `latest` is the last day on which the words still hold: an item is
    overdue only after it. Either day is None where the words do not give it; where both are known,
    `earliest` is not after `latest`.
    """

    words: str
    earliest: date | None
    latest: date | None

    @property
    def dated(self) -> bool:
        """Whether the words gave any day at all."""
        return self.latest is not None or self.earliest is not None


class AmbiguousDate(ValueError):
    """A date in figures that is one day read day first and another read month first.

    `words` is the whole expression as printed, `readings` the two days, day first and month first.
    As a string it is a sentence for the person who wrote it, saying how to write the date instead.
    """

    def __init__(self, words: str, readings: tuple[date, date]) -> None:
        super().__init__(words, readings)
        self.words = words
        self.readings = readings

    def __str__(self) -> str:
        sentence = str(
            _(
                "The date in “%(words)s” can be read as %(day_first)s or as %(month_first)s. "
                "Write the one you mean with the year first or the month in letters, "
                "such as %(iso)s or “%(day_first)s”."
            )
        )
        day_first, month_first = self.readings
        return sentence % {
            "words": self.words,
            "iso": day_first.isoformat(),
            "day_first": _in_letters(day_first),
            "month_first": _in_letters(month_first),
        }


def read_timeframe(words: str, *, year: int | None = None) -> TimeFrame:
    """Read a time frame as printed into the days it allows, both inclusive.

    `year` is the year to assume where the whole expression prints none ("by 26 February"); without
    it such an expression has no days. A part without a year takes the first printed year after it
    ("July–September 2021"), never one before it. Years run from 1900 to 2100.

    - A day is itself; a month, quarter, half or year is its first to its last day.
    - Early, mid and late are days 1–10, 11–20 and 21 to the last of a month, or January–April,
      May–August and September–December of a year. The nth week of a month is its nth seven days.
    - Spring, summer, fall and autumn are March–May, June–August and September–November; winter
      lies in two years and has no days.
    - "By", "until" and "end of" name a deadline: `latest` is the last day of what follows, and
      `earliest` is None, because the words do not say when the work begins.
    - "Since", "from" and "… onwards" name a beginning: `earliest` is its first day, `latest` None.
    - A range runs from the first day of its first part to the last day of its second, which must be
      in order; a list of several dates spans all of them.
    - All else has no days: "within 18 months", "after WHS", "upon finalisation", "TBD", "per EDG
      schedule", recurrences, days that do not exist, text with a word that is not understood.

    The returned `words` are always those given, with white space collapsed. Raise `AmbiguousDate`
    for a date in figures with two readings (03/04/2021), and nothing else.

    Sources of the rules: RG1 progress report February–June 2021, narratives of 2.2 ("mid-2021",
    "fall of 2021"), 3.3 ("Q2 2021"), 3.4 ("by June 2021"), 5.1 ("November 2020-April 2021"); RG1
    meeting record of 16 July 2020, own action points and progress overview ("mid-August", "third
    week of August", "end August", "the end 2020"); management response plan of 7 March 2016,
    component actions ("1st draft by 24 February", "March/April 2016"); Protection Policy roll-out
    plan of 26 September 2016, time-frame column (ranges, and the list of D.2's three months).
    """
    printed = " ".join(words.split())
    earliest = latest = None
    if len(printed) <= LONGEST:
        assumed = year if year is not None and _is_year(year) else None
        with suppress(_NotUnderstood):
            earliest, latest = _Reader(printed).frame(assumed)
    return TimeFrame(printed, earliest, latest)


_T = TypeVar("_T")
_Phrase = tuple[str, ...]

_MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_MONTHS = {
    spelling: number
    for number, name in enumerate(_MONTH_NAMES, start=1)
    for spelling in (name.lower(), name[:3].lower())
} | {"sept": 9}
_SEASONS = {"spring": (3, 5), "summer": (6, 8), "fall": (9, 11), "autumn": (9, 11)}
_ORDINALS = {
    spelling: number
    for number, spellings in enumerate(
        [("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th")], start=1
    )
    for spelling in spellings
}
_NUMBERS = {"1": 1, "2": 2, "3": 3, "4": 4}
_THIRDS = {"early": 0, "mid": 1, "middle": 1, "late": 2}
_MONTHS_EACH = {"q": 3, "quarter": 3, "h": 6, "half": 6}

_RANGE = ("-", "/", "to", "until", "till", "through")
_JOIN = (",", ";", "&", "and")
_LEADING: tuple[_Phrase, ...] = (
    ("(",),
    ("[",),
    (":",),
    ("in",),
    ("on",),
    ("during",),
    ("due",),
    ("deadline",),
    ("draft",),
    ("1st", "draft"),
    ("first", "draft"),
    ("to", "be", "finalized"),
    ("to", "be", "finalised"),
    ("to", "be", "completed"),
)
_TRAILING: tuple[_Phrase, ...] = ((")",), ("]",), (",",), (";",))


class _Opening(Enum):
    DEADLINE = auto()
    BEGINNING = auto()
    BETWEEN = auto()


_OPENINGS: Mapping[_Phrase, _Opening] = {
    ("by",): _Opening.DEADLINE,
    ("until",): _Opening.DEADLINE,
    ("till",): _Opening.DEADLINE,
    ("up", "to"): _Opening.DEADLINE,
    ("no", "later", "than"): _Opening.DEADLINE,
    ("not", "later", "than"): _Opening.DEADLINE,
    ("since",): _Opening.BEGINNING,
    ("from",): _Opening.BEGINNING,
    ("between",): _Opening.BETWEEN,
}

# Text taken from PDF and Word files has a dozen dashes for one, and marks that take no room. A soft
# hyphen counts as a dash: taking it out would make "1-2 June" the twelfth.
_CHARACTERS = str.maketrans(
    dict.fromkeys("\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
    | dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", " ")
)
# No alternative can match in two ways, so reading is linear in the length of the text. Full stops
# outside dates in figures ("Sept. 2020") are white space.
_TOKEN = re.compile(
    r"""
      (?P<iso>      [0-9]{4}-[0-9]{2}-[0-9]{2} (?![0-9]) )
    | (?P<figures>  [0-9]{1,2} (?P<mark>[/.-]) [0-9]{1,2} (?P=mark) [0-9]{4} (?![0-9])
                  | [0-9]{1,2} / [0-9]{1,2} (?![0-9/]) )
    | (?P<ordinal>  [0-9]{1,2} [ ]? (?:st|nd|rd|th) (?![a-z]) )
    | (?P<number>   [0-9]+ )
    | (?P<word>     [a-z]+ )
    | (?P<dash>     -+ )
    | (?P<other>    [^\s.] )
    """,
    re.VERBOSE | re.ASCII,
)


class _NotUnderstood(Exception):
    """The expression is not in the grammar, or names a day that does not exist."""


class _Token(NamedTuple):
    kind: str
    text: str


_END = _Token("end", "")


class _Kind(Enum):
    PERIOD = auto()
    YEAR = auto()
    DAY = auto()
    BARE_DAY = auto()  # "11" of "11-14 Nov 2019"
    FIGURES = auto()


@dataclass(frozen=True)
class _Part:
    """Days of one year, as far as they are printed. A `last_day` of None is the month's last.

    `is_end`: only the last of these days is meant ("end of"), as the day by which.
    """

    kind: _Kind
    year: int | None
    first_month: int
    last_month: int
    first_day: int = 1
    last_day: int | None = None
    is_end: bool = False
    month_first: tuple[int, int] | None = None  # month and day of the other reading

    def days(self, words: str) -> tuple[date, date]:
        """Return the first and the last day; `words` is what an `AmbiguousDate` quotes."""
        if self.year is None:
            raise _NotUnderstood
        last_day = self.last_day or monthrange(self.year, self.last_month)[1]
        try:
            first = date(self.year, self.first_month, self.first_day)
            last = date(self.year, self.last_month, last_day)
        except ValueError:
            raise _NotUnderstood from None
        if self.month_first:
            raise AmbiguousDate(words, (first, date(self.year, *self.month_first)))
        if first > last:
            raise _NotUnderstood
        return (last if self.is_end else first), last


class _Reader:
    """Recursive descent over the tokens of one expression; one method for one rule."""

    def __init__(self, printed: str) -> None:
        self.printed = printed
        self.tokens = _trimmed(list(_tokens(printed)))
        self.at = 0

    def frame(self, year: int | None) -> tuple[date | None, date | None]:
        """Return the earliest and the latest day of the whole expression."""
        opening = self._opening()
        parts = [self._part()]
        is_range = self._take(*_RANGE) or (opening is _Opening.BETWEEN and self._take("and"))
        if is_range:
            parts.append(self._part())
        elif opening is _Opening.BETWEEN:
            self._fail()
        elif opening is not _Opening.DEADLINE and self._take("onward", "onwards"):
            opening = _Opening.BEGINNING
        elif opening is not _Opening.BEGINNING:
            parts += self._rest_of_list(parts[0])
        if self._next() is not _END:
            self._fail()

        parts = _completed(parts, year)
        days = [part.days(self.printed) for part in parts]
        if is_range and not _in_order(*days):
            self._fail()
        first, is_end = min(
            (day, part.is_end) for (day, _last), part in zip(days, parts, strict=True)
        )
        earliest = None if is_end or opening is _Opening.DEADLINE else first
        if opening is _Opening.BEGINNING and not is_range:
            return earliest, None
        return earliest, max(last for _first, last in days)

    def _opening(self) -> _Opening | None:
        for phrase, opening in _OPENINGS.items():
            if _starts_with(self.tokens, phrase):
                self.at = len(phrase)
                return opening
        return None

    def _rest_of_list(self, first: _Part) -> Iterator[_Part]:
        before = first
        while self._next() is not _END:
            joined = self._take(*_JOIN)
            if joined == ",":
                self._take("and")
            part = self._part()
            if not joined and not (_stands_alone(before) and _stands_alone(part)):
                self._fail()
            yield part
            before = part

    def _part(self) -> _Part:
        self._take("the")
        if self._take("end"):
            self._pass_over("-", "of", "the")
            whole = self._period()
            if whole is None or whole.kind is _Kind.DAY:
                self._fail()
            return replace(whole, is_end=True)
        third = self._pick(_THIRDS)
        if third is not None:
            self._pass_over("-", "of", "in")
            return self._third(third)
        token = self._next()
        if token.kind in ("iso", "figures"):
            self.at += 1
            return _date_in_figures(token)
        return self._period() or self._day() or self._fail()

    def _third(self, third: int) -> _Part:
        month = self._month()
        if month is None:
            year = self._bare_year() or self._fail()
            return _Part(_Kind.PERIOD, year, 4 * third + 1, 4 * third + 4)
        if month.kind is _Kind.DAY:
            self._fail()
        last_day = None if third == 2 else 10 * third + 10
        return replace(month, first_day=10 * third + 1, last_day=last_day)

    def _day(self) -> _Part | None:
        day = self._day_of_month()
        if day is None:
            return None
        start = self.at
        dashed = self._take("-")
        if not dashed:
            self._take("of")
        month = self._pick(_MONTHS)
        # "9-July 2020" is neither "9-Jul-2020" nor a range: as a bare day it finds no month.
        if month is None or (dashed and not (self._take("-") and self._next_is_year())):
            self.at = start
            return _Part(_Kind.BARE_DAY, None, 0, 0, day, day)
        return _Part(_Kind.DAY, self._year(), month, month, day, day)

    def _period(self) -> _Part | None:
        return (
            self._month()
            or self._season()
            or self._week()
            or self._fraction()
            or self._year_first()
        )

    def _month(self) -> _Part | None:
        """Read a month, or the day or days written after it."""
        month = self._pick(_MONTHS)
        if month is None:
            return None
        # Without a year, "June 21" may be a day or a month of 2021; "June 21st" is a day.
        is_ordinal = self._next().kind == "ordinal"
        first_day = self._day_of_month()
        if first_day is None:
            return _Part(_Kind.PERIOD, self._year(), month, month)
        after_first = self.at
        last_day = self._day_of_month() if self._take(*_RANGE) else first_day
        year = self._year()
        if last_day is None or year is None:
            self.at = after_first
            last_day, year = first_day, self._year()
        if year is None and not is_ordinal:
            self._fail()
        return _Part(_Kind.DAY, year, month, month, first_day, last_day)

    def _season(self) -> _Part | None:
        months = self._pick(_SEASONS)
        return _Part(_Kind.PERIOD, self._year(), *months) if months else None

    def _week(self) -> _Part | None:
        start = self.at
        week = self._pick(_ORDINALS)
        if week is None or not self._take("week"):
            self.at = start
            return None
        self._take("of")
        month = self._month()
        if month is None or month.kind is _Kind.DAY:
            self._fail()
        return replace(month, first_day=7 * week - 6, last_day=7 * week)

    def _fraction(self) -> _Part | None:
        """Read a quarter or a half."""
        start = self.at
        ordinal = self._pick(_ORDINALS)
        months = self._pick(_MONTHS_EACH)
        if months is None:
            self.at = start
            return None
        number = ordinal or self._pick(_NUMBERS)
        if number is None or number * months > 12:
            self._fail()
        last = number * months
        return _Part(_Kind.PERIOD, self._year(), last - months + 1, last)

    def _year_first(self) -> _Part | None:
        """Read a year, or the quarter or half written after it."""
        year = self._bare_year()
        if year is None:
            return None
        start = self.at
        self._take("-")
        if self._next().text in ("q", "h"):
            fraction = self._fraction()
            if fraction is None or fraction.year is not None:
                self._fail()
            return replace(fraction, year=year)
        self.at = start
        return _Part(_Kind.YEAR, year, 1, 12)

    def _year(self) -> int | None:
        """Read the year after a month, a day or a period."""
        start = self.at
        self._take(",", "of")
        year = self._bare_year()
        if year is None:
            self.at = start
        return year

    def _bare_year(self) -> int | None:
        if not self._next_is_year():
            return None
        self.at += 1
        return int(self.tokens[self.at - 1].text)

    def _next_is_year(self) -> bool:
        kind, text = self._next()
        return kind == "number" and len(text) == 4 and _is_year(int(text))

    def _day_of_month(self) -> int | None:
        kind, text = self._next()
        if kind not in ("number", "ordinal"):
            return None
        digits = text[:-2] if kind == "ordinal" else text
        if len(digits) > 2 or not 1 <= int(digits) <= 31:
            return None
        self.at += 1
        return int(digits)

    def _next(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def _take(self, *texts: str) -> str | None:
        """Take the next token if it is one of these, and return its text."""
        text = self._next().text
        if text not in texts:
            return None
        self.at += 1
        return text

    def _pass_over(self, *texts: str) -> None:
        """Pass over each of these, in this order, where it stands."""
        for text in texts:
            self._take(text)

    def _pick(self, table: Mapping[str, _T]) -> _T | None:
        """Take the next token if the table has it, and return what it stands for."""
        value = table.get(self._next().text)
        if value is not None:
            self.at += 1
        return value

    def _fail(self) -> NoReturn:
        raise _NotUnderstood


def _tokens(printed: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(printed.translate(_CHARACTERS).lower()):
        kind = match.lastgroup or ""
        text = match.group()
        if kind == "ordinal":
            text = text.replace(" ", "")
        yield _Token(kind, "-" if kind == "dash" else text)


def _trimmed(tokens: Sequence[_Token]) -> Sequence[_Token]:
    """Return the tokens without the phrases that say nothing about the days."""
    while phrase := next((each for each in _LEADING if _starts_with(tokens, each)), None):
        tokens = tokens[len(phrase) :]
    backwards = tokens[::-1]
    while phrase := next((each for each in _TRAILING if _starts_with(backwards, each[::-1])), None):
        backwards = backwards[len(phrase) :]
    return backwards[::-1]


def _starts_with(tokens: Sequence[_Token], phrase: _Phrase) -> bool:
    return tuple(token.text for token in tokens[: len(phrase)]) == phrase


def _date_in_figures(token: _Token) -> _Part:
    numbers = [int(number) for number in re.split("[/.-]", token.text)]
    if token.kind == "iso":
        year, month, day = numbers
        if not _is_year(year) or not 1 <= month <= 12:
            raise _NotUnderstood
        return _Part(_Kind.FIGURES, year, month, month, day, day)
    day, month, *rest = numbers
    if rest and not _is_year(rest[0]):
        raise _NotUnderstood
    month_first = None
    if month > 12:
        day, month = month, day
    elif day <= 12 and day != month:
        month_first = (day, month)
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        raise _NotUnderstood
    return _Part(
        _Kind.FIGURES, rest[0] if rest else None, month, month, day, day, month_first=month_first
    )


def _stands_alone(part: _Part) -> bool:
    """Whether a part is plainly one of a list without commas: "January 2017 June 2017"."""
    return part.year is not None and part.kind is not _Kind.YEAR


def _completed(parts: Sequence[_Part], assumed: int | None) -> list[_Part]:
    """Return the parts, each with the month and the year that a later one prints for it."""
    printed = next((at for at, part in enumerate(parts) if part.year is not None), None)
    if printed is not None:
        # After a printed year none is implied. "June – 2021" may be one month or a range.
        giver = parts[printed]
        may_be_one = printed > 0 and giver.kind is _Kind.YEAR and not giver.is_end
        if may_be_one or any(part.year is None for part in parts[printed:]):
            raise _NotUnderstood
        assumed = giver.year
    completed: list[_Part] = []
    following: _Part | None = None
    for part in reversed(parts):
        if part.kind is _Kind.BARE_DAY:
            if following is None or following.kind is not _Kind.DAY:
                raise _NotUnderstood
            month = following.first_month
            part = replace(part, kind=_Kind.DAY, first_month=month, last_month=month)
        following = part if part.year is not None else replace(part, year=assumed)
        completed.append(following)
    return completed[::-1]


def _in_order(first: tuple[date, date], second: tuple[date, date]) -> bool:
    return first[0] <= second[0] and first[1] <= second[1]


def _is_year(number: int) -> bool:
    return FIRST_YEAR <= number <= LAST_YEAR


def _in_letters(day: date) -> str:
    """Return a day in the English that `read_timeframe` reads back, whatever the locale."""
    return f"{day.day} {_MONTH_NAMES[day.month - 1]} {day.year}"
