"""Closing, setting aside, deleting and finally wording tracked items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget, AutocompleteSelect
from django.db.models import CASCADE, PROTECT, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans import days
from workplans.life.steps import Outcome, Step, change, in_words, kind_and_name, outcome
from workplans.models import Level, SourceDocument, Wording
from workplans.status import Entry, UpdatesRefused, record_updates
from workplans.status_words import BY_CODE, CLOSED_CODES, DISCONTINUED


def with_parts(items: Sequence[Any]) -> list[Any]:
    """Return items, each followed by its parts."""
    parts = list(
        type(items[0]).objects.filter(parent__in=items, level=Level.PART).order_by("order", "ref")
    )
    chosen = {item.pk for item in items}
    return [
        one
        for item in items
        for one in (item, *(p for p in parts if p.parent_id == item.pk and p.pk not in chosen))
    ]


def is_superseded(item: Any) -> bool:
    """Return whether an item is superseded by the site's today."""
    return item.superseded_on is not None and item.superseded_on <= days.site_today()


class Discontinue(Step):
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
    effective_on = forms.DateField(
        label=gettext_lazy("True from"),
        required=False,
        widget=AdminDateWidget,
        help_text=gettext_lazy("Leave it blank for the source's day, or today without a source."),
    )
    source = forms.ModelChoiceField(
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
        update = type(self.records[0]).update_model()
        field: Any = self.fields["source"]
        field.widget = AutocompleteSelect(update._meta.get_field("source"), admin.site)
        field.widget.choices = field.choices

    @classmethod
    def fits(cls, record: Any) -> bool:
        return record.level != Level.HEADING and record.cached_status not in CLOSED_CODES

    def clean(self) -> None:
        super().clean()
        self.refuse(
            _("A heading has no status. Choose its items instead:"),
            (one for one in self.records if one.level == Level.HEADING),
        )
        if not self.errors and not self._open():
            self.add_error(None, _("All that you chose is closed already."))

    def _open(self) -> list[Any]:
        """The chosen items that are open, and their parts that have an open status."""
        return [
            one
            for one in with_parts(self.records)
            if one.cached_status not in CLOSED_CODES and (one in self.records or one.cached_status)
        ]

    def outcomes(self) -> list[Outcome]:
        source, day = self.cleaned_data["source"], self.cleaned_data["effective_on"]
        day = day or (source.dated if source else None) or days.site_today()
        found = self._open()
        told = [f"{one} ({BY_CODE[one.cached_status].label})" for one in found]
        left = [one for one in self.records if one not in found]
        outcomes = [
            outcome(
                _("Discontinued from %(day)s, with the narrative above in their history:")
                % {"day": in_words(day)},
                told,
            )
        ]
        if left:
            outcomes.append(outcome(_("Left as they are, since they are closed already:"), left))
        return outcomes

    def perform(self) -> str:
        found = self._open()
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

    superseded_by = forms.ModelChoiceField(
        label=gettext_lazy("Superseded by"), queryset=SourceDocument.objects.none()
    )
    superseded_on = forms.DateField(label=gettext_lazy("Superseded from"), widget=AdminDateWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"superseded_on": days.site_today()} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        model = type(self.records[0])
        field: Any = self.fields["superseded_by"]
        field.queryset = model.objects.all()
        field.widget = AutocompleteSelect(model._meta.get_field("superseded_by"), admin.site)
        field.widget.choices = field.choices

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
                [f"{one} ({BY_CODE[one.cached_status].label})" for one in self.records],
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

    withdrawn_on = forms.DateField(
        label=gettext_lazy("Withdrawn from"),
        widget=AdminDateWidget,
        help_text=gettext_lazy("Pages of earlier days still show it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"withdrawn_on": days.site_today()} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)

    @classmethod
    def fits(cls, record: Any) -> bool:
        return record.withdrawn_on is None

    def clean(self) -> None:
        super().clean()
        self.refuse(
            _("Withdrawn already:"), (one for one in self.records if one.withdrawn_on is not None)
        )
        headings = [one for one in self.records if one.level == Level.HEADING]
        if headings:
            model, chosen = type(headings[0]), [one.pk for one in self.records]
            left = model.objects.filter(parent__in=headings, withdrawn_on=None)
            self.refuse(
                _("Withdraw what stands under a heading first, or together with it:"),
                left.exclude(pk__in=chosen),
            )

    def _concerned(self) -> list[Any]:
        return [one for one in with_parts(self.records) if one.withdrawn_on is None]

    def outcomes(self) -> list[Outcome]:
        return [
            outcome(
                _("From %(day)s on in no list, figure or file:")
                % {"day": in_words(self.cleaned_data["withdrawn_on"])},
                self._concerned(),
            ),
            outcome(_("Their pages stay, say that they are withdrawn, and keep their history.")),
        ]

    def perform(self) -> str:
        found = self._concerned()
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

    def _concerned(self) -> list[Any]:
        """The chosen items, and the parts that were withdrawn with one of them."""
        day = {one.pk: one.withdrawn_on for one in self.records}
        return [
            one
            for one in with_parts(self.records)
            if one.pk in day
            or (one.withdrawn_on is not None and one.withdrawn_on == day.get(one.parent_id))
        ]

    def outcomes(self) -> list[Outcome]:
        return [
            outcome(
                _("In lists, figures and files again, on every day since they exist:"),
                self._concerned(),
            )
        ]

    def perform(self) -> str:
        found = self._concerned()
        for one in found:
            change(one, withdrawn_on=None, superseded_by=None, superseded_on=None)
        return ngettext(
            "%(count)d item was restored.", "%(count)d items were restored.", len(found)
        ) % {"count": len(found)}


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

    def _concerned(self) -> list[Any]:
        """The chosen items, what stands under chosen headings, and the parts of all of them."""
        model = type(self.records[0])
        chosen = [one.pk for one in self.records]
        below = Q(pk__in=chosen) | Q(parent__in=chosen) | Q(parent__parent__in=chosen)
        return list(model.objects.filter(below).distinct().order_by("ref"))

    def clean(self) -> None:
        super().clean()
        found = self._concerned()
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
            if row not in items
        ]

    def outcomes(self) -> list[Outcome]:
        found = self._concerned()
        outcomes = [outcome(_("Deleted for good:"), found)]
        if along := self._referring(found, CASCADE):
            outcomes.append(outcome(_("Deleted with them:"), map(kind_and_name, along)))
        outcomes.append(
            outcome(_("Who deleted what stays in the log of changes; the references are spent."))
        )
        return outcomes

    def perform(self) -> str:
        found = self._concerned()
        # Parts before their items, items before their headings.
        depth = {Level.PART: 0, Level.ITEM: 1, Level.HEADING: 2}
        for one in sorted(found, key=lambda one: depth[Level(one.level)]):
            one.delete()
        return ngettext(
            "%(count)d item was deleted.", "%(count)d items were deleted.", len(found)
        ) % {"count": len(found)}


class GiveFinalWording(Step):
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
    source = forms.ModelChoiceField(
        label=gettext_lazy("Source"),
        queryset=SourceDocument.objects.all(),
        required=False,
        help_text=gettext_lazy(
            "The document that prints it. Leave it blank to keep the one given."
        ),
    )
    locator = forms.CharField(
        label=gettext_lazy("Place in the source"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["final"].initial = self.record.title
        field: Any = self.fields["source"]
        field.widget = AutocompleteSelect(self.record._meta.get_field("source"), admin.site)
        field.widget.choices = field.choices

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
