"""Editing in the admin: one winner for each version, whole plans and meetings on one page."""

from datetime import date, timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import reverse

from actionpoints.models import ActionPoint, Meeting
from tests.admin_pages import errors_of, read_form
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_recommendation,
    make_review,
    make_source,
    make_update,
    make_workplan,
)
from workplans import days
from workplans.models import Deliverable, Entity, EntityAlias, PriorityArea, Workplan
from workplans.verification import problems

pytestmark = pytest.mark.django_db


def page(record):
    opts = record._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[record.pk])


def add_page(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


class TestOneWinner:
    @pytest.mark.parametrize(
        ("make", "field"),
        [
            (make_deliverable, "title"),
            (make_action_point, "title"),
            (make_workplan, "title"),
            (make_meeting, "title"),
            (make_review, "title"),
            (make_recommendation, "title"),
            (make_entity, "name"),
            (make_source, "title"),
        ],
    )
    def test_the_second_is_shown_what_changed_and_may_decide(self, staff_client, make, field):
        record = make()
        opened = read_form(staff_client.get(page(record)))

        first = staff_client.post(page(record), opened | {field: "Theirs"})
        assert first.status_code == 302
        second = staff_client.post(page(record), opened | {field: "Mine"})
        assert second.status_code == 200
        assert "Theirs" in errors_of(second)
        record.refresh_from_db()
        assert (getattr(record, field), record.version) == ("Theirs", 2)

        again = staff_client.post(page(record), read_form(second))
        assert again.status_code == 302
        record.refresh_from_db()
        assert (getattr(record, field), record.version) == ("Mine", 3)

    def test_rows_of_a_stale_page_are_refused(self, staff_client):
        item = make_deliverable()
        opened = read_form(staff_client.get(page(item)))
        staff_client.post(page(item), opened | {"title": "Theirs"})
        held = {"responsibilities-0-entity": make_entity().pk, "title": "Theirs"}
        refused = staff_client.post(page(item), opened | held)
        assert refused.status_code == 200
        assert "Open the page again" in errors_of(refused)
        assert not item.responsibilities.exists()

    def test_an_edit_of_rows_alone_raises_the_version(self, staff_client):
        item = make_deliverable()
        opened = read_form(staff_client.get(page(item)))
        held = {"responsibilities-0-entity": make_entity().pk}
        assert staff_client.post(page(item), opened | held).status_code == 302
        item.refresh_from_db()
        assert (item.responsibilities.count(), item.version) == (1, 2)

    def test_an_edit_of_fields_does_not_put_an_old_status_back(self, staff_client):
        item = make_deliverable()
        opened = read_form(staff_client.get(page(item)))
        make_update(item, status="ongoing")
        assert staff_client.post(page(item), opened | {"title": "New"}).status_code == 302
        item.refresh_from_db()
        assert (item.title, item.cached_status) == ("New", "ongoing")

    def test_nothing_changed_is_no_new_version(self, staff_client):
        item = make_deliverable()
        staff_client.post(page(item), read_form(staff_client.get(page(item))))
        item.refresh_from_db()
        assert item.version == 1


class TestFieldsOfAnItem:
    def test_a_time_frame_is_read_from_its_words_and_moves_the_due_day(self, staff_client):
        item = make_deliverable()
        form = read_form(staff_client.get(page(item))) | {"initial_timeframe": "mid-2021"}
        assert staff_client.post(page(item), form).status_code == 302
        item.refresh_from_db()
        assert item.initial_earliest == date(2021, 5, 1)
        assert item.cached_due == date(2021, 8, 31)

    def test_new_words_are_read_anew_and_new_days_alone_move_the_due_day(self, staff_client):
        item = make_deliverable(initial_timeframe="in 2020", initial_latest=date(2020, 12, 31))
        form = read_form(staff_client.get(page(item))) | {"initial_timeframe": "Q4 2021"}
        staff_client.post(page(item), form)
        item.refresh_from_db()
        assert (item.initial_latest, item.cached_due) == (date(2021, 12, 31), date(2021, 12, 31))
        form = read_form(staff_client.get(page(item))) | {"initial_latest": "2021-11-30"}
        staff_client.post(page(item), form)
        item.refresh_from_db()
        assert item.cached_due == date(2021, 11, 30)
        assert list(problems()) == []

    @pytest.mark.parametrize("day", ["", "2021-12-24"])
    def test_it_exists_from_its_first_update_at_the_latest(self, staff_client, day):
        item = make_deliverable(introduced_on=date(2020, 1, 1))
        make_update(item, effective_on=date(2020, 7, 16))
        form = read_form(staff_client.get(page(item))) | {"introduced_on": day}
        assert staff_client.post(page(item), form).status_code == 302
        item.refresh_from_db()
        assert item.introduced_on == (date(2020, 7, 16) if day else date(2020, 1, 1))

    def test_what_belongs_to_an_item_moves_with_it(self, staff_client):
        heading = make_deliverable(level="heading")
        area = heading.priority_area
        item = make_deliverable(parent=heading, priority_area=area)
        part = make_deliverable(parent=item, priority_area=area, level="part")
        other = make_area()
        form = read_form(staff_client.get(page(heading))) | {"priority_area": other.pk}
        assert staff_client.post(page(heading), form).status_code == 302
        for moved in (item, part):
            moved.refresh_from_db()
            assert moved.priority_area == other

    def test_a_heading_has_neither_history_nor_owner(self, staff_client):
        told, held = make_deliverable(), make_deliverable()
        make_update(told)
        held.responsibilities.create(entity=make_entity())
        for item in (told, held):
            form = read_form(staff_client.get(page(item))) | {"level": "heading"}
            refused = staff_client.post(page(item), form)
            assert "level" in refused.context["adminform"].form.errors
        heading = make_deliverable(level="heading")
        form = read_form(staff_client.get(page(heading)))
        form |= {"responsibilities-0-entity": make_entity().pk}
        assert "A heading has no owner" in errors_of(staff_client.post(page(heading), form))

    def test_a_reference_that_would_be_too_long_is_cut_to_fit(self, staff_client):
        plan = make_workplan(slug="a" * 50)
        item = make_deliverable(
            priority_area=make_area(workplan=plan), number="1234567890.123456789"
        )
        assert len(item.ref) <= 60
        assert item.ref.endswith("-1234567890.123456789")
        recommendation = make_recommendation(
            review=make_review(slug="b" * 50), number="13.4.2.1.1.1"
        )
        for number in ("1", "1"):
            follow_up = make_action_point(recommendation=recommendation, number=number)
            assert len(follow_up.ref) <= 60

    def test_a_reference_is_given_once(self, staff_client):
        item = make_deliverable(ref="D-1")
        staff_client.post(page(item), read_form(staff_client.get(page(item))) | {"ref": "D-2"})
        item.refresh_from_db()
        assert item.ref == "D-1"

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("parent", {"level": "part"}),
            (
                "initial_latest",
                {
                    "initial_timeframe": "x",
                    "initial_earliest": "2021-02-01",
                    "initial_latest": "2021-01-01",
                },
            ),
            ("level", {"level": "chapter"}),
            ("introduced_on", {"introduced_on": "soon"}),
        ],
    )
    def test_what_the_database_would_refuse_is_shown_on_its_field(
        self, staff_client, field, changes
    ):
        item = make_deliverable()
        response = staff_client.post(page(item), read_form(staff_client.get(page(item))) | changes)
        assert response.status_code == 200
        assert field in response.context["adminform"].form.errors


