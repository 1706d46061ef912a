"""Proof that the ledger is whole: caches, numbers and digests recomputed from the rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connections
from django.utils.translation import gettext as _

from workplans.chunks import CHUNK, in_chunks
from workplans.ledger_state import digest, read_rows, told_of
from workplans.models import TrackedItem
from workplans.models.ledger_rows import REDACTED
from workplans.models.tracking import CACHED_COLUMNS
from workplans.triggers import missing_triggers

# What a digest is made of: the natural values of a row. Persons are not among them,
# so that erasing one leaves it as it was; nor is the text of a narrative, whose own
# digest stands for it, so that redaction does; nor the moment of entry, so that the
# same ledger has the same digest in every database.
DIGESTED = (
    "sequence", "slot", "replaces__sequence", "status", "narrative_digest", "timeframe",
    "timeframe_earliest", "timeframe_latest", "effective_on", "effective_words",
    "reported_on", "source__slug", "locator",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ItemDigest:
    """The digest of an item's first `rows` ledger rows."""

    kind: str
    ref: str
    rows: int
    digest: str

    def __str__(self) -> str:
        return f"{self.digest} {self.rows} {self.kind} {self.ref}"


def item_models() -> list[type[TrackedItem]]:
    """Return every kind of tracked item."""
    return [model for model in apps.get_models() if issubclass(model, TrackedItem)]


def item_digests(refs: Collection[str] | None = None) -> Iterator[ItemDigest]:
    """Yield the digest of each item that has ledger rows, by kind and reference.

    With `refs`, of those items alone.
    """
    for kind, ref, rows in _ledgers(refs):
        yield ItemDigest(kind, ref, len(rows), _digest_of(rows))


def digest_lines(digests: Iterable[ItemDigest]) -> list[str]:
    """Return digests as lines in a fixed order, the one over all last, for `read_digests`."""
    in_order = sorted(digests, key=lambda item: (item.kind, item.ref))
    rows = sum(item.rows for item in in_order)
    return [*map(str, in_order), f"{total_digest(in_order)} {rows} all"]


def total_digest(digests: Iterable[ItemDigest]) -> str:
    """Return the one digest over all: the SHA-256 of the items' lines."""
    total = hashlib.sha256()
    for item in digests:
        total.update(f"{item}\n".encode())
    return total.hexdigest()


def read_digests(lines: Iterable[str]) -> list[ItemDigest]:
    """Read what `ledger_digest` printed.

    Raise ValidationError if a line is not of its form, or if the total at the end is
    missing or does not match the lines: the file itself was cut off or altered.
    """
    digests: list[ItemDigest] = []
    total = None
    for number, line in enumerate(lines, start=1):
        parts = line.split()
        if len(parts) == 3 and parts[2] == "all":
            total = parts[0]
        elif len(parts) == 4 and parts[1].isdecimal() and len(parts[0]) == 64 and total is None:
            digests.append(ItemDigest(parts[2], parts[3], int(parts[1]), parts[0]))
        elif parts:
            raise ValidationError(
                _("Line %(number)d is not a line that ledger_digest prints.") % {"number": number}
            )
    if total is None:
        raise ValidationError(_("The line with the total is missing: the file was cut off."))
    if total != total_digest(digests):
        raise ValidationError(_("The total does not match the lines: the file was altered."))
    return digests


def differences(kept: Iterable[ItemDigest]) -> Iterator[str]:
    """Yield a sentence for each item whose rows were altered, removed or cut off since.

    Rows that were appended in the meantime are no difference.
    """
    then = {(item.kind, item.ref): item for item in kept}
    for kind, ref, rows in _ledgers({ref for _kind, ref in then}):
        item = then.pop((kind, ref), None)
        if item is None:
            continue
        if len(rows) < item.rows:
            yield _("%(ref)s was cut off: %(now)d of %(then)d updates are left.") % {
                "ref": ref,
                "now": len(rows),
                "then": item.rows,
            }
        elif _digest_of(rows[: item.rows]) != item.digest:
            yield _("%(ref)s was altered among its first %(then)d updates.") % {
                "ref": ref,
                "then": item.rows,
            }
    for item in then.values():
        yield _("%(ref)s was removed with its %(then)d updates.") % {
            "ref": item.ref,
            "then": item.rows,
        }


