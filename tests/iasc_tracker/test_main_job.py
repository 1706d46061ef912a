"""The main job from end to end: the demo, the admin, the dashboard, the file, over HTTP."""

import csv
import io
import re
import urllib.parse
import urllib.request
from collections import Counter
from http.cookiejar import CookieJar

import pytest

from tests.admin_pages import read_form
from tests.running_demo import free_port, served

pytestmark = pytest.mark.own_database


class Browser:
    """A visitor's browser without script: cookies, pages, forms."""

    def __init__(self, site):
        self.site = site
        self.cookies = CookieJar()
        keeper = urllib.request.HTTPCookieProcessor(self.cookies)
        self.opener = urllib.request.build_opener(keeper)

    def get(self, path, **query):
        return self.open(f"{path}?{urllib.parse.urlencode(query)}" if query else path)

    def post(self, path, fields):
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token}, doseq=True)
        return self.open(path, body.encode())

    def open(self, path, body=None):
        with self.opener.open(f"{self.site}{path}", body, timeout=30) as answer:
            self.content, self.url = answer.read(), answer.url
        return self.content.decode("utf-8-sig")

    def rows(self, path, **query):
        return list(csv.DictReader(io.StringIO(self.get(path, **query), newline="")))


def figures(page, day=None):
    """Return the figures of a workplan's row of totals, by status.

    They link to lists that ask for the workplan, one status, and the day that the page was asked
    for, if any; nothing else. Those of progress over time ask for other days.
    """
    found = {}
    for href, figure in re.findall(r'<a [^>]*href="([^"]*)"[^>]*>\s*(\d+)\s*<', page):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(href.replace("&amp;", "&")).query)
        on_the_day = query.pop("as_of", [None]) == [day]
        if on_the_day and query.keys() == {"workplan", "status"} and len(query["status"]) == 1:
            found[query["status"][0]] = int(figure)
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("main-job"), free_port()
    with served(folder, port) as (_process, printed):
        password = re.search(r"password: (\S+)", printed)[1]
        yield f"http://127.0.0.1:{port}", password


@pytest.fixture
def member(site):
    return Browser(site[0])


@pytest.fixture
def staff(site):
    browser = Browser(site[0])
    browser.get("/admin/login/")
    account = {"username": "staff", "password": site[1], "next": "/admin/"}
    assert "Log out" in browser.post("/admin/login/", account)
    return browser


PLAN = "/workplans/rg1-2020/"
RG1_MEETING = "rg1-2020-07-16"


def test_before_the_update_page_and_file_agree(member):
    rows = member.rows("/deliverables.csv", workplan="rg1-2020")
    statuses = Counter(row["status"] for row in rows)
    assert statuses == {"completed": 10, "ongoing": 10, "continuous": 1}
    assert figures(member.get(PLAN)) == statuses


def test_on_1_january_2020_18_exist_and_3_are_completed(member):
    asked = {"workplan": "rg1-2020", "as_of": "2020-01-01"}
    rows = member.rows("/deliverables.csv", **asked)
    statuses = Counter(row["status"] for row in rows)
    assert statuses == {"completed": 3, "not_reported": 15}
    assert figures(member.get(PLAN, as_of="2020-01-01"), "2020-01-01") == statuses
    assert "18 deliverables" in member.get("/deliverables/", **asked)


def test_the_meeting_s_own_action_points_and_those_it_reviewed(member):
    own = member.rows("/action-points.csv", meeting=RG1_MEETING)
    assert len(own) == 5
    reviewed = member.rows("/action-points.csv", reviewed_at=RG1_MEETING, as_of="2020-07-16")
    statuses = Counter(row["status"] for row in reviewed if row["body"] == "OPAG")
    assert statuses == {"completed": 2, "in_progress": 3, "pending": 10}
    assert "5 action points" in member.get("/action-points/", meeting=RG1_MEETING)
    page = member.get("/action-points/", reviewed_at=RG1_MEETING, as_of="2020-07-16")
    assert f"{len(reviewed)} action points" in page


def test_staff_complete_a_deliverable_and_everybody_sees_it(staff, member):
    listing = staff.get("/admin/workplans/deliverable/", q="RG1-2020-3.3")
    page = re.search(r"/admin/workplans/deliverable/\d+/change/", listing)[0]
    staff.get(page)
    told = {"new_status": "completed", "new_narrative": "OPAG endorsed the framework."}
    staff.post(page, read_form(staff.content) | told)
    assert staff.url.endswith("/admin/workplans/deliverable/")

    rows = member.rows("/deliverables.csv", workplan="rg1-2020")
    statuses = Counter(row["status"] for row in rows)
    assert statuses == {"completed": 11, "ongoing": 9, "continuous": 1}
    assert figures(member.get(PLAN)) == statuses
    row = next(row for row in rows if row["ref"] == "RG1-2020-3.3")
    assert row["narrative"] == "OPAG endorsed the framework."

    history = member.get("/deliverables/RG1-2020-3.3/")
    assert "OPAG endorsed the framework." in history
    newest = history[history.index('id="update-') :]
    newest = re.sub(r"<[^>]+>", " ", newest[: newest.index("OPAG endorsed")])
    assert re.search(r"Ongoing\s+(→|to)\s+.*Completed", " ".join(newest.split()))
    # The day before, nothing of it is known.
    assert "OPAG endorsed" not in member.get("/deliverables/RG1-2020-3.3/", as_of="2021-06-29")
