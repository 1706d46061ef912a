from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans.frozen_reports import problems
from workplans.models import FrozenReport


class Command(BaseCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Prove that every final report is as it was kept: its content, its files, and the "
        "updates on which it rests. Print the digest of each."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        reports = FrozenReport.objects.select_related("workplan").order_by("workplan", "number")
        found = 0
        for frozen in reports.iterator(chunk_size=1):
            for sentence in problems(frozen):
                found += 1
                words = {"report": frozen, "what": sentence}
                self.stderr.write(_("%(report)s: %(what)s") % words)
            address = frozen.get_absolute_url()
            self.stdout.write(f"{frozen.content_digest} {frozen.docx_digest} {address}")
        if found:
            raise CommandError(
                ngettext("%(count)d problem found.", "%(count)d problems found.", found)
                % {"count": found}
            )
        count = FrozenReport.objects.count()
        self.stdout.write(
            ngettext("Whole: %(count)d final report.", "Whole: %(count)d final reports.", count)
            % {"count": count}
        )
