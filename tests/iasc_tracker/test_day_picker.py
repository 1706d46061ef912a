"""The day picker: the days that it names, what it keeps, and the day in every link."""

import html
import re
from collections import deque
from datetime import date, timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import URLPattern, get_resolver, resolve

from iasc_tracker.useful_days import MOST, NAMED, YEAR_ENDS, useful_days
from tests.factories import (
    make_deliverable,
    make_entity,
    make_meeting,
    make_source,
    make_update,
    make_workplan,
)
from tests.figures import make_site
from tests.public_pages import DAY_PICKER, read_alert
from workplans.days import FIRST_DAY
from workplans.pages import Asked

pytestmark = pytest.mark.django_db

TODAY = date(2021, 6, 30)
CHOSEN = date(2020, 7, 16)


@pytest.fixture
def today(monkeypatch):
    """The true today, held fast."""
    monkeypatch.setattr("workplans.days.true_today", lambda: TODAY)
    return TODAY


def make_report(dated, **kwargs):
    return make_source(kind="progress_report", dated=dated, **kwargs)


def named(user=None, today=TODAY, true_today=TODAY):
    """The days that a visitor is offered, as pairs of day and names, by heading."""
    groups = useful_days(user or AnonymousUser(), today, true_today)
    return {group.label: [(one.day, *one.names) for one in group.days] for group in groups}


def just_days(heading, **kwargs):
    return [day for day, *_names in named(**kwargs).get(heading, [])]


def read_picker(response):
    """The markup of the picker, or "" where a page has none."""
    found = re.search(r'<nav class="day-picker".*?</nav>', response.content.decode(), re.S)
    return found[0] if found else ""


def read_summary(response):
    summary = re.search(r"<summary>(.*?)</summary>", read_picker(response), re.S)[1]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", summary)).split())


def read_days(response):
    """The links of the picker: what each says, its address, and whether it is the current one."""
    links = re.findall(r'<a href="([^"]*)"([^>]*)>(.*?)</a>', read_picker(response), re.S)
    return [
        (
            " ".join(html.unescape(re.sub(r"<[^>]+>", "", words)).split()),
            html.unescape(address),
            "aria-current" in marks,
        )
        for address, marks, words in links
    ]


def read_hidden(response):
    inputs = re.findall(
        r'<input type="hidden" name="([^"]*)" value="([^"]*)">', read_picker(response)
    )
    return [tuple(map(html.unescape, pair)) for pair in inputs]


