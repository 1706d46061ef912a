"""Going to the pages of the site in the browser, and what to look at there."""

import pytest
from django.urls import reverse

from actionpoints.models import Meeting
from tests.browser.addresses import ANSWERS, PUBLIC
from workplans.models import Deliverable, Workplan

every_public_page = pytest.mark.parametrize("name", PUBLIC)

PHONE = {"width": 360, "height": 800}
DESK = {"width": 1280, "height": 900}


def visit(page, name):
    """Go to a public page by its name in the list, and check what it answers."""
    answer = page.goto(PUBLIC[name])
    assert answer.status == ANSWERS.get(name, 200)


def open_all(page):
    """Open all that can be opened on a page, marked as opened-now; return how much there was."""
    return page.evaluate(
        """() => {
            const closed = [...document.querySelectorAll("details:not([open])")];
            for (const details of closed) {
                details.open = true;
                details.classList.add("opened-now");
            }
            return closed.length;
        }"""
    )


def assert_none(found):
    """Fail with all that was found, a line for each."""
    assert not found, "\n".join([f"{len(found)} found:", *found])


def enlarge_text(page):
    """Let a page have letters twice as large, as a visitor does in the browser's settings."""
    session = page.context.new_cdp_session(page)
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"


# Pages of the staff's side


def staff_list(kind):
    return reverse(f"admin:{kind}_changelist")


def change_page(record, page="change"):
    opts = record._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=[record.pk])


def plan():
    return Workplan.objects.get(slug="rg1-2020")


def archive_page():
    step = reverse("admin:workplans_workplan_life", args=["archive"])
    return f"{step}?records={plan().pk}"


STAFF = {
    "index": lambda: reverse("admin:index"),
    "deliverables": lambda: staff_list("workplans_deliverable"),
    "deliverables, searched": lambda: f"{staff_list('workplans_deliverable')}?q=data",
    "action points": lambda: staff_list("actionpoints_actionpoint"),
    "entities": lambda: staff_list("workplans_entity"),
    "log entries": lambda: staff_list("auditlog_logentry"),
    "deliverable": lambda: change_page(Deliverable.objects.get(ref="RG1-2020-3.4")),
    "workplan": lambda: change_page(plan()),
    "meeting": lambda: change_page(Meeting.objects.get(slug="rg1-2020-07-16")),
    "new workplan": lambda: reverse("admin:workplans_workplan_add"),
    "archive": archive_page,
    "changes of a workplan": lambda: change_page(plan(), "history"),
    "password": lambda: reverse("admin:password_change"),
}


def visit_staff(page, name):
    """Go to a staff page by its name in the list."""
    assert page.goto(STAFF[name]()).status == 200


def choose_many(page):
    """Choose two deliverables in the staff's list, and go to the page that updates them."""
    visit_staff(page, "deliverables")
    for box in page.locator(".action-select").all()[:2]:
        box.check()
    page.get_by_label("Action:").select_option("update_status")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("button", name="Update").wait_for()
