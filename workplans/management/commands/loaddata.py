"""Django's `loaddata`, without a line in the log of fields for what a file brings."""

from collections.abc import Sequence
from typing import Any

from auditlog.context import disable_auditlog
from django.core.management.commands import loaddata

from workplans.loading import caches_at_the_end


class Command(loaddata.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with disable_auditlog():
            super().handle(*args, **options)

    def loaddata(self, fixture_labels: Sequence[str]) -> None:
        """Load the files, inside the transaction that `handle` opens."""
        with caches_at_the_end():
            super().loaddata(fixture_labels)
