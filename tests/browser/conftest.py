"""A real browser, and a server with the documents of `fixtures/`, loaded once for all tests here.

Nothing but the server is reachable, and a page that asks for anything else fails its test.
"""

import os
import runpy
import secrets
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.test.testcases import LiveServerThread

from tests.browser.visits import DESK
from tests.figures import DOCUMENTS
from tests.papers import words_as_pdf
from workplans import pdf, triggers
from workplans.frozen_reports import freeze
from workplans.models import Workplan
from workplans.progress_report import Period

CHROMIUM = Path(os.environ.get("CHROMIUM") or "/usr/bin/chromium")
# The site's today, as in the demo: the day of the last document.
TODAY = date(2021, 6, 30)


@dataclass(frozen=True)
class Site:
    """Where the site is served, and the cookie of a member of staff who is signed in."""

    url: str
    staff_cookie: dict[str, str]


@pytest.fixture(scope="package")
def db(django_db_setup, django_db_blocker):
    """The documents and a final report, for all tests here; the database is empty afterwards.

    It takes the place of the fixture of this name that rolls back after each test.
    """
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        override_settings(TRACKER_AS_OF=TODAY),
    ):
        try:
            call_command("loaddata", *DOCUMENTS, verbosity=0)
            # The PDF file, which takes seconds, is its words.
            patch.setattr(pdf, "why_not", lambda: "")
            patch.setattr(pdf, "write_pdf", words_as_pdf)
            plan = Workplan.objects.get(slug="rg1-2020")
            freeze(plan, Period(date(2021, 2, 1), TODAY), user=None)
            patch.undo()
            yield
        finally:
            empty_the_database()


def empty_the_database():
    """Flush the database, which the ledger's triggers refuse; none is missing afterwards."""
    triggers.drop_triggers(connection)
    try:
        call_command("flush", interactive=False, verbosity=0)
    finally:
        triggers.install_triggers(connection)


@pytest.fixture(scope="package")
def site(db, tmp_path_factory):
    """Serve as in production: static files are collected, named by content, compressed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATIC_COLLECTED", "true")
        production = runpy.run_path(str(settings.BASE_DIR / "iasc_tracker" / "settings.py"))
    collected = override_settings(
        STATIC_ROOT=tmp_path_factory.mktemp("static"),
        STORAGES=production["STORAGES"],
        WHITENOISE_USE_FINDERS=False,
        WHITENOISE_AUTOREFRESH=False,
    )
    staff = User.objects.create_superuser("staff", password=secrets.token_urlsafe())
    client = Client()
    client.force_login(staff)
    with collected:
        call_command("collectstatic", interactive=False, verbosity=0)
        with serving() as url:
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            yield Site(url, {"name": cookie.key, "value": cookie.value, "url": url})


@contextmanager
def serving():
    """Serve the site, and yield its address.

    Not by Django's own handlers of files, which would pass by WhiteNoise and compression.
    """
    server = LiveServerThread("localhost", static_handler=lambda _handler: WSGIHandler())
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    try:
        yield f"http://{server.host}:{server.port}"
    finally:
        server.terminate()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Debian's Chromium, which finds no host but this machine."""
    if not CHROMIUM.exists():
        pytest.skip(
            f"needs a browser at {CHROMIUM}: apt-get install --no-install-recommends chromium, "
            "or name another Chromium in the variable CHROMIUM"
        )
    # Until it is stopped, Playwright keeps an event loop in this thread, in which Django would
    # refuse to ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return browser_type_launch_args | {
        "executable_path": str(CHROMIUM),
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
        ],
    }


@pytest.fixture
def browser_context_args(browser_context_args, site):
    """Each test's own context of the browser opens addresses of the site."""
    return browser_context_args | {"base_url": site.url, "viewport": DESK}


@contextmanager
def watched(context, site):
    """Take whatever a browser asks of another host, or the policy blocks there, for an error.

    Watched rather than intercepted, which would turn the browser's cache off.
    """
    foreign, blocked = [], []

    def watch_request(request):
        if not request.url.startswith((f"{site.url}/", "data:", "blob:")):
            foreign.append(request.url)

    def watch_console(message):
        if "Content Security Policy" in message.text:
            blocked.append(message.text)

    context.on("request", watch_request)
    context.on("console", watch_console)
    yield
    context.remove_listener("request", watch_request)
    context.remove_listener("console", watch_console)
    assert not foreign, f"asked of other hosts: {foreign}"
    assert not blocked, f"blocked by the content security policy: {blocked}"


@pytest.fixture
def context(context, site):
    """A visitor's browser."""
    with watched(context, site):
        yield context


@pytest.fixture(scope="package")
def shared_page(browser, site):
    with closing(browser.new_context(base_url=site.url)) as context:
        yield context.new_page()


@pytest.fixture
def visitor(shared_page, site):
    """A page of a visitor's browser that tests go to one after the other.

    For tests that leave nothing behind: a window of its own costs as much as looking at a page.
    """
    shared_page.set_viewport_size(DESK)
    with watched(shared_page.context, site):
        yield shared_page


@pytest.fixture
def staff_page(context, site):
    """A page of the browser of a member of staff who is signed in."""
    context.add_cookies([site.staff_cookie])
    return context.new_page()
