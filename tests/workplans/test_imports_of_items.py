"""Deliverables and action points from spreadsheets: judged row by row, written whole or not."""

from datetime import date, datetime, timedelta

import pytest
from auditlog.models import LogEntry

from actionpoints.models import ActionPoint
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_source,
    make_staff,
    make_update,
    make_workplan,
)
from tests.figures import make_site
from tests.imports import (
    address,
    bring_in,
    content_of,
    csv_file,
    edited_csv,
    edited_excel,
    excel_file,
    look,
    send,
    told,
)
from workplans import days
from workplans.importing import parties as party_names
from workplans.importing.deliverables import DeliverableResource
from workplans.importing.tables import read_table
from workplans.models import Deliverable, Entity, SpreadsheetImport
from workplans.models.ledger_rows import REDACTED
from workplans.status import remove_narrative

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_ledger")]


@pytest.fixture
def plan():
    """RG1's plan, with an area, a heading, an item with a part, and one that is completed."""
    for acronym in ("OCHA", "UNHCR", "UNICEF", "IOM"):
        make_entity(acronym=acronym, name=f"The {acronym} Organization", slug=acronym.lower())
    plan = make_workplan(slug="rg1-2020", title="RG1 workplan", owner=make_entity(acronym="RG1"))
    area = make_area(workplan=plan, number="3", title="Localization, local actors")
    fields = {"priority_area": area}
    item = make_deliverable(
        ref="RG1-2020-3.1",
        title="Write guidance\nin two lines",
        indicators="=1+1\n- it is out",
        comments="’tis “quoted”, and; separated",
        initial_timeframe="Q2 2021",
        initial_latest=date(2021, 6, 30),
        **fields,
    )
    make_party(item, entity=entity("ocha"), order=1)
    make_party(item, entity=entity("unhcr"), role="consulted", order=2)
    make_update(item, status="ongoing", narrative="A draft is out.", source=make_source())
    make_deliverable(ref="RG1-2020-3.1-i", level="part", parent=item, title="A part", **fields)
    make_deliverable(ref="RG1-2020-H", level="heading", title="A heading", **fields)
    done = make_deliverable(ref="RG1-2020-3.2", title="Hold a meeting", **fields)
    make_update(done, status="completed", narrative="+41 people came.")
    return plan


def entity(slug):
    return Entity.objects.get(slug=slug)


def deliverable(ref="RG1-2020-3.1"):
    return Deliverable.objects.get(ref=ref)


def parties(item):
    return [
        (str(one.entity), one.role, one.since, one.until)
        for one in item.responsibilities.order_by("order", "id")
    ]


@pytest.fixture(params=["csv", "xlsx"])
def file(request, plan, client):
    """Our own file of deliverables, parts and headings among them, and how one edits it."""
    address = f"/deliverables.{request.param}?level=all"
    edit = {"csv": edited_csv, "xlsx": edited_excel}[request.param]
    return content_of(client.get(address)), edit


