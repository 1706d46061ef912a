"""The files of action points and of recommendations."""

from datetime import date

import pytest

from actionpoints.models import ActionPoint, Mandate
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_review,
    make_source,
    make_update,
    make_workplan,
)
from tests.public_pages import read_csv
from workplans import chunks
from workplans.pages import file_address

pytestmark = pytest.mark.django_db

COLUMNS = (
    "ref body meeting meeting_date theme parent level title status status_label status_since "
    "wording leads supporting timeframe due timeliness last_reported_on narrative deliverables "
    "recommendation source url review combine_with comments indicators "
    "locator archived timeframe_inherited uncertain"
)
RECOMMENDATION_COLUMNS = (
    "ref review body issued_on archived number title text addressees response response_label "
    "response_words second_opinion second_opinion_by follow_up_actions follow_up_open "
    "follow_up_overdue follow_up_completed follow_up_in_progress follow_up_pending "
    "follow_up_discontinued follow_up_not_reported led_to source url"
)


def test_has_the_columns_in_their_order_and_every_fact_of_the_day(client):
    opag = make_entity(acronym="OPAG")
    meeting = make_meeting(
        body=opag, title="OPAG, July 2020", slug="opag-2020-07-09", held_on=date(2020, 7, 9)
    )
    item = make_action_point(
        meeting=meeting,
        number="1",
        title="Speed it up",
        theme="Data",
        wording="provisional",
        comments="Much discussed.",
        indicators="It is faster",
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

    others = [make_action_point(ref=ref) for ref in ("COMBINE-B", "COMBINE-A")]
    hidden = make_action_point(meeting=make_meeting(published=False))
    item.combine_with.add(*others, hidden)

    rows = read_csv(client.get("/action-points.csv?as_of=2021-06-30"))
    (row,) = [one for one in rows if one["ref"] == item.ref]

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
        "review": "",
        "combine_with": "COMBINE-B; COMBINE-A",
        "comments": "Much discussed.",
        "indicators": "It is faster",
        "locator": row["locator"],
        "archived": "no",
        "timeframe_inherited": "no",
        "uncertain": "",
    }


def test_what_follows_up_a_recommendation_names_it_and_no_meeting(client):
    recommendation = make_recommendation(
        ref="WSR-13.7", review=make_review(title="Whole of System Review")
    )
    make_action_point(recommendation=recommendation)
    (row,) = read_csv(client.get("/action-points.csv"))
    assert (row["recommendation"], row["body"], row["meeting"], row["meeting_date"]) == (
        "WSR-13.7",
        "",
        "",
        "",
    )
    assert row["review"] == "Whole of System Review"


def test_follow_up_of_an_archived_review_is_there_when_asked_for(client):
    review = make_review(archived_on=date(2021, 1, 1))
    item = make_action_point(recommendation=make_recommendation(review=review))
    for query, refs in (
        ({"as_of": "2021-01-01"}, []),
        ({"as_of": "2020-12-31"}, [item.ref]),
        ({"archived": "only"}, [item.ref]),
    ):
        rows = read_csv(client.get("/action-points.csv", query))
        assert [row["ref"] for row in rows] == refs


@pytest.mark.parametrize("size", [3, 30])
def test_costs_the_same_for_3_and_for_30_rows(client, django_assert_num_queries, size):
    for _number in range(size):
        item = make_action_point()
        make_party(item)
        make_update(item, source=make_source())
        Mandate.objects.create(deliverable=make_deliverable(), by_action_point=item)
        item.combine_with.set(ActionPoint.objects.exclude(pk=item.pk)[:1])
    # The names of entities, the items' keys, their meetings; items, their parties, the sources of
    # their last rows, deliverables, what to combine them with.
    with django_assert_num_queries(3 + 5):
        assert len(read_csv(client.get("/action-points.csv"))) == size


def test_refuses_what_is_not_understood(client):
    response = client.get("/action-points.csv?priority=high")
    assert response.status_code == 400
    assert "priority" in response.content.decode()


