"""Recommendations: by review with their responses, and one with what became of it."""

from datetime import date
from html import escape

import pytest

from actionpoints.models import Mandate
from tests.factories import (
    make_action_point,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_review,
    make_source,
    make_update,
)
from tests.figures import DAYS, SECRET, make_site
from tests.public_pages import DAY_PICKER, read_csv, read_text
from workplans.pages import file_address

pytestmark = pytest.mark.django_db

URL = "/recommendations/"
DAY = {"as_of": "2021-06-30"}


@pytest.fixture
def review():
    return make_review(
        title="Whole of System Review",
        slug="wos-2015",
        body=make_entity(acronym="PRINCIPALS", kind="body"),
        issued_on=date(2016, 3, 7),
        source=make_source(title="The response plan"),
    )


@pytest.fixture
def recommendation(review):
    return make_recommendation(
        review=review,
        number="13.4.2",
        title="Strengthen the cluster",
        response="partially_accepted",
        response_words="The bulk is accepted.",
        second_opinion="The sub-group thinks otherwise.",
        second_opinion_by=make_entity(acronym="SUBGROUP"),
    )


class TestList:
    def test_recommendations_stand_by_review_with_response_and_addressees(
        self, client, review, recommendation
    ):
        recommendation.addressees.create(entity=make_entity(acronym="UNHCR"))
        make_recommendation(review=review, response="accepted", number_printed=False)
        response = client.get(URL)
        page = response.content.decode()
        for words in (
            "<title>Recommendations",
            'id="wos-2015"',
            "Whole of System Review",
            "7 March 2016",
            "The response plan",
            "UNHCR",
            "Partially accepted",
            "second opinion",
            "(number not printed)",
        ):
            assert words in page
        (one,) = response.context["reviews"]
        assert [(label, figure.count) for label, figure in one.responses] == [
            ("accepted", 1),
            ("partially accepted", 1),
        ]

    def test_each_response_leads_to_the_recommendations_that_it_counts(self, client):
        make_site(41, items=12)
        (review,) = client.get(URL).context["reviews"]
        for _label, figure in review.responses:
            (narrowed,) = client.get(figure.url).context["reviews"]
            assert len(narrowed.rows) == figure.count

    def test_follow_up_is_counted_by_status(self, client, recommendation):
        done = make_action_point(meeting=None, recommendation=recommendation)
        make_update(done, status="completed", effective_on=date(2021, 1, 1))
        make_action_point(meeting=None, recommendation=recommendation)
        make_action_point(meeting=None, recommendation=recommendation, level="part", parent=done)
        (one,) = client.get(URL, DAY).context["reviews"]
        assert dict(one.rows[0].follow_up.statuses) == {"completed": 1, "": 1}
        (one,) = client.get(URL, {"as_of": "2020-12-31"}).context["reviews"]
        assert dict(one.rows[0].follow_up.statuses) == {"": 2}

    def test_what_a_recommendation_led_to_is_counted_with_that_of_its_follow_up(
        self, client, review, recommendation
    ):
        follow_up = make_action_point(recommendation=recommendation)
        direct, carried = make_deliverable(), make_deliverable()
        Mandate.objects.create(deliverable=direct, by_recommendation=recommendation)
        Mandate.objects.create(
            deliverable=carried, by_action_point=follow_up, decided_on=date(2021, 1, 1)
        )
        make_deliverable(continues=carried)
        make_recommendation(review=review)
        for day, led_to, words in (
            ("2021-01-01", 3, "Led to 3 items"),
            ("2020-12-31", 1, "Led to 1 item"),
        ):
            response = client.get(URL, {"as_of": day})
            (one,) = response.context["reviews"]
            assert [row.led_to for row in one.rows] == [led_to, 0]
            assert f"{words}</a>" in response.content.decode()

    def test_running_reviews_stand_before_archived_ones(self, client, review):
        make_recommendation(review=review)
        make_recommendation(
            review=make_review(issued_on=date(2020, 6, 1), archived_on=date(2021, 1, 1))
        )
        make_recommendation(review=make_review(issued_on=date(2020, 3, 1)))

        def shown(day):
            found = client.get(URL, {"as_of": day}).context["reviews"]
            return [(one.review.issued_on.year, one.review.issued_on.month) for one in found]

        assert shown("2020-12-31") == [(2020, 6), (2020, 3), (2016, 3)]
        assert shown("2021-01-01") == [(2020, 3), (2016, 3), (2020, 6)]
        page = client.get(URL, {"as_of": "2021-01-01"}).content.decode()
        assert page.count('<span class="mark">archived</span>') == 1

    def test_the_file_has_the_rows_of_the_page(self, client, recommendation):
        query = {"review": "wos-2015", "response": "partially_accepted", **DAY}
        page = client.get(URL, query)
        file_url = file_address(page.context["listing"].all_url, "csv")
        assert file_url == (
            "/recommendations.csv?review=wos-2015&response=partially_accepted&as_of=2021-06-30"
        )
        assert f'href="{escape(file_url)}" download' in page.content.decode()
        assert [row["ref"] for row in read_csv(client.get(file_url))] == [recommendation.ref]

    def test_a_review_and_a_response_that_do_not_meet_are_said_so(self, client, recommendation):
        page = client.get(URL, {"review": "wos-2015", "response": "accepted"}).content.decode()
        assert "No recommendation is of that review and has that response." in page
        assert "Download as CSV" not in page

    def test_a_review_after_the_day_is_not_known_yet(self, client, recommendation):
        page = client.get(URL, {"as_of": "2016-03-06"}).content.decode()
        assert "No recommendation was public by 6 March 2016." in page
        assert "Strengthen" in client.get(URL, {"as_of": "2016-03-07"}).content.decode()

    @pytest.mark.parametrize(
        "query", ["as_of=x", "review=nothing", "response=perhaps", "status=pending"]
    )
    def test_words_and_no_rows_for_what_is_not_understood(self, client, recommendation, query):
        response = client.get(f"{URL}?{query}")
        page = response.content.decode()
        assert response.status_code == 400
        assert "This address was not understood" in page
        assert "Strengthen" not in page


