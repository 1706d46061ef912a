"""Spreadsheets that were sent in: the file itself, who sent it, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workplans.models.sources import SourceDocument

# An upload that nobody confirms is deleted after so long.
EXPIRES_AFTER = timedelta(hours=24)


class SpreadsheetImportQuerySet(models.QuerySet["SpreadsheetImport"]):
    def waiting(self) -> SpreadsheetImportQuerySet:
        """Keep what is not imported and has not expired."""
        return self.filter(imported_at__isnull=True, uploaded_at__gt=timezone.now() - EXPIRES_AFTER)

    def done(self) -> SpreadsheetImportQuerySet:
        return self.filter(imported_at__isnull=False)

    def expire(self) -> None:
        """Delete uploads that nobody confirmed in time."""
        self.filter(
            imported_at__isnull=True, uploaded_at__lte=timezone.now() - EXPIRES_AFTER
        ).delete()

    def without_files(self) -> SpreadsheetImportQuerySet:
        """Leave the files in the database until somebody asks for them."""
        return self.defer("content", "seen", "refs")


class SpreadsheetImport(models.Model):
    """A file that somebody sent in. It waits for its sender's word, and is kept once imported."""

    model = models.CharField(_("what it holds"), max_length=60)
    name = models.CharField(_("file"), max_length=200)
    content = models.BinaryField()
    digest = models.CharField(_("SHA-256 digest"), max_length=64, db_index=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("sent in by"),
    )
    uploaded_at = models.DateTimeField(_("sent in"))
    # The fingerprints of the verdicts on its rows that its sender was shown last.
    seen = models.JSONField(default=list)

    # What became of it: how many rows were new, changed and the same, and which records they are.
    imported_at = models.DateTimeField(_("imported"), null=True)
    new = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    same = models.PositiveIntegerField(_("same"), default=0)
    refs: models.JSONField[Any, Any] = models.JSONField(_("records"), default=list)
    source = models.ForeignKey(
        SourceDocument,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("source"),
        help_text=_("As what the history names the file."),
    )

    objects = SpreadsheetImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("imported spreadsheet")
        verbose_name_plural = _("imported spreadsheets")
        default_permissions = ("view",)
        ordering = ["-imported_at", "-uploaded_at"]
        constraints = [
            # The very same file is not imported twice.
            models.UniqueConstraint(
                fields=["model", "digest"],
                condition=Q(imported_at__isnull=False),
                name="spreadsheet_is_imported_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name
