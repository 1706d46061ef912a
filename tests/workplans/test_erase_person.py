"""Erasing a person: the name goes from accounts, ledger and logs, and nothing else does."""

import io
from datetime import date

import pytest
from auditlog.models import LogEntry
from django.contrib.admin.models import LogEntry as AdminLogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.admin_pages import read_form
from tests.factories import make_action_point, make_deliverable, make_update
from workplans.field_log import changes_of, in_words
from workplans.verification import item_digests, problems

pytestmark = pytest.mark.django_db


@pytest.fixture
def jane():
    """A member of staff who told, proposed and edited, and is signed in."""
    User.objects.create_superuser("other")
    return User.objects.create_superuser("jane.doe", email="jane.doe@example.org")


@pytest.fixture
def item(jane):
    """An item that she told of twice and edited, and an update of another that she proposed."""
    item = make_deliverable(title="Before")
    make_update(item, status="ongoing", recorded_by=jane, effective_on=date(2021, 1, 1))
    make_update(make_action_point(), proposed_by=jane)
    client = Client()
    client.force_login(jane)
    url = reverse("admin:workplans_deliverable_change", args=[item.pk])
    told = read_form(client.get(url)) | {"title": "After", "new_narrative": "Told by Jane"}
    assert client.post(url, told).status_code == 302
    client.post(
        reverse("admin:auth_user_change", args=[jane.pk]),
        {"username": "jane.doe", "date_joined_0": "2020-01-01", "date_joined_1": "00:00"},
    )
    return item


def everything():
    """Return the whole content of the database as one text."""
    lines = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            lines += [repr(row) for row in cursor.fetchall()]
    return "\n".join(lines)


def test_no_trace_of_the_name_is_left_and_all_else_stays(jane, item, tmp_path):
    assert "jane.doe" in everything()
    kept = tmp_path / "digests"
    kept.write_text("\n".join(map(str, digests_with_total())))
    ledger = item.updates.order_by("sequence").values("narrative", "status", "recorded_at")
    rows = list(ledger)
    logged = changes_of(item).count()

    out = io.StringIO()
    call_command("erase_person", "jane.doe", "--yes", stdout=out)

    assert "3 updates in the ledger" in out.getvalue()
    assert "jane.doe" not in everything()
    assert not User.objects.filter(username="jane.doe").exists()
    assert not Session.objects.exists()
    assert list(ledger.all()) == rows
    assert set(item.updates.values_list("recorded_by", flat=True)) == {None}
    # What she edited stays in the log, without her name.
    assert changes_of(item).count() == logged
    assert {in_words(entry).who for entry in changes_of(item)} == {""}
    assert not AdminLogEntry.objects.exists()
    assert list(problems()) == []
    call_command("verify_ledger", "--against", str(kept), stdout=io.StringIO())


def digests_with_total():
    out = io.StringIO()
    call_command("ledger_digest", stdout=out)
    assert list(item_digests())
    return out.getvalue().splitlines()


def test_other_people_keep_their_sessions_and_their_names(jane, item, staff_client, staff_user):
    make_update(item, recorded_by=staff_user)
    call_command("erase_person", "jane.doe", "--yes", stdout=io.StringIO())
    assert staff_client.get(reverse("admin:index")).status_code == 200
    assert item.updates.order_by("-sequence").first().recorded_by == staff_user


def test_an_account_deleted_in_the_admin_leaves_no_address_in_the_log(jane, item):
    assert LogEntry.objects.filter(actor_email="jane.doe@example.org").exists()
    other = Client()
    other.force_login(User.objects.get(username="other"))
    url = reverse("admin:auth_user_delete", args=[jane.pk])
    assert other.post(url, {"post": "yes"}).status_code == 302
    Session.objects.all().delete()
    assert "jane.doe" not in everything()


def test_asks_first(jane, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda asked: "jane")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("erase_person", "jane.doe", stdout=io.StringIO())
    assert User.objects.filter(username="jane.doe").exists()
    monkeypatch.setattr("builtins.input", lambda asked: "jane.doe")
    call_command("erase_person", "jane.doe", stdout=io.StringIO())
    assert not User.objects.filter(username="jane.doe").exists()


def test_refuses_an_unknown_name_and_the_last_who_may_do_everything(jane):
    with pytest.raises(CommandError, match="no account “nobody”"):
        call_command("erase_person", "nobody", "--yes", stdout=io.StringIO())
    User.objects.get(username="other").delete()
    with pytest.raises(CommandError, match="last account"):
        call_command("erase_person", "jane.doe", "--yes", stdout=io.StringIO())
