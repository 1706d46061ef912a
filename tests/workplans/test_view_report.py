"""The pages and files of progress reports."""

import io
from datetime import date

import docx
import pypdf
import pytest
from django.db import transaction
from django.test import Client

from tests.factories import (
    make_area,
    make_deliverable,
    make_source,
    make_update,
    make_workplan,
)
from tests.papers import words_as_pdf
from tests.public_pages import read_alert, read_text
from workplans import pdf
from workplans.frozen_reports import freeze
from workplans.progress_report import Period

pytestmark = pytest.mark.django_db

ADDRESS = "/workplans/plan/report/"
SPRING = {"from": "2021-02-01", "to": "2021-06-30"}


@pytest.fixture
def plan():
    return make_workplan(slug="plan", title="The plan", starts_on=date(2021, 1, 1))


@pytest.fixture
def item(plan):
    return make_deliverable(priority_area=make_area(workplan=plan, title="The area"))


def page(client=None, **query):
    answer = (client or Client()).get(ADDRESS, query)
    assert answer.status_code == 200
    return answer


def read_docx(answer):
    assert answer.status_code == 200
    return docx.Document(io.BytesIO(answer.content))


class TestTheReportOfResultsGroup1:
    """1 February to 30 June 2021, read back from the Word file."""

    @pytest.fixture
    def document(self, documents):
        return read_docx(Client().get("/workplans/rg1-2020/report.docx", SPRING))

    def test_has_one_table_in_the_columns_and_order_of_the_real_one(self, document):
        (table,) = document.tables
        assert [cell.text for cell in table.rows[0].cells] == [
            "Priority areas of work",
            "Concrete deliverables",
            "Timelines and status",
            "Leads",
            "Contributing members and other entities",
            "Other results groups",
        ]
        assert len(table.rows) == 1 + 21
        areas = [row.cells[0].text.split("\n")[0] for row in table.rows[1:]]
        assert list(dict.fromkeys(areas)) == [
            "1. Centrality of protection",
            "2. Bureaucratic and administrative impediments (BAI)",
            "3. Localization",
            "4. Humanitarian leadership",
            "5. Early warning and early action (EWEA)",
            "6. Emergency response preparedness (ERP) guidance",
            "7. Data responsibility",
        ]
        # A merged cell is read once for each row that it covers.
        assert [areas.count(area) for area in dict.fromkeys(areas)] == [4, 2, 5, 5, 1, 2, 2]

    def test_has_12_completed_10_ongoing_and_1_continuous_tag(self, document):
        (table,) = document.tables
        status = "\n".join(row.cells[2].text for row in table.rows[1:])
        tags = {tag: status.count(f"[{tag}]") for tag in ("COMPLETED", "ONGOING", "CONTINUOUS")}
        assert tags == {"COMPLETED": 12, "ONGOING": 10, "CONTINUOUS": 1}

    def test_names_leads_contributors_and_other_groups(self, document):
        (table,) = document.tables
        by_number = {row.cells[1].text.split(" ")[0]: row.cells for row in table.rows[1:]}
        cells = [cell.text.split("\n") for cell in by_number["3.5"][3:]]
        assert cells == [["IFRC", "UNICEF"], ["All members of RG1"], ["RG5"]]
        assert by_number["1.3"][4].text == "NRC (support)"
        # More than a few stand in one paragraph.
        assert by_number["7.1"][4].text.count("\n") == 0
        assert by_number["7.1"][4].text.startswith("DRC; IFRC; IRC; ")


