"""Made-up records of any amount, to measure pages on: one large workplan, or a whole site."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from actionpoints.models import (
    ActionPoint,
    Mandate,
    Meeting,
    Recommendation,
    RecommendationAddressee,
    Review,
)
from iasc_tracker.search import index
from workplans import days
from workplans.models import (
    Deliverable,
    Entity,
    EntityKind,
    Level,
    Membership,
    PriorityArea,
    Role,
    SourceDocument,
    Workplan,
)
from workplans.status import Entry, record_updates
from workplans.status_words import ACTION_POINT_STATUSES, DELIVERABLE_STATUSES

# What addresses and references begin with, so that no record that is there has them.
SLUG = "benchmark"
# The days between which the one workplan's updates were told.
FIRST, LAST = date(2021, 2, 1), date(2021, 6, 30)
AREAS, PARTIES, UPDATES = 7, 20, 5
# What titles and narratives are made of, at random.
TEXT = (
    "the sub-group shared a first draft with members for feedback and consultations were held "
    "with local actors in several languages before the guidance went to the group for endorsement"
)
WORD = "consultations"  # one of them, to search for

GROUPS, AGENCIES, MEETINGS, REVIEWS, THEMES = 6, 40, 30, 4, 12
# With 400 deliverables: 12 workplans, 2,000 action points, 100 recommendations, 4,000 updates.
ACTION_POINTS_EACH, DELIVERABLES_FOR_A_RECOMMENDATION = 5, 4


def make_workplan(amount: int) -> None:
    """Make a published workplan: each deliverable with parties, and one in five with a part."""
    chance = Random(1)
    parties = make_entities(PARTIES, EntityKind.AGENCY)
    plan = Workplan.objects.create(
        title="Benchmark", slug=SLUG, owner=parties[0], published=True, starts_on=FIRST
    )
    items = make_deliverables(plan, amount, chance)
    give_parties(items, parties, chance)
    source = make_source("source", LAST)
    record_updates(
        [
            Entry(
                item=item,
                status=chance.choice(["ongoing", "completed", "continuous"]) if is_last else "",
                narrative=sentence(chance, 60 if is_last else 25),
                effective_on=LAST - timedelta(days=20 * (UPDATES - 1 - number)),
                source=source,
            )
            for item in items
            for number, is_last in enumerate([False] * (UPDATES - 1) + [True])
        ]
    )


@dataclass
class Site:
    """What a whole site has one of, for the pages of one record."""

    group: Entity
    party: Entity
    workplan: Workplan
    deliverable: Deliverable
    action_point: ActionPoint
    meeting: Meeting
    recommendation: Recommendation


def make_site(amount: int) -> Site:
    """Make a site of some deliverables, and of all else in proportion.

    Six groups with two workplans each, an earlier one and the present one, which carries
    it on; meetings, month by month up to today, with their action points; reviews with
    recommendations; parties, parts, mandates and histories. All is published and nothing
    archived, so that pages have as much as possible to show.
    """
    chance = Random(1)
    today = days.site_today()
    groups = make_entities(GROUPS, EntityKind.RESULTS_GROUP)
    [body] = make_entities(1, EntityKind.BODY)
    agencies = make_entities(AGENCIES, EntityKind.AGENCY)
    Membership.objects.bulk_create(
        Membership(group=group, member=member, role=Membership.Role.CO_CHAIR)
        for group in groups
        for member in chance.sample(agencies, 2)
    )
    meetings = make_meetings([body, *groups], today)
    recommendations = make_recommendations(
        body, agencies, amount // DELIVERABLES_FOR_A_RECOMMENDATION, today, chance
    )
    earlier: list[Deliverable] = []
    present: list[Deliverable] = []
    for number, group in enumerate(groups):
        share = amount // (2 * GROUPS) + (number < amount // 2 % GROUPS)
        for items, year in ((earlier, today.year - 3), (present, today.year - 1)):
            plan = Workplan.objects.create(
                title=f"Benchmark of {group}, {year}",
                slug=f"{group.slug}-{year}",
                owner=group,
                published=True,
                starts_on=date(year, 1, 1),
                ends_on=date(year + 1, 12, 31),
            )
            items += make_deliverables(plan, share, chance)
    for before, after in zip(earlier, present, strict=True):
        after.continues = before
    Deliverable.objects.bulk_update(present, ["continues"], batch_size=500)
    deliverables = [*earlier, *present]
    points = make_action_points(
        meetings, recommendations, amount * ACTION_POINTS_EACH, today, chance
    )
    give_parties(deliverables, agencies, chance)
    give_parties(points, agencies, chance)
    give_mandates(deliverables, points, recommendations, chance)
    tell_deliverables(deliverables, today, chance)
    tell_action_points(points, meetings, chance)
    index.rebuild()  # most was made in bulk, which tells the search of nothing
    return Site(
        group=groups[0],
        party=agencies[0],
        workplan=present[0].priority_area.workplan,
        deliverable=present[0],
        action_point=points[1],  # the first is a recommendation's
        meeting=meetings[MEETINGS // 2],
        recommendation=recommendations[0],
    )


def make_entities(amount: int, kind: EntityKind) -> list[Entity]:
    name = str(kind.label)
    return Entity.objects.bulk_create(
        Entity(
            name=f"Benchmark {name} {number}",
            acronym=f"{kind[0].upper()}-{number}",
            slug=f"{SLUG}-{kind}-{number}".replace("_", "-"),
            kind=kind,
        )
        for number in range(amount)
    )


def make_source(name: str, day: date) -> SourceDocument:
    return SourceDocument.objects.create(
        title=f"Benchmark: {name}", slug=f"{SLUG}-{name}", dated=day
    )


def make_meetings(bodies: list[Entity], today: date) -> list[Meeting]:
    """Make meetings of bodies in turn, a month apart, each with a record of five days later."""
    meetings = []
    for number in range(MEETINGS):
        day = today - timedelta(days=30 * (MEETINGS - number))
        body = bodies[number % len(bodies)]
        meetings.append(
            Meeting.objects.create(
                body=body,
                title=f"Benchmark meeting {number}",
                slug=f"{SLUG}-meeting-{number}",
                held_on=day,
                published=True,
                record=make_source(f"record-{number}", day + timedelta(days=5)),
            )
        )
    return meetings


def make_recommendations(
    body: Entity, agencies: list[Entity], amount: int, today: date, chance: Random
) -> list[Recommendation]:
    """Make reviews with some recommendations, at least one, each addressed to two parties."""
    reviews = [
        Review.objects.create(
            title=f"Benchmark review {number}",
            slug=f"{SLUG}-review-{number}",
            body=body,
            issued_on=today - timedelta(days=900 + number),
            published=True,
        )
        for number in range(REVIEWS)
    ]
    made = Recommendation.objects.bulk_create(
        Recommendation(
            ref=f"{SLUG}-R-{number}".upper(),
            review=reviews[number % REVIEWS],
            number=str(number + 1),
            order=number,
            title=sentence(chance, 14),
            text=sentence(chance, 40),
            response=chance.choice(Recommendation.Response.values),
            response_words=sentence(chance, 30),
        )
        for number in range(max(amount, 1))
    )
    RecommendationAddressee.objects.bulk_create(
        RecommendationAddressee(recommendation=one, entity=party, order=order)
        for one in made
        for order, party in enumerate(chance.sample(agencies, 2))
    )
    return made


def make_deliverables(plan: Workplan, amount: int, chance: Random) -> list[Deliverable]:
    """Make a workplan's areas and deliverables; one in five has a part, listed after them all."""
    begins = plan.starts_on or FIRST
    areas = [
        PriorityArea.objects.create(workplan=plan, number=str(n), title=f"Area {n}", order=n)
        for n in range(1, AREAS + 1)
    ]

    def make(number: int, order: int, name: str, **fields: Any) -> Deliverable:
        due = begins + timedelta(days=chance.randrange(60, 730))
        return Deliverable(
            ref=f"{plan.slug}-{name}".upper(),
            number=name,
            title=sentence(chance, 14),
            priority_area=areas[number * AREAS // amount],
            order=order,
            introduced_on=begins,
            initial_timeframe=f"by {due.isoformat()}",
            initial_latest=due,
            **fields,
        )

    items = [make(n, n * 2, str(n)) for n in range(amount)]
    Deliverable.objects.bulk_create(items)
    parts = [
        make(n, n * 2 + 1, f"{n}-i", level=Level.PART, parent=items[n]) for n in range(0, amount, 5)
    ]
    return [*items, *Deliverable.objects.bulk_create(parts)]


def make_action_points(
    meetings: list[Meeting],
    recommendations: list[Recommendation],
    amount: int,
    today: date,
    chance: Random,
) -> list[ActionPoint]:
    """Make action points: four in five decided by meetings, the others by recommendations."""
    points = []
    for number in range(amount):
        meeting = meetings[number * len(meetings) // amount] if number % 5 else None
        begins = meeting.held_on if meeting else today - timedelta(days=800)
        due = begins + timedelta(days=chance.randrange(30, 500))
        points.append(
            ActionPoint(
                ref=f"{SLUG}-A-{number}".upper(),
                number=str(number),
                order=number,
                title=sentence(chance, 14),
                meeting=meeting,
                recommendation=None if meeting else recommendations[number % len(recommendations)],
                theme=f"Theme {chance.randrange(THEMES)}",
                introduced_on=begins,
                initial_timeframe=f"by {due.isoformat()}" if number % 3 else "",
                initial_latest=due if number % 3 else None,
            )
        )
    return ActionPoint.objects.bulk_create(points, batch_size=500)


def give_parties(
    items: list[Deliverable] | list[ActionPoint], parties: list[Entity], chance: Random
) -> None:
    """Give each item two leads, a contributor and one who is consulted."""
    model: Any = type(items[0])._meta.get_field("responsibilities").related_model
    roles = (Role.LEAD, Role.LEAD, Role.CONTRIBUTOR, Role.CONSULTED)
    model.objects.bulk_create(
        (
            model(item=item, entity=party, role=role, order=order)
            for item in items
            for order, (party, role) in enumerate(
                zip(chance.sample(parties, len(roles)), roles, strict=True)
            )
        ),
        batch_size=500,
    )


def give_mandates(
    deliverables: list[Deliverable],
    points: list[ActionPoint],
    recommendations: list[Recommendation],
    chance: Random,
) -> None:
    """Let an action point and a recommendation stand behind each deliverable."""
    Mandate.objects.bulk_create(
        mandate
        for item in deliverables
        for mandate in (
            Mandate(deliverable=item, by_action_point=chance.choice(points)),
            Mandate(deliverable=item, by_recommendation=chance.choice(recommendations)),
        )
    )


def tell_deliverables(items: list[Deliverable], today: date, chance: Random) -> None:
    """Tell each deliverable's history, from report to report up to today."""
    sources = {
        number: make_source(f"report-{number}", today - timedelta(days=150 * number))
        for number in range(UPDATES)
    }
    codes = [word.code for word in DELIVERABLE_STATUSES]
    record_updates(
        [
            Entry(
                item=item,
                status=chance.choice(codes) if number in (0, UPDATES - 1) else "",
                narrative=sentence(chance, 25),
                timeframe="" if number else chance.choice(["", "end 2030", "June 2021"]),
                source=sources[number],
            )
            for item in items
            for number in reversed(range(UPDATES))
        ]
    )


def tell_action_points(points: list[ActionPoint], meetings: list[Meeting], chance: Random) -> None:
    """Let the record of the next meeting, or the last one's, tell of each action point."""
    codes = [word.code for word in ACTION_POINT_STATUSES]
    following = dict(zip(meetings, [*meetings[1:], meetings[-1]], strict=True))
    record_updates(
        [
            Entry(
                item=point,
                status=chance.choice(codes),
                narrative=sentence(chance, 25),
                source=(following[point.meeting] if point.meeting else meetings[-1]).record,
            )
            for point in points
        ]
    )


def sentence(chance: Random, length: int) -> str:
    return " ".join(chance.choices(TEXT.split(), k=length)).capitalize()
