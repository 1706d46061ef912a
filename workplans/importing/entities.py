"""Entities in: organisations, bodies and groups, with their other names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from import_export.fields import Field

from workplans import bulk
from workplans.chunks import Among
from workplans.entity_tables import EntityTable
from workplans.importing.cells import ChoiceWidget, TextWidget, as_text
from workplans.importing.parties import PartyReader, UnknownParty
from workplans.importing.resources import SheetResource, SheetRow, cell_words
from workplans.importing.verdicts import Change, Verdict
from workplans.models import Entity, EntityAlias, EntityKind, SourceDocument
from workplans.models.entities import name_key

PLAIN = ("name", "acronym", "kind", "description")


def by_depth(new: Sequence[Entity]) -> Iterator[list[Entity]]:
    """Yield new entities, some at a time: those that others are part of before these."""
    below: dict[int, list[Entity]] = defaultdict(list)
    for entity in new:
        above = entity.parent
        below[0 if above is None or above.pk else id(above)].append(entity)
    level = below[0]
    while level:
        yield level
        level = [entity for above in level for entity in below[id(above)]]


class EntityResource(SheetResource):
    """Entities, known by their address (`slug`); one without gets it from its short name."""

    model = Entity
    key = "slug"
    not_compared = frozenset({"slug"})

    name = Field(widget=TextWidget(longest=200, required=True))
    acronym = Field(widget=TextWidget(longest=40))
    kind = Field(widget=ChoiceWidget(EntityKind.choices))
    parent = Field(widget=TextWidget())
    description = Field(widget=TextWidget())
    aliases = Field(widget=TextWidget())

    def columns(self) -> Sequence[str]:
        return list(EntityTable.columns)

    def written(self, keys: Sequence[str]) -> dict[str, Sequence[Any]]:
        table = EntityTable(Entity.objects.filter(Among("slug", keys)).order_by("pk"))
        return {str(cells[0]): cells for cells in table.rows()}

    def lock(self, keys: Sequence[str]) -> None:
        """Lock them all: names and parents are judged against each other."""
        list(Entity.objects.select_for_update().order_by("pk").values_list("pk"))

    def read_rows(self, rows: Sequence[SheetRow]) -> None:
        self.reader = PartyReader()
        self.by_slug = {entity.slug: entity for entity in Entity.objects.select_related("parent")}
        self.alias_of = {alias.key: alias for alias in EntityAlias.objects.select_related("entity")}
        touched = [row for row in rows if row.edited and not row.verdict.problems]
        slugs = set(self.by_slug)
        named: dict[str, int] = {}
        for row in touched:
            self._read(row, slugs, named)
        new = {row.verdict.ref: row.verdict.instance for row in touched if row.is_new}
        for row in touched:
            if "parent" in row.edited and not row.verdict.problems:
                self._read_parent(row, new)
        safe: set[str] = set()
        for row in touched:
            if not row.verdict.problems:
                self._refuse_circle(row, safe)
        names: dict[str, str] = {}
        for row in touched:
            if "aliases" in row.edited and not row.verdict.problems:
                self._read_aliases(row, names)

    def _read(self, row: SheetRow, slugs: set[str], named: dict[str, int]) -> None:
        verdict = row.verdict
        entity = verdict.instance = Entity(slug=row.key) if row.is_new else self.by_slug[row.key]
        verdict.is_record_new = row.is_new
        for name in PLAIN:
            if name in row.edited:
                value = row.read(name)
                if value is not None and value != getattr(entity, name):
                    old = getattr(entity, name)
                    setattr(entity, name, value)
                    verdict.changes.append(Change(name, row.now(name), str(value)))
                    verdict.plan.setdefault("fields", {})[name] = (old, value)
        verdict.title = entity.name
        if not entity.kind and not verdict.problems:
            verdict.refuse("kind", "", _("Say of which kind it is."))
        if not entity.name and not verdict.problems:
            verdict.refuse("name", "", _("An entity needs a name."))
        if row.is_new and not verdict.problems:
            self._make_slug(row, slugs, named)

    def _make_slug(self, row: SheetRow, slugs: set[str], named: dict[str, int]) -> None:
        """Give a new entity its address, unless one that is there has its names, or a row its name.

        `named` has the rows of the file that have taken names, by the keys of these.
        """
        verdict, entity = row.verdict, row.verdict.instance
        key = name_key(entity.name)
        if key and named.setdefault(key, verdict.number) != verdict.number:
            sentence = _("Row %(number)d has this name too. Keep one.")
            verdict.refuse("name", entity.name, sentence % {"number": named[key]})
            return
        for name in filter(None, (entity.name, entity.acronym, row.key)):
            known = self.reader.known.get(name_key(name))
            if known:
                there = sorted(known, key=lambda one: one.slug)[0]
                verdict.refuse(
                    "name",
                    name,
                    _("%(name)s has this name already. Write its address, “%(slug)s”, in slug.")
                    % {"name": there.full_name, "slug": there.slug},
                )
                return
        stem = row.key or slugify(entity.acronym or entity.name)[:55] or "entity"
        slug, count = stem, 1
        while slug in slugs and not row.key:
            count += 1
            slug = f"{stem}-{count}"
        try:
            Entity._meta.get_field("slug").clean(slug, entity)
        except ValidationError as error:
            verdict.refuse("slug", slug, " ".join(error.messages))
            return
        slugs.add(slug)
        entity.slug = verdict.ref = slug

    def _read_parent(self, row: SheetRow, new: dict[str, Entity]) -> None:
        text = cell_words(row.edited["parent"])
        parent: Entity | None = None
        if text:
            parent = new.get(text) or self.by_slug.get(text)
            by_name = [one for one in new.values() if text in (one.name, one.acronym)]
            try:
                parent = parent or (by_name[0] if by_name else self.reader.one(text))
            except UnknownParty as error:
                row.verdict.refuse("parent", text, str(error))
                return
            # The same record as the other rows have, which may be changed by them.
            parent = self.by_slug.get(parent.slug, parent)
        entity = row.verdict.instance
        if entity.parent != parent:
            old = entity.parent
            entity.parent = parent
            row.verdict.changes.append(Change("parent", row.now("parent"), text))
            row.verdict.plan.setdefault("fields", {})["parent"] = (old, parent)

    def _refuse_circle(self, row: SheetRow, safe: set[str]) -> None:
        """Refuse a parent that is below; `safe` are the entities above which is no circle."""
        entity = row.verdict.instance
        seen, above = {entity.slug}, entity.parent
        while above is not None and above.slug not in safe:
            above = self.by_slug.get(above.slug, above)
            if above is entity or above.slug == entity.slug:
                row.verdict.refuse(
                    "parent",
                    cell_words(row.edited.get("parent")),
                    _("An entity cannot be part of itself, directly or through others."),
                )
                return
            if above.slug in seen:
                return  # a circle of others, which their own rows are told of
            seen.add(above.slug)
            above = above.parent
        safe |= seen

    def _read_aliases(self, row: SheetRow, names: dict[str, str]) -> None:
        """Read the other names; `names` are those that rows before have taken, by key."""
        verdict = row.verdict
        texts = [text.strip() for text in as_text(row.edited["aliases"]).split(";")]
        wanted = {name_key(text): text for text in texts if text}
        before = {
            key: alias
            for key, alias in self.alias_of.items()
            if alias.entity.slug == verdict.instance.slug
        }
        for key, text in wanted.items():
            others = {
                str(one)
                for one in (self.reader.known.get(key, ()) if key not in before else ())
                if one.slug != verdict.instance.slug
            }
            if not key:
                sentence = _("An alias needs at least one letter or digit.")
            elif len(text) > 200:
                sentence = _("At most %(limit)d characters, please.") % {"limit": 200}
            elif others:
                sentence = _("“%(alias)s” already finds %(entity)s.") % {
                    "alias": text,
                    "entity": "; ".join(sorted(others)),
                }
            elif key in names:
                sentence = _("Another row of the file has this name: %(slug)s.") % {
                    "slug": names[key]
                }
            else:
                names[key] = verdict.ref
                continue
            verdict.refuse("aliases", text, sentence)
        add = [text for key, text in wanted.items() if key not in before]
        gone = [alias for key, alias in before.items() if key not in wanted]
        if add or gone:
            verdict.plan["aliases"] = (add, gone)
            verdict.changes.append(
                Change("aliases", row.now("aliases"), cell_words(row.edited["aliases"]))
            )

    def tells_source(self, verdicts: Sequence[Verdict]) -> bool:
        return False

    def save(self, verdicts: Sequence[Verdict], source: SourceDocument | None) -> None:
        for entities in by_depth([one.instance for one in verdicts if one.is_record_new]):
            bulk.create_all(Entity, entities, self.user)
        changed = {
            verdict.instance: verdict.plan["fields"]
            for verdict in verdicts
            if not verdict.is_record_new and verdict.plan.get("fields")
        }
        bulk.change_all(Entity, changed, self.user)
        gone = [alias for one in verdicts for alias in one.plan.get("aliases", ((), ()))[1]]
        bulk.delete_all(EntityAlias, gone, self.user)
        bulk.create_all(
            EntityAlias,
            [
                EntityAlias(entity=one.instance, alias=alias, key=name_key(alias))
                for one in verdicts
                for alias in one.plan.get("aliases", ((), ()))[0]
            ],
            self.user,
        )
        bulk.tell(Entity, [one.instance.pk for one in verdicts if "aliases" in one.plan])
