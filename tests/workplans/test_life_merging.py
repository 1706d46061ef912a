"""Merging two entities: all that named the one names the other, and both names find it."""

from datetime import date

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from actionpoints.models import Mandate, RecommendationAddressee
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_review,
    make_workplan,
)
from tests.life import look, refusals, take, told
from workplans.life.merging import lists_with, references_to
from workplans.models import Entity, EntityAlias, Membership, Workplan
from workplans.verification import problems

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    """The same agency twice: first the one that goes, then the one that stays."""
    goes = make_entity(name="UN Habitat", acronym="UNH", slug="unh-old", description="Cities.")
    stays = make_entity(
        name="United Nations Human Settlements Programme", acronym="UN-Habitat", slug="un-habitat"
    )
    EntityAlias.objects.create(entity=goes, alias="HABITAT agency")
    return goes, stays


def name_everywhere(entity):
    """Name an entity in every way in which one can be named."""
    deliverable, point = make_deliverable(), make_action_point()
    make_party(deliverable, entity=entity)
    make_party(point, entity=entity, role="support")
    group = make_entity(kind="results_group")
    Membership.objects.create(group=group, member=entity)
    Membership.objects.create(group=entity, member=make_entity())
    make_workplan(owner=entity, endorsed_by=entity)
    make_area().partners.add(entity)
    meeting = make_meeting(body=entity)
    meeting.attendees.add(entity)
    recommendation = make_recommendation(
        review=make_review(body=entity), second_opinion="No.", second_opinion_by=entity
    )
    RecommendationAddressee.objects.create(recommendation=recommendation, entity=entity)
    Mandate.objects.create(deliverable=deliverable, body=entity)
    make_entity(parent=entity)


def namings(entity):
    """Return how often each field names an entity, those that do not left out."""
    found = {str(key): len(rows) for key, rows in references_to(entity) if rows}
    return found | {str(many): len(records) for many, records in lists_with(entity) if records}


def test_every_way_to_name_an_entity_is_moved(staff_client, pair):
    goes, stays = pair
    name_everywhere(goes)
    before = namings(goes)
    ways = {
        str(relation.field)
        for relation in Entity._meta.related_objects
        if not relation.field.model._meta.proxy
    }
    assert set(before) == ways, "name_everywhere has to name it in each way"

    page = take(staff_client, "merge", goes, into=str(stays.pk))
    assert "“UN Habitat (UNH)” is deleted" in told(page)
    assert not Entity.objects.filter(pk=goes.pk).exists()
    # Acronym and address have become aliases beside the one that moved; the name finds it anyway.
    assert namings(stays) == before | {"workplans.EntityAlias.entity": 3}
    stays.refresh_from_db()
    assert stays.description == "Cities."
    assert list(problems()) == []


def test_both_old_names_and_the_old_address_still_find_it(staff_client, pair):
    goes, stays = pair
    take(staff_client, "merge", goes, into=str(stays.pk))
    for name in ("UN Habitat", "UNH", "unh-old", "HABITAT agency", "UN-Habitat", "Settlements"):
        listed = staff_client.get(reverse("admin:workplans_entity_changelist"), {"q": name})
        assert [row.pk for row in listed.context["cl"].result_list] == [stays.pk], name
    for old in ("unh-old", "UNH"):
        answer = Client().get(f"/entities/{old}/?as_of=2021-06-30")
        assert (answer.status_code, answer.url) == (302, "/entities/un-habitat/?as_of=2021-06-30")
    assert Client().get("/entities/nobody/").status_code == 404


def test_lists_and_searches_go_on_understanding_the_old_names(staff_client, pair):
    goes, stays = pair
    group = make_entity(kind="results_group", slug="rg9", name="Ninth group")
    item = make_deliverable(
        priority_area=make_area(workplan=make_workplan(owner=group)), title="Led by both names"
    )
    make_party(item, entity=goes)
    point = make_action_point(meeting=make_meeting(body=goes))
    make_deliverable(title="Of nobody")
    take(staff_client, "merge", goes, into=str(stays.pk))
    take(staff_client, "merge", group, into=str(make_entity(kind="results_group").pk))

    def listed(address, **query):
        return [row.item for row in Client().get(address, query).context["rows"]]

    for query in ({"lead": "unh-old"}, {"lead": "un-habitat"}, {"q": "UNH"}, {"group": "rg9"}):
        assert listed("/deliverables/", **query) == [item], query
    assert listed("/action-points/", body="unh-old") == [point]
    assert listed("/deliverables/", lead=["unh-old", "un-habitat"]) == [item]
    refused = Client().get("/deliverables/", {"lead": "never-was"})
    assert refused.status_code == 400
    found = staff_client.get(reverse("admin:workplans_deliverable_changelist"), {"q": "UNH"})
    assert [row.pk for row in found.context["cl"].result_list] == [item.pk]


