"""What joins both applications and is kept: the index of the search."""

from __future__ import annotations

from datetime import date

from django.db import models


class SearchEntry(models.Model):
    """The plain words of one record, or of one update of an item.

    `iasc_tracker.search` writes and reads the entries; the database keeps its own full-text
    index beside them (`iasc_tracker.search.engines`).
    """

    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    # The number of an update, or 0 for the record itself.
    sequence = models.PositiveIntegerField(default=0)
    # The day from which an update was true.
    effective_on: models.DateField[date | None, date | None] = models.DateField(null=True)
    # The record's reference, address or acronym: whoever types just this means the record.
    name = models.CharField(max_length=300, blank=True)
    # Of an update it is the title of its item.
    title = models.TextField()
    text = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id", "sequence"], name="searchentry_is_kept_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} #{self.sequence}"
