"""The documents in `fixtures/`: how they load, and their counts, parties, dates and threads."""

import json
import re
from collections import Counter
from datetime import date

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F

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
from workplans.models import (
    Deliverable,
    DeliverableResponsibility,
    DeliverableUpdate,
    Entity,
    EntityAlias,
    Membership,
    PriorityArea,
    SourceDocument,
    Workplan,
)
from workplans.models.entities import EntityKind, name_key
from workplans.timeframes import read_timeframe

FILES = [
    settings.BASE_DIR / "fixtures" / name
    for name in (
        "entities.json",
        "opag-2020-07-09.json",
        "rg1-2020-07-16.json",
        "rg1-progress-2021-06.json",
        "management-response-2016-03-07.json",
        "protection-rollout-2016-09-26.json",
    )
]
OPAG_RECORD, RG1_RECORD = "opag-record-2020-07-09", "rg1-record-2020-07-16"
RG1_REPORT = "rg1-progress-2021-06"
# What each file carries first, as a refusal names it.
FIRST = [
    "IASC Principals",
    "Session VII",
    "16 July 2020",
    "Progress",
    "IASC Management Response Plan",
    "Draft IASC - Protection Policy",
]

pytestmark = pytest.mark.django_db

NEW_YEAR, SESSION_VII, RG1_MEETING = date(2020, 1, 1), date(2020, 7, 9), date(2020, 7, 16)
END_OF_REPORT = date(2021, 6, 30)


@pytest.fixture(scope="module", params=["one by one", "in one call"], autouse=True)
def documents(request, django_db_setup, django_db_blocker):
    """The documents, loaded once for all tests of this module, in both ways."""
    with django_db_blocker.unblock(), transaction.atomic():
        if request.param == "in one call":
            call_command("loaddata", *FILES, verbosity=0)
        else:
            for path in FILES:
                call_command("loaddata", path, verbosity=0)
        yield
        transaction.set_rollback(True)


def records(*paths):
    return [record for path in paths for record in json.loads(path.read_text(encoding="utf-8"))]


def rows_in_database():
    return {
        model: model.objects.count()
        for app in ("workplans", "actionpoints")
        for model in apps.get_app_config(app).get_models()
        if not model._meta.proxy
    }


def of_rg1(items):
    """Keep the deliverables of RG1's workplan."""
    return items.filter(priority_area__workplan__slug="rg1-2020")


def deliverables(day):
    return of_rg1(Deliverable.objects.as_of(day)).filter(level="item")


def opag_points(day):
    return ActionPoint.objects.as_of(day).filter(level="item", meeting__body__slug="opag")


def statuses(items):
    return dict(Counter(items.values_list("status", flat=True)))


def history(item):
    """The rows of an item in the ledger's order: day, status, source."""
    rows = item.updates.order_by("effective_on", "slot", "sequence")
    return list(rows.values_list("effective_on", "status", "source__slug"))


def parties(item, role):
    return list(item.responsibilities.filter(role=role).values_list("entity__slug", flat=True))


# Loading


def test_no_file_is_left_out():
    assert set(FILES) == set((settings.BASE_DIR / "fixtures").iterdir())


def test_every_record_of_the_files_is_in_the_database():
    written = Counter(apps.get_model(record["model"]) for record in records(*FILES))
    assert written == {model: count for model, count in rows_in_database().items() if count}


def test_every_record_would_pass_the_forms():
    faults = []
    for model in rows_in_database():
        for instance in model.objects.all():
            try:
                instance.full_clean()
            except ValidationError as error:
                faults.append((instance, error))
    assert not faults


@pytest.mark.parametrize(("path", "first"), list(zip(FILES, FIRST, strict=True)))
def test_a_second_load_is_refused_by_name_and_changes_nothing(path, first):
    before = rows_in_database()
    state = list(Deliverable.objects.order_by("ref").values())
    with pytest.raises(CommandError, match=f"{first}.*exists already"), transaction.atomic():
        call_command("loaddata", path, verbosity=0)
    assert rows_in_database() == before
    assert list(Deliverable.objects.order_by("ref").values()) == state


