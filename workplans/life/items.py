"""Closing, setting aside, deleting and finally wording tracked items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import CASCADE, PROTECT, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans import days
from workplans.life.steps import (
    DayField,
    Outcome,
    RecordField,
    Step,
    change,
    in_words,
    kind_and_name,
    outcome,
)
from workplans.models import Level, SourceDocument, Wording
from workplans.status import Entry, UpdatesRefused, record_updates
from workplans.status_words import BY_CODE, CLOSED_CODES, DISCONTINUED
from workplans.update_forms import shorten


def with_parts(items: Sequence[Any]) -> list[Any]:
    """Return items, each followed by those of its parts that are not among them."""
    chosen = {item.pk for item in items}
    parts: dict[int, list[Any]] = {}
    below = type(items[0]).objects.filter(parent__in=items, level=Level.PART)
    for part in below.order_by("order", "ref"):
        if part.pk not in chosen:
            parts.setdefault(part.parent_id, []).append(part)
    return [one for item in items for one in (item, *parts.get(item.pk, ()))]


def standing_words(item: Any) -> str:
    """Return an item with its status and the beginning of its narrative."""
    told = [str(BY_CODE[item.cached_status].label), shorten(item.cached_narrative)]
    named = {"item": item, "told": " · ".join(filter(None, told))}
    return _("%(item)s (%(told)s)") % named


class SourcedStep(Step):
    """A step that a document tells of; its fields come after those of a subclass."""

    source = RecordField(
        label=gettext_lazy("Source"), queryset=SourceDocument.objects.all(), required=False
    )
    locator = forms.CharField(
        label=gettext_lazy("Place in the source"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source: Any = self.fields["source"]
        source.refer_like(type(self.records[0])._meta.get_field("source"))
        self.order_fields([name for name in self.fields if name not in ("source", "locator")])


class Discontinue(SourcedStep):
    """Close items that are not carried on."""

    name = "discontinue"
    title = gettext_lazy("Discontinue")
    button = gettext_lazy("Discontinue")
    explanation = gettext_lazy("They are closed, with a last update that says why.")

    narrative = forms.CharField(
        label=gettext_lazy("Why"),
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=gettext_lazy("The narrative of the update. It is shown publicly."),
    )
    effective_on = DayField(
        label=gettext_lazy("True from"),
        required=False,
        help_text=gettext_lazy("Leave it blank for the source's day, or today without a source."),
    )

    @classmethod
    def fits(cls, record: Any) -> bool:
        return (
            record.level != Level.HEADING
            and record.withdrawn_on is None
            and record.cached_status not in CLOSED_CODES
        )

    def clean(self) -> None:
        super().clean()
        self.refuse(
            _("A heading has no status. Choose its items instead:"),
            (one for one in self.records if one.level == Level.HEADING),
        )
        self.refuse(
            _("Withdrawn, so there is nothing to discontinue:"),
            (one for one in self.records if one.withdrawn_on is not None),
        )
        if self.errors:
            return
        if self.day() > days.site_today():
            self.add_error(
                "effective_on",
                _("%(day)s lies ahead. Give today or an earlier day.")
                % {"day": in_words(self.day())},
            )
            return
        found = self.concerned()
        if not found:
            self.add_error(None, _("All that you chose is closed already."))
            return
        later = (
            type(found[0])
            .update_model()
            .objects.standing()
            .filter(item__in=[one.pk for one in found], effective_on__gt=self.day())
            .exclude(status="")
        )
        self.refuse(
            _("A later status is known, which would go on standing. Give its day or a later one:"),
            (
                _("%(ref)s (%(status)s on %(day)s)")
                % {
                    "ref": row.item.ref,
                    "status": row.status_word.label,
                    "day": in_words(row.effective_on),
                }
                for row in later.select_related("item").order_by("item", "effective_on")
            ),
        )

    def day(self) -> Any:
        """Return the day from which the items will be discontinued."""
        source = self.cleaned_data.get("source")
        return (
            self.cleaned_data.get("effective_on")
            or (source.dated if source else None)
            or days.site_today()
        )

    def concerned(self) -> list[Any]:
        """The chosen items that are open, and their parts that have an open status."""
        chosen = {one.pk for one in self.records}
        return [
            one
            for one in with_parts(self.records)
            if one.cached_status not in CLOSED_CODES and (one.pk in chosen or one.cached_status)
        ]

    def outcomes(self) -> list[Outcome]:
        found = self.concerned()
        open_keys = {one.pk for one in found}
        left = [one for one in self.records if one.pk not in open_keys]
        outcomes = [
            outcome(
                _("Discontinued from %(day)s, with the narrative above in their history:")
                % {"day": in_words(self.day())},
                map(standing_words, found),
            )
        ]
        if left:
            outcomes.append(outcome(_("Left as they are, since they are closed already:"), left))
        return outcomes

    def perform(self) -> str:
        found = self.concerned()
        entries = [
            Entry(
                item=one,
                status=DISCONTINUED.code,
                narrative=self.cleaned_data["narrative"],
                effective_on=self.cleaned_data["effective_on"],
                source=self.cleaned_data["source"],
                locator=self.cleaned_data["locator"],
                recorded_by=self.user,
            )
            for one in found
        ]
        try:
            record_updates(entries)
        except UpdatesRefused as refused:
            raise forms.ValidationError(
                [
                    _("%(ref)s: %(why)s") % {"ref": found[place].ref, "why": " ".join(e.messages)}
                    for place, e in refused.errors.items()
                ]
            ) from refused
        return ngettext(
            "%(count)d item was discontinued.", "%(count)d items were discontinued.", len(found)
        ) % {"count": len(found)}


class Supersede(Step):
    """Let another item stand in the place of some."""

    name = "supersede"
    title = gettext_lazy("Supersede")
    button = gettext_lazy("Supersede")
    explanation = gettext_lazy(
        "They count as closed from a day on and keep their last status; their pages point to "
        "what stands in their place."
    )
    other_record = "superseded_by"

    superseded_on = DayField(label=gettext_lazy("Superseded from"), initial=days.site_today)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model = type(self.records[0])
        other = RecordField(label=_("Superseded by"), queryset=model.objects.all())
        other.refer_like(model._meta.get_field("superseded_by"))
        self.fields = {"superseded_by": other, **self.fields}

    @classmethod
    def fits(cls, record: Any) -> bool:
        return record.level != Level.HEADING and record.superseded_by_id is None

    def clean(self) -> None:
        super().clean()
        self.refuse(
            _("A heading cannot be superseded. Choose its items instead:"),
            (one for one in self.records if one.level == Level.HEADING),
        )
        self.refuse(
            _("Superseded already:"),
            (one for one in self.records if one.superseded_by_id is not None),
        )
        other, day = self.cleaned_data.get("superseded_by"), self.cleaned_data.get("superseded_on")
        if other is None or day is None:
            return
        if other.level == Level.HEADING:
            self.add_error("superseded_by", _("A heading cannot stand in the place of an item."))
        if other.withdrawn_on is not None:
            self.add_error("superseded_by", _("It is withdrawn itself."))
        if other.introduced_on > day:
            self.add_error(
                "superseded_on",
                _("%(ref)s exists from %(day)s on. Give that day or a later one.")
                % {"ref": other.ref, "day": in_words(other.introduced_on)},
            )
        # What supersedes the other, and so on, must not come back to one of the items.
        seen: set[int] = set()
        following: Any = other
        while following is not None and following.pk not in seen:
            seen.add(following.pk)
            following = following.superseded_by
        self.refuse(
            _("It would end up superseding itself:"),
            (one for one in self.records if one.pk in seen),
        )

    def outcomes(self) -> list[Outcome]:
        return [
            outcome(
                _("Superseded by %(item)s from %(day)s, and counted as closed from then on:")
                % {
                    "item": self.cleaned_data["superseded_by"],
                    "day": in_words(self.cleaned_data["superseded_on"]),
                },
                map(standing_words, self.records),
            ),
            outcome(_("Their status and history stay as they are, and earlier days too.")),
        ]

    def perform(self) -> str:
        for one in self.records:
            change(
                one,
                superseded_by=self.cleaned_data["superseded_by"],
                superseded_on=self.cleaned_data["superseded_on"],
            )
        return ngettext(
            "%(count)d item is superseded by %(item)s.",
            "%(count)d items are superseded by %(item)s.",
            len(self.records),
        ) % {"count": len(self.records), "item": self.cleaned_data["superseded_by"].ref}


class Withdraw(Step):
    """Take items that were entered by mistake out of lists and figures, and keep them."""

    name = "withdraw"
    title = gettext_lazy("Withdraw")
    button = gettext_lazy("Withdraw")
    explanation = gettext_lazy(
        "For what was entered by mistake and has a history. What is simply not carried on is "
        "discontinued instead."
    )

    withdrawn_on = DayField(
        label=gettext_lazy("Withdrawn from"),
        initial=days.site_today,
        help_text=gettext_lazy("Pages of earlier days still show it."),
    )

    @classmethod
    def fits(cls, record: Any) -> bool:
        return record.withdrawn_on is None

    def clean(self) -> None:
        super().clean()
        self.refuse(
            _("Withdrawn already:"), (one for one in self.records if one.withdrawn_on is not None)
        )
        day = self.cleaned_data.get("withdrawn_on")
        if day is not None:
            self.refuse(
                _("They exist only later than that day. Delete them, or give a later day:"),
                (one for one in self.records if one.introduced_on > day),
            )
        headings = [one for one in self.records if one.level == Level.HEADING]
        if headings:
            model, chosen = type(headings[0]), [one.pk for one in self.records]
            left = model.objects.filter(parent__in=headings, withdrawn_on=None)
            self.refuse(
                _("Withdraw what stands under a heading first, or together with it:"),
                left.exclude(pk__in=chosen),
            )

    def concerned(self) -> list[Any]:
        """The chosen items, and their parts."""
        return [one for one in with_parts(self.records) if one.withdrawn_on is None]

    def outcomes(self) -> list[Outcome]:
        return [
            outcome(
                _("From %(day)s on in no list, figure or file:")
                % {"day": in_words(self.cleaned_data["withdrawn_on"])},
                self.concerned(),
            ),
            outcome(_("Their pages stay, say that they are withdrawn, and keep their history.")),
            *self._left_superseded(),
        ]

    def _left_superseded(self) -> list[Outcome]:
        """Name what stays closed, since an item that is withdrawn supersedes it."""
        keys = [one.pk for one in self.concerned()]
        left = type(self.records[0]).objects.filter(superseded_by__in=keys).exclude(pk__in=keys)
        words = _("These stay superseded by them, and so closed. Restore them if that is wrong:")
        return [outcome(words, left)] if left else []

    def perform(self) -> str:
        found = self.concerned()
        for one in found:
            change(one, withdrawn_on=self.cleaned_data["withdrawn_on"])
        return ngettext(
            "%(count)d item was withdrawn.", "%(count)d items were withdrawn.", len(found)
        ) % {"count": len(found)}


class Restore(Step):
    """Undo that items were withdrawn or superseded."""

    name = "restore"
    title = gettext_lazy("Restore")
    button = gettext_lazy("Restore")

    @classmethod
    def fits(cls, record: Any) -> bool:
        return record.withdrawn_on is not None or record.superseded_by_id is not None

    def clean(self) -> None:
        super().clean()
        self.refuse(
            _("Neither withdrawn nor superseded:"),
            (one for one in self.records if not self.fits(one)),
        )
        above = [one.parent for one in self.records if one.parent and one.parent.withdrawn_on]
        chosen = {one.pk for one in self.records}
        self.refuse(
            _("Restore what they belong to first, or together with them:"),
            (one for one in above if one.pk not in chosen),
        )

    def _withdrawn(self) -> list[Any]:
        """The chosen items that are withdrawn, and the parts that were withdrawn with one."""
        day = {one.pk: one.withdrawn_on for one in self.records if one.withdrawn_on}
        return [
            one
            for one in with_parts(self.records)
            if one.pk in day
            or (one.withdrawn_on is not None and one.withdrawn_on == day.get(one.parent_id))
        ]

    def _superseded(self) -> list[Any]:
        """The chosen items that are superseded and not withdrawn."""
        return [one for one in self.records if one.superseded_by_id and not one.withdrawn_on]

    def concerned(self) -> list[Any]:
        """All that is restored, from either."""
        return [*self._withdrawn(), *self._superseded()]

    def outcomes(self) -> list[Outcome]:
        found = []
        if withdrawn := self._withdrawn():
            words = _("Not withdrawn any more: in lists, figures and files on every day:")
            found.append(outcome(words, withdrawn))
        if superseded := self._superseded():
            words = _("Not superseded any more, and counted by their own status on every day:")
            found.append(outcome(words, superseded))
        return found

    def perform(self) -> str:
        withdrawn, superseded = self._withdrawn(), self._superseded()
        for one in withdrawn:
            change(one, withdrawn_on=None)
        for one in superseded:
            change(one, superseded_by=None, superseded_on=None)
        count = len(withdrawn) + len(superseded)
        return ngettext("%(count)d item was restored.", "%(count)d items were restored.", count) % {
            "count": count
        }


class Delete(Step):
    """Delete items that were entered by mistake and never had an update."""

    name = "delete"
    title = gettext_lazy("Delete")
    button = gettext_lazy("Delete")
    explanation = gettext_lazy(
        "Only what never had an update can be deleted. Its reference is not given again."
    )
    permissions = ("delete",)

    @classmethod
    def fits(cls, record: Any) -> bool:
        return not record.updates.exists()

    def concerned(self) -> list[Any]:
        """The chosen items, what stands under chosen headings, and the parts of all of them."""
        model = type(self.records[0])
        chosen = [one.pk for one in self.records]
        below = Q(pk__in=chosen) | Q(parent__in=chosen) | Q(parent__parent__in=chosen)
        return list(model.objects.filter(below).distinct().order_by("ref"))

    def clean(self) -> None:
        super().clean()
        found = self.concerned()
        model = type(found[0])
        with_history = model.objects.filter(pk__in=[one.pk for one in found])
        self.refuse(
            _("They have a history. Discontinue, supersede or withdraw them instead:"),
            with_history.filter(updates__isnull=False).distinct(),
        )
        if not self.errors:
            self.refuse(
                _("Something else refers to it. Change that first:"),
                map(kind_and_name, self._referring(found, PROTECT)),
            )

    @staticmethod
    def _referring(items: list[Any], on_delete: Any) -> list[Any]:
        """Return the rows of other records that refer to items, where deleting does this."""
        return [
            row
            for relation in type(items[0])._meta.related_objects
            if relation.on_delete is on_delete
            for row in relation.related_model._default_manager.filter(
                **{f"{relation.field.name}__in": items}
            )
            if type(row) is not type(items[0]) or row.pk not in {item.pk for item in items}
        ]

    def outcomes(self) -> list[Outcome]:
        found = self.concerned()
        outcomes = [outcome(_("Deleted for good:"), found)]
        if along := self._referring(found, CASCADE):
            outcomes.append(outcome(_("Deleted with them:"), map(kind_and_name, along)))
        outcomes.append(
            outcome(_("Who deleted what stays in the log of changes; the references are spent."))
        )
        return outcomes

    def perform(self) -> str:
        found = self.concerned()
        # What the items say of each other goes with them.
        among = type(found[0]).objects.filter(pk__in=[one.pk for one in found])
        among.filter(continues__in=among).update(continues=None)
        among.filter(superseded_by__in=among).update(superseded_by=None, superseded_on=None)
        # Parts before their items, items before their headings.
        depth = {Level.PART: 0, Level.ITEM: 1, Level.HEADING: 2}
        for one in sorted(found, key=lambda one: depth[Level(one.level)]):
            one.delete()
        return ngettext(
            "%(count)d item was deleted.", "%(count)d items were deleted.", len(found)
        ) % {"count": len(found)}


class GiveFinalWording(SourcedStep):
    """Replace the provisional wording of an item by the final one, and keep the former."""

    name = "final-wording"
    title = gettext_lazy("Give the final wording")
    button = gettext_lazy("Give the final wording")
    takes_many = False

    final = forms.CharField(
        label=gettext_lazy("Final wording"),
        max_length=500,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["final"].initial = self.record.title
        self.fields["source"].help_text = _(
            "The document that prints it. Leave it blank to keep the one given."
        )

    @classmethod
    def fits(cls, record: Any) -> bool:
        return record.wording == Wording.PROVISIONAL

    def clean(self) -> None:
        super().clean()
        if self.record.wording != Wording.PROVISIONAL:
            self.add_error(None, _("Its wording is final already."))
        if self.cleaned_data.get("locator") and not self.cleaned_data.get("source"):
            self.add_error("source", _("Name the document that the place is in."))

    def _provisional(self) -> str:
        """What is kept: the wording before, or an earlier one that is kept already."""
        title: str = self.record.title
        return self.record.provisional_title or (
            title if title != self.cleaned_data["final"] else ""
        )

    def outcomes(self) -> list[Outcome]:
        title = self.cleaned_data["final"]
        found = [
            outcome(
                _("The wording stays as it is, and is final.")
                if title == self.record.title
                else _("The title becomes “%(title)s”.") % {"title": title}
            )
        ]
        if kept := self._provisional():
            words = _("Kept to see as the provisional wording: “%(title)s”.")
            found.append(outcome(words % {"title": kept}))
        if source := self.cleaned_data["source"]:
            found.append(outcome(_("Its source becomes “%(source)s”.") % {"source": source}))
        return found

    def perform(self) -> str:
        values = {
            "title": self.cleaned_data["final"],
            "provisional_title": self._provisional(),
            "wording": Wording.FINAL,
        }
        if self.cleaned_data["source"]:
            values |= {
                "source": self.cleaned_data["source"],
                "locator": self.cleaned_data["locator"],
            }
        change(self.record, **values)
        return _("%(ref)s has its final wording.") % {"ref": self.record.ref}


ITEM_STEPS = (GiveFinalWording, Discontinue, Supersede, Withdraw, Restore, Delete)