class TestRecommendationsFile:
    URL = "/recommendations.csv"

    def test_has_the_columns_in_their_order_and_every_fact_of_the_day(self, client):
        review = make_review(
            title="Whole of System Review",
            slug="wosr-2016",
            body=make_entity(acronym="IASC WG"),
            issued_on=date(2016, 3, 7),
            source=make_source(title="The response plan"),
        )
        one = make_recommendation(
            review=review,
            number="13.4.2",
            title="=Strengthen the cluster",
            text="In all countries.",
            response="partially_accepted",
            response_words="The bulk is accepted.",
            second_opinion="Otherwise.",
            second_opinion_by=make_entity(acronym="SUBGROUP"),
        )
        for order, acronym in enumerate(("UNHCR", "ERC")):
            one.addressees.create(entity=make_entity(acronym=acronym), order=order)
        done, pending, silent = (make_action_point(recommendation=one) for _one in range(3))
        late = make_action_point(
            recommendation=one, initial_timeframe="in 2020", initial_latest=date(2020, 12, 31)
        )
        make_action_point(recommendation=one, level="part", parent=silent)
        make_update(done, status="completed", narrative="Out.", effective_on=date(2021, 1, 1))
        for item, status in ((pending, "pending"), (late, "in_progress")):
            make_update(item, status=status, effective_on=date(2021, 1, 1))
        first = make_deliverable(ref="FIRST")
        make_deliverable(ref="SECOND", continues=first)
        Mandate.objects.create(deliverable=first, by_action_point=done)
        secret = make_deliverable(priority_area=make_area(workplan=make_workplan(published=False)))
        Mandate.objects.create(deliverable=secret, by_recommendation=one)

        response = client.get(self.URL, {"as_of": "2021-06-30"})
        (row,) = read_csv(response)

        assert " ".join(row) == RECOMMENDATION_COLUMNS
        assert row == {
            "ref": "WOSR-2016-13.4.2",
            "review": "Whole of System Review",
            "body": "IASC WG",
            "issued_on": "2016-03-07",
            "archived": "no",
            "number": "13.4.2",
            "title": "'=Strengthen the cluster",
            "text": "In all countries.",
            "addressees": "UNHCR; ERC",
            "response": "partially_accepted",
            "response_label": "partially accepted",
            "response_words": "The bulk is accepted.",
            "second_opinion": "Otherwise.",
            "second_opinion_by": "SUBGROUP",
            "follow_up_actions": "4",
            "follow_up_open": "3",
            "follow_up_overdue": "1",
            "follow_up_completed": "1",
            "follow_up_in_progress": "1",
            "follow_up_pending": "1",
            "follow_up_discontinued": "0",
            "follow_up_not_reported": "1",
            "led_to": "FIRST; SECOND",
            "source": "The response plan",
            "url": "http://testserver/recommendations/WOSR-2016-13.4.2/",
        }
        assert response["Content-Type"] == "text/csv; charset=utf-8"

    def test_an_archived_review_is_marked_and_its_follow_up_neither_open_nor_overdue(self, client):
        review = make_review(archived_on=date(2021, 1, 1))
        make_action_point(
            recommendation=make_recommendation(review=review),
            initial_timeframe="in 2019",
            initial_latest=date(2019, 12, 31),
        )
        names = ("archived", "follow_up_actions", "follow_up_open", "follow_up_overdue")
        for day, cells in (
            ("2020-12-31", ["no", "1", "1", "1"]),
            ("2021-01-01", ["yes", "1", "0", "0"]),
        ):
            (row,) = read_csv(client.get(self.URL, {"as_of": day}))
            assert [row[name] for name in names] == cells

    def test_has_the_rows_of_the_page_in_its_order(self, client):
        archived = make_review(issued_on=date(2021, 1, 1), archived_on=date(2021, 2, 1))
        early, late = make_review(issued_on=date(2016, 3, 7)), make_review(slug="late")
        for review in (archived, early, late):
            for response in ("accepted", "none"):
                make_recommendation(review=review, response=response)
        make_recommendation(review=make_review(published=False))
        for query, count in (
            ({}, 6),
            ({"as_of": "2019-12-31"}, 2),
            ({"response": "none"}, 3),
            ({"response": ["none", "accepted"], "review": "late"}, 2),
        ):
            page = client.get("/recommendations/", query)
            shown = [
                row.recommendation.ref for review in page.context["reviews"] for row in review.rows
            ]
            rows = read_csv(client.get(file_address(page.context["listing"].all_url, "csv")))
            assert [row["ref"] for row in rows] == shown
            assert len(shown) == count

    def test_says_in_its_name_what_and_which_filter_and_which_day(self, client):
        make_recommendation(review=make_review(slug="wosr-2016"))
        query = {"review": "wosr-2016", "response": "none", "as_of": "2021-06-30"}
        assert client.get(self.URL, query)["Content-Disposition"] == (
            'attachment; filename="recommendations_wosr-2016_none_as-of-2021-06-30.csv"'
        )

    def test_names_a_source_that_is_not_public_to_staff_only(self, client, staff_client):
        secret = make_source(title="Secret paper", published=False)
        make_recommendation(review=make_review(source=secret))
        make_recommendation(review=make_review())
        assert {row["source"] for row in read_csv(client.get(self.URL))} == {""}
        assert {row["source"] for row in read_csv(staff_client.get(self.URL))} == {
            "Secret paper",
            "",
        }

    def test_is_read_chunk_by_chunk(self, client, monkeypatch, django_assert_num_queries):
        for _number in range(4):
            one = make_recommendation()
            one.addressees.create(entity=make_entity())
            follow_up = make_action_point(recommendation=one)
            Mandate.objects.create(deliverable=make_deliverable(), by_action_point=follow_up)
        # The recommendations, their addressees; the follow-up by status; the follow-up actions
        # that led to something, what these led to (two steps), and the deliverables among that.
        with django_assert_num_queries(2 + 1 + 1 + 3):
            rows = read_csv(client.get(self.URL))
        assert [row["follow_up_actions"] for row in rows] == ["1"] * 4
        assert all(row["led_to"] for row in rows)
        monkeypatch.setattr(chunks, "CHUNK", 2)
        with django_assert_num_queries(1 + 2 * 6):
            assert read_csv(client.get(self.URL)) == rows

    @pytest.mark.parametrize(
        "query", ["foo=1", "response=perhaps", "review=none", "as_of=2021-02-30", "status=pending"]
    )
    def test_refuses_what_is_not_understood_in_the_page_s_own_words(self, client, query):
        make_recommendation()
        page = client.get(f"/recommendations/?{query}")
        response = client.get(f"{self.URL}?{query}")
        assert (response.status_code, page.status_code) == (400, 400)
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        words = page.context["asked"].errors
        assert response.content.decode() == "\n".join(words) + "\n"
        assert len(words) == 1
