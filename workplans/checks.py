"""System checks of the tracking ground."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning
from django.core.checks import register as register_check
from django.db import connections
from django.utils.translation import gettext as _

from workplans.triggers import missing_triggers


def register() -> None:
    """Register the checks, once."""
    register_check(Tags.database)(ledger_is_append_only)


def ledger_is_append_only(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn of each ledger trigger that is missing, outdated or switched off.

    It is a warning, not an error, because `migrate` runs these checks first and is the
    command that puts the triggers back. Run `check --database default --fail-level
    WARNING` where a missing trigger must stop the line.
    """
    return [
        Warning(
            _("The ledger's trigger %(name)s is missing in the database “%(alias)s”.")
            % {"name": name, "alias": alias},
            hint=_("Run “manage.py migrate”; it installs what is missing."),
            id="workplans.W001",
        )
        for alias in databases or []
        for name in missing_triggers(connections[alias])
    ]
