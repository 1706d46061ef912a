"""The one table of statuses: word, shape, colour, rank, open or closed.

Pages, charts, filters, files and rules all read a status from here. The stored
codes are permanent; words and looks may change.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class StatusWord:
    """One status: `code` is stored, `shape` names its icon, `colour` fills icon and bar.

    Every colour has a contrast of at least 3:1 against white, which separates the
    segments of a bar. `rank` sorts; a status that is not `is_open` is closing.
    """

    code: str
    label: Promise
    shape: str
    colour: str
    rank: int
    is_open: bool


COMPLETED = StatusWord("completed", _("Completed"), "check", "#1a6b47", 10, False)
CONTINUOUS = StatusWord("continuous", _("Continuous"), "loop", "#0e7c86", 20, True)
ONGOING = StatusWord("ongoing", _("Ongoing"), "half", "#2f7dc4", 30, True)
IN_PROGRESS = StatusWord("in_progress", _("In progress"), "half", "#2f7dc4", 30, True)
NOT_STARTED = StatusWord("not_started", _("Not started"), "ring", "#a2631a", 40, True)
PENDING = StatusWord("pending", _("Pending"), "ring", "#a2631a", 40, True)
DISCONTINUED = StatusWord("discontinued", _("Discontinued"), "cross", "#4a4f57", 50, False)
# An item that was never given a status. It is stored as the empty string, and it
# is not the same as pending: the documents often print no status at all.
NOT_REPORTED = StatusWord("", _("Not reported"), "dots", "#7d8490", 60, True)

# What a filter and a file call the status that is stored as the empty string.
NOT_REPORTED_CODE = "not_reported"

DELIVERABLE_STATUSES = (COMPLETED, CONTINUOUS, ONGOING, NOT_STARTED, DISCONTINUED)
ACTION_POINT_STATUSES = (COMPLETED, IN_PROGRESS, PENDING, DISCONTINUED)

BY_CODE: dict[str, StatusWord] = {
    word.code: word for word in (*DELIVERABLE_STATUSES, *ACTION_POINT_STATUSES, NOT_REPORTED)
}
CLOSED_CODES: tuple[str, ...] = tuple(code for code, word in BY_CODE.items() if not word.is_open)


def choices(words: tuple[StatusWord, ...]) -> list[tuple[str, Promise]]:
    """Return (code, label) pairs for a model or form field, in the table's order."""
    return [(word.code, word.label) for word in words]


def public_code(code: str) -> str:
    """Return the code as filters and files write it: `not_reported` for the empty string."""
    return code or NOT_REPORTED_CODE


def stored_code(code: str) -> str:
    """Return the stored code of what a filter or a file writes."""
    return "" if code == NOT_REPORTED_CODE else code
