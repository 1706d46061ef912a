"""What every step in the life of a record has in common.

A step is a form. Valid, it says what will happen, one sentence for each outcome, and then
does exactly that. Whoever drives it locks the records, and shows the outcomes before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import User
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _

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
            self.add_error(None, f"{sentence} {'; '.join(named)}")

    def outcomes(self) -> list[Outcome]:
        """Return what will happen. Call it on a valid step only."""
        raise NotImplementedError

    def perform(self) -> str:
        """Do what the outcomes say, and return a sentence that says it is done.

        Call it on a valid step, inside a transaction in which the records are locked.
        Raise ValidationError if the ledger refuses; the transaction is then to be undone.
        """
        raise NotImplementedError

    def fingerprint(self) -> str:
        """Return what changes whenever what will happen does."""
        told = repr((self.outcomes(), sorted((k, str(v)) for k, v in self.cleaned_data.items())))
        return hashlib.sha256(told.encode()).hexdigest()


def change(record: Any, **values: Any) -> None:
    """Give a versioned record new values, as one edit of it."""
    for name, value in values.items():
        setattr(record, name, value)
    record.version += 1
    record.save()


def in_words(day: Any) -> str:
    """Return a day as a sentence names it."""
    return date_format(day, "DATE_FORMAT")


def kind_and_name(record: Any) -> str:
    """Return a record as a list of records of several kinds names it."""
    return _("%(kind)s: %(name)s") % {"kind": record._meta.verbose_name, "name": record}
