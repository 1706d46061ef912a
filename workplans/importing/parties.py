"""Parties as people write them: "OCHA; UNHCR (support)", "OCHA in consultation with UNHCR, UNICEF".

The domain's documents name parties in one cell, in several roles, in several spellings. They are
found by short name, full name, address and alias, whatever the accents, case and punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.translation import gettext as _

from workplans.models import Entity, EntityAlias, Role
from workplans.models.entities import name_key

# How many of the nearest names an error offers.
OFFERED = 3
# For how many unknown names of a file these are looked for.
MOST_LOOKED_FOR = 50
# Longer cells name no parties.
LONGEST = 2000

# What gives the parties after it a role.
_ROLE_PHRASES: dict[str, Role] = {
    "in consultation with": Role.CONSULTED,
    "in collaboration with": Role.CONTRIBUTOR,
    "in coordination with": Role.CONTRIBUTOR,
    "in cooperation with": Role.CONTRIBUTOR,
    "with the support of": Role.SUPPORT,
    "with the support from": Role.SUPPORT,
    "with support of": Role.SUPPORT,
    "with support from": Role.SUPPORT,
    "supported by": Role.SUPPORT,
}
_PHRASE = re.compile(
    r"\b(" + "|".join(phrase.replace(" ", r"\s+") for phrase in _ROLE_PHRASES) + r")\b",
    re.IGNORECASE,
)
# What may stand in brackets after a party, beside the roles' codes and labels.
_ROLE_WORDS = {
    "supporting": Role.SUPPORT,
    "consult": Role.CONSULTED,
    "contributing": Role.CONTRIBUTOR,
    "colead": Role.CO_LEAD,
}
_BRACKET = re.compile(r"(.*\S)\s*[(\[]([^()\[\]]+)[)\]]\s*", re.DOTALL)
_SEGMENTS = re.compile(r"[;\n]")
_WITHIN = re.compile(r"\s*(?:,|/|&|\+|\band\b)\s*", re.IGNORECASE)
# What stands in a cell that names nobody.
_NOBODY = {"", "na", "none", "tbd", "tbc", "tba"}


@dataclass(frozen=True, slots=True)
class Named:
    """A party that a cell names, and the role that it gives; "" where it gives none."""

    entity: Entity
    role: str


class UnknownParty(ValueError):
    """A cell names what is no party, or may be several; as a string it says so, and the cure."""


class PartyReader:
    """Reads cells that name parties. Knows every name and alias, from two queries."""

    def __init__(self) -> None:
        self.known: dict[str, set[Entity]] = {}
        self.spellings: dict[str, str] = {}
        entities = {entity.pk: entity for entity in Entity.objects.all()}
        for entity in entities.values():
            for name in (entity.acronym, entity.name, entity.slug, entity.full_name):
                self._know(name, entity)
        for entity_id, alias in EntityAlias.objects.values_list("entity", "alias"):
            self._know(alias, entities[entity_id])
        # The pieces that the longest name has, with a role in brackets behind it.
        self.longest = 2 + max(len(_WITHIN.split(name)) for name in ["", *self.spellings.values()])
        self.roles = {name_key(role.value): role for role in Role}
        self.roles |= {name_key(str(role.label)): role for role in Role} | _ROLE_WORDS
        self.read: dict[str, tuple[Named, ...]] = {}
        self.ones: dict[tuple[str, str], Named | None] = {}
        self.refusals: dict[str, str] = {}

    def _know(self, name: str, entity: Entity) -> None:
        if key := name_key(name):
            self.known.setdefault(key, set()).add(entity)
            self.spellings.setdefault(key, name)

    def parties(self, text: str) -> tuple[Named, ...]:
        """Return the parties of a cell in their order, each once a role.

        Raise UnknownParty for a name that is not known.
        """
        if text not in self.read:
            if len(text) > LONGEST:
                raise UnknownParty(_("The cell is too long to name parties."))
            self.read[text] = tuple(dict.fromkeys(self._segments(text)))
        return self.read[text]

    def _segments(self, text: str) -> Iterator[Named]:
        for segment in _SEGMENTS.split(text):
            role = ""
            for place, words in enumerate(_PHRASE.split(segment)):
                if place % 2:
                    role = _ROLE_PHRASES[" ".join(words.lower().split())]
                else:
                    yield from self._list(words.strip(" ,"), role)

    def _list(self, words: str, role: str) -> Iterator[Named]:
        """Yield the parties of a list without a phrase: the longest names that are known."""
        whole = self._one(words, role)
        if whole:
            yield whole
            return
        if name_key(words) in _NOBODY:
            return
        # Names may hold commas and "and" themselves: the longest run that is a name is one.
        pieces = _WITHIN.split(words)
        marks = _WITHIN.findall(words)
        at = 0
        while at < len(pieces):
            for end in range(min(len(pieces), at + self.longest), at, -1):
                run = "".join(
                    piece + mark
                    for piece, mark in zip(pieces[at:end], [*marks[at : end - 1], ""], strict=True)
                )
                if found := self._one(run, role):
                    yield found
                    break
            else:
                if pieces[at].strip():
                    raise UnknownParty(self._refusal(pieces[at].strip()))
                end = at + 1
            at = end

    def _one(self, words: str, role: str) -> Named | None:
        """Return the one party that some words name, with the role in brackets after it."""
        if (words, role) not in self.ones:
            self.ones[words, role] = self._read_one(words, role)
        return self.ones[words, role]

    def _read_one(self, words: str, role: str) -> Named | None:
        if entity := self._find(words):
            return Named(entity, role)
        bracket = _BRACKET.fullmatch(words)
        if bracket is None:
            return None
        name, within = bracket.groups()
        given = self.roles.get(name_key(within))
        entity = self._find(name)
        if given is not None and entity is not None:
            return Named(entity, given)
        # A full name with its acronym behind it, in whatever spelling.
        return Named(entity, role) if entity is not None and self._find(within) == entity else None

    def _find(self, words: str) -> Entity | None:
        found = self.known.get(name_key(words), set())
        if len(found) > 1:
            raise UnknownParty(
                _("“%(name)s” may be any of these, write the whole name: %(names)s.")
                % {"name": words.strip(), "names": "; ".join(sorted(e.full_name for e in found))}
            )
        return next(iter(found), None)

    def one(self, text: str) -> Entity:
        """Return the one entity that a cell names, or raise UnknownParty."""
        found = self._find(text)
        if found is None:
            raise UnknownParty(self._refusal(text.strip()))
        return found

    def _refusal(self, name: str) -> str:
        """Return a sentence about a name that is not known."""
        if name not in self.refusals:
            self.refusals[name] = self._make_refusal(name)
        return self.refusals[name]

    def _make_refusal(self, name: str) -> str:
        # To look for near names takes long; a file with so many unknown ones has another problem.
        near = len(self.refusals) < MOST_LOOKED_FOR
        keys = (
            get_close_matches(name_key(name), self.spellings, n=OFFERED, cutoff=0.5) if near else ()
        )
        words = {"name": name[:80], "names": "; ".join(self.spellings[key] for key in keys)}
        if not keys:
            return _("“%(name)s” is not known as a party. Enter it as an entity first.") % words
        return _("“%(name)s” is not known as a party. Nearest: %(names)s.") % words
