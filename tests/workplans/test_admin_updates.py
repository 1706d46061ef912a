"""Telling updates in the admin, for one item and for many."""

from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests.admin_pages import errors_of, read_form
from tests.factories import (
    make_action_point,
    make_deliverable,
    make_entity,
    make_source,
    make_update,
)
from workplans.models import Deliverable, DeliverableUpdate, Level

pytestmark = pytest.mark.django_db

KINDS = [make_deliverable, make_action_point]


def page(item):
    opts = item._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[item.pk])


def send(client, item, **changes):
    url = page(item)
    return client.post(url, read_form(client.get(url)) | changes)


class TestOnTheItemsPage:
    @pytest.mark.parametrize("make", KINDS)
    def test_a_status_with_a_narrative_becomes_a_row(self, staff_client, staff_user, make):
        item = make()
        source = make_source(dated=date(2021, 6, 30))
        response = send(
            staff_client,
            item,
            new_status="completed",
            new_narrative="Handed over.",
            new_effective_on="2021-06-28",
            new_source=source.pk,
            new_locator="row 3",
        )
        assert response.status_code == 302
        row = item.updates.get()
        assert (row.status, row.narrative) == ("completed", "Handed over.")
        assert (row.effective_on, row.reported_on) == (date(2021, 6, 28), date(2021, 6, 30))
        assert (row.recorded_by, row.source, row.locator) == (staff_user, source, "row 3")
        item.refresh_from_db()
        assert item.cached_status == "completed"
        # Telling an update is no edit of the item's fields.
        assert item.version == 1

    def test_the_history_stands_beneath_newest_first_and_cannot_be_changed(self, staff_client):
        item = make_deliverable()
        make_update(item, narrative="First.", effective_on=date(2021, 1, 1))
        make_update(item, narrative="Second.", effective_on=date(2021, 2, 1))
        response = staff_client.get(page(item))
        text = response.content.decode()
        assert text.index("Second.") < text.index("First.")
        assert not [name for name in read_form(response) if name.startswith("updates")]

    def test_forged_fields_change_neither_cache_nor_history(self, staff_client):
        item = make_deliverable()
        row = make_update(item, status="ongoing", narrative="Told.")
        forged = {
            "cached_status": "completed",
            "status": "completed",
            "updates-TOTAL_FORMS": "1",
            "updates-INITIAL_FORMS": "1",
            "updates-0-id": row.pk,
            "updates-0-item": item.pk,
            "updates-0-narrative": "Forged.",
            "updates-0-DELETE": "on",
            "title": "New title",
        }
        assert send(staff_client, item, **forged).status_code == 302
        item.refresh_from_db()
        assert (item.title, item.cached_status) == ("New title", "ongoing")
        assert item.updates.get().narrative == "Told."

    def test_a_closing_status_without_a_narrative_is_refused_on_its_field(self, staff_client):
        item = make_deliverable()
        response = send(staff_client, item, new_status="completed")
        assert response.status_code == 200
        assert "new_narrative" in response.context["adminform"].form.errors
        assert not item.updates.exists()

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("new_effective_on", {"new_narrative": "x", "new_effective_on": "2999-01-01"}),
            ("new_effective_on", {"new_narrative": "x", "new_effective_on": "yesterday"}),
            ("new_timeframe", {"new_timeframe": "03/04/2021"}),
            ("new_timeframe", {"new_narrative": "x", "new_timeframe_latest": "2021-01-01"}),
            ("new_status", {"new_status": "pending"}),
            ("new_status", {"new_effective_on": "2021-01-01"}),
            ("new_source", {"new_narrative": "x", "new_source": "999999"}),
            ("corrects", {"corrects": "999999"}),
        ],
    )
    def test_what_the_ledger_refuses_is_shown_on_its_field(self, staff_client, field, changes):
        item = make_deliverable()
        response = send(staff_client, item, **changes)
        assert response.status_code == 200
        assert field in response.context["adminform"].form.errors
        assert not item.updates.exists()

    def test_nothing_new_is_refused(self, staff_client):
        item = make_deliverable()
        make_update(item, status="ongoing")
        assert "known already" in errors_of(send(staff_client, item, new_status="ongoing"))

    def test_a_refused_update_leaves_the_fields_unsaved_too(self, staff_client):
        item = make_deliverable(title="Old")
        send(staff_client, item, title="New", new_status="completed")
        item.refresh_from_db()
        assert item.title == "Old"

    def test_an_update_is_corrected_and_taken_back(self, staff_client):
        item = make_deliverable()
        first = make_update(item, status="ongoing", narrative="Frist.")
        send(staff_client, item, corrects=first.pk, new_status="ongoing", new_narrative="First.")
        item.refresh_from_db()
        assert item.cached_narrative == "First."
        second = item.updates.get(sequence=2)
        send(staff_client, item, corrects=second.pk)
        item.refresh_from_db()
        assert (item.cached_status, item.cached_narrative) == ("", "")

    def test_a_revised_time_frame_moves_the_due_day(self, staff_client):
        item = make_deliverable(initial_timeframe="end 2020", initial_latest=date(2020, 12, 31))
        send(staff_client, item, new_timeframe="Q2 2021")
        item.refresh_from_db()
        assert item.cached_due == date(2021, 6, 30)

    def test_days_can_be_given_where_the_words_do_not_say_them(self, staff_client):
        item = make_deliverable()
        told = {"new_timeframe": "after the summit", "new_timeframe_latest": "2016-05-24"}
        send(staff_client, item, **told)
        item.refresh_from_db()
        assert (item.cached_timeframe, item.cached_due) == ("after the summit", date(2016, 5, 24))

    def test_a_newer_update_is_shown_and_asked_about_once(self, staff_client):
        item = make_deliverable()
        url = page(item)
        mine = read_form(staff_client.get(url)) | {"new_narrative": "Mine."}
        make_update(item, narrative="Theirs, in the meantime.")

        asked = staff_client.post(url, mine)
        assert asked.status_code == 200
        assert "Theirs, in the meantime." in errors_of(asked)
        assert item.updates.count() == 1

        again = staff_client.post(url, read_form(asked))
        assert again.status_code == 302
        assert list(item.updates.values_list("narrative", flat=True)) == [
            "Theirs, in the meantime.",
            "Mine.",
        ]

    def test_an_item_is_made_with_its_first_update(self, staff_client):
        other = make_deliverable()
        add = reverse("admin:workplans_deliverable_add")
        form = read_form(staff_client.get(add))
        form |= {
            "priority_area": other.priority_area.pk,
            "title": "A new one",
            "number": "9.9",
            "initial_timeframe": "by June 2021",
            "new_status": "ongoing",
            "new_narrative": "Begun.",
        }
        assert staff_client.post(add, form).status_code == 302
        made = Deliverable.objects.get(title="A new one")
        assert made.ref == f"{other.priority_area.workplan.slug.upper()}-9.9"
        assert (made.cached_status, made.cached_due) == ("ongoing", date(2021, 6, 30))

    def test_a_heading_has_no_place_for_an_update(self, staff_client):
        heading = make_deliverable(level=Level.HEADING)
        response = staff_client.get(page(heading))
        assert "new_status" not in read_form(response)
        send(staff_client, heading, new_status="ongoing", title="Renamed")
        heading.refresh_from_db()
        assert (heading.title, heading.updates.count()) == ("Renamed", 0)

    def test_an_item_cannot_be_deleted(self, staff_client):
        item = make_deliverable()
        delete = reverse("admin:workplans_deliverable_delete", args=[item.pk])
        assert staff_client.post(delete, {"post": "yes"}).status_code == 403
        assert Deliverable.objects.filter(pk=item.pk).exists()

    def test_a_reader_on_the_staff_sees_the_history_and_no_form(self, client, django_user_model):
        reader = django_user_model.objects.create_user("reader", is_staff=True)
        permissions = Permission.objects.filter(codename="view_deliverable")
        reader.user_permissions.set(permissions)
        client.force_login(reader)
        item = make_deliverable()
        make_update(item, narrative="Told.")
        response = client.get(page(item))
        assert "Told." in response.content.decode()
        assert "new_status" not in read_form(response)
        assert client.post(page(item), {"new_status": "ongoing"}).status_code == 403