class TestNamedDays:
    def test_a_site_without_records_names_today_alone(self):
        assert named() == {"Today": [(TODAY,)]}

    def test_each_kind_of_day_stands_under_its_heading_with_what_happened_on_it(self):
        make_meeting(body=make_entity(acronym="OPAG"), held_on=date(2020, 7, 9))
        make_meeting(body=make_entity(name="A body without acronym"), held_on=date(2021, 2, 1))
        make_report(date(2020, 12, 1), title="Progress of the year")
        make_source(kind="meeting_record", dated=date(2020, 7, 10))
        assert named() == {
            "Today": [(TODAY,)],
            "Meetings": [
                (date(2021, 2, 1), "A body without acronym"),
                (date(2020, 7, 9), "OPAG"),
            ],
            "Reports": [(date(2020, 12, 1), "Progress of the year")],
            "Year ends": [(date(2020, 12, 31),)],
        }

    def test_the_newest_are_named_and_no_more_than_there_is_room_for(self):
        for number in range(12):
            make_meeting(held_on=TODAY - timedelta(days=number))
            make_report(TODAY - timedelta(days=100 * number))
            make_source(dated=date(2020 - number, 3, 1))
        assert just_days("Meetings") == [TODAY - timedelta(days=n) for n in range(MOST["meeting"])]
        assert just_days("Reports") == [
            TODAY - timedelta(days=100 * n) for n in range(MOST["report"])
        ]
        assert just_days("Year ends") == [date(2020 - n, 12, 31) for n in range(YEAR_ENDS)]
        assert (MOST, YEAR_ENDS) == ({"meeting": 8, "report": 6}, 6)

    def test_what_falls_on_one_day_shares_a_link_and_takes_no_room_of_others(self):
        opag = make_entity(acronym="OPAG")
        for body in (opag, make_entity(acronym="EDG"), opag):
            make_meeting(body=body, held_on=date(2021, 3, 1))
        for number in range(MOST["meeting"]):
            make_meeting(held_on=date(2021, 2, 1) - timedelta(days=number))
        meetings = named()["Meetings"]
        assert meetings[0] == (date(2021, 3, 1), "EDG", "OPAG")
        assert len(meetings) == MOST["meeting"]

    def test_nothing_that_lies_ahead_is_named(self):
        tomorrow = TODAY + timedelta(days=1)
        make_meeting(held_on=tomorrow)
        make_report(tomorrow)
        make_workplan(starts_on=date(2021, 1, 1), ends_on=date(2030, 12, 31))
        make_workplan(starts_on=date(2025, 1, 1), ends_on=date(2026, 12, 31))
        assert named() == {"Today": [(TODAY,)]}
        assert just_days("Year ends", true_today=date(2021, 12, 31)) == [date(2021, 12, 31)]

    def test_nothing_that_is_too_early_to_be_asked_for_is_named(self):
        early = FIRST_DAY - timedelta(days=1)
        make_meeting(held_on=early)
        make_report(early)
        make_workplan(starts_on=date(1980, 1, 1), ends_on=date(1993, 12, 31))
        assert named() == {
            "Today": [(TODAY,)],
            "Year ends": [(date(1993, 12, 31),), (date(1992, 12, 31),)],
        }

    def test_a_year_ends_where_something_is_known_of_it(self):
        make_meeting(held_on=date(2014, 5, 1))
        make_source(dated=date(2016, 5, 1))
        make_source(dated=None)
        make_workplan(starts_on=date(2018, 10, 1), ends_on=date(2019, 12, 31))
        make_workplan(starts_on=date(2012, 1, 1), ends_on=None)
        make_workplan(starts_on=None, ends_on=None)
        years = [day.year for day in just_days("Year ends")]
        assert years == [2019, 2018, 2016, 2014, 2012]

    def test_what_is_not_published_is_named_to_staff_only(self, staff_user):
        make_meeting(body=make_entity(acronym="DRAFTED"), published=False)
        make_report(date(2018, 6, 1), title="Drafted report", published=False)
        make_workplan(starts_on=date(2015, 1, 1), ends_on=date(2015, 12, 31), published=False)
        assert named() == {"Today": [(TODAY,)]}
        assert named(staff_user) == {
            "Today": [(TODAY,)],
            "Meetings": [(date(2020, 7, 9), "DRAFTED")],
            "Reports": [(date(2018, 6, 1), "Drafted report")],
            "Year ends": [(date(year, 12, 31),) for year in (2020, 2018, 2015)],
        }

    def test_a_pinned_site_names_its_own_day_and_what_came_after_it(self):
        make_meeting(body=make_entity(acronym="OPAG"), held_on=date(2021, 9, 1))
        make_report(date(2022, 1, 15), title="The next report")
        assert named(today=TODAY, true_today=date(2022, 3, 1)) == {
            "Today": [(TODAY, "this site’s day"), (date(2022, 3, 1), "today")],
            "Meetings": [(date(2021, 9, 1), "OPAG")],
            "Reports": [(date(2022, 1, 15), "The next report")],
            "Year ends": [(date(2021, 12, 31),)],
        }

    @pytest.mark.parametrize("amount", [1, 40])
    def test_two_queries_whatever_there_is(self, amount, django_assert_num_queries):
        for number in range(amount):
            make_meeting(held_on=TODAY - timedelta(days=number))
            make_report(TODAY - timedelta(days=number))
        with django_assert_num_queries(DAY_PICKER):
            useful_days(AnonymousUser(), TODAY, TODAY)