def problems() -> Iterator[str]:
    """Yield a sentence for everything in the ledgers and caches that is not as it must be.

    Caches are compared with the state worked out in plain Python from the rows.
    """
    for name in missing_triggers(connections["default"]):
        yield _("The trigger %(name)s is missing. Run “manage.py migrate”.") % {"name": name}
    for model in item_models():
        items = model.objects.order_by("pk").only(
            "ref", "initial_timeframe", "initial_earliest", "initial_latest", "introduced_on",
            *CACHED_COLUMNS.values(),
        )  # fmt: skip
        for chunk in in_chunks(items):
            ids = [item.pk for item in chunk]
            ledgers = read_rows(model, ids)
            altered = _altered_narratives(model.update_model(), ids)
            redacted = set(
                model.update_model()
                .objects.filter(item__in=ids, narrative=REDACTED)
                .values_list("item", "narrative_digest")
            )
            for item in chunk:
                yield from _item_problems(item, ledgers[item.pk])
                if (item.pk, digest(item.cached_narrative)) in redacted:
                    yield _("%(ref)s: the cached narrative was removed from the ledger.") % {
                        "ref": item.ref
                    }
                for sequence in altered.get(item.pk, []):
                    yield _("%(ref)s: the narrative of update %(number)d was altered.") % {
                        "ref": item.ref,
                        "number": sequence,
                    }


def _item_problems(item: Any, rows: list[Any]) -> Iterator[str]:
    numbers = [row.sequence for row in rows]
    if numbers != list(range(1, len(rows) + 1)):
        yield _("%(ref)s: its updates are numbered %(numbers)s, not without gap from 1.") % {
            "ref": item.ref,
            "numbers": ", ".join(map(str, numbers)),
        }
    by_id = {row.id: row for row in rows}
    for row in rows:
        replaced = by_id.get(row.replaces_id)
        if row.replaces_id is not None and replaced is None:
            yield _("%(ref)s: update %(number)d corrects an update of another item.") % {
                "ref": item.ref,
                "number": row.sequence,
            }
        elif row.slot != (replaced.slot if replaced else row.sequence):
            yield _("%(ref)s: update %(number)d stands in the wrong place of its day.") % {
                "ref": item.ref,
                "number": row.sequence,
            }
    told = told_of(item, rows)
    for name, cached in CACHED_COLUMNS.items():
        value = getattr(item, cached)
        if name == "narrative":
            # A redacted narrative is known by its digest alone.
            value = told[name] if value == REDACTED and told[name] else digest(value)
        if value != told[name]:
            yield _("%(ref)s: the cached %(name)s is “%(cached)s”, the ledger says “%(told)s”.") % {
                "ref": item.ref,
                "name": name,
                "cached": value,
                "told": told[name],
            }


def _altered_narratives(model: Any, ids: list[int]) -> dict[int, list[int]]:
    altered: dict[int, list[int]] = {}
    rows = model.objects.filter(item__in=ids).exclude(narrative=REDACTED)
    for item_id, sequence, narrative, kept in rows.values_list(
        "item", "sequence", "narrative", "narrative_digest"
    ):
        if digest(narrative) != kept:
            altered.setdefault(item_id, []).append(sequence)
    return altered


def _ledgers(
    refs: Collection[str] | None = None,
) -> Iterator[tuple[str, str, list[tuple[Any, ...]]]]:
    """Yield (kind, ref, rows in order) of each item that has rows, or of some items."""
    for model in sorted(item_models(), key=lambda model: model._meta.model_name or ""):
        updates = model.update_model().objects
        rows = (
            (updates.all() if refs is None else updates.filter(item__ref__in=refs))
            .order_by("item__ref", "sequence")
            .values_list("item__ref", *DIGESTED)
            .iterator(chunk_size=CHUNK)
        )
        # The database's collation may sort otherwise, but it keeps equal references together.
        for ref, group in groupby(rows, key=lambda row: row[0]):
            yield str(model._meta.model_name), ref, [row[1:] for row in group]


def _digest_of(rows: list[tuple[Any, ...]]) -> str:
    text = json.dumps(rows, default=str, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
