"""The progress report of a workplan for a period: what it says, as plain data.

It follows the report that results groups hand in by hand (the progress report of Results
Group 1, February to June 2021): priority areas, and for each concrete deliverable its
timelines and status, leads, contributing members and other results groups. The data hold
names, labels and texts, and no key of the database, so that a report can be kept as it was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from workplans.changes import SAYS_NOTHING, Window, exists_on
from workplans.details import frame_days
from workplans.history import FrameMove, printed_day
from workplans.lists import day_words
from workplans.models import (
    LEAD_ROLES,
    Deliverable,
    DeliverableResponsibility,
    DeliverableUpdate,
    EntityKind,
    Level,
    Membership,
    Priority,
    Role,
    Wording,
    Workplan,
)
from workplans.models.ledger_rows import OLDEST_FIRST
from workplans.status_words import BY_CODE


@dataclass(frozen=True, slots=True)
class Holder:
    """A party's part in an item."""

    name: str
    role: str
    role_label: str
    uncertain: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What one row of the ledger told; `ref` and `sequence` say which.

    `day` is an ISO date, `day_words` the day as printed or in words, "" for what is so
    as of the report's last day. `status` is a stored
    code, "" for a row without status. The digest is that of the ledger, and stays when the
    narrative is taken out.
    """

    ref: str
    sequence: int
    day: str
    day_words: str
    status: str
    status_label: str
    narrative: str
    narrative_digest: str
    timeframe: str


@dataclass(frozen=True, slots=True)
class Item:
    """A deliverable or a part of one, as it stands on the last day of the period.

    `standing` is the row whose narrative stands on that day, `others` what else was told in
    the period, the oldest first. `timeframe` is that of an open item, `slips` are those that
    the period moved: old, new. `mandates` are sentences on the decisions that asked for it.
    """

    ref: str
    number: str
    heading: str
    title: str
    description: str
    is_provisional: bool
    priority: str
    priority_label: str
    status: str
    status_label: str
    superseded: str
    mandates: tuple[str, ...]
    timeframe: str
    slips: tuple[tuple[str, str], ...]
    standing: Told | None
    others: tuple[Told, ...]
    leads: tuple[Holder, ...]
    contributors: tuple[Holder, ...]
    groups: tuple[Holder, ...]
    parts: tuple[Item, ...] = ()

    @property
    def with_parts(self) -> tuple[Item, ...]:
        """The item, and then each of its parts."""
        return (self, *self.parts)

    @property
    def told(self) -> Iterator[Told]:
        """All that the report says was told of the item itself."""
        if self.standing is not None:
            yield self.standing
        yield from self.others


@dataclass(frozen=True, slots=True)
class Area:
    """A priority area with its deliverables in the order of the plan."""

    number: str
    title: str
    description: str
    partners: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A progress report. Days are ISO dates, both ends of the period inclusive.

    `heads` are pairs such as “Co-chairs” and “InterAction, OCHA”; `known_on` is the day by
    which something must have been reported to count, or "".
    """

    plan: str
    title: str
    owner: str
    owner_full_name: str
    heads: tuple[tuple[str, str], ...]
    endorsed: str
    note: str
    first: str
    last: str
    known_on: str
    language: str
    areas: tuple[Area, ...]

    @property
    def items(self) -> list[Item]:
        """The deliverables of all areas, without their parts."""
        return [item for area in self.areas for item in area.items]

    @property
    def tags(self) -> dict[str, int]:
        """How many items and parts together have which status, those without one left out."""
        counted: dict[str, int] = {}
        for item in self.items:
            for one in item.with_parts:
                if one.status:
                    counted[one.status] = counted.get(one.status, 0) + 1
        return counted


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a report is on, both inclusive, and what counts as known."""

    first: date
    last: date
    known: date | None = None

    @property
    def window(self) -> Window:
        """The same days as a window, which begins after its first day."""
        return Window(self.first - timedelta(days=1), self.last, self.known)


# Sentences on the decisions that asked for deliverables, keyed by these, as known on a day:
# what knows of decisions puts its reader here, since it knows of deliverables too.
MandateReader = Callable[[Iterable[int], date], Mapping[int, Sequence[str]]]
mandate_readers: list[MandateReader] = []


def make_report(plan: Workplan, period: Period) -> Report:
    """Return the report of a workplan on a period, in the language in force.

    Items are those that exist on the period's last day. Six queries and one for each reader
    of mandates, however large the plan; it must be read with its owner, and by whom is seen
    to elsewhere.
    """
    items = list(
        Deliverable.objects.filter(priority_area__workplan=plan)
        .as_of(period.last, period.known)
        .select_related("superseded_by__priority_area__workplan")
        .order_by("order", "ref")
    )
    keys = [item.pk for item in items]
    rows: dict[int, list[DeliverableUpdate]] = {key: [] for key in keys}
    for row in (
        DeliverableUpdate.objects.filter(item__priority_area__workplan=plan)
        .standing(period.known)
        .filter(effective_on__lte=period.last)
        .exclude(**SAYS_NOTHING)
        .order_by(*OLDEST_FIRST)
    ):
        if row.item_id in rows:
            rows[row.item_id].append(row)
    held: dict[int, list[DeliverableResponsibility]] = {key: [] for key in keys}
    for one in (
        DeliverableResponsibility.objects.on(period.last)
        .filter(item__priority_area__workplan=plan)
        .select_related("entity")
        .order_by("order", "id")
    ):
        if one.item_id in held:
            held[one.item_id].append(one)
    mandates = [read(keys, period.last) for read in mandate_readers]
    headings: dict[int | None, Any] = {
        item.pk: item for item in items if item.level == Level.HEADING
    }
    parts: dict[int | None, list[Item]] = {}
    for item in items:
        if item.level == Level.PART:
            part = read_item(item, rows[item.pk], held[item.pk], period, mandates)
            parts.setdefault(item.parent_id, []).append(part)
    by_area: dict[int, list[Item]] = {}
    for item in items:
        if item.level == Level.ITEM:
            found = read_item(item, rows[item.pk], held[item.pk], period, mandates)
            heading = headings.get(item.parent_id)
            words = " ".join(filter(None, (heading.number, heading.title))) if heading else ""
            found = replace(found, heading=words, parts=tuple(parts.get(item.pk, ())))
            by_area.setdefault(item.priority_area_id, []).append(found)
    return Report(
        plan=plan.slug,
        title=plan.title,
        owner=str(plan.owner or ""),
        owner_full_name=plan.owner.full_name if plan.owner else "",
        heads=tuple(heads_of(plan, period.last)),
        endorsed=endorsement(plan),
        note=plan.description,
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        known_on=period.known.isoformat() if period.known else "",
        language=get_language() or "en",
        areas=tuple(
            Area(
                number=area.number,
                title=area.title,
                description=area.description,
                partners=tuple(str(partner) for partner in area.partners.all()),
                items=tuple(by_area.get(area.pk, ())),
            )
            for area in plan.priority_areas.prefetch_related("partners").order_by("order", "id")
        ),
    )


def read_item(
    item: Any,
    rows: Iterable[DeliverableUpdate],
    held: Iterable[DeliverableResponsibility],
    period: Period,
    mandates: Iterable[Mapping[int, Sequence[str]]],
) -> Item:
    """Return what a report says of one item, from its standing rows, the oldest first."""
    rows, window = list(rows), period.window
    standing = next((row for row in reversed(rows) if row.narrative), None)
    others = [
        row
        for row in rows
        if row is not standing and (window.holds(row.effective_on) or window.holds(row.reported_on))
    ]
    columns: dict[str, list[Holder]] = {"leads": [], "contributors": [], "groups": []}
    for one in held:
        role = str(Role(one.role).label)
        columns[column_of(one)].append(Holder(str(one.entity), one.role, role, one.uncertain))
    return Item(
        ref=item.ref,
        number=item.number,
        heading="",
        title=item.title,
        description=item.description,
        is_provisional=item.wording == Wording.PROVISIONAL,
        priority=item.priority,
        priority_label=str(Priority(item.priority).label),
        status=item.status,
        status_label=str(BY_CODE[item.status].label),
        superseded=superseded_words(item, period.last),
        mandates=tuple(words for found in mandates for words in found.get(item.pk, ())),
        timeframe=frame_told(item.timeframe, item.earliest, item.due) if item.is_open else "",
        slips=tuple((slip.old, slip.new) for slip in slips_in(item, rows, window)),
        standing=read_told(item, standing, period) if standing else None,
        others=tuple(read_told(item, row, period) for row in others),
        leads=tuple(columns["leads"]),
        contributors=tuple(columns["contributors"]),
        groups=tuple(columns["groups"]),
    )


def column_of(held: DeliverableResponsibility) -> str:
    """Return the column in which a party stands."""
    if held.role in LEAD_ROLES:
        return "leads"
    is_group = held.role == Role.OTHER_GROUP or held.entity.kind == EntityKind.RESULTS_GROUP
    return "groups" if is_group else "contributors"


def superseded_words(item: Any, day: date) -> str:
    """Return whether an item was superseded by a day, and by what, if everybody may know that."""
    if item.superseded_on is None or item.superseded_on > day:
        return ""
    other = item.superseded_by
    if other.priority_area.workplan.published and exists_on(other, day):
        return _("Superseded by %(ref)s.") % {"ref": other.ref}
    return _("Superseded.")


def slips_in(item: Any, rows: Iterable[DeliverableUpdate], window: Window) -> list[FrameMove]:
    """Return the time frames that became another in a window, whichever way they moved."""
    moves = []
    words = frame_told(item.initial_timeframe, item.initial_earliest, item.initial_latest)
    for row in rows:
        if not row.timeframe:
            continue
        new = frame_told(row.timeframe, row.timeframe_earliest, row.timeframe_latest)
        is_in_window = window.holds(row.effective_on) or window.holds(row.reported_on)
        if words and words != new and is_in_window:
            moves.append(FrameMove(words, new, None))
        words = new
    return moves


def read_told(item: Any, row: DeliverableUpdate, period: Period) -> Told:
    """Return what one row of an item told."""
    return Told(
        ref=item.ref,
        sequence=row.sequence,
        day=row.effective_on.isoformat(),
        day_words=day_told(row, period),
        status=row.status,
        status_label=str(BY_CODE[row.status].label) if row.status else "",
        narrative=row.narrative,
        narrative_digest=row.narrative_digest,
        timeframe=row.timeframe,
    )


def day_told(row: DeliverableUpdate, period: Period) -> str:
    """Return the day of a row in words, or "" for what is so as of the report's own day."""
    if not row.effective_words and row.effective_on == period.last:
        return ""
    return printed_day(row)


