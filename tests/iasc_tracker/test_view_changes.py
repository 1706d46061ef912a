"""The page of what changed, and its files: every figure leads to the rows that it counts."""

import io
from datetime import date, timedelta

import openpyxl
import pytest
from django.test import Client

from iasc_tracker.changes import SHOWN
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_source,
    make_update,
    make_workplan,
)
from tests.figures import SECRET, make_site
from tests.public_pages import read_alert, read_csv, read_text
from workplans.changes import Bucket
from workplans.paging import PAGE_SIZE

pytestmark = pytest.mark.django_db

ADDRESS = "/changes/"
SINCE, UNTIL = date(2020, 7, 9), date(2021, 6, 30)
DAYS = {"since": SINCE.isoformat(), "until": UNTIL.isoformat()}


def page(client=None, **query):
    answer = (client or Client()).get(ADDRESS, query)
    assert answer.status_code == 200, read_alert(answer)
    return answer


def refused(**query):
    """The sentences with which the page and both files refuse an address, which are the same."""
    answer = Client().get(ADDRESS, query)
    assert answer.status_code == 400
    sentences = read_alert(answer)
    assert b"<tbody>" not in answer.content
    for ending in ("csv", "xlsx"):
        file = Client().get(f"/changes.{ending}", query)
        assert file.status_code == 400
        assert file.content.decode().splitlines() == sentences
    return sentences


def headlines(response):
    found = response.context["page"]
    return {one.label: one.figure for one in (*found.buckets, *found.flags)}


def refs(response):
    return {
        section.bucket: [one.row.item.ref for one in section.rows]
        for section in response.context["page"].sections
    }


def csv_rows(client=None, **query):
    return read_csv((client or Client()).get("/changes.csv", query))


def excel_sheets(**query):
    answer = Client().get("/changes.xlsx", query)
    assert answer.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))


@pytest.mark.usefixtures("documents")
class TestTheDocumentsFromOpagsMeetingToTheReport:
    """From OPAG's meeting of 9 July 2020 to the report of 30 June 2021."""

    query = {"from_meeting": "opag-2020-07-09", "until": "2021-06-30"}

    def rows(self):
        return {row["ref"]: row for row in csv_rows(**self.query)}

    def test_the_data_guidance_was_closed(self):
        row = self.rows()["RG1-2020-7.1"]
        assert (row["bucket"], row["status_to"]) == ("closed", "completed")
        assert "finalized" in row["told"]

    def test_the_framework_and_the_revision_slipped(self):
        slipped = {ref: row["slips"] for ref, row in self.rows().items() if row["slips"]}
        assert slipped == {
            "RG1-2020-3.3": "by the end 2020 → Q2 2021",
            "RG1-2020-6.1": "until the end of the year → in 2021",
        }

    def test_what_nobody_touched_is_named(self):
        untouched = {ref for ref, row in self.rows().items() if row["bucket"] == "untouched"}
        assert untouched == {"OPAG-2020-07-09-6", "OPAG-2020-07-09-7a", "OPAG-2020-07-09-7b"}

    def test_the_rest_is_where_it_belongs(self):
        counted = {label: figure.count for label, figure in headlines(page(**self.query)).items()}
        assert counted == {
            "New": 6,
            "Closed": 6,
            "Moved": 23,
            "Told, not moved": 6,
            "Not touched at all": 3,
            "date slipped": 2,
            "became overdue": 3,
            "reopened": 0,
            "reported late": 9,
        }
        rows = self.rows()
        assert {rows[ref]["bucket"] for ref in ("RG1-2020-1.4", "RG1-2020-07-16-1")} == {"new"}
        assert rows["OPAG-2020-THIRD-1"]["bucket"] == "closed"
        assert rows["RG1-2020-2.1"]["flags"] == "reported_late"

    def test_the_plans_of_2016_are_archived_and_apart(self):
        assert page(**self.query).context["page"].archived.count == 43

    def test_what_was_known_before_the_report_leaves_it_out(self):
        rows = {row["ref"]: row for row in csv_rows(**self.query, known_on="2021-06-29")}
        assert rows["RG1-2020-7.1"]["bucket"] == "told"
        assert {row["status_to"] for row in rows.values() if row["kind"] == "deliverable"} == {
            "not_reported"
        }
        assert "As it was known on 29 June 2021" in read_text(
            page(**self.query, known_on="2021-06-29")
        )


