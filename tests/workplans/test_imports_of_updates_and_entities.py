"""Updates and entities from spreadsheets."""

from datetime import date, timedelta

import pytest

from actionpoints.models import ActionPoint, ActionPointUpdate
from tests.factories import (
    make_action_point,
    make_deliverable,
    make_entity,
    make_source,
    make_update,
)
from tests.imports import (
    address,
    bring_in,
    content_of,
    csv_file,
    edited_csv,
    edited_excel,
    excel_file,
    look,
    told,
)
from workplans import days
from workplans.importing.cells import first_day_of_month
from workplans.models import DeliverableUpdate, Entity, EntityAlias

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_ledger")]


class TestUpdates:
    @pytest.fixture
    def item(self):
        item = make_deliverable(ref="A-1")
        source = make_source(title="Report of May", dated=date(2021, 5, 31))
        first = make_update(
            item, status="ongoing", narrative="=Begun", source=source, effective_on=date(2021, 5, 1)
        )
        make_update(item, narrative="Corrected.", replaces=first, source=source)
        make_update(item, timeframe="mid-2022", effective_words="at the meeting")
        return item

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    def test_the_file_of_histories_says_nothing_new(self, item, client, staff_client, ending):
        for someone in (client, staff_client):
            content = content_of(someone.get(f"/deliverables/history.{ending}"))
            judgement = look(staff_client, DeliverableUpdate, content)
            assert len(judgement.same) == len(judgement.rows) == 3
            assert not judgement.not_taken

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    def test_a_row_without_number_is_told_and_one_with_it_is_not_changed(
        self, item, staff_client, ending
    ):
        content = content_of(staff_client.get(f"/deliverables/history.{ending}"))
        edit = {"csv": edited_csv, "xlsx": edited_excel}[ending]
        last = {"number": "", "narrative": "Told anew.", "timeframe": "", "reported_on": ""}
        edits = {1 if ending == "xlsx" else "1": {"narrative": "Rewritten"}}
        judgement = look(staff_client, DeliverableUpdate, edit(content, edits, key="number"))
        (verdict,) = judgement.invalid
        assert "is not changed by a file" in verdict.problems[0].sentence
        edits = {3 if ending == "xlsx" else "3": last}
        done = bring_in(staff_client, DeliverableUpdate, edit(content, edits, key="number"))
        row = item.updates.latest("sequence")
        assert (row.sequence, row.narrative, row.source) == (4, "Told anew.", done.source)
        assert (done.new, done.same, done.refs) == (1, 2, ["A-1"])

    def test_a_month_that_a_spreadsheet_took_for_its_first_day_is_nothing_new(self, staff_client):
        item = make_deliverable(ref="A-1")
        make_update(item, narrative="Begun.", effective_words="January 2021")
        row = {"ref": "A-1", "number": 1, "narrative": "Begun."}
        for day, kind in ((date(2021, 1, 1), "same"), (date(2021, 1, 2), "invalid")):
            content = excel_file({**row, "effective_words": day})
            judgement = look(staff_client, DeliverableUpdate, content, "f.xlsx")
            assert told(judgement)[2][0] == kind
        for words in ("15 January 2021", "mid-January 2021", "Q1 2021", "2021", "soon"):
            assert first_day_of_month(words) is None

    def test_many_rows_are_told_in_their_order_each_from_its_source(self, staff_client):
        one, two = make_action_point(ref="B-1"), make_action_point(ref="B-2")
        source = make_source(title="Record of July", dated=date(2021, 7, 1))
        rows = [
            {"ref": "B-1", "status": "Pending", "effective_on": "1 June 2021", "source": "x"},
            {"ref": "B-1", "status": "In progress", "narrative": "Now.", "locator": "Row 5"},
            {"ref": "B-2", "narrative": "Told.", "source": "record of july", "locator": "p. 2"},
            {"ref": "B-2", "timeframe": "by end 2021", "effective_on": "Q2 2021"},
            {"ref": "B-3", "status": "pending"},
        ]
        judgement = look(staff_client, ActionPointUpdate, csv_file(*rows))
        assert [kind for kind, _words in told(judgement).values()] == [
            "invalid", "new", "new", "new", "invalid",
        ]  # fmt: skip
        assert "not known as a source document" in told(judgement)[2][1]["source"]
        assert told(judgement)[6][1] == {"ref": "No item has this reference."}
        del rows[4], rows[0]["source"]
        done = bring_in(staff_client, ActionPointUpdate, csv_file(*rows), "July.csv")
        history = [
            (row.status, row.locator, row.source) for row in one.updates.order_by("sequence")
        ]
        assert history == [("pending", "row 2", done.source), ("in_progress", "Row 5", done.source)]
        told_of_two = two.updates.order_by("sequence")
        assert [(row.source, row.locator) for row in told_of_two] == [
            (source, "p. 2"), (done.source, "row 5"),
        ]  # fmt: skip
        assert told_of_two[0].reported_on == date(2021, 7, 1)
        assert (told_of_two[1].effective_on, told_of_two[1].effective_words) == (
            date(2021, 6, 30), "Q2 2021",
        )  # fmt: skip
        assert ActionPoint.objects.get(ref="B-1").cached_status == "in_progress"

    def test_one_row_that_the_ledger_refuses_and_nothing_is_told(self, item, staff_client):
        ahead = (days.site_today() + timedelta(days=9)).isoformat()
        content = csv_file(
            {"ref": "A-1", "status": "completed"},
            {"ref": "A-1", "narrative": "Fine."},
            {"ref": "A-1", "narrative": "Ahead.", "effective_on": ahead},
            {"ref": "A-1", "number": "9", "narrative": "x"},
        )
        judgement = told(look(staff_client, DeliverableUpdate, content))
        assert "how it was closed" in judgement[2][1]["narrative"]
        assert judgement[3][0] == "new"
        assert "lies ahead" in judgement[4][1]["effective_on"]
        assert "no such update" in judgement[5][1]["number"]
        assert item.updates.count() == 3