def frame_told(words: str, earliest: date | None, latest: date | None) -> str:
    """Return a time frame in its words, with its days where the words imply the year."""
    if re.search(r"[0-9]{4}", words) or not frame_days(earliest, latest):
        return words
    return _("%(words)s (%(days)s)") % {"words": words, "days": frame_days(earliest, latest)}


def heads_of(plan: Workplan, day: date) -> Iterator[tuple[str, str]]:
    """Yield who chairs or leads the group whose plan it is: a role, and all who have it."""
    if plan.owner is None:
        return
    labels = {
        Membership.Role.CO_CHAIR: _("Co-chairs"),
        Membership.Role.CO_LEAD: _("Co-leads"),
    }
    held = list(Membership.objects.on(day).filter(group=plan.owner).select_related("member"))
    for role, label in labels.items():
        names = sorted(str(one.member) for one in held if one.role == role)
        if names:
            yield label, ", ".join(names)


def endorsement(plan: Workplan) -> str:
    """Return by whom and when a plan was endorsed, as far as it is known, or ""."""
    if plan.endorsed_by and plan.endorsed_on:
        return _("%(body)s, %(day)s") % {
            "body": plan.endorsed_by,
            "day": day_words(plan.endorsed_on),
        }
    if plan.endorsed_on:
        return day_words(plan.endorsed_on)
    return str(plan.endorsed_by or "")


