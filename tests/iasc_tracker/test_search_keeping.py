"""The index of the search follows whatever is written, by whatever way."""

import json
from contextlib import suppress
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from iasc_tracker.models import SearchEntry
from iasc_tracker.search import index, keeping
from iasc_tracker.search.documents import KINDS
from iasc_tracker.search.engines import TABLE, engine_of
from tests.admin_pages import read_form
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_recommendation,
    make_update,
    make_workplan,
)
from tests.figures import DOCUMENTS
from tests.life import make_part, take
from workplans import triggers
from workplans.models import Deliverable, Entity, EntityAlias, Organization, ResultsGroup
from workplans.status import Entry, UpdatesRefused, record_updates, remove_narrative

pytestmark = pytest.mark.django_db


def assert_right():
    """The index says what the records say, and the database has indexed just that."""
    assert list(index.differences()) == []
    assert engine_of(connection).is_whole(connection)


def words_of(record, kind=""):
    """The entries of a record, by number: title and text."""
    kind = kind or next(one.name for one in KINDS.values() if isinstance(record, one.model))
    entries = SearchEntry.objects.filter(kind=kind, object_id=record.pk)
    return {entry.sequence: (entry.title, entry.text) for entry in entries}


ITEMS = pytest.mark.parametrize("make", [make_deliverable, make_action_point])


class TestDocuments:
    @pytest.fixture(autouse=True)
    def loaded(self, documents, db):
        """The documents in `fixtures/`."""

    def test_loading_them_indexes_them(self):
        assert SearchEntry.objects.filter(kind="entity").count() == Entity.objects.count() > 90
        kinds = set(SearchEntry.objects.values_list("kind", flat=True))
        assert kinds == set(KINDS)
        assert SearchEntry.objects.filter(sequence__gt=0).exists()
        assert_right()

    def test_rebuilding_gives_the_same(self):
        def content():
            columns = ("kind", "object_id", "sequence", "effective_on", "name", "title", "text")
            return sorted(SearchEntry.objects.values_list(*columns), key=str)

        before = content()
        SearchEntry.objects.filter(kind="entity").update(title="wrong")
        SearchEntry.objects.filter(kind="deliverable").delete()
        call_command("rebuild_search", stdout=StringIO())
        assert content() == before
        assert_right()


@ITEMS
class TestUpdates:
    def test_an_update_is_put_in_with_the_title_of_its_item(self, make):
        item = make(ref="X-1", number="1", title="Écrire un guide")
        make_update(item, narrative="À l’étude", timeframe="Q2 2021", effective_on=date(2021, 1, 1))
        title = "1 ecrire un guide x 1"
        assert words_of(item) == {0: (title, ""), 1: (title, "a l etude q2 2021")}
        entry = SearchEntry.objects.get(sequence=1)
        assert entry.effective_on == date(2021, 1, 1)
        assert_right()

    def test_one_without_words_is_not(self, make):
        item = make()
        make_update(item, narrative="", status=item.STATUSES[-2].code)
        assert list(words_of(item)) == [0]
        assert_right()

    def test_many_at_once(self, make):
        items = [make() for _ in range(3)]
        record_updates([Entry(item=one, narrative=f"{n} told") for one in items for n in range(3)])
        assert [len(words_of(one)) for one in items] == [4, 4, 4]
        assert_right()

    def test_a_correction_takes_the_place_of_what_it_corrects(self, make):
        item = make()
        first = make_update(item, narrative="Wrong")
        second = make_update(item, narrative="Right", replaces=first)
        assert list(words_of(item)) == [0, 2]
        make_update(item, narrative="Righter", replaces=second)
        assert list(words_of(item)) == [0, 3]
        assert_right()

    def test_what_is_taken_back_is_taken_out(self, make):
        item = make()
        make_update(item, narrative="", replaces=make_update(item, narrative="Wrong"))
        assert list(words_of(item)) == [0]
        assert_right()

    def test_refused_entries_leave_nothing(self, make):
        item = make()
        with pytest.raises(UpdatesRefused):
            record_updates([Entry(item=item, narrative="Good"), Entry(item=item, status="bad")])
        assert list(words_of(item)) == [0]
        assert_right()

    def test_a_removed_narrative_leaves_only_the_rest(self, make):
        item = make()
        row = make_update(item, narrative="Jane Doe fell ill", timeframe="Q2 2021")
        make_update(item, narrative="Other")
        remove_narrative(row, reason="It named somebody.")
        assert words_of(item)[1][1] == "q2 2021"
        assert not SearchEntry.objects.filter(text__contains="jane").exists()
        assert_right()

    def test_one_that_was_corrected_before_does_not_come_back(self, make):
        item = make()
        row = make_update(item, narrative="Jane Doe")
        make_update(item, narrative="Somebody", replaces=row)
        remove_narrative(row, reason="It named somebody.")
        assert list(words_of(item)) == [0, 2]
        assert_right()

    def test_the_index_is_undone_with_the_transaction(self, make):
        item = make()
        with suppress(RuntimeError), transaction.atomic():
            make_update(item, narrative="Not to stay")
            assert list(words_of(item)) == [0, 1]
            raise RuntimeError
        assert list(words_of(item)) == [0]
        assert_right()


