"""The files that pages lead to hold just what the pages list."""

import html
import re
from datetime import date
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from actionpoints.exports import ActionPointTable
from actionpoints.models import ActionPoint, Meeting
from actionpoints.views import ActionPointListing
from tests.figures import DAYS as DAYS_OF_FIGURES
from tests.figures import SECRET, listed, make_site
from tests.public_pages import read_csv
from tests.spreadsheets import read_table
from workplans.item_tables import DeliverableTable
from workplans.models import Deliverable, Entity, Workplan
from workplans.pages import file_address
from workplans.status_words import (
    ACTION_POINT_STATUSES,
    DELIVERABLE_STATUSES,
    NOT_REPORTED,
    public_code,
)
from workplans.views import DeliverableListing

KINDS = ((DeliverableListing, DeliverableTable), (ActionPointListing, ActionPointTable))
DAYS = (date(2020, 7, 16), None)
# So many options of each list are followed by whole requests.
FOLLOWED = 3
DOWNLOAD = re.compile(r'<a href="([^"]+)" download>')


def listing_at(address, listing_class):
    request = RequestFactory().get(address)
    request.user = AnonymousUser()
    listing = listing_class(request)
    assert not listing.refusals
    return listing


@pytest.mark.django_db
@pytest.mark.parametrize(("listing_class", "table_class"), KINDS)
def test_a_file_has_as_many_rows_as_each_option_of_the_list_says(
    listing_class, table_class, client
):
    make_site(5, items=14)
    chance, checked = Random(1), 0
    for day in DAYS:
        query = f"?as_of={day}" if day else ""
        page = listing_at(f"/{listing_class.file_stem}/{query}", listing_class)
        options = [(facet.name, one) for facet in page.facets for one in facet.options]
        addresses = {
            page.address(**{name: [option.value]}): option.count for name, option in options
        }
        assert len(addresses) > 20
        for address, count in addresses.items():
            found = listing_at(address, listing_class)
            rows = list(table_class(found.filter.items, found.asked.day, AnonymousUser()).rows())
            assert len(rows) == count, address
            checked += count > 0
        for address, count in chance.sample(sorted(addresses.items()), FOLLOWED):
            assert len(read_csv(client.get(file_address(address, "csv")))) == count, address
            _header, rows = read_table(client.get(file_address(address, "xlsx")))
            assert len(rows) == count, address
    assert checked > 30


def downloads(response):
    """The tables that a page leads to: of each, the addresses of its CSV and its Excel file."""
    found = [html.unescape(url) for url in DOWNLOAD.findall(response.content.decode())]
    csv, xlsx = (
        [url for url in found if urlsplit(url).path.endswith(f".{ending}")]
        for ending in ("csv", "xlsx")
    )
    assert [url.replace(".csv", ".xlsx", 1) for url in csv] == xlsx
    return list(zip(csv, xlsx, strict=True))


def read_both(client, csv, xlsx):
    """The rows of a table, which both its files have, as dictionaries of texts."""
    rows = read_csv(client.get(csv))
    header, cells = read_table(client.get(xlsx))
    assert len(rows) == len(cells)
    assert header[: len(rows[0]) if rows else 0] == list(rows[0] if rows else [])
    return rows


