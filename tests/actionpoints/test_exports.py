"""The file of action points."""

from datetime import date

import pytest

from actionpoints.models import Mandate
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_source,
    make_update,
    make_workplan,
)
from tests.public_pages import read_csv

pytestmark = pytest.mark.django_db

COLUMNS = (
    "ref body meeting meeting_date theme parent level title status status_label status_since "
    "wording leads supporting timeframe due timeliness last_reported_on narrative deliverables "
    "recommendation source url"
)


def test_has_the_columns_in_their_order_and_every_fact_of_the_day(client):
    opag = make_entity(acronym="OPAG")
    meeting = make_meeting(
        body=opag, title="OPAG, July 2020", slug="opag-2020-07-09", held_on=date(2020, 7, 9)
    )
    item = make_action_point(
        meeting=meeting, number="1", title="Speed it up", theme="Data", wording="provisional"
    )
    make_party(item, entity=make_entity(acronym="RG1"))
    make_party(item, entity=make_entity(acronym="RG2"), role="other_group", order=1)
    make_update(
        item,
        status="pending",
        source=make_source(title="Record of RG1", dated=date(2020, 7, 16)),
    )
    cites = make_deliverable(ref="CITES")
    Mandate.objects.create(deliverable=cites, by_action_point=item)
    Mandate.objects.create(deliverable=make_deliverable(ref="ALSO"), by_action_point=item)
    secret = make_deliverable(priority_area=make_area(workplan=make_workplan(published=False)))
    Mandate.objects.create(deliverable=secret, by_action_point=item)

    (row,) = read_csv(client.get("/action-points.csv?as_of=2021-06-30"))

    assert " ".join(row) == COLUMNS
    assert row == {
        "ref": "OPAG-2020-07-09-1",
        "body": "OPAG",
        "meeting": "OPAG, July 2020",
        "meeting_date": "2020-07-09",
        "theme": "Data",
        "parent": "",
        "level": "item",
        "title": "Speed it up",
        "status": "pending",
        "status_label": "Pending",
        "status_since": "2020-07-16",
        "wording": "provisional",
        "leads": "RG1",
        "supporting": "RG2 (other group)",
        "timeframe": "",
        "due": "",
        "timeliness": "no_date",
        "last_reported_on": "2020-07-16",
        "narrative": row["narrative"],
        "deliverables": "ALSO; CITES",
        "recommendation": "",
        "source": "Record of RG1",
        "url": "http://testserver/action-points/OPAG-2020-07-09-1/",
    }


def test_what_follows_up_a_recommendation_names_it_and_no_meeting(client):
    recommendation = make_recommendation(ref="WSR-13.7")
    make_action_point(recommendation=recommendation)
    (row,) = read_csv(client.get("/action-points.csv"))
    assert (row["recommendation"], row["body"], row["meeting"], row["meeting_date"]) == (
        "WSR-13.7",
        "",
        "",
        "",
    )


@pytest.mark.parametrize("size", [3, 30])
def test_costs_the_same_for_3_and_for_30_rows(client, django_assert_num_queries, size):
    for _number in range(size):
        item = make_action_point()
        make_party(item)
        make_update(item, source=make_source())
        Mandate.objects.create(deliverable=make_deliverable(), by_action_point=item)
    # Items; their meetings, bodies; their parties; deliverables; the sources of their last rows.
    with django_assert_num_queries(6):
        assert len(read_csv(client.get("/action-points.csv"))) == size


def test_refuses_what_is_not_understood(client):
    response = client.get("/action-points.csv?priority=high")
    assert response.status_code == 400
    assert "priority" in response.content.decode()
