"""The files of results groups and of workplans; `test_downloads` holds them against the pages."""

from datetime import date

import pytest

from tests.factories import (
    make_area,
    make_deliverable,
    make_entity,
    make_source,
    make_update,
    make_workplan,
)
from tests.public_pages import read_csv
from tests.spreadsheets import read_workbook
from workplans.models import Membership

pytestmark = pytest.mark.django_db

GROUP_COLUMNS = (
    "slug name acronym co_chairs co_leads deliverables open overdue completed continuous ongoing "
    "not_started discontinued not_reported archived_deliverables url"
)
WORKPLAN_COLUMNS = (
    "slug title owner starts_on ends_on archived deliverables open overdue completed continuous "
    "ongoing not_started discontinued not_reported url"
)
DAY = {"as_of": "2021-06-30"}
# Of five deliverables: one of each of four statuses, and one that was never reported and is late.
FIGURES = {
    "deliverables": "5",
    "open": "3",
    "overdue": "1",
    "completed": "1",
    "continuous": "1",
    "ongoing": "1",
    "not_started": "0",
    "discontinued": "1",
    "not_reported": "1",
}


@pytest.fixture
def group():
    return make_entity(kind="results_group", name="=Results Group 9", acronym="RG9", slug="rg9")


@pytest.fixture
def area(group):
    """A priority area of the group's plan, with the deliverables of `FIGURES`."""
    plan = make_workplan(slug="rg9-2020", title="Plan of RG9", owner=group)
    area = make_area(workplan=plan)
    for status in ("completed", "continuous", "ongoing", "discontinued"):
        item = make_deliverable(priority_area=area)
        make_update(item, status=status, effective_on=date(2021, 1, 1))
    make_deliverable(
        priority_area=area, initial_timeframe="in 2020", initial_latest=date(2020, 12, 31)
    )
    make_deliverable(priority_area=area, level="heading")
    return area


def test_groups_have_their_columns_in_order_and_every_fact_of_the_day(client, group, area):
    for acronym, role, since in (
        ("WHO", "co_chair", None),
        ("OCHA", "co_chair", None),
        ("ICVA", "co_lead", None),
        ("UNHCR", "member", None),
        ("LATER", "co_chair", date(2021, 7, 1)),
    ):
        member = make_entity(acronym=acronym)
        Membership.objects.create(group=group, member=member, role=role, since=since)
    kept = make_area(workplan=make_workplan(owner=group, archived_on=date(2021, 1, 1)))
    make_deliverable(priority_area=kept)
    make_deliverable(priority_area=kept)

    answer = client.get("/groups.csv", DAY)
    (row,) = read_csv(answer)

    assert " ".join(row) == GROUP_COLUMNS
    assert row == {
        "slug": "rg9",
        "name": "'=Results Group 9",
        "acronym": "RG9",
        "co_chairs": "OCHA; WHO",
        "co_leads": "ICVA",
        **FIGURES,
        "archived_deliverables": "2",
        "url": "http://testserver/groups/rg9/",
    }
    assert answer["Content-Disposition"] == 'attachment; filename="groups_as-of-2021-06-30.csv"'
    (row,) = read_csv(client.get("/groups.csv", {"as_of": "2020-12-31"}))
    figures = ("deliverables", "overdue", "completed", "archived_deliverables", "not_reported")
    assert [row[name] for name in figures] == ["7", "0", "0", "0", "7"]


def test_workplans_have_their_columns_in_order_and_every_fact_of_the_day(client, area):
    answer = client.get("/workplans.csv", DAY)
    (row,) = read_csv(answer)
    assert " ".join(row) == WORKPLAN_COLUMNS
    assert row == {
        "slug": "rg9-2020",
        "title": "Plan of RG9",
        "owner": "RG9",
        "starts_on": "2020-01-01",
        "ends_on": "2021-12-31",
        "archived": "no",
        **FIGURES,
        "url": "http://testserver/workplans/rg9-2020/",
    }
    assert answer["Content-Disposition"] == 'attachment; filename="workplans_as-of-2021-06-30.csv"'


def test_archived_workplans_come_last_and_are_neither_open_nor_overdue(client, area):
    make_workplan(slug="earlier", starts_on=date(2018, 1, 1))
    area.workplan.archived_on = date(2021, 6, 30)
    area.workplan.save()
    names = ("slug", "archived", "deliverables", "open", "overdue", "completed")
    for day, expected in (
        ("2021-06-29", [("rg9-2020", "no", "5", "3", "1", "1"), ("earlier", "no", *"0000")]),
        ("2021-06-30", [("earlier", "no", *"0000"), ("rg9-2020", "yes", "5", "0", "0", "1")]),
    ):
        rows = read_csv(client.get("/workplans.csv", {"as_of": day}))
        assert [tuple(row[name] for name in names) for row in rows] == expected
        assert {row["slug"]: row["owner"] for row in rows} == {"earlier": "", "rg9-2020": "RG9"}


def test_a_workplan_that_began_later_is_in_no_file_of_the_day(client):
    make_deliverable(
        priority_area=make_area(workplan=make_workplan(slug="later")),
        introduced_on=date(2021, 7, 1),
    )
    assert read_csv(client.get("/workplans.csv", DAY)) == []
    assert [row["slug"] for row in read_csv(client.get("/workplans.csv"))] == ["later"]


@pytest.mark.parametrize(
    ("path", "title"), [("groups", "Results groups"), ("workplans", "Workplans")]
)
def test_say_on_a_sheet_of_its_own_what_they_hold(client, path, title):
    book = read_workbook(client.get(f"/{path}.xlsx", DAY))
    assert book.sheetnames == [title, "About"]
    said = dict(book["About"].iter_rows(values_only=True))
    assert said["Address"] == f"http://testserver/{path}.xlsx?as_of=2021-06-30"
    assert said["As of"] == "30 June 2021"


def test_cost_the_same_for_few_rows_and_for_many(client, django_assert_num_queries):
    for amount in (2, 10):
        for _one in range(amount):
            group = make_entity(kind="results_group")
            Membership.objects.create(
                group=group, member=make_entity(), role="co_chair", source=make_source()
            )
            plan = make_workplan(owner=group, source=make_source())
            make_deliverable(priority_area=make_area(workplan=plan))
        with django_assert_num_queries(3):  # the groups, their members, one GROUP BY
            read_csv(client.get("/groups.csv"))
        with django_assert_num_queries(2):  # the workplans with their owners, one GROUP BY
            read_csv(client.get("/workplans.csv"))