class TestOurOwnFile:
    def test_says_nothing_new(self, file, staff_client):
        content, _edit = file
        judgement = look(staff_client, Deliverable, content)
        assert len(judgement.same) == len(judgement.rows) == 4
        assert not judgement.may_be_written
        assert not judgement.ignored and not judgement.not_taken

    def test_that_of_staff_says_nothing_new_either(self, plan, staff_client):
        make_update(deliverable(), source=make_source(title="Hidden", published=False))
        for ending in ("csv", "xlsx"):
            content = content_of(staff_client.get(f"/deliverables.{ending}?level=all"))
            judgement = look(staff_client, Deliverable, content)
            assert len(judgement.same) == len(judgement.rows) == 4
            assert not judgement.not_taken

    def test_says_nothing_new_of_what_a_cell_cannot_hold(self, plan, staff_client):
        item = deliverable()
        item.indicators, item.comments = "x" * 40_000, "pasted\x07 from\x0bWord\r\nwith e\u0301 "
        item.comments += "_x0041_ and _x000D_"  # which Excel reads as characters by their numbers
        item.save()
        for ending in ("csv", "xlsx"):
            content = content_of(staff_client.get(f"/deliverables.{ending}?level=all"))
            judgement = look(staff_client, Deliverable, content)
            assert len(judgement.same) == 4, told(judgement)
            assert not judgement.not_taken

    def test_of_the_public_leaves_what_is_hidden_as_it_is(self, plan, client, staff_client):
        hidden = make_area(workplan=make_workplan(published=False))
        item = deliverable()
        item.continues = make_deliverable(priority_area=hidden, ref="HIDDEN-1")
        item.save()
        content = content_of(client.get("/deliverables.xlsx"))
        bring_in(staff_client, Deliverable, edited_excel(content, {item.ref: {"title": "New"}}))
        assert deliverable().continues.ref == "HIDDEN-1"

    def test_a_mistyped_reference_makes_no_second_item(self, file, staff_client):
        content, edit = file
        judgement = look(staff_client, Deliverable, edit(content, {"RG1-2020-3.2": {"ref": "X-1"}}))
        (verdict,) = judgement.invalid
        assert "It is there already as RG1-2020-3.2" in verdict.problems[0].sentence

    def test_changes_just_what_was_edited(self, file, staff_client):
        content, edit = file
        before = Deliverable.objects.filter(ref="RG1-2020-3.1").values().get()
        edits = {
            "RG1-2020-3.1": {"title": "Write the guidance", "priority": "Prioritized"},
            "RG1-2020-3.2": {"comments": "@x"},
        }
        judgement = look(staff_client, Deliverable, edit(content, edits))
        assert [verdict.ref for verdict in judgement.changed] == ["RG1-2020-3.1", "RG1-2020-3.2"]
        assert told(judgement)[2] == (
            "changed",
            {
                "title": ("Write guidance\nin two lines", "Write the guidance"),
                "priority": ("unknown", "prioritized"),
            },
        )
        assert len(judgement.same) == 2
        done = bring_in(staff_client, Deliverable, edit(content, edits))
        after = Deliverable.objects.filter(ref="RG1-2020-3.1").values().get()
        differ = {name for name in before if before[name] != after[name]}
        assert differ == {"title", "priority", "version"}
        assert after["version"] == before["version"] + 1
        assert deliverable("RG1-2020-3.2").comments == "@x"
        assert (done.new, done.changed, done.same) == (0, 2, 2)
        assert done.refs == ["RG1-2020-3.1", "RG1-2020-3.2"]
        entry = LogEntry.objects.get_for_object(deliverable()).latest()
        assert entry.changes["title"] == ["Write guidance\nin two lines", "Write the guidance"]
        assert entry.actor.username == "staff"

    def test_an_edit_of_how_an_item_stands_is_named_and_not_taken(self, file, staff_client):
        content, edit = file
        edits = {"RG1-2020-3.1": {"status": "completed", "narrative": "Done.", "title": "New"}}
        judgement = look(staff_client, Deliverable, edit(content, edits))
        assert told(judgement)[2][1].keys() == {"title"}
        (verdict,) = judgement.not_taken
        assert set(verdict.not_taken) == {"status", "narrative"}
        bring_in(staff_client, Deliverable, edit(content, edits))
        assert (deliverable().cached_status, deliverable().updates.count()) == ("ongoing", 1)

    def test_an_update_is_a_row_of_the_ledger_from_that_file(self, file, staff_client):
        content, edit = file
        told_day = days.site_today() - timedelta(days=3)
        update = {
            "new_status": "[COMPLETED]",
            "new_narrative": "Endorsed by OPAG.",
            "new_effective_on": told_day.isoformat(),
        }
        done = bring_in(
            staff_client, Deliverable, edit(content, {"RG1-2020-3.1": update}), "May.xlsx"
        )
        row = deliverable().updates.latest("sequence")
        assert (row.status, row.narrative) == ("completed", "Endorsed by OPAG.")
        assert (row.effective_on, row.reported_on) == (told_day, days.site_today())
        assert (row.source, row.locator) == (done.source, "row 2")
        assert (row.source.title, row.source.published) == ("May.xlsx", False)
        assert (row.recorded_by.username, done.refs) == ("staff", ["RG1-2020-3.1"])

    def test_imported_again_it_changes_nothing(self, file, staff_client):
        content, edit = file
        new = edit(content, {"RG1-2020-3.1": {"new_narrative": "More.", "title": "Another"}})
        bring_in(staff_client, Deliverable, new)
        item = deliverable()
        item.title = "Edited since"
        item.save()
        response = send(staff_client, Deliverable, new)
        assert response.status_code == 400
        assert "was imported on" in response.content.decode()
        assert deliverable().title == "Edited since"
        assert SpreadsheetImport.objects.count() == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_files_of_a_busy_site_say_nothing_new(staff_client, seed):
    make_site(seed=seed)
    for model, page in ((Deliverable, "deliverables"), (ActionPoint, "action-points")):
        for ending in ("csv", "xlsx"):
            address = f"/{page}.{ending}?level=all&archived=all"
            judgement = look(staff_client, model, content_of(staff_client.get(address)))
            assert judgement.rows
            assert len(judgement.same) == len(judgement.rows), told(judgement)
            assert not judgement.not_taken and not judgement.ignored


