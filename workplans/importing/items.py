"""Items in: what an import takes of deliverables and action points, and how it writes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export.fields import Field

from workplans import bulk
from workplans.chunks import Among, portions
from workplans.importing.cells import (
    ChoiceWidget,
    Day,
    DayWidget,
    FrameWidget,
    StatusWidget,
    TextWidget,
    UrlWidget,
    as_text,
)
from workplans.importing.parties import PartyReader, UnknownParty
from workplans.importing.resources import SheetResource, SheetRow, cell_words, refuse_entry
from workplans.importing.verdicts import Change, Verdict
from workplans.inserts import insert_columns
from workplans.item_tables import ItemTable
from workplans.ledger_state import foretell
from workplans.models import LEAD_ROLES, Level, Role, SourceDocument
from workplans.models.references import NewRefs, SpentReference
from workplans.models.tracking import CACHED_COLUMNS
from workplans.prototypes import Prototype
from workplans.status import (
    Entry,
    judge_entries,
    lock_items,
    record_judged,
    refresh_cache,
)
from workplans.timeframes import TimeFrame

# The columns in which an update is entered, by the field of the ledger's entry.
UPDATE_COLUMNS = {
    "status": "new_status",
    "narrative": "new_narrative",
    "effective_on": "new_effective_on",
    "timeframe": "new_timeframe",
}
# Fields that a cell sets as it is read.
PLAIN = (
    "title", "description", "number", "indicators", "comments", "product_url", "priority",
    "wording", "theme",
)  # fmt: skip
# What follows from the ledger, on the item.
FOLLOWING = (*CACHED_COLUMNS.values(), "introduced_on")
# What a file of somebody who is not signed in leaves out.
HIDDEN = ("source", "locator")
# The longest cell that is kept beside the parties that it names.
LONGEST_PRINTED = 300


class PartyCells:
    """The parties of a file: read once for all rows that name the same."""

    def __init__(self) -> None:
        self.reader = PartyReader()

    def parties(self, row: SheetRow, column: str) -> tuple[tuple[Any, str], ...] | None:
        """Return the (entity, role) pairs of an edited cell; note a problem and return None."""
        cell = row.edited.get(column)
        try:
            return tuple((one.entity, one.role) for one in self.reader.parties(as_text(cell)))
        except (UnknownParty, ValueError) as error:
            row.verdict.refuse(column, cell_words(cell), str(error))
            return None


@dataclass
class PartyPlan:
    """What becomes of the responsibilities of an item: (entity, role, order, cell) to add."""

    add: list[tuple[Any, str, int, str]] = field(default_factory=list)
    end: list[Any] = field(default_factory=list)
    reopen: list[tuple[Any, int]] = field(default_factory=list)
    reorder: list[tuple[Any, int]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.add or self.end or self.reopen or self.reorder)


@dataclass(slots=True)
class Place:
    """Where an item stands in the tree of its plan or record: what the rules of levels read."""

    level: str
    parent: str
    origin: tuple[Any, ...]


class ItemResource(SheetResource):
    """Tracked items of one kind. A subclass names its table, and what its items come from.

    `origin_columns` are the columns that say what an item comes from, in our own file; what
    `follows` from these is not looked at in a row for a new item.
    """

    follows: ClassVar[frozenset[str]] = frozenset({"url"})
    names_others = ("parent",)
    table_class: ClassVar[type[ItemTable]]
    origin_columns: ClassVar[tuple[str, ...]]

    title = Field(widget=TextWidget(longest=500, required=True))
    level = Field(widget=ChoiceWidget(Level.choices, default=Level.ITEM))
    parent = Field(widget=TextWidget())
    leads = Field(widget=TextWidget())
    supporting = Field(widget=TextWidget())
    indicators = Field(widget=TextWidget())
    comments = Field(widget=TextWidget())
    number = Field(widget=TextWidget(longest=20))
    description = Field(widget=TextWidget())
    product_url = Field(widget=UrlWidget(longest=500))
    new_narrative = Field(widget=TextWidget())
    new_effective_on = Field(widget=DayWidget())
    new_timeframe = Field(widget=FrameWidget())

    def __init__(self, user: User, today: Any = None) -> None:
        super().__init__(user, today)
        self.fields["new_status"] = Field(
            column_name="new_status", widget=StatusWidget(self.model.STATUSES)
        )
        for column in UPDATE_COLUMNS.values():  # in their order, behind all others
            self.fields[column] = self.fields.pop(column)
        # What stands for the file until it is a document of its own.
        self.this_file = SourceDocument(dated=self.today)
        self.held: Any = self.model._meta.get_field("responsibilities").related_model
        self.plain = [name for name in PLAIN if name in self.fields]
        # The columns that are read, in a row for an item that is there, and for a new one.
        self.taken = {*self.fields, *self.origin_columns}
        self.taken_of_new = self.taken | {"timeframe", *self.follows}

    def read_origin(self, row: SheetRow, item: Any) -> None:
        """Set what an item comes from, as the edited cells say; note problems and changes."""
        raise NotImplementedError

    def prepare(self, rows: Sequence[SheetRow]) -> None:
        """Read what the cells of all rows may name."""
        raise NotImplementedError

    def lock_origins(self) -> None:
        """Lock what new items may come from, in the order of keys."""
        raise NotImplementedError

    # Comparing

    def columns(self) -> Sequence[str]:
        return [*self.table_class.columns, "number", "description", "product_url"]

    def written(self, keys: Sequence[str]) -> dict[str, Sequence[Any]]:
        """Return the rows of our file, by reference, with the columns that only an import has."""
        items = self.model.objects.filter(Among("ref", keys)).order_by().as_of(self.today)
        table = self.table_class(items, self.today, self.user)
        found: dict[str, Sequence[Any]] = {str(cells[0]): cells for cells in table.rows()}
        more = self.model.objects.filter(Among("ref", keys)).order_by()
        for ref, *cells in more.values_list("ref", "number", "description", "product_url"):
            if ref in found:
                found[ref] = (*found[ref], *cells)
        return found

    def lock(self, keys: Sequence[str]) -> None:
        self.lock_origins()
        pks = self.model.objects.filter(Among("ref", keys)).order_by()
        lock_items(self.model, list(pks.values_list("pk", flat=True)))

    # Judging

    def read_rows(self, rows: Sequence[SheetRow]) -> None:
        self.parties = PartyCells()
        touched = [row for row in rows if row.edited and not row.verdict.problems]
        self._find_items(touched)
        self.prepare(touched)
        for row in touched:
            self._read(row)
        self._read_parents(touched)
        self._read_parties(touched)
        self._check_titles(touched)
        self._give_refs(touched)
        self._judge_updates(touched)

    def _find_items(self, rows: Sequence[SheetRow]) -> None:
        """Give each row the record that it is about, or a new one."""
        keys = [row.key for row in rows if row.key]
        stored: dict[str, Any] = {}
        for some in portions(keys):
            stored |= {
                record.ref: record for record in self.model.objects.filter(Among("ref", some))
            }
        spent = set(SpentReference.objects.filter(Among("ref", keys)).values_list("ref", flat=True))
        blank = Prototype(self.model, level=Level.ITEM)
        for row in rows:
            verdict = row.verdict
            if not row.is_new and row.key in stored:
                verdict.instance = stored[row.key]
                verdict.title = verdict.instance.title
                continue
            verdict.instance = blank.make({}, ref=row.key)
            verdict.title = as_text(row.edited.get("title"))
            if row.key in stored or not row.is_new:
                verdict.refuse(
                    self.key, row.key, _("This item is not there any more, or not there yet.")
                )
            elif row.key in spent:
                verdict.refuse(
                    self.key,
                    row.key,
                    _(
                        "A deleted record had this reference, and references are not given twice. "
                        "Leave the cell empty to have one made."
                    ),
                )
            elif row.key:
                try:
                    self.model._meta.get_field("ref").clean(row.key, verdict.instance)
                except ValidationError as error:
                    verdict.refuse(self.key, row.key, " ".join(error.messages))

    def _read(self, row: SheetRow) -> None:
        """Read the cells of one row that need no other row."""
        verdict, item = row.verdict, row.verdict.instance
        verdict.is_record_new = row.is_new
        for name in self.plain:
            if name in row.edited:
                value = row.read(name)
                if value is not None:
                    self.change(row, name, value)
        if "level" in row.edited and not row.is_new and not cell_words(row.edited["level"]):
            verdict.refuse("level", "", _("This may not be empty."))
        elif "level" in row.edited:
            level = row.read("level")
            if level is not None and level != item.level:
                self.change(row, "level", level)
        self.read_origin(row, item)
        if row.is_new:
            if "title" not in row.edited:
                verdict.refuse("title", "", _("A new item needs a title."))
            if "timeframe" in row.edited:
                self._read_first_frame(row)
            item.introduced_on = self.first_day(item)
        taken = self.taken_of_new if row.is_new else self.taken
        verdict.not_taken = [
            name
            for name, cell in row.edited.items()
            if name not in taken and name in self.places and (cell or name not in HIDDEN)
        ]

    def first_day(self, item: Any) -> Any:
        """Return the day from which a new item is known."""
        return self.today

    def change(self, row: SheetRow, name: str, value: Any, words: str | None = None) -> None:
        """Set a field of a row's record, and note the change."""
        item = row.verdict.instance
        old = getattr(item, name)
        if old == value:
            return
        setattr(item, name, value)
        new_words = str(value) if words is None else words
        row.verdict.changes.append(Change(name, "" if row.is_new else row.now(name), new_words))
        row.verdict.plan.setdefault("fields", {})[name] = (old, value)

    def _read_first_frame(self, row: SheetRow) -> None:
        cell = row.edited["timeframe"]
        try:
            frame: TimeFrame = FrameWidget().clean(cell)
        except ValueError as error:
            row.verdict.refuse("timeframe", cell_words(cell), str(error))
            return
        item = row.verdict.instance
        item.initial_timeframe = frame.words
        item.initial_earliest, item.initial_latest = frame.earliest, frame.latest
        row.verdict.changes.append(Change("timeframe", "", frame.words))

    # Levels and parents

    def _read_parents(self, rows: Sequence[SheetRow]) -> None:
        """Read what items belong to, and judge levels by where all items will stand."""
        moved = [
            row
            for row in rows
            if row.is_new
            or "parent" in row.edited
            or row.verdict.plan.get("fields", {}).keys() & {"level", *self.origin_fields}
        ]
        if not moved:
            return
        wanted = {row: cell_words(row.edited.get("parent")) for row in moved}
        refs = {row.key for row in moved if row.key} | {ref for ref in wanted.values() if ref}
        places: dict[str, Place] = {}
        records: dict[str, Any] = {}
        for some in portions(sorted(refs)):
            for record in self.model.objects.filter(Among("ref", some)).select_related("parent"):
                records[record.ref] = record
                places[record.ref] = self._place(record)
        below: dict[str, list[str]] = defaultdict(list)
        for record in self.model.objects.filter(
            Among("parent_id", [row.verdict.instance.pk for row in moved if not row.is_new])
        ).select_related("parent"):
            places.setdefault(record.ref, self._place(record))
            below[record.parent.ref].append(record.ref)
        new: dict[str, Any] = {}
        for row in moved:
            item = row.verdict.instance
            stands = places.get(row.key) if row.key and not row.is_new else None
            parent = wanted[row] if row.is_new or "parent" in row.edited else stands.parent  # type: ignore[union-attr]
            places[self._key_of_place(row)] = Place(item.level, parent, self._origin(item))
            if row.is_new and row.key:
                new[row.key] = item
        for row in moved:
            self._judge_place(row, places, below)
            ref = wanted[row]
            if row.verdict.problems or not (row.is_new or "parent" in row.edited):
                continue
            parent, now = new.get(ref) or records.get(ref), row.now("parent")
            if now != ref:
                row.verdict.instance.parent = parent
                row.verdict.changes.append(Change("parent", now, ref))
                row.verdict.plan.setdefault("fields", {})["parent"] = (now, parent)

    # The fields that say what an item comes from.
    origin_fields: ClassVar[frozenset[str]] = frozenset()

    @staticmethod
    def _key_of_place(row: SheetRow) -> str:
        """Return the reference of a row, or what none can be where it has none yet."""
        return row.key or f"\0{row.row.number}"

    def _origin(self, item: Any) -> tuple[Any, ...]:
        return tuple(item.origin.values())

    def _place(self, record: Any) -> Place:
        parent = record.parent.ref if record.parent else ""
        return Place(record.level, parent, self._origin(record))

    def _judge_place(
        self, row: SheetRow, places: Mapping[str, Place], below: Mapping[str, Sequence[str]]
    ) -> None:
        """Note where a row breaks the rules of levels; those of `TrackedItem.clean`, for a set."""
        verdict = row.verdict
        place = places[self._key_of_place(row)]
        above = places.get(place.parent)
        if place.parent and above is None:
            sentence = _("No item has this reference, neither here nor in the file.")
        elif place.parent == row.key and place.parent:
            sentence = _("An item cannot belong to itself.")
        elif place.level == Level.PART and above is None:
            sentence = _("A part needs the item that it belongs to.")
        elif place.level == Level.PART and above is not None and above.level != Level.ITEM:
            sentence = _("A part belongs to an item, not to a heading or a part.")
        elif place.level == Level.HEADING and above is not None:
            sentence = _("A heading stands at the top and belongs to nothing.")
        elif place.level == Level.ITEM and above is not None and above.level != Level.HEADING:
            sentence = _("An item can only stand under a heading.")
        elif above is not None and above.origin != place.origin:
            sentence = _("It belongs to an item that comes from elsewhere.")
        else:
            sentence = ""
        if sentence:
            verdict.refuse("parent", place.parent, sentence)
        fits = {Level.ITEM: Level.PART, Level.HEADING: Level.ITEM}.get(place.level)  # type: ignore[call-overload]
        children = [places[ref] for ref in below.get(row.key, ())]
        if any(child.parent == row.key and child.level != fits for child in children):
            verdict.refuse(
                "level", place.level, _("What belongs to it does not fit under that level.")
            )
        if (
            place.level == Level.HEADING
            and not row.is_new
            and "level" in verdict.plan.get("fields", ())
        ):
            item = verdict.instance
            if item.updates.exists() or item.responsibilities.exists():
                verdict.refuse(
                    "level",
                    place.level,
                    _("An item with a history or with parties cannot become a heading."),
                )

    # Parties

    def _read_parties(self, rows: Sequence[SheetRow]) -> None:
        about = [row for row in rows if {"leads", "supporting"}.intersection(row.edited)]
        held: dict[int, list[Any]] = defaultdict(list)
        pks = [row.verdict.instance.pk for row in about if not row.is_new]
        for some in portions(pks):
            responsibilities = self.held.objects.filter(Among("item_id", some)).order_by(
                "order", "id"
            )
            for one in responsibilities.select_related("entity"):
                held[one.item_id].append(one)
        for row in about:
            mine = [] if row.is_new else held[row.verdict.instance.pk]
            for one in mine:
                one.item = row.verdict.instance
            plan = self._plan_parties(row, mine)
            if not plan:
                continue
            if row.verdict.instance.level == Level.HEADING:
                row.verdict.refuse(
                    "leads", "", _("A heading has no owner. Name the parties of its items.")
                )
            row.verdict.plan["parties"] = plan
            for name in ("leads", "supporting"):
                if name in row.edited:
                    row.verdict.changes.append(
                        Change(name, row.now(name), cell_words(row.edited[name]))
                    )

    def _plan_parties(self, row: SheetRow, all_held: Sequence[Any]) -> PartyPlan | None:
        """Return what becomes of an item's parties; None where a cell is not understood."""
        held = [one for one in all_held if self._holds(one)]
        # The roles that are wanted, in their order, with the entity and what is printed of it.
        wanted: dict[tuple[int, str], tuple[Any, str]] = {}
        for column, leads in (("leads", True), ("supporting", False)):
            if column not in row.edited:
                continue
            named = self.parties.parties(row, column)
            if named is None:
                return None
            default = Role.LEAD if leads else Role.SUPPORT
            words = cell_words(row.edited[column])
            for entity, role in named:
                has = [one.role for one in held if one.entity_id == entity.pk]
                has = [each for each in has if (each in LEAD_ROLES) is leads]
                for each in [role] if role else has or [default.value]:
                    wanted.setdefault((entity.pk, each), (entity, words))
        plan = PartyPlan()
        mine = {(one.entity_id, one.role): one for one in held}
        before = {(one.entity_id, one.role): one for one in all_held if one not in held}
        for order, (key, (entity, words)) in enumerate(wanted.items(), start=1):
            if key in mine:
                if mine[key].order != order:
                    plan.reorder.append((mine[key], order))
            elif key in before:
                plan.reopen.append((before[key], order))
            else:
                plan.add.append((entity, key[1], order, self._printed(entity, words)))
        plan.end = [
            one
            for one in held
            if (one.entity_id, one.role) not in wanted
            and ("leads" if one.role in LEAD_ROLES else "supporting") in row.edited
        ]
        # Orders that say the same as before are no change.
        after = [mine[key].order for key in wanted if key in mine]
        if not (plan.add or plan.end or plan.reopen) and after == sorted(after):
            plan.reorder = []
        return plan

    def _holds(self, one: Any) -> bool:
        return (one.since is None or one.since <= self.today) and (
            one.until is None or one.until >= self.today
        )

    @staticmethod
    def _printed(entity: Any, cell: str) -> str:
        return "" if cell in (entity.acronym, entity.name) else cell[:LONGEST_PRINTED]

    # What new items must be

    def _check_titles(self, rows: Sequence[SheetRow]) -> None:
        """Refuse a new item that is there already under the same title: a reference mistyped.

        Parts of several items may well have one title.
        """
        new = [row for row in rows if row.is_new and not row.verdict.problems]
        new = [row for row in new if row.verdict.instance.level != Level.PART]
        titles = {row.verdict.instance.title for row in new}
        there: dict[tuple[str, tuple[Any, ...]], str] = {}
        for some in portions(sorted(titles)):
            for record in self.model.objects.filter(Among("title", some)).exclude(level=Level.PART):
                there[record.title, self._origin(record)] = record.ref
        first: dict[tuple[Any, ...], int] = {}
        for row in new:
            item = row.verdict.instance
            ref = there.get((item.title, self._origin(item)))
            above = cell_words(row.edited.get("parent"))
            named = (item.title, self._origin(item), item.level, above)
            if first.setdefault(named, row.row.number) != row.row.number:
                row.verdict.refuse(
                    "title",
                    item.title,
                    _("Row %(number)d has it too. Keep one, or write another title.")
                    % {"number": first[named]},
                )
            elif ref:
                row.verdict.refuse(
                    "title",
                    item.title,
                    _("It is there already as %(ref)s. Write that reference, or another title.")
                    % {"ref": ref},
                )

    def _give_refs(self, rows: Sequence[SheetRow]) -> None:
        """Give references to new items that name none."""
        new = [row for row in rows if row.is_new and not row.key and not row.verdict.problems]
        refs = NewRefs(self.model, {row.key for row in rows if row.key})
        for row in new:
            item = row.verdict.instance
            item.ref = row.verdict.ref = refs.give(item._ref_prefix(), item.number)

    # Updates

    def _judge_updates(self, rows: Sequence[SheetRow]) -> None:
        told: list[tuple[SheetRow, Entry]] = []
        for row in rows:
            columns = [name for name in UPDATE_COLUMNS.values() if name in row.edited]
            if not columns or row.verdict.problems:
                continue
            entry = self.read_entry(row, columns)
            if not row.verdict.problems:
                told.append((row, entry))
        items = [entry.item for _row, entry in told]
        levels = {item.pk: item.level for item in items if item.pk}
        judged = judge_entries([entry for _row, entry in told], today=self.today, levels=levels)
        for place, (row, _entry) in enumerate(told):
            if place in judged.errors:
                refuse_entry(row, judged.errors[place], UPDATE_COLUMNS, "new_status")
                continue
            row.verdict.plan["update"] = judged.rows[place]
            row.verdict.plan["ledger"] = judged.ledgers[place]
            for name in (name for name in UPDATE_COLUMNS.values() if name in row.edited):
                now = row.now(name.removeprefix("new_")) if name != "new_effective_on" else ""
                row.verdict.changes.append(Change(name, now, cell_words(row.edited[name])))

    def read_entry(self, row: SheetRow, columns: Iterable[str]) -> Entry:
        """Return the update that a row tells."""
        values = {name: row.read(name) for name in columns}
        day: Day | None = values.get("new_effective_on")
        return Entry(
            item=row.verdict.instance,
            status=values.get("new_status") or "",
            narrative=values.get("new_narrative") or "",
            timeframe=values.get("new_timeframe") or "",
            effective_on=day.day if day else None,
            effective_words=day.words if day else "",
            source=self.this_file,
            locator=self.place_of(row.verdict),
            recorded_by=self.user,
        )

    # Writing

    def save(self, verdicts: Sequence[Verdict], source: SourceDocument | None) -> None:
        model: Any = self.model
        new = [verdict for verdict in verdicts if verdict.is_record_new]
        old = [verdict for verdict in verdicts if not verdict.is_record_new]
        foretold: set[int] = set()
        for level in (Level.HEADING, Level.ITEM, Level.PART):
            for some in portions([one for one in new if one.instance.level == level]):
                foretold |= self._save_new(some, source)
        for some in portions(old):
            foretold |= self._save_changed(some)
        for verdict in old:
            if verdict.plan.get("fields", {}).keys() & self.origin_fields:
                verdict.instance._take_along()
        self._save_parties(verdicts)
        updates = [one.plan["update"] for one in verdicts if "update" in one.plan]
        for update in updates:
            update.source = source
        record_judged(updates, foretold=foretold)
        # What is above them knows of them now.
        moved = [one.instance.pk for one in old if "parent" in one.plan.get("fields", ())]
        moved += [one.instance.pk for one in new if one.instance.parent_id]
        refresh_cache(model, moved)

    def _save_new(self, verdicts: Sequence[Verdict], source: SourceDocument | None) -> set[int]:
        """Write new items of one level; return the keys of those whose ledgers are foretold."""
        for verdict in verdicts:
            verdict.instance.source = source
            verdict.instance.locator = self.place_of(verdict)
        told = [one.instance for one in verdicts if self._foretell(one)]
        bulk.create_all(self.model, [one.instance for one in verdicts], self.user)
        return {item.pk for item in told}

    def _save_changed(self, verdicts: Sequence[Verdict]) -> set[int]:
        """Write changed items; return the keys of those whose ledgers are foretold."""
        changed = {one.instance: one.plan["fields"] for one in verdicts if one.plan.get("fields")}
        told = [one.instance for one in verdicts if "update" in one.plan and self._foretell(one)]
        following = dict.fromkeys(told, FOLLOWING)
        bulk.change_all(self.model, changed, self.user, following=following)
        return {item.pk for item in told}

    @staticmethod
    def _foretell(verdict: Verdict) -> bool:
        plan = verdict.plan
        return foretell(verdict.instance, plan.get("ledger", ()), plan.get("update"))

    def _save_parties(self, verdicts: Sequence[Verdict]) -> None:
        add: list[Any] = []
        of_new: list[tuple[int, int, str, int, str]] = []
        change: dict[Any, dict[str, tuple[Any, Any]]] = {}
        gone: list[Any] = []
        for verdict in verdicts:
            plan: PartyPlan | None = verdict.plan.get("parties")
            if plan is None:
                continue
            item = verdict.instance
            if verdict.is_record_new:
                of_new += [
                    (item.pk, entity.pk, role, order, cell)
                    for entity, role, order, cell in plan.add
                ]
                continue
            add += [
                self.held(
                    item=item, entity=entity, role=role, order=order, since=self.today,
                    as_printed=cell,
                )
                for entity, role, order, cell in plan.add
            ]  # fmt: skip
            for one, order in plan.reorder:
                change[one] = {"order": (one.order, order)}
            for one, order in plan.reopen:
                change[one] = {"until": (one.until, None), "order": (one.order, order)}
            for one in plan.end:
                if one.since is not None and one.since >= self.today:
                    gone.append(one)
                else:
                    change[one] = {"until": (one.until, self.today - timedelta(days=1))}
        for one, fields in change.items():
            for name, (_old, new) in fields.items():
                setattr(one, name, new)
        bulk.delete_all(self.held, gone, self.user)
        bulk.create_all(self.held, add, self.user)
        if of_new:
            # Not logged: what a new item begins with is told by the entry for the item itself.
            names = ("item", "entity", "role", "order", "as_printed")
            insert_columns(self.held, dict(zip(names, zip(*of_new, strict=True), strict=True)))
        bulk.change_all(self.held, change, self.user)