def test_the_files_name_each_other_by_natural_keys_alone():
    assert not [record for record in records(*FILES) if "pk" in record]
    for path in FILES[1:]:
        assert records(path)[0]["model"] == "workplans.sourcedocument"


# Where it comes from


def test_each_record_says_where_it_comes_from():
    items = [Deliverable, ActionPoint, DeliverableUpdate, ActionPointUpdate, Mandate]
    for model in [*items, Membership, Workplan, Review]:
        assert model.objects.exists()
        assert not model.objects.filter(source=None).exists(), model
        assert not model.objects.filter(locator="").exists(), model
    for model in [PriorityArea, Recommendation]:
        assert not model.objects.filter(locator="").exists(), model
    for model in [DeliverableResponsibility, ActionPointResponsibility, RecommendationAddressee]:
        assert not model.objects.filter(as_printed="").exists(), model
    assert [meeting.slug for meeting in Meeting.objects.filter(record=None)] == ["opag-2020-third"]


def test_a_row_is_reported_on_the_day_of_its_source():
    for model in (DeliverableUpdate, ActionPointUpdate):
        for row in model.objects.select_related("source"):
            assert row.reported_on == row.source.dated


def test_a_row_that_is_older_than_its_source_keeps_the_printed_day():
    for model in (DeliverableUpdate, ActionPointUpdate):
        older = model.objects.filter(effective_on__lt=F("reported_on"))
        assert not older.filter(effective_words="").exists()


def test_all_is_published():
    for model in (Workplan, Meeting, Review, SourceDocument):
        assert not model.objects.filter(published=False).exists()


# Persons

HONORIFIC = re.compile(r"\b(Mr|Mrs|Ms|Mme|Dr|Prof|Sir|H\.E)\b\.?|Excellenc", re.IGNORECASE)
# What may be written with a capital, beside the names in entities.json: months, places, titles and
# offices; words that begin a sentence; acronyms. A new word is added here once it is seen to be no
# person's name.
CAPITALIZED = (
    "January February March April May June July August September October November December Dec Nov "
    "Afghanistan Burkina Faso Geneva Myanmar Nigeria Venezuela York Arabic French Spanish "
    "Alliance Bargain Brief Conclusion Deputy Dialogue Division Ethics Explanatory Grand Guide "
    "Interagency Introduction Module Officer Pandemic Promotion Protect Resident Scale Sphere "
    "Strengthening Summary Timelines Title Urban HiPo DHCs RCs FAQs INGO INGOs OPRs ToR ToRs "
    "UNCTs Comment Eighth Institutionalisation Section "
    "Accept Adapt Address Another Attendance Bring Bringing Build Commission Condemn "
    "Consider Convene Delayed Empower Engage Establish Evaluate Facilitate Finalise Finalize Focus "
    "Gather Holds Identify Include Independent Informed Kept Let Listed Many Map Migrants "
    "Political Postponed Prioritize Promote Proposed Reach Read Recalls Records Refer Revise "
    "Revising See Speed Strengthen Talk Templates Translate Turn Upon Urge Watch When Whether "
    "Write ACAPS AOB CCPM ERC EWEAR FAQ RC REACH SPHERE VII WHS Q2 Q3 Q4 CC EOSG GHD HCSU HRP IHL "
    "IHRL ILO L3 MIRA MRP P5 PC R2P SPO TA TBD WoSR"
)


def shown_texts():
    """The words of all entities' names, and every text of the files that a page can show."""
    names, texts = set(), []
    for record in records(*FILES):
        model = apps.get_model(record["model"])
        for name, text in record["fields"].items():
            field = model._meta.get_field(name)
            if not isinstance(text, str) or field.choices or name in ("slug", "ref"):
                continue
            if field.get_internal_type() == "DateField":
                continue
            texts.append(text)
            if model in (Entity, EntityAlias):
                names |= set(re.findall(r"\w+", text))
    return names, texts


