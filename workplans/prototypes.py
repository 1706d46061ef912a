"""New records of a model by the thousand: each as its class makes it, in a tenth of the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from django.db.models import Model
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)


class Prototype(Generic[M]):
    """A record that others are made after: of one model, with some values, else its defaults.

    What `Model.__init__` works out for each record is worked out once, so that a default that is
    called would be the same for all; the signals of its beginning and end are not sent.
    """

    def __init__(self, model: type[M], **values: Any) -> None:
        self.model = model
        self.content = {
            name: value for name, value in vars(model(**values)).items() if name != "_state"
        }

    def make(self, related: Mapping[str, Model | None], **content: Any) -> M:
        """Return a new record.

        `content` is by the names of columns. `related` are the records that it refers to, by the
        names of its fields; they may be new too, and have no keys yet.
        """
        record = self.model.__new__(self.model)
        own = record.__dict__
        own.update(self.content)
        own.update(content)
        own["_state"] = state = ModelState()
        for name, other in related.items():
            if other is not None:
                own[f"{name}_id"] = other.pk
                state.fields_cache[name] = other
        return record
