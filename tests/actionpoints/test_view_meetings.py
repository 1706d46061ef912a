"""Meetings: by body and day, and one with what it decided and reviewed."""

from datetime import date, timedelta

import pytest
from django.test import Client

from actionpoints.dashboards import LAST_MEETINGS
from actionpoints.models import ActionPoint, Meeting
from tests.factories import (
    make_action_point,
    make_entity,
    make_meeting,
    make_party,
    make_source,
    make_update,
)
from tests.figures import (
    DAYS,
    SECRET,
    check_figures,
    linked_figures,
    make_site,
    recount,
)
from tests.public_pages import DAY_PICKER
from workplans import days

pytestmark = pytest.mark.django_db

DAY = {"as_of": "2021-06-30"}


@pytest.fixture
def body():
    return make_entity(kind="body", name="Advocacy Group", acronym="OPAG", slug="opag")


@pytest.fixture
def meeting(body):
    return make_meeting(
        body=body,
        slug="opag-2020-07-09",
        title="Session VII",
        held_on=date(2020, 7, 9),
        record=make_source(title="The printed record", dated=date(2020, 7, 16)),
    )


class TestList:
    def test_meetings_stand_by_body_the_last_first(self, client, body, meeting):
        make_meeting(body=body, title="Session VIII", held_on=date(2020, 9, 1))
        make_meeting(body=make_entity(acronym="AAA"), title="Another body's")
        bodies = client.get("/meetings/").context["bodies"]
        assert [(str(one.body), [row.label for row in one.table.rows]) for one in bodies] == [
            ("AAA", ["Another body's"]),
            ("OPAG", ["Session VIII", "Session VII"]),
        ]

    def test_a_meeting_after_the_day_is_not_known_yet(self, client, meeting):
        assert "Session VII" in client.get("/meetings/", {"as_of": "2020-07-09"}).content.decode()
        page = client.get("/meetings/", {"as_of": "2020-07-08"}).content.decode()
        assert "Session VII" not in page
        assert "No public meeting had been held by 8 July 2020." in page

    def test_only_the_last_of_each_body_are_shown_and_one_link_shows_all(self, client, body):
        for number in range(LAST_MEETINGS + 2):
            make_meeting(body=body, held_on=date(2020, 1, 1) + timedelta(days=number))
        (one,) = client.get("/meetings/").context["bodies"]
        assert (len(one.table.rows), one.how_many, one.is_cut) == (
            LAST_MEETINGS,
            LAST_MEETINGS + 2,
            True,
        )
        assert one.all_url == "/meetings/?body=opag"
        (one,) = client.get(one.all_url).context["bodies"]
        assert (len(one.table.rows), one.is_cut) == (LAST_MEETINGS + 2, False)

    def test_each_figure_counts_the_list_behind_it_on_every_day(self, client, staff_client):
        make_site(31, items=30)
        assert max(check_figures(client, "/meetings/", day) for day in DAYS) > 5
        assert check_figures(staff_client, "/meetings/", DAYS[3]) > 5

    @pytest.mark.parametrize("query", ["as_of=x", "body=nobody", "theme=x"])
    def test_words_and_no_rows_for_what_is_not_understood(self, client, meeting, query):
        response = client.get(f"/meetings/?{query}")
        page = response.content.decode()
        assert response.status_code == 400
        assert "This address was not understood" in page
        assert "Session VII" not in page

    def test_an_unknown_body_is_refused_without_naming_hidden_ones(self, client, meeting):
        hidden = make_entity(slug="hidden-body")
        make_meeting(body=hidden, published=False)
        page = client.get("/meetings/?body=nobody").content.decode()
        assert "“nobody” is not known as body. Possible: opag." in page
        assert client.get("/meetings/?body=hidden-body").status_code == 400


