"""Erase a person: the account, its sessions, and its name in the ledger and in the logs."""

from typing import Any

from auditlog.models import LogEntry as FieldLogEntry
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans.verification import item_models


class Command(BaseCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Erase a person: the account goes, and with it the name in the ledger and in the logs. "
        "What the person entered stays, without a name; digests of the ledger stay as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER", help=_("The user name of the account."))
        parser.add_argument("--yes", action="store_true", help=_("Do not ask."))

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()._default_manager
        name = options["user"]
        person = users.filter(username=name).first()
        if person is None:
            raise CommandError(_("There is no account “%(name)s”.") % {"name": name})
        others = users.filter(is_superuser=True, is_active=True).exclude(pk=person.pk)
        if person.is_superuser and not others.exists():
            raise CommandError(
                _("“%(name)s” is the last account that may do everything. Make another first.")
                % {"name": name}
            )
        named = Q(recorded_by=person) | Q(proposed_by=person)
        updates = sum(model.update_model().objects.filter(named).count() for model in item_models())
        changes = FieldLogEntry.objects.filter(actor=person).count()
        self.stdout.write(
            ngettext(
                "%(count)d update in the ledger keeps its text and loses the name.",
                "%(count)d updates in the ledger keep their text and lose the name.",
                updates,
            )
            % {"count": updates}
        )
        self.stdout.write(
            ngettext(
                "%(count)d change in the log of fields stays and loses the name.",
                "%(count)d changes in the log of fields stay and lose the name.",
                changes,
            )
            % {"count": changes}
        )
        if not options["yes"]:
            asked = _("Type the user name to erase the account “%(name)s”: ") % {"name": name}
            try:
                typed = input(asked)
            except EOFError:
                typed = ""
            if typed != name:
                raise CommandError(_("Nothing was done."))
        self.erase(person)
        self.stdout.write(_("Erased. Backups made earlier still hold the account."))

    @transaction.atomic
    def erase(self, person: Any) -> None:
        """Delete the account and its sessions; the ledger's rows and the log lose the name.

        What the admin's own log has of the person and about the account goes with it.
        """
        key = str(person.pk)
        for session in Session.objects.iterator():
            if session.get_decoded().get("_auth_user_id") == key:
                session.delete()
        person.delete()