def test_a_results_group_keeps_its_old_address(staff_client):
    goes = make_entity(kind="results_group", slug="rg9", name="Group 9")
    stays = make_entity(kind="results_group", slug="rg1", name="Group 1")
    take(staff_client, "merge", goes, into=str(stays.pk))
    answer = Client().get("/groups/rg9/")
    assert (answer.status_code, answer.url) == (302, "/groups/rg1/")


class TestWhatBothHave:
    def test_becomes_one_that_says_what_both_said(self, staff_client, pair):
        goes, stays = pair
        item = make_deliverable()
        make_party(
            item, entity=goes, as_printed="UNH; others", since=date(2020, 1, 1), uncertain=True
        )
        kept = make_party(
            item,
            entity=stays,
            as_printed="UN-Habitat",
            since=date(2020, 6, 1),
            until=date(2021, 1, 1),
        )
        group = make_entity(kind="results_group")
        Membership.objects.create(group=group, member=goes, until=date(2020, 1, 1))
        Membership.objects.create(group=group, member=stays)
        page = take(staff_client, "merge", goes, into=str(stays.pk))
        assert "Each pair becomes one" in told(page)
        assert [one.pk for one in item.responsibilities.all()] == [kept.pk]
        kept.refresh_from_db()
        assert kept.as_printed == "UN-Habitat; UNH; others"
        assert (kept.since, kept.until, kept.uncertain) == (date(2020, 1, 1), None, False)
        assert Membership.objects.get().until is None

    def test_spans_of_different_days_stay_apart(self, staff_client, pair):
        goes, stays = pair
        group = make_entity(kind="results_group")
        Membership.objects.create(group=group, member=goes, since=date(2020, 1, 1))
        Membership.objects.create(group=group, member=stays, since=date(2021, 1, 1))
        take(staff_client, "merge", goes, into=str(stays.pk))
        assert stays.member_of.count() == 2


class TestFamilies:
    def test_a_child_may_take_the_place_of_its_parent(self, staff_client):
        above = make_entity()
        goes = make_entity(parent=above)
        stays = make_entity(parent=goes)
        sibling = make_entity(parent=goes)
        take(staff_client, "merge", goes, into=str(stays.pk))
        sibling.refresh_from_db()
        stays.refresh_from_db()
        assert (stays.parent, sibling.parent) == (above, stays)

    def test_a_grandchild_may_not(self, staff_client):
        goes = make_entity()
        stays = make_entity(parent=make_entity(parent=goes))
        page = look(staff_client, "merge", goes, into=str(stays.pk))
        assert "part of this entity" in refusals(page)

    def test_a_member_is_not_merged_into_its_group(self, staff_client):
        goes, stays = make_entity(), make_entity(kind="results_group")
        Membership.objects.create(group=stays, member=goes)
        page = look(staff_client, "merge", goes, into=str(stays.pk))
        assert "Delete that membership first" in refusals(page)
        page = look(staff_client, "merge", goes, into=str(goes.pk))
        assert "valid choice" in refusals(page)


def test_a_name_that_finds_another_goes_on_finding_it(staff_client, pair):
    goes, stays = pair
    third = make_entity(name="Third")
    EntityAlias.objects.create(entity=third, alias="UNH")
    page = take(staff_client, "merge", goes, into=str(stays.pk))
    assert "go on finding another entity" in told(page)
    assert EntityAlias.objects.get(key="unh").entity == third


@pytest.mark.parametrize("slug", ["ocha", "unocha"])
def test_two_entries_with_one_acronym_leave_no_address_dead(staff_client, slug):
    goes = make_entity(name="OCHA office", acronym="OCHA", slug=slug)
    stays = make_entity(name="Coordination office", acronym="OCHA", slug="un-ocha")
    item = make_deliverable()
    make_party(item, entity=goes)
    take(staff_client, "merge", goes, into=str(stays.pk))
    assert Client().get(f"/entities/{slug}/").url == "/entities/un-ocha/"
    assert [row.item for row in Client().get(f"/deliverables/?lead={slug}").context["rows"]] == [
        item
    ]
    assert Entity.objects.get_by_natural_key(slug) == stays


def test_a_document_loaded_later_names_what_the_entity_was_merged_into(
    staff_client, pair, tmp_path
):
    goes, stays = pair
    take(staff_client, "merge", goes, into=str(stays.pk))
    path = tmp_path / "plan.json"
    path.write_text(
        '[{"model": "workplans.workplan", "fields": '
        '{"title": "Cities", "slug": "cities", "owner": ["unh-old"]}}]'
    )
    call_command("loaddata", path, verbosity=0)
    assert Workplan.objects.get(slug="cities").owner == stays


def test_a_name_of_letters_that_stand_for_many_is_no_obstacle(staff_client, pair):
    _goes, stays = pair
    long = make_entity(name="\ufdfa" * 100)
    take(staff_client, "merge", long, into=str(stays.pk))
    assert EntityAlias.objects.filter(entity=stays, alias="\ufdfa" * 100).exists()
