"""Pages that join both applications."""

import functools
import logging

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)


@functools.cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """Return (app, name) of all migrations in the code, read once: code changes by restart."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database is reachable and migrated, else 503 with the reason."""
    try:
        missing = known_migrations() - set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError as error:
        logger.error("healthz: %s", error)
        return plain("the database cannot be reached", status=503)
    if missing:
        return plain("migrations are not applied", status=503)
    return plain("ok")


def plain(words: str, status: int = 200) -> HttpResponse:
    """Answer with one line of plain text."""
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
