"""The Protection Policy roll-out plan of 26 September 2016 in `fixtures/`, row by row."""

import json
import re
from collections import Counter
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from actionpoints.models import ActionPoint, Mandate, Recommendation
from tests.documents import in_place
from workplans.models import (
    Deliverable,
    DeliverableResponsibility,
    DeliverableUpdate,
    PriorityArea,
    SourceDocument,
    Timeliness,
    Workplan,
)
from workplans.timeframes import read_timeframe

FILE = settings.BASE_DIR / "fixtures" / "protection-rollout-2016-09-26.json"
SOURCE, PLAN = "protection-rollout-2016-09-26", "protection-rollout-2016"
DAY = date(2016, 9, 26)
FAR_AHEAD = date(2099, 1, 1)  # answered from the cache, as today is

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def documents(rows_of_documents, django_db_blocker):
    """The documents, in place for all tests of this module."""
    with django_db_blocker.unblock(), in_place(rows_of_documents):
        yield


def of_plan(level=None):
    found = Deliverable.objects.filter(priority_area__workplan__slug=PLAN)
    return found.filter(level=level) if level else found


def as_of(day):
    return Deliverable.objects.as_of(day).filter(priority_area__workplan__slug=PLAN)


def short(ref):
    """The reference of an item without that of the plan: A.1.2."""
    return ref.removeprefix("PROTECTION-ROLLOUT-2016-")


def one(number):
    return of_plan().get(ref=f"PROTECTION-ROLLOUT-2016-{number}")


def parties(item, role):
    return " ".join(item.responsibilities.filter(role=role).values_list("entity__slug", flat=True))


def page(client, address):
    """The words of a page at the end of the chain, single-spaced."""
    response = client.get(address, {"as_of": "2021-06-30"})
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# The document and its parts


def test_the_file_holds_what_the_database_shows_and_nothing_else():
    shown = {
        SourceDocument: SourceDocument.objects.filter(slug=SOURCE),
        Workplan: Workplan.objects.filter(slug=PLAN),
        PriorityArea: PriorityArea.objects.filter(workplan__slug=PLAN),
        Deliverable: of_plan(),
        DeliverableResponsibility: DeliverableResponsibility.objects.filter(item__in=of_plan()),
        Mandate: Mandate.objects.filter(source__slug=SOURCE),
    }
    records = json.loads(FILE.read_text(encoding="utf-8"))
    written = Counter(apps.get_model(record["model"]) for record in records)
    assert written == {model: rows.count() for model, rows in shown.items()}
    assert not [record for record in records if "pk" in record]


def test_every_record_would_pass_the_forms():
    faults = []
    for model in (SourceDocument, Workplan, PriorityArea, Deliverable, DeliverableResponsibility):
        for instance in model.objects.all():
            try:
                instance.full_clean()
            except ValidationError as error:
                faults.append((instance, error))
    for mandate in Mandate.objects.filter(source__slug=SOURCE):
        mandate.full_clean()
    assert not faults


def test_the_document_is_a_draft_of_26_september_whose_year_is_implied():
    document = SourceDocument.objects.get(slug=SOURCE)
    assert (document.kind, document.is_draft, document.published) == ("rollout_plan", True, True)
    assert (document.dated, document.date_words) == (DAY, "26 September")
    assert "without a year" in document.note


def test_the_plan_is_published_and_nobodys_and_spans_its_time_frames():
    plan = Workplan.objects.get(slug=PLAN)
    assert (plan.published, plan.owner, plan.endorsed_by, plan.endorsed_on) == (
        True, None, None, None,
    )  # fmt: skip
    frames = of_plan("item")
    earliest = min(frames.exclude(initial_earliest=None).values_list("initial_earliest", flat=True))
    latest = max(frames.exclude(initial_latest=None).values_list("initial_latest", flat=True))
    assert (plan.starts_on, plan.ends_on) == (date(2016, 9, 1), date(2017, 12, 31))
    assert (plan.starts_on, plan.ends_on) == (earliest, latest)
    assert "Working Group" in plan.description
    assert "no owner" in plan.description


