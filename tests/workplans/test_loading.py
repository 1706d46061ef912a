"""`loaddata`: the door's rules hold, and nothing that exists is overwritten."""

import json
from datetime import date
from io import StringIO

import pytest
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import connection

from actionpoints.models import ActionPoint, Mandate
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_recommendation,
    make_source,
    make_update,
)
from workplans import triggers
from workplans.models import Deliverable, DeliverableUpdate, Entity, EntityAlias, Level
from workplans.verification import item_digests, problems, total_digest

pytestmark = pytest.mark.django_db


@pytest.fixture
def load(tmp_path):
    def write_and_load(*objects):
        path = tmp_path / "document.json"
        path.write_text(json.dumps(list(objects)))
        call_command("loaddata", path, verbosity=0)

    return write_and_load


def deliverable(area, **fields):
    given = {"ref": "D-1", "title": "Loaded", "priority_area": [area.slug]}
    given |= {"introduced_on": "2020-01-01"}
    return {"model": "workplans.deliverable", "fields": given | fields}


def update(**fields):
    given = {"item": ["D-1"], "effective_on": "2021-06-30"}
    return {"model": "workplans.deliverableupdate", "fields": given | fields}


def test_rows_are_numbered_dated_digested_and_cached(load):
    area, source = make_area(), make_source(slug="report", dated=date(2021, 6, 30))
    load(
        deliverable(area, initial_timeframe="end 2020", initial_latest="2020-12-31"),
        update(status="ongoing", narrative="Begun.", effective_on="2019-12-05", source=["report"]),
        update(timeframe="Q2 2021", source=["report"], locator="row 1"),
    )
    item = Deliverable.objects.get(ref="D-1")
    first, second = item.updates.order_by("sequence")
    assert (first.sequence, first.slot, second.sequence) == (1, 1, 2)
    assert first.reported_on == date(2021, 6, 30)
    assert first.source == source
    assert (item.cached_status, item.cached_due) == ("ongoing", date(2021, 6, 30))
    # It existed when the first of its rows was true.
    assert item.introduced_on == date(2019, 12, 5)
    assert list(problems()) == []


def test_an_item_alone_has_its_time_frame_cached(load):
    load(deliverable(make_area(), initial_timeframe="2020", initial_latest="2020-12-31"))
    assert list(problems()) == []
    assert Deliverable.objects.get().cached_due == date(2020, 12, 31)


def test_the_caches_of_all_items_are_right_wherever_their_rows_stand_in_the_file(load):
    area = make_area()
    load(
        deliverable(area),
        deliverable(area, ref="D-2", level=Level.PART, parent=["D-1"]),
        update(status="ongoing"),
        update(item=["D-2"], status="not_started", effective_on="2019-03-01"),
        update(status="continuous", effective_on="2021-07-01"),
    )
    assert list(problems()) == []
    first, part = Deliverable.objects.order_by("ref")
    assert (first.cached_status, part.cached_status) == ("continuous", "not_started")
    # An item existed as soon as its part did.
    assert first.introduced_on == part.introduced_on == date(2019, 3, 1)


def test_a_row_saved_raw_outside_of_a_load_brings_the_cache_up_at_once():
    item = make_deliverable(ref="D-1")
    for row in serializers.deserialize("python", [update(status="ongoing")]):
        row.save()
    item.refresh_from_db()
    assert item.cached_status == "ongoing"


def test_days_of_a_time_frame_are_kept_as_the_file_gives_them(load):
    load(
        deliverable(make_area()),
        update(timeframe="by mid-August", timeframe_latest="2020-08-20"),
    )
    assert DeliverableUpdate.objects.get().timeframe_latest == date(2020, 8, 20)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (update(status="completed"), "Say in a sentence how it was closed."),
        (update(status="pending"), "“pending” is not one of"),
        (update(), "Give a status, a narrative"),
        (update(narrative="x", effective_on="2999-01-01"), "lies ahead"),
        (update(narrative="x", sequence=7), "numbered 7, but the next number is 1"),
        (update(timeframe="03/04/2021"), "03/04/2021"),
    ],
)
def test_a_row_that_the_door_refuses_is_refused_by_name(load, row, words):
    area = make_area()
    with pytest.raises(CommandError, match="D-1") as caught:
        load(deliverable(area), row)
    assert words in str(caught.value)
    assert not Deliverable.objects.exists()


def test_a_row_for_a_heading_is_refused(load):
    with pytest.raises(CommandError, match="heading"):
        load(deliverable(make_area(), level=Level.HEADING), update(narrative="x"))


def test_what_exists_is_refused_by_name_and_not_overwritten(load):
    area = make_area()
    make_deliverable(ref="D-1", title="Entered by hand")
    entity = {"model": "workplans.entity", "fields": {"slug": "new", "name": "N", "kind": "ngo"}}
    with pytest.raises(CommandError, match="deliverable “D-1 Loaded” exists already"):
        load(entity, deliverable(area))
    assert Deliverable.objects.get().title == "Entered by hand"
    assert not Entity.objects.filter(slug="new").exists()


def test_an_alias_that_exists_is_refused_by_name(load):
    EntityAlias.objects.create(entity=make_entity(slug="hab"), alias="UN Habitat")
    alias = {"entity": ["hab"], "alias": "UN-HABITAT"}
    with pytest.raises(CommandError, match="exists already"):
        load({"model": "workplans.entityalias", "fields": alias})


def test_documents_of_the_past_load_whatever_day_the_site_is_pinned_to(load, settings):
    settings.TRACKER_AS_OF = date(2020, 1, 1)
    load(deliverable(make_area()), update(narrative="Told in 2021."))
    assert DeliverableUpdate.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_dump_loads_into_an_empty_database_with_the_same_digests(tmp_path, staff_user, settings):
    item = make_deliverable(initial_timeframe="end 2020", initial_latest=date(2020, 12, 31))
    wrong = make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
    make_update(item, timeframe="Q2 2021", source=make_source(), recorded_by=staff_user)
    make_update(item, status="not_started", effective_on=date(2021, 2, 1), replaces=wrong)
    personal = make_update(item, narrative="Jo left.")
    settings.TRACKER_AS_OF = date(2021, 3, 3)
    make_update(item, narrative="Told by nobody's document.", effective_on=date(2021, 3, 1))
    settings.TRACKER_AS_OF = None
    DeliverableUpdate.objects.filter(pk=personal.pk).update(narrative="[removed]")
    Deliverable.objects.update(cached_narrative="[removed]")
    point = make_action_point(recommendation=make_recommendation())
    make_update(point, status="pending")
    point.combine_with.add(make_action_point())
    Mandate.objects.create(deliverable=item, by_action_point=point)
    EntityAlias.objects.create(entity=make_entity(), alias="A. B.")
    before = total_digest(item_digests())
    assert list(problems()) == []

    path = tmp_path / "dump.json"
    out = StringIO()
    call_command(
        "dumpdata", "auth.user", "workplans", "actionpoints",
        use_natural_foreign_keys=True, use_natural_primary_keys=True, stdout=out,
    )  # fmt: skip
    path.write_text(out.getvalue())
    triggers.drop_triggers(connection)
    call_command("flush", interactive=False, verbosity=0)
    triggers.install_triggers(connection)
    assert not ActionPoint.objects.exists()

    call_command("loaddata", path, verbosity=0)

    assert total_digest(item_digests()) == before
    assert list(problems()) == []
    assert DeliverableUpdate.objects.get(sequence=2).recorded_by.username == "staff"
    assert Mandate.objects.get().by_action_point.ref == point.ref
