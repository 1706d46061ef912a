from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans.frozen_reports import make_files, problems
from workplans.models import FrozenReport

MISSING = gettext_lazy("those before it are missing, from number %(number)d on")


class Command(BaseCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Prove that every final report is as it was kept: its content, its files, and the "
        "updates on which it rests. Print the digest of each."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--make-files",
            action="store_true",
            help=_("First make the files of those that have none, as after a crash."),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["make_files"]:
            for pk in FrozenReport.objects.filter(docx=None).values_list("pk", flat=True):
                make_files(pk)
        reports = FrozenReport.objects.select_related("workplan").order_by("workplan", "number")
        found = 0
        following: dict[int, int] = {}
        for frozen in reports.iterator(chunk_size=1):
            first_missing = following.get(frozen.workplan_id, 1)
            following[frozen.workplan_id] = frozen.number + 1
            gap = [MISSING % {"number": first_missing}] if first_missing < frozen.number else []
            for sentence in (*gap, *problems(frozen)):
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