class TestOne:
    def test_it_tells_the_response_and_the_second_opinion(self, client, recommendation):
        recommendation.addressees.create(entity=make_entity(acronym="UNHCR"))
        page = client.get(recommendation.get_absolute_url()).content.decode()
        for words in (
            "Strengthen the cluster",
            "Partially accepted",
            "The bulk is accepted.",
            "Second opinion, by SUBGROUP:",
            "The sub-group thinks otherwise.",
            "UNHCR",
            "13.4.2",
        ):
            assert words in page

    def test_a_ref_with_dots_is_an_address(self, client, recommendation):
        assert recommendation.ref == "WOS-2015-13.4.2"
        assert recommendation.get_absolute_url() == "/recommendations/WOS-2015-13.4.2/"
        assert client.get(recommendation.get_absolute_url()).status_code == 200

    def test_follow_up_actions_come_with_status_and_parts(self, client, recommendation):
        action = make_action_point(
            meeting=None, recommendation=recommendation, title="Follow it up"
        )
        make_action_point(
            meeting=None,
            recommendation=recommendation,
            level="part",
            parent=action,
            title="A component",
        )
        make_update(action, status="in_progress", effective_on=date(2021, 1, 1))
        context = client.get(recommendation.get_absolute_url(), DAY).context
        (one,) = context["follow_up"]
        assert (one.row.item, one.row.status.code) == (action, "in_progress")
        assert [part.row.item.title for part in one.parts] == ["A component"]
        past = client.get(recommendation.get_absolute_url(), {"as_of": "2020-06-30"}).context
        assert past["follow_up"][0].row.status.code == ""

    def test_a_follow_up_action_tells_all_that_the_document_prints_of_it(
        self, client, staff_client, recommendation
    ):
        heading = make_action_point(
            recommendation=recommendation, level="heading", title="Advocacy", order=1
        )
        action = make_action_point(
            recommendation=recommendation,
            parent=heading,
            title="Bring it before the office",
            description="With all its parts.",
            comments="Beyond the scope?",
            initial_timeframe="after WHS",
            order=2,
        )
        make_party(action, entity=make_entity(acronym="NRC"))
        make_party(action, entity=make_entity(acronym="HRUF"), role="consulted")
        part = make_action_point(
            recommendation=recommendation,
            parent=action,
            level="part",
            number="(i)",
            title="Draft a letter",
            comments="A first draft.",
            initial_timeframe="by 31 March",
            order=3,
        )
        make_party(part, entity=make_entity(acronym="WG"))
        make_update(action, status="pending", narrative="No news.", effective_on=date(2021, 1, 1))
        other = make_action_point(title="The other one")
        part.combine_with.add(other)
        action.combine_with.add(other)
        action.combine_with.add(
            make_action_point(title="Secret", meeting=make_meeting(published=False))
        )
        text = read_text(client.get(recommendation.get_absolute_url(), DAY))
        told = text.split("Follow-up actions", 1)[1]
        assert (
            f"1 follow-up action: 1 Pending Advocacy {heading.ref} "
            f"Bring it before the office {action.ref} Pending since 1 January 2021 no date "
            "With all its parts. No news. Leads NRC (lead) Others HRUF (consulted) "
            "Time frame after WHS Comments in the document Beyond the scope? "
            "Parts (i) Draft a letter WG (lead) by 31 March no date A first draft. "
            f"To be combined with The other one {other.ref} "
            f"To be combined with The other one {other.ref}"
        ) in told
        assert "Secret" not in text
        assert "Secret" in read_text(staff_client.get(recommendation.get_absolute_url(), DAY))

    def test_follow_up_of_an_archived_review_is_not_judged(self, client, review, recommendation):
        make_action_point(
            recommendation=recommendation,
            initial_timeframe="by 31 March 2020",
            initial_latest=date(2020, 3, 31),
        )
        assert "overdue by 456 days" in read_text(
            client.get(recommendation.get_absolute_url(), DAY)
        )
        review.archived_on = date(2020, 6, 1)
        review.save()
        text = read_text(client.get(recommendation.get_absolute_url(), DAY))
        assert "The review is archived from 1 June 2020" in text
        assert "overdue by" not in text

    def test_the_chain_leads_on_to_action_points_and_deliverables(self, client, recommendation):
        direct, by_follow_up, by_part, by_action_point, later = (
            make_deliverable(title=title)
            for title in ("Direct", "By follow-up", "By part", "By action point", "Later")
        )
        follow_up = make_action_point(meeting=None, recommendation=recommendation)
        part = make_action_point(recommendation=recommendation, level="part", parent=follow_up)
        taken_up = make_action_point(title="Taken up")
        Mandate.objects.create(deliverable=direct, by_recommendation=recommendation)
        Mandate.objects.create(deliverable=by_follow_up, by_action_point=follow_up, inferred=True)
        Mandate.objects.create(deliverable=by_part, by_action_point=part)
        Mandate.objects.create(action_point=taken_up, by_recommendation=recommendation)
        Mandate.objects.create(deliverable=by_action_point, by_action_point=taken_up)
        Mandate.objects.create(
            deliverable=later, by_recommendation=recommendation, decided_on=date(2021, 7, 1)
        )
        response = client.get(recommendation.get_absolute_url(), DAY)

        def tree(steps):
            return {step.row.item: tree(step.below) for step in steps}

        assert tree(response.context["steps"]) == {direct: {}, taken_up: {by_action_point: {}}}
        (one,) = response.context["follow_up"]
        assert tree(one.steps) == {by_follow_up: {}}
        assert tree(one.parts[0].steps) == {by_part: {}}
        text = read_text(response)
        follow_up_words, own_words = text.split("Follow-up actions", 1)[1].rsplit(
            "What it led to", 1
        )
        assert f"By follow-up {by_follow_up.ref} inferred" in follow_up_words
        assert "By part" in follow_up_words
        assert own_words.index("Direct") < own_words.index("Taken up")
        assert own_words.index("Taken up") < own_words.index("By action point")
        assert "no document cites it" in own_words
        assert "Later" not in text

    def test_an_inferred_step_of_the_follow_up_alone_is_explained_too(self, client, recommendation):
        follow_up = make_action_point(recommendation=recommendation)
        item = make_deliverable()
        link = Mandate.objects.create(deliverable=item, by_action_point=follow_up, inferred=True)
        address = recommendation.get_absolute_url()
        assert "no document cites it" in read_text(client.get(address))
        link.inferred = False
        link.save()
        assert "no document cites it" not in read_text(client.get(address))

    def test_a_chain_through_something_unpublished_is_not_shown(
        self, client, staff_client, recommendation
    ):
        hidden = make_action_point(meeting=make_meeting(published=False))
        item = make_deliverable(title="At its end")
        Mandate.objects.create(action_point=hidden, by_recommendation=recommendation)
        Mandate.objects.create(deliverable=item, by_action_point=hidden)
        address = recommendation.get_absolute_url()
        assert "At its end" not in client.get(address).content.decode()
        assert "At its end" in staff_client.get(address).content.decode()

    def test_before_its_review_was_issued_it_says_when(self, client, recommendation):
        response = client.get(recommendation.get_absolute_url(), {"as_of": "2016-03-06"})
        assert response.status_code == 404
        assert "was issued on 7 March 2016." in response.content.decode()

    def test_an_unknown_one_is_not_found(self, client):
        for ref in ("NOTHING-1", "%00", "x" * 300):
            assert client.get(f"{URL}{ref}/").status_code == 404

    @pytest.mark.parametrize("query", ["as_of=x", "review=wos-2015"])
    def test_words_and_no_rows_for_what_is_not_understood(self, client, recommendation, query):
        response = client.get(f"{recommendation.get_absolute_url()}?{query}")
        assert response.status_code == 400
        assert "The bulk is accepted." not in response.content.decode()


