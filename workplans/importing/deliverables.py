"""Deliverables in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.fields import Field

from workplans.chunks import Among, portions
from workplans.importing.cells import ChoiceWidget, LookupWidget, as_text, by_names
from workplans.importing.items import ItemResource
from workplans.importing.resources import SheetRow, cell_words
from workplans.importing.verdicts import Change
from workplans.item_tables import DeliverableTable
from workplans.models import Deliverable, Priority, PriorityArea, Workplan


class DeliverableResource(ItemResource):
    """Deliverables of workplans and priority areas that are there already."""

    model = Deliverable
    table_class = DeliverableTable
    origin_columns = ("workplan", "priority_area")
    origin_fields = frozenset({"priority_area"})
    follows = frozenset({"group", "url"})

    priority = Field(widget=ChoiceWidget(Priority.choices, default=Priority.UNKNOWN))
    continues = Field(widget=LookupWidget(gettext_lazy("the reference of a deliverable")))
    workplan = Field(widget=LookupWidget(gettext_lazy("a workplan")))
    priority_area = Field(widget=LookupWidget(gettext_lazy("a priority area")))

    def lock_origins(self) -> None:
        list(Workplan.objects.select_for_update().order_by("pk").values_list("pk"))

    def prepare(self, rows: Sequence[SheetRow]) -> None:
        plans = list(Workplan.objects.all())
        self.plans = by_names((name, plan) for plan in plans for name in (plan.title, plan.slug))
        areas: dict[int, list[PriorityArea]] = defaultdict(list)
        for area in PriorityArea.objects.select_related("workplan__owner"):
            areas[area.workplan_id].append(area)
        self.areas = {
            plan: by_names(
                (name, area)
                for area in held
                for name in (str(area), area.number, area.title, area.slug)
            )
            for plan, held in areas.items()
        }
        self.area_of = {area.pk: area for held in areas.values() for area in held}
        continuing = [row for row in rows if "continues" in row.edited]
        refs = sorted({as_text(row.edited["continues"]) for row in continuing} - {""})
        pks = sorted({row.verdict.instance.continues_id or 0 for row in continuing})
        stored = Deliverable.objects.select_related("priority_area__workplan")
        found: list[Deliverable] = []
        for some in portions(refs):
            found += stored.filter(Among("ref", some))
        for keys in portions(pks):
            found += stored.filter(Among("pk", keys))
        self.continued_by_pk = {item.pk: item for item in found}
        self.continued = by_names((item.ref, item) for item in found)

    def read_origin(self, row: SheetRow, item: Any) -> None:
        if "continues" in row.edited:
            self._read_continues(row, item)
        if not row.is_new and not {"workplan", "priority_area"}.intersection(row.edited):
            return
        if not row.is_new:
            item.priority_area = self.area_of[item.priority_area_id]
        plan = None if row.is_new else item.priority_area.workplan
        for name in self.origin_columns:
            if name in row.edited and not cell_words(row.edited[name]):
                row.verdict.refuse(name, "", _("This may not be empty."))
                return
        if "workplan" in row.edited:
            plan = row.read("workplan", self.plans)
        elif row.is_new:
            row.verdict.refuse("workplan", "", _("Name the workplan that the deliverable is of."))
        if plan is None:
            return
        if "priority_area" not in row.edited:
            if row.is_new or plan != item.priority_area.workplan:
                row.verdict.refuse(
                    "priority_area", "", _("Name the priority area of that workplan.")
                )
            return
        known = self.areas.get(plan.pk, {})
        cell = row.edited["priority_area"]
        area = known.get(cell_words(cell).casefold())
        if area is None:
            row.verdict.refuse(
                "priority_area",
                cell_words(cell),
                _("The workplan has no such priority area. It has: %(known)s.")
                % {"known": "; ".join(sorted({str(one) for one in known.values() if one}))},
            )
        elif row.is_new:
            item.priority_area = area
            row.verdict.changes.append(Change("priority_area", "", f"{plan} – {area}"))
        else:
            self.change(row, "priority_area", area)

    def _read_continues(self, row: SheetRow, item: Any) -> None:
        before = item.continues = self.continued_by_pk.get(item.continues_id)
        if not row.edited["continues"] and before and not before.priority_area.workplan.published:
            return  # a public file leaves its reference out
        after = row.read("continues", self.continued)
        if after is not None and after.ref == row.key:
            row.verdict.refuse("continues", after.ref, _("An item cannot continue itself."))
        elif not row.verdict.problems:
            self.change(row, "continues", after, after.ref if after else "")
