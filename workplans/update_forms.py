"""The forms in which updates are told: of one item beside its own fields, or of many at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workplans.editing import PreloadedSelect, VersionedForm, resent
from workplans.models import Level, SourceDocument, TrackedItem
from workplans.status import Entry, NewerUpdate, judge_entry
from workplans.status_words import choices
from workplans.timeframes import AmbiguousDate, TimeFrame, read_timeframe

# The form's name for each field of a ledger entry.
ENTRY_FIELDS = {
    "status": "new_status",
    "narrative": "new_narrative",
    "effective_on": "new_effective_on",
    "source": "new_source",
    "locator": "new_locator",
    "timeframe": "new_timeframe",
    "replaces": "corrects",
}
# The fields that say when an item was to be done, and from when on it exists.
TIME_FIELDS = ("initial_timeframe", "initial_earliest", "initial_latest", "introduced_on")
# The lines in which a page shows the fields of an update.
UPDATE_LINES: Any = (
    "new_status",
    "new_narrative",
    ("new_effective_on", "new_source", "new_locator"),
    ("new_timeframe", "new_timeframe_earliest", "new_timeframe_latest"),
)


class UpdateFields(forms.Form):
    """The fields in which an update is told; `told` says whether anything was."""

    new_status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        help_text=gettext_lazy("Leave it blank to tell something without changing the status."),
    )
    new_narrative = forms.CharField(
        label=gettext_lazy("Narrative"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
        help_text=gettext_lazy("What happened. An update that closes an item needs one."),
    )
    new_effective_on = forms.DateField(
        label=gettext_lazy("True from"),
        required=False,
        widget=AdminDateWidget,
        help_text=gettext_lazy(
            "Leave it blank for the source's day, or today without a source; in a correction, "
            "for the day of the update that is corrected."
        ),
    )
    new_source = forms.ModelChoiceField(
        label=gettext_lazy("Source"),
        queryset=SourceDocument.objects.all(),
        required=False,
        help_text=gettext_lazy("The document that tells it. Its day is the day of the report."),
    )
    new_locator = forms.CharField(
        label=gettext_lazy("Place in the source"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    new_timeframe = forms.CharField(
        label=gettext_lazy("Revised time frame"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy("In words, for example “Q2 2021” or “mid-2021”; “TBD” for no date."),
    )
    new_timeframe_earliest = forms.DateField(
        label=gettext_lazy("Earliest day"), required=False, widget=AdminDateWidget
    )
    new_timeframe_latest = forms.DateField(
        label=gettext_lazy("Latest day"),
        required=False,
        widget=AdminDateWidget,
        help_text=gettext_lazy("Only if the words do not say the days themselves."),
    )

    def set_kind(self, model: type[TrackedItem]) -> None:
        """Fit the fields to a kind of item: its statuses, its source field."""
        status: Any = self.fields["new_status"]
        status.choices = [("", "---------"), *choices(model.STATUSES)]
        source_field = model.update_model()._meta.get_field("source")
        source: Any = self.fields["new_source"]
        source.widget = PreloadedSelect(source_field, admin.site)
        source.widget.choices = source.choices

    @property
    def told(self) -> bool:
        """Whether the form tells anything."""
        names = ("new_status", "new_narrative", "new_timeframe", "corrects")
        return any(self.cleaned_data.get(name) for name in names)

    def told_fields(self) -> dict[str, Any]:
        """Return what was told, as fields of a ledger entry."""
        data = self.cleaned_data
        days = (data.get("new_timeframe_earliest"), data.get("new_timeframe_latest"))
        words = " ".join(data.get("new_timeframe", "").split())
        return {
            "status": data.get("new_status", ""),
            "narrative": data.get("new_narrative", ""),
            "effective_on": data.get("new_effective_on"),
            "source": data.get("new_source"),
            "locator": data.get("new_locator", ""),
            "timeframe": TimeFrame(words, *days) if any(days) else words,
        }

    def add_entry_errors(self, error: ValidationError) -> None:
        """Show the ledger's refusal on the fields concerned."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            field = ENTRY_FIELDS.get(name)
            self.add_error(field if field in self.fields else None, errors)

    def add_nothing_told_error(self) -> None:
        """Refuse a form whose other fields are filled in while nothing is told."""
        self.add_error("new_status", _("Give a status, a narrative or a revised time frame."))


