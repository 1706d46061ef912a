"""Django's `loaddata`, without a line in the log of fields for what a file brings."""

from typing import Any

from auditlog.context import disable_auditlog
from django.core.management.commands import loaddata


class Command(loaddata.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with disable_auditlog():
            super().handle(*args, **options)
