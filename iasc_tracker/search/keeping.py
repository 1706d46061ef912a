"""What keeps the index up: whatever is written, its words follow in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from django.db.models.signals import post_delete, post_migrate, post_save

from iasc_tracker.search import index
from iasc_tracker.search.documents import BY_MODEL, ITEM_KINDS, EntityKind, Kind
from iasc_tracker.search.engines import TABLE, engine_of
from workplans.bulk import records_written
from workplans.loading import once_loaded
from workplans.models import EntityAlias, StatusUpdate, TrackedItem
from workplans.status import ledger_written, narrative_removed


def register() -> None:
    """Connect the receivers, once."""
    post_save.connect(after_save, dispatch_uid="iasc_tracker.search.saved")
    post_delete.connect(after_delete, dispatch_uid="iasc_tracker.search.deleted")
    records_written.connect(after_writing_many, dispatch_uid="iasc_tracker.search.written_many")
    ledger_written.connect(after_writing, dispatch_uid="iasc_tracker.search.written")
    narrative_removed.connect(after_removing, dispatch_uid="iasc_tracker.search.removed")
    post_migrate.connect(after_migrate, dispatch_uid="iasc_tracker.search.migrated")


def kind_of(model: type[Model]) -> type[Kind] | None:
    """Return the kind of a model or of a proxy of one; None for what is not searched."""
    concrete = model._meta.concrete_model
    return BY_MODEL.get(concrete) if concrete is not None else None


def after_save(
    sender: type[Model], instance: Any, update_fields: Collection[str] | None = None, **kwargs: Any
) -> None:
    """Put in what a record says now; an alias is said of its entity."""
    kind = kind_of(sender)
    if kind is not None:
        if update_fields is None or kind.columns().intersection(update_fields):
            once_loaded(index.refresh, kind, instance.pk)
    elif sender is EntityAlias:
        once_loaded(index.refresh, EntityKind, instance.entity_id)


def after_writing_many(
    sender: type[Model],
    changed: Mapping[int, Collection[str] | None],
    known: Mapping[int, Any],
    new: Sequence[Any],
    **kwargs: Any,
) -> None:
    """Put in what records that were written in bulk say now."""
    kind = kind_of(sender)
    if kind is None:
        return
    columns = kind.columns()
    pks = [pk for pk, names in changed.items() if names is None or columns.intersection(names)]
    if kind.prefetch:  # more is said of each than it holds itself
        index.refresh(kind, [*pks, *(record.pk for record in new)])
        return
    index.refresh(kind, pks, known)
    index.put_new(kind, new)


def after_delete(sender: type[Model], instance: Any, **kwargs: Any) -> None:
    """Take out what a deleted record said."""
    kind = kind_of(sender)
    if kind is not None:
        index.take_out(kind, [instance.pk])
    elif sender is EntityAlias:
        index.refresh(EntityKind, [instance.entity_id])


def after_writing(sender: type[TrackedItem], rows: Sequence[StatusUpdate], **kwargs: Any) -> None:
    """Put in what new rows of the ledger tell, and take out the rows that they replace."""
    kind = ITEM_KINDS[sender]
    index.put_updates(kind, rows)
    replaced = [row.replaces for row in rows if row.replaces is not None]
    index.take_out_updates(kind, {(row.item_id, row.sequence) for row in replaced})


def after_removing(
    sender: type[TrackedItem], item: Any, numbers: Collection[int], **kwargs: Any
) -> None:
    """Take out a narrative that held personal data."""
    kind = ITEM_KINDS[sender]
    index.take_out_updates(kind, {(item.pk, number) for number in numbers})
    rows = sender.update_model().objects.standing().filter(item=item, sequence__in=numbers)
    index.put_updates(kind, rows)


def after_migrate(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Make the full-text index where it is missing, and fill an empty one.

    By then the tables are what the code takes them for, unless somebody migrated a part of
    the way; then they are filled when the rest is done.
    """
    connection = connections[using]
    if sender.name != "iasc_tracker" or TABLE not in connection.introspection.table_names():
        return
    engine_of(connection).install(connection)
    if using == DEFAULT_DB_ALIAS and is_migrated(using) and index.is_missing():
        index.rebuild()


def is_migrated(using: str) -> bool:
    """Return whether all migrations in the code are applied."""
    from iasc_tracker.views import known_migrations

    return known_migrations() <= MigrationRecorder(connections[using]).applied_migrations().keys()