def test_no_person_is_addressed():
    _names, texts = shown_texts()
    assert not [text for text in texts if HONORIFIC.search(text)]


def test_no_capitalized_word_is_unknown():
    """A person's name is a capitalized word that nothing else in the files accounts for."""
    names, texts = shown_texts()
    lower = {word for text in texts for word in re.findall(r"\b[a-z]\w*", text)}
    unknown = set()
    for text in texts:
        words = re.findall(r"[^\W\d_]\w+", re.sub(r"https?://\S+", "", text))
        unknown |= {word for word in words if word[0].isupper() and word.lower() not in lower}
    assert unknown - names - set(CAPITALIZED.split()) == set()


def test_no_entity_is_named_like_a_person():
    named = [*Entity.objects.values_list("name", flat=True)]
    named += EntityAlias.objects.values_list("alias", flat=True)
    like_a_person = {name for name in named if re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z-]+", name)}
    assert like_a_person == {
        "Christian Aid",
        "Cluster Coordinators",
        "Cluster Co-ordinators",
        "Emergency Directors",
        "Global Communities",
        "Humanitarian Coordinator",
        "Humanitarian Coordinators",
        "Mercy Corps",
        "Protection Clusters",
        "Task Team",
        "Working Group",
    }


def test_entities_of_kind_role_are_offices():
    roles = Entity.objects.filter(kind=EntityKind.ROLE).values_list("name", flat=True)
    assert set(roles) == {
        "Cluster Coordinators",
        "Emergency Relief Coordinator",
        "GPC Coordinator",
        "Humanitarian Coordinators",
        "Humanitarian Country Teams",
        "RG1 Co-Chairs",
    }


# RG1's workplan and progress report


def test_the_workplan_has_seven_areas_and_21_deliverables():
    items = of_rg1(Deliverable.objects).filter(level="item")
    per_area = Counter(items.values_list("priority_area__number", flat=True))
    assert per_area == {"1": 4, "2": 2, "3": 5, "4": 5, "5": 1, "6": 2, "7": 2}
    assert PriorityArea.objects.filter(workplan__slug="rg1-2020").count() == 7
    assert set(items.values_list("priority", flat=True)) == {"prioritized"}
    workplan = Workplan.objects.get(slug="rg1-2020")
    assert (workplan.owner.slug, workplan.endorsed_by.slug) == ("rg1", "opag")
    assert workplan.endorsed_on == date(2020, 9, 25)


def test_on_30_june_2021_ten_are_completed_ten_ongoing_one_continuous():
    items = deliverables(END_OF_REPORT)
    assert statuses(items) == {"completed": 10, "ongoing": 10, "continuous": 1}
    assert items.get(status="continuous").ref == "RG1-2020-5.1"
    completed = items.filter(status="completed").values_list("number", flat=True)
    assert " ".join(sorted(completed)) == "2.1 3.2 3.5 4.1 4.2 4.4 4.5 6.2 7.1 7.2"


def test_on_1_january_2020_eighteen_exist_and_three_are_completed():
    items = deliverables(NEW_YEAR)
    assert statuses(items) == {"completed": 3, "": 15}
    since = items.filter(status="completed").values_list("number", "status_since")
    assert dict(since) == {
        "2.1": date(2019, 12, 31),
        "4.4": date(2019, 11, 14),
        "4.5": date(2019, 12, 31),
    }
    later = deliverables(END_OF_REPORT).exclude(pk__in=items.values("pk"))
    assert dict(later.values_list("number", "introduced_on")) == {
        "1.4": date(2020, 10, 29),
        "3.1": SESSION_VII,
        "3.2": SESSION_VII,
    }


