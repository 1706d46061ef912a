"""A file out and one in, as people do it: a link, a program for spreadsheets, a form."""

import io

import openpyxl
import pytest

from tests.browser.test_accessibility import all_problems
from tests.browser.visits import assert_none
from tests.imports import edited_excel, excel_file
from workplans.models import Deliverable

pytestmark = pytest.mark.browser

IMPORT = "/admin/workplans/deliverable/import/"
REF = "RG1-2020-3.4"


def download(page, link):
    """Click a link to a file, and return the file's name and content."""
    with page.expect_download() as started:
        page.get_by_role("link", name=link, exact=True).click()
    return started.value.suggested_filename, started.value.path().read_bytes()


def send_in(page, content, name="edited.xlsx"):
    page.goto(IMPORT)
    page.get_by_label("Spreadsheet").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    page.get_by_role("button", name="Look at it").click()


def test_a_list_is_downloaded_with_the_filter_of_its_page(page):
    page.goto("/deliverables/?status=completed")
    name, content = download(page, "Download for Excel")
    assert name == "deliverables_completed_as-of-2021-06-30.xlsx"
    rows = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].max_row - 1
    assert rows == page.locator("main tbody th[scope=row]").count() == 10


def test_a_file_that_went_out_comes_back_edited_and_changes_just_that(staff_page):
    page = staff_page
    page.goto("/deliverables/?q=local&archived=all")
    _name, content = download(page, "Download for Excel")
    edits = {REF: {"comments": "Seen in a spreadsheet", "status": "completed"}}
    send_in(page, edited_excel(content, edits))
    shown = page.get_by_role("table").first
    assert shown.get_by_role("cell", name="Seen in a spreadsheet").is_visible()
    assert page.get_by_role("heading", name="Edits that are not taken").is_visible()
    assert_none(all_problems(page))
    page.get_by_role("button", name="Import").click()
    page.get_by_text("The file was imported. 1 row changed something.").wait_for()
    assert page.get_by_text(REF, exact=True).is_visible()
    item = Deliverable.objects.get(ref=REF)
    assert (item.comments, item.cached_status) == ("Seen in a spreadsheet", "ongoing")


def test_a_file_with_a_mistake_says_which_and_is_discarded(staff_page):
    page = staff_page
    page.goto(IMPORT)
    assert_none(all_problems(page))
    send_in(page, excel_file({"ref": REF, "leads": "OHCA", "new_effective_on": "03/04/2021"}))
    page.get_by_text("Nearest: OCHA").wait_for()
    assert page.get_by_role("button", name="Import").count() == 0
    assert_none(all_problems(page))
    page.get_by_role("button", name="Discard the file").click()
    page.get_by_text("The file was discarded.").wait_for()
    send_in(page, b"PK\x03\x04 nothing of the kind")
    page.get_by_text("The file is damaged.").wait_for()
    assert_none(all_problems(page))


@pytest.mark.parametrize("model", ["deliverable", "deliverableupdate", "entity"])
def test_staff_export_what_their_list_shows(staff_page, model):
    page = staff_page
    page.goto(f"/admin/workplans/{model}/?q=ocha")
    page.get_by_role("link", name="Export").click()
    assert_none(all_problems(page))
    _name, content = download(page, "Excel workbook")
    rows = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].max_row - 1
    assert rows > 0
    assert page.get_by_text(f"The file has the {rows} records").count() or rows == 1