class TestAWorkplanOnOnePage:
    def form(self, client):
        return read_form(client.get(add_page(Workplan))) | {
            "title": "RG2 workplan 2022",
            "slug": "rg2-2022",
            "priority_areas-TOTAL_FORMS": "2",
            "priority_areas-0-number": "1",
            "priority_areas-0-order": "1",
            "priority_areas-0-title": "Accountability",
            "priority_areas-1-number": "2",
            "priority_areas-1-order": "2",
            "priority_areas-1-title": "Inclusion",
            "deliverables-TOTAL_FORMS": "2",
            "deliverables-0-area": "1",
            "deliverables-0-number": "1.1",
            "deliverables-0-title": "Guidance",
            "deliverables-0-initial_timeframe": "Q2 2022",
            "deliverables-1-area": "2",
            "deliverables-1-number": "2.1",
            "deliverables-1-title": "Training",
        }

    def test_areas_and_deliverables_are_made_with_it(self, staff_client):
        ocha, icva = make_entity(slug="ocha"), make_entity(slug="icva")
        form = self.form(staff_client) | {"deliverables-0-leads": [icva.pk, ocha.pk]}
        assert staff_client.post(add_page(Workplan), form).status_code == 302
        made = Deliverable.objects.order_by("ref")
        assert [(item.ref, item.priority_area.title) for item in made] == [
            ("RG2-2022-1.1", "Accountability"),
            ("RG2-2022-2.1", "Inclusion"),
        ]
        assert made[0].cached_due == date(2022, 6, 30)
        assert {held.entity for held in made[0].responsibilities.all()} == {ocha, icva}
        assert made[0].introduced_on == days.site_today()

    def test_more_are_added_later(self, staff_client):
        staff_client.post(add_page(Workplan), self.form(staff_client))
        plan = Workplan.objects.get()
        shown = staff_client.get(page(plan))
        assert "RG2-2022-1.1" in shown.content.decode()
        form = read_form(shown)
        row = int(form["deliverables-INITIAL_FORMS"])
        form |= {
            f"deliverables-{row}-area": "2",
            f"deliverables-{row}-number": "2.1",  # taken: the reference gets a count
            f"deliverables-{row}-title": "More training",
        }
        assert staff_client.post(page(plan), form).status_code == 302
        assert Deliverable.objects.get(title="More training").ref == "RG2-2022-2.1-1"

    def test_two_rows_of_one_number_get_two_references(self, staff_client):
        form = self.form(staff_client) | {"deliverables-1-number": "1.1"}
        assert staff_client.post(add_page(Workplan), form).status_code == 302
        refs = set(Deliverable.objects.values_list("ref", flat=True))
        assert refs == {"RG2-2022-1.1", "RG2-2022-1.1-1"}

    def test_an_area_that_is_not_there_is_named_and_nothing_is_saved(self, staff_client):
        form = self.form(staff_client) | {"deliverables-1-area": "7"}
        refused = staff_client.post(add_page(Workplan), form)
        assert refused.status_code == 200
        assert "No priority area has the number “7”. Known: 1, 2." in errors_of(refused)
        assert not Workplan.objects.exists()
        assert not PriorityArea.objects.exists()

    def test_an_area_that_is_in_use_cannot_be_deleted(self, staff_client):
        item = make_deliverable()
        plan = item.priority_area.workplan
        form = read_form(staff_client.get(page(plan))) | {"priority_areas-0-DELETE": "on"}
        assert staff_client.post(page(plan), form).status_code == 200
        assert PriorityArea.objects.filter(pk=item.priority_area.pk).exists()

    @pytest.mark.parametrize("numbers", [("1.1", "11"), ("A", "a"), ("ж", "б")])
    def test_areas_whose_numbers_look_alike_are_told_apart(self, staff_client, numbers):
        form = self.form(staff_client)
        for row, number in enumerate(numbers):
            form |= {f"priority_areas-{row}-number": number, f"deliverables-{row}-area": number}
        assert staff_client.post(add_page(Workplan), form).status_code == 302
        assert PriorityArea.objects.values("slug").distinct().count() == 2

    def test_a_number_that_is_none_is_refused_on_its_field(self, staff_client):
        form = self.form(staff_client) | {"priority_areas-0-number": "1-2"}
        assert "letters, digits and dots" in errors_of(staff_client.post(add_page(Workplan), form))

    def test_two_areas_do_not_swap_their_numbers_at_once(self, staff_client):
        staff_client.post(add_page(Workplan), self.form(staff_client))
        plan = Workplan.objects.get()
        form = read_form(staff_client.get(page(plan)))
        form |= {"priority_areas-0-number": "2", "priority_areas-1-number": "1"}
        refused = staff_client.post(page(plan), form)
        assert "Give that one a free number first" in errors_of(refused)
        form |= {"priority_areas-1-number": "9", "priority_areas-0-number": "1"}
        assert staff_client.post(page(plan), form).status_code == 302

    def test_two_areas_of_one_number_are_refused(self, staff_client):
        form = self.form(staff_client) | {"priority_areas-1-number": "1"}
        refused = staff_client.post(add_page(Workplan), form)
        assert refused.status_code == 200
        assert not Workplan.objects.exists()


