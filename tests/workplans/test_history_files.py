"""The files of histories: a row for each update of the items of a list, for both kinds."""

import csv
import io
from datetime import date, datetime

import pytest

from actionpoints.models import ActionPoint
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_source,
    make_update,
    make_workplan,
)
from tests.figures import SECRET, make_site
from tests.public_pages import read_csv
from tests.spreadsheets import read_table, read_workbook
from workplans import item_tables
from workplans.days import site_today
from workplans.models import Deliverable
from workplans.pages import file_address

pytestmark = pytest.mark.django_db

ADDRESSES = {Deliverable: "/deliverables/history.csv", ActionPoint: "/action-points/history.csv"}
COLUMNS = (
    "ref title number effective_on effective_words reported_on status status_label narrative "
    "timeframe earliest due corrects corrected_by source locator url"
)


def numbers(rows):
    """Of each row, of what it is, its number, what it corrects, and what corrects it."""
    return [(row["ref"], int(row["number"]), row["corrects"], row["corrected_by"]) for row in rows]


def test_has_the_columns_in_their_order_and_every_fact_of_an_update(client):
    item = make_deliverable(ref="D-1", title="Write guidance")
    make_update(
        item,
        status="ongoing",
        narrative="=Drafted",
        timeframe="March – June 2021",
        effective_on=date(2021, 5, 1),
        effective_words="in May",
        source=make_source(title="Report of May", dated=date(2021, 5, 31)),
        locator="Page 3",
    )
    (row,) = read_csv(client.get(ADDRESSES[Deliverable]))
    assert " ".join(row) == COLUMNS
    assert row == {
        "ref": "D-1",
        "title": "Write guidance",
        "number": "1",
        "effective_on": "2021-05-01",
        "effective_words": "in May",
        "reported_on": "2021-05-31",
        "status": "ongoing",
        "status_label": "Ongoing",
        "narrative": "'=Drafted",
        "timeframe": "March – June 2021",
        "earliest": "2021-03-01",
        "due": "2021-06-30",
        "corrects": "",
        "corrected_by": "",
        "source": "Report of May",
        "locator": "Page 3",
        "url": "http://testserver/deliverables/D-1/#update-1",
    }
    assert f'id="update-{row["number"]}"' in client.get("/deliverables/D-1/").content.decode()


def test_an_update_that_tells_no_status_has_none_rather_than_not_reported(client):
    make_update(make_action_point(), narrative="Discussed.")
    (row,) = read_csv(client.get(ADDRESSES[ActionPoint]))
    assert (row["status"], row["status_label"], row["narrative"]) == ("", "", "Discussed.")


@pytest.mark.parametrize("maker", [make_deliverable, make_action_point])
def test_corrected_and_withdrawn_updates_stay_with_the_numbers_of_both(client, maker):
    item, other = maker(order=1), maker(order=2)
    first = make_update(item, narrative="Wrong.", effective_on=date(2021, 1, 1))
    make_update(item, narrative="Later.", effective_on=date(2021, 3, 1))
    right = make_update(item, narrative="Right.", replaces=first)
    make_update(item, narrative="", replaces=right)  # takes it back
    make_update(other, narrative="Of another.", effective_on=date(2021, 2, 1))

    rows = read_csv(client.get(ADDRESSES[type(item)], {"sort": "ref"}))

    # In the order of the items, and of each in that of its ledger: what corrects stands beside it.
    assert numbers(rows) == [
        (item.ref, 1, "", "3"),
        (item.ref, 3, "1", "4"),
        (item.ref, 4, "3", ""),
        (item.ref, 2, "", ""),
        (other.ref, 1, "", ""),
    ]
    assert [row["narrative"] for row in rows] == ["Wrong.", "Right.", "", "Later.", "Of another."]


