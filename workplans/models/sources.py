"""Where facts come from."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from workplans.models.versions import Versioned

if TYPE_CHECKING:
    from workplans.models.tracking import Viewer


def shown_title(title: str | None, published: bool | None, is_staff: bool) -> str:
    """Return the name of a document; that of one that is not public is for staff only."""
    return title if title and (published or is_staff) else ""


class SourceDocumentQuerySet(models.QuerySet["SourceDocument"]):
    def get_by_natural_key(self, slug: str) -> SourceDocument:
        return self.get(slug=slug)

    def visible_to(self, user: Viewer) -> SourceDocumentQuerySet:
        """Keep those whose names a visitor may read: staff all, others the published ones."""
        return self if getattr(user, "is_staff", False) else self.filter(published=True)


class SourceDocument(Versioned):
    """A report, record, paper, plan or file that told something.

    Its day is the day on which what it tells counts as reported. The name of an
    unpublished document is shown to staff only.
    """

    class Kind(models.TextChoices):
        PROGRESS_REPORT = "progress_report", _("workplan or progress report")
        MEETING_RECORD = "meeting_record", _("meeting record")
        MANAGEMENT_RESPONSE = "management_response", _("management response")
        ROLLOUT_PLAN = "rollout_plan", _("roll-out plan")
        PAPER = "paper", _("paper")
        SPREADSHEET = "spreadsheet", _("spreadsheet")
        OTHER = "other", _("other")

    title = models.CharField(_("title"), max_length=300, help_text=_("The official title."))
    slug = models.SlugField(
        _("short name"),
        max_length=80,
        unique=True,
        help_text=_("For example “rg1-record-2020-07-16”. Do not change it later."),
    )
    kind = models.CharField(_("kind"), max_length=30, choices=Kind, default=Kind.OTHER)
    dated: models.DateField[date | str | None, date | None] = models.DateField(
        _("day"),
        null=True,
        blank=True,
        help_text=_("The day that counts as the day of reporting for all that it tells."),
    )
    date_words = models.CharField(
        _("date as printed"), max_length=100, blank=True, help_text=_("If it says it otherwise.")
    )
    is_draft = models.BooleanField(_("draft"), default=False)
    url = models.URLField(
        _("link"), max_length=500, blank=True, help_text=_("Where the public can read it.")
    )
    note = models.TextField(
        _("note"), blank=True, help_text=_("What a reader should know about it. Shown publicly.")
    )
    published = models.BooleanField(
        _("published"),
        default=True,
        help_text=_("Uncheck it, and only signed-in staff see its name."),
    )

    objects = SourceDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("source document")
        verbose_name_plural = _("source documents")
        ordering = ["-dated", "title"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="source_has_a_title"),
        ]

    def __str__(self) -> str:
        return self.title

    def natural_key(self) -> tuple[str]:
        return (self.slug,)