class TestParties:
    def judge(self, client, **cells):
        content = csv_file({"ref": "RG1-2020-3.1", **cells})
        return told(look(client, Deliverable, content))[2]

    @pytest.mark.parametrize(
        ("leads", "expected"),
        [
            ("OCHA; UNHCR (support)", [("OCHA", "lead"), ("UNHCR", "support")]),
            (
                "OCHA in consultation with UNHCR, UNICEF",
                [("OCHA", "lead"), ("UNHCR", "consulted"), ("UNICEF", "consulted")],
            ),
            ("unicef & I.O.M.", [("UNICEF", "lead"), ("IOM", "lead")]),
            ("The IOM Organization, OCHA", [("IOM", "lead"), ("OCHA", "lead")]),
            (
                "OCHA with the support of IOM and UNICEF",
                [("OCHA", "lead"), ("IOM", "support"), ("UNICEF", "support")],
            ),
            ("The IOM Organization (IOM)\nOCHA (co-lead)", [("IOM", "lead"), ("OCHA", "co_lead")]),
            ("N/A", []),
        ],
    )
    def test_are_read_as_people_write_them(self, plan, staff_client, leads, expected):
        bring_in(
            staff_client,
            Deliverable,
            csv_file(
                {"workplan": plan.title, "priority_area": "3", "title": "New", "leads": leads}
            ),
        )
        item = Deliverable.objects.get(title="New")
        assert [(name, role) for name, role, _since, _until in parties(item)] == expected

    def test_those_that_go_are_ended_and_those_that_come_begin_today(self, plan, staff_client):
        content = csv_file({"ref": "RG1-2020-3.1", "leads": "IOM; UNICEF"})
        bring_in(staff_client, Deliverable, content)
        assert parties(deliverable()) == [
            ("OCHA", "lead", None, days.site_today() - timedelta(days=1)),
            ("IOM", "lead", days.site_today(), None),
            ("UNHCR", "consulted", None, None),
            ("UNICEF", "lead", days.site_today(), None),
        ]
        bring_in(staff_client, Deliverable, csv_file({"ref": "RG1-2020-3.1", "leads": "OCHA"}))
        held = parties(deliverable())
        assert held == [("OCHA", "lead", None, None), ("UNHCR", "consulted", None, None)]

    def test_an_unknown_one_is_an_error_that_offers_the_nearest(self, plan, staff_client):
        kind, problems = self.judge(staff_client, leads="OHCA; Nobody we know of")
        assert kind == "invalid"
        assert "“OHCA” is not known as a party" in problems["leads"]
        assert "OCHA" in problems["leads"].split("Nearest:")[1]

    def test_a_cell_of_very_many_names_is_read_in_few_steps(self, plan, monkeypatch):
        reader, read = party_names.PartyReader(), []
        monkeypatch.setattr(reader, "_read_one", lambda *words: read.append(words))
        with pytest.raises(party_names.UnknownParty):
            reader.parties("&".join(["CRS"] * 500))
        assert len(read) < 10

    def test_near_names_are_looked_for_once_a_name_and_not_for_very_many(
        self, plan, staff_client, monkeypatch
    ):
        asked, real = [], party_names.get_close_matches
        monkeypatch.setattr(
            party_names,
            "get_close_matches",
            lambda name, *rest, **options: asked.append(name) or real(name, *rest, **options),
        )
        many = [{"leads": f"UNHCRR{n}"} for n in range(party_names.MOST_LOOKED_FOR + 1)]
        named = [*[{"leads": "OCHAA"}] * 9, *many]
        rows = [{"ref": f"X-{number}", **cells} for number, cells in enumerate(named)]
        problems = [
            words
            for _kind, words in told(look(staff_client, Deliverable, csv_file(*rows))).values()
        ]
        assert len(asked) == len(set(asked)) == party_names.MOST_LOOKED_FOR
        assert all("is not known as a party" in words["leads"] for words in problems)
        assert "Nearest: OCHA" in problems[8]["leads"]
        assert "Enter it as an entity" in problems[-1]["leads"]

    def test_the_order_and_spelling_of_the_same_parties_is_nothing_new(self, plan, staff_client):
        assert self.judge(staff_client, leads="ocha") == ("same", {})
        assert self.judge(staff_client, supporting="UNHCR (consulted)") == ("same", {})
        assert self.judge(staff_client, supporting="UNHCR") == ("same", {})

    def test_a_heading_has_none(self, plan, staff_client):
        judgement = look(staff_client, Deliverable, csv_file({"ref": "RG1-2020-H", "leads": "IOM"}))
        assert "A heading has no owner" in told(judgement)[2][1]["leads"]


