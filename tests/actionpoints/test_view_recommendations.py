"""Recommendations: by review with their responses, and one with what became of it."""

from datetime import date

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
        assert [part.item.title for part in one.parts] == ["A component"]
        past = client.get(recommendation.get_absolute_url(), {"as_of": "2020-06-30"}).context
        assert past["follow_up"][0].row.status.code == ""

    def test_the_chain_leads_on_to_action_points_and_deliverables(self, client, recommendation):
        direct, by_follow_up, by_action_point, later = (make_deliverable() for _one in range(4))
        follow_up = make_action_point(meeting=None, recommendation=recommendation)
        taken_up = make_action_point()
        Mandate.objects.create(deliverable=direct, by_recommendation=recommendation)
        Mandate.objects.create(deliverable=by_follow_up, by_action_point=follow_up)
        Mandate.objects.create(action_point=taken_up, by_recommendation=recommendation)
        Mandate.objects.create(deliverable=by_action_point, by_action_point=taken_up)
        Mandate.objects.create(
            deliverable=later, by_recommendation=recommendation, decided_on=date(2021, 7, 1)
        )
        context = client.get(recommendation.get_absolute_url(), DAY).context
        assert {row.item for row in context["deliverables"]} == {
            direct,
            by_follow_up,
            by_action_point,
        }
        assert [row.item for row in context["action_points"]] == [taken_up]

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

    # The recommendation, whom it is addressed to; follow-up actions, deliverables and action
    # points that take it up, each with their parties.
    add(3)
    with django_assert_num_queries(8):
        client.get(recommendation.get_absolute_url())
    # The responses by review; the recommendations, their addressees; the follow-up by status.
    with django_assert_num_queries(4):
        client.get(URL)
    add(30)
    with django_assert_num_queries(8):
        client.get(recommendation.get_absolute_url())
    with django_assert_num_queries(4):
        client.get(URL)
