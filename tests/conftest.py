"""What all tests share: their environment, their database, signed-in clients."""

import os
import secrets
import tempfile
from pathlib import Path

import django
import pytest

# Before settings load, and whatever the developer's own environment says; the database alone is
# for the caller to choose: DATABASE_URL, or else SQLite.
os.environ.update(
    DJANGO_SETTINGS_MODULE="iasc_tracker.settings",
    SECRET_KEY=secrets.token_urlsafe(50),
    ALLOWED_HOSTS="localhost",
    DEBUG="false",
    HTTPS="false",
    STATIC_COLLECTED="false",
)
for name in ("TRACKER_AS_OF", "TRUST_PROXY_HEADER", "CSRF_TRUSTED_ORIGINS"):
    os.environ.pop(name, None)

# A folder for each process, so that xdist's workers and two runs at once do not meet in it.
own_folder = tempfile.TemporaryDirectory(prefix="iasc-tracker-tests-")
os.environ["DATA_DIR"] = own_folder.name

from django.conf import settings as django_settings  # noqa: E402

ON_POSTGRES = "postgresql" in django_settings.DATABASES["default"]["ENGINE"]
if not ON_POSTGRES:
    # In memory, the threads of a live server would share one connection, and fail.
    test_database = django_settings.DATABASES["default"].setdefault("TEST", {})
    test_database["NAME"] = str(Path(own_folder.name, "test"))
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
django_settings.WHITENOISE_AUTOREFRESH = True  # looks for a file when asked for it, not at start

django.setup()

from django.db import connections  # noqa: E402
from django.test import Client, TransactionTestCase  # noqa: E402


def pytest_runtest_setup(item):
    if item.get_closest_marker("postgres") and not ON_POSTGRES:
        pytest.skip(
            "needs PostgreSQL: run .ci/run, which installs and starts one, "
            "or set DATABASE_URL=postgres://user:password@host/name"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With CI set, fail a marked test that skips for want of what the machine should have.

    The run on SQLite may skip the tests marked postgres: CI runs the suite on PostgreSQL too.
    """
    report = yield
    required = item.get_closest_marker("browser") or (
        item.get_closest_marker("postgres") and ON_POSTGRES
    )
    if os.environ.get("CI") and required and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"With CI set this test must run, but: {report.longrepr[2]}"
    return report


def tear_down_below_the_triggers(test_case):
    """Flush the database, which the ledger's triggers refuse; none is missing afterwards."""
    from workplans import triggers

    databases = [connections[alias] for alias in test_case._databases_names(include_mirrors=False)]
    for connection in databases:
        triggers.drop_triggers(connection)
    try:
        flush(test_case)
    finally:
        for connection in databases:
            triggers.install_triggers(connection)


# Wrapped here rather than by a mixin, which transactional_db and live_server would not use.
flush = TransactionTestCase._fixture_teardown
TransactionTestCase._fixture_teardown = tear_down_below_the_triggers


@pytest.fixture
def staff_user(django_user_model):
    """A superuser."""
    return django_user_model.objects.create_superuser("staff", password=secrets.token_urlsafe())


@pytest.fixture
def staff_client(staff_user):
    """A client signed in as a superuser."""
    client = Client()
    client.force_login(staff_user)
    return client


@pytest.fixture(scope="session")
def rows_of_documents(django_db_setup, django_db_blocker):
    """What `loaddata` makes of the documents in `fixtures/`, for tests of what stands in them."""
    from tests.documents import read_rows

    with django_db_blocker.unblock():
        return read_rows()


@pytest.fixture(scope="class")
def documents(rows_of_documents, django_db_blocker):
    """The documents in `fixtures/`, in place for all tests of a class."""
    from tests.documents import in_place

    with django_db_blocker.unblock(), in_place(rows_of_documents):
        yield


@pytest.fixture
def whole_ledger(db):
    """Whatever the test does, ledger, caches and the search's index are right at its end."""
    from iasc_tracker.search.index import differences
    from workplans.verification import problems

    yield
    assert list(problems()) == []
    assert list(differences()) == []