def test_there_are_four_sections_with_ten_key_activities_and_25_related_ones():
    areas = PriorityArea.objects.filter(workplan__slug=PLAN).order_by("order")
    assert list(areas.values_list("number", "title")) == [
        ("A", "Promotion (communication and dissemination)"),
        ("B", "Institutionalisation"),
        ("C", "Country level support for implementation"),
        ("D", "Learning and further development of the Protection Policy"),
    ]
    headings = of_plan("heading").order_by("priority_area__order", "order")
    below = {"A.1": 3, "A.2": 6, "B.1": 7, "C.1": 2, "C.2": 1, "C.3": 1, "C.4": 1, "D.1": 1,
             "D.2": 2, "D.3": 1}  # fmt: skip
    assert [(short(row.ref), row.number) for row in headings] == [(key, key) for key in below]
    assert [row.children.count() for row in headings] == list(below.values())
    assert of_plan("item").count() == 25
    assert of_plan().count() == 35
    expected = [f"{key}.{row}" for key, rows in below.items() for row in range(1, rows + 1)]
    items = of_plan("item").order_by("priority_area__order", "order")
    assert [short(item.ref) for item in items] == expected
    for item in items.select_related("parent", "priority_area"):
        assert (short(item.parent.ref), item.number) == (short(item.ref)[:3], "")
        assert item.priority_area.number == short(item.ref)[0]


def test_a_key_activity_has_a_title_and_nothing_that_its_rows_tell():
    headings = of_plan("heading")
    assert not DeliverableResponsibility.objects.filter(item__in=headings).exists()
    bare = headings.filter(
        parent=None, initial_timeframe="", indicators="", comments="", initial_latest=None
    )
    assert bare.count() == 10


def test_each_record_says_where_it_comes_from():
    plan = Workplan.objects.get(slug=PLAN)
    assert (plan.source.slug, plan.locator) == (SOURCE, "Title, notes and time-frame columns")
    assert [area.locator for area in plan.priority_areas.order_by("order")] == [
        f"Section {letter}, heading" for letter in "ABCD"
    ]
    for item in of_plan().select_related("source"):
        key = short(item.ref)
        row = f", row {key[4:]}" if item.level == "item" else ""
        assert (item.source.slug, item.locator) == (SOURCE, f"Section {key[0]}, {key[:3]}{row}")
    rows = DeliverableResponsibility.objects.filter(item__in=of_plan())
    assert rows.count() == 37
    assert not rows.filter(as_printed="").exists()
    given = Mandate.objects.filter(source__slug=SOURCE)
    assert [mandate.locator[:18] for mandate in given] == ["Section D, D.3, ro"] * 2


# Focal points