class TestTheWindow:
    def test_without_an_address_it_is_since_the_last_meeting(self, settings):
        settings.TRACKER_AS_OF = UNTIL
        make_meeting(held_on=date(2020, 7, 9), body=make_entity(acronym="OPAG"))
        make_meeting(held_on=date(2020, 3, 1))
        make_meeting(held_on=UNTIL)
        text = read_text(page())
        assert "After OPAG’s meeting of 9 July 2020, until 30 June 2021" in text

    def test_of_a_group_it_is_since_the_last_meeting_of_the_group(self):
        group = make_entity(slug="rg1", kind="results_group", acronym="RG1")
        plan = make_workplan(owner=group, slug="plan")
        make_meeting(held_on=date(2020, 3, 1), body=group)
        make_meeting(held_on=date(2020, 7, 9))
        for query in ({"group": "rg1"}, {"workplan": plan.slug}):
            window = page(**query, until="2021-06-30").context["comparison"].window
            assert window.since == date(2020, 3, 1)

    def test_without_any_meeting_it_is_90_days(self):
        window = page(until="2021-06-30").context["comparison"].window
        assert window.since == UNTIL - timedelta(days=90)

    def test_two_meetings_give_their_days(self):
        first = make_meeting(held_on=SINCE)
        last = make_meeting(held_on=UNTIL)
        found = page(from_meeting=first.slug, to_meeting=last.slug).context["comparison"].window
        assert (found.since, found.until) == (SINCE, UNTIL)

    def test_as_of_gives_the_last_day_and_is_kept_by_links(self):
        item = make_deliverable()
        answer = page(since="2020-07-09", as_of="2021-06-30")
        assert answer.context["comparison"].window.until == UNTIL
        assert f"{item.get_absolute_url()}?as_of=2021-06-30" in answer.content.decode()
        assert "as_of=2021-06-30" in headlines(answer)["Not touched at all"].url

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"since": "2021-06-30", "until": "2021-06-30"}, "does not lie before the last"),
            ({"since": "yesterday"}, "“yesterday” is not a day. Write since as"),
            ({"until": "2999-01-01"}, "until is 2999-01-01, which lies ahead"),
            ({"until": ["2020-01-01", "2020-01-02"]}, "until is given twice"),
            ({"known_on": "1066-10-14"}, "known_on is 1066-10-14, which is too early"),
            ({"from_meeting": "none"}, "“none” is not known as from_meeting"),
            ({"group": "none"}, "“none” is not known as group"),
            ({"entity": "a\0b"}, "is not known as entity"),
            ({"bucket": "none"}, "Possible: new, closed, moved, told, untouched."),
            ({"kind": ["deliverable", "action_point"]}, "kind is given twice"),
            ({"page": "0"}, "page is “0”"),
            ({"colour": "red"}, "“colour” is not something that can be asked here"),
            ({"until": "2021-06-30", "as_of": "2021-06-29"}, "as_of asks for 2021-06-29, but"),
        ],
    )
    def test_what_is_not_understood_is_named_and_nothing_is_shown(self, query, words):
        make_deliverable()
        assert any(words in sentence for sentence in refused(**query))

    def test_one_end_named_in_two_ways_is_refused(self):
        meeting = make_meeting(held_on=SINCE)
        assert "both name one end" in refused(since="2020-01-01", from_meeting=meeting.slug)[0]
        assert "both name one end" in refused(until="2021-01-01", to_meeting=meeting.slug)[0]

    def test_an_unpublished_meeting_is_for_staff_alone(self, staff_client):
        meeting = make_meeting(held_on=SINCE, published=False, title="Not yet public")
        refused(from_meeting=meeting.slug)
        assert "Not yet public" in page(staff_client, from_meeting=meeting.slug).content.decode()
        assert "Not yet public" not in page().content.decode()