class TestWhoMaySee:
    def test_nothing_unpublished_reaches_a_visitor(self, client, staff_client):
        site = make_site(42, items=40)
        *shown, hidden = site.recommendations
        for address in [URL, *(one.get_absolute_url() for one in shown)]:
            for day in DAYS:
                asked = {"as_of": day.isoformat()} if day else {}
                assert SECRET not in client.get(address, asked).content.decode()
        assert client.get(hidden.get_absolute_url()).status_code == 404
        assert client.get(URL, {"review": "draft-review"}).status_code == 400
        assert SECRET in staff_client.get(hidden.get_absolute_url()).content.decode()
        assert SECRET in staff_client.get(URL).content.decode()
        file = b"".join(client.get("/recommendations.csv")).decode()
        assert SECRET not in file
        assert all(one.ref in file for one in shown)
        assert SECRET in b"".join(staff_client.get("/recommendations.csv")).decode()

    def test_the_name_of_an_unpublished_source_is_for_staff(
        self, client, staff_client, review, recommendation
    ):
        review.source.published = False
        review.source.save()
        for address in (URL, recommendation.get_absolute_url()):
            assert "The response plan" not in client.get(address).content.decode()
            assert "The response plan" in staff_client.get(address).content.decode()


def test_the_number_of_queries_does_not_grow(
    client, review, recommendation, django_assert_num_queries
):
    def add(how_many):
        for _one in range(how_many):
            other = make_recommendation(review=review)
            other.addressees.create(entity=make_entity())
            recommendation.addressees.create(entity=make_entity())
            make_party(make_action_point(meeting=None, recommendation=recommendation))
            item = make_deliverable()
            make_party(item)
            Mandate.objects.create(deliverable=item, by_recommendation=recommendation)
            taken_up = make_action_point()
            make_party(taken_up)
            Mandate.objects.create(action_point=taken_up, by_recommendation=recommendation)

            follow_up = make_action_point(meeting=None, recommendation=recommendation)
            follow_up.combine_with.add(make_action_point())
            Mandate.objects.create(deliverable=make_deliverable(), by_action_point=follow_up)

    # The recommendation, whom it is addressed to; follow-up actions with their parties, with what
    # these are to be combined; what all led to (two steps), the deliverables and action points.
    detail = 2 + 2 + 1 + 2 + 2
    # The recommendations, their addressees; the responses by review, the follow-up by status; the
    # follow-up actions that led to something, and what they led to.
    whole = 4 + 1 + 4
    add(3)
    with django_assert_num_queries(detail + DAY_PICKER):
        client.get(recommendation.get_absolute_url())
    with django_assert_num_queries(whole + DAY_PICKER):
        client.get(URL)
    add(30)
    with django_assert_num_queries(detail + DAY_PICKER):
        client.get(recommendation.get_absolute_url())
    with django_assert_num_queries(whole + DAY_PICKER):
        client.get(URL)
