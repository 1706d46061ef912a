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
from tests.figures import listed, make_site
from tests.public_pages import read_csv
from tests.spreadsheets import read_table
from workplans.item_tables import DeliverableTable
from workplans.models import Deliverable, Entity, Workplan
from workplans.pages import file_address
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