class TestUpdates:
    def judge(self, client, **cells):
        content = excel_file({"ref": "RG1-2020-3.1", **cells})
        return told(look(client, Deliverable, content, "file.xlsx"))[2]

    @pytest.mark.parametrize(
        ("word", "code"),
        [
            ("On-going", "ongoing"),
            ("continuous", "continuous"),
            ("NOT STARTED", "not_started"),
            ("Discontinued", "discontinued"),
        ],
    )
    def test_a_status_is_read_in_the_documents_spellings(self, plan, staff_client, word, code):
        content = csv_file({"ref": "RG1-2020-3.1", "new_status": word, "new_narrative": "So."})
        bring_in(staff_client, Deliverable, content)
        assert deliverable().cached_status == code

    def test_a_narrative_that_was_removed_stays_removed(self, plan, staff_client):
        remove_narrative(deliverable().updates.get(), reason="It named somebody.")
        content = csv_file({"ref": "RG1-2020-3.1", "title": "New", "new_status": "continuous"})
        bring_in(staff_client, Deliverable, content)
        item = deliverable()
        assert (item.title, item.cached_status) == ("New", "continuous")
        assert item.cached_narrative == REDACTED

    def test_an_earlier_day_introduces_a_part_and_what_it_belongs_to(self, plan, staff_client):
        today = days.site_today()
        fields = {"priority_area": plan.priority_areas.get(), "introduced_on": today}
        item = make_deliverable(ref="NEW", **fields)
        make_deliverable(ref="NEW-i", level="part", parent=item, **fields)
        day = today - timedelta(days=3)
        told_of_part = {"new_narrative": "Begun.", "new_effective_on": day}
        bring_in(staff_client, Deliverable, csv_file({"ref": "NEW-i", **told_of_part}))
        for ref in ("NEW-i", "NEW"):
            assert deliverable(ref).introduced_on == day
        assert deliverable("NEW-i").cached_narrative == "Begun."

    def test_an_unknown_status_is_refused_with_those_that_are_known(self, plan, staff_client):
        kind, problems = self.judge(staff_client, new_status="Pending")
        assert kind == "invalid"
        assert problems["new_status"].startswith("Write one of: Completed, Continuous, Ongoing")

    @pytest.mark.parametrize(
        ("cell", "day", "words"),
        [
            (date(2021, 6, 30), date(2021, 6, 30), ""),
            ("2021-06-30", date(2021, 6, 30), ""),
            ("30/06/2021", date(2021, 6, 30), ""),
            ("Q2 2021", date(2021, 6, 30), "Q2 2021"),
            ("mid-2021", date(2021, 8, 31), "mid-2021"),
        ],
    )
    def test_days_are_read_as_people_write_them(self, plan, staff_client, cell, day, words):
        content = excel_file(
            {"ref": "RG1-2020-3.1", "new_narrative": "Told.", "new_effective_on": cell}
        )
        bring_in(staff_client, Deliverable, content)
        row = deliverable().updates.latest("sequence")
        assert (row.effective_on, row.effective_words) == (day, words)

    def test_an_ambiguous_day_is_asked_about(self, plan, staff_client):
        for column in ("new_effective_on", "new_timeframe"):
            cells = {"new_narrative": "x", column: "03/04/2021"}
            kind, problems = self.judge(staff_client, **cells)
            assert kind == "invalid"
            assert "3 April 2021 or as 4 March 2021" in problems[column]

    def test_a_time_frame_that_a_spreadsheet_keeps_with_a_time_of_day_is_that_day(
        self, plan, staff_client
    ):
        frame = {"ref": "RG1-2020-3.1", "new_timeframe": datetime(2021, 9, 30, 12, 0)}
        bring_in(staff_client, Deliverable, excel_file(frame), "f.xlsx")
        assert deliverable().updates.latest("sequence").timeframe_latest == date(2021, 9, 30)

    def test_a_number_is_no_time_frame_but_a_year_is(self, plan, staff_client):
        rows = [
            {"ref": "RG1-2020-3.1", "new_timeframe": 44377},
            {"ref": "RG1-2020-3.1-i", "new_timeframe": 2027},
        ]
        judgement = told(look(staff_client, Deliverable, excel_file(*rows), "f.xlsx"))
        assert "A number is no time frame" in judgement[2][1]["new_timeframe"]
        assert judgement[3][0] == "changed"

    def test_a_revised_time_frame_keeps_its_words(self, plan, staff_client):
        content = csv_file({"ref": "RG1-2020-3.1", "new_timeframe": "by end 2022"})
        bring_in(staff_client, Deliverable, content)
        assert deliverable().cached_timeframe == "by end 2022"
        assert deliverable().cached_due == date(2022, 12, 31)

    def test_the_ledger_s_own_refusals_are_the_row_s(self, plan, staff_client):
        assert (
            "how it was closed"
            in self.judge(staff_client, new_status="completed")[1]["new_narrative"]
        )
        ahead = days.site_today() + timedelta(days=5)
        problems = self.judge(staff_client, new_narrative="x", new_effective_on=ahead)[1]
        assert "lies ahead" in problems["new_effective_on"]
        judgement = look(
            staff_client, Deliverable, csv_file({"ref": "RG1-2020-H", "new_status": "ongoing"})
        )
        assert "A heading has no status" in told(judgement)[2][1]["new_status"]

    def test_an_update_is_judged_by_the_level_that_the_file_gives(self, plan, staff_client):
        told_of = {"new_status": "ongoing", "new_narrative": "Begun."}
        judgement = look(
            staff_client,
            Deliverable,
            csv_file(
                {"ref": "RG1-2020-3.1-i", "level": "heading", "parent": "", **told_of},
                {"ref": "RG1-2020-H", "level": "item", "parent": "", **told_of},
            ),
        )
        heading, item = told(judgement).values()
        assert "A heading has no status" in heading[1]["new_status"]
        assert item[0] == "changed"

    def test_what_stands_already_is_nothing_new(self, plan, staff_client):
        content = csv_file({"ref": "RG1-2020-3.1", "new_narrative": "As of May.", "x": "1"})
        bring_in(staff_client, Deliverable, content)
        again = csv_file({"ref": "RG1-2020-3.1", "new_narrative": "As of May.", "x": "2"})
        judgement = look(staff_client, Deliverable, again)
        assert told(judgement)[2] == ("same", {})
        assert judgement.ignored == ["x"]


