"""What pages, figures and documents tell of action points: query set in, plain figures out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext as _

from actionpoints.models import (
    ActionPoint,
    ActionPointUpdate,
    Mandate,
    Meeting,
    PublishableQuerySet,
    Recommendation,
    RecommendationQuerySet,
)
from workplans.lists import day_words
from workplans.models import Deliverable, Entity, Level, TrackedItemQuerySet
from workplans.models.ledger_rows import OLDEST_FIRST
from workplans.models.tracking import Viewer
from workplans.reports import Tally, TallyOf, tallies, tally_by
from workplans.status_words import COMPLETED
from workplans.timeframes import AmbiguousDate, read_timeframe


def by_body(items: TrackedItemQuerySet[Any]) -> list[TallyOf[Entity]]:
    """Return the counts of each body whose meetings decided some, by its name.

    One GROUP BY and one query for the bodies. What no meeting decided is in no row.
    """
    counted = {body: count for (body,), count in tallies(items, "meeting__body").items() if body}
    bodies = Entity.objects.filter(pk__in=counted)
    return [TallyOf(body, counted[body.pk]) for body in bodies]


def by_meeting(
    items: TrackedItemQuerySet[Any], meetings: Iterable[Meeting]
) -> list[TallyOf[Meeting]]:
    """Return the counts of the action points that each meeting decided, in the order given."""
    return tally_by(items, "meeting", meetings)


def by_recommendation(
    items: TrackedItemQuerySet[Any], recommendations: Iterable[Recommendation]
) -> list[TallyOf[Recommendation]]:
    """Return the counts of the follow-up actions of each recommendation, in the order given."""
    return tally_by(items, "recommendation", recommendations)


def all_it_asked_for_is_completed(user: Viewer, day: date) -> Q:
    """Return the condition that deliverables cite an action point, and all are completed.

    Only those count that a visitor may see and that existed on the day.
    """
    known: Any = Deliverable.objects.visible_to(user).as_of(day).exclude(level=Level.HEADING)
    known = known.order_by()
    cited = Mandate.objects.known_on(day).filter(by_action_point=OuterRef("pk"))
    unfinished = known.exclude(status=COMPLETED.code)
    return Q(Exists(cited.filter(deliverable__in=known.values("pk")))) & ~Q(
        Exists(cited.filter(deliverable__in=unfinished.values("pk")))
    )


def asked_for(items: Iterable[ActionPoint], user: Viewer, day: date) -> dict[int, list[Any]]:
    """Return the deliverables that cite some action points, with their state of the day.

    The keys are those of the action points; one that none cites has no key. Two queries.
    """
    rows = (
        Mandate.objects.known_on(day)
        .filter(by_action_point__in=[item.pk for item in items], deliverable__isnull=False)
        .order_by("by_action_point", "deliverable__ref")
        .values_list("by_action_point", "deliverable")
        .distinct()
    )
    pairs = list(rows)
    known = Deliverable.objects.visible_to(user).as_of(day).exclude(level=Level.HEADING)
    by_key = known.in_bulk([deliverable for _item, deliverable in pairs])
    cited: dict[int, list[Any]] = {}
    for item, deliverable in pairs:
        if deliverable in by_key:
            cited.setdefault(item, []).append(by_key[deliverable])
    return cited


def mandate_sentences(deliverables: Iterable[int], day: date) -> dict[int, list[str]]:
    """Return who asked for each deliverable by a day, a sentence for each decision; one query.

    The keys are those of the deliverables; one that nobody is known to have asked for has
    none. Only decisions that a document cites count, and those whose body is known.
    """
    cited = (
        Mandate.objects.known_on(day)
        .filter(deliverable__in=list(deliverables), inferred=False, body__isnull=False)
        .select_related("body")
        .order_by("decided_on", "pk")
    )
    found: dict[int, list[str]] = {}
    for mandate in cited:
        if mandate.deliverable_id is not None:
            found.setdefault(mandate.deliverable_id, []).append(mandate_sentence(mandate))
    return {item: list(dict.fromkeys(sentences)) for item, sentences in found.items()}


def is_read_otherwise(mandate: Mandate) -> bool:
    """Whether a mandate's day was read otherwise than it was printed."""
    if not mandate.date_words or mandate.decided_on is None:
        return False
    try:
        printed = read_timeframe(mandate.date_words)
    except AmbiguousDate:
        return True
    return printed.latest != mandate.decided_on


