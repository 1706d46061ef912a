"""Who changed which field when: kept for every record, shown to staff, without a trace of it
for others."""

from datetime import date

import pytest
from auditlog.models import LogEntry
from django.apps import apps
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.urls import reverse

from actionpoints.models import Meeting
from tests.admin_pages import read_form
from tests.factories import (
    make_action_point,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_review,
    make_source,
    make_staff,
    make_update,
    make_workplan,
)
from tests.figures import DOCUMENTS
from workplans.field_log import FieldChange, changes_of, in_words
from workplans.models import (
    Entity,
    FrozenReport,
    Membership,
    SpentReference,
    SpreadsheetImport,
    StatusUpdate,
)

pytestmark = pytest.mark.django_db


def page(record, name="change"):
    opts = record._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{name}", args=[record.pk])


def edit(client, record, **changes):
    """Save a record's admin page with some values changed."""
    answer = client.post(page(record), read_form(client.get(page(record))) | changes)
    assert answer.status_code == 302, answer.context["errors"]


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
def test_an_edit_is_shown_with_who_when_from_and_to(staff_client, make, field):
    record = make()
    old = getattr(record, field)
    edit(staff_client, record, **{field: "New words"})
    change = in_words(changes_of(record)[0])
    assert change.who == "staff"
    assert [(one.old, one.new) for one in change.fields] == [(old, "New words")]
    shown = staff_client.get(page(record, "history")).content.decode()
    assert f"<del>{old}</del>" in shown
    assert "<ins>New words</ins>" in shown


def test_values_are_shown_as_people_know_them(staff_client):
    parent = make_deliverable()
    item = make_deliverable(priority_area=parent.priority_area)
    edit(
        staff_client,
        item,
        level="part",
        parent=str(parent.pk),
        initial_timeframe="June 2021",
        timeframe_inherited="on",
    )
    fields = in_words(changes_of(item)[0]).fields
    assert set(fields) == {
        FieldChange("Level", "item", "part"),
        FieldChange("Belongs to", "", str(parent)),
        FieldChange("Time frame", "", "June 2021"),
        FieldChange("Earliest day", "", "1 June 2021"),
        FieldChange("Latest day", "", "30 June 2021"),
        FieldChange("Time frame taken from a merged cell", "no", "yes"),
    }


def test_rows_of_a_page_are_changes_of_its_record(staff_client):
    item = make_deliverable()
    party = make_party(item)
    edit(staff_client, item, **{"responsibilities-0-role": "consulted"})
    party.refresh_from_db()
    party.delete()
    group = make_entity(kind="results_group")
    Membership.objects.create(group=group, member=make_entity(acronym="OCHA"))
    told = [in_words(entry) for entry in changes_of(item)]
    assert told[0].what == f"Responsibility “{party.entity} (consulted)” was deleted."
    assert told[1].fields == (FieldChange("Role", "lead", "consulted"),)
    assert "OCHA – member" in in_words(changes_of(group)[0]).what


def test_lists_are_shown_with_what_came_and_went():
    meeting = make_meeting()
    first = make_entity(acronym="ONE")
    meeting.attendees.add(first)
    meeting.attendees.remove(first)
    gone, came = (in_words(entry).fields[0] for entry in changes_of(meeting)[:2])
    assert (came.label, came.old, came.new) == ("Attended by", "", "ONE")
    assert (gone.old, gone.new) == ("ONE", "")


def test_an_update_is_no_change_of_fields(staff_client):
    item = make_deliverable()
    entries = changes_of(item).count()
    make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
    edit(staff_client, item, new_narrative="Told in the admin")
    assert changes_of(item).count() == entries


def test_what_fixtures_bring_is_no_change():
    call_command("loaddata", *DOCUMENTS, verbosity=0)
    assert not LogEntry.objects.exists()
    meeting = Meeting.objects.first()
    meeting.attendees.add(make_entity())
    assert changes_of(meeting).count() == 1


def test_every_record_that_staff_edit_is_logged():
    from auditlog.registry import auditlog

    ours = {
        model
        for app in ("workplans", "actionpoints")
        for model in apps.get_app_config(app).get_models()
        # A final report is never edited, nor is a file that was sent in.
        if not issubclass(model, (StatusUpdate, FrozenReport, SpentReference, SpreadsheetImport))
    }
    assert set(auditlog.get_models()) >= {m for m in ours if not m._meta.auto_created}


class TestWhoMayLook:
    def test_at_a_record_whoever_may_view_it(self, client):
        entity = make_entity()
        user = make_staff()
        client.force_login(user)
        assert client.get(page(entity, "history")).status_code == 403
        user.user_permissions.add(Permission.objects.get(codename="view_entity"))
        assert client.get(page(entity, "history")).status_code == 200

    def test_at_all_whoever_may_view_the_log(self, client, staff_client):
        entity = make_entity(name="Named")
        entity.name = "Renamed"
        entity.save()
        listed = staff_client.get(reverse("admin:auditlog_logentry_changelist"))
        assert "Entity “Renamed” was changed." in listed.content.decode()
        assert page(entity) in listed.content.decode()
        client.force_login(make_staff())
        assert client.get(reverse("admin:auditlog_logentry_changelist")).status_code == 403

    def test_nobody_may_change_it(self, staff_client):
        entity = make_entity()
        entity.name = "Renamed"
        entity.save()
        entry = LogEntry.objects.get()
        url = reverse("admin:auditlog_logentry_change", args=[entry.pk])
        assert staff_client.post(url, {"object_repr": "x"}).status_code == 403
        url = reverse("admin:auditlog_logentry_delete", args=[entry.pk])
        assert staff_client.post(url, {"post": "yes"}).status_code == 403


def test_a_record_that_is_gone_leads_back(staff_client):
    url = reverse("admin:workplans_entity_history", args=[99999])
    assert staff_client.get(url).status_code == 302


def test_a_long_log_is_paged_and_costs_the_same(staff_client, django_assert_max_num_queries):
    entity = make_entity()
    for number in range(120):
        entity.name = f"Name {number}"
        entity.save()
    with django_assert_max_num_queries(12):
        shown = staff_client.get(page(entity, "history"))
    assert len(shown.context["changes"]) == 50
    assert staff_client.get(page(entity, "history"), {"p": "3"}).context["changes"]
    assert Entity.objects.get(pk=entity.pk).name == "Name 119"