@pytest.mark.django_db
@pytest.mark.usefixtures("documents")
class TestOfTheDocuments:
    """Each page that leads to a table, on two days."""

    DAYS = ("2020-07-20", "2021-06-30")

    @pytest.mark.parametrize("day", DAYS)
    def test_of_lists_and_of_what_groups_workplans_and_entities_hold(self, client, day):
        """Their tables are those of lists, and so many items does the list have."""
        pages = [
            "/deliverables/",
            "/deliverables/?archived=all&level=all",
            "/action-points/",
            "/action-points/?sort=-due&q=the",
            *(f"/workplans/{plan.slug}/" for plan in Workplan.objects.filter(published=True)),
            *(f"/groups/{one.slug}/" for one in Entity.objects.filter(workplans__isnull=False)),
            *(f"/entities/{slug}/" for slug in ("ocha", "unhcr", "opag")),
        ]
        followed = {}
        for page in pages:
            response = client.get(page, {"as_of": day, **parse_qs(urlsplit(page).query)})
            if response.status_code == 404:
                continue  # a plan that began later
            assert response.status_code == 200, page
            for csv, xlsx in downloads(response):
                rows = read_both(client, csv, xlsx)
                assert f"as_of={day}" in csv
                if "/history." in csv:
                    continue
                address = csv.replace(".csv", "/", 1)
                assert len(rows) == listed(client, address), (page, csv)
                followed.setdefault(page.split("/")[1], []).append(len(rows))
        assert set(followed) == {"deliverables", "action-points", "workplans", "groups", "entities"}
        assert all(max(counts) > 0 for counts in followed.values())

    @pytest.mark.parametrize("day", DAYS)
    def test_of_histories_of_just_the_items_of_a_list(self, client, day):
        for path, model in (("/deliverables/", Deliverable), ("/action-points/", ActionPoint)):
            of_list, of_histories = downloads(client.get(path, {"as_of": day}))
            listed_refs = [row["ref"] for row in read_both(client, *of_list)]
            told = model.update_model().objects.filter(
                item__ref__in=listed_refs, effective_on__lte=day
            )
            rows = read_both(client, *of_histories)
            assert sorted((row["ref"], int(row["number"])) for row in rows) == sorted(
                told.values_list("item__ref", "sequence")
            )
            assert len(rows) > 5

    @pytest.mark.parametrize("day", DAYS)
    def test_of_recommendations(self, client, day):
        page = client.get("/recommendations/", {"as_of": day})
        ((csv, xlsx),) = downloads(page)
        shown = [row.recommendation.ref for one in page.context["reviews"] for row in one.rows]
        assert [row["ref"] for row in read_both(client, csv, xlsx)] == shown
        assert len(shown) > 5

    def test_of_meeting_packs(self, client):
        counts = []
        for meeting in Meeting.objects.filter(published=True):
            page = client.get(f"/meetings/{meeting.slug}/pack/")
            ((csv, xlsx),) = downloads(page)
            shown = [row.item.ref for row in page.context["pack"].rows]
            assert [row["ref"] for row in read_both(client, csv, xlsx)] == shown
            counts.append(len(shown))
        assert max(counts) > 5

    def test_of_changes(self, client):
        page = client.get("/changes/", {"since": "2020-07-01", "until": "2021-06-30"})
        ((csv, xlsx),) = downloads(page)
        rows = read_both(client, csv, xlsx)
        assert len(rows) == len(page.context["page"].shown) > 5

    @pytest.mark.parametrize("day", DAYS)
    def test_of_groups_workplans_meetings_and_the_follow_up(self, client, day):
        for path in COUNTS:
            page = client.get(path, {"as_of": day})
            ((csv, xlsx),) = downloads(page)
            assert csv == f"{path.rstrip('/')}.csv?as_of={day}"
            rows = read_both(client, csv, xlsx)
            assert len(rows) >= len(shown_rows(path, page)) > 0
            for row in rows[:3]:
                assert client.get(row["url"], {"as_of": day}).status_code == 200


# The pages of which each row of a table counts items, and what their files call these.
COUNTS = {
    "/groups/": "deliverables",
    "/workplans/": "deliverables",
    "/meetings/": "decided",
    "/follow-up/": "action_points",
}
each_page_of_counts = pytest.mark.parametrize("path", COUNTS)
OPEN = "timeliness=overdue&timeliness=due_soon&timeliness=on_time&timeliness=no_date"


def shown_rows(path, page):
    """The rows of the tables of one of these pages, in their order, but for their totals."""
    context = page.context
    if path == "/meetings/":
        tables = [one.table for one in context["bodies"]]
    elif path == "/follow-up/":
        tables = [context["themes"].table, context["leads"].table]
    else:
        tables = [context["table"] if path == "/groups/" else context["plans"].table]
    rows = [row for table in tables if table for row in table.rows]
    if path == "/follow-up/" and context["origins"]:
        rows[:0] = [row for group in context["origins"].groups for row in (group.row, *group.rows)]
    return rows


def said_on_page(row, total):
    """What a file has to say of a row of a page: its figures, by the file's columns."""
    statuses = DELIVERABLE_STATUSES if total == "deliverables" else ACTION_POINT_STATUSES
    figures = {public_code(word.code): 0 for word in (*statuses, NOT_REPORTED)}
    figures |= {public_code(cell.word.code): cell.figure.count for cell in row.cells}
    figures |= {total: row.total.count, "overdue": row.overdue.count}
    return figures if row.extra is None else {**figures, "reviewed": row.extra.count}


def on(day):
    return {"as_of": day.isoformat()} if day else {}