class TestThePage:
    def test_shows_the_report_with_links_to_its_items(self, item):
        make_update(
            item,
            status="ongoing",
            narrative="Talks were held.",
            source=make_source(dated=date(2021, 3, 1)),
        )
        answer = page(**SPRING)
        text = read_text(answer)
        assert "Progress report, 1 February 2021 to 30 June 2021" in text
        assert "[ONGOING] 1 March 2021: Talks were held." in text
        assert "Draft" in text
        assert f'href="{item.get_absolute_url()}?as_of=2021-06-30"' in answer.content.decode()

    def test_without_a_period_begins_with_the_plan_or_after_the_last_final_report(
        self, plan, settings
    ):
        settings.TRACKER_AS_OF = date(2021, 6, 30)
        found = page().context["page"].period
        assert (found.first, found.last) == (date(2021, 1, 1), date(2021, 6, 30))
        freeze(plan, Period(date(2021, 1, 1), date(2021, 3, 31)), None)
        assert page().context["page"].period.first == date(2021, 4, 1)

    def test_as_of_is_its_last_day(self, item):
        assert page(as_of="2021-05-31").context["page"].period.last == date(2021, 5, 31)

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"from": "2021-06-30", "to": "2021-02-01"}, "lies after the last"),
            ({"from": "spring"}, "“spring” is not a day. Write from as"),
            ({"to": "2999-12-31"}, "to is 2999-12-31, which lies ahead"),
            ({"to": "2021-06-30", "as_of": "2021-05-31"}, "as_of asks for 2021-05-31"),
            ({"known_on": "never"}, "“never” is not a day. Write known_on"),
            ({"since": "2021-01-01"}, "“since” is not something that can be asked here"),
        ],
    )
    def test_what_is_not_understood_is_named_on_the_page_and_in_the_files(self, item, query, words):
        answer = Client().get(ADDRESS, query)
        assert answer.status_code == 400
        sentences = read_alert(answer)
        assert any(words in sentence for sentence in sentences)
        for ending in ("docx", "pdf"):
            file = Client().get(f"/workplans/plan/report.{ending}", query)
            assert file.status_code == 400
            assert file.content.decode().splitlines() == sentences

    def test_is_for_staff_alone_until_the_plan_is_published(self, plan, staff_client, monkeypatch):
        monkeypatch.setattr(transaction, "on_commit", lambda make, **_kwargs: make())
        freeze(plan, Period(date(2021, 1, 1), date(2021, 3, 31)), None)
        plan.published = False
        plan.save()
        for address in ("report/", "report.docx", "report.pdf", "reports/1/", "reports/1.docx"):
            assert Client().get(f"/workplans/plan/{address}").status_code == 404
            assert staff_client.get(f"/workplans/plan/{address}").status_code == 200

    def test_shows_what_was_known(self, item):
        make_update(
            item,
            status="ongoing",
            narrative="Told late.",
            effective_on=date(2021, 3, 1),
            source=make_source(dated=date(2021, 7, 1)),
        )
        assert "Told late." in read_text(page(**SPRING))
        text = read_text(page(**SPRING, known_on="2021-06-30"))
        assert "Told late." not in text
        assert "As it was known on 30 June 2021" in text

    def test_offers_to_make_it_final_to_whoever_may(self, item, staff_client):
        assert "Make it final" in page(staff_client, **SPRING).content.decode()
        assert "Make it final" not in page(**SPRING).content.decode()


class TestFiles:
    def test_the_pdf_says_the_same(self, item):
        make_update(item, status="ongoing", narrative="Talks.", effective_on=date(2021, 3, 1))
        answer = Client().get("/workplans/plan/report.pdf", SPRING)
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"] == (
            'attachment; filename="plan_progress-report_2021-02-01_2021-06-30_draft.pdf"'
        )
        sheets = pypdf.PdfReader(io.BytesIO(answer.content)).pages
        text = " ".join(sheet.extract_text() for sheet in sheets)
        assert "[ONGOING] 1 March 2021: Talks." in " ".join(text.split())

    def test_without_the_libraries_a_sentence_says_what_is_missing(self, item, monkeypatch):
        monkeypatch.setattr(pdf, "why_not", lambda: "PDF files cannot be made: install Pango.")
        answer = Client().get("/workplans/plan/report.pdf", SPRING)
        assert answer.status_code == 503
        assert answer.content.decode() == "PDF files cannot be made: install Pango.\n"
        assert "install Pango" in read_text(page(**SPRING))
        assert read_docx(Client().get("/workplans/plan/report.docx", SPRING))


class TestFinalReports:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch):
        """The files are made when the transaction is committed, which that of a test never is."""
        monkeypatch.setattr(transaction, "on_commit", lambda make, **_kwargs: make())
        monkeypatch.setattr(pdf, "write_pdf", words_as_pdf)

    def test_are_listed_from_their_last_day_on(self, item, plan):
        freeze(plan, Period(date(2021, 1, 1), date(2021, 3, 31)), None)
        assert "1 January 2021 to 31 March 2021" in read_text(page(as_of="2021-03-31"))
        assert "Final reports" not in read_text(page(as_of="2021-03-30"))

    def test_stay_as_they_were_and_say_how_they_would_differ_now(self, item, plan):
        frozen = freeze(plan, Period(date(2021, 1, 1), date(2021, 6, 30)), None)
        kept = Client().get("/workplans/plan/reports/1.docx").content
        assert "It would not differ." in read_text(Client().get(frozen.get_absolute_url()))
        item.title = "Another title"
        item.save()
        plan.title = "Another plan"
        plan.save()
        text = read_text(Client().get(frozen.get_absolute_url()))
        assert "The plan" in text
        assert f"Title {item.ref}" in text
        assert "Another title" in text
        assert Client().get("/workplans/plan/reports/1.docx").content == kept

    @pytest.mark.parametrize("number", ["0", "2", "9" * 30])
    @pytest.mark.parametrize("ending", ["/", ".docx", ".pdf"])
    def test_one_that_is_not_there_is_not_found(self, plan, number, ending):
        assert Client().get(f"/workplans/plan/reports/{number}{ending}").status_code == 404

    def test_refuses_what_it_does_not_know(self, plan):
        freeze(plan, Period(date(2021, 1, 1), date(2021, 6, 30)), None)
        for ending in ("/", ".docx", ".pdf"):
            address = f"/workplans/plan/reports/1{ending}"
            assert Client().get(address, {"as_of": "2021-06-30"}).status_code == 200
            assert Client().get(address, {"from": "2021-06-30"}).status_code == 400