class TestWhatIsCompared:
    def test_a_group_a_workplan_an_organisation_or_a_kind(self):
        group = make_entity(slug="rg1", kind="results_group")
        sub_group = make_entity(slug="sub", kind="sub_group", parent=group)
        area = make_area(workplan=make_workplan(slug="plan", owner=sub_group))
        in_plan = make_deliverable(priority_area=area)
        decided = make_action_point(meeting=make_meeting(body=group))
        elsewhere = make_deliverable()
        agency = make_entity(slug="who")
        part = make_deliverable(
            parent=elsewhere, priority_area=elsewhere.priority_area, level="part"
        )
        make_party(part, entity=agency, role="consulted")

        def found(**query):
            return {row["ref"] for row in csv_rows(**DAYS, **query)}

        assert found() == {in_plan.ref, decided.ref, elsewhere.ref}
        assert found(group="rg1") == {in_plan.ref, decided.ref}
        assert found(workplan="plan") == {in_plan.ref}
        assert found(entity="who") == {elsewhere.ref}
        assert found(kind="action_point") == {decided.ref}
        assert found(workplan="plan", kind="action_point") == set()
        assert found(group="rg1", entity="who") == set()

    def test_what_takes_part_in_nothing_may_be_asked_for(self):
        make_entity(slug="nobody", acronym="NOBODY")
        answer = page(**DAYS, entity="nobody")
        assert answer.context["page"].count_words == "0 items"

    def test_what_is_not_public_is_for_staff_alone(self, staff_client):
        make_site(items=20)
        query = {"since": "2019-01-01", "until": "2021-06-30"}
        everything = page(staff_client, **query).content.decode()
        assert SECRET in everything
        assert SECRET not in page(**query).content.decode()
        shown = {row["ref"] for row in csv_rows(**query)}
        assert shown < {row["ref"] for row in csv_rows(staff_client, **query)}


@pytest.mark.parametrize("days", [DAYS, {"since": "2019-01-01", "until": "2020-07-16"}])
class TestFigures:
    def test_every_figure_is_the_rows_of_its_list_and_of_both_files(self, days):
        make_site(items=30)
        answer = page(**days)
        counts = answer.context["page"].counts
        checked = 0
        for label, figure in [
            *headlines(answer).items(),
            ("archived", answer.context["page"].archived),
        ]:
            if not figure.count:
                continue
            listed = Client().get(figure.url)
            assert listed.context["page"].count_words.startswith(f"{figure.count} item"), label
            query = figure.url.split("?")[1]
            assert len(read_csv(Client().get(f"/changes.csv?{query}"))) == figure.count
            book = Client().get(f"/changes.xlsx?{query}")
            content = io.BytesIO(b"".join(book.streaming_content))
            sheet = openpyxl.load_workbook(content).worksheets[0]
            assert sheet.max_row == figure.count + 1
            checked += 1
        assert checked > 3
        in_buckets = [headlines(answer)[str(one.label)].count for one in Bucket]
        assert sum(in_buckets) == counts.total

    def test_each_row_is_in_one_bucket_and_all_of_them_are_all_rows(self, days):
        make_site(items=30)
        rows = csv_rows(**days)
        total = page(**days).context["page"].counts.total
        assert len(rows) == len({row["ref"] for row in rows}) == total
        by_bucket = [csv_rows(**days, bucket=bucket) for bucket in Bucket.values]
        assert sum(map(len, by_bucket)) == total


