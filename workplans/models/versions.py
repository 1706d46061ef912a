"""The version that lets one of two simultaneous editors win, and what a record's log holds."""

from typing import Any

from django.db import models


class Versioned(models.Model):
    """A record whose edits are counted, so that a stale form is noticed.

    The admin locks the row, compares the version that the form was opened with,
    and raises it by one for each edit that is saved.
    """

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True


def log_label(record: models.Model) -> str:
    """Return the name under which the log of fields knows a record: its kind and its key."""
    return f"{record._meta.label_lower}:{record.pk}"


class LoggedWith:
    """A row that is edited on another record's page: its changes are that record's too.

    A subclass names its foreign key to that record.
    """

    logged_with: str

    def get_additional_data(self) -> dict[str, Any]:
        """Return what django-auditlog keeps beside a change of the row."""
        return {"with": log_label(getattr(self, self.logged_with))}