class TestDecided:
    def test_its_own_action_points_by_theme_and_status(self, client, meeting):
        first = make_action_point(meeting=meeting, theme="Localization", title="First")
        make_action_point(meeting=meeting, theme="Data", title="Second")
        make_action_point(meeting=meeting, theme="Localization", title="Third")
        make_update(first, status="completed", effective_on=date(2020, 8, 1))
        context = client.get(meeting.get_absolute_url(), DAY).context
        assert [
            (theme.name, [row.item.title for row in theme.rows]) for theme in context["themes"]
        ] == [("Localization", ["First", "Third"]), ("Data", ["Second"])]
        data, localization = context["table"].rows
        assert [cell.figure.count for cell in localization.cells] == [1, 1]
        assert localization.total.url == (
            "/action-points/?meeting=opag-2020-07-09&theme=Localization&as_of=2021-06-30"
        )
        assert data.total.count == 1

    def test_a_heading_stands_above_its_items_and_is_not_counted(self, client, meeting):
        heading = make_action_point(meeting=meeting, level="heading", title="The seventh")
        make_action_point(meeting=meeting, parent=heading, title="Item of the seventh")
        response = client.get(meeting.get_absolute_url())
        assert response.context["headlines"][0].figure.count == 1
        assert "The seventh" in response.content.decode()

    def test_an_archived_meeting_is_judged_no_more(self, client, meeting):
        meeting.archived_on = date(2021, 1, 1)
        meeting.save()
        make_action_point(
            meeting=meeting, initial_timeframe="in 2020", initial_latest=date(2020, 12, 31)
        )
        response = client.get(meeting.get_absolute_url(), DAY)
        assert "Archived from 1 January 2021" in response.content.decode()
        assert [one.label for one in response.context["headlines"]] == [
            "action points",
            "completed",
        ]
        assert check_figures(client, meeting.get_absolute_url(), date(2021, 6, 30)) == 1

    def test_a_meeting_that_decided_nothing_says_so(self, client, meeting):
        page = client.get(meeting.get_absolute_url()).content.decode()
        assert "No action point of its own is recorded." in page


class TestReviewed:
    @pytest.fixture
    def item(self, meeting):
        """Of another body: pending by the meeting's record, completed a year later."""
        item = make_action_point(title="Of another body", theme="Data")
        make_update(item, status="pending", narrative="Still waiting.", source=meeting.record)
        make_update(
            item,
            status="completed",
            narrative="Done at last.",
            source=make_source(dated=date(2021, 6, 1)),
        )
        return item

    def test_it_says_what_the_record_told_and_where_it_stands(self, client, meeting, item):
        response = client.get(meeting.get_absolute_url(), DAY)
        (row,) = response.context["reviewed"].rows
        assert (row.word.code, row.told.narrative) == ("pending", "Still waiting.")
        assert row.row.status.code == "completed"
        page = response.content.decode()
        assert "Still waiting." in page
        assert "The record told it by 16 July 2020" in page

    def test_the_figures_are_those_of_the_day_asked_for(self, client, meeting, item):
        address = meeting.get_absolute_url()
        listed = "/action-points/?reviewed_at=opag-2020-07-09&archived=all"
        assert (f"{listed}&status=completed&as_of=2021-06-30", 1) in linked_figures(
            client.get(address, DAY)
        )
        figures = linked_figures(client.get(address, {"as_of": "2021-05-31"}))
        assert (f"{listed}&as_of=2021-05-31", 1) in figures
        assert not any("completed" in url for url, _number in figures)

    def test_the_link_to_the_day_of_the_record_leads_there(self, client, meeting, item):
        reviewed = client.get(meeting.get_absolute_url(), DAY).context["reviewed"]
        assert reviewed.then_url == (
            "/action-points/?reviewed_at=opag-2020-07-09&archived=all&as_of=2020-07-16"
        )

    def test_before_the_record_was_out_nothing_was_reviewed(self, client, meeting, item):
        response = client.get(meeting.get_absolute_url(), {"as_of": "2020-07-15"})
        assert not response.context["reviewed"].rows
        assert "its record told nothing about earlier action points" in response.content.decode()

    def test_what_is_archived_is_among_it_but_not_judged(self, client, meeting):
        old = make_meeting(archived_on=date(2020, 1, 1), held_on=date(2019, 1, 1))
        item = make_action_point(
            meeting=old, initial_timeframe="in 2020", initial_latest=date(2020, 12, 31)
        )
        make_update(item, status="pending", source=meeting.record)
        figures = client.get(meeting.get_absolute_url(), DAY).context["reviewed"].headlines
        assert [(one.label, one.figure.count) for one in figures] == [
            ("action points", 1),
            ("completed", 0),
            ("open", 0),
            ("overdue", 0),
            ("due within 30 days", 0),
            ("silent for 60 days", 0),
        ]


