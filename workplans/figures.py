"""Figures that link to the list holding exactly what they count.

A report gives counts; here they meet the address of their list, so that the number on
a page and the number of rows behind its link come from the same conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from workplans.charts import Segment, stacked_bar
from workplans.lists import Listing
from workplans.models import SILENT_DAYS, Timeliness
from workplans.pages import Asked
from workplans.reports import NOTHING, OPEN_TIMELINESS, Tally
from workplans.status_words import COMPLETED, NOT_REPORTED, StatusWord, public_code


@dataclass(frozen=True, slots=True)
class Figure:
    """A count and the address of the list that it counts; a nought leads nowhere."""

    count: int
    url: str


@dataclass(frozen=True, slots=True)
class ListLink:
    """The address of a list of items on the day asked for, with some parameters set."""

    asked: Asked
    address: str
    statuses: tuple[StatusWord, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def to(cls, listing: type[Listing], asked: Asked) -> ListLink:
        """Return the link to all that a listing lists on the day asked for."""
        return cls(asked, reverse(listing.list_name), listing.filter_class.model.STATUSES)

    @property
    def url(self) -> str:
        return self.asked.carry(self.address, **self.parameters)

    @property
    def by_last_day(self) -> str:
        """The address of the list, sorted by the last day of its items."""
        return self.narrow(sort="due").url

    def narrow(self, **parameters: Any) -> ListLink:
        """Return the same list with more parameters set; one that is None is left out."""
        return ListLink(self.asked, self.address, self.statuses, {**self.parameters, **parameters})

    def figure(self, count: int, **parameters: Any) -> Figure:
        """Return a count with the address of the narrowed list that it counts."""
        return Figure(count, self.narrow(**parameters).url if count else "")

    def total(self, tally: Tally) -> Figure:
        """Return all items of a tally."""
        return self.figure(tally.total)

    def of_status(self, count: int, word: StatusWord) -> Figure:
        """Return a count of items that have a status."""
        return self.figure(count, status=public_code(word.code))

    def with_status(self, tally: Tally, word: StatusWord) -> Figure:
        """Return the items of a tally that have a status."""
        return self.of_status(tally.with_status(word.code), word)

    def with_timeliness(self, tally: Tally, value: str) -> Figure:
        """Return the items of a tally that have a value of Timeliness."""
        return self.figure(tally.with_timeliness(value), timeliness=str(value))

    def open(self, tally: Tally) -> Figure:
        """Return the open items of a tally."""
        return self.only_open.figure(tally.open)

    @property
    def only_open(self) -> ListLink:
        """The list without what is closed.

        Asked for by timeliness, since what is superseded keeps an open status and is closed.
        """
        return self.narrow(timeliness=[value.value for value in OPEN_TIMELINESS])

    def silent(self, tally: Tally) -> Figure:
        """Return the items of a tally that were not reported on for long."""
        return self.figure(tally.silent, silent=SILENT_DAYS)


@dataclass(frozen=True, slots=True)
class Cell:
    """The figure of one status in a row."""

    word: StatusWord
    figure: Figure


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One row of a table of counts by status; `cells` stand in the order of its columns."""

    label: str
    url: str
    note: str
    cells: tuple[Cell, ...]
    total: Figure
    overdue: Figure
    extra: Figure | None
    bar: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class StatusTable:
    """Counts by status for each row, and for all rows together where they may be added up.

    `columns` are the statuses that occur, in the order of the status table;
    `extra_heading` names one more figure of each row, if there is one.
    """

    caption: str
    heading: str
    columns: tuple[StatusWord, ...]
    rows: tuple[StatusRow, ...]
    totals: StatusRow | None
    has_overdue: bool
    extra_heading: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What a row of a table counts: its words, its own page, its counts and its list."""

    label: str
    url: str
    tally: Tally
    items: ListLink
    note: str = ""
    extra: Figure | None = None


def status_table(
    caption: str,
    heading: str,
    subjects: Iterable[Subject],
    whole: ListLink | None = None,
    extra_heading: str = "",
    together: Tally | None = None,
) -> StatusTable | None:
    """Return the counts by status of some subjects, one row each; None without subjects.

    `whole` is the list that holds the items of all rows together, and gives the row of
    totals; without it there is none, as where an item may count in several rows.
    `together` are the counts of that row, where they are not the sum of the others.
    """
    subjects = list(subjects)
    if not subjects:
        return None
    together = together or sum((subject.tally for subject in subjects), NOTHING)
    words = (*subjects[0].items.statuses, NOT_REPORTED)
    columns = tuple(word for word in words if together.with_status(word.code))

    def row(subject: Subject) -> StatusRow:
        items = subject.items
        return StatusRow(
            label=subject.label,
            url=subject.url,
            note=subject.note,
            cells=tuple(Cell(word, items.with_status(subject.tally, word)) for word in columns),
            total=items.total(subject.tally),
            overdue=items.with_timeliness(subject.tally, Timeliness.OVERDUE),
            extra=subject.extra,
            bar=tuple(stacked_bar(subject.tally.statuses, items.statuses)),
        )

    rows = tuple(row(subject) for subject in subjects)
    totals = None
    if whole is not None and len(subjects) > 1:
        totals = row(Subject(label=gettext("Together"), url="", tally=together, items=whole))
    return StatusTable(
        caption,
        heading,
        columns,
        rows,
        totals,
        together.with_timeliness(Timeliness.OVERDUE) > 0,
        extra_heading,
    )


@dataclass(frozen=True, slots=True)
class Headline:
    """A large figure with its words; `is_alert` where it asks for action."""

    label: str
    figure: Figure
    is_alert: bool = False


def headlines(tally: Tally, items: ListLink, all_words: str, judged: bool = True) -> list[Headline]:
    """Return the large figures of some items: all, completed, open, overdue, due soon, silent.

    What is archived is not `judged`: it is neither open, overdue, due nor silent.
    """
    found = [
        Headline(all_words, items.total(tally)),
        Headline(gettext("completed"), items.with_status(tally, COMPLETED)),
    ]
    if judged:
        overdue = items.with_timeliness(tally, Timeliness.OVERDUE)
        found += [
            Headline(gettext("open"), items.open(tally)),
            Headline(gettext("overdue"), overdue, is_alert=overdue.count > 0),
            Headline(
                gettext("due within 30 days"), items.with_timeliness(tally, Timeliness.DUE_SOON)
            ),
            Headline(
                gettext("silent for %(days)d days") % {"days": SILENT_DAYS}, items.silent(tally)
            ),
        ]
    return found