class TestManyItems:
    @pytest.fixture
    def items(self):
        return [make_deliverable() for _ in range(3)]

    def choose(self, client, items, query=""):
        url = reverse("admin:workplans_deliverable_changelist") + query
        ticked = {"action": "update_status", "_selected_action": [item.pk for item in items]}
        return client.post(url, ticked)

    def confirm(self, client, chosen, **changes):
        url = reverse("admin:workplans_deliverable_update_status")
        return client.post(url, read_form(chosen) | changes)

    def test_tick_confirm_done(self, staff_client, staff_user, items):
        chosen = self.choose(staff_client, items, "?level__exact=item")
        for item in items:
            assert item.ref in chosen.content.decode()
        told = {"new_status": "completed", "new_narrative": "All three are out."}
        done = self.confirm(staff_client, chosen, **told)
        assert done.status_code == 302
        assert done.url.endswith("/?level__exact=item")
        rows = DeliverableUpdate.objects.values_list("item", "status", "recorded_by")
        assert sorted(rows) == [(item.pk, "completed", staff_user.pk) for item in items]
        statuses = Deliverable.objects.values_list("cached_status", flat=True)
        assert set(statuses) == {"completed"}

    def test_all_or_none(self, staff_client, items):
        make_update(items[0], status="ongoing", narrative="")
        chosen = self.choose(staff_client, items)
        refused = self.confirm(staff_client, chosen, new_status="ongoing")
        assert refused.status_code == 200
        words = refused.context["form"].non_field_errors().as_text()
        assert f"{items[0].ref}: This is known already" in words
        assert DeliverableUpdate.objects.count() == 1

    def test_a_closing_status_needs_a_narrative(self, staff_client, items):
        refused = self.confirm(
            staff_client, self.choose(staff_client, items), new_status="completed"
        )
        assert "Say in a sentence" in refused.content.decode()
        assert not DeliverableUpdate.objects.exists()

    def test_nothing_told_is_refused(self, staff_client, items):
        refused = self.confirm(staff_client, self.choose(staff_client, items))
        assert "new_status" in refused.context["form"].errors

    def test_what_was_told_in_the_meantime_is_shown_and_asked_about_once(self, staff_client, items):
        chosen = self.choose(staff_client, items)
        make_update(items[1], narrative="Theirs.")
        asked = self.confirm(staff_client, chosen, new_status="ongoing")
        assert "Theirs." in asked.context["form"].non_field_errors().as_text()
        assert self.confirm(staff_client, asked).status_code == 302
        assert DeliverableUpdate.objects.count() == 4

    def test_a_heading_among_them_is_refused_by_name(self, staff_client, items):
        heading = make_deliverable(level=Level.HEADING)
        chosen = self.choose(staff_client, [*items, heading])
        assert "a heading, which has no status" in chosen.content.decode()
        refused = self.confirm(staff_client, chosen, new_status="ongoing")
        assert heading.ref in refused.context["form"].non_field_errors().as_text()
        assert not DeliverableUpdate.objects.exists()

    def test_more_items_than_a_form_may_have_fields(self, staff_client, settings):
        settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 30
        items = [make_deliverable() for _ in range(40)]
        ticked = {
            "action": "update_status",
            "select_across": "1",
            "_selected_action": [items[0].pk],
        }
        url = reverse("admin:workplans_deliverable_changelist")
        chosen = staff_client.post(url, ticked)
        assert self.confirm(staff_client, chosen, new_status="ongoing").status_code == 302
        assert DeliverableUpdate.objects.count() == 40

    @pytest.mark.parametrize("forged", ["", "x", "1:2:3", "9" * 30 + ":1", "1:0;DROP", "0:0"])
    def test_a_forged_choice_is_answered_in_words(self, staff_client, forged):
        url = reverse("admin:workplans_deliverable_update_status")
        answer = staff_client.post(url, {"items": forged, "new_status": "ongoing"}, follow=True)
        assert answer.status_code == 200
        assert not DeliverableUpdate.objects.exists()

    def test_a_reader_may_not(self, client, django_user_model, items):
        reader = django_user_model.objects.create_user("reader", is_staff=True)
        reader.user_permissions.set(Permission.objects.filter(codename="view_deliverable"))
        client.force_login(reader)
        url = reverse("admin:workplans_deliverable_update_status")
        told = {"items": f"{items[0].pk}:0", "new_status": "ongoing"}
        assert client.post(url, told).status_code == 403