class TestAMeetingOnOnePage:
    def test_action_points_are_made_with_it(self, staff_client):
        body, lead = make_entity(slug="opag", kind="body"), make_entity()
        form = read_form(staff_client.get(add_page(Meeting))) | {
            "body": body.pk,
            "title": "OPAG, session VIII",
            "slug": "opag-2020-09-25",
            "held_on": "2020-09-25",
            "action_points-TOTAL_FORMS": "2",
            "action_points-0-number": "1",
            "action_points-0-theme": "Data",
            "action_points-0-title": "Share the guidance",
            "action_points-0-leads": lead.pk,
            "action_points-0-initial_timeframe": "by end of 2020",
            "action_points-1-number": "2",
            "action_points-1-title": "Report back",
        }
        assert staff_client.post(add_page(Meeting), form).status_code == 302
        first, second = ActionPoint.objects.order_by("ref")
        assert (first.ref, second.ref) == ("OPAG-2020-09-25-1", "OPAG-2020-09-25-2")
        assert first.introduced_on == date(2020, 9, 25)
        assert first.cached_due == date(2020, 12, 31)
        assert first.responsibilities.get().entity == lead

    def test_of_a_meeting_ahead_they_are_introduced_today(self, staff_client):
        ahead = days.true_today() + timedelta(days=30)
        meeting = make_meeting(held_on=ahead)
        form = read_form(staff_client.get(page(meeting)))
        form |= {"action_points-0-title": "Prepare"}
        staff_client.post(page(meeting), form)
        assert ActionPoint.objects.get().introduced_on == days.true_today()


