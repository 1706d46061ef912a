"""Set the tracker up with the documents in `fixtures/`, and serve it."""

import errno
import json
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import serializers
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.servers.basehttp import ThreadedWSGIServer, run
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from iasc_tracker.demo_environment import Address
from workplans.models import Entity, EntityAlias, SourceDocument, name_key

FIXTURES = settings.BASE_DIR / "fixtures"
ENTITIES = "entities.json"
# A later document refers to what an earlier one tells.
FIRST_FIXTURES = (
    ENTITIES,
    "opag-2020-07-09.json",
    "rg1-2020-07-16.json",
    "rg1-progress-2021-06.json",
)
ACCOUNT = "staff"


class Command(BaseCommand):
    """Migrate, load what is not yet loaded, make a staff account, and serve."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = _(
            "Sets the tracker up with the documents in fixtures/ and serves it. "
            "Running it again keeps all that was entered."
        )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the address and the two options."""
        parser.add_argument(
            "address",
            nargs="?",
            default=str(Address()),
            metavar="address:port",
            help=_("Where to serve. Default: %(default)s"),
        )
        parser.add_argument(
            "--new-password",
            action="store_true",
            help=_("Give the staff account another password, and print it."),
        )
        parser.add_argument("--check", action="store_true", help=_("Do all but serve."))

    def handle(self, *args: Any, **options: Any) -> None:
        """Set up, say where to look, and serve until interrupted."""
        try:
            address = Address.parse(options["address"])
        except ValueError:
            raise CommandError(
                _("“%(text)s” is no address: write address:port, such as %(example)s.")
                % {"text": options["address"], "example": Address()}
            ) from None
        call_command("migrate", interactive=False, verbosity=0)
        self.load_documents()
        self.make_account(new_password=options["new_password"])
        self.say_day()
        if options["check"]:
            self.stdout.write(_("All is ready. Not serving, as --check asks."))
        else:
            self.serve(address)

    def load_documents(self) -> None:
        """Load the entities and the documents not in the database, in the order they need."""
        first = [FIXTURES / name for name in FIRST_FIXTURES]
        others = sorted(set(FIXTURES.glob("*.json")).difference(first))
        for path in [*first, *others]:
            if not path.exists():
                raise CommandError(
                    _("%(path)s is missing: this copy is not whole.") % {"path": path}
                )
            if path.name == ENTITIES:
                self.load_entities(path)
            elif is_loaded(path):
                self.stdout.write(_("Already there: %(name)s") % {"name": path.name})
            else:
                call_command("loaddata", path, verbosity=0)
                self.stdout.write(_("Loaded: %(name)s") % {"name": path.name})

    def load_entities(self, path: Path) -> None:
        """Load the entities and aliases of a file that are missing, and say how many."""
        with transaction.atomic():
            missing = missing_entities(path)
            for new in serializers.deserialize("python", missing):
                new.save()
        if not missing:
            self.stdout.write(_("Already there: %(name)s") % {"name": path.name})
            return
        entities = sum(record["model"] == "workplans.entity" for record in missing)
        self.stdout.write(
            _("Loaded: %(name)s (entities added: %(entities)d, aliases added: %(aliases)d)")
            % {"name": path.name, "entities": entities, "aliases": len(missing) - entities}
        )

    def make_account(self, new_password: bool) -> None:
        """Make the staff account, or keep it; print the password when it is given one."""
        users = get_user_model()._default_manager
        account = users.filter(username=ACCOUNT).first()
        password = secrets.token_urlsafe(12)
        if account is None:
            users.create_superuser(ACCOUNT, password=password)
        elif new_password:
            account.set_password(password)
            account.save(update_fields=["password"])
        else:
            self.stdout.write(
                _("Account: %(name)s, with the password it has (--new-password gives another)")
                % {"name": ACCOUNT}
            )
            return
        self.stdout.write(
            _("Account: %(name)s, password: %(password)s (not shown again)")
            % {"name": ACCOUNT, "password": password}
        )

    def say_day(self) -> None:
        """Say which day the site takes for today."""
        day = settings.TRACKER_AS_OF
        self.stdout.write(
            _("Day shown: %(day)s (TRACKER_AS_OF)") % {"day": date_format(day, "j F Y")}
            if day
            else _("Day shown: today")
        )

    def serve(self, address: Address) -> None:
        """Serve until interrupted; say where once the port is taken."""

        def say_where(_port: object) -> None:
            self.stdout.write(_("Look at: %(url)s") % {"url": address.url})
            self.stdout.write(
                _("Sign in:  %(url)s") % {"url": address.url + reverse("admin:index").lstrip("/")}
            )
            self.stdout.write(_("Ctrl-C stops it."))
            self.stdout.flush()

        try:
            run(
                address.host.strip("[]"),
                address.port,
                get_wsgi_application(),
                ipv6=address.host.startswith("["),
                on_bind=say_where,
                server_cls=ThreadedWSGIServer,
            )
        except KeyboardInterrupt:
            self.stdout.write("")
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    _("Port %(port)s is in use: name another, such as %(example)s.")
                    % {
                        "port": address.port,
                        "example": f"demo {address.host}:{address.port % 65535 + 1}",
                    }
                ) from None
            raise CommandError(
                _("Cannot serve at %(address)s: %(reason)s.")
                % {"address": address, "reason": error.strerror}
            ) from None


def read_records(fixture: Path) -> list[dict[str, Any]]:
    """Return the records of a fixture, as they stand in the file."""
    records: list[dict[str, Any]] = json.loads(fixture.read_text(encoding="utf-8"))
    return records


def is_loaded(fixture: Path) -> bool:
    """Whether the source document that a fixture carries exists, told by its slug."""
    slugs = [
        record["fields"]["slug"]
        for record in read_records(fixture)
        if record["model"] == "workplans.sourcedocument"
    ]
    return SourceDocument.objects.filter(slug__in=slugs).exists()


def missing_entities(fixture: Path) -> list[dict[str, Any]]:
    """Return the records of entities and aliases that the database lacks, in their order.

    An entity is there under its slug, or as another that an alias of that name finds, into
    which it was merged: what belongs to it then belongs to the other. An alias is there
    whatever it finds.
    """
    found = {slug: slug for slug in Entity.objects.values_list("slug", flat=True)}
    by_alias = dict(EntityAlias.objects.values_list("key", "entity__slug"))
    missing = []
    for record in read_records(fixture):
        fields = record["fields"]
        if record["model"] == "workplans.entity":
            slug, belongs_to = fields["slug"], "parent"
            known = found.get(slug) or by_alias.get(name_key(slug))
            found[slug] = known or slug
        else:
            belongs_to = "entity"
            known = by_alias.get(name_key(fields["alias"]))
        if known is not None:
            continue
        if belongs_to in fields:
            [named] = fields[belongs_to]
            fields[belongs_to] = [found[named]]
        missing.append(record)
    return missing