class TestFinding:
    @pytest.mark.parametrize("make", KINDS)
    def test_by_reference_title_and_lead(self, staff_client, make):
        item = make(ref="RG1-2020-3.4", title="Guidance on representation")
        item.responsibilities.create(entity=make_entity(name="Norwegian Council", acronym="NRC"))
        make()
        opts = item._meta
        url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        for words in ("2020-3.4", "representation", "nrc", "norwegian council"):
            found = staff_client.get(url, {"q": words}).context["cl"].result_list
            assert list(found) == [item], words

    @pytest.mark.parametrize("make", KINDS)
    def test_by_status_lead_and_group(self, staff_client, make):
        item = make()
        lead = make_entity(slug="ocha")
        item.responsibilities.create(entity=lead)
        make_update(item, status="completed")
        make()
        opts = item._meta
        url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        for query in ({"status": "completed"}, {"lead": "ocha"}):
            assert list(staff_client.get(url, query).context["cl"].result_list) == [item]
        found = staff_client.get(url, {"status": "not_reported"}).context["cl"].result_list
        assert item not in found

    @pytest.mark.parametrize("make", KINDS)
    def test_a_list_of_100_costs_at_most_15_queries(
        self, staff_client, django_assert_max_num_queries, make
    ):
        for _ in range(100):
            item = make()
            item.responsibilities.create(entity=make_entity())
        opts = item._meta
        url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        # Session, user, count, a page of items, their leads, and two for each filter:
        # its choices and their counts.
        with django_assert_max_num_queries(15):
            assert len(staff_client.get(url).context["cl"].result_list) == 100

    @pytest.mark.parametrize("make", KINDS)
    def test_a_change_page_costs_the_same_for_3_and_30_parties(
        self, staff_client, django_assert_max_num_queries, make
    ):
        staff_client.get(page(make()))  # content types are asked for once in a process
        counted = []
        for amount in (3, 30):
            item = make(source=make_source())
            for _ in range(amount):
                item.responsibilities.create(entity=make_entity())
                make_update(item, source=make_source())
            # Session, user, savepoint, item, its rows, history, parties, mandates, choices.
            with django_assert_max_num_queries(25) as queries:
                staff_client.get(page(item))
            counted.append(len(queries))
        assert counted[0] == counted[1]
