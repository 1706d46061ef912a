"""Taking personal data out of the ledger."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workplans.frozen_reports import holding
from workplans.life.steps import Outcome, Step, in_words, outcome
from workplans.models import DeliverableUpdate, FrozenReport, Level
from workplans.models.ledger_rows import REDACTED
from workplans.status import remove_narrative, same_narrative
from workplans.update_forms import row_in_words
from workplans.verification import item_models


class RemoveNarrative(Step):
    """Replace a narrative that held personal data by “[removed]”."""

    name = "remove-narrative"
    title = gettext_lazy("Remove a narrative with personal data")
    button = gettext_lazy("Remove for good")
    explanation = gettext_lazy(
        "For personal data only: what is merely wrong is corrected by a new update, and stays."
    )
    takes_many = False
    permissions = ("delete",)

    update: Any = forms.ModelChoiceField(
        label=gettext_lazy("Update"), queryset=DeliverableUpdate.objects.none()
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy(
            "Without the personal data itself. It is kept in the log of changes, for staff."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        update: Any = self.fields["update"]
        rows = self.record.updates.exclude(narrative__in=("", REDACTED))
        update.queryset = rows.order_by("-sequence")
        update.label_from_instance = row_in_words

    @staticmethod
    def _label(row: Any) -> str:
        return _("%(number)d, true from %(day)s: %(narrative)s") % {
            "number": row.sequence,
            "day": in_words(row.effective_on),
            "narrative": row.narrative,
        }

    @classmethod
    def fits(cls, record: Any) -> bool:
        return (
            record.level != Level.HEADING
            and record.updates.exclude(narrative__in=("", REDACTED)).exists()
        )

    def outcomes(self) -> list[Outcome]:
        row = self.cleaned_data["update"]
        rows = same_narrative(row)
        found = [
            outcome(
                _("“%(removed)s” takes the place of this text for good, wherever the item is:")
                % {"removed": REDACTED},
                map(self._label, rows),
            ),
            outcome(_("Status, days and source stay, and the proof that nothing else changed.")),
            outcome(_("Backups and files made earlier still hold the text.")),
        ]
        numbers = rows.values_list("sequence", flat=True)
        if reports := holding(
            self.record, numbers, FrozenReport.objects.select_related("workplan")
        ):
            words = _("It is taken out of these final reports, whose files are made again:")
            found.append(outcome(words, reports))
        if others := self._told_of_others(row):
            words = _("The very same text stays in the history of these; remove it there too:")
            found.append(outcome(words, others))
        return found

    @staticmethod
    def _told_of_others(row: Any) -> list[Any]:
        """Return the other items, of all kinds, of which the same text was told."""
        found = []
        for model in item_models():
            rows = model.update_model().objects.filter(narrative_digest=row.narrative_digest)
            told = rows.exclude(narrative=REDACTED).order_by()
            found += [
                item
                for item in model.objects.filter(pk__in=told.values("item"))
                if item != row.item
            ]
        return found

    def perform(self) -> str:
        numbers = remove_narrative(self.cleaned_data["update"], reason=self.cleaned_data["reason"])
        return _("Removed from %(ref)s, update %(numbers)s.") % {
            "ref": self.record.ref,
            "numbers": ", ".join(map(str, numbers)),
        }
