"""The files of meetings and of the follow-up; `test_downloads` holds them against the pages."""

from datetime import date, timedelta

import pytest

from actionpoints.dashboards import LAST_MEETINGS
from actionpoints.follow_up import FIRST
from tests.factories import (
    make_action_point,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_review,
    make_source,
    make_update,
)
from tests.public_pages import read_csv
from tests.spreadsheets import read_workbook
from workplans import chunks

pytestmark = pytest.mark.django_db

MEETING_COLUMNS = (
    "slug body title held_on date_words archived decided open overdue completed in_progress "
    "pending discontinued not_reported reviewed url"
)
FOLLOW_UP_COLUMNS = (
    "kind name body day action_points open overdue completed in_progress pending discontinued "
    "not_reported url"
)
DAY = {"as_of": "2021-06-30"}


@pytest.fixture
def body():
    return make_entity(kind="body", name="Advocacy Group", acronym="OPAG", slug="opag")


@pytest.fixture
def meeting(body):
    return make_meeting(
        body=body,
        slug="opag-2020-07-09",
        title="@Session VII",
        held_on=date(2020, 7, 9),
        date_words="the last on 9 July",
        record=make_source(dated=date(2020, 7, 16)),
    )


def rows_of(client, path, **query):
    return read_csv(client.get(path, DAY | query))


class TestMeetingsFile:
    URL = "/meetings.csv"

    def test_has_the_columns_in_their_order_and_every_fact_of_the_day(self, client, meeting):
        for status in ("completed", "in_progress", "pending", "discontinued"):
            item = make_action_point(meeting=meeting)
            make_update(item, status=status, effective_on=date(2021, 1, 1))
        make_action_point(
            meeting=meeting, initial_timeframe="in 2020", initial_latest=date(2020, 12, 31)
        )
        for day in (date(2020, 7, 16), date(2021, 7, 1)):
            make_update(
                make_action_point(meeting=make_meeting(held_on=date(2019, 1, 1))),
                source=meeting.record,
                reported_on=day,
            )
        (row,) = rows_of(client, self.URL, body="opag")
        assert " ".join(row) == MEETING_COLUMNS
        assert row == {
            "slug": "opag-2020-07-09",
            "body": "OPAG",
            "title": "'@Session VII",
            "held_on": "2020-07-09",
            "date_words": "the last on 9 July",
            "archived": "no",
            "decided": "5",
            "open": "3",
            "overdue": "1",
            "completed": "1",
            "in_progress": "1",
            "pending": "1",
            "discontinued": "1",
            "not_reported": "1",
            "reviewed": "1",
            "url": "http://testserver/meetings/opag-2020-07-09/",
        }
        (row,) = rows_of(client, self.URL, body="opag", as_of="2020-07-15")
        assert [row[name] for name in ("open", "overdue", "not_reported", "reviewed")] == [
            "5",
            "0",
            "5",
            "0",
        ]

    def test_what_an_archived_meeting_decided_is_neither_open_nor_overdue(self, client, meeting):
        meeting.archived_on = date(2021, 1, 1)
        meeting.save()
        make_action_point(
            meeting=meeting, initial_timeframe="in 2019", initial_latest=date(2019, 12, 31)
        )
        names = ("archived", "decided", "open", "overdue")
        for day, cells in (
            ("2020-12-31", ["no", "1", "1", "1"]),
            ("2021-01-01", ["yes", "1", "0", "0"]),
        ):
            (row,) = rows_of(client, self.URL, as_of=day)
            assert [row[name] for name in names] == cells

    def test_has_all_meetings_held_by_the_day_in_the_order_of_the_page(self, client, body):
        for number in range(LAST_MEETINGS + 2):
            make_meeting(body=body, held_on=date(2020, 1, 1) + timedelta(days=number))
        make_meeting(body=make_entity(acronym="AAA"), title="Another body's")
        make_meeting(body=body, held_on=date(2021, 7, 1), title="Ahead")
        page = client.get("/meetings/", DAY)
        other, own = ([row.label for row in one.table.rows] for one in page.context["bodies"])
        titles = [row["title"] for row in rows_of(client, self.URL)]
        assert titles[: 1 + LAST_MEETINGS] == [*other, *own]
        assert len(titles) == 1 + LAST_MEETINGS + 2
        assert rows_of(client, self.URL, body="opag") == rows_of(client, self.URL)[1:]

    def test_the_page_of_one_body_leads_to_the_file_of_it(self, client, body, meeting):
        make_meeting()
        page = client.get("/meetings/", {"body": "opag", **DAY}).content.decode()
        for ending in ("csv", "xlsx"):
            assert f'href="/meetings.{ending}?body=opag&amp;as_of=2021-06-30" download' in page
        answer = client.get("/meetings.xlsx?body=opag&as_of=2021-06-30")
        assert answer["Content-Disposition"] == (
            'attachment; filename="meetings_opag_as-of-2021-06-30.xlsx"'
        )
        book = read_workbook(answer)
        assert book.sheetnames == ["Meetings", "About"]
        said = dict(book["About"].iter_rows(values_only=True))
        assert (said["As of"], said["Body"]) == ("30 June 2021", "opag")

    def test_an_unknown_body_is_refused_without_naming_hidden_ones(self, client, meeting):
        make_meeting(body=make_entity(slug="hidden-body"), published=False)
        for asked in ("nobody", "hidden-body"):
            answer = client.get(self.URL, {"body": asked})
            assert answer.status_code == 400
            assert answer.content.decode() == (f"“{asked}” is not known as body. Possible: opag.\n")

    def test_is_read_chunk_by_chunk(self, client, monkeypatch, django_assert_num_queries):
        def add(amount):
            for _one in range(amount):
                record = make_source(dated=date(2020, 7, 16))
                item = make_action_point(meeting=make_meeting(record=record))
                make_update(item, source=record)

        for amount in (2, 10):
            add(amount)
            # The meetings with their bodies, what they decided, what they reviewed.
            with django_assert_num_queries(3):
                rows = rows_of(client, self.URL)
        assert [(row["decided"], row["reviewed"]) for row in rows] == [("1", "1")] * 12
        monkeypatch.setattr(chunks, "CHUNK", 6)
        with django_assert_num_queries(1 + 2 * 2):
            assert rows_of(client, self.URL) == rows


