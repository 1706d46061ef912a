"""Publishing and archiving what holds items: a workplan, a meeting, a review."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans import days
from workplans.life.steps import DayField, Outcome, Step, change, in_words, outcome
from workplans.models import Level, Publishable, SourceDocument
from workplans.models.tracking import DUE_SOON_DAYS
from workplans.status_words import CONTINUOUS


def updates_of(records: list[Publishable]) -> int:
    """Return how many updates the items of some records have."""
    found = (one.tracked_items().aggregate(rows=Count("updates"))["rows"] for one in records)
    return sum(found)


def concerned(records: list[Publishable]) -> Outcome:
    """Say how many items some records have today, and how these stand, archived or not.

    They are those that figures count: no headings, no parts.
    """
    today = days.site_today()
    is_open = Q(is_open=True)
    dated = is_open & ~Q(status=CONTINUOUS.code)
    soon = today + timedelta(days=DUE_SOON_DAYS)
    total: Counter[str] = Counter()
    for one in records:
        items = one.tracked_items().as_of(today).filter(level=Level.ITEM)
        total.update(
            items.aggregate(
                total=Count("pk"),
                open=Count("pk", filter=is_open),
                overdue=Count("pk", filter=dated & Q(due__lt=today)),
                soon=Count("pk", filter=dated & Q(due__gte=today, due__lte=soon)),
            )
        )
    return outcome(
        _(
            "Items concerned: %(total)d. Of them %(open)d are open, %(overdue)d past their last "
            "day and %(soon)d due within 30 days."
        )
        % total
    )


class Publish(Step):
    """Let everybody see records and what belongs to them."""

    name = "publish"
    title = gettext_lazy("Publish")
    button = gettext_lazy("Publish")

    @classmethod
    def fits(cls, record: Publishable) -> bool:
        return not record.published

    def clean(self) -> None:
        super().clean()
        self.refuse(_("Published already:"), (one for one in self.records if one.published))

    def outcomes(self) -> list[Outcome]:
        rows = updates_of(self.records)
        found = [
            outcome(_("Everybody can see:"), self.records),
            outcome(_("Their items join the public lists, files and figures, of every day.")),
            concerned(self.records),
            outcome(
                ngettext(
                    "Their history becomes public too: %(rows)d update.",
                    "Their history becomes public too: %(rows)d updates.",
                    rows,
                )
                % {"rows": rows}
            ),
        ]
        sources = SourceDocument.objects.filter(published=False, pk__in=self._sources())
        if sources:
            found.append(outcome(_("The names of these sources stay for staff only:"), sources))
        return found

    def _sources(self) -> set[int]:
        keys: set[int] = set()
        for one in self.records:
            items = one.tracked_items()
            own = (getattr(one, name, None) for name in ("source_id", "record_id"))
            keys.update(key for key in own if key is not None)
            keys.update(items.exclude(source=None).values_list("source", flat=True))
            keys.update(
                items.exclude(updates__source=None).values_list("updates__source", flat=True)
            )
        return keys

    def perform(self) -> str:
        for one in self.records:
            change(one, published=True)
        return _("Published: %(records)s.") % {"records": "; ".join(map(str, self.records))}


class Unpublish(Step):
    """Keep records and what belongs to them for staff."""

    name = "unpublish"
    title = gettext_lazy("Unpublish")
    button = gettext_lazy("Unpublish")

    @classmethod
    def fits(cls, record: Publishable) -> bool:
        return record.published

    def clean(self) -> None:
        super().clean()
        self.refuse(_("Not published:"), (one for one in self.records if not one.published))

    def outcomes(self) -> list[Outcome]:
        return [
            outcome(_("Only signed-in staff can see:"), self.records),
            outcome(
                _(
                    "Their items and their history leave the public lists, files and figures, "
                    "of every day."
                )
            ),
            concerned(self.records),
            outcome(
                _("Links to their pages answer “not found” to everybody else. Nothing is deleted.")
            ),
        ]

    def perform(self) -> str:
        for one in self.records:
            change(one, published=False)
        return _("For staff only now: %(records)s.") % {
            "records": "; ".join(map(str, self.records))
        }


class Archive(Step):
    """Count records apart from a day on."""

    name = "archive"
    title = gettext_lazy("Archive")
    button = gettext_lazy("Archive")

    archived_on = DayField(
        label=gettext_lazy("Archived from"),
        initial=days.site_today,
        help_text=gettext_lazy("Pages of earlier days stay as they are."),
    )

    @classmethod
    def fits(cls, record: Publishable) -> bool:
        return record.archived_on is None

    def clean(self) -> None:
        super().clean()
        self.refuse(
            _("Archived already:"), (one for one in self.records if one.archived_on is not None)
        )

    def outcomes(self) -> list[Outcome]:
        day = in_words(self.cleaned_data["archived_on"])
        return [
            outcome(_("Archived from %(day)s:") % {"day": day}, self.records),
            outcome(
                _(
                    "From that day on their items are counted on a line of their own, and never "
                    "as overdue, due or silent."
                )
            ),
            concerned(self.records),
            outcome(
                _(
                    "They can still be found, linked and exported, with the filter “archived”; "
                    "updates can still be told of them."
                )
            ),
        ]

    def perform(self) -> str:
        day = self.cleaned_data["archived_on"]
        for one in self.records:
            change(one, archived_on=day)
        return _("Archived from %(day)s: %(records)s.") % {
            "day": in_words(day),
            "records": "; ".join(map(str, self.records)),
        }


class BringBack(Step):
    """Count archived records with the others again."""

    name = "bring-back"
    title = gettext_lazy("Bring back from the archive")
    button = gettext_lazy("Bring back")

    @classmethod
    def fits(cls, record: Publishable) -> bool:
        return record.archived_on is not None

    def clean(self) -> None:
        super().clean()
        self.refuse(_("Not archived:"), (one for one in self.records if one.archived_on is None))

    def outcomes(self) -> list[Outcome]:
        return [
            outcome(_("Not archived any more:"), self.records),
            outcome(
                _(
                    "Their items are counted with all others again, on every day, and judged by "
                    "their time frames."
                )
            ),
            concerned(self.records),
        ]

    def perform(self) -> str:
        for one in self.records:
            change(one, archived_on=None)
        return _("Brought back: %(records)s.") % {"records": "; ".join(map(str, self.records))}


PUBLISHING_STEPS = (Publish, Unpublish, Archive, BringBack)