def mandate_sentence(mandate: Mandate) -> str:
    """Return who decided what a mandate says, and when: as printed, and as read if otherwise."""
    dated = {
        Mandate.Kind.AGREED: _("Agreed by %(body)s, %(day)s"),
        Mandate.Kind.REQUESTED: _("Requested by %(body)s, %(day)s"),
        Mandate.Kind.ENDORSED: _("Endorsed by %(body)s, %(day)s"),
    }
    undated = {
        Mandate.Kind.AGREED: _("Agreed by %(body)s"),
        Mandate.Kind.REQUESTED: _("Requested by %(body)s"),
        Mandate.Kind.ENDORSED: _("Endorsed by %(body)s"),
    }
    printed = mandate.date_words
    read = day_words(mandate.decided_on) if mandate.decided_on else ""
    day = printed or read
    if is_read_otherwise(mandate):
        day = _("%(printed)s (read as %(read)s)") % {"printed": printed, "read": read}
    sentence = (dated if day else undated)[Mandate.Kind(mandate.kind)]
    return sentence % {"body": mandate.body, "day": day}


def by_theme(items: TrackedItemQuerySet[Any]) -> dict[str, Tally]:
    """Return the counts for each theme, by name; "" holds what has none."""
    return {theme: count for (theme,), count in sorted(tallies(items, "theme").items())}


def combined_with(
    keys: Iterable[int], known: TrackedItemQuerySet[Any]
) -> dict[int, list[ActionPoint]]:
    """Return which of the known action points a source says to combine with some, in one query.

    The keys are those of the action points; one that is to be combined with none is left out.
    """
    pairs = (
        ActionPoint.combine_with.through.objects.filter(
            from_actionpoint__in=list(keys),
            to_actionpoint__in=known.order_by().values("pk"),
        )
        .select_related("to_actionpoint")
        .order_by("to_actionpoint__order", "to_actionpoint__ref")
    )
    combined: dict[int, list[ActionPoint]] = {}
    for pair in pairs:
        combined.setdefault(pair.from_actionpoint_id, []).append(pair.to_actionpoint)
    return combined


def by_response(recommendations: RecommendationQuerySet) -> dict[tuple[int, str], int]:
    """Return how many recommendations of each review have which response, in one query.

    The keys are the review's key and the response.
    """
    counted = recommendations.order_by().values_list("review", "response")
    return {
        (review, response): how_many
        for review, response, how_many in counted.annotate(how_many=Count("pk"))
    }


def meetings_by_body(meetings: PublishableQuerySet) -> dict[int, int]:
    """Return how many meetings each body held, keyed by the body's key, in one query."""
    counted = meetings.order_by().values_list("body")
    return dict(counted.annotate(how_many=Count("pk")))


def reviewed_by_meeting(
    items: TrackedItemQuerySet[Any], meetings: Iterable[int], day: date
) -> dict[int, int]:
    """Return of how many action points each meeting's record told something by a day.

    One GROUP BY; meetings are given and returned by their keys, those that reviewed none
    are left out.
    """
    rows = ActionPointUpdate.objects.standing().filter(
        source__meeting__in=list(meetings),
        reported_on__lte=day,
        item__in=items.order_by().values("pk"),
    )
    counted = rows.order_by().values_list("source__meeting")
    return dict(counted.annotate(how_many=Count("item", distinct=True)))


@dataclass(frozen=True, slots=True)
class Told:
    """What the record of a meeting told about one action point.

    Status ("" for none) and narrative are each those of the last row of the record that
    carries one; `item` has its state of the day asked for, which may have moved on since.
    """

    item: ActionPoint
    status: str
    narrative: str


def told_by_record(meeting: Meeting, items: Iterable[ActionPoint], day: date) -> list[Told]:
    """Return what a meeting's record told, by a day, of each action point it reviewed.

    `items` were read from `as_of(day)`; they keep their order, and one that the record
    does not name is left out. One query.
    """
    status: dict[int, str] = {}
    narrative: dict[int, str] = {}
    for row in (
        ActionPointUpdate.objects.standing()
        .filter(source__meeting=meeting, reported_on__lte=day)
        .order_by(*OLDEST_FIRST)
    ):
        status[row.item_id] = row.status or status.get(row.item_id, "")
        narrative[row.item_id] = row.narrative or narrative.get(row.item_id, "")
    return [Told(item, status[item.pk], narrative[item.pk]) for item in items if item.pk in status]
