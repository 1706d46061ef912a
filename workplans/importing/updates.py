"""Updates in: rows for the ledger, in the columns of the files of histories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.fields import Field

from workplans.chunks import Among, portions
from workplans.importing.cells import (
    Day,
    DayWidget,
    FrameWidget,
    LookupWidget,
    StatusWidget,
    TextWidget,
    by_names,
)
from workplans.importing.resources import SheetResource, SheetRow, cell_words, refuse_entry
from workplans.importing.tables import Value
from workplans.importing.verdicts import Change, Verdict
from workplans.item_tables import HistoryTable
from workplans.models import Deliverable, DeliverableUpdate, SourceDocument
from workplans.status import Entry, judge_entries, lock_items, record_judged

# What a new row tells; the other columns follow from these.
TOLD = ("status", "narrative", "timeframe", "effective_on", "effective_words", "source", "locator")
# What differs for those who may not see the name of a source.
HIDDEN = ("source",)


class UpdateResource(SheetResource):
    """Updates of items of one kind: a row without a number is told anew."""

    item_model: ClassVar[Any]
    not_compared = frozenset({"ref", "number", "url"})

    narrative = Field(widget=TextWidget())
    timeframe = Field(widget=FrameWidget())
    effective_on = Field(widget=DayWidget())
    effective_words = Field(widget=TextWidget(longest=100))
    source = Field(widget=LookupWidget(gettext_lazy("a source document")))
    locator = Field(widget=TextWidget(longest=200))

    def __init__(self, user: User, today: Any = None) -> None:
        super().__init__(user, today)
        # What stands for the file until it is a document of its own.
        self.this_file = SourceDocument(dated=self.today)
        self.fields["status"] = Field(
            column_name="status", widget=StatusWidget(self.item_model.STATUSES)
        )

    def columns(self) -> Sequence[str]:
        return list(HistoryTable.columns)

    def key_of(self, cells: Mapping[str, Value]) -> str:
        ref, number = cell_words(cells.get("ref")), cell_words(cells.get("number"))
        return f"{ref} #{number}" if number else ""

    def written(self, keys: Sequence[str]) -> dict[str, Sequence[Any]]:
        refs = sorted({key.partition(" #")[0] for key in keys})
        items = self.item_model.objects.filter(Among("ref", refs)).order_by()
        table = HistoryTable(items, self.today, self.user)
        return {f"{cells[0]} #{cells[2]}": cells for cells in table.rows()}

    def lock(self, keys: Sequence[str]) -> None:
        """Nothing is known yet of which items the new rows are; `read_rows` locks these."""
        self.locks = True

    locks = False

    def read_rows(self, rows: Sequence[SheetRow]) -> None:
        sources = SourceDocument.objects.order_by()
        self.sources = by_names(
            (name, source) for source in sources for name in (source.title, source.slug)
        )
        items = self._items({self._ref(row) for row in rows})
        told: list[tuple[SheetRow, Entry]] = []
        for row in rows:
            verdict = row.verdict
            verdict.ref = self._ref(row)
            item = items.get(verdict.ref)
            if item is None:
                verdict.refuse("ref", verdict.ref, _("No item has this reference."))
                continue
            verdict.title = item.title
            if row.key and row.is_new:
                number = row.key.rpartition("#")[2]
                verdict.refuse(
                    "number",
                    number,
                    _("The item has no such update. Leave the number empty to tell a new one."),
                )
            elif row.key:
                self._compare(row)
            elif row.edited.keys() & set(TOLD):
                entry = self._entry(row, item)
                if not verdict.problems:
                    told.append((row, entry))
        self._judge(told)

    def _ref(self, row: SheetRow) -> str:
        return cell_words(row.row.cells[row.header.index("ref")]) if "ref" in row.header else ""

    def _items(self, refs: set[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for some in portions(sorted(refs)):
            found |= {item.ref: item for item in self.item_model.objects.filter(Among("ref", some))}
        if self.locks:
            lock_items(self.item_model, [item.pk for item in found.values()])
        return found

    def _compare(self, row: SheetRow) -> None:
        """Refuse an edit of what stands in the history."""
        for name, cell in row.edited.items():
            if name in TOLD and (cell or name not in HIDDEN):
                row.verdict.refuse(
                    name,
                    cell_words(cell),
                    _(
                        "What stands in the history is not changed by a file. Correct it on the "
                        "item's page, or tell it anew in a row without a number."
                    ),
                )
            elif cell:
                row.verdict.not_taken.append(name)

    def _entry(self, row: SheetRow, item: Any) -> Entry:
        values = {name: row.read(name) for name in TOLD if name in row.edited and name != "source"}
        source = row.read("source", self.sources) if "source" in row.edited else None
        day: Day | None = values.get("effective_on")
        return Entry(
            item=item,
            status=values.get("status") or "",
            narrative=values.get("narrative") or "",
            timeframe=values.get("timeframe") or "",
            effective_on=day.day if day else None,
            effective_words=values.get("effective_words") or (day.words if day else ""),
            source=source or self.this_file,
            locator=values.get("locator") or ("" if source else self.place_of(row.verdict)),
            recorded_by=self.user,
        )

    def _judge(self, told: Sequence[tuple[SheetRow, Entry]]) -> None:
        judged = judge_entries([entry for _row, entry in told], today=self.today)
        columns = {name: name for name in TOLD}
        for place, (row, _entry) in enumerate(told):
            verdict = row.verdict
            if place in judged.errors:
                refuse_entry(row, judged.errors[place], columns, "ref")
                continue
            verdict.is_record_new = True
            verdict.plan["update"] = judged.rows[place]
            verdict.changes += [
                Change(name, "", cell_words(row.edited[name]))
                for name in TOLD
                if name in row.edited
            ]

    def save(self, verdicts: Sequence[Verdict], source: SourceDocument | None) -> None:
        updates = [verdict.plan["update"] for verdict in verdicts]
        for update in updates:
            if update.source is self.this_file:
                update.source = source
        record_judged(updates)


class DeliverableUpdateResource(UpdateResource):
    """Updates of deliverables."""

    model = DeliverableUpdate
    item_model = Deliverable