class TestOnThePage:
    def test_it_says_which_day_the_page_shows(self, client, today):
        assert read_summary(client.get("/")) == "As of 30 June 2021 choose another day"
        response = client.get("/", {"as_of": "2020-07-16"})
        assert read_summary(response) == "As of 16 July 2020 choose another day"
        assert "You are looking at 16 July 2020." in response.content.decode()

    def test_each_link_opens_the_page_on_its_day(self, client, today):
        make_meeting(body=make_entity(acronym="OPAG"))
        make_report(date(2021, 2, 1), title="First report")
        make_workplan(starts_on=date(2016, 1, 1), ends_on=date(2016, 12, 31))
        offered = read_days(client.get("/", {"as_of": "2020-07-16"}))
        assert offered == [
            ("30 June 2021", "?", False),
            ("9 July 2020 OPAG", "?as_of=2020-07-09", False),
            ("1 February 2021 First report", "?as_of=2021-02-01", False),
            ("31 December 2020", "?as_of=2020-12-31", False),
            ("31 December 2016", "?as_of=2016-12-31", False),
        ]
        for words, address, _current in offered:
            response = client.get(f"/{address}")
            assert response.status_code == 200
            assert read_summary(response).removeprefix("As of ").startswith(words[:11])

    def test_the_day_shown_is_marked(self, client, today):
        make_meeting(held_on=CHOSEN, body=make_entity(acronym="RG1"))
        make_report(TODAY, title="Report")

        def current(**asked):
            return [
                words for words, _address, marked in read_days(client.get("/", asked)) if marked
            ]

        assert current() == ["30 June 2021", "30 June 2021 Report"]
        assert current(as_of="2020-07-16") == ["16 July 2020 RG1"]
        assert current(as_of="2020-07-15") == []

    def test_all_else_that_was_asked_for_is_kept(self, client, today):
        make_report(date(2021, 2, 1))
        address = "/deliverables/?status=ongoing&as_of=2020-07-16&status=completed&q=a+%26b&page=1"
        response = client.get(address)
        assert response.status_code == 200
        kept = "status=ongoing&status=completed&q=a+%26b"
        assert [address for _words, address, _current in read_days(response)] == [
            f"?{kept}",
            f"?{kept}&as_of=2021-02-01",
        ]
        assert read_hidden(response) == [
            ("status", "ongoing"),
            ("status", "completed"),
            ("q", "a &b"),
        ]

    def test_marks_of_a_mailing_are_not_kept(self, client):
        response = client.get("/", {"utm_source": "mail", "as_of": "2020-07-16"})
        assert "utm_" not in read_picker(response)

    def test_a_day_can_be_written_from_the_first_to_the_true_today(self, client, today):
        picker = read_picker(client.get("/", {"as_of": "2020-07-16"}))
        assert (
            'name="as_of" value="2020-07-16" min="1992-01-01" max="2021-06-30" required>' in picker
        )
        assert '<form method="get" action="/">' in picker

    def test_a_pinned_site_offers_its_own_day_and_the_true_one(self, client, settings, monkeypatch):
        settings.TRACKER_AS_OF = TODAY
        monkeypatch.setattr("workplans.days.true_today", lambda: date(2022, 3, 1))
        response = client.get("/")
        assert read_summary(response) == "As of 30 June 2021 choose another day"
        assert read_days(response) == [
            ("30 June 2021 this site’s day", "?", True),
            ("1 March 2022 today", "?as_of=2022-03-01", False),
        ]
        assert 'max="2022-03-01"' in read_picker(response)

    def test_what_there_is_no_room_for_is_counted(self, client, today):
        for number in range(NAMED + 2):
            make_report(CHOSEN, title=f"Report {number}")
        long_title = "One two three four five six seven eight nine ten"
        make_report(date(2021, 1, 1), title=long_title)
        words = [words for words, _address, _current in read_days(client.get("/"))]
        assert "16 July 2020 Report 0; Report 1; Report 2 and 2 more" in words
        assert "1 January 2021 One two three four five six seven eight …" in words

    def test_nothing_unpublished_is_named_to_a_visitor(self, client, staff_client, today):
        make_report(CHOSEN, title="Drafted report", published=False)
        make_meeting(body=make_entity(acronym="DRAFTED"), published=False)
        page = client.get("/").content.decode()
        assert "Drafted report" not in page
        assert "DRAFTED" not in page
        for_staff = read_picker(staff_client.get("/"))
        assert "Drafted report" in for_staff
        assert "DRAFTED" in for_staff

    def test_what_people_typed_is_shown_as_text(self, client, today):
        nasty = '"><script>alert(1)</script>'
        make_report(CHOSEN, title=nasty)
        make_meeting(body=make_entity(acronym="<b>BODY</b>"))
        response = client.get("/deliverables/", {"q": nasty, "<i>": nasty})
        assert "<script" not in response.content.decode()
        assert "<b>BODY" not in response.content.decode()
        assert read_hidden(response) == [("q", nasty), ("<i>", nasty)]

    @pytest.mark.parametrize(
        "query", ["as_of=yesterday", "as_of=2999-01-01", "as_of=1&as_of=2", "colour=red"]
    )
    def test_a_page_that_was_not_understood_offers_days_all_the_same(self, client, today, query):
        response = client.get(f"/deliverables/?{query}&status=ongoing")
        assert response.status_code == 400
        assert read_alert(response)
        assert read_summary(response) == "Choose a day"
        ((words, address, current),) = read_days(response)
        assert (words, current) == ("30 June 2021", False)
        assert ("colour" in address) == ("colour" in query)
        assert "status=ongoing" in address
        assert "as_of" not in address

    def test_pages_that_answer_for_no_day_have_none(self, client):
        assert read_picker(client.get("/no/such/page/")) == ""
        assert read_picker(client.get("/deliverables/NO-SUCH-ITEM/")) == ""
        for code in (400, 403, 404, 500):
            page = render_to_string(f"{code}.html", request=RequestFactory().get("/nowhere/"))
            assert "day-picker" not in page

    def test_a_template_can_leave_it_out(self):
        request = RequestFactory().get("/")
        request.user = AnonymousUser()
        page = '{% extends "base.html" %}'
        for source, expected in (
            (page, True),
            (page + "{% block day_picker %}{% endblock %}", False),
        ):
            template = engines["django"].from_string(source)
            assert ("day-picker" in template.render({"asked": Asked(TODAY)}, request)) is expected

    def test_a_page_with_a_day_of_its_own_names_today_in_its_link(self, today):
        request = RequestFactory().get("/", {"as_of": "2020-07-16"})
        request.user = AnonymousUser()
        for source, expected in (
            ("{% load days %}{% day_picker asked %}", 'href="?"'),
            ("{% load days %}{% day_picker asked asked.day %}", 'href="?as_of=2021-06-30"'),
        ):
            template = engines["django"].from_string(source)
            assert expected in template.render({"asked": Asked(CHOSEN, chosen=True)}, request)

    def test_a_list_has_one_field_for_the_day_and_its_own_form_carries_it(self, client, today):
        carried = '<input type="hidden" name="as_of" value="2020-07-16">'
        page = client.get("/deliverables/", {"as_of": "2020-07-16"}).content.decode()
        assert page.count('type="date"') == 1
        assert page.count(carried) == 2  # the list's form, and the search in the page's head
        response = client.get("/deliverables/")
        without = response.content.decode().replace(read_picker(response), "")
        assert 'name="as_of"' not in without

    def test_it_obeys_the_content_security_policy(self, client):
        make_report(CHOSEN)
        picker = read_picker(client.get("/"))
        assert not re.search(r"\sstyle=|<script|<style|\son\w+=", picker)