def test_the_report_has_23_tagged_narratives_and_one_without_a_tag():
    rows = DeliverableUpdate.objects.filter(source__slug=RG1_REPORT)
    tagged = rows.exclude(status="")
    assert Counter(tagged.values_list("status", flat=True)) == {
        "completed": 12,
        "ongoing": 10,
        "continuous": 1,
    }
    assert not tagged.filter(narrative="").exists()
    untagged = rows.get(locator__endswith="paragraph without a tag")
    assert (untagged.item.ref, untagged.status) == ("RG1-2020-1.1", "")


def test_parts_are_two_finished_halves_and_five_without_status():
    parts = Deliverable.objects.as_of(END_OF_REPORT).filter(level="part")
    assert dict(parts.values_list("ref", "status")) == {
        "RG1-2020-1.1-a": "completed",
        "RG1-2020-1.2-i": "",
        "RG1-2020-1.2-ii": "",
        "RG1-2020-3.4-a": "completed",
        "RG1-2020-5.1-i": "",
        "RG1-2020-5.1-ii": "",
        "RG1-2020-5.1-iii": "",
    }
    assert not of_rg1(Deliverable.objects).filter(level="heading").exists()
    whole = deliverables(END_OF_REPORT).filter(number__in=["1.1", "3.4"])
    assert set(whole.values_list("status", flat=True)) == {"ongoing"}


def test_no_status_of_a_deliverable_comes_from_elsewhere_than_the_report():
    rows = DeliverableUpdate.objects.exclude(status="")
    assert set(rows.values_list("source__slug", flat=True)) == {RG1_REPORT}


@pytest.mark.parametrize(
    ("number", "role", "expected"),
    [
        ("1.1", "lead", "ocha interaction"),
        ("1.2", "contributor", "interaction iom cp-aor ocha gpc-operations-cell procap"),
        ("1.3", "support", "nrc"),
        ("3.1", "lead", ""),
        ("3.2", "other_group", "all-rgs"),
        ("3.3", "lead", "un-habitat"),
        ("3.3", "contributor", "local-governments"),
        ("3.4", "lead", "ocha icva"),
        ("3.4", "contributor", "ocha icva unhcr somalia-ngo-consortium near iom unicef"),
        ("3.5", "contributor", "rg1-members"),
        ("3.5", "other_group", "rg5"),
        ("4.1", "contributor", "p2p unsdg various-ngos"),
        ("4.3", "lead", "ocha icva undp unhcr iom"),
        ("6.1", "lead", "wfp ocha unicef mercy-corps"),
        ("7.1", "lead", "ocha-chd unhcr iom"),
        ("7.1", "contributor", "drc ifrc irc iom jips mercy-corps msf nrc ocha ohchr "
         "save-the-children unhcr wfp care crs"),
        ("7.2", "lead", "ocha-chd unhcr iom"),
    ],
)  # fmt: skip
def test_parties_stand_in_their_roles_and_order(number, role, expected):
    item = Deliverable.objects.get(ref=f"RG1-2020-{number}")
    assert parties(item, role) == expected.split()


def test_doubtful_and_merged_cells_are_marked():
    rows = DeliverableResponsibility.objects.filter(item__priority_area__workplan__slug="rg1-2020")
    doubtful = rows.filter(uncertain=True, item__level="item")
    assert set(doubtful.values_list("item__number", "role")) == {
        ("1.2", "lead"), ("1.3", "lead"), ("1.4", "lead"), ("2.1", "lead"), ("2.2", "lead"),
        ("3.2", "other_group"), ("3.4", "contributor"), ("4.3", "contributor"),
        ("4.4", "contributor"), ("4.5", "contributor"), ("5.1", "contributor"),
        ("6.1", "contributor"),
    }  # fmt: skip
    merged = rows.filter(inherited=True, item__level="item").values_list("item__number", flat=True)
    assert set(merged) == {"1.2", "1.3", "1.4", "7.2"}
    assert rows.filter(as_printed="Same as above").count() == 3


def test_whoever_is_uncertain_has_a_note_on_the_reading():
    for model in (DeliverableResponsibility, ActionPointResponsibility):
        doubtful = model.objects.filter(uncertain=True)
        assert doubtful.exists()
        assert not doubtful.filter(item__reading_note="").exists()


