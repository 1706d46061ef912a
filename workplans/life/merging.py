"""Merging two entities that are one and the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workplans.life.steps import Outcome, RecordField, Step, change, outcome
from workplans.models import Entity, EntityAlias, Membership, name_key
from workplans.models.versions import LoggedWith


def references_to(
    entity: Entity, *, locked: bool = False
) -> Iterator[tuple[models.ForeignKey, list[Any]]]:
    """Yield each foreign key that points to entities, with the rows that name this one.

    Rows that are `locked` are as the last edit left them, and stay so until they are written.
    """
    for relation in Entity._meta.related_objects:
        if not relation.many_to_many:
            key: Any = relation.field
            rows = key.model._default_manager.filter(**{key.name: entity}).order_by("pk")
            yield key, list(rows.select_for_update(of=("self",)) if locked else rows)


def lists_with(entity: Entity) -> Iterator[tuple[models.ManyToManyField, list[Any]]]:
    """Yield each many-to-many field to entities, with the records whose list has this one."""
    for relation in Entity._meta.related_objects:
        if relation.many_to_many:
            many: Any = relation.field
            records = many.model._default_manager.filter(**{many.name: entity})
            yield many, list(records.order_by("pk"))


def twin_of(row: Any, key: models.ForeignKey, into: Entity) -> Any:
    """Return the row that says of the other entity what a row says of the merged one, or None."""
    for constraint in row._meta.constraints:
        if (
            isinstance(constraint, models.UniqueConstraint)
            and constraint.condition is None
            and key.name in constraint.fields
        ):
            same = {name: getattr(row, name) for name in constraint.fields} | {key.name: into}
            none = {f"{name}__isnull": True for name, value in same.items() if value is None}
            given = {name: value for name, value in same.items() if value is not None}
            twin = type(row)._default_manager.filter(**given, **none).first()
            if twin is not None:
                return twin
    return None


def join_twins(kept: Any, other: Any) -> None:
    """Give a row what its twin says beyond it: printed words, and the longer of two spans."""
    for field in kept._meta.concrete_fields:
        mine, theirs = getattr(kept, field.attname), getattr(other, field.attname)
        if field.name in ("since", "until"):
            longer = min if field.name == "since" else max
            setattr(kept, field.attname, longer(mine, theirs) if mine and theirs else None)
        elif field.name == "as_printed" and theirs and theirs not in mine:
            both = f"{mine}; {theirs}" if mine else theirs
            kept.as_printed = both if len(both) <= field.max_length else mine
        elif isinstance(field, models.BooleanField):
            setattr(kept, field.attname, mine and theirs)
        elif mine in (None, "") and not field.unique:
            setattr(kept, field.attname, theirs)


def where_named(row: Any, key: models.ForeignKey) -> str:
    """Return how a person knows a row that names an entity: by the record that it belongs to."""
    if isinstance(row, LoggedWith) and row.logged_with != key.name:
        record = getattr(row, row.logged_with)
        display = getattr(row, "get_role_display", None)
        return f"{record} ({display()})" if display else str(record)
    return str(row)


class MergeInto(Step):
    """Let one entity take the place of another everywhere, and delete the other."""

    name = "merge"
    title = gettext_lazy("Merge into another")
    button = gettext_lazy("Merge")
    explanation = gettext_lazy(
        "For one and the same party that was entered twice. All that names this entity will name "
        "the other; the names and the address of this one will still find it."
    )
    takes_many = False
    permissions = ("change", "delete")

    other_record = "into"

    into = RecordField(
        label=gettext_lazy("Into"),
        queryset=Entity.objects.all(),
        help_text=gettext_lazy("The entity that stays."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        into: Any = self.fields["into"]
        into.queryset = Entity.objects.exclude(pk=self.record.pk)
        into.refer_like(Entity._meta.get_field("parent"))

    @property
    def merged(self) -> Entity:
        """The entity that goes, as an Entity whichever admin page it was chosen on."""
        return Entity.objects.get(pk=self.record.pk)

    def clean(self) -> None:
        super().clean()
        into = self.cleaned_data.get("into")
        if into is None:
            return
        pk = self.record.pk
        between = Membership.objects.filter(
            models.Q(group=pk, member=into) | models.Q(group=into, member=pk)
        )
        self.refuse(_("One is a member of the other. Delete that membership first:"), between)
        above, seen = into.parent, set()
        while above is not None and above.pk not in seen:
            if above.pk == self.record.pk and into.parent_id != self.record.pk:
                self.add_error("into", _("It is part of this entity, through another."))
                break
            seen.add(above.pk)
            above = above.parent

    def names(self) -> tuple[list[str], list[EntityAlias]]:
        """Return the names that become aliases, and the aliases of others that are in the way."""
        merged, into = self.merged, self.cleaned_data["into"]
        own = {name_key(name) for name in (into.name, into.acronym)}
        taken = {alias.key: alias for alias in EntityAlias.objects.select_related("entity")}
        new: dict[str, str] = {}
        in_the_way = []
        for name in (merged.name, merged.acronym, merged.slug):
            key = name_key(name)
            # An address is found by aliases alone, never by a name.
            if not key or key in new or (key in own and name != merged.slug):
                continue
            if key not in taken:
                new[key] = name
            elif taken[key].entity_id not in (into.pk, merged.pk):
                in_the_way.append(taken[key])
        return list(new.values()), in_the_way

    def outcomes(self) -> list[Outcome]:
        merged, into = self.merged, self.cleaned_data["into"]
        found = [
            outcome(
                _("“%(merged)s” is deleted; “%(into)s” stays.")
                % {"merged": merged.full_name, "into": into.full_name}
            )
        ]
        joined: list[Any] = []
        for key, rows in references_to(merged):
            twins = [row for row in rows if twin_of(row, key, into) is not None]
            moved = [row for row in rows if row not in twins and row.pk != into.pk]
            joined += [where_named(row, key) for row in twins]
            if moved:
                names = [where_named(row, key) for row in moved]
                found.append(self._moved(key.model, key.verbose_name, names))
        for many, records in lists_with(merged):
            if records:
                found.append(self._moved(many.model, many.verbose_name, records))
        if joined:
            found.append(
                outcome(
                    _(
                        "“%(into)s” has these already. Each pair becomes one, from the earlier "
                        "first day to the later last day:"
                    )
                    % {"into": into},
                    joined,
                )
            )
        names, in_the_way = self.names()
        if names:
            found.append(outcome(_("These names will find “%(into)s”:") % {"into": into}, names))
        if in_the_way:
            found.append(
                outcome(
                    _("These names go on finding another entity:"),
                    [f"{alias} – {alias.entity.full_name}" for alias in in_the_way],
                )
            )
        if merged.description:
            found.append(
                outcome(_("Its description is taken over."))
                if not into.description
                else outcome(
                    _("Its description goes, since the other has one: “%(text)s”")
                    % {"text": merged.description}
                )
            )
        return found

    @staticmethod
    def _moved(model: Any, role: Any, names: list[Any]) -> Outcome:
        words = _("%(kind)s that name it as “%(field)s”: %(count)d") % {
            "kind": capfirst(model._meta.verbose_name_plural),
            "field": role,
            "count": len(names),
        }
        return outcome(words, names)

    def perform(self) -> str:
        merged = self.merged
        into = Entity.objects.select_for_update().get(pk=self.cleaned_data["into"].pk)
        names, _in_the_way = self.names()
        for key, rows in references_to(merged, locked=True):
            for row in rows:
                if row.pk == into.pk and key.model is Entity:
                    change(into, parent=merged.parent)
                    continue
                twin = twin_of(row, key, into)
                if twin is not None:
                    join_twins(twin, row)
                    row.delete()
                    twin.save()
                    continue
                if hasattr(row, "version"):
                    change(row, **{key.name: into})
                else:
                    setattr(row, key.name, into)
                    row.save(update_fields=[key.name])
        for many, records in lists_with(merged):
            for record in records:
                members = getattr(record, many.name)
                members.remove(merged)
                members.add(into)
        description = into.description or merged.description
        words = merged.full_name
        merged.delete()
        for name in names:
            EntityAlias.objects.create(entity=into, alias=name)
        change(into, description=description)
        return _("“%(merged)s” was merged into “%(into)s”.") % {
            "merged": words,
            "into": into.full_name,
        }