@pytest.mark.django_db
class TestOfCounts:
    """The files of groups, workplans, meetings and of the follow-up."""

    @each_page_of_counts
    def test_have_the_rows_and_figures_of_the_page_on_every_day(self, path, client, staff_client):
        make_site(6, items=20)
        checked = 0
        for reader in (client, staff_client):
            for day in DAYS_OF_FIGURES:
                rows = read_csv(reader.get(f"{path.rstrip('/')}.csv", on(day)))
                if path == "/workplans/":
                    rows = [row for row in rows if row["archived"] == "no"]
                shown = shown_rows(path, reader.get(path, on(day)))
                for written, row in zip(rows, shown, strict=True):
                    said = said_on_page(row, COUNTS[path])
                    assert {name: int(written[name]) for name in said} == said
                    if row.url:
                        assert written["url"] == f"http://testserver{row.url}"
                    checked += row.total.count
        assert checked > 20

    @pytest.mark.parametrize("day", DAYS_OF_FIGURES)
    def test_what_is_archived_counts_apart(self, client, day):
        make_site(6, items=20)
        shown = client.get("/workplans/", on(day)).context["plans"].archived
        rows = read_csv(client.get("/workplans.csv", on(day)))
        apart = rows[len(rows) - len(shown) :]
        assert [row["archived"] for row in rows].count("yes") == len(apart)
        assert [(row["title"], int(row["deliverables"]), row["open"]) for row in apart] == [
            (one.workplan.title, one.figure.count, "0") for one in shown
        ]
        shown = client.get("/groups/", on(day)).context["archived"]
        rows = read_csv(client.get("/groups.csv", on(day)))
        counted = {row["slug"]: int(row["archived_deliverables"]) for row in rows}
        assert {slug: count for slug, count in counted.items() if count} == {
            group.slug: figure.count for group, figure in shown
        }

    @pytest.mark.parametrize(
        ("path", "address"),
        [
            ("/groups/", "/deliverables/?group={slug}"),
            ("/workplans/", "/deliverables/?workplan={slug}"),
            ("/meetings/", "/action-points/?meeting={slug}"),
        ],
    )
    def test_what_is_open_is_what_the_list_has(self, path, address, client):
        make_site(7, items=20)
        found = 0
        for day in ("2020-07-16", "2021-06-30"):
            for row in read_csv(client.get(f"{path.rstrip('/')}.csv", {"as_of": day})):
                list_of_row = f"{address.format(**row)}&{OPEN}&as_of={day}"
                assert listed(client, list_of_row) == int(row["open"])
                found += int(row["open"])
        assert found > 5

    def test_nothing_unpublished_reaches_a_visitor(self, client, staff_client):
        make_site(8, items=20)
        for path in COUNTS:
            address = f"{path.rstrip('/')}.csv"
            for day in DAYS_OF_FIGURES:
                rows = read_csv(client.get(address, on(day)))
                assert not any(SECRET in cell for row in rows for cell in row.values())
            of_staff = read_csv(staff_client.get(address))
            assert of_staff != rows
            # Groups are public; staff see what is in their drafts counted.
            says = any(SECRET in cell for row in of_staff for cell in row.values())
            assert says == (path != "/groups/")

    @each_page_of_counts
    def test_an_empty_site_has_no_links_and_empty_files(self, path, client):
        assert downloads(client.get(path)) == []
        assert read_csv(client.get(f"{path.rstrip('/')}.csv")) == []
        header, rows = read_table(client.get(f"{path.rstrip('/')}.xlsx"))
        assert COUNTS[path] in header
        assert rows == []

    @each_page_of_counts
    @pytest.mark.parametrize("ending", ["csv", "xlsx"])
    @pytest.mark.parametrize("query", ["as_of=soon", "as_of=2021-06-30&as_of=2021-06-29", "q=x"])
    def test_what_is_not_understood_is_refused_in_the_page_s_own_words(
        self, path, ending, query, client
    ):
        page = client.get(f"{path}?{query}")
        answer = client.get(f"{path.rstrip('/')}.{ending}?{query}")
        assert (answer.status_code, page.status_code) == (400, 400)
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        (words,) = page.context["asked"].errors
        assert answer.content.decode() == f"{words}\n"

    @each_page_of_counts
    def test_have_numbers_as_numbers_and_days_as_days_in_excel(self, path, client):
        make_site(10, items=10)
        header, rows = read_table(client.get(f"{path.rstrip('/')}.xlsx", {"as_of": "2021-06-30"}))
        kinds = dict.fromkeys(header, "s")
        kinds |= dict.fromkeys(header[header.index(COUNTS[path]) : header.index("url")], "n")
        kinds |= {
            name: "d" for name in header if name in ("starts_on", "ends_on", "held_on", "day")
        }
        written = {
            (name, cell.data_type)
            for row in rows
            for name, cell in zip(header, row, strict=True)
            if cell.value is not None
        }
        assert {name for name, kind in kinds.items() if kind != "s"} <= dict(written).keys()
        assert written <= kinds.items()