class TestNewItems:
    def test_are_made_with_all_that_a_row_says(self, plan, staff_client):
        rows = [
            {
                "workplan": "rg1 WORKPLAN", "priority_area": "3 Localization, local actors",
                "title": "New: “one”", "number": "3.9", "timeframe": "by June 2022",
                "leads": "OCHA", "new_status": "ongoing", "new_narrative": "Begun.",
                "priority": "De-prioritized", "indicators": "Seen", "product_url": "",
            },
            {
                "workplan": "rg1-2020", "priority_area": "rg1-2020-3", "title": "Its part",
                "level": "part", "parent": "RG1-2020-3.9", "ref": "RG1-2020-3.9-i",
            },
            {"workplan": "rg1-2020", "priority_area": "3", "title": "Another"},
        ]  # fmt: skip
        rows[0]["ref"] = "RG1-2020-3.9"
        done = bring_in(staff_client, Deliverable, csv_file(*rows), "new.csv")
        item = deliverable("RG1-2020-3.9")
        assert (item.title, item.number, item.priority) == ("New: “one”", "3.9", "deprioritized")
        assert (item.initial_timeframe, item.cached_due) == ("by June 2022", date(2022, 6, 30))
        assert (item.source.title, item.locator) == ("new.csv", "row 2")
        assert (item.introduced_on, item.cached_status) == (days.site_today(), "ongoing")
        assert parties(item) == [("OCHA", "lead", None, None)]
        assert deliverable("RG1-2020-3.9-i").parent == item
        another = Deliverable.objects.get(title="Another")
        assert another.ref == "RG1-2020-1"
        assert (done.new, set(done.refs)) == (
            3,
            {"RG1-2020-3.9", "RG1-2020-3.9-i", "RG1-2020-1"},
        )
        assert LogEntry.objects.get_for_object(item).get().action == LogEntry.Action.CREATE

    @pytest.mark.parametrize(
        ("cells", "column", "words"),
        [
            ({"title": ""}, "title", "A new item needs a title"),
            ({"title": "x" * 501}, "title", "At most 500 characters"),
            ({"workplan": "RG9"}, "workplan", "“RG9” is not known as a workplan"),
            ({"priority_area": "9"}, "priority_area", "It has: 3 Localization"),
            ({"level": "part"}, "parent", "A part needs the item"),
            ({"level": "whole"}, "level", "Write one of: item, heading, part"),
            ({"parent": "RG1-2020-3.1"}, "parent", "An item can only stand under a heading"),
            ({"level": "part", "parent": "RG1-2020-H"}, "parent", "not to a heading"),
            ({"parent": "NOWHERE-1"}, "parent", "No item has this reference"),
            ({"ref": "RG1 2020"}, "ref", "letters, digits"),
            ({"product_url": "somewhere"}, "product_url", "Write a whole address"),
            ({"continues": "RG0-1"}, "continues", "not known"),
            ({"title": "Hold a meeting"}, "title", "It is there already as RG1-2020-3.2"),
            ({"timeframe": "03/04/2021"}, "timeframe", "3 April 2021"),
        ],
    )
    def test_a_row_that_cannot_be_one_says_why(self, plan, staff_client, cells, column, words):
        row = {"title": "New", "workplan": "RG1 workplan", "priority_area": "3", **cells}
        judgement = look(staff_client, Deliverable, csv_file(row))
        kind, problems = told(judgement)[2]
        assert kind == "invalid"
        assert words in problems[column]
        assert not judgement.may_be_written

    def test_one_bad_row_and_nothing_is_written(self, plan, staff_client):
        row = {"title": "New", "workplan": "RG1 workplan", "priority_area": "3"}
        bad = {**row, "ref": "RG1-2020-3.1", "priority_area": "77"}
        judgement = look(staff_client, Deliverable, csv_file(row, bad))
        assert [kind for kind, _words in told(judgement).values()] == ["new", "invalid"]
        waiting = SpreadsheetImport.objects.waiting().get()
        response = staff_client.post(address(Deliverable, "import_review", waiting.pk))
        assert response.status_code == 200
        assert Deliverable.objects.count() == 4
        assert SpreadsheetImport.objects.done().count() == 0

    @pytest.mark.parametrize("column", ["title", "level", "workplan", "priority_area"])
    def test_what_an_item_needs_may_not_be_emptied(self, plan, staff_client, column):
        row = {"ref": "RG1-2020-H", column: ""}
        kind, problems = told(look(staff_client, Deliverable, csv_file(row)))[2]
        assert (kind, problems) == ("invalid", {column: "This may not be empty."})

    def test_a_reference_twice_or_that_a_deleted_item_had_is_refused(self, plan, staff_client):
        make_deliverable(ref="RG1-2020-7", priority_area=make_area(workplan=plan)).delete()
        row = {"workplan": "RG1 workplan", "priority_area": "3"}
        content = csv_file(
            {"ref": "RG1-2020-7", "title": "A", **row},
            {"ref": "RG1-2020-8", "title": "B", **row},
            {"ref": "RG1-2020-8", "title": "C", **row},
        )
        judgement = told(look(staff_client, Deliverable, content))
        assert "references are not given twice" in judgement[2][1]["ref"]
        assert judgement[3][0] == "new"
        assert "Row 3 has it too" in judgement[4][1]["ref"]

    @pytest.mark.parametrize("column", ["ref", "title", "continues", "priority_area", "parent"])
    @pytest.mark.parametrize("formula", ["=A1", "#REF!"])
    def test_a_formula_is_refused_wherever_it_stands(self, plan, staff_client, column, formula):
        row = {"ref": "A-1", "title": "T", "workplan": "RG1 workplan", "priority_area": "3"}
        judgement = look(staff_client, Deliverable, excel_file({**row, column: formula}), "f.xlsx")
        kind, problems = told(judgement)[2]
        assert kind == "invalid"
        assert "Put " in problems[column]

    def test_a_parent_is_known_by_a_reference_alone(self, plan, staff_client):
        row = {"ref": "", "workplan": "RG1 workplan", "priority_area": "3"}
        content = csv_file(
            {**row, "title": "P", "level": "heading"},
            {**row, "title": "C", "level": "item", "parent": "row 2"},
        )
        judgement = told(look(staff_client, Deliverable, content))
        assert "No item has this reference" in judgement[3][1]["parent"]

    def test_a_title_twice_is_refused(self, plan, staff_client):
        row = {"workplan": "RG1 workplan", "priority_area": "3", "title": "The same"}
        heading = {**row, "ref": "H-1", "level": "heading"}
        below = {**row, "level": "item", "parent": "H-1"}
        content = csv_file(row, {**row, "ref": "A-2"}, {**row, "title": "Another"}, heading, below)
        judgement = told(look(staff_client, Deliverable, content))
        kinds = [kind for kind, _words in judgement.values()]
        assert kinds == ["new", "invalid", "new", "new", "new"]
        assert "Row 2 has it too" in judgement[3][1]["title"]

    def test_an_address_may_be_a_formula(self, plan, staff_client):
        row = {"title": "T", "workplan": "RG1 workplan", "priority_area": "3"}
        content = excel_file({**row, "url": '=HYPERLINK("https://example.org","open")'})
        assert told(look(staff_client, Deliverable, content, "f.xlsx"))[2][0] == "new"

    def test_what_a_file_names_as_parents_is_locked_too(self, plan):
        part = {"level": "part", "parent": "RG1-2020-3.2", "title": "New part"}
        row = {"workplan": "RG1 workplan", "priority_area": "3", **part}
        resource = DeliverableResource(make_staff())
        table = read_table(csv_file(row), resource.known_columns)
        locked = []
        resource.lock = locked.extend
        resource.judge(table, lock=True)
        assert locked == ["RG1-2020-3.2"]

    def test_items_that_belong_to_each_other_are_refused(self, plan, staff_client):
        row = {"workplan": "RG1 workplan", "priority_area": "3", "level": "part"}
        content = csv_file(
            {"ref": "A-1", "title": "A", "parent": "A-2", **row},
            {"ref": "A-2", "title": "B", "parent": "A-1", **row},
        )
        kinds = [kind for kind, _words in told(look(staff_client, Deliverable, content)).values()]
        assert kinds == ["invalid", "invalid"]