class TestRecords:
    @ITEMS
    def test_a_new_title_is_that_of_the_updates_too(self, make):
        item, other = make(ref="X", number="", title="Old"), make(ref="Y", number="", title="Other")
        make_update(item)
        make_update(other)
        item.title = "New"
        item.save()
        assert {title for title, _text in words_of(item).values()} == {"new x"}
        assert {title for title, _text in words_of(other).values()} == {"other y"}
        assert_right()

    def test_a_title_saved_in_the_admin(self, staff_client):
        item = make_deliverable(title="Old")
        make_update(item)
        url = reverse("admin:workplans_deliverable_change", args=[item.pk])
        fields = read_form(staff_client.get(url)) | {"title": "Saved in the admin"}
        assert staff_client.post(url, fields).status_code == 302
        assert all("saved in the admin" in title for title, _text in words_of(item).values())
        assert_right()

    @pytest.mark.parametrize(("column", "asked"), [("withdrawn_on", False), ("comments", True)])
    def test_only_columns_with_words_cost_a_query(self, column, asked):
        item = make_deliverable()
        with CaptureQueriesContext(connection) as queries:
            item.save(update_fields=[column])
        assert any("searchentry" in query["sql"] for query in queries) is asked

    @pytest.mark.parametrize(
        ("make", "column"),
        [
            (make_workplan, "description"),
            (make_meeting, "note"),
            (make_recommendation, "response_words"),
            (make_entity, "description"),
            (make_deliverable, "indicators"),
            (make_action_point, "provisional_title"),
        ],
    )
    def test_every_kind_is_kept_up_and_taken_out(self, make, column):
        record = make()
        setattr(record, column, "Ça change")
        record.save()
        assert words_of(record)[0][1] == "ca change"
        assert_right()
        record.delete()
        assert_right()

    def test_entities_saved_as_a_group_or_an_organisation(self):
        group = ResultsGroup.objects.create(name="Group", slug="group")
        agency = Organization.objects.create(name="Agency", slug="agency", kind="agency")
        assert_right()
        group.name = "Renamed"
        group.save()
        assert words_of(group, "entity")[0][0] == "renamed"
        group.delete()
        agency.delete()
        assert not SearchEntry.objects.exists()

    def test_aliases_are_found_with_their_entity(self):
        entity = make_entity(name="Programme")
        alias = EntityAlias.objects.create(entity=entity, alias="UN-Habitat")
        assert words_of(entity)[0][1] == "un habitat"
        alias.delete()
        assert words_of(entity)[0][1] == ""
        assert_right()


class TestSteps:
    def test_merging_two_entities(self, staff_client):
        goes = make_entity(name="UN Habitat", acronym="UNH", slug="unh", description="Cities.")
        stays = make_entity(name="Settlements Programme", acronym="UN-Habitat", slug="un-habitat")
        EntityAlias.objects.create(entity=goes, alias="HABITAT agency")
        take(staff_client, "merge", goes, into=str(stays.pk))
        assert words_of(goes, "entity") == {}
        assert set(words_of(stays)[0][1].split()) >= {"unh", "habitat", "agency", "cities"}
        assert_right()

    def test_final_wording_discontinuing_superseding_and_deleting(self, staff_client):
        item, other = make_action_point(wording="provisional", title="Rough"), make_action_point()
        make_part(item)
        make_update(item)
        take(staff_client, "final-wording", item, final="Smooth")
        assert "smooth" in words_of(item)[0][0]
        assert words_of(item)[0][1] == "rough"
        take(staff_client, "discontinue", item, narrative="The mandate ended.")
        assert words_of(item)[2][1] == "the mandate ended"
        take(staff_client, "supersede", other, superseded_by=str(item.pk))
        assert_right()
        unneeded = make_deliverable()
        make_part(unneeded)
        take(staff_client, "delete", unneeded)
        assert words_of(unneeded, "deliverable") == {}
        assert_right()

    def test_carrying_over(self, staff_client):
        plan, target = make_workplan(slug="rg1-2020"), make_workplan(slug="rg1-2022")
        item = make_deliverable(priority_area=make_area(workplan=plan), number="1", title="Guide")
        make_part(item, number="a")
        make_update(item, status="ongoing")
        take(staff_client, "carry-over", plan, target=str(target.pk))
        made = Deliverable.objects.get(ref="RG1-2022-1")
        assert words_of(made) == {0: ("1 guide rg1 2022 1", "")}
        assert_right()


