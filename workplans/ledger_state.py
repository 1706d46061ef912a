"""What a ledger says, worked out from its rows in plain Python.

These are the rules of the queries in `workplans.models.ledger_rows` and `workplans.models.tracking`
a second time, on purpose: the door judges entries by them, imports know by them what an item will
say before it is written, and `verify_ledger` compares with them what the database keeps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from workplans.chunks import Among
from workplans.models import StatusUpdate, TrackedItem
from workplans.models.tracking import CACHED_COLUMNS


class Row(NamedTuple):
    """A ledger row as the rules need it; `narrative` is a digest, "" where there is none."""

    id: int | None
    sequence: int
    slot: int
    effective_on: date
    reported_on: date
    status: str
    narrative: str
    timeframe: str
    earliest: date | None
    latest: date | None
    replaces_id: int | None


def as_row(row: StatusUpdate) -> Row:
    """Return a row of the ledger as the rules need it."""
    return Row(
        row.pk, row.sequence, row.slot, row.effective_on, row.reported_on, row.status,
        row.narrative_digest, row.timeframe, row.timeframe_earliest, row.timeframe_latest,
        row.replaces_id,
    )  # fmt: skip


class State(NamedTuple):
    """What a ledger says as of a day. `narrative` is a digest; empty and None mean untold.

    `timeframe` is None as long as the one first given was not revised.
    """

    status: str
    status_since: date | None
    narrative: str
    timeframe: tuple[str, date | None, date | None] | None
    last_reported_on: date | None


def digest(text: str) -> str:
    """Return the SHA-256 of a narrative in hex, or "" for an empty one."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def standing(rows: Iterable[Row], known: date | None = None) -> list[Row]:
    """Return the rows of one ledger that no other replaces, in the order of the ledger.

    With `known`, only what was reported by that day counts: a row replaced later still
    stands. The rule of `StatusUpdateQuerySet.standing` a second time.
    """
    rows = [row for row in rows if known is None or row.reported_on <= known]
    last: dict[int, int] = {}
    for row in rows:
        last[row.slot] = max(row.sequence, last.get(row.slot, 0))
    found = [row for row in rows if row.sequence == last[row.slot]]
    return sorted(found, key=lambda row: (row.effective_on, row.slot, row.sequence))


def state_on(rows: Iterable[Row], day: date, known: date | None = None) -> State:
    """Work out what a ledger says as of a day, if given as known on another.

    The rule of `TrackedItemQuerySet.as_of` a second time.
    """
    in_order = standing(rows, known)
    status, since, narrative = "", None, ""
    timeframe: tuple[str, date | None, date | None] | None = None
    for row in in_order:
        if row.effective_on > day:
            break
        if row.status and row.status != status:
            status, since = row.status, row.effective_on
        narrative = row.narrative or narrative
        if row.timeframe:
            timeframe = (row.timeframe, row.earliest, row.latest)
    reported = [
        row.reported_on
        for row in in_order
        if row.reported_on <= day and (row.status or row.narrative or row.timeframe)
    ]
    return State(status, since, narrative, timeframe, max(reported, default=None))


def told_of(item: TrackedItem, rows: Iterable[Row]) -> dict[str, Any]:
    """Return what the cached columns of an item are to say by its ledger, by their names.

    Of the narrative it is the digest.
    """
    state = state_on(rows, date.max)
    first = (item.initial_timeframe, item.initial_earliest, item.initial_latest)
    timeframe, earliest, due = state.timeframe or first
    return {
        "status": state.status,
        "status_since": state.status_since,
        "narrative": state.narrative,
        "timeframe": timeframe,
        "earliest": earliest,
        "due": due,
        "last_reported_on": state.last_reported_on,
    }


def foretell(
    item: TrackedItem, ledger: Sequence[Row] = (), new: StatusUpdate | None = None
) -> bool:
    """Set what follows from an item's ledger, a new row included, before either is written.

    The item is about to be made, or locked and else as it is stored. Return whether that could be
    known: not if the narrative is neither the new one nor the one before, nor if what the item
    belongs to would have to be introduced earlier; then nothing is set.
    """
    told = told_of(item, ledger)
    narratives = (item.cached_narrative, new.narrative if new else "")
    known = next((one for one in narratives if digest(one) == told["narrative"]), None)
    first = min((row.effective_on for row in standing(ledger)), default=item.introduced_on)
    is_earlier = first < item.introduced_on
    if known is None or (is_earlier and item.pk is not None and item.parent_id is not None):
        return False
    told["narrative"] = known
    for name, cached in CACHED_COLUMNS.items():
        setattr(item, cached, told[name])
    if is_earlier:
        item.introduced_on = first
    return True


def read_rows(model: type[TrackedItem], ids: Sequence[int]) -> dict[int, list[Row]]:
    """Return the ledgers of items, keyed by item, each in the order of its numbers."""
    ledgers: dict[int, list[Row]] = {item_id: [] for item_id in ids}
    rows = (
        model.update_model()
        .objects.filter(Among("item_id", ids))
        .order_by("item", "sequence")
        .values_list(
            "item",
            "id",
            "sequence",
            "slot",
            "effective_on",
            "reported_on",
            "status",
            "narrative_digest",
            "timeframe",
            "timeframe_earliest",
            "timeframe_latest",
            "replaces",
        )
    )
    for item_id, *values in rows:
        ledgers[item_id].append(Row(*values))
    return ledgers