@pytest.mark.parametrize(
    ("ref", "day", "narrative"),
    [
        ("RG1-2020-2.1", date(2019, 12, 31), "mapping"),
        ("RG1-2020-1.1-a", date(2019, 12, 5), "horizon scanning"),
        ("RG1-2020-4.4", date(2019, 11, 14), "induction"),
        ("RG1-2020-6.1", date(2020, 2, 29), "draft"),
        ("RG1-2020-6.2", date(2020, 4, 30), "Principals"),
        ("RG1-2020-3.5", date(2020, 5, 31), "Principals"),
        ("RG1-2020-5.1", date(2020, 10, 31), "finalized"),
        ("RG1-2020-3.2", date(2021, 1, 28), "briefing"),
        ("RG1-2020-1.3", date(2021, 5, 31), "bid"),
    ],
)
def test_dated_facts_stand_on_their_day_and_are_told_by_the_report(ref, day, narrative):
    row = DeliverableUpdate.objects.get(item__ref=ref, effective_on=day, source__slug=RG1_REPORT)
    assert narrative in row.narrative
    assert row.reported_on == END_OF_REPORT
    assert row.effective_words


# OPAG's and RG1's action points


def test_opag_has_18_items_in_july_2020():
    assert opag_points(date(2020, 7, 8)).count() == 0
    assert statuses(opag_points(SESSION_VII)) == {"": 18}
    assert statuses(opag_points(RG1_MEETING)) == {
        "completed": 2,
        "in_progress": 3,
        "pending": 10,
        "": 3,
    }
    silent = opag_points(RG1_MEETING).filter(status="").values_list("ref", flat=True)
    assert set(silent) == {f"OPAG-2020-07-09-{number}" for number in ("6", "7a", "7b")}


def test_session_vii_has_seven_follow_ups_the_seventh_a_heading_over_two():
    points = ActionPoint.objects.filter(meeting__slug="opag-2020-07-09")
    assert Counter(points.values_list("level", flat=True)) == {"item": 8, "heading": 1}
    heading = points.get(level="heading")
    assert (heading.ref, heading.number) == ("OPAG-2020-07-09-7", "7")
    assert not heading.responsibilities.exists()
    assert [parties(child, "lead") for child in heading.children.all()] == [["rg3"], ["rg3"]]


def test_rg1_follows_15_of_opags_action_points():
    meeting = Meeting.objects.get(slug="rg1-2020-07-16")
    reviewed = ActionPoint.objects.reviewed_at(meeting)
    assert Counter(reviewed.values_list("theme", flat=True)) == {
        "Localization": 4,
        "Protection and stigmatization": 4,
        "Results Group 1 workplan": 1,
        "Digitization and data responsibility": 6,
    }
    assert set(reviewed.values_list("meeting__body__slug", flat=True)) == {"opag"}
    assert ActionPoint.objects.filter(meeting__slug="opag-2020-third").count() == 10


def test_rg1_has_five_action_points_of_its_own_without_status():
    points = ActionPoint.objects.as_of(END_OF_REPORT).filter(meeting__slug="rg1-2020-07-16")
    assert statuses(points) == {"": 5}
    assert [(point.ref, *parties(point, "lead")) for point in points.order_by("ref")] == [
        ("RG1-2020-07-16-1", "icva"),
        ("RG1-2020-07-16-2", "unhcr"),
        ("RG1-2020-07-16-3", "rg1-protection"),
        ("RG1-2020-07-16-4", "rg1-leadership"),
        ("RG1-2020-07-16-5", "rg1-co-chairs"),
    ]
    assert parties(points.get(ref="RG1-2020-07-16-5"), "support") == ["iasc-secretariat"]
    assert dict(points.exclude(due=None).values_list("timeframe", "due")) == {
        "by mid-August": date(2020, 8, 20),
        "by August": date(2020, 8, 31),
    }


