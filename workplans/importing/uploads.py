"""Files that wait, and what becomes of them: kept with what their sender saw, written at a word."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import PurePath
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from workplans.importing.resources import SheetResource, without_collecting
from workplans.importing.tables import Table, read_table, refuse_large
from workplans.importing.verdicts import Judgement
from workplans.models import SourceDocument, SpreadsheetImport

# The fields that tell what became of a file.
RESULT = ("imported_at", "new", "changed", "same", "refs", "seen", "source")


class ChangedSince(Exception):
    """Nothing was written: some verdicts are not those that the sender was shown."""

    def __init__(self, judgement: Judgement, rows: set[int]) -> None:
        super().__init__(f"{len(rows)} verdicts have changed.")
        self.judgement, self.rows = judgement, rows


class ImportedAlready(Exception):
    """The very same file was imported before; `done` is that import."""

    def __init__(self, done: SpreadsheetImport) -> None:
        super().__init__(str(done))
        self.done = done


class NotWaiting(Exception):
    """A file is not there any more: it was discarded, or has expired."""


def keep(user: User, file: Any, resource_class: type[SheetResource]) -> SpreadsheetImport:
    """Keep a file that somebody sends in, if it can be read; else raise Unreadable.

    Raise ImportedAlready for one that was imported. Uploads that have expired go, whosever.
    """
    SpreadsheetImport.objects.expire()
    refuse_large(file.size)
    content = file.read()
    model = resource_class.model._meta.label_lower
    digest = hashlib.sha256(content).hexdigest()
    done = SpreadsheetImport.objects.done().filter(model=model, digest=digest).first()
    if done is not None:
        raise ImportedAlready(done)
    table_of(content, resource_class(user))
    return SpreadsheetImport.objects.create(
        model=model,
        name=PurePath(file.name.replace("\\", "/")).name[:200] or "spreadsheet",
        content=content,
        digest=digest,
        uploaded_by=user,
        uploaded_at=timezone.now(),
    )


def table_of(content: bytes, resource: SheetResource) -> Table:
    """Read a file for a resource, or raise Unreadable."""
    return read_table(content, resource.known_columns)


def judge(content: bytes, user: User, resource_class: type[SheetResource]) -> Judgement:
    """Return the verdicts on a file, as things are now."""
    resource = resource_class(user)
    table = table_of(content, resource)
    with without_collecting(), transaction.atomic():
        return resource.judge(table)


def look_again(
    upload: SpreadsheetImport, user: User, resource_class: type[SheetResource]
) -> tuple[Judgement, set[int]]:
    """Judge a waiting file anew, and remember what its sender is shown now.

    Return the judgement, and the numbers of the rows whose verdicts have changed since.
    """
    judgement = judge(bytes(upload.content), user, resource_class)
    changed = changed_rows(upload, judgement)
    if changed:
        is_first_look = not upload.seen
        remember(upload, judgement)
        if is_first_look:
            changed = set()
    return judgement, changed


def remember(upload: SpreadsheetImport, judgement: Judgement) -> None:
    """Remember the verdicts that a sender is shown."""
    upload.seen = judgement.fingerprints
    SpreadsheetImport.objects.waiting().filter(pk=upload.pk).update(seen=upload.seen)


def changed_rows(upload: SpreadsheetImport, judgement: Judgement) -> set[int]:
    """Return the numbers of the rows whose verdicts are not those that were shown, if any were."""
    if not upload.seen:
        return {verdict.number for verdict in judgement.rows}
    pairs = zip(upload.seen, judgement.rows, strict=True)
    return {verdict.number for seen, verdict in pairs if seen != verdict.fingerprint}


def confirm(
    upload: SpreadsheetImport, user: User, resource_class: type[SheetResource]
) -> Judgement:
    """Write what a file says, all of it or nothing, and return the verdicts.

    Raise ChangedSince if any verdict is not what the sender was shown, ImportedAlready if the same
    file was imported meanwhile, and NotWaiting if it was discarded.
    """
    content = bytes(upload.content)
    resource = resource_class(user)
    table = table_of(content, resource)
    with without_collecting(), transaction.atomic():
        lock_waiting(upload)
        done = SpreadsheetImport.objects.done().filter(model=upload.model, digest=upload.digest)
        if (before := done.first()) is not None:
            raise ImportedAlready(before)
        judgement = resource.judge(table, lock=True)
        changed = changed_rows(upload, judgement)
        if changed or not judgement.may_be_written:
            raise ChangedSince(judgement, changed)
        verdicts = [*judgement.new, *judgement.changed]
        if resource.tells_source(verdicts):
            upload.source = make_source(upload, resource.today)
        resource.write(judgement, upload.source)
        upload.imported_at = timezone.now()
        upload.new, upload.changed = len(judgement.new), len(judgement.changed)
        upload.same = len(judgement.same)
        upload.refs = sorted({one.ref for one in verdicts})
        upload.seen = []
        # Not the file itself, which may be large.
        upload.save(update_fields=RESULT)
    return judgement


def discard(upload: SpreadsheetImport) -> None:
    """Delete a file that waits; raise ImportedAlready or NotWaiting where it does so no more."""
    with transaction.atomic():
        lock_waiting(upload)
        upload.delete()


def lock_waiting(upload: SpreadsheetImport) -> None:
    """Lock a file that waits; raise ImportedAlready or NotWaiting where it does so no more."""
    of_file = SpreadsheetImport.objects.without_files().filter(pk=upload.pk)
    locked = of_file.select_for_update().first()
    if locked is None:
        raise NotWaiting
    if locked.imported_at is not None:
        raise ImportedAlready(locked)


def make_source(upload: SpreadsheetImport, day: date) -> SourceDocument:
    """Return the document as which the history names a file: for staff only, until published."""
    slug = f"spreadsheet-{upload.digest[:16]}-{upload.model.rpartition('.')[2]}"
    source, _created = SourceDocument.objects.get_or_create(
        slug=slug,
        defaults={
            "title": upload.name,
            "kind": SourceDocument.Kind.SPREADSHEET,
            "dated": day,
            "published": False,
        },
    )
    return source
