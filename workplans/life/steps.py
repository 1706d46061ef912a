"""What every step in the life of a record has in common.

A step is a form. Valid, it says what will happen, one sentence for each outcome, and then
does exactly that. Whoever drives it locks the records, and shows the outcomes before.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget, AutocompleteSelect
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from workplans import days
from workplans.models import TrackedItem

# The key of a record, as a form may send it.
KEY = re.compile(r"[0-9]{1,18}", re.ASCII)
# How far ahead a day may lie: ten years.
FURTHEST_DAYS = 3653
# How many records an outcome names one by one.
NAMED = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sentence on what will happen, and the records that it is about, by name.

    `more` is how many there are beyond those named.
    """

    sentence: str
    named: tuple[str, ...] = ()
    more: int = 0


def outcome(sentence: str, records: Iterable[Any] = ()) -> Outcome:
    """Return an outcome that names its records, the first of them one by one."""
    named = [str(record) for record in records]
    return Outcome(sentence, tuple(named[:NAMED]), max(0, len(named) - NAMED))


class Step(forms.Form):
    """One step in the life of some records of one kind."""

    # Its address, what it is called, what its button says, and what it is for.
    name: ClassVar[str]
    title: ClassVar[str | Promise]
    button: ClassVar[str | Promise]
    explanation: ClassVar[str | Promise] = ""
    # Whether it can be taken with several records at once.
    takes_many: ClassVar[bool] = True
    # What one must be allowed to do to the records.
    permissions: ClassVar[tuple[str, ...]] = ("change",)
    # The field that names another record of the same kind, which is locked with those chosen.
    other_record: ClassVar[str] = ""

    def __init__(self, records: Sequence[Any], user: User, *args: Any, **kwargs: Any) -> None:
        self.records = list(records)
        self.user = user
        super().__init__(*args, **kwargs)

    @property
    def record(self) -> Any:
        """The record, for a step that takes one."""
        (record,) = self.records
        return record

    @classmethod
    def fits(cls, record: Any) -> bool:
        """Return whether a record's page should offer the step. The form refuses the rest."""
        return True

    def refuse(self, sentence: str, records: Iterable[Any]) -> None:
        """Add an error that names the records it is about, if there are any."""
        named = [str(record) for record in records]
        if named:
            words = _("%(why)s %(records)s")
            self.add_error(None, words % {"why": sentence, "records": "; ".join(named)})

    @classmethod
    def lock(cls, records: Sequence[Any]) -> None:
        """Lock what belongs to the records, which are locked, and is concerned too."""

    def concerned(self) -> list[Any]:
        """Return all records that the step would change."""
        return self.records

    def outcomes(self) -> list[Outcome]:
        """Return what will happen. Call it on a valid step only."""
        raise NotImplementedError

    def perform(self) -> str:
        """Do what the outcomes say, and return a sentence that says it is done.

        Call it on a valid step, inside a transaction in which the records are locked.
        Raise ValidationError if the ledger refuses; the transaction is then to be undone.
        """
        raise NotImplementedError

    def fingerprint(self, outcomes: Sequence[Outcome]) -> str:
        """Return what changes whenever what will happen does, or what it happens to.

        An edit of a record concerned, or an update told of it, is such a change.
        """
        records = self.concerned()
        state = [(record._meta.label, record.pk, record.version) for record in records]
        newest: list[Any] = []
        if records and isinstance(records[0], TrackedItem):
            rows = type(records[0]).update_model().objects
            keys = [record.pk for record in records]
            told = rows.filter(item__in=keys).order_by("item").values_list("item")
            newest = list(told.annotate(newest=Max("sequence")))
        answers = sorted((name, str(value)) for name, value in self.cleaned_data.items())
        return hashlib.sha256(repr((outcomes, state, newest, answers)).encode()).hexdigest()


class DayField(forms.DateField):
    """A day that the committee can have known, or can plan for."""

    widget = AdminDateWidget

    def validate(self, value: Any) -> None:
        super().validate(value)
        last = days.true_today() + timedelta(days=FURTHEST_DAYS)
        if value is not None and not days.FIRST_DAY <= value <= last:
            raise ValidationError(
                _("Give a day from %(first)s to %(last)s.")
                % {"first": in_words(days.FIRST_DAY), "last": in_words(last)}
            )


class RecordField(forms.ModelChoiceField):
    """Another record, found by its name as in the field of a model that refers to one."""

    def refer_like(self, field: Any) -> None:
        """Offer the records that a foreign key offers, in the same way."""
        self.widget = RecordSelect(field, admin.site)
        self.widget.choices = self.choices

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or isinstance(value, self.queryset.model):  # type: ignore[union-attr]
            return super().to_python(value)
        if not KEY.fullmatch(str(value)):
            raise ValidationError(
                self.error_messages["invalid_choice"],
                code="invalid_choice",
                params={"value": str(value)[:50]},
            )
        return super().to_python(value)


class RecordSelect(AutocompleteSelect):
    """An autocomplete that shows nothing for what is no key."""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> list[Any]:
        keys = [part for part in value if KEY.fullmatch(str(part))]
        return super().optgroups(name, keys or [""], attrs)


def change(record: Any, **values: Any) -> None:
    """Give a versioned record new values, as one edit of it; its other fields are not written."""
    for name, value in values.items():
        setattr(record, name, value)
    record.version += 1
    record.save(update_fields=[*values, "version"])


def in_words(day: Any) -> str:
    """Return a day as a sentence names it."""
    return date_format(day, "DATE_FORMAT")


def kind_and_name(record: Any) -> str:
    """Return a record as a list of records of several kinds names it."""
    return _("%(kind)s: %(name)s") % {"kind": record._meta.verbose_name, "name": record}