@pytest.mark.parametrize("maker", [make_deliverable, make_action_point])
def test_on_a_past_day_has_what_was_true_by_then(client, maker):
    item, later = maker(), maker(introduced_on=date(2021, 3, 1))
    for month in (1, 2, 3):
        make_update(item, effective_on=date(2021, month, 1))
    make_update(later, effective_on=date(2021, 3, 1))
    for day, count in (
        ("2020-12-31", 0),
        ("2021-01-31", 1),
        ("2021-02-01", 2),
        ("2021-03-01", 4),
    ):
        response = client.get(ADDRESSES[type(item)], {"as_of": day})
        assert f"as-of-{day}" in response["Content-Disposition"]
        rows = read_csv(response)
        assert len(rows) == count
        assert all(row["effective_on"] <= day for row in rows)


def test_what_is_not_public_is_there_for_staff_only(client, staff_client):
    secret = make_source(title="Secret paper", published=False)
    shown = make_deliverable()
    make_update(shown, source=secret, locator="Page 1")
    hidden = make_deliverable(priority_area=make_area(workplan=make_workplan(published=False)))
    unseen = make_action_point(meeting=make_meeting(published=False))
    for item in (hidden, unseen):
        make_update(item)
    for someone, sources, points in (
        (client, {shown.ref: ""}, []),
        (staff_client, {shown.ref: "Secret paper", hidden.ref: ""}, [unseen.ref]),
    ):
        rows = read_csv(someone.get(ADDRESSES[Deliverable]))
        assert {row["ref"]: row["source"] for row in rows} == sources
        rows = read_csv(someone.get(ADDRESSES[ActionPoint]))
        assert [row["ref"] for row in rows] == points


def test_has_parts_and_archived_items_unless_the_address_asks_for_less(client):
    area = make_area()
    item = make_deliverable(priority_area=area)
    part = make_deliverable(priority_area=area, parent=item, level="part")
    kept = make_deliverable(
        priority_area=make_area(workplan=make_workplan(archived_on=date(2021, 1, 1)))
    )
    for one in (item, part, kept):
        make_update(one)
    for query, items in (
        ({}, {item, part, kept}),
        ({"level": "item"}, {item, kept}),
        ({"level": "part"}, {part}),
        ({"archived": "none"}, {item, part}),
        ({"archived": "only"}, {kept}),
        ({"level": "item", "archived": "none"}, {item}),
    ):
        rows = read_csv(client.get(ADDRESSES[Deliverable], query))
        assert {row["ref"] for row in rows} == {one.ref for one in items}, query


def test_every_filter_of_the_list_narrows_it_and_its_order_is_the_list_s(client):
    ocha = make_entity(slug="ocha")
    first, second, third = (
        make_deliverable(title=title, ref=title.upper()) for title in ("Beta", "Alpha", "Gamma")
    )
    for item in (first, second, third):
        make_update(item, status="ongoing")
        make_update(item)
    make_party(second, entity=ocha)
    make_update(third, status="completed", narrative="Out.")
    for query, refs in (
        ({"sort": "title"}, ["ALPHA", "BETA", "GAMMA"]),
        ({"sort": "-title"}, ["GAMMA", "BETA", "ALPHA"]),
        ({"lead": "ocha"}, ["ALPHA"]),
        ({"status": "ongoing", "sort": "ref"}, ["ALPHA", "BETA"]),
        ({"q": "gam"}, ["GAMMA"]),
        ({"workplan": first.priority_area.workplan.slug}, ["BETA"]),
    ):
        rows = read_csv(client.get(ADDRESSES[Deliverable], query))
        assert list(dict.fromkeys(row["ref"] for row in rows)) == refs, query


@pytest.mark.parametrize("model", [Deliverable, ActionPoint])
@pytest.mark.parametrize("day", [None, date(2020, 12, 31)])
def test_every_update_of_every_visible_item_is_there_once(client, staff_client, model, day):
    """Counted a second time in plain Python, on a site of all sorts."""
    make_site(seed=3, items=20)
    until = day or site_today()
    for someone in (client, staff_client):
        expected = sorted(
            (update.item.ref, update.sequence)
            for update in model.update_model().objects.select_related("item")
            if update.effective_on <= until
            and update.item.introduced_on <= until
            and (update.item.withdrawn_on is None or update.item.withdrawn_on > until)
            and (someone is staff_client or SECRET not in update.item.title)
        )
        rows = read_csv(someone.get(ADDRESSES[model], {"as_of": until.isoformat()}))
        assert sorted((ref, number) for ref, number, *_ in numbers(rows)) == expected
        assert len(expected) > 5