class TestFollowUpFile:
    URL = "/follow-up.csv"

    def test_has_the_columns_in_their_order_and_every_table_of_the_page(
        self, client, staff_client, meeting
    ):
        lead = make_entity(acronym="OCHA", slug="ocha")
        done, late = (
            make_action_point(meeting=meeting, theme="Data", **fields)
            for fields in (
                {},
                {"initial_timeframe": "in 2020", "initial_latest": date(2020, 12, 31)},
            )
        )
        make_update(done, status="completed", effective_on=date(2021, 1, 1))
        make_party(late, entity=lead)
        review = make_review(
            title="The review", slug="review", issued_on=date(2016, 3, 7), body=meeting.body
        )
        make_action_point(recommendation=make_recommendation(review=review))
        make_action_point(meeting=None, recommendation=None)
        rows = rows_of(client, self.URL)
        assert " ".join(rows[0]) == FOLLOW_UP_COLUMNS
        assert rows[1] == {
            "kind": "meeting",
            "name": "'@Session VII",
            "body": "OPAG",
            "day": "2020-07-09",
            "action_points": "2",
            "open": "1",
            "overdue": "1",
            "completed": "1",
            "in_progress": "0",
            "pending": "0",
            "discontinued": "0",
            "not_reported": "1",
            "url": "http://testserver/meetings/opag-2020-07-09/",
        }
        site, listed = "http://testserver", "http://testserver/action-points/?"
        names = ("kind", "name", "body", "day", "action_points", "open", "url")
        assert [tuple(row[name] for name in names) for row in rows_of(staff_client, self.URL)] == [
            ("body", "Advocacy Group (OPAG)", "OPAG", "", "2", "1", f"{site}/entities/opag/"),
            tuple(rows[1][name] for name in names),
            ("reviews", "Follow-up of reviews", "", "", "1", "1", f"{site}/recommendations/"),
            ("review", "The review", "OPAG", "2016-03-07", "1", "1", rows[3]["url"]),
            (
                "neither",
                "Neither of a meeting nor of a review",
                "",
                "",
                "1",
                "1",
                f"{listed}body=none&review=none&as_of=2021-06-30",
            ),
            ("theme", "Data", "", "", "2", "1", f"{listed}theme=Data&as_of=2021-06-30"),
            ("theme", "Without a theme", "", "", "2", "2", f"{listed}theme=none&as_of=2021-06-30"),
            ("lead", "OCHA", "", "", "1", "1", f"{site}/entities/ocha/"),
            ("lead", "No lead named", "", "", "3", "2", f"{listed}lead=none&as_of=2021-06-30"),
        ]

    def test_each_kind_of_row_adds_up_to_what_the_page_counts_in_all(self, client):
        for number in range(3):
            make_action_point(theme=("Data", "")[number % 2])
            make_action_point(recommendation=make_recommendation())
        headlines = client.get("/follow-up/", DAY).context["headlines"]
        of_all, is_open = headlines[0].figure.count, headlines[2].figure.count
        rows = rows_of(client, self.URL)
        for kinds in ({"body", "reviews"}, {"meeting", "review"}, {"theme"}):
            some = [row for row in rows if row["kind"] in kinds]
            assert sum(int(row["action_points"]) for row in some) == of_all == 6
            assert sum(int(row["open"]) for row in some) == is_open == 6

    def test_has_what_the_page_shortens_whatever_the_address_asks_to_see(self, client, body):
        for number in range(FIRST + 2):
            held_on = date(2020, 1, 1) + timedelta(days=number)
            meeting = make_meeting(body=body, held_on=held_on)
            item = make_action_point(
                meeting=meeting, theme=f"Theme {number}", introduced_on=held_on
            )
            make_party(item)
        rows = rows_of(client, self.URL)
        kinds = [row["kind"] for row in rows]
        assert {kind: kinds.count(kind) for kind in kinds} == {
            "body": 1,
            "meeting": FIRST + 2,
            "theme": FIRST + 2,
            "lead": FIRST + 2,
        }
        page = client.get("/follow-up/", {"all": ["themes", "leads"], **DAY}).context
        for kind, table in (("theme", page["themes"].table), ("lead", page["leads"].table)):
            names = [row["name"] for row in rows if row["kind"] == kind]
            assert names == [row.label for row in table.rows]
        (group,) = page["origins"].groups
        titles = [row["name"] for row in rows if row["kind"] == "meeting"]
        assert titles[:LAST_MEETINGS] == [row.label for row in group.rows]
        assert rows_of(client, self.URL, all="themes") == rows
        answer = client.get(self.URL, {"all": "meetings"})
        assert answer.status_code == 400
        assert "“meetings” is not known as all." in answer.content.decode()

    def test_leaves_out_what_is_archived_and_what_came_later(self, client):
        make_action_point(meeting=make_meeting(archived_on=date(2021, 1, 1)))
        make_action_point(introduced_on=date(2021, 7, 1))
        assert rows_of(client, self.URL) == []
        assert {row["action_points"] for row in rows_of(client, self.URL, as_of="2020-12-31")} == {
            "1"
        }

    def test_says_in_its_name_and_on_a_sheet_of_its_own_what_it_holds(self, client):
        answer = client.get("/follow-up.xlsx", DAY)
        assert answer["Content-Disposition"] == (
            'attachment; filename="follow-up_as-of-2021-06-30.xlsx"'
        )
        book = read_workbook(answer)
        assert book.sheetnames == ["Follow-up", "About"]
        said = dict(book["About"].iter_rows(values_only=True))
        assert said["As of"] == "30 June 2021"
        assert "An action point counts in several rows" in said["Rows"]

    def test_costs_the_same_for_few_rows_and_for_many(self, client, django_assert_num_queries):
        for amount in (2, 10):
            for _one in range(amount):
                make_party(make_action_point(theme=f"Theme {_one}"))
                review = make_review(body=make_entity())
                make_action_point(recommendation=make_recommendation(review=review))
            # Origins, themes; the states of all, who leads them, the leads; meetings, reviews.
            with django_assert_num_queries(2 + 3 + 2):
                rows_of(client, self.URL)
