"""The follow-up of action points: every figure leads to its list, on any day, for everybody."""

import html
import re
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.test import Client

from actionpoints.dashboards import LAST_MEETINGS
from actionpoints.follow_up import FIRST, NAMED
from actionpoints.models import ActionPoint, Mandate
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_review,
    make_staff,
    make_update,
    make_workplan,
)
from tests.figures import (
    DAYS,
    SECRET,
    check_figures,
    linked_figures,
    make_site,
    recount,
    timelinesses,
)
from tests.public_pages import read_alert, read_csv, read_refs, read_text

pytestmark = pytest.mark.django_db

ADDRESS = "/follow-up/"
SPRING, SUMMER, AUTUMN = date(2020, 4, 1), date(2020, 7, 1), date(2020, 10, 1)
LATER = date(2021, 6, 30)
LATE = {"initial_timeframe": "a day", "initial_latest": date(2020, 5, 1)}


def page(client=None, day=None, **query):
    if day:
        query["as_of"] = day.isoformat()
    answer = (client or Client()).get(ADDRESS, query)
    assert answer.status_code == 200
    return answer


def labels(rows):
    return [row.label for row in rows]


def groups(**kwargs):
    """Each body or group with its rows, as (label, count) pairs, the group's own first."""
    origins = page(**kwargs).context["origins"]
    return [
        [(row.label, row.total.count) for row in (group.row, *group.rows)]
        for group in origins.groups
    ]


@pytest.fixture
def staff():
    client = Client()
    client.force_login(make_staff())
    return client


@pytest.fixture(params=["visitor", "staff"])
def reader(request, staff):
    return Client() if request.param == "visitor" else staff