CELLS = {
    "A.1.1": ("ERC, IASC Secretariat", "erc iasc-secretariat"),
    "A.1.2": ("IASC Secretariat (or a TT member)", "iasc-secretariat task-team-members"),
    "A.1.3": ("Task Team members", "task-team-members"),
    "A.2.2": ("OCHA HCSU", "ocha-hlsu"),
    "A.2.3": (
        "OCHA; Cluster Lead Agencies/GCG, Cluster Coordinators",
        "ocha cluster-lead-agencies gccg cluster-coordinators",
    ),
    "A.2.4": ("EDG/STAIT", "edg stait"),
    "A.2.5": ("All IASC members", "iasc-members"),
    "A.2.6": ("OCHA; GPC Coordinator; All IASC members", "ocha gpc-coordinator iasc-members"),
    "B.1.1": ("All IASC members", "iasc-members"),
    "B.1.2": ("OCHA; Cluster Co-ordinators", "ocha cluster-coordinators"),
    "B.1.3": ("OCHA HLSU", "ocha-hlsu"),
    "B.1.4": ("OCHA HCSU", "ocha-hlsu"),
    "B.1.5": ("EDG/STAIT", "edg stait"),
    "B.1.6": ("OCHA", "ocha"),
    "B.1.7": ("OCHA", "ocha"),
    "C.1.1": ("Emergency Directors Group, STAIT", "edg stait"),
    "C.1.2": ("OCHA/HLSU", "ocha-hlsu"),
    "C.2.1": ("Emergency Directors Group", "edg"),
    "C.3.1": (
        "IASC members and other humanitarian organisations (individually or jointly)",
        "iasc-members humanitarian-organizations",
    ),
    "C.4.1": (
        "Task Team, in close collaboration with other key stakeholders",
        "protection-task-team",
    ),
    "D.1.1": ("EDG", "edg"),
    "D.2.1": ("Task Team", "protection-task-team"),
    "D.2.2": ("Task Team", "protection-task-team"),
    "D.3.1": ("IASC WG", "iasc-wg"),
}


def test_24_of_25_rows_have_focal_points_as_printed():
    found = {}
    for item in of_plan("item"):
        printed = sorted(set(item.responsibilities.values_list("as_printed", flat=True)))
        if slugs := parties(item, "focal_point"):
            found[short(item.ref)] = ("".join(printed), slugs)
    assert found == CELLS
    assert len(found) == 24
    silent = of_plan("item").filter(responsibilities=None)
    assert [short(item.ref) for item in silent] == ["A.2.1"]
    assert "No focal point is printed" in silent.get().reading_note


def test_the_only_other_role_is_that_of_whom_the_task_team_works_with():
    others = DeliverableResponsibility.objects.filter(item__in=of_plan()).exclude(
        role="focal_point"
    )
    assert [(short(row.item.ref), row.role, row.entity.slug) for row in others] == [
        ("C.4.1", "support", "key-stakeholders")
    ]


def test_what_the_cell_leaves_open_is_uncertain_and_the_note_says_why():
    doubtful = DeliverableResponsibility.objects.filter(item__in=of_plan(), uncertain=True)
    found = {
        short(row.item.ref): (row.entity.slug, row.item.reading_note)
        for row in doubtful.select_related("item", "entity")
    }
    assert {ref: slug for ref, (slug, _) in found.items()} == {
        "A.1.2": "task-team-members",
        "A.2.2": "ocha-hlsu",
        "A.2.3": "gccg",
        "B.1.4": "ocha-hlsu",
    }
    words = {"A.1.2": "which of the two", "A.2.2": "HCSU", "A.2.3": "GCG", "B.1.4": "HCSU"}
    assert {ref for ref, (_, note) in found.items() if words[ref] in note} == set(words)
    printed = DeliverableResponsibility.objects.filter(as_printed__contains="HCSU")
    assert printed.count() == printed.filter(uncertain=True).count() == 2
    assert not doubtful.filter(as_printed__contains="HLSU").exists()


# Time frames

A2, LONG = "October 2016 – February 2017", "October 2016 – December 2017"
OCTOBER = ("October 2016", date(2016, 10, 1), date(2016, 10, 31))
TO_DECEMBER = (LONG, date(2016, 10, 1), date(2017, 12, 31))
TO_FEBRUARY = (A2, date(2016, 10, 1), date(2017, 2, 28))
FRAMES = {
    "A.1.1": OCTOBER,
    "A.1.2": OCTOBER,
    "A.1.3": ("September -December 2016", date(2016, 9, 1), date(2016, 12, 31)),
    "A.2.1": TO_FEBRUARY,
    "B.1.1": TO_DECEMBER,
    "C.1.1": TO_DECEMBER,
    "C.1.2": TO_DECEMBER,
    "C.2.1": TO_DECEMBER,
    "C.3.1": TO_DECEMBER,
    "C.4.1": ("January – December 2017", date(2017, 1, 1), date(2017, 12, 31)),
    "D.1.1": ("Per EDG schedule", None, None),
    "D.2.1": ("January 2017; June 2017; December 2017", date(2017, 1, 1), date(2017, 12, 31)),
    "D.2.2": ("December 2017", date(2017, 12, 1), date(2017, 12, 31)),
    "D.3.1": ("TBD per WoSR MRP adopted by IASC WG", None, None),
}


