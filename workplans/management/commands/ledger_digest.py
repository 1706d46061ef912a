from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext_lazy as _

from workplans.verification import digest_lines, item_digests


class Command(BaseCommand):
    help = _(  # type: ignore[assignment]
        "Print one digest for each item's updates and one for all, to be published or kept. "
        "“verify_ledger --against FILE” finds what was altered, removed or cut off since."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for line in digest_lines(item_digests()):
            self.stdout.write(line)
