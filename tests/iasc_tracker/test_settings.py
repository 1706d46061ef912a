import datetime
import runpy
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

SETTINGS = settings.BASE_DIR / "iasc_tracker" / "settings.py"
VARIABLES = [
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_URL",
    "DEBUG",
    "HTTPS",
    "SECRET_KEY",
    "STATIC_COLLECTED",
    "TRACKER_AS_OF",
    "TRUST_PROXY_HEADER",
]
PRODUCTION = {"SECRET_KEY": "k" * 50, "ALLOWED_HOSTS": "tracker.example.org, www.example.org"}


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Load the settings file afresh with these variables and no others; return its names."""

    def load(**variables):
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in {"DATA_DIR": str(tmp_path), **variables}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(SETTINGS))

    return load


@pytest.mark.parametrize("variable", ["SECRET_KEY", "ALLOWED_HOSTS"])
@pytest.mark.parametrize("value", [None, ""])
def test_production_demands_key_and_hosts(load, variable, value):
    variables = {**PRODUCTION, variable: value}
    with pytest.raises(ImproperlyConfigured, match=rf"^{variable} is not set: .+ DEBUG=true"):
        load(**{name: value for name, value in variables.items() if value is not None})


def test_nothing_set_is_production(load):
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY is not set"):
        load()


def test_production_is_closed(load):
    names = load(**PRODUCTION)
    assert names["DEBUG"] is False
    assert names["ALLOWED_HOSTS"] == ["tracker.example.org", "www.example.org"]
    assert names["SECURE_SSL_REDIRECT"] is True
    assert names["SESSION_COOKIE_SECURE"] is names["CSRF_COOKIE_SECURE"] is True
    assert names["SECURE_HSTS_SECONDS"] > 0
    assert "SECURE_PROXY_SSL_HEADER" not in names
    assert "SmallStatic" in names["STORAGES"]["staticfiles"]["BACKEND"]
    assert names["TRACKER_AS_OF"] is None


def test_a_key_that_begins_with_a_dollar_is_taken_as_it_is(load):
    assert load(**{**PRODUCTION, "SECRET_KEY": "$HOME"})["SECRET_KEY"] == "$HOME"


def test_plain_http_and_proxy_are_switched_on_by_name(load):
    names = load(**PRODUCTION, HTTPS="off", TRUST_PROXY_HEADER="yes")
    assert names["SECURE_SSL_REDIRECT"] is names["SESSION_COOKIE_SECURE"] is False
    assert names["SECURE_HSTS_SECONDS"] == 0
    assert names["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


def test_debug_needs_nothing_else(load):
    names = load(DEBUG="true")
    assert names["DEBUG"] is True
    assert names["SECRET_KEY"]
    assert names["SECURE_SSL_REDIRECT"] is False


@pytest.mark.parametrize("name", ["DEBUG", "HTTPS", "TRUST_PROXY_HEADER"])
def test_a_flag_that_is_neither_true_nor_false_is_refused(load, name):
    with pytest.raises(ImproperlyConfigured, match=f"^{name} is 'ture': write true or false"):
        load(**PRODUCTION, **{name: "ture"})


def test_policy_forbids_inline_and_foreign_code(load):
    directives = load(**PRODUCTION)["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]
    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == directives["style-src"] == ["'self'"]
    assert "'unsafe-inline'" not in str(directives)


@pytest.mark.parametrize("text", ["30/06/2021", "20210630", "2021-6-3", "2021-02-30", "today"])
def test_a_pinned_day_that_is_no_day_is_refused(load, text):
    with pytest.raises(ImproperlyConfigured, match=f"^TRACKER_AS_OF is '{text}': .+YYYY-MM-DD"):
        load(**PRODUCTION, TRACKER_AS_OF=text)


def test_a_pinned_day_is_read(load):
    day = load(**PRODUCTION, TRACKER_AS_OF="2021-06-30")["TRACKER_AS_OF"]
    assert day == datetime.date(2021, 6, 30)
    assert load(**PRODUCTION, TRACKER_AS_OF="")["TRACKER_AS_OF"] is None


def test_the_future_is_judged_by_the_day_in_zurich(load):
    just_after_midnight = datetime.datetime(2022, 3, 1, 0, 30, tzinfo=ZoneInfo("Europe/Zurich"))
    with time_machine.travel(just_after_midnight, tick=False):
        assert load(**PRODUCTION, TRACKER_AS_OF="2022-03-01")["TRACKER_AS_OF"]
        with pytest.raises(ImproperlyConfigured, match=r"^TRACKER_AS_OF is 2022-03-02, .*future"):
            load(**PRODUCTION, TRACKER_AS_OF="2022-03-02")


def test_a_password_with_odd_characters_arrives_whole(load):
    password = "p@ss:w/o?r#d%[&]+$é '\"\\"
    database = load(
        **PRODUCTION,
        DATABASE_URL=f"postgres://tracker:{quote(password, safe='')}@db.example.org:5433/iasc",
    )["DATABASES"]["default"]
    assert database["PASSWORD"] == password
    assert (database["USER"], database["HOST"], database["PORT"], database["NAME"]) == (
        "tracker",
        "db.example.org",
        5433,
        "iasc",
    )


def test_postgresql_keeps_connections_and_leaves_jit_off(load):
    url = "postgres://u@h/n?sslmode=require&conn_max_age=5&options=-c%20work_mem%3D8MB"
    database = load(**PRODUCTION, DATABASE_URL=url)["DATABASES"]["default"]
    assert database["CONN_MAX_AGE"] == 5
    assert database["CONN_HEALTH_CHECKS"] is True
    assert database["OPTIONS"] == {"sslmode": "require", "options": "-c jit=off -c work_mem=8MB"}
    database = load(**PRODUCTION, DATABASE_URL="postgresql://u@h/n")["DATABASES"]["default"]
    assert database["CONN_MAX_AGE"] == 600
    assert database["OPTIONS"] == {"options": "-c jit=off"}


@pytest.mark.parametrize(
    "url",
    ["", "iasc", "mysql://u:hidden@h/n", "://u:hidden@h/n", "postgres://u:hidden:5x/y?z@h/n"],
)
def test_a_database_that_is_not_understood_is_refused_without_its_password(load, url):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL is not understood") as refusal:
        load(**PRODUCTION, DATABASE_URL=url)
    assert refusal.value.__cause__ is None
    assert "hidden" not in str(refusal.value)


def test_sqlite_is_the_default_in_a_folder_made_as_needed(load, tmp_path):
    folder = tmp_path / "a new + odd #folder"
    database = load(**PRODUCTION, DATA_DIR=str(folder))["DATABASES"]["default"]
    assert Path(database["NAME"]) == folder / "tracker.sqlite3"
    assert folder.is_dir()


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the database is not SQLite")
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("busy_timeout", 20_000), ("foreign_keys", 1)],
)
def test_sqlite_pragmas_are_in_force(pragma, value):
    with connection.cursor() as cursor:
        assert cursor.execute(f"PRAGMA {pragma}").fetchone() == (value,)
    assert connection.transaction_mode == "IMMEDIATE"


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgresql_has_jit_off():
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)
