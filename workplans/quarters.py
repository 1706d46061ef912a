"""Quarters of a year: how time frames are grouped, in figures, filters and charts."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

CODE = re.compile(r"([1-9][0-9]{3})-q([1-4])", re.ASCII)


class Quarter(NamedTuple):
    """A quarter, `number` 1 to 4; quarters sort as they follow each other."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        """Return the quarter that a day lies in."""
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def read(cls, code: str) -> Quarter | None:
        """Return the quarter that a code such as `2021-q3` names, or None if it names none."""
        found = CODE.fullmatch(code)
        return cls(int(found[1]), int(found[2])) if found else None

    @property
    def code(self) -> str:
        """What addresses write for it: `2021-q3`."""
        return f"{self.year}-q{self.number}"

    @property
    def label(self) -> str:
        """What pages write for it: Q3 2021."""
        return _("Q%(number)d %(year)d") % {"number": self.number, "year": self.year}

    @property
    def first(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> Quarter:
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)