class TestFigures:
    def test_each_figure_counts_the_list_behind_it_on_every_day(self, client, staff_client):
        site = make_site(32, items=24)
        followed = 0
        for meeting in site.meetings:
            address = meeting.get_absolute_url()
            check_figures(staff_client, address, DAYS[3])
            for day in DAYS:
                if meeting.published and (day is None or meeting.held_on <= day):
                    followed += check_figures(client, address, day)
        assert followed > 50

    def test_the_counts_agree_with_a_recount(self, client):
        site = make_site(34, items=40)
        for meeting in site.meetings[:4]:
            for day in (date(2020, 7, 16), date(2021, 6, 30), days.site_today()):
                response = client.get(meeting.get_absolute_url(), {"as_of": day.isoformat()})
                counted = recount(ActionPoint, day)
                decided = [one for one in counted if one.item.meeting == meeting]
                told = {
                    row.item_id
                    for one in counted
                    for row in one.item.updates.all()
                    if meeting.record_id
                    and row.source_id == meeting.record_id
                    and row.reported_on <= day
                    and not hasattr(row, "replaced_by")
                }
                context = response.context
                assert context["headlines"][0].figure.count == len(decided)
                assert context["headlines"][1].figure.count == sum(
                    one.status == "completed" for one in decided
                )
                assert len(context["reviewed"].rows) == len(told)


class TestTheMeeting:
    def test_it_tells_its_day_its_record_and_who_took_part(self, client, meeting):
        meeting.attendees.add(make_entity(acronym="ICVA"))
        meeting.session, meeting.date_words = "VII", "9 July"
        meeting.save()
        page = client.get(meeting.get_absolute_url()).content.decode()
        for words in ("<title>Session VII", "9 July 2020", "The printed record", "ICVA", "OPAG"):
            assert words in page

    def test_on_a_day_before_it_was_held_it_says_when(self, client, meeting):
        response = client.get(meeting.get_absolute_url(), {"as_of": "2020-07-08"})
        assert response.status_code == 404
        page = response.content.decode()
        assert "“Session VII” was held on 9 July 2020." in page
        assert "On 8 July 2020 it had not taken place yet." in page

    def test_an_unknown_meeting_is_not_found(self, client):
        assert client.get("/meetings/nowhere/").status_code == 404


class TestWhoMaySee:
    def test_an_unpublished_meeting_is_not_there_for_visitors(self, client, staff_client):
        make_site(35, items=20)
        address = Meeting.objects.get(slug="draft-meeting").get_absolute_url()
        assert client.get(address).status_code == 404
        # Its day is not told either.
        assert client.get(address, {"as_of": "1999-01-01"}).status_code == 404
        assert SECRET not in client.get(address, {"as_of": "1999-01-01"}).content.decode()
        assert SECRET in staff_client.get(address).content.decode()

    def test_nothing_unpublished_reaches_a_visitor(self, client):
        site = make_site(36, items=24)
        for address in ["/meetings/", *(one.get_absolute_url() for one in site.meetings[:4])]:
            for day in DAYS:
                asked = {"as_of": day.isoformat()} if day else {}
                assert SECRET not in client.get(address, asked).content.decode()

    def test_the_name_of_an_unpublished_record_is_for_staff(self, client, staff_client, meeting):
        meeting.record.published = False
        meeting.record.save()
        address = meeting.get_absolute_url()
        page = client.get(address).content.decode()
        assert "The printed record" not in page
        assert "a document that is not public" in page
        assert "The printed record" in staff_client.get(address).content.decode()

    @pytest.mark.parametrize("query", ["as_of=x", "body=opag"])
    def test_words_and_no_rows_for_what_is_not_understood(self, client, meeting, query):
        make_action_point(meeting=meeting, title="A row")
        response = client.get(f"{meeting.get_absolute_url()}?{query}")
        assert response.status_code == 400
        assert "A row" not in response.content.decode()