def test_cells_with_several_parties_are_read_by_role():
    point = ActionPoint.objects.get(ref="OPAG-2020-THIRD-1")
    assert (parties(point, "lead"), parties(point, "support")) == (
        ["opag-members"],
        ["iasc-secretariat"],
    )
    point = ActionPoint.objects.get(ref="OPAG-2020-THIRD-6")
    assert parties(point, "consulted") == ["unhcr", "unicef", "concerned-organizations"]
    point = ActionPoint.objects.get(ref="OPAG-2020-THIRD-7")
    assert parties(point, "consulted") == ["rg2", "rg3", "non-iasc-partners"]


def test_wording_is_provisional_where_the_final_record_is_missing():
    points = ActionPoint.objects.filter(wording="provisional").values_list("ref", flat=True)
    assert set(points) == {f"OPAG-2020-THIRD-{number}" for number in (5, 6, 7, 8, 10)}
    both = ActionPoint.objects.exclude(provisional_title="").values_list("ref", flat=True)
    assert set(both) == {f"OPAG-2020-07-09-{number}" for number in range(1, 6)}


def test_the_stigmatization_paper_has_eight_recommendations_with_addressees():
    recommendations = Recommendation.objects.filter(review__slug="stigma-2020").order_by("order")
    assert [one.ref for one in recommendations] == [f"STIGMA-2020-{n}" for n in range(1, 9)]
    assert [one.addressees.count() for one in recommendations] == [3, 2, 3, 1, 1, 5, 3, 1]
    assert set(recommendations.values_list("response", flat=True)) == {"none"}


def test_attendance_is_by_organisation():
    meeting = Meeting.objects.get(slug="opag-2020-07-09")
    attended = meeting.attendees.exclude(kind__in=[EntityKind.BODY, EntityKind.RESULTS_GROUP])
    assert attended.count() == 23
    assert {"wfp", "nrc", "frd", "care-usa", "un-habitat"} <= {one.slug for one in attended}


# Mandates and threads


def test_mandates_are_kept_as_printed_and_as_read():
    printed = Mandate.objects.filter(source__slug=RG1_REPORT).exclude(date_words="")
    rows = printed.values_list(
        "deliverable__number", "body__slug", "kind", "date_words", "decided_on"
    )
    assert set(rows) == {
        ("1.3", "opag", "endorsed", "November 2020", date(2020, 11, 30)),
        ("1.4", "opag", "agreed", "29 October 2020", date(2020, 10, 29)),
        ("3.1", "opag", "requested", "19 July 2020", SESSION_VII),
        ("3.2", "opag", "requested", "19 July 2020", SESSION_VII),
        ("3.3", "principals", "agreed", "5 Dec 2019", date(2019, 12, 5)),
    }
    conflicting = printed.exclude(conflict="").values_list("deliverable__number", flat=True)
    assert set(conflicting) == {"1.3", "3.1", "3.2"}


@pytest.mark.parametrize(
    ("action_point", "carried_by"),
    [
        ("OPAG-2020-07-09-1", "RG1-2020-7.1"),
        ("OPAG-2020-07-09-2", "RG1-2020-7.1"),
        ("OPAG-2020-THIRD-1", "RG1-2020-07-16-1"),
        ("OPAG-2020-THIRD-2", "RG1-2020-3.1"),
        ("OPAG-2020-THIRD-3", "RG1-2020-3.1 RG1-2020-3.4"),
        ("OPAG-2020-THIRD-4", "RG1-2020-3.2 RG1-2020-3.5"),
        ("OPAG-2020-THIRD-5", "RG1-2020-1.1"),
        ("OPAG-2020-THIRD-8", "RG1-2020-07-16-2 RG1-2020-1.1"),
        ("OPAG-2020-THIRD-9", "RG1-2020-2.2"),
        ("RG1-2020-07-16-1", "RG1-2020-3.4-a"),
        ("RG1-2020-07-16-3", "RG1-2020-1.3 RG1-2020-1.4"),
        ("RG1-2020-07-16-4", "RG1-2020-4.1"),
    ],
)
def test_decisions_lead_to_what_carries_them(action_point, carried_by):
    given = ActionPoint.objects.get(ref=action_point).mandates_given.all()
    assert sorted((row.deliverable or row.action_point).ref for row in given) == carried_by.split()


