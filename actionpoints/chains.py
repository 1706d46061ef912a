"""From decision to deliverable: who asked for an item, and what a decision led to.

Mandates tie an item to the action point, recommendation or earlier deliverable that asked
for it, and `continues` ties it to the item that it carries on. Both directions are read in
the same way: first the ties alone, one query for each step away from the start, however
many there are; then what a visitor may see of what they name, one query for each kind.
What is not visible, or did not exist on the day, is passed over with all that hangs on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from django.db.models import BigIntegerField, Model, Q, Value

from actionpoints.models import ActionPoint, Mandate, Recommendation
from actionpoints.views import ActionPointListing
from workplans.lists import ItemRow, Listing, Parties, day_words
from workplans.models import Deliverable
from workplans.models.tracking import Viewer
from workplans.pages import Asked
from workplans.views import DeliverableListing

# A recommendation, the deliverable of one plan, an action point, the deliverable of the next
# plan and its continuation are four steps; one more plan makes six.
LONGEST_CHAIN = 6

# A record as a node of a chain: its model and its key.
Key: TypeAlias = tuple[type[Model], int]
LISTINGS: dict[type[Model], type[Listing]] = {
    Deliverable: DeliverableListing,
    ActionPoint: ActionPointListing,
}


def key_of(thing: Model) -> Key:
    """Return a record as a node of a chain."""
    return type(thing), thing.pk


@dataclass(frozen=True, slots=True)
class Tie:
    """An item and what stands before it: its mandate's authors, or the item it continues."""

    item: Key
    authors: tuple[Key, ...]
    mandate: int | None = None
    inferred: bool = False


def ties_beside(keys: Iterable[Key], day: date, *, down: bool) -> list[Tie]:
    """Return the ties from some records down to what they led to, or up to what is before.

    One query; mandates decided after the day are left out.
    """
    ids: dict[type[Model], list[int]] = {Deliverable: [], ActionPoint: [], Recommendation: []}
    for model, pk in keys:
        ids[model].append(pk)
    if down:
        wanted = (
            Q(by_deliverable__in=ids[Deliverable])
            | Q(by_action_point__in=ids[ActionPoint])
            | Q(by_recommendation__in=ids[Recommendation])
        )
    else:
        wanted = Q(deliverable__in=ids[Deliverable]) | Q(action_point__in=ids[ActionPoint])
    nothing, never = Value(None, output_field=BigIntegerField()), Value(False)
    mandates = Mandate.objects.known_on(day).filter(wanted).order_by()
    # The mandates stand first: their columns say of which type the empty ones below are.
    rows = mandates.values_list(
        "pk",
        "inferred",
        "by_deliverable",
        "by_action_point",
        "by_recommendation",
        "deliverable",
        "action_point",
    ).union(
        *(
            carried_on(model, ids[model], down=down).values_list(nothing, never, *columns)
            for model, columns in (
                (Deliverable, ("continues", nothing, nothing, "pk", nothing)),
                (ActionPoint, (nothing, "continues", nothing, nothing, "pk")),
            )
            if ids[model]
        ),
        all=True,
    )
    return [
        Tie(
            item=(Deliverable, deliverable) if deliverable else (ActionPoint, action_point),
            authors=tuple(
                (model, pk)
                for model, pk in zip((Deliverable, ActionPoint, Recommendation), by, strict=True)
                if pk
            ),
            mandate=mandate,
            inferred=bool(inferred),
        )
        for mandate, inferred, *by, deliverable, action_point in rows
    ]


def carried_on(model: Any, ids: list[int], *, down: bool) -> Any:
    """Return the items that continue some items, or those among some that continue another."""
    condition = {"continues__in" if down else "pk__in": ids}
    return model.objects.filter(continues__isnull=False, **condition).order_by()


def read_ties(starts: Iterable[Key], day: date, *, down: bool) -> list[Tie]:
    """Return the ties within LONGEST_CHAIN steps of some records, each once; a cycle ends."""
    found: dict[Tie, None] = {}
    seen = set(starts)
    frontier = seen
    for _step in range(LONGEST_CHAIN):
        if not frontier:
            break
        ties = ties_beside(frontier, day, down=down)
        found.update(dict.fromkeys(ties))
        reached = {key for tie in ties for key in ((tie.item,) if down else tie.authors)}
        # Nothing stands before a recommendation.
        frontier = {key for key in reached - seen if down or key[0] is not Recommendation}
        seen = seen | frontier
    return list(found)


