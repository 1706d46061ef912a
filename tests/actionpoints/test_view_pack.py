"""The pack for a meeting: what it follows up, what changed, what is open, what nobody touched."""

import io
from datetime import date, timedelta

import docx
import pypdf
import pytest
from django.test import Client

from actionpoints.models import ActionPoint
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
from tests.public_pages import read_alert, read_csv, read_text
from workplans import days, pdf

pytestmark = pytest.mark.django_db

LAST, NOW = date(2020, 7, 9), date(2020, 9, 15)


@pytest.fixture
def body():
    return make_entity(kind="body", slug="body", acronym="BODY")


@pytest.fixture
def last(body):
    """The meeting before."""
    return make_meeting(body=body, slug="last", held_on=LAST, record=make_source(dated=LAST))


@pytest.fixture
def meeting(body, last):
    return make_meeting(body=body, slug="now", held_on=NOW, record=make_source(dated=NOW))


def get(ending="/", client=None, slug="now", **query):
    return (client or Client()).get(f"/meetings/{slug}/pack{ending}", query)


def pack(**kwargs):
    answer = get(**kwargs)
    assert answer.status_code == 200
    return answer.context["pack"]


def followed(**kwargs):
    return {row.item.ref for row in pack(**kwargs).rows}


def told(item, day, **kwargs):
    return make_update(item, effective_on=day, source=make_source(dated=day), **kwargs)


@pytest.mark.usefixtures("documents")
class TestThePackOfResultsGroup1:
    """The meeting of 16 July 2020, beside the table of its record."""

    def test_follows_up_the_15_of_opag_by_theme_with_their_status(self):
        rows = read_csv(get(".csv", slug="rg1-2020-07-16"))
        themes = [row["theme"] for row in rows]
        assert list(dict.fromkeys(themes)) == [
            "Localization",
            "Protection and stigmatization",
            "Results Group 1 workplan",
            "Digitization and data responsibility",
        ]
        assert [themes.count(theme) for theme in dict.fromkeys(themes)] == [4, 4, 1, 6]
        counted = [row["status"] for row in rows]
        assert [counted.count(code) for code in ("completed", "in_progress", "pending")] == [
            2,
            3,
            10,
        ]
        assert {row["reviewed_here"] for row in rows} == {"yes"}

    def test_has_the_columns_of_the_record(self):
        document = docx.Document(io.BytesIO(get(".docx", slug="rg1-2020-07-16").content))
        table = document.tables[0]
        assert [cell.text for cell in table.rows[0].cells] == [
            "Action point",
            "Lead",
            "Status",
            "Progress overview",
        ]
        assert len(table.rows) == 1 + 4 + 15
        text = "\n".join(cell.text for row in table.rows for cell in row.cells)
        assert "[IN PROGRESS]" in text

    def test_says_that_no_earlier_meeting_is_known(self):
        text = read_text(get(slug="rg1-2020-07-16"))
        assert "No earlier meeting of this body is recorded." in text
        assert "What changed since the last meeting" not in text


class TestWhatIsFollowedUp:
    def test_what_its_record_told_of_whoever_decided_it_and_however_it_stands(self, meeting):
        elsewhere = make_action_point()
        make_update(elsewhere, status="completed", source=meeting.record)
        make_action_point()
        assert followed() == {elsewhere.ref}

    def test_what_earlier_meetings_decided_or_reviewed_if_open_or_closed_since(
        self, meeting, last, body
    ):
        before = make_meeting(body=body, held_on=LAST - timedelta(days=90))
        still_open = make_action_point(meeting=before)
        closed_since = make_action_point(meeting=last)
        told(closed_since, LAST + timedelta(days=1), status="completed")
        closed_before = make_action_point(meeting=before)
        told(closed_before, LAST, status="completed")
        reviewed = make_action_point(introduced_on=date(2020, 1, 1))
        make_update(reviewed, source=last.record)
        superseded = make_action_point(meeting=before)
        superseded.superseded_by, superseded.superseded_on = still_open, LAST
        superseded.save()
        own = make_action_point(meeting=meeting)
        of_others = make_action_point()
        found = followed()
        assert found == {still_open.ref, closed_since.ref, reviewed.ref}
        assert not found & {closed_before.ref, superseded.ref, own.ref, of_others.ref}

    def test_what_is_archived_or_withdrawn_is_not(self, meeting, body):
        old = make_meeting(body=body, held_on=date(2020, 1, 1), archived_on=date(2020, 8, 1))
        make_action_point(meeting=old)
        make_action_point(
            meeting=make_meeting(body=body, held_on=LAST), withdrawn_on=date(2020, 8, 1)
        )
        assert followed() == set()

    def test_what_is_not_public_is_for_staff_alone(self, meeting, body, staff_client):
        draft = make_meeting(body=body, held_on=LAST, published=False)
        hidden = make_action_point(meeting=draft)
        assert followed() == set()
        assert followed(client=staff_client) == {hidden.ref}

    def test_what_its_record_told_of_a_part_and_the_heading_above(self, meeting):
        heading = make_action_point(level="heading", title="Key activity")
        item = make_action_point(meeting=heading.meeting, parent=heading)
        part = make_action_point(meeting=heading.meeting, parent=item, level="part", number="(i)")
        make_update(part, status="completed", narrative="Half is done.", source=meeting.record)
        assert followed() == {item.ref}
        text = read_text(get())
        assert "Key activity" in text
        assert "(i) [COMPLETED] Half is done." in text

    def test_all_that_its_record_told_with_what_stands_first(self, meeting):
        item = make_action_point()
        make_update(item, narrative="First.", source=meeting.record)
        make_update(item, narrative="Second.", source=meeting.record)
        assert "Second. 15 September 2020: First." in read_text(get())
        told(item, NOW + timedelta(days=9), narrative="Later.")
        later = read_text(get(as_of="2021-06-30"))
        assert later.index("Later.") < later.index("First.") < later.index("Second.")

    def test_on_an_earlier_day_nothing_of_what_its_record_will_tell(self, meeting):
        item = make_action_point()
        make_update(item, source=meeting.record)
        assert followed() == {item.ref}
        assert followed(as_of="2020-09-14") == set()