class TestActionPoints:
    def test_our_own_file_says_nothing_new_and_changes_what_was_edited(self, staff_client):
        meeting = make_meeting(slug="opag-1", title="OPAG meeting", held_on=date(2020, 7, 9))
        item = make_action_point(meeting=meeting, theme="Data", ref="OPAG-1")
        make_party(item, entity=make_entity(acronym="OCHA"))
        make_update(item, status="pending", narrative="Waiting.")
        follow_up = make_action_point(recommendation=make_recommendation(ref="R-1"), ref="F-1")
        item.combine_with.add(follow_up)
        for ending, edit in (("csv", edited_csv), ("xlsx", edited_excel)):
            content = content_of(staff_client.get(f"/action-points.{ending}?level=all"))
            judgement = look(staff_client, ActionPoint, content)
            assert len(judgement.same) == 2
            assert not judgement.not_taken
            new = edit(content, {"OPAG-1": {"theme": ending, "new_narrative": f"Now {ending}."}})
            (verdict,) = look(staff_client, ActionPoint, new).changed
            assert [change.column for change in verdict.changes] == ["theme", "new_narrative"]
            bring_in(staff_client, ActionPoint, new)
            item.refresh_from_db()
            assert (item.theme, item.cached_narrative) == (ending, f"Now {ending}.")

    def test_new_ones_come_from_a_meeting_or_a_recommendation(self, staff_client):
        for held_on in (date(2020, 7, 9), date(2020, 9, 25)):
            make_meeting(slug=f"opag-{held_on}", title="OPAG meeting", held_on=held_on)
        make_recommendation(ref="R-1")
        rows = [
            {"title": "A", "meeting": "OPAG meeting", "meeting_date": "25 September 2020"},
            {"title": "B", "meeting": "opag-2020-07-09"},
            {"title": "C", "recommendation": "R-1"},
            {"title": "D"},
        ]
        bring_in(staff_client, ActionPoint, csv_file(*rows))
        found = dict(ActionPoint.objects.values_list("title", "ref"))
        assert found == {
            "A": "OPAG-2020-09-25-1", "B": "OPAG-2020-07-09-1", "C": "R-1-1", "D": "AP-1",
        }  # fmt: skip
        assert ActionPoint.objects.get(title="A").introduced_on == date(2020, 9, 25)
        unclear = csv_file({"title": "E", "meeting": "OPAG meeting"})
        problems = told(look(staff_client, ActionPoint, unclear))[2][1]
        assert "Several records are called" in problems["meeting"]
        both = csv_file({"title": "E", "meeting": "opag-2020-07-09", "recommendation": "R-1"})
        problems = told(look(staff_client, ActionPoint, both))[2][1]
        assert "not both" in problems["recommendation"]