class TrackedItemForm(UpdateFields, VersionedForm):
    """A tracked item's own fields, and beside them those of an update."""

    corrects: Any = forms.ModelChoiceField(
        label=gettext_lazy("Corrects"),
        queryset=None,
        required=False,
        help_text=gettext_lazy(
            "The update that this one replaces. Choose one and leave all else blank "
            "to take it back."
        ),
    )
    seen_update = forms.IntegerField(required=False, widget=forms.HiddenInput)

    not_edits = (
        *VersionedForm.not_edits,
        *UpdateFields.base_fields,
        "corrects",
        "seen_update",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model = type(self.instance)
        if self.instance.pk and self.instance.level == Level.HEADING:
            for name in (*UpdateFields.base_fields, "corrects", "seen_update"):
                del self.fields[name]
            return
        self.set_kind(model)
        rows = model.update_model().objects.filter(item=self.instance.pk)
        corrects: Any = self.fields["corrects"]
        corrects.queryset = rows.standing().newest_first()
        corrects.label_from_instance = row_in_words
        newest = rows.aggregate(newest=models.Max("sequence"))["newest"] if self.instance.pk else 0
        self.fields["seen_update"].initial = newest or 0

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        words = " ".join((cleaned.get("initial_timeframe") or "").split())
        # New words are read anew, unless their days were given along with them.
        if self.instance.pk and not cleaned.get("introduced_on"):
            cleaned["introduced_on"] = self.instance.introduced_on
        days_given = {"initial_earliest", "initial_latest"}.intersection(self.changed_data)
        if not days_given and "initial_timeframe" in self.changed_data:
            try:
                frame = read_timeframe(words)
            except AmbiguousDate as ambiguous:
                self.add_error("initial_timeframe", str(ambiguous))
            else:
                cleaned["initial_earliest"] = frame.earliest
                cleaned["initial_latest"] = frame.latest
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()
        if "new_status" not in self.fields:
            return
        if not self.told:
            if any(self.cleaned_data.get(name) for name in UpdateFields.base_fields):
                self.add_nothing_told_error()
            return
        if self.errors:
            return
        if self.instance.level == Level.HEADING:
            self.add_error("new_status", _("A heading has no status. Update the items under it."))
            return
        try:
            judge_entry(self.entry())
        except NewerUpdate as newer:
            self.add_error(None, self._newer(newer))
            self.data = resent(self.data, seen_update=newer.rows[-1].sequence)
        except ValidationError as error:
            self.add_entry_errors(error)

    def entry(self) -> Entry:
        """Return what was told as an entry for the ledger."""
        seen = self.cleaned_data.get("seen_update") if self.instance.pk else None
        return Entry(
            item=self.instance,
            replaces=self.cleaned_data.get("corrects"),
            after_sequence=seen,
            **self.told_fields(),
        )

    def _newer(self, newer: NewerUpdate) -> SafeString:
        rows = format_html_join("", "<li>{}</li>", ((row_in_words(row),) for row in newer.rows))
        return format_html(
            "{}<ul>{}</ul>{}",
            _("Somebody else has told something of this item since you opened it:"),
            rows,
            _("Save again if your update still holds."),
        )


class BulkUpdateForm(UpdateFields):
    """An update that is told of many items at once."""

    # "key:number of the newest update that was shown" for each item, separated by commas.
    # One field, since a field for each item would meet the limit on the number of fields.
    items = forms.RegexField(r"\A\d{1,18}:\d{1,9}(,\d{1,18}:\d{1,9})*\Z", widget=forms.HiddenInput)

    def __init__(self, model: type[TrackedItem], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_kind(model)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.errors and not self.told:
            self.add_nothing_told_error()
        return cleaned

    def seen(self) -> dict[int, int]:
        """Return the number of the newest update that was shown, keyed by item."""
        chosen = (pair.split(":") for pair in self.cleaned_data["items"].split(","))
        return {int(pk): int(sequence) for pk, sequence in chosen}


def pairs(seen: dict[int, int]) -> str:
    """Return what `BulkUpdateForm.seen` reads."""
    return ",".join(f"{pk}:{sequence}" for pk, sequence in seen.items())


def row_in_words(row: Any) -> str:
    """Return a ledger row as one line: number, day, status, the beginning of the narrative."""
    told = [row.status_word.label] if row.status else []
    told += [part for part in (row.timeframe, shorten(row.narrative)) if part]
    return _("%(number)d, true from %(day)s: %(told)s") % {
        "number": row.sequence,
        "day": date_format(row.effective_on, "DATE_FORMAT"),
        "told": " · ".join(map(str, told)) or _("takes an update back"),
    }


def shorten(text: str, limit: int = 90) -> str:
    """Return a text cut to a number of characters, with an ellipsis where it was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
