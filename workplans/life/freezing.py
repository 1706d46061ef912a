"""Making the progress report of a workplan final."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans import days, pdf
from workplans.frozen_reports import freeze, lock_plans, next_first_day
from workplans.life.steps import DayField, Outcome, Step, in_words, outcome
from workplans.progress_report import Period, Report, make_report
from workplans.status_words import BY_CODE


class FreezeReport(Step):
    """Keep the progress report of a period as it is now."""

    name = "freeze-report"
    title = gettext_lazy("Make a progress report final")
    button = gettext_lazy("Make it final")
    explanation = gettext_lazy(
        "The report is kept as it is now, with its Word and PDF files, whatever is renamed, "
        "corrected, merged or erased later. It cannot be changed or deleted."
    )
    takes_many = False
    permissions = ("change", "workplans.add_frozenreport")

    first = DayField(label=gettext_lazy("First day"))
    last = DayField(label=gettext_lazy("Last day"))
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy("Of headings, labels and days; texts are as they were entered."),
    )
    known_on = DayField(
        label=gettext_lazy("As known on"),
        required=False,
        help_text=gettext_lazy("Leaves out what was reported later. Leave it blank for all."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = days.site_today()
        self.fields["language"].initial = settings.LANGUAGE_CODE
        self.fields["first"].initial = next_first_day(self.record, today)
        self.fields["last"].initial = today

    @classmethod
    def lock(cls, records: Sequence[Any]) -> None:
        lock_plans(records)

    def clean(self) -> None:
        super().clean()
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        known = self.cleaned_data.get("known_on")
        if known is not None and known > days.true_today():
            self.add_error("known_on", _("That day lies ahead. Give today or an earlier day."))
        if last is not None and last > days.true_today():
            self.add_error("last", _("That day lies ahead. Give today or an earlier day."))
        elif first is not None and last is not None and first > last:
            self.add_error("last", _("The last day lies before the first."))

    @property
    def period(self) -> Period:
        return Period(
            self.cleaned_data["first"], self.cleaned_data["last"], self.cleaned_data["known_on"]
        )

    def report(self) -> Report:
        """Return the report as it would be made now."""
        with translation.override(self.cleaned_data["language"]):
            return make_report(self.record, self.period)

    def outcomes(self) -> list[Outcome]:
        report, period = self.report(), self.period
        items = report.items
        found = [
            outcome(
                ngettext(
                    "Kept is the report on %(first)s to %(last)s, with %(items)d deliverable.",
                    "Kept is the report on %(first)s to %(last)s, with %(items)d deliverables.",
                    len(items),
                )
                % {
                    "first": in_words(period.first),
                    "last": in_words(period.last),
                    "items": len(items),
                }
            ),
            outcome(
                _("Its tags, on deliverables and their parts:"),
                (
                    _("%(status)s: %(count)d") % {"status": BY_CODE[code].label, "count": number}
                    for code, number in sorted(report.tags.items())
                ),
            ),
            outcome(
                _("Its headings, labels and days are in this language: %(language)s.")
                % {"language": dict(settings.LANGUAGES)[self.cleaned_data["language"]]}
            ),
            outcome(
                _("Everybody can see it, since the workplan is published.")
                if self.record.published
                else _("Staff only can see it, until the workplan is published.")
            ),
        ]
        earlier = (
            self.record.frozen_reports.without_files()
            .select_related("workplan")
            .filter(first_day__lte=period.last, last_day__gte=period.first)
        )
        if earlier:
            found.append(
                outcome(
                    _("These final reports are on some of the same days, and stay:"),
                    (
                        _("%(report)s, made %(day)s")
                        % {"report": one, "day": date_format(one.made_at, "DATE_FORMAT")}
                        for one in earlier
                    ),
                )
            )
        if sentence := pdf.why_not():
            found.append(outcome(_("A Word file is kept, and no PDF file.")))
            found.append(outcome(sentence))
        return found

    def fingerprint(self, outcomes: Any) -> str:
        """Add to what may change in between what the report says."""
        return super().fingerprint([*outcomes, outcome(repr(self.report()))])

    def perform(self) -> str:
        frozen = freeze(self.record, self.period, self.user, self.cleaned_data["language"])
        return _("Made final: %(report)s. It is at %(address)s.") % {
            "report": frozen,
            "address": frozen.get_absolute_url(),
        }
