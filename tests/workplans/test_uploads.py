"""Files that wait for their sender's word: whose they are, what is shown, and what is written."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime

import pytest
from auditlog.models import LogEntry
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from actionpoints.models import ActionPoint, ActionPointUpdate
from tests.factories import (
    make_area,
    make_deliverable,
    make_entity,
    make_party,
    make_staff,
    make_update,
    make_workplan,
)
from tests.imports import address, bring_in, csv_file, excel_file, look, send, told
from workplans.importing import tables, uploads
from workplans.importing.deliverables import DeliverableResource
from workplans.models import (
    Deliverable,
    DeliverableUpdate,
    Entity,
    SourceDocument,
    SpreadsheetImport,
)
from workplans.models.spreadsheets import EXPIRES_AFTER

pytestmark = pytest.mark.django_db
MODELS = [Entity, Deliverable, DeliverableUpdate, ActionPoint, ActionPointUpdate]


def client_with(*codes):
    """A client of a member of staff who has some permissions: "import_deliverable"."""
    user = make_staff()
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client = Client()
    client.force_login(user)
    return client


def waiting():
    return SpreadsheetImport.objects.waiting().latest("pk")


def confirm(client, model, upload, **data):
    return client.post(address(model, "import_review", upload.pk), data or {"import": "Import"})


class TestWhoMay:
    @pytest.mark.parametrize("model", MODELS)
    def test_import_and_export_need_their_own_permissions(self, model):
        name = model._meta.model_name
        everything_else = client_with(
            *(f"{verb}_{name}" for verb in ("add", "change", "delete", "view"))
        )
        content = csv_file({"ref": "A-1", "slug": "a"})
        for client in (client_with(), everything_else, client_with(f"export_{name}")):
            assert client.get(address(model, "import")).status_code == 403
            assert send(client, model, content).status_code == 403
            assert client.get(address(model, "import_review", 1)).status_code == 403
            assert client.get(address(model, "import_rows", 1)).status_code == 403
        for client in (client_with(), everything_else, client_with(f"import_{name}")):
            assert client.get(address(model, "export")).status_code == 403
            assert client.get(address(model, "export_file", "csv")).status_code == 403
        assert not SpreadsheetImport.objects.exists()
        assert client_with(f"import_{name}").get(address(model, "import")).status_code == 200
        exporter = client_with(f"export_{name}")
        assert exporter.get(address(model, "export")).status_code == 200
        for ending in ("csv", "xlsx"):
            assert exporter.get(address(model, "export_file", ending)).status_code == 200

    def test_nobody_signed_out_gets_there(self, client):
        for name, args in (("import", ()), ("import_review", (1,)), ("export_file", ("csv",))):
            response = client.get(address(Deliverable, name, *args))
            assert response.status_code == 302
            assert "/admin/login/" in response["Location"]

    def test_the_stock_second_step_is_not_there(self, staff_client):
        url = address(Deliverable, "import").replace("/import/", "/process_import/")
        data = {"import_file_name": "/etc/passwd", "format": "0"}
        assert staff_client.post(url, data).status_code in (302, 404)
        assert not LogEntry.objects.exists()

    def test_the_links_are_shown_to_those_who_may(self, staff_client):
        page = staff_client.get(address(Deliverable, "changelist")).content.decode()
        assert address(Deliverable, "import") in page
        assert address(Deliverable, "export") in page
        page = client_with("view_deliverable").get(address(Deliverable, "changelist"))
        assert address(Deliverable, "import") not in page.content.decode()


class TestWhoseTheyAre:
    def test_nobody_else_sees_or_confirms_a_file(self, staff_client):
        make_deliverable(ref="A-1")
        look(staff_client, Deliverable, csv_file({"ref": "A-1", "title": "New"}))
        upload, other = waiting(), client_with("import_deliverable", "import_actionpoint")
        assert other.get(address(Deliverable, "import_review", upload.pk)).status_code == 404
        assert other.get(address(Deliverable, "import_rows", upload.pk)).status_code == 404
        assert confirm(other, Deliverable, upload).status_code == 404
        assert confirm(staff_client, ActionPoint, upload).status_code == 404
        assert Deliverable.objects.get().title != "New"

    def test_an_upload_expires(self, staff_client):
        make_deliverable(ref="A-1")
        content = csv_file({"ref": "A-1", "title": "New"})
        look(staff_client, Deliverable, content)
        upload = waiting()
        SpreadsheetImport.objects.update(uploaded_at=timezone.now() - EXPIRES_AFTER)
        assert confirm(staff_client, Deliverable, upload).status_code == 404
        look(staff_client, Deliverable, content)
        assert SpreadsheetImport.objects.count() == 1
        assert SpreadsheetImport.objects.get() != upload

    def test_a_file_is_discarded_at_a_word(self, staff_client):
        make_deliverable(ref="A-1")
        look(staff_client, Deliverable, csv_file({"ref": "A-1", "title": "New"}))
        response = confirm(staff_client, Deliverable, waiting(), discard="Discard")
        assert response["Location"] == address(Deliverable, "import")
        assert not SpreadsheetImport.objects.exists()

    def test_one_that_was_imported_meanwhile_is_not_discarded(self, staff_client):
        make_deliverable(ref="A-1")
        look(staff_client, Deliverable, csv_file({"ref": "A-1", "title": "New"}))
        upload = waiting()
        user = User.objects.get()
        uploads.confirm(waiting(), user, DeliverableResource)
        with pytest.raises(uploads.ImportedAlready):
            uploads.discard(upload)
        uploads.remember(upload, uploads.judge(bytes(upload.content), user, DeliverableResource))
        assert SpreadsheetImport.objects.done().get(seen=[]) == upload

    def test_one_that_was_sent_in_twice_is_discarded_once_the_other_is_imported(self, staff_client):
        make_deliverable(ref="A-1")
        content = csv_file({"ref": "A-1", "title": "New"})
        look(staff_client, Deliverable, content)
        other = waiting()
        bring_in(staff_client, Deliverable, content)
        assert confirm(staff_client, Deliverable, other, discard="Discard").status_code == 302
        assert SpreadsheetImport.objects.get().imported_at is not None

    def test_one_that_was_discarded_meanwhile_is_not_imported(self, staff_client):
        make_deliverable(ref="A-1", title="Old")
        look(staff_client, Deliverable, csv_file({"ref": "A-1", "title": "New"}))
        upload, user = waiting(), User.objects.get()
        uploads.discard(waiting())
        with pytest.raises(uploads.NotWaiting):
            uploads.confirm(upload, user, DeliverableResource)
        with pytest.raises(uploads.NotWaiting):
            uploads.discard(upload)
        uploads.remember(upload, uploads.judge(bytes(upload.content), user, DeliverableResource))
        assert Deliverable.objects.get().title == "Old"
        assert not SpreadsheetImport.objects.exists()

    def test_one_that_can_be_read_no_more_says_why(self, staff_client, monkeypatch):
        make_deliverable(ref="A-1")
        look(staff_client, Deliverable, csv_file({"ref": "A-1", "title": "New"}))
        upload = waiting()
        monkeypatch.setattr(tables, "MOST_ROWS", 0)
        for answer in (
            staff_client.get(address(Deliverable, "import_review", upload.pk), follow=True),
            staff_client.get(address(Deliverable, "import_rows", upload.pk), follow=True),
            staff_client.post(address(Deliverable, "import_review", upload.pk), follow=True),
        ):
            assert answer.redirect_chain[0][0] == address(Deliverable, "import")
            assert "Split it into smaller files" in answer.content.decode()

    def test_a_table_without_a_row_is_said_to_be_one(self, staff_client):
        page = send(staff_client, Deliverable, b"ref,title\r\n").content.decode()
        assert "no row below its header" in page

    def test_the_day_of_an_import_is_that_of_the_site(self, staff_client):
        make_deliverable(ref="A-1")
        content = csv_file({"ref": "A-1", "title": "New"})
        bring_in(staff_client, Deliverable, content)
        midnight = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
        SpreadsheetImport.objects.update(imported_at=midnight)
        page = send(staff_client, Deliverable, content).content.decode()
        assert "was imported on 2026-07-02" in page

    def test_what_was_imported_is_kept_with_what_it_touched(self, staff_client, client):
        make_deliverable(ref="A-1")
        content = csv_file({"ref": "A-1", "title": "New", "new_narrative": "Told."})
        done = bring_in(staff_client, Deliverable, content, "of May.csv")
        page = staff_client.get(address(SpreadsheetImport, "change", done.pk))
        assert page.status_code == 200
        shown = page.content.decode()
        assert "of May.csv" in shown and "A-1" in shown and done.digest in shown
        assert page.context["original"].uploaded_by.username == "staff"
        file = staff_client.get(address(SpreadsheetImport, "file", done.pk))
        assert b"".join(file.streaming_content) == content
        assert client_with().get(address(SpreadsheetImport, "file", done.pk)).status_code == 403
        User.objects.all().delete()
        done.refresh_from_db()
        assert done.uploaded_by is None
        assert "of May.csv" not in client.get("/deliverables/A-1/").content.decode()


class TestBetweenPreviewAndConfirm:
    @pytest.fixture
    def item(self):
        item = make_deliverable(ref="A-1", title="Old")
        make_update(item, status="ongoing")
        make_deliverable(ref="A-2", title="Other")
        return item

    def test_what_was_edited_elsewhere_is_shown_and_not_overwritten(
        self, item, staff_client, whole_ledger
    ):
        content = csv_file({"ref": "A-1", "title": "New"}, {"ref": "A-2", "title": "Newer"})
        look(staff_client, Deliverable, content)
        item.title = "Edited elsewhere"
        item.save()
        response = confirm(staff_client, Deliverable, waiting())
        assert response.status_code == 200
        assert response.context["changed_since"] == {2}
        assert "Edited elsewhere" in response.content.decode()
        assert "changed since you looked" in response.content.decode()
        titles = set(Deliverable.objects.values_list("title", flat=True))
        assert titles == {"Edited elsewhere", "Other"}
        # Once it was shown, to import again is a decision.
        assert confirm(staff_client, Deliverable, waiting()).status_code == 302
        titles = set(Deliverable.objects.values_list("title", flat=True))
        assert titles == {"New", "Newer"}

    def test_so_is_an_update_that_was_told_elsewhere(self, item, staff_client, whole_ledger):
        content = csv_file({"ref": "A-1", "new_status": "continuous", "new_narrative": "x"})
        look(staff_client, Deliverable, content)
        make_update(item, status="completed", narrative="Done elsewhere.")
        response = confirm(staff_client, Deliverable, waiting())
        assert response.context["changed_since"] == {2}
        (change, *_more) = response.context["judgement"].changed[0].changes
        assert (change.old, change.new) == ("completed", "continuous")
        assert item.updates.count() == 2

    def test_an_edit_of_something_else_is_no_matter_and_stays(self, item, staff_client):
        look(staff_client, Deliverable, csv_file({"ref": "A-1", "title": "New"}))
        item.description = "Written meanwhile"
        item.save()
        assert confirm(staff_client, Deliverable, waiting()).status_code == 302
        item.refresh_from_db()
        assert (item.title, item.description) == ("New", "Written meanwhile")

    def test_what_would_break_a_rule_by_now_is_refused(self, item, staff_client):
        content = csv_file({"ref": "A-1", "leads": "OCHA"})
        ocha = make_entity(acronym="OCHA")
        look(staff_client, Deliverable, content)
        ocha.delete()
        response = confirm(staff_client, Deliverable, waiting())
        assert response.context["judgement"].invalid
        assert not item.responsibilities.exists()

    def test_a_second_click_does_nothing(self, item, staff_client):
        look(staff_client, Deliverable, csv_file({"ref": "A-1", "new_narrative": "Once."}))
        upload = waiting()
        assert confirm(staff_client, Deliverable, upload).status_code == 302
        assert confirm(staff_client, Deliverable, upload).status_code == 404
        assert item.updates.count() == 2

    def test_two_uploads_of_one_file_are_imported_once(self, item, staff_client):
        content = csv_file({"ref": "A-1", "new_narrative": "Once."})
        look(staff_client, Deliverable, content)
        first = waiting()
        look(staff_client, Deliverable, content)
        second = waiting()
        assert confirm(staff_client, Deliverable, second).status_code == 302
        response = confirm(staff_client, Deliverable, first)
        assert response["Location"] == address(Deliverable, "import")
        assert item.updates.count() == 2


class TestThePage:
    def test_says_what_would_happen_and_all_rows_are_there_as_a_file(self, staff_client):
        make_deliverable(ref="A-1", title="Old")
        content = csv_file(
            {"ref": "A-1", "title": "New", "status": "x", "colour": "red"},
            {"ref": "A-2", "title": "No plan"},
        )
        response = send(staff_client, Deliverable, content, "C:\\Users\\me\\list.csv")
        page = response.content.decode()
        assert waiting().name == "list.csv"
        for words in ("<b>1</b> row cannot be taken", "Name the workplan", "colour", "Old", "New"):
            assert words in page
        assert 'value="Import"' not in page
        rows = staff_client.get(address(Deliverable, "import_rows", waiting().pk))
        text = b"".join(rows.streaming_content).decode("utf-8-sig")
        assert '2,"A-1","changed","title","Old","New",' in text
        assert '3,"A-2","invalid","workplan"' in text

    @pytest.mark.parametrize(
        "content", [b"", b"\xd0\xcf\x11\xe0 secret", b"PK\x03\x04broken", b"no,known\r\n1,2\r\n"]
    )
    def test_a_bad_file_is_refused_in_words_and_not_kept(self, staff_client, content):
        response = send(staff_client, Deliverable, content)
        assert response.status_code == 400
        assert response.context["form"].errors["file"]
        assert not SpreadsheetImport.objects.exists()

    def test_no_file_at_all_is_asked_for(self, staff_client):
        response = staff_client.post(address(Deliverable, "import"), {})
        assert response.status_code == 400
        assert "required" in response.content.decode()

    def test_a_formula_is_no_value(self, staff_client):
        make_deliverable(ref="A-1")
        content = excel_file({"ref": "A-1", "title": "=A1&B1"})
        judgement = look(staff_client, Deliverable, content, "x.xlsx")
        assert "A formula stands here" in told(judgement)[2][1]["title"]

    def test_texts_from_a_file_are_no_markup(self, staff_client):
        make_deliverable(ref="A-1")
        nasty = "<script>alert(1)</script>"
        response = send(staff_client, Deliverable, csv_file({"ref": "A-1", "title": nasty}), nasty)
        assert nasty not in response.content.decode()
        assert "&lt;script&gt;" in response.content.decode()

    @pytest.mark.parametrize("size", [3, 60])
    def test_costs_the_same_for_few_and_many_rows(
        self, staff_client, django_assert_max_num_queries, size
    ):
        area = make_area(workplan=make_workplan(slug="p"))
        ocha = make_entity(acronym="OCHA")
        for number in range(size):
            item = make_deliverable(ref=f"A-{number}", priority_area=area)
            make_party(item, entity=ocha)
            make_update(item)
        rows = [
            {
                "ref": f"A-{number}", "title": f"New {number}", "new_narrative": "x",
                "leads": "", "workplan": "p", "priority_area": area.number,
            }
            for number in range(size)
        ]  # fmt: skip
        rows += [
            {
                "title": f"Made {number}",
                "workplan": "p",
                "priority_area": area.number,
                "leads": "OCHA",
            }
            for number in range(size)
        ]
        content = csv_file(*rows)
        with django_assert_max_num_queries(60):
            look(staff_client, Deliverable, content)
        with django_assert_max_num_queries(90):
            confirm(staff_client, Deliverable, waiting())
        assert Deliverable.objects.count() == 2 * size


KILLED = """
import os, sys
import django
django.setup()
from django.contrib.auth.models import User
from workplans.importing import items
from workplans.importing.deliverables import DeliverableResource
from workplans.importing.uploads import confirm
from workplans.models import SpreadsheetImport

