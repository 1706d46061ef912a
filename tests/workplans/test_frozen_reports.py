"""Final reports: how they are made, that nothing changes them, and how they lose personal data."""

import html
import io
import json
import re
from datetime import date, timedelta
from io import StringIO

import docx
import pytest
from django.conf import settings as settings_
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.admin_pages import read_form
from tests.factories import (
    make_area,
    make_deliverable,
    make_entity,
    make_party,
    make_source,
    make_staff,
    make_update,
    make_workplan,
)
from tests.life import confirm, look, refusals, step_url, take, told
from tests.papers import words_as_pdf
from tests.public_pages import read_text
from workplans import days, pdf, triggers
from workplans.frozen_reports import file_digest, freeze, make_files, next_first_day
from workplans.life.freezing import FreezeReport
from workplans.life.merging import MergeInto
from workplans.models import FrozenReport, Level
from workplans.models.ledger_rows import REDACTED
from workplans.progress_report import (
    Period,
    content_digest,
    from_json,
    make_report,
)
from workplans.report_differences import differences
from workplans.status import remove_narrative
from workplans.verification import item_digests, read_digests

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2021, 2, 1), date(2021, 6, 30)
SPRING = Period(FIRST, LAST)
PERSONAL = "Jane Doe is ill."
# What the software kept when content had its first form.
FIRST_FORM = settings_.BASE_DIR / "tests" / "data" / "final_report_form_1.json"
AHEAD = (days.true_today() + timedelta(days=2)).isoformat()


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """The files are made when the transaction is committed, which that of a test never is.

    The PDF file, which takes a second, is the words of the paper.
    """
    monkeypatch.setattr(transaction, "on_commit", lambda make, **_kwargs: make())
    monkeypatch.setattr(pdf, "why_not", lambda: "")
    monkeypatch.setattr(pdf, "write_pdf", words_as_pdf)


@pytest.fixture
def plan():
    """A published plan of a group, with an item, a part of it, a party and a history."""
    group = make_entity(kind="results_group", slug="rg1", acronym="RG1", name="Group One")
    plan = make_workplan(slug="plan", title="The plan", owner=group)
    area = make_area(workplan=plan, number="1", title="The area")
    item = make_deliverable(ref="PLAN-1.1", number="1.1", title="The item", priority_area=area)
    part = make_deliverable(
        ref="PLAN-1.1-i", number="(i)", priority_area=area, parent=item, level=Level.PART
    )
    make_party(item, entity=make_entity(slug="lead", acronym="LEAD"))
    source = make_source(dated=date(2021, 3, 1))
    make_update(item, narrative=PERSONAL, status="ongoing", source=source)
    make_update(part, narrative="Done.", status="completed", source=source)
    return plan


