"""References: stable, readable names that are given once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from workplans.models.versions import Versioned


class SpentReference(models.Model):
    """A reference whose record was deleted. It is not given again."""

    ref = models.CharField(_("reference"), max_length=60, unique=True)

    class Meta:
        verbose_name = _("spent reference")
        verbose_name_plural = _("spent references")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.ref


def refuse_spent(ref: str) -> None:
    """Raise ValidationError for a reference that a deleted record had."""
    if SpentReference.objects.filter(ref=ref).exists():
        raise ValidationError(
            {
                "ref": _(
                    "“%(ref)s” was the reference of a record that has been deleted. "
                    "References are not given twice: choose another, or leave it blank."
                )
                % {"ref": ref}
            }
        )


class Referenced(Versioned):
    """A record that is known by a reference, which is made for it unless one is given."""

    ref = models.CharField(
        _("reference"),
        max_length=60,
        unique=True,
        blank=True,
        validators=[
            RegexValidator(
                r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
                _("A reference is made of letters, digits, dots, hyphens and underscores."),
            )
        ],
        help_text=_("Given once and never changed or reused. Leave it blank to have one made."),
    )
    number = models.CharField(
        _("number"), max_length=20, blank=True, help_text=_("As printed, for example 3.4 or (ii).")
    )

    class Meta:
        abstract = True

    def natural_key(self) -> tuple[str]:
        return (self.ref,)

    natural_key.dependencies = ["workplans.sourcedocument"]  # type: ignore[attr-defined]

    def _ref_prefix(self) -> str:
        """Return what the reference begins with: the address of what it comes from."""
        raise NotImplementedError

    def _lock_origin(self) -> None:
        """Lock what the record is about to be added to."""
        raise NotImplementedError

    def has_origin(self) -> bool:
        """Return whether it is known yet what the record comes from."""
        raise NotImplementedError

    def clean(self) -> None:
        super().clean()
        if self.ref and self._state.adding:
            refuse_spent(self.ref)
        if not self.ref and self.has_origin():
            self.ref = next_ref(type(self), self._ref_prefix(), self.number)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.ref:
            if self._state.adding:
                refuse_spent(self.ref)
            super().save(*args, **kwargs)
            return
        # The origin stays locked until the record is there, so that no two get one reference.
        with transaction.atomic():
            self._lock_origin()
            self.ref = next_ref(type(self), self._ref_prefix(), self.number)
            super().save(*args, **kwargs)


def spend_reference(instance: models.Model, **kwargs: Any) -> None:
    """Keep the reference of a record that is deleted, by whatever way, from being given again."""
    if isinstance(instance, Referenced):
        SpentReference.objects.get_or_create(ref=instance.ref)


def parts_of_ref(model: Any, prefix: str, number: str) -> tuple[str, str]:
    """Return what a reference begins with, in capitals, and the number that follows it."""
    printed = re.sub(r"[^A-Za-z0-9._-]", "", number).strip(".")
    # A prefix that leaves no room for the number and a count is cut.
    room = model._meta.get_field("ref").max_length - len(printed) - 8
    return prefix.upper()[:room].rstrip("-._"), printed


class NewRefs:
    """Gives references to new records of a model, by the rule of `next_ref`.

    What the records come from must be locked meanwhile. References given elsewhere, or about to
    be, are `spoken_for`.
    """

    def __init__(self, model: Any, spoken_for: Iterable[str] = ()) -> None:
        self.model = model
        self.taken = set(spoken_for)
        self.read: set[str] = set()
        self.counts: dict[str, int] = {}

    def give(self, prefix: str, number: str) -> str:
        """Return a reference that nothing has or had."""
        prefix, printed = parts_of_ref(self.model, prefix, number)
        if prefix not in self.read:
            for records in (self.model.objects, SpentReference.objects):
                refs = records.filter(ref__startswith=f"{prefix}-")
                self.taken.update(refs.values_list("ref", flat=True))
            self.read.add(prefix)
        ref = f"{prefix}-{printed}"
        if not printed or ref in self.taken:
            stem = f"{ref}-" if printed else ref
            number_of = self.counts.get(stem, 0) + 1
            while f"{stem}{number_of}" in self.taken:
                number_of += 1
            self.counts[stem] = number_of
            ref = f"{stem}{number_of}"
        self.taken.add(ref)
        return ref


def next_ref(model: Any, prefix: str, number: str, spoken_for: Iterable[str] = ()) -> str:
    """Return a reference that no row of a model has: the prefix in capitals and the number.

    Without a number, or if that reference is taken, the next free count stands in.
    `spoken_for` are references about to be given to others.
    """
    return NewRefs(model, spoken_for).give(prefix, number)