def read_rows(keys: Iterable[Key], asked: Asked, user: Viewer) -> dict[Key, ItemRow]:
    """Return the visible items among some records with their state of the day, without parties.

    One query for each kind that is named; deliverables stand first, both in their own order.
    """
    keys = set(keys)
    rows: dict[Key, ItemRow] = {}
    for model, listing in LISTINGS.items():
        ids = [pk for kind, pk in keys if kind is model]
        if ids:
            visible: Any = listing.filter_class.model.objects.visible_to(user)
            items = visible.as_of(asked.day, asked.known)
            for item in items.filter(pk__in=ids).select_related(*listing.reads):
                rows[model, item.pk] = ItemRow(item, asked, listing.where(item), Parties())
    return rows


# Upwards: who asked for it


@dataclass(slots=True)
class Link:
    """One mandate of an item, or the item that it continues, and what stands behind that.

    `action_point`, `deliverable` and `recommendations` are what the mandate names, or the
    recommendation that its action point follows up; what a visitor may not see is left out.
    Without a mandate it is `through` an item of an earlier plan. Where several links name the
    same record, one shows what stands behind it, and has an `anchor`; it is `again` of the others.
    """

    mandate: Mandate | None = None
    through: ItemRow | None = None
    action_point: ItemRow | None = None
    deliverable: ItemRow | None = None
    recommendations: tuple[Recommendation, ...] = ()
    behind: list[Link] = field(default_factory=list)
    anchor: str = ""
    again: Link | None = None

    @property
    def printed(self) -> str:
        """The date's words in the document, unless they are the day as read."""
        if self.mandate is None:
            return ""
        words, day = self.mandate.date_words, self.mandate.decided_on
        return "" if day is not None and words == day_words(day) else words

    @property
    def is_told(self) -> bool:
        """Whether it names anyone: a mandate's body or author, or who stands behind it."""
        if self.mandate is None:
            return bool(self.behind or self.recommendations)
        named = self.mandate.body_id or self.action_point or self.deliverable
        return bool(named or self.recommendations)

    @property
    def has_inferred(self) -> bool:
        """Whether it, or any link behind it, is inferred."""
        own = self.mandate is not None and self.mandate.inferred
        return own or any(link.has_inferred for link in self.behind)


def read_mandates(item: Any, asked: Asked, user: Viewer) -> list[Link]:
    """Return who asked for an item by the day asked for, each with what stands behind it.

    The mandates stand by their day, those without one last, and after them what the item
    continues, if anybody asked for that. Four queries beside those of the ties.
    """
    ties = read_ties([key_of(item)], asked.day, down=False)
    mandates = Mandate.objects.select_related("body", "source").in_bulk(
        [tie.mandate for tie in ties if tie.mandate]
    )
    authors = {author for tie in ties for author in tie.authors}
    rows = read_rows(authors, asked, user)
    cited = Recommendation.objects.visible_to(user).existing_on(asked.day).select_related("review")
    recommendations = cited.in_bulk([pk for model, pk in authors if model is Recommendation])
    before: dict[Key, list[Tie]] = {}
    for tie in sorted(ties, key=lambda tie: by_day(mandates.get(tie.mandate or 0))):
        before.setdefault(tie.item, []).append(tie)
    top: list[Link] = []
    waiting = [(key_of(item), top)]
    shown: dict[Key, Link | None] = {key_of(item): None}
    for key, links in waiting:  # which grows on the way
        for tie in before.get(key, []):
            link = read_link(tie, mandates, rows, recommendations, asked.day)
            links.append(link)
            for author in tie.authors:
                if author not in rows or author not in before:
                    continue
                if author not in shown:
                    shown[author] = link
                    waiting.append((author, link.behind))
                elif (other := shown[author]) is not None:
                    other.anchor = other.anchor or rows[author].item.ref
                    link.again = other
    return told(top)


def by_day(mandate: Mandate | None) -> tuple[bool, date, int]:
    """Return what sorts mandates by their day, then those without one, then what has none."""
    if mandate is None:
        return True, date.max, 0
    return False, mandate.decided_on or date.max, mandate.pk