class TestThePage:
    def test_shows_the_first_of_each_bucket_and_leads_to_all(self):
        area = make_area()
        for number in range(PAGE_SIZE + 5):
            make_deliverable(priority_area=area, order=number)
        answer = page(**DAYS)
        assert len(refs(answer)[Bucket.UNTOUCHED]) == SHOWN
        (section,) = answer.context["page"].sections
        first = Client().get(section.total.url)
        second = Client().get(first.context["page"].pages.next)
        assert [len(refs(one)[Bucket.UNTOUCHED]) for one in (first, second)] == [PAGE_SIZE, 5]
        assert refs(answer)[Bucket.UNTOUCHED] == refs(first)[Bucket.UNTOUCHED][:SHOWN]
        beyond = Client().get(section.total.url + "&page=3")
        assert beyond.status_code == 400
        assert read_alert(beyond) == ["There is no page 3: the list has 2 pages."]

    def test_shows_from_and_to_what_was_told_and_the_slip(self):
        item = make_deliverable(initial_timeframe="end 2020", initial_latest=date(2020, 12, 31))
        make_update(item, status="not_started", effective_on=date(2020, 2, 1))
        row = make_update(
            item,
            status="ongoing",
            narrative="Talks were held.",
            timeframe="June 2021",
            effective_on=date(2020, 11, 1),
        )
        answer = page(**DAYS)
        text = read_text(answer)
        assert "Not started → became Ongoing" in text
        assert "end 2020 → June 2021 181 days later" in text
        assert "1 November 2020 Talks were held." in text
        assert f"#update-{row.sequence}" in answer.content.decode()
        assert "date slipped" in text

    def test_names_the_part_that_something_was_told_of(self):
        item = make_deliverable()
        part = make_deliverable(
            parent=item, priority_area=item.priority_area, level="part", number="(ii)"
        )
        make_update(part, narrative="A paper is out.", effective_on=date(2020, 11, 1))
        answer = page(**DAYS)
        assert "(ii) 1 November 2020 A paper is out." in read_text(answer)
        (row,) = csv_rows(**DAYS)
        assert row["told"] == "2020-11-01, (ii): A paper is out."
        assert f"{part.get_absolute_url()}?as_of=2021-06-30#update-1" in answer.content.decode()

    def test_says_what_is_empty(self):
        assert "No item was known on the last day." in read_text(page(**DAYS))
        make_deliverable()
        empty = read_text(page(**DAYS, bucket="closed"))
        assert "Without What became of it: Closed" in empty


class TestFiles:
    def test_the_excel_file_has_real_days_text_that_runs_nothing_and_says_what_it_is(self):
        make_deliverable(title="=HYPERLINK(1)", introduced_on=date(2020, 8, 1))
        book = excel_sheets(**DAYS, kind="deliverable")
        sheet, about = book.worksheets
        header = [cell.value for cell in sheet[1]]
        row = dict(zip(header, sheet[2], strict=True))
        assert row["title"].value == "=HYPERLINK(1)"
        assert row["title"].data_type == "s"
        assert row["introduced_on"].is_date
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref.startswith("A1:")
        said = {key.value: value.value for key, value in about.iter_rows()}
        assert said["After"] == "9 July 2020"
        assert said["Until"] == "30 June 2021"
        assert said["Kind"] == "Deliverables"
        assert said["Address"].endswith("since=2020-07-09&until=2021-06-30&kind=deliverable")

    def test_their_names_say_what_which_days_and_which_filter(self):
        answer = Client().get("/changes.csv", {**DAYS, "bucket": "closed"})
        assert answer["Content-Disposition"] == (
            'attachment; filename="changes_since-2020-07-09_closed_as-of-2021-06-30.csv"'
        )

    def test_all_updates_of_the_window_stand_in_one_cell_the_newest_first(self):
        item = make_deliverable()
        for month in (8, 9):
            make_update(
                item,
                narrative=f"Month {month}.",
                effective_on=date(2020, month, 1),
                source=make_source(dated=date(2020, month, 2)),
            )
        (row,) = csv_rows(**DAYS)
        assert row["told"] == "2020-09-01: Month 9.\n2020-08-01: Month 8."
        assert row["flags"] == ""
        assert row["status_from"] == row["status_to"] == "not_reported"
