from argparse import ArgumentParser
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans.verification import ItemDigest, differences, item_models, problems, read_digests


class Command(BaseCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Recompute every cache, number and place of the ledger, and name what is wrong. "
        "With --against, also compare with what ledger_digest printed earlier."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--against",
            type=Path,
            metavar="FILE",
            help=_("A file with the output of an earlier ledger_digest."),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for sentence in chain(problems(), differences(self._kept(options["against"]))):
            found += 1
            self.stderr.write(sentence)
        if found:
            raise CommandError(
                ngettext("%(count)d problem found.", "%(count)d problems found.", found)
                % {"count": found}
            )
        self.stdout.write(
            _("Whole: %(items)d items, %(rows)d updates.")
            % {
                "items": sum(model.objects.count() for model in item_models()),
                "rows": sum(model.update_model().objects.count() for model in item_models()),
            }
        )

    def _kept(self, path: Path | None) -> list[ItemDigest]:
        if path is None:
            return []
        try:
            return read_digests(path.read_text(encoding="utf-8").splitlines())
        except OSError as error:
            raise CommandError(
                _("%(path)s cannot be read: %(why)s.") % {"path": path, "why": error.strerror}
            ) from error
        except UnicodeDecodeError as error:
            raise CommandError(
                _("%(path)s is not a file that ledger_digest printed.") % {"path": path}
            ) from error
        except ValidationError as error:
            raise CommandError(f"{path}: {' '.join(error.messages)}") from error