class TestEntities:
    @pytest.fixture
    def entities(self):
        body = make_entity(slug="opag", acronym="OPAG", name="Policy Group", kind="body")
        group = make_entity(slug="rg1", acronym="RG1", kind="results_group", parent=body)
        EntityAlias.objects.create(entity=group, alias="Results Group 1")
        EntityAlias.objects.create(entity=group, alias="RG 1 on response")
        return body, group

    def export(self, client, ending):
        return content_of(client.get(address(Entity, "export_file", ending)))

    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    def test_our_own_file_says_nothing_new_and_changes_what_was_edited(
        self, entities, staff_client, ending
    ):
        content = self.export(staff_client, ending)
        judgement = look(staff_client, Entity, content)
        assert len(judgement.same) == len(judgement.rows) == 2
        edit = {"csv": edited_csv, "xlsx": edited_excel}[ending]
        edits = {"rg1": {"name": "@Response", "aliases": "Results Group 1; GR 1"}}
        judgement = look(staff_client, Entity, edit(content, edits, key="slug"))
        assert {kind for kind, _changes in told(judgement).values()} == {"same", "changed"}
        bring_in(staff_client, Entity, edit(content, edits, key="slug"))
        group = Entity.objects.get(slug="rg1")
        assert (group.name, group.version) == ("@Response", 2)
        assert {alias.alias for alias in group.aliases.all()} == {"Results Group 1", "GR 1"}

    @pytest.mark.parametrize("size", [3, 60])
    def test_cost_the_same_for_few_and_many_rows(
        self, staff_client, django_assert_max_num_queries, size
    ):
        there = [make_entity(slug=f"there-{number}") for number in range(size)]
        rows = [
            {"slug": one.slug, "name": f"{one.name} renamed", "kind": one.kind} for one in there
        ]
        rows += [
            {"name": f"New {number}", "kind": "agency", "aliases": f"N {number}"}
            for number in range(size)
        ]
        with django_assert_max_num_queries(80):
            bring_in(staff_client, Entity, csv_file(*rows))
        assert Entity.objects.count() == 2 * size
        assert EntityAlias.objects.count() == size

    def test_new_ones_may_be_part_of_each_other(self, entities, staff_client):
        rows = [
            {"name": "Sub-group", "acronym": "SG", "kind": "sub-group", "parent": "New Group"},
            {"name": "New Group", "kind": "results group", "parent": "OPAG", "aliases": "NG; N.G"},
            {"name": "Élan & Co", "kind": "NGO"},
        ]
        done = bring_in(staff_client, Entity, csv_file(*rows))
        assert (done.new, done.refs, done.source) == (3, ["elan-co", "new-group", "sg"], None)
        group = Entity.objects.get(slug="new-group")
        assert Entity.objects.get(slug="sg").parent == group
        assert (group.parent.slug, group.kind) == ("opag", "results_group")
        assert [alias.alias for alias in group.aliases.all()] == ["N.G"]

    @pytest.mark.parametrize(
        ("cells", "column", "words"),
        [
            ({"kind": ""}, "kind", "of which kind"),
            ({"kind": "firm"}, "kind", "Write one of: agency"),
            ({"name": ""}, "name", "needs a name"),
            ({"name": "policy GROUP"}, "name", "OPAG) has this name already"),
            ({"acronym": "rg-1"}, "name", "has this name already"),
            ({"slug": "no blanks"}, "slug", "letters, numbers"),
            ({"parent": "OPAC"}, "parent", "Nearest: OPAG"),
            ({"parent": "new"}, "parent", "cannot be part of itself"),
            ({"aliases": "results group 1"}, "aliases", "already finds RG1"),
            ({"aliases": "–"}, "aliases", "at least one letter"),
            ({"aliases": "O.P.A.G."}, "aliases", "already finds OPAG"),
        ],
    )
    def test_a_row_that_cannot_be_one_says_why(self, entities, staff_client, cells, column, words):
        row = {"name": "New", "kind": "ngo", "slug": "new", **cells}
        kind, problems = told(look(staff_client, Entity, csv_file(row)))[2]
        assert kind == "invalid"
        assert words in problems[column]

    def test_a_name_that_two_rows_have_is_refused(self, entities, staff_client):
        rows = [
            {"name": "Oxford Group", "acronym": "OG", "kind": "ngo"},
            {"name": "Other Group", "acronym": "OG", "kind": "ngo"},
            {"name": "oxford-group", "kind": "ngo"},
        ]
        judgement = told(look(staff_client, Entity, csv_file(*rows)))
        assert [kind for kind, _words in judgement.values()] == ["new", "new", "invalid"]
        assert "Row 2 has this name too" in judgement[4][1]["name"]

    def test_a_long_chain_of_new_ones_is_made(self, staff_client):
        rows = [
            {"slug": f"e-{n}", "name": f"Entity {n}", "kind": "ngo", "parent": f"e-{n - 1}"}
            for n in range(1500)
        ]
        rows[0]["parent"] = ""
        assert bring_in(staff_client, Entity, csv_file(*reversed(rows))).new == 1500
        assert Entity.objects.get(slug="e-1499").parent.slug == "e-1498"

    def test_circles_are_refused(self, entities, staff_client):
        row = {"slug": "opag", "name": "Policy Group", "acronym": "OPAG", "kind": "body"}
        judgement = look(staff_client, Entity, csv_file({**row, "parent": "rg1"}))
        assert "part of itself" in told(judgement)[2][1]["parent"]
        rows = [
            {"slug": "a", "name": "A one", "kind": "ngo", "parent": "b"},
            {"slug": "b", "name": "B two", "kind": "ngo", "parent": "a"},
        ]
        kinds = {
            kind for kind, _words in told(look(staff_client, Entity, csv_file(*rows))).values()
        }
        assert kinds == {"invalid"}
