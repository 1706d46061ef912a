"""Who changed which field of which record, when, and from what to what.

django-auditlog keeps it, whatever saves the record: a form, a command, an import. What
follows by itself (caches, parts that move along) is not logged. The admin's own log would
not do: it names fields without their values, sees what the admin does and nothing else,
and is deleted with the account that made the change. Ledger rows are not in this log,
since they are a log themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.contrib.admin.models import LogEntry as AdminLogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from workplans.models.tracking import CACHED_COLUMNS
from workplans.models.versions import LoggedWith, log_label

# Columns that follow from others, so that a change of them tells nothing.
FOLLOWING = ("version", "key", *CACHED_COLUMNS.values())


def keep_log_of(*kinds: type[models.Model]) -> None:
    """Log every change of these kinds of records, and of their proxies, from now on."""
    for model in kinds:
        columns = {field.name for field in model._meta.concrete_fields}
        following = [name for name in FOLLOWING if name in columns]
        if issubclass(model, LoggedWith) and "slug" in columns:
            following.append("slug")
        lists = {field.name for field in model._meta.many_to_many}
        auditlog.register(model, exclude_fields=following, m2m_fields=lists)


def forget_person(instance: models.Model, **kwargs: Any) -> None:
    """Take the name and address of an account that is deleted out of the logs, however it is."""
    if isinstance(instance, get_user_model()):
        LogEntry.objects.filter(actor=instance).update(actor_email=None)
        accounts = ContentType.objects.get_for_model(instance)
        about = AdminLogEntry.objects.filter(content_type=accounts, object_id=str(instance.pk))
        about.delete()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after, in words; "" where there was or is nothing."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """One change: of what, and how. `who` is "" for a command, and for an erased person.

    `reason` is what was given for taking a text out of the ledger.
    """

    when: datetime
    who: str
    what: str
    fields: tuple[FieldChange, ...]
    reason: str = ""


def changes_of(record: models.Model) -> QuerySet[LogEntry]:
    """Return the log entries of a record and of the rows on its page, the newest first."""
    own = Q(content_type=ContentType.objects.get_for_model(record), object_id=record.pk)
    return in_order(LogEntry.objects.filter(own | Q(additional_data__with=log_label(record))))


def in_order(entries: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
    """Return log entries the newest first, with what their words need."""
    return entries.select_related("actor", "content_type").order_by("-timestamp", "-pk")


def in_words(entry: LogEntry) -> LoggedChange:
    """Return a log entry in words."""
    named = {"kind": kind_of(entry), "name": entry.object_repr}
    sentences = {
        LogEntry.Action.CREATE: _("%(kind)s “%(name)s” was entered.") % named,
        LogEntry.Action.UPDATE: _("%(kind)s “%(name)s” was changed.") % named,
        LogEntry.Action.DELETE: _("%(kind)s “%(name)s” was deleted.") % named,
    }
    told = entry.additional_data or {}
    return LoggedChange(
        when=entry.timestamp,
        who=str(entry.actor) if entry.actor is not None else "",
        what=told.get("what") or sentences[entry.action],
        fields=tuple(field_changes(entry)) if entry.action == LogEntry.Action.UPDATE else (),
        reason=told.get("reason", ""),
    )


def kind_of(entry: LogEntry) -> str:
    """Return what kind of record a log entry is about."""
    model = entry.content_type.model_class()
    return capfirst(model._meta.verbose_name) if model is not None else entry.content_type.model


def field_changes(entry: LogEntry) -> Iterator[FieldChange]:
    """Yield the fields that a log entry says were changed, in the order of the record's fields."""
    model = entry.content_type.model_class()
    changes: dict[str, Any] = entry.changes or {}
    order = [field.name for field in model._meta.get_fields()] if model is not None else []
    for name in sorted(changes, key=lambda name: order.index(name) if name in order else 0):
        change = changes[name]
        field: Any = None
        if model is not None and name in order:
            field = model._meta.get_field(name)
        label = capfirst(getattr(field, "verbose_name", name))
        if isinstance(change, dict):
            objects = ", ".join(change["objects"])
            is_added = change["operation"] == "add"
            yield FieldChange(label, "" if is_added else objects, objects if is_added else "")
        else:
            yield FieldChange(label, *(value_in_words(field, value) for value in change))


def value_in_words(field: Any, value: str) -> str:
    """Return a logged value as a reader knows it: a choice's label, yes or no, a date."""
    if value == "None":
        return ""
    if isinstance(field, models.BooleanField):
        return _("yes") if value == "True" else _("no")
    if isinstance(field, models.DateField):
        try:
            return date_format(date.fromisoformat(value[:10]))
        except ValueError:
            return value
    for code, label in getattr(field, "flatchoices", ()):
        if str(code) == value:
            return str(label)
    return value


def log_event(record: models.Model, what: str, reason: str = "") -> None:
    """Log what happened to a record without any of its fields being changed, and why."""
    LogEntry.objects.log_create(
        record,
        force_log=True,
        action=LogEntry.Action.UPDATE,
        additional_data={"what": what, "reason": reason},
    )
