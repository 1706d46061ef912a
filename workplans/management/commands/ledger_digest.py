from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext_lazy as _

from workplans.verification import item_digests, total_digest


class Command(BaseCommand):
    help = _(  # type: ignore[assignment]
        "Print one digest for each item's updates and one for all, to be published or kept. "
        "“verify_ledger --against FILE” finds what was altered, removed or cut off since."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        digests = sorted(item_digests(), key=lambda item: (item.kind, item.ref))
        for item in digests:
            self.stdout.write(str(item))
        rows = sum(item.rows for item in digests)
        self.stdout.write(f"{total_digest(digests)} {rows} all")
