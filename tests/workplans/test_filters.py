"""What a list of deliverables can be narrowed by, and what it refuses."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict

from tests.factories import (
    make_area,
    make_deliverable,
    make_entity,
    make_party,
    make_source,
    make_staff,
    make_update,
    make_workplan,
)
from workplans.filters import DeliverableFilter
from workplans.pages import Asked

pytestmark = pytest.mark.django_db

DAY = date(2021, 6, 30)


def narrow(query="", day=DAY, user=None):
    asked = Asked(day=day)
    return DeliverableFilter(QueryDict(query), asked=asked, user=user or AnonymousUser())


def refs(query="", **kwargs):
    found = narrow(query, **kwargs)
    assert not found.refusals
    return {item.ref for item in found.items}


def make_item(ref, **kwargs):
    return make_deliverable(ref=ref, **kwargs)


def test_values_of_one_parameter_are_or_and_parameters_are_and():
    one, two, three = make_item("A"), make_item("B"), make_item("C")
    make_update(one, status="ongoing", effective_on=DAY)
    make_update(two, status="completed", effective_on=DAY)
    assert refs("status=ongoing") == {"A"}
    assert refs("status=ongoing&status=completed") == {"A", "B"}
    assert refs("status=not_reported") == {"C"}
    assert refs(f"status=ongoing&status=completed&priority_area={two.priority_area.slug}") == {"B"}
    assert refs() == {one.ref, two.ref, three.ref}


def test_a_group_has_the_plans_of_its_sub_groups_too():
    group = make_entity(slug="rg9", kind="results_group")
    sub_group = make_entity(kind="sub_group", parent=group)
    make_item("OWN", priority_area=make_area(workplan=make_workplan(owner=group)))
    make_item("SUB", priority_area=make_area(workplan=make_workplan(owner=sub_group)))
    make_item("ELSE")
    assert refs("group=rg9") == {"OWN", "SUB"}
    assert refs(f"group={sub_group.slug}") == {"SUB"}


def test_a_lead_finds_what_it_leads_by_itself_or_by_a_part():
    party = make_entity(slug="party")
    led, supported, through_part, _other = (make_item(ref) for ref in ("LED", "SUP", "PRT", "OTH"))
    make_party(led, entity=party, role="co_lead")
    make_party(supported, entity=party, role="consulted")
    part = make_item(
        "PRT-i", level="part", parent=through_part, priority_area=through_part.priority_area
    )
    make_party(part, entity=party, role="focal_point")
    assert refs("lead=party") == {"LED", "PRT"}
    assert refs("lead=party&role=consulted") == {"SUP"}
    assert refs("lead=party&role=consulted&role=co_lead") == {"SUP", "LED"}
    assert refs("role=consulted") == {"SUP"}
    assert refs("lead=party&level=part") == {"PRT-i"}


def test_a_role_counts_on_the_days_that_it_was_held():
    party = make_entity(slug="party")
    item = make_item("A")
    make_party(item, entity=party, since=date(2021, 2, 1), until=date(2021, 2, 28))
    assert refs("lead=party", day=date(2021, 1, 31)) == set()
    assert refs("lead=party", day=date(2021, 2, 1)) == {"A"}
    assert refs("lead=party", day=date(2021, 2, 28)) == {"A"}
    assert refs("lead=party", day=date(2021, 3, 1)) == set()


def test_a_party_without_any_item_is_understood_and_one_that_does_not_exist_is_not():
    make_entity(slug="newcomer")
    assert refs("lead=newcomer") == set()
    assert narrow("lead=nobody").refusals


def test_nobody_can_be_asked_for_as_lead_also_beside_parties():
    party = make_entity(slug="party")
    make_item("NOBODY")
    make_party(make_item("SUPPORTED"), role="support")
    make_party(make_item("LED"), entity=party)
    through_part = make_item("PARTED")
    make_party(
        make_item(
            "PART", level="part", parent=through_part, priority_area=through_part.priority_area
        )
    )
    assert refs("lead=none") == {"NOBODY", "SUPPORTED"}
    assert refs("lead=none&lead=party") == {"NOBODY", "SUPPORTED", "LED"}
    assert refs("lead=none&role=support") == {"NOBODY", "LED", "PARTED"}


def test_silent_is_what_is_open_and_not_told_of_for_60_days():
    since = DAY - timedelta(days=60)
    for ref, reported_on in (("SILENT", since), ("TOLD", since + timedelta(days=1))):
        make_update(make_item(ref), effective_on=date(2021, 1, 1), reported_on=reported_on)
    make_update(make_item("CLOSED"), status="completed", effective_on=since, reported_on=since)
    make_item("NEVER")
    assert refs("silent=60") == {"SILENT", "NEVER"}
    assert narrow("silent=61").refusals


def test_timeliness_is_that_of_the_day():
    due = {"initial_timeframe": "a day", "initial_latest": DAY}
    make_item("DUE", **due)
    make_item("NONE")
    closed = make_item("SHUT", **due)
    make_update(closed, status="completed", narrative="Done.", effective_on=DAY)
    assert refs("timeliness=due_soon") == {"DUE"}
    assert refs("timeliness=overdue") == set()
    assert refs("timeliness=overdue", day=DAY + timedelta(days=1)) == {"DUE"}
    assert refs("timeliness=no_date&timeliness=closed") == {"NONE", "SHUT"}


def test_levels_and_archived_plans_are_left_out_unless_asked_for():
    item = make_item("ITEM")
    make_item("PART", level="part", parent=item, priority_area=item.priority_area)
    make_item("HEAD", level="heading")
    plan = make_workplan(archived_on=date(2021, 1, 1))
    make_item("OLD", priority_area=make_area(workplan=plan))
    assert refs() == {"ITEM"}
    assert refs("level=all") == {"ITEM", "PART", "HEAD"}
    assert refs("level=heading") == {"HEAD"}
    assert refs("archived=only") == {"OLD"}
    assert refs("archived=all") == refs("archived=none") | {"OLD"} == {"ITEM", "OLD"}
    assert refs(day=date(2020, 12, 31)) == {"ITEM", "OLD"}


def test_a_search_finds_each_word_anywhere_in_any_case():
    item = make_item("RG9-2020-1.1", title="Map the impediments", description="In Yemen")
    make_update(item, narrative="Workshop held", effective_on=date(2021, 5, 1))
    make_party(item, entity=make_entity(name="World Food Programme", acronym="WFP"))
    make_item("RG9-2020-1.2", title="Map nothing")
    for text in ("map", "MAP yemen", "2020-1.1", "workshop", "wfp", "food map"):
        assert "RG9-2020-1.1" in refs(f"q={text}"), text
    assert refs("q=map+yemen") == {"RG9-2020-1.1"}
    assert refs("q=map+nowhere") == set()
    assert refs("q=workshop", day=date(2021, 4, 30)) == set()
    assert refs("q=%25") == set(), "a percent sign is no wildcard"


@pytest.mark.parametrize("sort", ["ref", "title", "status", "since", "due", "reported"])
def test_each_order_runs_both_ways_with_blanks_last(sort):
    for ref, day, status in (("A", 1, "completed"), ("B", 2, "ongoing")):
        make_update(
            make_item(ref),
            status=status,
            timeframe=f"{day} July 2021",
            source=make_source(dated=date(2021, 5, day)),
        )
    make_item("C")
    assert [item.ref for item in narrow(f"sort={sort}").items] == ["A", "B", "C"]
    has_blanks = sort in ("since", "due", "reported")
    backwards = ["B", "A", "C"] if has_blanks else ["C", "B", "A"]
    assert [item.ref for item in narrow(f"sort=-{sort}").items] == backwards


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("status=donee", ["status", "donee", "completed", "not_reported"]),
        ("workplan=secret", ["workplan", "secret", "open-plan"]),
        ("priority_area=secret-1", ["priority_area", "secret-1"]),
        ("group=nobody", ["group", "nobody"]),
        ("lead=nobody", ["lead", "nobody"]),
        ("role=boss", ["role", "boss", "co_lead"]),
        ("priority=high", ["priority", "high", "deprioritized"]),
        ("timeliness=late", ["timeliness", "late", "overdue"]),
        ("level=top", ["level", "top", "heading"]),
        ("archived=maybe", ["archived", "maybe", "only"]),
        ("sort=price", ["sort", "price", "-due"]),
        ("page=0", ["page", "0"]),
        ("page=two", ["page", "two"]),
        ("page=18446744073709551616", ["page", "18446744073709551616"]),
        ("page=%D9%A2", ["page"]),
        ("level=item&level=part", ["level", "twice"]),
        ("q=a&q=b", ["q", "twice"]),
        ("page=1&page=1", ["page", "twice"]),
        ("q=a%00b", ["q", "NUL"]),
        ("lead=a%00b", ["lead"]),
        ("workplan=a%00b", ["workplan"]),
        ("q=" + "x" * 201, ["q", "200"]),
        ("q=" + "x+" * 13, ["q", "12"]),
        ("lead=" + "x" * 100_000, ["lead", "xxx"]),
    ],
)
def test_what_is_not_understood_is_named_and_gives_no_rows(query, words):
    make_item("A", priority_area=make_area(workplan=make_workplan(slug="open-plan")))
    make_area(number="1", workplan=make_workplan(slug="secret", published=False))
    found = narrow(query)
    assert len(found.refusals) == 1
    assert all(word in found.refusals[0] for word in words), found.refusals
    assert len(found.refusals[0]) < 500
    assert not found.items.exists()


def test_staff_may_ask_for_what_is_not_published():
    plan = make_workplan(slug="secret", published=False)
    make_item("S", priority_area=make_area(workplan=plan))
    assert refs("workplan=secret", user=make_staff()) == {"S"}


def test_empty_values_count_as_not_given():
    make_item("A")
    assert refs("q=&status=&level=&archived=&sort=&page=&lead=") == {"A"}
    assert narrow("q=&status=&level=item&archived=none").chosen == {}


def test_what_is_withdrawn_or_not_yet_introduced_is_in_no_list():
    make_item("GONE", withdrawn_on=DAY)
    make_item("LATER", introduced_on=DAY + timedelta(days=1))
    assert refs() == set()
    assert refs(day=DAY - timedelta(days=1)) == {"GONE"}
    assert refs(day=DAY + timedelta(days=1)) == {"LATER"}