class TestEntities:
    def test_two_spellings_of_one_name_are_one_alias(self, staff_client):
        entity = make_entity()
        form = read_form(staff_client.get(page(entity))) | {"aliases-0-alias": "UN Habitat"}
        assert staff_client.post(page(entity), form).status_code == 302
        other = make_entity()
        form = read_form(staff_client.get(page(other))) | {"aliases-0-alias": "UN-HABITAT"}
        refused = staff_client.post(page(other), form)
        assert "already finds" in errors_of(refused)
        assert EntityAlias.objects.get().entity == entity

    def test_one_that_is_named_anywhere_cannot_be_deleted(self, staff_client):
        entity = make_entity()
        make_deliverable().responsibilities.create(entity=entity)
        delete = reverse("admin:workplans_entity_delete", args=[entity.pk])
        assert staff_client.post(delete, {"post": "yes"}).status_code in (200, 403)
        assert Entity.objects.filter(pk=entity.pk).exists()

    def test_one_that_is_part_of_itself_is_refused(self, staff_client):
        above = make_entity()
        below = make_entity(parent=above)
        form = read_form(staff_client.get(page(above))) | {"parent": below.pk}
        assert "part of itself" in errors_of(staff_client.post(page(above), form))


def registered():
    return [model for model in admin.site._registry if model._meta.app_label != "auth"]


class TestEveryPage:
    @pytest.fixture
    def records(self):
        item = make_deliverable()
        make_update(item, status="ongoing")
        held = make_entity(kind="results_group")
        item.responsibilities.create(entity=held)
        make_area(workplan=item.priority_area.workplan)
        make_update(make_action_point(recommendation=make_recommendation()), status="pending")
        make_source()
        return None

    @pytest.mark.parametrize("model", registered(), ids=lambda model: model._meta.model_name)
    def test_opens_and_saves_untouched(self, staff_client, records, model):
        opts = model._meta
        listing = f"admin:{opts.app_label}_{opts.model_name}_changelist"
        for query in ({}, {"q": "x"}, {"o": "1.2"}, {"e": "1"}, {"p": "99"}, {"bad": "1"}):
            assert staff_client.get(reverse(listing), query).status_code in (200, 302)
        for record in model._default_manager.all()[:3]:
            shown = staff_client.get(page(record))
            assert shown.status_code == 200
            saved = staff_client.post(page(record), read_form(shown))
            assert saved.status_code in (302, 403), errors_of(saved)
            history = reverse(f"admin:{opts.app_label}_{opts.model_name}_history", args=[record.pk])
            assert staff_client.get(history).status_code == 200

    @pytest.mark.parametrize("model", registered(), ids=lambda model: model._meta.model_name)
    def test_an_empty_new_record_is_refused_in_words(self, staff_client, model):
        shown = staff_client.get(add_page(model))
        if shown.status_code == 403:
            return
        answer = staff_client.post(add_page(model), read_form(shown))
        assert answer.status_code == 200
        assert errors_of(answer)

    def test_autocomplete_finds_entities_by_alias(self, staff_client):
        entity = make_entity(name="United Nations Human Settlements Programme")
        EntityAlias.objects.create(entity=entity, alias="UN Habitat")
        found = staff_client.get(
            reverse("admin:autocomplete"),
            {
                "app_label": "workplans",
                "model_name": "deliverableresponsibility",
                "field_name": "entity",
                "term": "habitat",
            },
        ).json()["results"]
        assert [row["id"] for row in found] == [str(entity.pk)]

    def test_who_has_no_permission_sees_nothing(self, client, django_user_model):
        nobody = django_user_model.objects.create_user("nobody", is_staff=True)
        client.force_login(nobody)
        for model in registered():
            opts = model._meta
            listing = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
            assert client.get(listing).status_code == 403

    def test_the_history_models_have_no_permission_to_change_or_delete(self):
        codes = Permission.objects.filter(
            content_type__model__in=["deliverableupdate", "actionpointupdate"]
        ).values_list("codename", flat=True)
        assert {code.split("_")[0] for code in codes} == {"add", "view", "import", "export"}