def read_link(
    tie: Tie,
    mandates: dict[int, Mandate],
    rows: dict[Key, ItemRow],
    recommendations: dict[int, Recommendation],
    day: date,
) -> Link:
    """Return a tie as a visitor may see it."""
    named = {author[0]: rows[author] for author in tie.authors if author in rows}
    cited = [
        recommendations[pk]
        for model, pk in tie.authors
        if model is Recommendation and pk in recommendations
    ]
    action_point = named.get(ActionPoint)
    followed = action_point.item.recommendation if action_point is not None else None
    # Visible as its action point is, but perhaps not known yet.
    if followed is not None and followed not in cited:
        issued_on = followed.review.issued_on
        cited += [followed] if issued_on is None or issued_on <= day else []
    if tie.mandate is None:
        return Link(
            through=next(iter(named.values()), None),
            recommendations=tuple(cited),
        )
    return Link(
        mandate=mandates[tie.mandate],
        action_point=action_point,
        deliverable=named.get(Deliverable),
        recommendations=tuple(cited),
    )


def told(links: list[Link]) -> list[Link]:
    """Return the links that name anyone, without what names nobody behind them either."""
    for link in links:
        link.behind = told(link.behind)
    return [link for link in links if link.is_told]


# Downwards: what it led to


@dataclass(slots=True)
class Step:
    """An item that something led to, and what it led to itself in `below`.

    `continues` where it carries on the item above, instead of citing it. One that is named
    in several places shows what it led to in one of them, which has the reference
    `anchor`; the others name it in `again`.
    """

    row: ItemRow
    inferred: bool
    continues: bool
    below: list[Step] = field(default_factory=list)
    anchor: str = ""
    again: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """An item that another, or a recommendation, leads to directly."""

    key: Key
    inferred: bool
    continues: bool


class LedTo:
    """What some recommendations, action points and deliverables led to by the day asked for.

    All are read together: one query for each step, and one for each kind of item. Each
    item shows once what it led to itself, so that the trees cannot outgrow the ties.
    """

    def __init__(self, starts: Iterable[Key], asked: Asked, user: Viewer) -> None:
        self.starts = list(dict.fromkeys(starts))
        ties = read_ties(self.starts, asked.day, down=True)
        self.rows = read_rows({tie.item for tie in ties}, asked, user)
        place = {key: number for number, key in enumerate(self.rows)}
        self.reached: dict[Key, list[Reached]] = {}
        # A mandate before a continuation, and a citation before what is inferred.
        ties.sort(key=lambda tie: (place.get(tie.item, 0), tie.mandate is None, tie.inferred))
        for tie in ties:
            for author in tie.authors:
                known = self.reached.setdefault(author, [])
                if tie.item in self.rows and all(one.key != tie.item for one in known):
                    known.append(Reached(tie.item, tie.inferred, tie.mandate is None))
        self.trees = self._grow()

    def _grow(self) -> dict[Key, list[Step]]:
        trees: dict[Key, list[Step]] = {start: [] for start in self.starts}
        shown: dict[Key, Step | None] = dict.fromkeys(self.starts)
        waiting = list(trees.items())
        for key, steps in waiting:  # which grows on the way
            for one in self.reached.get(key, []):
                row = self.rows[one.key]
                step = Step(row, one.inferred, one.continues)
                steps.append(step)
                if not self.reached.get(one.key):
                    continue
                if one.key not in shown:
                    shown[one.key] = step
                    waiting.append((one.key, step.below))
                elif (other := shown[one.key]) is not None:
                    other.anchor = step.again = row.item.ref
        return trees

    def steps(self, start: Key) -> list[Step]:
        """Return the tree of what one of the starts led to: first what it led to directly."""
        return self.trees[start]

    def refs(self, starts: Iterable[Key]) -> list[str]:
        """Return the references of all that some of the starts led to together, each once.

        They stand by their distance, and leave the starts given themselves out.
        """
        given = dict.fromkeys(starts)
        found: dict[Key, None] = {}
        nearest: Iterable[Key] = given
        for _step in range(LONGEST_CHAIN):
            further = dict.fromkeys(one.key for key in nearest for one in self.reached.get(key, []))
            nearest = [key for key in further if key not in found and key not in given]
            found.update(dict.fromkeys(nearest))
        return [self.rows[key].item.ref for key in found]

    @property
    def has_inferred(self) -> bool:
        """Whether any step of the trees is inferred."""
        return any(step.inferred for steps in self.trees.values() for step in walk(steps))


def walk(steps: Iterable[Step]) -> Iterator[Step]:
    """Give all steps of a tree."""
    for step in steps:
        yield step
        yield from walk(step.below)
