"""The version that lets one of two simultaneous editors win."""

from django.db import models


class Versioned(models.Model):
    """A record whose edits are counted, so that a stale form is noticed.

    The admin locks the row, compares the version that the form was opened with,
    and raises it by one for each edit that is saved.
    """

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True