def word_text(frozen):
    document = docx.Document(io.BytesIO(bytes(frozen.docx)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def fresh(frozen):
    """A final report as it is in the database, with its files."""
    return FrozenReport.objects.get(pk=frozen.pk)


def verify():
    """What verify_reports prints; raises CommandError if anything is wrong."""
    out = StringIO()
    call_command("verify_reports", stdout=out, stderr=out)
    return out.getvalue()


def problems():
    """What verify_reports complains of."""
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_reports", stdout=StringIO(), stderr=err)
    return err.getvalue()


class TestMakingAReportFinal:
    def test_keeps_content_files_and_the_digests_of_the_ledger(self, plan, staff_user):
        frozen = fresh(freeze(plan, SPRING, staff_user))
        assert (frozen.number, frozen.made_by) == (1, staff_user)
        report = from_json(frozen.content)
        assert [one.ref for one in report.items[0].with_parts] == ["PLAN-1.1", "PLAN-1.1-i"]
        assert PERSONAL in word_text(frozen)
        assert "Final" in word_text(frozen)
        assert bytes(frozen.pdf).startswith(b"%PDF-")
        kept = read_digests(frozen.ledger.splitlines())
        assert kept == sorted(item_digests(), key=lambda one: one.ref)
        assert "Whole: 1 final report." in verify()

    def test_is_a_step_that_says_what_it_keeps(self, plan, staff_client):
        page = take(
            staff_client, "freeze-report", plan, first=FIRST.isoformat(), last=LAST.isoformat()
        )
        assert "the report on 1 February 2021 to 30 June 2021, with 1 deliverable." in told(page)
        assert "Completed: 1\nOngoing: 1" in told(page)
        assert "Everybody can see it" in told(page)
        frozen = FrozenReport.objects.get()
        assert (frozen.first_day, frozen.last_day, frozen.known_on) == (FIRST, LAST, None)
        again = look(
            staff_client, "freeze-report", plan, first=FIRST.isoformat(), last=LAST.isoformat()
        )
        assert "on some of the same days" in told(again)
        log = staff_client.get(reverse("admin:workplans_workplan_history", args=[plan.pk]))
        words = (
            "The progress report on 1 February 2021 to 30 June 2021 was made final, as number 1."
        )
        assert words in log.content.decode()

    def test_is_not_done_if_the_report_changed_after_it_was_looked_at(self, plan, staff_client):
        page = look(
            staff_client, "freeze-report", plan, first=FIRST.isoformat(), last=LAST.isoformat()
        )
        make_update(plan.tracked_items().get(level="item"), effective_on=date(2021, 5, 1))
        assert confirm(staff_client, page).status_code == 200
        assert not FrozenReport.objects.exists()

    @pytest.mark.parametrize(
        ("answers", "words"),
        [
            ({"first": "2021-06-30", "last": "2021-02-01"}, "The last day lies before the first."),
            ({"last": AHEAD}, "That day lies ahead. Give today or an earlier day."),
            ({"known_on": AHEAD}, "That day lies ahead. Give today or an earlier day."),
            ({"first": "1066-10-14"}, "Give a day from"),
            ({"first": ""}, "required"),
            ({"language": "tlh"}, "valid choice"),
        ],
    )
    def test_refuses_days_that_make_no_period(self, plan, staff_client, answers, words):
        given = {"first": FIRST.isoformat(), "last": LAST.isoformat()} | answers
        page = look(staff_client, "freeze-report", plan, **given)
        assert words in refusals(page)
        assert not page.context["outcomes"]

    def test_is_offered_with_the_period_that_the_report_shows(self, plan, staff_client):
        shown = staff_client.get("/workplans/plan/report/?from=2021-02-01&to=2021-06-30")
        (address,) = re.findall(r'href="([^"]*freeze-report[^"]*)"', shown.content.decode())
        page = staff_client.get(html.unescape(address))
        assert read_form(page)["first"] == "2021-02-01"
        assert read_form(page)["last"] == "2021-06-30"
        assert "the report on 1 February 2021 to 30 June 2021" in told(page)

    def test_is_in_the_language_that_is_chosen_not_in_the_browsers(self, plan, staff_client):
        staff_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "ar"
        days = {"first": FIRST.isoformat(), "last": LAST.isoformat()}
        take(staff_client, "freeze-report", plan, **days)
        take(staff_client, "freeze-report", plan, **days, language="fr")
        kept = FrozenReport.objects.order_by("number")
        assert [from_json(one.content).language for one in kept] == ["en", "fr"]

    def test_locks_what_it_is_on_before_it_is_looked_at_once_more(self, plan, monkeypatch):
        locked = []
        monkeypatch.setattr("workplans.life.freezing.lock_plans", locked.append)
        FreezeReport.lock([plan])
        assert locked == [[plan]]

    def test_needs_a_permission_of_its_own(self, plan, client):
        user = make_staff()
        user.user_permissions.add(Permission.objects.get(codename="change_workplan"))
        client.force_login(user)
        address = step_url(plan, "freeze-report")
        assert client.get(address, {"records": plan.pk}).status_code == 403
        user.user_permissions.add(Permission.objects.get(codename="add_frozenreport"))
        assert client.get(address, {"records": plan.pk}).status_code == 200

    def test_without_the_libraries_keeps_no_pdf_and_says_so(self, plan, staff_client, monkeypatch):
        monkeypatch.setattr(pdf, "why_not", lambda: "PDF files cannot be made.")
        page = take(
            staff_client, "freeze-report", plan, first=FIRST.isoformat(), last=LAST.isoformat()
        )
        assert "A Word file is kept, and no PDF file." in told(page)
        frozen = FrozenReport.objects.get()
        assert frozen.pdf is None and frozen.docx
        shown = Client().get(frozen.get_absolute_url())
        assert "No PDF file was kept with it." in read_text(shown)
        assert Client().get("/workplans/plan/reports/1.pdf").status_code == 404
        assert "Whole" in verify()

    def test_the_next_report_begins_after_the_last(self, plan):
        assert next_first_day(plan, LAST) == date(2020, 1, 1)
        freeze(plan, SPRING, None)
        assert next_first_day(plan, date(2021, 12, 31)) == date(2021, 7, 1)
        assert next_first_day(plan, LAST) == date(2020, 1, 1)

    def test_numbers_them_in_order(self, plan):
        assert [freeze(plan, SPRING, None).number for _ in range(3)] == [1, 2, 3]


class TestAFinalReport:
    def test_is_neither_changed_nor_deleted(self, plan):
        frozen = freeze(plan, SPRING, None)
        frozen.last_day = date(2021, 7, 1)
        with pytest.raises(TypeError):
            frozen.save()
        with pytest.raises(TypeError):
            frozen.delete()
        with pytest.raises(ProtectedError):
            plan.delete()

    @pytest.mark.parametrize(
        "change",
        [
            {"last_day": date(2021, 7, 1)},
            {"ledger": "x"},
            {"content": {}},
            {"redactions": []},
            {"docx": b"x"},
            {"pdf": None},
            {"content_digest": "x", "version": 2},
            {"version": 3, "content": {}},
        ],
    )
    def test_is_not_changed_below_the_orm_either(self, plan, change):
        kept = FrozenReport.objects.filter(pk=freeze(plan, SPRING, None).pk)
        if change == {"redactions": []}:
            change = {"redactions": [{"ref": "x", "sequence": 1, "on": "2021-01-01"}]}
        with pytest.raises(IntegrityError), transaction.atomic():
            kept.update(**change)
        with pytest.raises(IntegrityError), transaction.atomic():
            kept._raw_delete("default")

    def test_has_no_files_until_they_are_made(self, plan, monkeypatch):
        monkeypatch.setattr(transaction, "on_commit", lambda *_args, **_kwargs: None)
        frozen = freeze(plan, SPRING, None)
        answer = Client().get("/workplans/plan/reports/1.docx")
        assert (answer.status_code, answer["Retry-After"]) == (503, "120")
        assert "being made" in answer.content.decode()
        assert "Its files are being made." in read_text(Client().get(frozen.get_absolute_url()))
        assert "its files are missing" in problems()
        call_command("verify_reports", "--make-files", stdout=StringIO())
        assert Client().get("/workplans/plan/reports/1.docx").status_code == 200
        assert "Whole" in verify()

    def test_in_the_first_form_is_still_read(self):
        stored = json.loads(FIRST_FORM.read_text(encoding="utf-8"))
        report = from_json(stored)
        assert [one.ref for one in report.items[0].with_parts] == ["PLAN-1.1", "PLAN-1.1-i"]
        assert content_digest(report) == (
            "a2acc4e14e022f72c7a1288e60c120390a233fac920eaea91877f29576b5c1d9"
        )
        with pytest.raises(ValidationError):
            from_json(stored | {"form": 0})

    def test_loses_its_maker_and_nothing_else_when_the_person_is_erased(self, plan):
        User.objects.create_superuser("other")
        person = User.objects.create_superuser("jane")
        frozen = fresh(freeze(plan, SPRING, person))
        call_command("erase_person", "jane", "--yes", stdout=StringIO())
        after = fresh(frozen)
        assert after.made_by is None
        assert (after.content, after.docx) == (frozen.content, frozen.docx)
        assert "Whole" in verify()


class TestTakingOutPersonalData:
    def test_reaches_content_and_files_and_the_page_says_so(self, plan, staff_client):
        item = plan.tracked_items().get(level="item")
        before = fresh(freeze(plan, SPRING, None))
        row = item.updates.get()
        page = take(
            staff_client, "remove-narrative", item, update=str(row.pk), reason="Health data"
        )
        assert "The plan: final report 1" in told(page)
        frozen = FrozenReport.objects.get()
        assert from_json(frozen.content).items[0].standing.narrative == REDACTED
        assert PERSONAL not in word_text(frozen)
        assert REDACTED in word_text(frozen)
        assert frozen.content_digest == before.content_digest
        assert frozen.docx_digest == file_digest(bytes(frozen.docx)) != before.docx_digest
        assert "Whole: 1 final report." in verify()
        for address in ("", "reports/1/", "reports/1.docx", "reports/1.pdf", "report/"):
            assert PERSONAL.encode() not in Client().get(f"/workplans/plan/{address}").content
        log = staff_client.get(reverse("admin:workplans_workplan_history", args=[plan.pk]))
        assert "taken out of final report 1" in log.content.decode()
        shown = read_text(Client().get(frozen.get_absolute_url()))
        assert "Update 1 of PLAN-1.1 held personal data." in shown
        assert "It would not differ." in shown

    def test_leaves_other_reports_alone(self, plan):
        item = plan.tracked_items().get(level="item")
        row = make_update(item, narrative="Told later.", effective_on=date(2021, 9, 1))
        frozen = fresh(freeze(plan, SPRING, None))
        remove_narrative(row, reason="Health data")
        after = fresh(frozen)
        assert (after.redactions, after.docx) == ([], frozen.docx)

    def test_reaches_the_report_of_a_plan_that_the_item_has_left(self, plan):
        frozen = freeze(plan, SPRING, None)
        item = plan.tracked_items().get(level="item")
        item.priority_area = make_area()
        item.save()
        remove_narrative(item.updates.get(), reason="Health data")
        assert PERSONAL not in word_text(fresh(frozen))
        assert "Whole" in verify()

    def test_needs_no_form_of_the_content_that_can_be_read(self, plan, monkeypatch):
        monkeypatch.setattr(transaction, "on_commit", lambda *_args, **_kwargs: None)
        frozen = freeze(plan, SPRING, None)
        triggers.drop_triggers(connection)
        content = frozen.content
        del content["report"]["areas"][0]["title"]
        FrozenReport.objects.filter(pk=frozen.pk).update(content=content)
        item = plan.tracked_items().get(level="item")
        remove_narrative(item.updates.get(), reason="Health data")
        with pytest.raises(ValidationError):
            make_files(frozen.pk)
        assert PERSONAL not in json.dumps(fresh(frozen).content)
        assert fresh(frozen).docx is None
        assert Client().get(frozen.get_absolute_url()).status_code == 404

    def test_keeps_no_pdf_that_can_not_be_made_again(self, plan, monkeypatch):
        frozen = freeze(plan, SPRING, None)
        monkeypatch.setattr(pdf, "why_not", lambda: "PDF files cannot be made.")
        item = plan.tracked_items().get(level="item")
        remove_narrative(item.updates.get(), reason="Health data")
        assert fresh(frozen).pdf is None
        assert "Whole" in verify()


class TestVerifying:
    @pytest.fixture(autouse=True)
    def no_triggers(self, db):
        """Whoever alters what is kept has switched them off."""
        triggers.drop_triggers(connection)

    def test_finds_what_was_altered_in_content_and_files(self, plan):
        frozen = freeze(plan, SPRING, None)
        kept = FrozenReport.objects.filter(pk=frozen.pk)
        content = frozen.content
        content["report"]["title"] = "Another plan"
        kept.update(content=content)
        assert problems() == "The plan: final report 1: its content was altered\n"
        content["report"]["title"] = "The plan"
        for text in ("All is well.", "", REDACTED):
            content["report"]["areas"][0]["items"][0]["standing"]["narrative"] = text
            kept.update(content=content)
            assert "what it says of PLAN-1.1, update 1, was altered" in problems()
        kept.update(docx=b"x", pdf=b"y")
        found = problems()
        assert "its Word file was altered" in found
        assert "its PDF file was altered" in found
        kept.update(pdf=None)
        assert "its PDF file was removed" in problems()
        kept.update(first_day=date(2021, 1, 1))
        assert "its days are not those of its content" in problems()

    def test_finds_one_that_is_missing_and_goes_on_after_one_that_it_cannot_read(self, plan):
        first, second, third = (freeze(plan, SPRING, None) for _ in range(3))
        FrozenReport.objects.filter(pk=first.pk).update(content={})
        FrozenReport.objects.filter(pk=second.pk)._raw_delete("default")
        assert problems() == (
            "The plan: final report 1: its content cannot be read\n"
            "The plan: final report 3: those before it are missing, from number 2 on\n"
        )
        assert fresh(third).docx

    def test_finds_what_was_altered_in_the_ledger_and_not_what_was_added(self, plan):
        frozen = freeze(plan, SPRING, None)
        make_update(plan.tracked_items().get(level="item"))
        assert "Whole" in verify()
        lines = frozen.ledger.replace(" 1 deliverable PLAN-1.1\n", " 2 deliverable PLAN-1.1\n")
        assert lines != frozen.ledger
        FrozenReport.objects.update(ledger=lines)
        assert "The total does not match the lines" in problems()

    def test_reads_each_report_once_and_the_rows_that_it_rests_on(
        self, plan, django_assert_num_queries
    ):
        for _ in range(3):
            freeze(plan, SPRING, None)
        # All reports; for each the updates of deliverables and of action points; their number.
        with django_assert_num_queries(1 + 3 * 2 + 1):
            verify()


# Whatever is done later, a final report is as it was


def rename_all(plan):
    plan.title = "Renamed"
    plan.save()
    for entity in (plan.owner, *(one.entity for one in responsibilities(plan))):
        entity.name, entity.acronym = "Renamed", "NEW"
        entity.save()


def retitle(plan):
    for item in plan.tracked_items():
        item.title, item.description, item.number = "Retitled", "Otherwise", "9"
        item.save()


def tell_more(plan):
    for item in plan.tracked_items():
        make_update(item, status="ongoing", effective_on=date(2021, 4, 1))


def correct(plan):
    for item in plan.tracked_items().filter(updates__isnull=False).distinct():
        row = item.updates.order_by("sequence").last()
        make_update(item, status="ongoing", replaces=row)


def take_back(plan):
    for item in plan.tracked_items().filter(updates__isnull=False).distinct():
        row = item.updates.order_by("sequence").last()
        if row.status or row.narrative:
            make_update(item, narrative="", replaces=row)


def move_parties(plan):
    other = make_entity()
    for one in responsibilities(plan):
        one.entity = other
        one.save()


def drop_parties(plan):
    for one in responsibilities(plan):
        one.delete()


def withdraw(plan):
    for item in plan.tracked_items():
        item.withdrawn_on = date(2021, 1, 2)
        item.save()


def archive(plan):
    plan.archived_on, plan.published = date(2021, 1, 1), False
    plan.save()


def erase(plan):
    User.objects.filter(username="maker").delete()


def merge(plan):
    for party in {one.entity for one in responsibilities(plan)}:
        into = make_entity()
        step = MergeInto([party], make_staff(), data={"into": str(into.pk)})
        assert step.is_valid(), step.errors
        step.perform()


def move_to_another_area(plan):
    area = make_area(workplan=plan)
    for item in plan.tracked_items().filter(level=Level.ITEM):
        item.priority_area = area
        item.save()


def make_final_wording(plan):
    for item in plan.tracked_items():
        item.wording = "final" if item.wording == "provisional" else "provisional"
        item.save()


def reorder(plan):
    for item in plan.tracked_items():
        item.order = 10**6 - item.order
        item.save()


def responsibilities(plan):
    return [one for item in plan.tracked_items() for one in item.responsibilities.all()]


WRITES = [
    rename_all, retitle, tell_more, correct, take_back, move_parties, drop_parties, withdraw,
    archive, erase, merge, move_to_another_area, make_final_wording, reorder,
]  # fmt: skip


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(writes=st.lists(st.sampled_from(WRITES), min_size=1, max_size=6))
def test_no_later_write_changes_a_final_report(db, monkeypatch, writes):
    # The PDF is made of the same paper as the Word file, and takes a second.
    monkeypatch.setattr(pdf, "why_not", lambda: "not here")
    group = make_entity(kind="results_group")
    plan = make_workplan(owner=group)
    area = make_area(workplan=plan)
    item = make_deliverable(priority_area=area)
    part = make_deliverable(priority_area=area, parent=item, level=Level.PART)
    for one in (item, part):
        make_party(one)
        make_update(one, status="completed", source=make_source(dated=date(2021, 3, 1)))
    maker, _new = User.objects.get_or_create(username="maker")
    make_deliverable(priority_area=area)
    frozen = fresh(freeze(plan, SPRING, maker))
    address = f"{frozen.get_absolute_url().removesuffix('/')}.docx"
    served = Client().get(address).content
    kept = {
        field.attname: getattr(frozen, field.attname)
        for field in frozen._meta.concrete_fields
        if field.name != "made_by"
    }
    for write in writes:
        write(type(plan).objects.select_related("owner").get(pk=plan.pk))
    after = FrozenReport.objects.get(pk=frozen.pk)
    for name, value in kept.items():
        now = getattr(after, name)
        assert now == value, name
    # Where the same report made now differs, its page names a difference.
    report = from_json(after.content)
    now = make_report(type(plan).objects.select_related("owner").get(pk=plan.pk), SPRING)
    assert bool(differences(report, now)) == (content_digest(now) != after.content_digest)
    if type(plan).objects.get(pk=plan.pk).published:
        assert Client().get(address).content == served
