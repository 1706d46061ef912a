import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder

pytestmark = pytest.mark.django_db


def test_ok_in_one_query_beside_the_look_for_the_table(client, django_assert_num_queries):
    client.get("/healthz")
    with django_assert_num_queries(2):  # the table of migrations exists; its rows
        answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.content == b"ok\n"
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies


def test_a_migration_not_applied_is_told(client):
    MigrationRecorder.Migration.objects.filter(app="sessions").delete()
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.content == b"migrations are not applied\n"


def test_an_unreachable_database_is_told_without_a_trace(client, monkeypatch, caplog):
    def refuse(self):
        raise OperationalError("connection to db.internal refused")

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", refuse)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.content == b"the database cannot be reached\n"
    assert "db.internal refused" in caplog.text


def test_only_reading_is_allowed(client):
    assert client.head("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405


def test_probes_ask_over_plain_http(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/admin/").status_code == 301