class TestLoading:
    def test_rows_that_correct_each_other_in_one_file(self, tmp_path):
        item = make_deliverable(ref="X-1")
        rows = [
            {
                "model": "workplans.deliverableupdate",
                "fields": {
                    "item": ["X-1"],
                    "narrative": narrative,
                    "effective_on": "2021-01-01",
                    "replaces": replaces,
                },
            }
            for narrative, replaces in (("Wrong", None), ("Right", ["X-1", 1]))
        ]
        path = tmp_path / "rows.json"
        path.write_text(json.dumps(rows))
        call_command("loaddata", path, verbosity=0)
        assert {number: text for number, (_title, text) in words_of(item).items()} == {
            0: "",
            2: "right",
        }
        assert_right()

    def test_a_load_that_fails_leaves_nothing(self, tmp_path):
        make_entity(slug="there", name="There")
        records = [
            {"model": "workplans.entity", "fields": {"slug": slug, "name": slug, "kind": "body"}}
            for slug in ("new", "there")
        ]
        path = tmp_path / "entities.json"
        path.write_text(json.dumps(records))
        with pytest.raises(CommandError):
            call_command("loaddata", path, verbosity=0)
        assert SearchEntry.objects.count() == 1
        assert_right()


class TestCommand:
    def test_a_right_index_is_said_to_be_right(self):
        make_update(make_deliverable())
        out = StringIO()
        call_command("rebuild_search", check=True, stdout=out)
        assert "just what the records say" in out.getvalue()

    def test_what_is_wrong_is_named_and_nothing_changed(self):
        wrong, missing, gone = make_deliverable(), make_deliverable(), make_entity()
        make_update(wrong)
        entries = SearchEntry.objects.filter(kind="deliverable")
        entries.filter(object_id=wrong.pk, sequence=1).update(text="altered")
        entries.filter(object_id=missing.pk).delete()
        gone_pk = gone.pk
        Entity.objects.filter(pk=gone.pk)._raw_delete("default")
        SearchEntry.objects.create(kind="ghost", object_id=1, title="x")
        before = list(SearchEntry.objects.order_by("pk").values())
        err = StringIO()
        with pytest.raises(CommandError, match="4 things are wrong"):
            call_command("rebuild_search", check=True, stderr=err)
        assert err.getvalue().split("\n")[:-1] == [
            f"deliverable {wrong.pk} #1",
            f"deliverable {missing.pk}",
            f"entity {gone_pk}",
            "ghost 1 #0",
        ]
        assert list(SearchEntry.objects.order_by("pk").values()) == before
        call_command("rebuild_search", stdout=StringIO())
        assert_right()

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its column itself")
    def test_a_missing_trigger_is_noticed_and_mended(self):
        item = make_deliverable(title="Before")
        engine = engine_of(connection)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {engine.INDEX}_update")
        item.title = "After"
        item.save()
        assert list(index.differences()) == []
        with pytest.raises(CommandError, match="1 thing is wrong"):
            call_command("rebuild_search", check=True, stderr=StringIO())
        engine.install(connection)
        assert_right()

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its column itself")
    def test_words_that_only_the_database_lacks_are_noticed(self):
        make_deliverable()
        engine = engine_of(connection)
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {engine.INDEX} ({engine.INDEX}) VALUES ('delete-all')")
        assert not engine.is_whole(connection)
        call_command("rebuild_search", stdout=StringIO())
        assert_right()

    @pytest.mark.postgres
    def test_the_column_of_an_earlier_version_is_replaced(self):
        engine = engine_of(connection)
        make_deliverable(title="Zebra")
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {TABLE} DROP COLUMN {engine.COLUMN}")
            cursor.execute(f"ALTER TABLE {TABLE} ADD COLUMN words tsvector")
            assert not engine.is_whole(connection)
            engine.install(connection)
            columns = connection.introspection.get_table_description(cursor, TABLE)
        assert "words" not in {column.name for column in columns}
        assert_right()


class TestMigrating:
    @pytest.fixture
    def sender(self):
        from django.apps import apps

        return apps.get_app_config("iasc_tracker")

    def test_fills_an_empty_index_of_a_database_with_records(self, sender):
        make_update(make_deliverable())
        SearchEntry.objects.all().delete()
        keeping.after_migrate(sender, using="default")
        assert SearchEntry.objects.filter(sequence=1).count() == 1
        assert_right()

    def test_leaves_one_that_has_entries(self, sender):
        make_deliverable()
        SearchEntry.objects.update(title="as it was")
        keeping.after_migrate(sender, using="default")
        assert set(SearchEntry.objects.values_list("title", flat=True)) == {"as it was"}

    def test_waits_until_all_migrations_are_applied(self, sender, monkeypatch):
        make_deliverable()
        SearchEntry.objects.all().delete()
        known = frozenset({("workplans", "9999_not_yet")})
        monkeypatch.setattr("iasc_tracker.views.known_migrations", lambda: known)
        keeping.after_migrate(sender, using="default")
        assert not SearchEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_emptying_the_database_empties_the_index():
    call_command("loaddata", DOCUMENTS[0], verbosity=0)
    assert SearchEntry.objects.exists()
    triggers.drop_triggers(connection)
    call_command("flush", interactive=False, verbosity=0)
    triggers.install_triggers(connection)
    assert not SearchEntry.objects.exists()
    assert_right()