def test_what_is_inferred_is_what_no_document_cites():
    """A decision named with its body and its day in the row, or in the same record, is cited."""
    inferred = Mandate.objects.filter(inferred=True).values_list(
        "deliverable__ref", "action_point__ref", "by_action_point__ref", "by_deliverable__ref"
    )
    assert {tuple(ref for ref in refs if ref) for refs in inferred} == {
        ("RG1-2020-1.1", "OPAG-2020-THIRD-5"),
        ("RG1-2020-1.1", "OPAG-2020-THIRD-8"),
        ("RG1-2020-1.3", "RG1-2020-07-16-3"),
        ("RG1-2020-1.4", "RG1-2020-07-16-3"),
        ("RG1-2020-2.2", "OPAG-2020-THIRD-9"),
        ("RG1-2020-3.1", "OPAG-2020-THIRD-3"),
        ("RG1-2020-3.4", "OPAG-2020-THIRD-3"),
        ("RG1-2020-3.4-a", "RG1-2020-07-16-1"),
        ("RG1-2020-3.5", "OPAG-2020-THIRD-4"),
        ("RG1-2020-4.1", "RG1-2020-07-16-4"),
        ("RG1-2020-7.1", "OPAG-2020-07-09-1"),
        ("RG1-2020-7.1", "OPAG-2020-07-09-2"),
        ("RG1-2020-07-16-3", "PROTECTION-ROLLOUT-2016-D.3.1"),
    }
    cited = Mandate.objects.filter(inferred=False, by_action_point__isnull=False)
    assert set(cited.values_list("deliverable__ref", "action_point__ref")) == {
        ("RG1-2020-3.1", None),
        ("RG1-2020-3.2", None),
        (None, "RG1-2020-07-16-1"),
        (None, "RG1-2020-07-16-2"),
    }


def test_the_recommendations_lead_to_the_action_point_that_takes_them_up():
    given = Mandate.objects.filter(by_recommendation__review__slug="stigma-2020")
    assert given.count() == 8
    assert {row.action_point.ref for row in given} == {"OPAG-2020-THIRD-5"}


def test_the_data_guidance_can_be_followed_from_opag_to_its_completion():
    point = ActionPoint.objects.get(ref="OPAG-2020-07-09-1")
    assert point.source.slug == OPAG_RECORD
    assert point.provisional_title
    assert history(point) == [(RG1_MEETING, "pending", RG1_RECORD)]
    guidance = Deliverable.objects.get(mandates__by_action_point=point)
    assert history(guidance) == [
        (date(2020, 1, 31), "", OPAG_RECORD),
        (SESSION_VII, "", OPAG_RECORD),
        (RG1_MEETING, "", RG1_RECORD),
        (date(2020, 12, 31), "", RG1_REPORT),
        (date(2021, 1, 31), "completed", RG1_REPORT),
    ]
    late = deliverables(date(2021, 1, 15)).get(ref=guidance.ref)
    assert (late.timeliness, late.due) == ("overdue", date(2020, 12, 31))
    assert guidance.updates.exclude(timeframe="").count() == 1


def test_the_co_leadership_of_the_localization_sub_group_changes_hands():
    point = ActionPoint.objects.get(ref="OPAG-2020-THIRD-1")
    assert history(point) == [
        (SESSION_VII, "", OPAG_RECORD),
        (RG1_MEETING, "completed", RG1_RECORD),
    ]
    leads = Membership.objects.filter(group__slug="rg1-localization", role="co_lead")
    slugs = {
        day: set(leads.on(day).values_list("member__slug", flat=True))
        for day in (NEW_YEAR, END_OF_REPORT)
    }
    assert slugs == {NEW_YEAR: {"ifrc", "unicef"}, END_OF_REPORT: {"icva", "unhcr"}}


