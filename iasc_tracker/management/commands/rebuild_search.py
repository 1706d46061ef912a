"""Make the index of the search anew, or say what is wrong in it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from iasc_tracker.search import index
from iasc_tracker.search.engines import engine_of


class Command(BaseCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Make the index of the search anew. It keeps itself up; this is for after an upgrade "
        "that searches more, or a change made past the application."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help=_("Change nothing; name what is wrong.")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            self.check_index()
            return
        count = index.rebuild()
        words = ngettext("%(count)d entry was made.", "%(count)d entries were made.", count)
        self.stdout.write(words % {"count": count})

    def check_index(self) -> None:
        """Name each entry that is wrong, and fail if there is any."""
        wrong = 0
        for line in index.differences():
            wrong += 1
            self.stderr.write(line)
        if not engine_of(connection).is_whole(connection):
            wrong += 1
            self.stderr.write(_("The database's full-text index differs from the entries."))
        if wrong:
            raise CommandError(
                ngettext(
                    "%(count)d thing is wrong. “manage.py rebuild_search” puts it right.",
                    "%(count)d things are wrong. “manage.py rebuild_search” puts them right.",
                    wrong,
                )
                % {"count": wrong}
            )
        self.stdout.write(_("The index says just what the records say."))
