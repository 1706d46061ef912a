"""Entities as a table and a file: a row for each, with its other names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from workplans.chunks import in_chunks
from workplans.exports import Cells, TableFile
from workplans.lists import file_name
from workplans.models import EntityAlias
from workplans.pages import Asked
from workplans.workbooks import Cell


class EntityTable:
    """Entities of a query set; the columns are permanent, new ones come at the end."""

    columns: Mapping[str, Cells] = {
        "slug": lambda entity, _: entity.slug,
        "name": lambda entity, _: entity.name,
        "acronym": lambda entity, _: entity.acronym,
        "kind": lambda entity, _: entity.kind,
        "parent": lambda entity, _: entity.parent.slug if entity.parent else "",
        "description": lambda entity, _: entity.description,
        "aliases": lambda entity, _: "; ".join(alias.alias for alias in entity.aliases.all()),
    }

    def __init__(self, entities: Any) -> None:
        aliases = Prefetch("aliases", EntityAlias.objects.order_by("alias"))
        self.entities = entities.select_related("parent").prefetch_related(aliases)

    def rows(self) -> Iterator[list[Cell]]:
        """Give the cells of each entity."""
        for chunk in in_chunks(self.entities):
            for entity in chunk:
                yield [cell(entity, {}) for cell in self.columns.values()]


class EntityFile(TableFile):
    """Entities, for whoever keeps them elsewhere too."""

    title = gettext_lazy("Entities")
    columns = EntityTable.columns
    widths = {"slug": 20, "name": 50, "description": 50, "aliases": 40}

    def __init__(self, request: HttpRequest, asked: Asked, entities: Any) -> None:
        super().__init__(request, asked)
        self.entities = entities

    @property
    def download_name(self) -> str:
        return file_name("entities", [], self.asked.day)

    def rows(self) -> Iterator[list[Cell]]:
        return EntityTable(self.entities).rows()