written = items.record_judged


def tell_and_wait(*args, **kwargs):
    written(*args, **kwargs)
    print("written", flush=True)
    sys.stdin.read()


items.record_judged = tell_and_wait
confirm(SpreadsheetImport.objects.get(), User.objects.get(), DeliverableResource)
"""


@pytest.mark.django_db(transaction=True)
def test_an_import_that_is_killed_leaves_nothing_behind(staff_client):
    """Killed when all is written but nothing committed, in a process of its own."""
    area = make_area(workplan=make_workplan(slug="p"))
    make_deliverable(ref="A-1", title="Old", priority_area=area)
    rows = [{"ref": "A-1", "title": "New", "workplan": "p", "priority_area": area.number}]
    new = {**rows[0], "new_narrative": "Told."}
    rows += [{**new, "ref": f"N-{n}", "title": f"New {n}"} for n in range(20)]
    look(staff_client, Deliverable, csv_file(*rows))
    before = counts()
    database = {**connection.settings_dict}
    url = (
        f"sqlite:///{database['NAME']}"
        if connection.vendor == "sqlite"
        else settings_url(str(database["NAME"]))
    )
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url},
    )
    try:
        assert process.stdout.readline() == "written\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert counts() == before
    assert Deliverable.objects.get().title == "Old"
    # Its sender can still say the word.
    for _try in range(100):
        response = confirm(staff_client, Deliverable, waiting())
        if response.status_code == 302:
            break
        time.sleep(0.1)  # until the database has noticed that the process is gone
    assert Deliverable.objects.count() == 21


def counts():
    models = (Deliverable, DeliverableUpdate, SourceDocument, LogEntry, SpreadsheetImport)
    return [model.objects.count() for model in models]


def settings_url(name):
    """The URL of the test's own database on the server of the environment's."""
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(os.environ["DATABASE_URL"])
    path = parts.path.rpartition("/")[0] + f"/{name}"
    return urlunsplit(parts._replace(path=path))