def test_the_number_of_queries_does_not_grow(client, meeting, django_assert_num_queries):
    def add(how_many):
        for _one in range(how_many):
            make_party(make_action_point(meeting=meeting, theme="Data"))
            item = make_action_point()
            make_party(item)
            make_update(item, source=meeting.record)
            meeting.attendees.add(make_entity())

    # The meeting with its record; counts by theme, its action points, their parties; the same
    # three for what it reviewed, and what the record told; who took part.
    add(3)
    with django_assert_num_queries(9 + DAY_PICKER):
        client.get(meeting.get_absolute_url())
    # The meetings; how many each body held; what each decided; what each reviewed; those ahead.
    with django_assert_num_queries(5 + DAY_PICKER):
        client.get("/meetings/")
    add(30)
    with django_assert_num_queries(9 + DAY_PICKER):
        client.get(meeting.get_absolute_url())
    with django_assert_num_queries(5 + DAY_PICKER):
        client.get("/meetings/")


@pytest.mark.usefixtures("documents")
def test_the_july_2020_meetings_of_the_documents(client):
    """By hand from the records: RG1 decided 5, and reviewed 15 of OPAG's: 2, 3 and 10."""
    address, day = "/meetings/rg1-2020-07-16/", date(2020, 7, 16)
    context = client.get(address, {"as_of": day.isoformat()}).context
    assert context["headlines"][0].figure.count == 5
    totals = context["reviewed"].table.totals
    assert {cell.word.code: cell.figure.count for cell in totals.cells} == {
        "completed": 2,
        "in_progress": 3,
        "pending": 10,
    }
    assert len(context["reviewed"].rows) == 15
    assert check_figures(client, address, day) > 10


class TestMeetingsAhead:
    def test_are_listed_with_their_packs_but_not_on_a_past_day(self, settings, staff_client):
        settings.TRACKER_AS_OF = date(2020, 7, 16)
        later = make_meeting(held_on=date(2020, 9, 1), title="Next but one")
        soon = make_meeting(held_on=date(2020, 8, 1), title="Next")
        make_meeting(held_on=date(2020, 7, 16), title="Today's")
        draft = make_meeting(held_on=date(2020, 8, 2), title="Draft", published=False)
        assert Client().get("/meetings/").context["ahead"] == [soon, later]
        assert staff_client.get("/meetings/").context["ahead"] == [soon, draft, later]
        of_body = Client().get("/meetings/", {"body": "nobody"})
        assert of_body.status_code == 400
        assert f'href="/meetings/{soon.slug}/pack/"' in Client().get("/meetings/").content.decode()
        past = Client().get("/meetings/", {"as_of": "2020-07-15"})
        assert past.context["ahead"] == []

    def test_the_page_of_one_leads_to_its_pack_and_to_what_changed_since(self):
        meeting = make_meeting(held_on=date(2020, 7, 9))
        page = Client().get(meeting.get_absolute_url()).content.decode()
        assert f'href="/meetings/{meeting.slug}/pack/"' in page
        assert f'href="/changes/?from_meeting={meeting.slug}"' in page
        same_day = Client().get(meeting.get_absolute_url(), {"as_of": "2020-07-09"})
        assert "from_meeting" not in same_day.content.decode()