@pytest.fixture(scope="class")
def site(django_db_setup, django_db_blocker):
    """A busy site, made once for all tests of a class."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_site()
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("site")
class TestFigures:
    @pytest.mark.parametrize("day", DAYS)
    def test_each_leads_to_the_list_that_it_counts(self, reader, day):
        followed = check_figures(reader, ADDRESS, day)
        # Of the first day nothing is known, so that there is nothing to follow.
        assert (followed == 0) if day == DAYS[0] else (followed > 20)

    def test_each_is_the_number_of_rows_of_its_file(self, reader):
        figures = dict(linked_figures(page(reader, LATER)))
        assert len(figures) > 20
        for url, number in figures.items():
            file = reader.get(url.replace("/action-points/", "/action-points.csv"))
            assert len(read_csv(file)) == number, url

    @pytest.mark.parametrize("day", [SPRING, LATER])
    def test_they_are_those_of_a_recount(self, reader, day):
        shown = page(reader, day).context
        is_staff = "_auth_user_id" in reader.session
        counted = recount(ActionPoint, day, is_staff)
        running = [one for one in counted if not one.is_archived]
        assert shown["archived"].count == len(counted) - len(running)
        assert (shown["archived"].count > 0) == (day == LATER)
        timeliness = timelinesses(running)
        still = sum(timeliness[one] for one in ("overdue", "due_soon", "on_time", "no_date"))
        assert [one.figure.count for one in shown["headlines"]] == [
            len(running),
            sum(one.status == "completed" for one in running),
            still,
            timeliness["overdue"],
            timeliness["due_soon"],
            sum(one.is_silent for one in running),
        ]
        for table in (shown["statuses"].rows[0], shown["origins"].table.totals):
            by_status = {cell.word.code: cell.figure.count for cell in table.cells}
            assert by_status == {
                code: sum(one.status == code for one in running) for code in by_status
            }
            assert sum(by_status.values()) == len(running)
        own = [group.row.total.count for group in shown["origins"].groups]
        assert sum(own) == shown["themes"].table.totals.total.count == len(running)

    @pytest.mark.walk
    def test_each_other_link_leads_to_a_page(self, reader):
        for day in (SPRING, None):
            answer = page(reader, day)
            hrefs = re.findall(r'href="(/(?!static)[^"]*)"', answer.content.decode())
            assert ADDRESS not in hrefs
            others = {html.unescape(href).split("#")[0] for href in hrefs}
            others -= {url for url, _number in linked_figures(answer)}
            assert len(others) > 10
            for url in others:
                assert reader.get(url).status_code == 200, url


class TestLinesOfTheirOwn:
    def test_what_is_archived_stands_on_a_line_of_its_own(self):
        make_action_point(**LATE, meeting=make_meeting(archived_on=AUTUMN))
        make_action_point()
        before, after = (page(day=day) for day in (AUTUMN - timedelta(days=1), AUTUMN))
        assert [one.figure.count for one in before.context["headlines"]] == [2, 0, 2, 1, 0, 2]
        assert [one.figure.count for one in after.context["headlines"]] == [1, 0, 1, 0, 0, 1]
        assert "Archived, and counted apart: 1 action point" in read_text(after)
        assert "Archived" not in read_text(before)
        assert after.context["overdue"].rows == []

    def test_what_was_never_reported_has_its_list(self):
        item = make_action_point()
        make_update(make_action_point(), status="pending")
        (row,) = page().context["statuses"].rows
        found = {cell.word.code: cell.figure for cell in row.cells}
        assert read_refs(Client().get(found[""].url)) == [item.ref]


def test_what_is_not_public_shows_in_no_corner(staff):
    make_site()
    for day in DAYS:
        assert SECRET not in page(day=day).content.decode()
    assert SECRET in page(staff, LATER).content.decode()


class TestBodiesAndMeetings:
    def test_a_body_stands_above_its_meetings_the_last_one_first(self):
        one, other = (make_entity(kind="body", name=name) for name in ("B", "A"))
        for body, number in ((one, 1), (one, 2), (other, 3)):
            held_on = date(2020, 6, number)
            meeting = make_meeting(body=body, held_on=held_on, title=f"Day {number}")
            make_action_point(meeting=meeting)
        make_meeting(body=one, title="Decided nothing")
        assert groups() == [[("A", 1), ("Day 3", 1)], [("B", 2), ("Day 2", 1), ("Day 1", 1)]]

    def test_earlier_meetings_than_the_last_12_count_in_the_row_of_their_body(self):
        body = make_entity(kind="body", slug="opag")
        for number in range(LAST_MEETINGS + 2):
            held_on = date(2020, 1, 1) + timedelta(days=number)
            fields = LATE if number == 0 else {}
            make_action_point(meeting=make_meeting(body=body, held_on=held_on), **fields)
        answer = page()
        origins = answer.context["origins"]
        (group,) = origins.groups
        assert (group.row.total.count, len(group.rows)) == (LAST_MEETINGS + 2, LAST_MEETINGS)
        assert group.row.overdue.count == 1
        assert origins.table.has_overdue
        assert "2 earlier meetings count here too. All its meetings" in read_text(answer)
        listed = Client().get(group.all_url)
        (shown,) = listed.context["bodies"]
        assert len(shown.table.rows) == LAST_MEETINGS + 2

    def test_the_note_on_earlier_meetings_is_as_wide_as_the_table(self):
        body = make_entity(kind="body")
        for number in range(LAST_MEETINGS + 1):
            meeting = make_meeting(body=body, held_on=date(2020, 1, 1 + number))
            make_action_point(meeting=meeting, **LATE)
        answer = page()
        text = answer.content.decode()
        table = text[text.index('id="origins"') :]
        head = table[table.index("<thead>") : table.index("</thead>")]
        assert len(re.findall(r"<t[hd]\b", head)) == answer.context["origins"].span

    def test_each_review_has_a_row_and_so_has_what_comes_from_nowhere(self, staff):
        for title, amount in (("The paper", 2), ("Another", 1)):
            review = make_review(title=title)
            for _ in range(amount):
                make_action_point(recommendation=make_recommendation(review=review))
        assert groups() == [[("Follow-up of reviews", 3), ("The paper", 2), ("Another", 1)]]
        make_action_point(meeting=None, recommendation=None)
        nowhere = [("Neither of a meeting nor of a review", 1)]
        assert groups(client=staff) == [*groups(), nowhere]
        assert len(groups()) == 1

    def test_a_meeting_or_a_review_has_no_page_before_its_day(self):
        meeting = make_meeting(held_on=SUMMER)
        review = make_review(issued_on=SUMMER)
        make_action_point(meeting=meeting)
        make_action_point(recommendation=make_recommendation(review=review))
        for day, has_page in ((SUMMER, True), (SUMMER - timedelta(days=1), False)):
            members = [group.rows[0] for group in page(day=day).context["origins"].groups]
            assert [bool(row.url) for row in members] == [has_page, has_page]
            assert [row.total.count for row in members] == [1, 1]


class TestThemes:
    def test_those_with_most_that_is_open_come_first_and_what_has_none_last(self):
        make_update(make_action_point(theme="Data"), status="completed")
        make_action_point(theme="Localization")
        for _ in range(2):
            make_action_point()
        shown = page().context["themes"].table
        assert labels(shown.rows) == ["Localization", "Data", "Without a theme"]
        assert shown.totals.total.count == 4

    def test_one_word_is_one_theme_in_whatever_body(self):
        for _ in range(2):
            make_action_point(theme="Data")
        (row,) = page().context["themes"].table.rows
        assert (row.label, row.total.count) == ("Data", 2)

    def test_the_rest_is_counted_and_one_click_away(self):
        for number in range(FIRST + 2):
            make_action_point(theme=f"Theme {number}")
        answer = page(day=LATER)
        shown = answer.context["themes"]
        assert (len(shown.table.rows), shown.table.totals.total.count) == (FIRST, FIRST + 2)
        assert f"All {FIRST + 2} themes" in read_text(answer)
        full = Client().get(shown.all_url.partition("#")[0])
        assert len(full.context["themes"].table.rows) == FIRST + 2
        assert full.context["asked"].day == LATER
        assert f"All {FIRST + 2} themes" not in read_text(full)


class TestLeads:
    def test_those_with_most_that_is_open_come_first_each_with_all_that_it_leads(self):
        busy, other = make_entity(acronym="BUSY"), make_entity(acronym="OTHER")
        both = make_action_point()
        for entity in (busy, other):
            make_party(both, entity=entity, role="co_lead")
        make_party(make_action_point(), entity=busy)
        shown = page().context["leads"].table
        assert [(row.label, row.total.count) for row in shown.rows] == [("BUSY", 2), ("OTHER", 1)]
        assert shown.totals is None

    def test_the_rest_is_named_and_one_click_away(self):
        for _ in range(FIRST + 1):
            make_party(make_action_point())
        make_action_point()
        answer = page()
        shown = answer.context["leads"]
        assert len(shown.table.rows) == FIRST + 1
        assert labels(shown.table.rows)[-1] == "No lead named"
        assert f"All {FIRST + 1} leads" in read_text(answer)
        full = Client().get(shown.all_url.partition("#")[0])
        assert len(full.context["leads"].table.rows) == FIRST + 2
        assert f"All {FIRST + 1} leads" not in read_text(full)

    def test_what_nobody_leads_has_a_row_and_a_list(self):
        make_action_point(title="Led by nobody")
        led = make_action_point(title="Led by a part")
        part = make_action_point(meeting=led.meeting, parent=led, level="part")
        make_party(part)
        make_party(make_action_point(title="Only supported"), role="support")
        row = page().context["leads"].table.rows[-1]
        assert (row.label, row.total.count) == ("No lead named", 2)
        listed = Client().get(row.total.url)
        titles = {one.item.title for one in listed.context["rows"]}
        assert titles == {"Led by nobody", "Only supported"}


class TestDoneButOpen:
    def make(self, **status):
        """An action point and the deliverable that cites it."""
        point, deliverable = make_action_point(), make_deliverable()
        Mandate.objects.create(deliverable=deliverable, by_action_point=point)
        if status:
            make_update(deliverable, **status)
        return point, deliverable

    def shown(self, client=None, day=None):
        return [one.row.item for one in page(client, day).context["done"].rows]

    def test_is_an_open_one_all_of_whose_deliverables_are_completed(self):
        done, deliverable = self.make(status="completed", effective_on=SUMMER)
        self.make(status="ongoing", effective_on=SUMMER)
        self.make()
        half, _first = self.make(status="completed", effective_on=SUMMER)
        Mandate.objects.create(deliverable=make_deliverable(), by_action_point=half)
        make_action_point()
        assert self.shown() == [done]
        assert self.shown(day=SUMMER) == [done]
        assert self.shown(day=SUMMER - timedelta(days=1)) == []
        assert deliverable.title in read_text(page())

        make_update(done, status="completed", effective_on=AUTUMN)
        assert self.shown() == []
        assert self.shown(day=AUTUMN - timedelta(days=1)) == [done]

    def test_the_state_of_the_day_counts_not_that_of_today(self):
        done, deliverable = self.make(status="completed", effective_on=SUMMER)
        make_update(deliverable, status="ongoing", effective_on=AUTUMN)
        assert self.shown() == []
        assert self.shown(day=SUMMER) == [done]

    def test_a_mandate_and_a_deliverable_count_from_their_day(self):
        point, _deliverable = self.make(status="completed", effective_on=SPRING)
        late = make_deliverable(introduced_on=SUMMER)
        Mandate.objects.create(deliverable=late, by_action_point=point)
        unknown = make_deliverable()
        Mandate.objects.create(deliverable=unknown, by_action_point=point, decided_on=SUMMER)
        assert self.shown(day=SUMMER) == []
        assert self.shown(day=SUMMER - timedelta(days=1)) == [point]

    def test_a_completed_part_counts_and_a_discontinued_deliverable_does_not(self):
        _point, deliverable = self.make(status="discontinued", effective_on=SUMMER)
        assert self.shown() == []
        part = make_deliverable(
            priority_area=deliverable.priority_area, parent=deliverable, level="part"
        )
        other = make_action_point()
        Mandate.objects.create(deliverable=part, by_action_point=other)
        make_update(part, status="completed", effective_on=SUMMER)
        assert self.shown() == [other]

    def test_a_heading_neither_makes_nor_keeps_one(self):
        point = make_action_point()
        heading = make_deliverable(level="heading")
        Mandate.objects.create(deliverable=heading, by_action_point=point)
        assert self.shown() == []
        below = make_deliverable(priority_area=heading.priority_area, parent=heading)
        Mandate.objects.create(deliverable=below, by_action_point=point)
        make_update(below, status="completed", effective_on=SUMMER)
        assert self.shown() == [point]

    def test_a_visitor_learns_nothing_of_unpublished_deliverables(self, staff):
        hidden = make_area(workplan=make_workplan(published=False))
        point, deliverable = make_action_point(), make_deliverable(priority_area=hidden)
        Mandate.objects.create(deliverable=deliverable, by_action_point=point)
        make_update(deliverable, status="completed", effective_on=SUMMER)
        assert self.shown() == []
        assert self.shown(staff) == [point]
        assert read_refs(Client().get("/action-points/?deliverables=completed")) == []

        # Nor does one that is not public and not completed take away what is.
        other, _completed = self.make(status="completed", effective_on=SUMMER)
        unfinished = make_deliverable(priority_area=hidden, title=SECRET)
        Mandate.objects.create(deliverable=unfinished, by_action_point=other)
        assert self.shown() == [other]
        assert self.shown(staff) == [point]
        assert SECRET not in page().content.decode()

    def test_each_is_listed_and_the_figure_counts_those_that_are_not_named_too(self):
        for _ in range(NAMED + 1):
            self.make(status="completed", effective_on=SUMMER)
        closed, _deliverable = self.make(status="completed", effective_on=SUMMER)
        make_update(closed, status="completed")
        answer = page()
        shown = answer.context["done"]
        assert (len(shown.rows), shown.figure.count) == (NAMED, NAMED + 1)
        assert f"The first {NAMED} are named here." in read_text(answer)
        listed = read_refs(Client().get(shown.figure.url))
        assert len(listed) == NAMED + 1
        assert closed.ref not in listed
        # The filter by itself asks for all whose deliverables are completed.
        assert closed.ref in read_refs(Client().get("/action-points/?deliverables=completed"))


class TestAttention:
    def test_names_what_is_overdue_the_longest(self):
        later = make_action_point(**LATE | {"initial_latest": date(2020, 6, 1)})
        latest = make_action_point(**LATE)
        closed = make_action_point(**LATE)
        make_update(closed, status="completed", effective_on=date(2020, 5, 1))
        shown = page(day=LATER).context["overdue"]
        assert [row.item for row in shown.rows] == [latest, later]
        assert read_refs(Client().get(shown.figure.url)) == [latest.ref, later.ref]

    def test_names_what_is_silent_the_longest(self):
        never = make_action_point(introduced_on=date(2020, 1, 2))
        for ref, reported_on in (("OLD", date(2020, 2, 1)), ("EDGE", date(2021, 5, 1))):
            make_update(make_action_point(ref=ref), reported_on=reported_on, effective_on=SPRING)
        make_update(make_action_point(), reported_on=date(2021, 5, 2), effective_on=SPRING)
        closed = make_action_point()
        make_update(closed, status="completed", effective_on=SPRING, reported_on=SPRING)
        answer = page(day=LATER)
        shown = answer.context["silent"]
        assert [row.item.ref for row in shown.rows] == [never.ref, "OLD", "EDGE"]
        assert read_refs(Client().get(shown.figure.url)) == ["OLD", "EDGE", never.ref]
        text = read_text(answer)
        assert f"no report in {(LATER - date(2020, 1, 2)).days} days" in text
        assert "not updated for 60 days" in text
        assert "not updated for 59 days" not in text

    def test_says_how_many_there_are_when_it_names_the_first(self):
        for _ in range(NAMED + 2):
            make_action_point(**LATE)
        answer = page()
        for name in ("overdue", "silent"):
            shown = answer.context[name]
            assert (len(shown.rows), shown.figure.count) == (NAMED, NAMED + 2)
        assert read_text(answer).count(f"All {NAMED + 2} in the list") == 2


@pytest.mark.parametrize("query", ["of=everything", "all=meetings", "as_of=never"])
def test_what_is_not_understood_is_named(query):
    answer = Client().get(f"{ADDRESS}?{query}")
    assert answer.status_code == 400
    (sentence,) = read_alert(answer)
    assert query.split("=")[query.startswith("a")] in sentence


def test_an_empty_site_says_so():
    shown = read_text(page())
    assert "Nothing is counted here on" in shown
    assert "There is none" in shown
    assert "None is overdue." in shown
    assert "None has been silent for 60 days or more." in shown


@pytest.mark.parametrize("address", ["/", "/action-points/"])
def test_the_overview_and_the_list_lead_to_it_on_the_day_asked_for(address):
    text = Client().get(address, {"as_of": "2021-06-30"}).content.decode()
    assert f'href="{ADDRESS}?as_of=2021-06-30"' in text