class TestTheDay:
    def test_is_the_meetings(self, meeting, last):
        item = make_action_point(meeting=last)
        told(item, NOW + timedelta(days=1), status="completed")
        (row,) = pack().rows
        assert (pack().day, row.item.status) == (NOW, "")

    def test_is_today_if_the_meeting_lies_ahead(self, body, last):
        tomorrow = days.true_today() + timedelta(days=1)
        make_meeting(body=body, slug="next", held_on=tomorrow)
        item = make_action_point(meeting=last)
        assert pack(slug="next").day == days.true_today()
        assert followed(slug="next") == {item.ref}

    def test_may_be_another_that_is_asked_for(self, meeting, last):
        item = make_action_point(meeting=last)
        told(item, NOW + timedelta(days=1), status="completed")
        (row,) = pack(as_of="2021-06-30").rows
        assert row.item.status == "completed"
        assert "not on the day that it was made for" in read_text(get(as_of="2021-06-30"))
        assert "not on the day that it was made for" not in read_text(get())

    def test_what_is_not_understood_is_named_on_the_page_and_in_the_files(self, meeting):
        answer = get(as_of="soon")
        assert answer.status_code == 400
        for ending in (".docx", ".pdf", ".csv"):
            file = get(ending, as_of="soon")
            assert file.status_code == 400
            assert file.content.decode().splitlines() == read_alert(answer)

    def test_no_meeting_no_pack(self, meeting, staff_client):
        assert get(slug="none").status_code == 404
        meeting.published = False
        meeting.save()
        for ending in ("/", ".docx", ".pdf", ".csv"):
            assert get(ending).status_code == 404
            assert get(ending, client=staff_client).status_code == 200


class TestItsParts:
    @pytest.fixture(autouse=True)
    def history(self, meeting, last, body):
        """One closed and one told since the last meeting, one untouched; a plan of the body."""
        closed, moved, untouched = (
            make_action_point(meeting=last, theme="Data", title=title, order=order)
            for order, title in enumerate(("Closed one", "Told one", "Silent one"))
        )
        make_party(closed, entity=make_entity(acronym="DONE"))
        lead = make_entity(acronym="LEAD")
        for item in (moved, untouched):
            make_party(item, entity=lead)
        told(closed, date(2020, 8, 1), status="completed", narrative="It is done.")
        told(moved, date(2020, 8, 2), narrative="Half of it.")
        area = make_area(workplan=make_workplan(owner=body))
        planned = make_deliverable(priority_area=area, title="Planned one")
        told(planned, date(2020, 8, 3), status="ongoing", narrative="Begun.")

    def test_what_changed_with_the_deliverables_of_the_bodys_own_plans(self):
        changed = {
            bucket.value: [one.row.item.title for one in rows]
            for bucket, rows in pack().changed.items()
            if rows
        }
        assert changed == {
            "closed": ["Closed one"],
            "moved": ["Planned one"],
            "told": ["Told one"],
        }

    def test_what_was_not_touched(self):
        assert [one.row.item.title for one in pack().untouched] == ["Silent one"]

    def test_who_leads_an_item_in_two_roles_has_it_once(self):
        item = ActionPoint.objects.get(title="Told one")
        (held,) = item.responsibilities.all()
        make_party(item, entity=held.entity, role="focal_point")
        assert [len(load.rows) for load in pack().loads] == [2]

    def test_what_is_open_by_lead(self):
        loads = {load.name: [row.item.title for row in load.rows] for load in pack().loads}
        assert loads == {"LEAD": ["Told one", "Silent one"]}

    def test_stand_on_the_page_and_in_the_word_and_pdf_files(self):
        text = read_text(get())
        document = docx.Document(io.BytesIO(get(".docx").content))
        in_word = "\n".join(
            cell.text for table in document.tables for row in table.rows for cell in row.cells
        )
        sheets = pypdf.PdfReader(io.BytesIO(get(".pdf").content)).pages
        in_pdf = " ".join(" ".join(sheet.extract_text() for sheet in sheets).split())
        for words in ("It is done.", "Half of it.", "Silent one", "LEAD: 2 open", "Closed: 1"):
            assert words in text
            assert words in in_word
            assert words in in_pdf
        assert [one.text for one in document.paragraphs if one.style.name == "Heading 1"] == [
            "Follow-up of action points",
            "What changed since the last meeting",
            "What is open, by lead",
            "What was not touched since the last meeting",
        ]

    def test_the_csv_says_what_became_of_each(self):
        rows = {row["title"]: row for row in read_csv(get(".csv"))}
        assert {title: row["since_last_meeting"] for title, row in rows.items()} == {
            "Closed one": "closed",
            "Told one": "told",
            "Silent one": "untouched",
        }
        assert rows["Closed one"]["leads"] == "DONE"

    def test_a_server_without_the_libraries_says_so(self, monkeypatch):
        monkeypatch.setattr(pdf, "why_not", lambda: "PDF files cannot be made.")
        assert get(".pdf").status_code == 503
        assert "PDF files cannot be made." in read_text(get())

    def test_links_lead_to_the_day_of_the_pack(self):
        item = ActionPoint.objects.get(title="Closed one")
        assert f"{item.get_absolute_url()}?as_of=2020-09-15" in get().content.decode()