@pytest.mark.parametrize(
    ("ref", "before", "after"),
    [
        ("RG1-2020-3.3", date(2020, 12, 31), date(2021, 6, 30)),
        ("RG1-2020-6.1", date(2020, 12, 31), date(2021, 12, 31)),
    ],
)
def test_slipped_dates_show_as_slips(ref, before, after):
    def state(day):
        item = deliverables(day).get(ref=ref)
        return item.due, item.timeliness

    assert state(date(2020, 7, 15)) == (None, "no_date")
    assert state(RG1_MEETING) == (before, "on_time")
    assert state(date(2021, 6, 29)) == (before, "overdue")
    assert state(END_OF_REPORT)[0] == after
    told = Deliverable.objects.get(ref=ref).updates.exclude(timeframe="").order_by("sequence")
    assert [row.source.slug for row in told] == [RG1_RECORD, RG1_REPORT]


def test_time_frames_agree_with_the_reading_of_their_words():
    frames = []
    for item in (*Deliverable.objects.all(), *ActionPoint.objects.all()):
        days = (item.initial_earliest, item.initial_latest)
        frames.append((item.initial_timeframe, *days, item.source.dated.year))
    for model in (DeliverableUpdate, ActionPointUpdate):
        for row in model.objects.exclude(timeframe=""):
            days = (row.timeframe_earliest, row.timeframe_latest)
            frames.append((row.timeframe, *days, row.source.dated.year))
    unread = set()
    for words, earliest, latest, year in frames:
        read = read_timeframe(words)
        if not read.dated:
            read = read_timeframe(words, year=year)
        if read.dated:
            assert (words, earliest, latest) == (words, read.earliest, read.latest)
        elif latest:
            unread.add((words, latest))
    end = date(2020, 12, 31)
    assert unread == {("until the end of the year", end), ("by the end of the year", end)}


# Entities


def test_spellings_of_one_name_find_one_entity():
    def found(name):
        return EntityAlias.objects.get(key=name_key(name)).entity.slug

    assert {found(name) for name in ("UN Habitat", "UN HABITAT", "UNHABITAT")} == {"un-habitat"}
    assert {found(name) for name in ("RG1", "RG 1", "Results Group 1")} == {"rg1"}
    assert found("RG1 CoP sub-group") == found("CoP group") == "rg1-protection"


def test_no_alias_is_the_name_of_another_entity():
    owners = {}
    for entity in Entity.objects.all():
        for name in (entity.name, entity.acronym):
            if name:
                assert owners.setdefault(name_key(name), entity.slug) == entity.slug
    for alias in EntityAlias.objects.select_related("entity"):
        assert owners.get(alias.key, alias.entity.slug) == alias.entity.slug


def test_every_entity_is_named_by_a_document_or_stands_above_one():
    named = set()
    for record in records(*FILES[1:]):
        model = apps.get_model(record["model"])
        for name, value in record["fields"].items():
            if model._meta.get_field(name).related_model is Entity:
                keys = value if isinstance(value[0], list) else [value]
                named |= {slug for (slug,) in keys}
    entities = {entity.slug: entity.parent for entity in Entity.objects.select_related("parent")}
    above = {entities[slug].slug for slug in named if entities[slug]}
    assert set(entities) - named - above == {"rg4"}


def test_rg1_has_its_co_chairs_and_six_sub_groups():
    group = Entity.objects.get(slug="rg1")
    chairs = group.memberships.filter(role="co_chair").values_list("member__slug", flat=True)
    assert set(chairs) == {"ocha", "interaction"}
    assert group.children.filter(kind=EntityKind.SUB_GROUP).count() == 6
    assert Entity.objects.results_groups().filter(parent__slug="opag").count() == 5
