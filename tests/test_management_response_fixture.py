"""The management response plan of 7 March 2016 in `fixtures/`: its counts, parties and dates."""

import json
from collections import Counter
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import transaction

from actionpoints.models import (
    ActionPoint,
    ActionPointResponsibility,
    ActionPointUpdate,
    Mandate,
    Meeting,
    Recommendation,
    RecommendationAddressee,
    Review,
)
from workplans.models import SourceDocument
from workplans.timeframes import read_timeframe

FOLDER = settings.BASE_DIR / "fixtures"
EARLIER = [
    FOLDER / name
    for name in (
        "entities.json",
        "opag-2020-07-09.json",
        "rg1-2020-07-16.json",
        "rg1-progress-2021-06.json",
    )
]
PLAN = FOLDER / "management-response-2016-03-07.json"
SOURCE, REVIEW = "management-response-2016-03-07", "wosr-2016"
DAY = date(2016, 3, 7)
NUMBERS = ["13.3", "13.4.1", "13.4.2", "13.4.3", "13.5", "13.6", "13.7", "13.8"]

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def documents(django_db_setup, django_db_blocker):
    """The documents, loaded once for all tests of this module."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("loaddata", *EARLIER, verbosity=0)
        call_command("loaddata", PLAN, verbosity=0)
        yield
        transaction.set_rollback(True)


def records():
    return json.loads(PLAN.read_text(encoding="utf-8"))


def points(level=None):
    found = ActionPoint.objects.filter(recommendation__review__slug=REVIEW)
    return found.filter(level=level) if level else found


def as_of(day):
    return ActionPoint.objects.as_of(day).filter(recommendation__review__slug=REVIEW)


def recommendations():
    return Recommendation.objects.filter(review__slug=REVIEW).order_by("order")


def ref(short):
    return f"WOSR-2016-{short}"


def parties(item, role):
    rows = item.responsibilities.filter(role=role)
    return " ".join(rows.values_list("entity__slug", flat=True))


# Loading


def test_the_file_holds_what_the_database_shows_and_nothing_else():
    shown = {
        SourceDocument: SourceDocument.objects.filter(slug=SOURCE),
        Review: Review.objects.filter(slug=REVIEW),
        Recommendation: recommendations(),
        RecommendationAddressee: RecommendationAddressee.objects.filter(
            recommendation__review__slug=REVIEW
        ),
        ActionPoint: points(),
        ActionPointResponsibility: ActionPointResponsibility.objects.filter(item__in=points()),
    }
    written = Counter(apps.get_model(record["model"]) for record in records())
    assert written == {model: rows.count() for model, rows in shown.items()}
    assert not [record for record in records() if "pk" in record]


def test_every_record_would_pass_the_forms():
    faults = []
    for model in {apps.get_model(record["model"]) for record in records()}:
        for instance in model.objects.all():
            try:
                instance.full_clean()
            except ValidationError as error:
                faults.append((instance, error))
    assert not faults


# Where it comes from


def test_the_source_is_a_draft_of_7_march_2016():
    source = SourceDocument.objects.get(slug=SOURCE)
    assert (source.kind, source.is_draft, source.dated) == ("management_response", True, DAY)
    assert source.title == (
        "IASC Management Response Plan to the Recommendations from Whole of System Review of "
        "Protection"
    )


def test_each_record_says_where_it_comes_from():
    review = Review.objects.get(slug=REVIEW)
    assert (review.source.slug, review.locator) == (SOURCE, "Title and date")
    assert set(points().values_list("source__slug", flat=True)) == {SOURCE}
    places = [*recommendations().values_list("locator", flat=True)]
    places += points().values_list("locator", flat=True)
    assert all(places)
    assert Counter(places).most_common(1)[0][1] == 1
    for model, owner in (
        (RecommendationAddressee, "recommendation__review__slug"),
        (ActionPointResponsibility, "item__recommendation__review__slug"),
    ):
        rows = model.objects.filter(**{owner: REVIEW})
        assert rows.exists()
        assert not rows.filter(as_printed="").exists()


def test_locators_follow_the_references():
    for point in points():
        number, action, *part = point.ref.removeprefix("WOSR-2016-").split("-")
        place = {
            "13.7": "Seventh recommendation (number not printed)",
            "13.8": "Eighth recommendation (number not printed)",
        }.get(number, f"Recommendation {number}")
        place += f", follow-up action {action}"
        if part:
            place += f", component action {'abc'.index(part[0]) + 1}"
        assert point.locator == place


# The review and its recommendations


def test_the_review_is_answered_by_the_working_group_and_archived_from_its_day():
    review = Review.objects.get(slug=REVIEW)
    assert (review.body.slug, review.published) == ("iasc-wg", True)
    assert (review.issued_on, review.archived_on) == (DAY, DAY)
    assert not review.is_archived(DAY - timedelta(days=1))


def test_there_are_eight_recommendations_the_last_two_without_a_printed_number():
    rows = recommendations().values_list("ref", "number", "number_printed")
    assert list(rows) == [(ref(n), n, n not in ("13.7", "13.8")) for n in NUMBERS]
    assert not recommendations().filter(text="").exists()


def test_each_recommendation_has_its_response():
    assert dict(recommendations().values_list("number", "response")) == {
        "13.3": "partially_accepted",
        "13.4.1": "partially_accepted",
        "13.4.2": "needs_analysis",
        "13.4.3": "partially_accepted",
        "13.5": "partially_accepted",
        "13.6": "accepted",
        "13.7": "partially_accepted",
        "13.8": "accepted",
    }
    assert not recommendations().filter(response_words="").exists()
    for number, words in (
        ("13.4.2", "“requires further analysis and exploration”"),
        ("13.6", "“Accepted in its entirety”"),
        ("13.7", "“The bulk of the recommendations are accepted.”"),
        ("13.8", "“Accepted by the Task Team”, with a reservation"),
    ):
        assert words in recommendations().get(number=number).response_words


def test_only_the_recommendation_on_the_spo_has_a_second_opinion():
    given = recommendations().exclude(second_opinion="")
    assert list(given.values_list("number", "second_opinion_by__slug")) == [
        ("13.4.2", "wosr-sub-group")
    ]
    assert "little (if any) support" in given.get().second_opinion
    assert not recommendations().filter(second_opinion="", second_opinion_by__isnull=False).exists()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("13.3", "hruf-secretariat"),
        ("13.4.1", "erc iasc edg gpc hcs hcts principals ocha"),
        ("13.4.2", ""),
        ("13.4.3", "gpc-support-cell donors protection-clusters gccg"),
        ("13.5", "erc iasc hcs hcts ocha protection-clusters gpc-task-team inter-cluster gpc "
         "donors ngo-consortia alnap"),
        ("13.6", "aap-task-team ocha inter-cluster iasc-members iasc"),
        ("13.7", "donors iasc gpc ocha"),
        ("13.8", "gpc-task-team iasc iasc-wg"),
    ],
)  # fmt: skip
def test_recommendations_are_addressed_to_those_whom_they_name(number, expected):
    addressees = Recommendation.objects.get(ref=ref(number)).addressees
    assert list(addressees.values_list("entity__slug", flat=True)) == expected.split()


# Follow-up actions


def test_there_are_18_follow_up_actions_in_printed_order():
    expected = {"13.3": 5, "13.4.1": 2, "13.4.2": 1, "13.4.3": 1}
    expected |= {"13.5": 3, "13.6": 1, "13.7": 2, "13.8": 3}
    assert sum(expected.values()) == 18
    items = points("item").order_by("recommendation__order", "order")
    assert list(items.values_list("ref", flat=True)) == [
        ref(f"{number}-{at}") for number, count in expected.items() for at in range(1, count + 1)
    ]
    assert Counter(points().values_list("level", flat=True)) == {"item": 18, "part": 15}
    assert not points("item").exclude(parent=None).exists()
    assert not points().exclude(meeting=None).exists()


def test_no_action_has_a_number_since_none_is_printed():
    assert set(points().values_list("number", "wording", "priority")) == {("", "final", "unknown")}


def test_ten_actions_have_a_lead():
    leads = {item.ref: parties(item, "lead") for item in points("item")}
    assert {item: lead for item, lead in leads.items() if lead} == {
        ref("13.3-1"): "nrc",
        ref("13.3-2"): "iasc-members",
        ref("13.3-3"): "iasc-secretariat",
        ref("13.4.1-1"): "ocha",
        ref("13.4.1-2"): "ocha",
        ref("13.4.3-1"): "unhcr",
        ref("13.5-1"): "ocha",
        ref("13.5-2"): "ocha",
        ref("13.8-1"): "wfp nrc",
        ref("13.8-2"): "wfp nrc",
    }
    assert len([lead for lead in leads.values() if lead]) == 10


def test_all_other_parties_stand_in_their_roles():
    rows = ActionPointResponsibility.objects.filter(item__in=points())
    others = rows.exclude(item__level="item", role="lead")
    assert set(others.values_list("item__ref", "role", "entity__slug")) == {
        (ref("13.3-1"), "support", "wosr-sub-group"),
        (ref("13.3-1"), "consulted", "hruf-secretariat"),
        (ref("13.3-1-a"), "lead", "iasc-wg"),
        (ref("13.3-1-b"), "lead", "iasc-wg"),
        (ref("13.4.1-1-a"), "addressee", "ocha-hlsu"),
        (ref("13.4.1-2-a"), "addressee", "ocha-hlsu"),
        (ref("13.4.2-1-a"), "lead", "wosr-sub-group"),
        (ref("13.4.2-1-b"), "lead", "iasc-wg"),
        (ref("13.5-1"), "support", "inter-agency-group"),
        (ref("13.5-2"), "support", "inter-agency-group"),
        (ref("13.8-1"), "support", "wosr-sub-group"),
        (ref("13.8-2"), "support", "wosr-sub-group"),
    }


def test_a_cell_with_several_parties_is_kept_as_printed_with_each():
    rows = ActionPointResponsibility.objects.filter(item__ref=ref("13.3-1")).order_by("order")
    assert list(rows.values_list("entity__slug", flat=True)) == [
        "nrc",
        "wosr-sub-group",
        "hruf-secretariat",
    ]
    assert set(rows.values_list("as_printed", flat=True)) == {
        "NRC with members of the sub-group + in consultation with HRUF secretariat"
    }


def test_doubtful_and_repeated_cells_are_marked_and_explained():
    rows = ActionPointResponsibility.objects.filter(item__in=points())
    doubtful = rows.filter(uncertain=True)
    assert set(doubtful.values_list("item__ref", "entity__slug")) == {
        (ref("13.3-2"), "iasc-members"),
        (ref("13.8-1"), "wosr-sub-group"),
        (ref("13.8-2"), "wosr-sub-group"),
    }
    repeated = rows.filter(inherited=True)
    assert list(repeated.values_list("item__ref", "as_printed")) == [
        (ref("13.4.1-2-a"), "Same action as previous point")
    ]
    assert not (doubtful | repeated).filter(item__reading_note="").exists()


def test_three_actions_have_comments():
    commented = points().exclude(comments="").order_by("ref").values_list("ref", flat=True)
    assert list(commented) == [ref("13.3-4"), ref("13.3-5"), ref("13.5-1")]


def test_two_actions_are_to_be_combined_and_each_shows_the_other():
    first, second = (ActionPoint.objects.get(ref=ref(short)) for short in ("13.3-5", "13.7-1"))
    assert (list(first.combine_with.all()), list(second.combine_with.all())) == ([second], [first])
    assert set(points().exclude(combine_with=None)) == {first, second}


# Component actions


def test_15_component_actions_are_parts_of_their_actions():
    below = Counter(part.parent.ref for part in points("part"))
    assert below == {
        ref("13.3-1"): 2,
        ref("13.3-2"): 2,
        ref("13.3-3"): 1,
        ref("13.4.1-1"): 2,
        ref("13.4.1-2"): 1,
        ref("13.4.2-1"): 2,
        ref("13.4.3-1"): 1,
        ref("13.6-1"): 1,
        ref("13.7-1"): 1,
        ref("13.7-2"): 1,
        ref("13.8-3"): 1,
    }
    for part in points("part").select_related("parent"):
        assert part.ref.rpartition("-")[0] == part.parent.ref
        assert part.parent.level == "item"
        assert part.order == part.parent.order + "abc".index(part.ref[-1]) + 1


def test_each_record_belongs_to_the_recommendation_of_its_reference():
    for point in points().select_related("recommendation", "parent__recommendation"):
        assert point.ref.startswith(f"{point.recommendation.ref}-")
        if point.parent:
            assert point.recommendation == point.parent.recommendation


# Time frames

IMPLIED_YEAR = {"1st draft by 24 February", "by 31 March", "By 26 February"}


def test_time_frames_are_those_printed():
    frames = {
        point.ref: (point.initial_timeframe, point.initial_earliest, point.initial_latest)
        for point in points()
        if point.initial_timeframe
    }
    assert frames == {
        ref("13.3-1-a"): ("1st draft by 24 February", None, date(2016, 2, 24)),
        ref("13.3-1-b"): ("by 31 March", None, date(2016, 3, 31)),
        ref("13.3-2-a"): ("By 26 February", None, date(2016, 2, 26)),
        ref("13.4.3-1-a"): ("by 31 March 2016", None, date(2016, 3, 31)),
        ref("13.5-1"): ("after WHS", None, None),
        ref("13.5-2"): ("by end of April 2016", None, date(2016, 4, 30)),
        ref("13.6-1-a"): ("in March/April 2016", date(2016, 3, 1), date(2016, 4, 30)),
        ref("13.7-2"): ("Upon adoption of IASC Protection Policy", None, None),
        ref("13.8-1"): ("post 90th WG meeting", None, None),
        ref("13.8-2"): ("End of 2017", None, date(2017, 12, 31)),
        ref("13.8-3-a"): ("semi-annual", None, None),
    }
    # Without words there are no days either.
    assert not points().filter(initial_timeframe="").exclude(initial_latest=None).exists()
    assert not points().filter(initial_timeframe="").exclude(initial_earliest=None).exists()


def test_time_frames_agree_with_the_reading_of_their_words():
    implied = set()
    for point in points().exclude(initial_timeframe=""):
        read = read_timeframe(point.initial_timeframe)
        if not read.dated and point.initial_latest:
            read = read_timeframe(point.initial_timeframe, year=DAY.year)
            implied.add(point.initial_timeframe)
            assert "The year is implied" in point.reading_note
        assert (point.ref, read.earliest, read.latest) == (
            point.ref,
            point.initial_earliest,
            point.initial_latest,
        )
    assert implied == IMPLIED_YEAR


# Through the years


def test_nothing_exists_before_the_plan_and_all_of_it_on_its_day():
    assert not as_of(DAY - timedelta(days=1)).exists()
    assert as_of(DAY).count() == 33
    assert set(points().values_list("introduced_on", flat=True)) == {DAY}
    existing = Recommendation.objects.filter(review__slug=REVIEW)
    assert not existing.existing_on(DAY - timedelta(days=1)).exists()
    assert existing.existing_on(DAY).count() == 8


@pytest.mark.parametrize(
    "day",
    [DAY, date(2016, 4, 1), date(2016, 5, 6), date(2018, 1, 1), date(2020, 1, 1), date(2030, 1, 1)],
)
def test_the_plan_is_archived_and_so_never_overdue_due_or_silent(day):
    items = as_of(day)
    assert items.count() == 33
    assert set(items.values_list("is_archived", "is_open", "timeliness", "status")) == {
        (True, True, "", "")
    }
    assert not items.filter(is_silent=True).exists()
    # It is the archive that keeps it from being judged, not a want of dates.
    Review.objects.filter(slug=REVIEW).update(archived_on=None)
    judged = set(as_of(day).values_list("timeliness", flat=True))
    assert judged & {"overdue", "due_soon"}


def test_no_status_or_progress_is_told():
    assert not ActionPointUpdate.objects.filter(item__in=points()).exists()
    assert not ActionPointUpdate.objects.filter(source__slug=SOURCE).exists()
    assert not Mandate.objects.filter(source__slug=SOURCE).exists()
    assert not Meeting.objects.filter(record__slug=SOURCE).exists()


def test_the_public_sees_it():
    assert SourceDocument.objects.get(slug=SOURCE).published
    assert ActionPoint.objects.visible_to(AnonymousUser()).filter(pk__in=points()).count() == 33