# The day in every link

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
WAYS_TO_OTHER_DAYS = {"day-picker", "notice"}
# What is beside the pages that a day governs.
BESIDE = ("/admin/", "/static/", "/healthz")
# A comparison and a report end on a day of their own, which then is the day.
OWN_DAY = {"until", "to", "to_meeting"}


class Addresses(HTMLParser):
    """The addresses that a page leads to, but for the ways to other days.

    A form counts as the address that it asks for with its fields.
    """

    def __init__(self, page):
        super().__init__()
        self.found, self.forms, self.within = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        classes = (given.get("class") or "").split()
        if tag not in VOID:
            self.within.append((tag, not WAYS_TO_OTHER_DAYS.isdisjoint(classes)))
        if any(is_apart for _tag, is_apart in self.within):
            return
        if tag == "a":
            self.found.append(given["href"])
        elif tag == "form":
            self.forms.append((given.get("action", ""), set()))
        elif self.forms and given.get("name"):
            self.forms[-1][1].add(given["name"])

    def handle_endtag(self, tag):
        while self.within and self.within.pop()[0] != tag:
            pass


def public_names(patterns, prefix=""):
    """The names of all addresses but those of the admin."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}"
        elif pattern.namespace != "admin":
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from public_names(pattern.url_patterns, prefix + inner)


@pytest.mark.walk
def test_every_link_of_every_public_page_keeps_the_day(client):
    make_site(1, items=12)
    item = make_deliverable(ref="TOLD-1")
    make_update(item, status="ongoing", effective_on=date(2020, 3, 1))
    chosen = CHOSEN.isoformat()
    ways = deque(f"{address}?as_of={chosen}" for address in ("/", "/meetings/meeting-1/pack/"))
    seen, reached, lost, moved = {}, {"actionpoints:pack"}, [], set()
    while ways:
        way = ways.popleft()
        response = client.get(way)
        assert response.status_code == 200, way
        if not response["Content-Type"].startswith("text/html"):
            continue
        parser = Addresses(response.content.decode())
        lost += [
            (way, f"form of {action or way}")
            for action, names in parser.forms
            if not names & {"as_of", *OWN_DAY}
        ]
        for link in parser.found:
            parts = urlsplit(link)
            if parts.netloc or link.startswith("#") or parts.path.startswith(BESIDE):
                continue
            path = parts.path or urlsplit(way).path
            query = parse_qs(parts.query)
            if not query.keys() & {"as_of", *OWN_DAY}:
                lost.append((way, link))
                continue
            if query.get("as_of", [chosen]) != [chosen]:
                moved.add(resolve(urlsplit(way).path).view_name)
            name = resolve(path).view_name
            reached.add(name)
            # A few of each kind, with and without filters: one template makes all of them.
            of_kind = seen.setdefault((name, len(query) > 1), set())
            address = f"{path}?{parts.query}"
            if len(of_kind) < 2 and address not in of_kind:
                of_kind.add(address)
                ways.append(address)
    assert lost == []
    # The figures of what a meeting's record told are those of the record's day; those of progress
    # over time are each of its own.
    over_time = {"workplans:group_detail", "workplans:workplan_detail"}
    assert moved <= {"actionpoints:meeting_detail", *over_time}
    # A final report stays as it was made, whatever day is asked for, and the site has none;
    # a PDF is offered where the machine can make one.
    left = set(public_names(get_resolver().url_patterns)) - reached
    left = {name for name in left if "frozen_report" not in name and not name.endswith("_pdf")}
    # The search is reached by a form.
    assert left == {"healthz", "search"}
