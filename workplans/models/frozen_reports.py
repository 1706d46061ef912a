"""Progress reports that were made final, as they were."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workplans.models.plans import Workplan
from workplans.models.tracking import Viewer


class FrozenReportQuerySet(models.QuerySet["FrozenReport"]):
    def visible_to(self, user: Viewer) -> FrozenReportQuerySet:
        """Keep what a visitor may see: staff all, others those of published workplans."""
        return self if getattr(user, "is_staff", False) else self.filter(workplan__published=True)

    def without_files(self) -> FrozenReportQuerySet:
        """Leave the files and the content in the database until somebody asks for them."""
        return self.defer("content", "ledger", "docx", "pdf")


class FrozenReport(models.Model):
    """A final progress report: its content and its files, and the ledger's digests then.

    `workplans.frozen_reports` makes it, and takes passages out of it that held personal
    data; nothing else changes it. It is published with its workplan.
    """

    workplan = models.ForeignKey(
        Workplan,
        models.PROTECT,
        related_name="frozen_reports",
        verbose_name=gettext_lazy("workplan"),
    )
    number = models.PositiveIntegerField(gettext_lazy("number"), editable=False)

    # What it is on
    first_day: models.DateField[date | str, date] = models.DateField(gettext_lazy("first day"))
    last_day: models.DateField[date | str, date] = models.DateField(gettext_lazy("last day"))
    known_on: models.DateField[date | str | None, date | None] = models.DateField(
        gettext_lazy("as known on"), null=True, blank=True
    )

    # What it says: `workplans.progress_report` gives and reads the content
    content = models.JSONField(editable=False)
    content_digest = models.CharField(max_length=64, editable=False)
    # Updates whose narrative was taken out since: [{"ref": …, "sequence": …, "on": …}], and how
    # often that was done, counted from 1.
    redactions = models.JSONField(default=list, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    # The same as files; none until they are made, and no PDF file where none can be made
    docx = models.BinaryField(null=True, editable=False)
    docx_digest = models.CharField(max_length=64, blank=True, editable=False)
    pdf = models.BinaryField(null=True, editable=False)
    pdf_digest = models.CharField(max_length=64, blank=True, editable=False)

    # What it rests on: the lines that `ledger_digest` prints, of the items that it is on
    ledger = models.TextField(editable=False)

    # Who made it, and when
    made_at = models.DateTimeField(gettext_lazy("made"), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("made by"),
    )

    objects = FrozenReportQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("final progress report")
        verbose_name_plural = gettext_lazy("final progress reports")
        default_permissions = ("add", "view")
        ordering = ["workplan", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["workplan", "number"], name="frozenreport_number_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(first_day__lte=F("last_day")),
                name="frozenreport_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return _("%(plan)s: final report %(number)d") % {
            "plan": self.workplan,
            "number": self.number,
        }

    def get_absolute_url(self) -> str:
        return reverse("workplans:frozen_report", args=[self.workplan.slug, self.number])

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A frozen report is not changed; see workplans.frozen_reports.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("A frozen report is not deleted.")