@pytest.mark.parametrize("maker", [make_deliverable, make_action_point])
def test_costs_two_queries_and_one_more_for_each_further_chunk(
    client, monkeypatch, django_assert_num_queries, maker
):
    address = ADDRESSES[type(maker())]
    for size in (2, 12):
        for _number in range(size):
            item = maker()
            make_update(item, source=make_source())
            make_update(item, narrative="Right.", replaces=make_update(item))
        with django_assert_num_queries(2):
            rows = read_csv(client.get(address))
    assert len(rows) == 14 * 3
    monkeypatch.setattr(item_tables, "ITEMS_AT_A_TIME", 5)
    with django_assert_num_queries(1 + 3):  # 15 items, of one of which nothing was told
        assert read_csv(client.get(address)) == rows


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize(
    "query", ["foo=1", "status=x", "as_of=2021-02-30", "page=0", "q=%00", "level=top"]
)
def test_refuses_what_is_not_understood_in_the_page_s_own_words(client, query, ending):
    make_update(make_deliverable())
    page = client.get(f"/deliverables/?{query}")
    response = client.get(f"/deliverables/history.{ending}?{query}")
    assert (response.status_code, page.status_code) == (400, 400)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    words = page.context["asked"].errors
    assert response.content.decode() == "\n".join(words) + "\n"
    assert len(words) == 1


@pytest.mark.parametrize("model", [Deliverable, ActionPoint])
def test_the_excel_file_has_the_same_cells_days_as_days_and_numbers_as_numbers(client, model):
    make_site(seed=4, items=16)
    address = ADDRESSES[model]
    rows = read_csv(client.get(address))
    header, cells = read_table(client.get(address.replace(".csv", ".xlsx")))
    assert " ".join(header) == COLUMNS
    assert len(cells) == len(rows) > 10
    days = {"effective_on", "reported_on", "earliest", "due"}
    counts = {"number", "corrects", "corrected_by"}
    for row, written in zip(rows, cells, strict=True):
        for name, cell in zip(header, written, strict=True):
            value = cell.value
            if isinstance(value, datetime):
                assert name in days
                value = value.date().isoformat()
            elif isinstance(value, int):
                assert name in counts
            elif value is not None:
                assert name not in days | counts
            assert row[name] == str("" if value is None else value)


def test_the_excel_file_says_what_it_holds_and_has_no_columns_to_fill_in(client):
    make_update(make_deliverable(), status="ongoing")
    address = "/deliverables/history.xlsx?status=ongoing&as_of=2021-06-30"
    response = client.get(address)
    assert response["Content-Disposition"] == (
        'attachment; filename="deliverables-history_ongoing_all_all_as-of-2021-06-30.xlsx"'
    )
    book = read_workbook(response)
    table, about = book.worksheets
    assert (book.sheetnames, table.freeze_panes, table.auto_filter.ref) == (
        ["History", "About"],
        "B2",
        f"A1:Q{table.max_row}",
    )
    assert " ".join(cell.value for cell in table[1]) == COLUMNS
    said = dict(about.iter_rows(values_only=True))
    assert said["Address"] == f"http://testserver{address}"
    assert said["As of"] == "30 June 2021"
    assert said["Status"] == "Ongoing"


@pytest.mark.parametrize(
    ("path", "maker"),
    [("/deliverables/", make_deliverable), ("/action-points/", make_action_point)],
)
def test_the_list_links_to_the_history_of_just_its_items(client, path, maker):
    area_or_meeting = {}
    for title in ("One", "Two"):
        item = maker(title=title, **area_or_meeting)
        make_update(item)
        part = maker(
            parent=item,
            level="part",
            **{name: getattr(item, name) for name in item.ORIGIN},
        )
        make_update(part)
    listing = client.get(path, {"q": "one"}).context["listing"]
    address = file_address(listing.history_url, "csv")
    response = client.get(address)
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"), newline="")))
    assert [row["title"] for row in rows] == ["One"]
