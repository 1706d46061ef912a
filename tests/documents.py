"""The documents in `fixtures/`: loaded once, and put in place again and again."""

from contextlib import contextmanager

from django.apps import apps
from django.core.management import call_command
from django.db import transaction

from tests.figures import DOCUMENTS


def read_rows():
    """What `loaddata` makes of the documents: the records of each table that they fill."""
    with transaction.atomic():
        models = apps.get_models(include_auto_created=True)
        empty = [m for m in models if not (m._meta.proxy or m._base_manager.exists())]
        call_command("loaddata", *DOCUMENTS, verbosity=0)
        rows = {model: list(model._base_manager.all()) for model in empty}
        transaction.set_rollback(True)
    return rows


@contextmanager
def in_place(rows):
    """Give an empty database those records, and take them away again."""
    with transaction.atomic():
        for model, records in rows.items():
            model._base_manager.bulk_create(records, batch_size=500)
        yield
        transaction.set_rollback(True)