def frame(item):
    return (item.initial_timeframe, item.initial_earliest, item.initial_latest)


def test_14_rows_have_a_time_frame_of_their_own():
    own = of_plan("item").filter(timeframe_inherited=False)
    assert {short(item.ref): frame(item) for item in own} == FRAMES
    assert len(FRAMES) == 14


def test_11_rows_inherit_that_of_the_first_row_of_their_key_activity():
    inherited = of_plan("item").filter(timeframe_inherited=True)
    found = {short(item.ref): frame(item) for item in inherited}
    assert found == {
        **{f"A.2.{row}": TO_FEBRUARY for row in range(2, 7)},
        **{f"B.1.{row}": TO_DECEMBER for row in range(2, 8)},
    }
    assert len(found) == 11


def test_the_days_are_those_that_the_words_give():
    for item in of_plan("item"):
        read = read_timeframe(item.initial_timeframe)
        assert (read.words, read.earliest, read.latest) == frame(item)


# Indicators and comments

INDICATORS = {"A.1.1": 2, "A.2.1": 1, "B.1.1": 1, "C.1.1": 2, "C.1.2": 1, "C.2.1": 2, "C.3.1": 1,
              "C.4.1": 1, "D.1.1": 1, "D.2.1": 1, "D.2.2": 1, "D.3.1": 1}  # fmt: skip


def test_the_indicators_stand_one_to_a_line_in_the_row_that_prints_them():
    items = of_plan("item").exclude(indicators="")
    lines = {short(item.ref): item.indicators.splitlines() for item in items}
    assert {ref: len(found) for ref, found in lines.items()} == INDICATORS
    assert not [
        line for found in lines.values() for line in found if line != line.strip() or not line
    ]
    words = {
        "A.1.1": "websites", "A.2.1": "reports", "B.1.1": "individual IASC members",
        "C.1.1": "ToRs", "C.1.2": "Support materials", "C.2.1": "questionnaires",
        "C.3.1": "action plans", "C.4.1": "disseminated", "D.1.1": "STAIT", "D.2.1": "compiled",
        "D.2.2": "updates", "D.3.1": "ToR",
    }  # fmt: skip
    assert {ref for ref, word in words.items() if word in lines[ref][0]} == set(INDICATORS)


def test_a_cell_that_may_hold_for_the_rows_below_says_so():
    """Of the key activities with several rows, those whose first row alone prints indicators."""
    alone = of_plan("item").filter(reading_note__contains="printed beside this row alone")
    assert {short(item.ref) for item in alone} == {"A.1.1", "A.2.1", "B.1.1"}
    several = {key for key, count in Counter(ref[:3] for ref in INDICATORS).items() if count > 1}
    assert several == {"C.1", "D.2"}


def test_the_comments_stand_in_the_row_that_prints_them():
    items = of_plan("item").exclude(comments="")
    comments = {short(item.ref): item.comments for item in items}
    words = {
        "A.1.1": "letter", "A.1.3": "HCT protection strategies", "B.1.3": "key messages",
        "B.1.6": "AAP", "C.3.1": "InterAction", "C.4.1": "tool for self-assessment",
        "D.2.1": "L3 evaluations", "D.3.1": "Recommendation 13.8",
    }  # fmt: skip
    assert set(comments) == set(words)
    assert {ref for ref, word in words.items() if word in comments[ref]} == set(words)
    assert len(comments["C.4.1"].splitlines()) == 5