# A report that is kept


# Which form the stored content has. Whoever gives the classes above another form raises it,
# and reads the earlier ones in `from_json`: a report that was kept stays readable.
FORM = 1


def to_json(report: Report) -> dict[str, Any]:
    """Return a report as JSON can hold it; `from_json` gives the same report back."""
    return {"form": FORM, "report": json.loads(json.dumps(asdict(report)))}


def from_json(stored: Any) -> Report:
    """Return the report that `to_json` gave; raise ValidationError if it did not."""
    try:
        if stored["form"] != FORM:
            raise ValueError(stored["form"])
        return report_from_json(stored["report"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValidationError(_("its content cannot be read")) from error


def report_from_json(content: dict[str, Any]) -> Report:
    areas = tuple(
        Area(
            **{
                **area,
                "partners": tuple(area["partners"]),
                "items": tuple(map(item_from_json, area["items"])),
            }
        )
        for area in content["areas"]
    )
    heads = tuple((label, names) for label, names in content["heads"])
    return Report(**{**content, "heads": heads, "areas": areas})


def item_from_json(content: dict[str, Any]) -> Item:
    standing = content["standing"]
    return Item(
        **{
            **content,
            "mandates": tuple(content["mandates"]),
            "slips": tuple((old, new) for old, new in content["slips"]),
            "standing": Told(**standing) if standing else None,
            "others": tuple(Told(**one) for one in content["others"]),
            **{
                name: tuple(Holder(**one) for one in content[name])
                for name in ("leads", "contributors", "groups")
            },
            "parts": tuple(map(item_from_json, content["parts"])),
        }
    )


def content_digest(report: Report) -> str:
    """Return the SHA-256 of a report, narratives by their own digests.

    So it stays what it is when a narrative is taken out.
    """
    content = json.dumps(_without_narratives(asdict(report)), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _without_narratives(value: Any) -> Any:
    if isinstance(value, dict):
        kept = ((name, one) for name, one in value.items() if name != "narrative")
        return {name: _without_narratives(one) for name, one in kept}
    if isinstance(value, list | tuple):
        return [_without_narratives(one) for one in value]
    return value


def told_words(told: Told) -> str:
    """Return what a row told in one line, with its day."""
    words = told.narrative or told.timeframe or told.status_label
    if not told.day_words:
        return words
    return _("%(day)s: %(words)s") % {"day": told.day_words, "words": words}


def names(holders: Iterable[Holder]) -> str:
    """Return parties as one line, each with its role where it is not plain from the column."""
    return "; ".join(map(holder_words, holders))


def holder_words(holder: Holder) -> str:
    """Return a party with its role in brackets, unless the column says it; "?" if uncertain."""
    plain = {Role.LEAD.value, Role.CONTRIBUTOR.value, Role.OTHER_GROUP.value}
    words = {"name": holder.name, "role": holder.role_label}
    if holder.role in plain:
        sentence = _("%(name)s (?)") if holder.uncertain else "%(name)s"
    else:
        sentence = _("%(name)s (%(role)s, ?)") if holder.uncertain else _("%(name)s (%(role)s)")
    return sentence % words
