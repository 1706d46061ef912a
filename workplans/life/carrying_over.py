"""Carrying the open items of a workplan over to another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans import days
from workplans.life.steps import DayField, Outcome, RecordField, Step, change, in_words, outcome
from workplans.models import (
    LEAD_ROLES,
    Deliverable,
    DeliverableResponsibility,
    Level,
    PriorityArea,
    SpentReference,
    Workplan,
)
from workplans.models.references import next_ref
from workplans.status import lock_items
from workplans.status_words import CLOSED_CODES

# What an item takes along; its state is not among it, since that is told of the new one anew.
TAKEN_ALONG = (
    "level", "number", "order", "title", "description", "indicators", "product_url", "priority",
    "wording", "provisional_title", "timeframe_inherited",
)  # fmt: skip
PARTY_TAKEN_ALONG = ("entity", "role", "order", "until", "as_printed", "inherited", "uncertain")


@dataclass(slots=True)
class Carried:
    """An item that is carried over, its new reference, and who holds it on the day."""

    old: Any
    ref: str
    area_number: str
    parties: list[DeliverableResponsibility] = field(default_factory=list)

    def __str__(self) -> str:
        leads = ", ".join(str(one.entity) for one in self.parties if one.role in LEAD_ROLES)
        named = {"old": self.old.ref, "new": self.ref, "title": self.old.title}
        words = _("%(old)s → %(new)s %(title)s") % named
        told = [part for part in (leads, self.old.timeframe) if part]
        return f"{words} ({'; '.join(told)})" if told else words


class CarryOver(Step):
    """Make a new item in another workplan for each open item of a workplan."""

    name = "carry-over"
    title = gettext_lazy("Carry open items over")
    button = gettext_lazy("Carry over")
    explanation = gettext_lazy(
        "Each open item gets a successor in another workplan, with a new reference, its parties "
        "and its present time frame. Its history stays where it is, and each page links to the "
        "other."
    )
    takes_many = False
    permissions = ("change", "workplans.add_deliverable")
    other_record = "target"

    target = RecordField(label=gettext_lazy("To the workplan"), queryset=Workplan.objects.all())
    carried_on = DayField(
        label=gettext_lazy("From"),
        initial=days.site_today,
        help_text=gettext_lazy("The new items exist from this day on."),
    )
    archive = forms.BooleanField(
        label=gettext_lazy("Archive the old workplan from that day"),
        required=False,
        help_text=gettext_lazy("Otherwise the figures count both the old and the new items."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan: Workplan = self.record
        if plan.archived_on is None:
            self.fields["archive"].initial = True
        else:
            del self.fields["archive"]
        target: Any = self.fields["target"]
        target.queryset = Workplan.objects.exclude(pk=plan.pk)
        target.refer_like(PriorityArea._meta.get_field("workplan"))
        self.everything = self._read_open()
        self.open_items = [item for item in self.everything if item.level == Level.ITEM]
        areas = {item.priority_area_id for item in self.open_items}
        self.areas = list(plan.priority_areas.filter(pk__in=areas))
        number = PriorityArea._meta.get_field("number")
        for area in self.areas:
            self.fields[f"area_{area.pk}"] = forms.CharField(
                label=_("Area %(area)s goes to number") % {"area": area},
                initial=area.number,
                max_length=number.max_length,
                validators=number.validators,
                widget=forms.TextInput(attrs={"size": 6}),
                help_text=_("Of an area that the other workplan has, or of one to be made there."),
            )

    @classmethod
    def lock(cls, records: Sequence[Workplan]) -> None:
        for plan in records:
            lock_items(Deliverable, list(plan.tracked_items().values_list("pk", flat=True)))

    def concerned(self) -> list[Any]:
        """The items that are carried over; the fields of both plans are among the outcomes."""
        return [one.old for one in self.carried]

    def _read_open(self) -> list[Any]:
        """Return all headings of the plan, and its items and parts that are open today."""
        plan: Workplan = self.record
        items = Deliverable.objects.filter(priority_area__workplan=plan)
        return list(
            items.as_of(days.site_today())
            .filter(Q(is_open=True) | Q(level=Level.HEADING))
            .select_related("priority_area", "parent")
            .order_by("priority_area__order", "order", "ref")
        )

    def clean(self) -> None:
        super().clean()
        if not self.open_items:
            self.add_error(None, _("This workplan has no open item."))
        target = self.cleaned_data.get("target")
        if target is not None and target.is_archived(days.site_today()):
            self.add_error("target", _("That workplan is archived. Bring it back first."))
        if not self.errors and not self.carried:
            self.add_error(None, _("All open items have been carried over to it already."))

    @cached_property
    def carried(self) -> list[Carried]:
        """Return what is carried over, headings before their items and items before their parts.

        What has a successor in the target already is left out.
        """
        target: Workplan = self.cleaned_data["target"]
        day = self.cleaned_data["carried_on"]
        of_target = Deliverable.objects.filter(priority_area__workplan=target)
        done = set(of_target.exclude(continues=None).values_list("continues", flat=True))
        items = [item for item in self.open_items if item.pk not in done]
        keys = {item.pk for item in items}
        headings = {item.parent_id for item in items}
        found = [
            *(one for one in self.everything if one.level == Level.HEADING and one.pk in headings),
            *items,
            *(
                one
                for one in self.everything
                if one.level == Level.PART
                and one.parent_id in keys
                and one.status not in CLOSED_CODES
            ),
        ]
        chosen = [one for one in found if one.pk not in done]
        parties: dict[int, list[DeliverableResponsibility]] = {}
        held = DeliverableResponsibility.objects.on(day).select_related("entity")
        for one in held.filter(item__in=[one.pk for one in chosen]):
            parties.setdefault(one.item_id, []).append(one)
        numbers = {area.pk: self.cleaned_data[f"area_{area.pk}"] for area in self.areas}
        refs = self._new_refs(target, chosen)
        return [
            Carried(one, refs[one.pk], numbers[one.priority_area_id], parties.get(one.pk, []))
            for one in chosen
        ]

    def _new_refs(self, target: Workplan, items: Sequence[Any]) -> dict[int, str]:
        """Return a free reference for each item: the old one's ending under the new plan's name."""
        old_prefix, new_prefix = f"{self.record.slug.upper()}-", f"{target.slug.upper()}-"
        limit = Deliverable._meta.get_field("ref").max_length
        wished = {
            item.pk: f"{new_prefix}{item.ref.removeprefix(old_prefix)}"[:limit] for item in items
        }
        taken = {
            ref
            for given in (Deliverable.objects, SpentReference.objects)
            for ref in given.filter(ref__in=wished.values()).values_list("ref", flat=True)
        }
        refs: dict[int, str] = {}
        for pk, ref in wished.items():
            if ref in taken:
                ref = next_ref(Deliverable, ref, "", taken)
            taken.add(ref)
            refs[pk] = ref
        return refs

    def outcomes(self) -> list[Outcome]:
        target: Workplan = self.cleaned_data["target"]
        day = in_words(self.cleaned_data["carried_on"])
        carried = self.carried
        items = [one for one in carried if one.old.level == Level.ITEM]
        found = [
            outcome(
                ngettext(
                    "%(count)d new item in “%(plan)s”, from %(day)s on:",
                    "%(count)d new items in “%(plan)s”, from %(day)s on:",
                    len(items),
                )
                % {"count": len(items), "plan": target, "day": day},
                items,
            )
        ]
        if others := [one for one in carried if one.old.level != Level.ITEM]:
            found.append(outcome(_("With them their headings and open parts:"), others))
        areas = self._areas_in_words(target, carried)
        found.append(outcome(_("Their priority areas there:"), areas))
        left = self.record.tracked_items().filter(level=Level.ITEM).count() - len(items)
        found.append(
            outcome(
                ngettext(
                    "%(count)d item is closed, withdrawn or carried over already, and gets none.",
                    "%(count)d items are closed, withdrawn or carried over already, and get none.",
                    left,
                )
                % {"count": left}
            )
        )
        found.append(
            outcome(
                _(
                    "Parties and present time frames are taken along. The new items have no "
                    "status until one is told of them; the history stays with the old ones."
                )
            )
        )
        if self.cleaned_data.get("archive"):
            found.append(
                outcome(
                    _("“%(plan)s” is archived from %(day)s.") % {"plan": self.record, "day": day}
                )
            )
        elif self.record.archived_on is None:
            found.append(outcome(_("Figures count both the old and the new items.")))
        if not target.published:
            found.append(
                outcome(_("“%(plan)s” is not published: only staff see it.") % {"plan": target})
            )
        return found

    def _areas_of(self, carried: Sequence[Carried]) -> list[PriorityArea]:
        """Return the areas of what is carried over, in the plan's order."""
        keys = {one.old.priority_area_id for one in carried}
        return [area for area in self.areas if area.pk in keys]

    def _areas_in_words(self, target: Workplan, carried: Sequence[Carried]) -> list[str]:
        existing = {area.number: area for area in target.priority_areas.all()}
        words = []
        for area in self._areas_of(carried):
            number = self.cleaned_data[f"area_{area.pk}"]
            there = existing.get(number)
            if there is None:
                named = {"number": number, "title": area.title}
                words.append(_("%(number)s %(title)s (is made)") % named)
                existing[number] = PriorityArea(number=number, title=area.title)
            elif there.title == area.title:
                words.append(str(there))
            else:
                words.append(_("%(there)s (for “%(title)s”)") % {"there": there, "title": area})
        return words

    def perform(self) -> str:
        target: Workplan = self.cleaned_data["target"]
        carried = self.carried
        areas = self._make_areas(target, carried)
        made: dict[int, Deliverable] = {}
        for one in carried:
            # A successor made earlier may stand in another area; what belongs to it follows it.
            parent = made.get(one.old.parent_id) or self._successor(one.old.parent_id, target)
            new = Deliverable(
                ref=one.ref,
                priority_area=parent.priority_area if parent else areas[one.area_number],
                parent=parent,
                continues=one.old,
                introduced_on=self.cleaned_data["carried_on"],
                initial_timeframe=one.old.timeframe,
                initial_earliest=one.old.earliest,
                initial_latest=one.old.due,
                **{name: getattr(one.old, name) for name in TAKEN_ALONG},
            )
            new.save()
            made[one.old.pk] = new
            for party in one.parties:
                new.responsibilities.create(
                    **{name: getattr(party, name) for name in PARTY_TAKEN_ALONG}
                )
        target.refresh_from_db()
        change(target)
        if self.cleaned_data.get("archive"):
            change(self.record, archived_on=self.cleaned_data["carried_on"])
        count = sum(one.old.level == Level.ITEM for one in carried)
        return ngettext(
            "%(count)d item was carried over to “%(plan)s”.",
            "%(count)d items were carried over to “%(plan)s”.",
            count,
        ) % {"count": count, "plan": target}

    @staticmethod
    def _successor(pk: int | None, target: Workplan) -> Deliverable | None:
        """Return what continues a heading or item in the target since an earlier time."""
        of_target = Deliverable.objects.filter(priority_area__workplan=target)
        return of_target.filter(continues=pk).first() if pk else None

    def _make_areas(self, target: Workplan, carried: Sequence[Carried]) -> dict[str, PriorityArea]:
        """Return the target's areas by number, those that it lacks made after the old ones."""
        areas = {area.number: area for area in target.priority_areas.all()}
        for old in self._areas_of(carried):
            number = self.cleaned_data[f"area_{old.pk}"]
            if number not in areas:
                areas[number] = target.priority_areas.create(
                    number=number,
                    title=old.title,
                    description=old.description,
                    order=old.order,
                )
                areas[number].partners.set(old.partners.all())
        return areas