# Over time


def test_nothing_of_it_exists_on_the_day_before(client):
    assert set(of_plan().values_list("introduced_on", flat=True)) == {DAY}
    assert as_of(DAY - timedelta(days=1)).count() == 0
    assert as_of(DAY).count() == 35
    address = one("D.3.1").get_absolute_url()
    answers = {
        day: client.get(address, {"as_of": f"2016-09-{day}"}).status_code for day in (25, 26)
    }
    assert answers == {25: 404, 26: 200}


@pytest.mark.parametrize(
    "day",
    [DAY, date(2016, 12, 1), date(2017, 12, 31), date(2018, 1, 1), date(2021, 6, 30), FAR_AHEAD],
)
def test_from_its_own_day_on_it_is_archived_and_never_judged(day):
    items = list(as_of(day).filter(level="item"))
    assert len(items) == 25
    judged = {(item.is_archived, item.is_open, item.status, item.timeliness) for item in items}
    assert judged == {(True, True, "", "")}
    assert not any(item.is_silent for item in items)


def test_unarchived_it_would_be_late_and_silent():
    """What the day of archiving keeps from every list, had it not been given."""
    day = date(2018, 1, 1)
    with transaction.atomic():
        Workplan.objects.filter(slug=PLAN).update(archived_on=None)
        items = list(as_of(day).filter(level="item"))
        transaction.set_rollback(True)
    assert Counter(item.timeliness for item in items) == {
        Timeliness.OVERDUE: 23,
        Timeliness.NO_DATE: 2,
    }
    assert sum(item.is_silent for item in items) == 25
    assert Workplan.objects.get(slug=PLAN).archived_on == DAY


def test_it_has_no_status_no_history_and_no_priority():
    assert not DeliverableUpdate.objects.filter(item__in=of_plan()).exists()
    assert not DeliverableUpdate.objects.filter(source__slug=SOURCE).exists()
    assert set(of_plan().values_list("cached_status", "priority")) == {("", "unknown")}


# From the review of 2015 to the workplan of 2020


def test_the_evaluation_of_the_policy_can_be_followed_from_recommendation_to_deliverables():
    recommendation = Recommendation.objects.get(ref="WOSR-2016-13.8")
    cited = Mandate.objects.get(by_recommendation=recommendation)
    evaluation = cited.deliverable
    assert (short(evaluation.ref), cited.inferred, cited.source.slug) == ("D.3.1", False, SOURCE)
    assert "Recommendation 13.8" in evaluation.comments

    asked = Mandate.objects.get(by_deliverable=evaluation)
    terms = asked.action_point
    assert (terms.ref, asked.inferred, asked.source.slug) == ("RG1-2020-07-16-3", True, SOURCE)
    assert asked.decided_on is None  # a draft decides nothing

    given = Mandate.objects.filter(by_action_point=terms).order_by("deliverable__ref")
    assert list(given.values_list("deliverable__ref", "inferred", "body__slug", "decided_on")) == [
        ("RG1-2020-1.3", True, "rg1", date(2020, 7, 16)),
        ("RG1-2020-1.4", True, "rg1", date(2020, 7, 16)),
    ]


def test_the_pages_along_the_way_name_each_other(client):
    terms = ActionPoint.objects.get(ref="RG1-2020-07-16-3")
    asked_for = page(client, terms.get_absolute_url()).partition("Who asked for it")[2]
    assert "A deliverable of an earlier plan" in asked_for
    for name in ("PROTECTION-ROLLOUT-2016-D.3.1", "WOSR-2016-13.8", "inferred", "RG1-2020-1.4"):
        assert name in asked_for
    evaluation = page(client, one("D.3.1").get_absolute_url())
    for name in ("WOSR-2016-13.8", "RG1-2020-07-16-3", "RG1-2020-1.3", "RG1-2020-1.4", "archived"):
        assert name in evaluation
