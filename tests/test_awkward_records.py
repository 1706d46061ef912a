"""Records as real documents print them, and that the model holds each without bending it."""

from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError

from actionpoints.models import ActionPoint, Mandate, Recommendation
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
    make_staff,
    make_update,
    make_workplan,
)
from tests.figures import check_figures
from workplans.models import Deliverable, Level, Role

pytestmark = pytest.mark.django_db


def test_a_recommendation_whose_number_is_not_printed_and_with_a_second_opinion():
    recommendation = make_recommendation(
        review=make_review(slug="protection-review"),
        number="13.4.2",
        number_printed=False,
        response=Recommendation.Response.NEEDS_ANALYSIS,
        response_words="Needs further analysis as a whole.",
        second_opinion="Agrees on the issue, hardly on the post.",
        second_opinion_by=make_entity(kind="sub_group"),
    )
    recommendation.full_clean()
    assert recommendation.ref == "PROTECTION-REVIEW-13.4.2"


def test_a_follow_up_without_lead_whose_component_actions_have_leads_and_dates():
    recommendation = make_recommendation()
    follow_up = make_action_point(
        recommendation=recommendation, comments="Perhaps outside the group's scope."
    )
    for number, words, latest in [
        ("a", "1st draft by 24 February", date(2016, 2, 24)),
        ("b", "Endorsement by WG by 31 March", date(2016, 3, 31)),
    ]:
        part = make_action_point(
            recommendation=recommendation,
            parent=follow_up,
            level=Level.PART,
            number=number,
            initial_timeframe=words,
            initial_latest=latest,
        )
        part.responsibilities.create(entity=make_entity(), role=Role.LEAD)
        part.full_clean()
    follow_up.full_clean()
    assert ActionPoint.objects.as_of(date(2016, 1, 1)).count() == 0
    assert ActionPoint.objects.as_of(date(2020, 1, 1)).filter(level=Level.ITEM).count() == 1


def test_two_actions_of_different_recommendations_that_are_to_be_combined():
    first, second = make_action_point(), make_action_point()
    first.combine_with.add(second)
    assert list(second.combine_with.all()) == [first]


def test_a_cell_with_several_parties_in_several_roles():
    item = make_action_point()
    printed = "OCHA in consultation with UNHCR, UNICEF and other concerned organizations"
    roles = [Role.LEAD, Role.CONSULTED, Role.CONSULTED, Role.CONSULTED]
    for order, role in enumerate(roles):
        held = item.responsibilities.create(
            entity=make_entity(), role=role, order=order, as_printed=printed
        )
        held.full_clean()
    assert [held.role for held in item.responsibilities.all()] == roles


def test_one_party_as_lead_and_contributor_of_the_same_item():
    item, party = make_deliverable(), make_entity()
    for role in (Role.LEAD, Role.CONTRIBUTOR):
        item.responsibilities.create(entity=party, role=role)
    assert item.responsibilities.count() == 2


def test_a_heading_without_owner_over_activities_with_an_inherited_time_frame():
    draft = make_workplan(owner=None, archived_on=date(2016, 9, 26), starts_on=date(2016, 9, 26))
    section = make_area(workplan=draft, number="A")
    heading = make_deliverable(
        priority_area=section, level=Level.HEADING, indicators="Materials are posted."
    )
    activity = make_deliverable(
        priority_area=section,
        parent=heading,
        introduced_on=date(2016, 9, 26),
        initial_timeframe="October 2016 – February 2017",
        initial_earliest=date(2016, 10, 1),
        initial_latest=date(2017, 2, 28),
        timeframe_inherited=True,
    )
    activity.responsibilities.create(
        entity=make_entity(kind="role"), role=Role.FOCAL_POINT, inherited=True
    )
    for item in (heading, activity):
        item.full_clean()
    state = Deliverable.objects.as_of(date(2020, 1, 1)).get(pk=activity.pk)
    assert (state.is_archived, state.timeliness) == (True, "")


def test_a_time_frame_that_names_no_day():
    for words in ("within 18 months", "after WHS", "TBD", "per EDG schedule"):
        item = make_deliverable(initial_timeframe=words)
        item.full_clean()
        assert Deliverable.objects.as_of(date(2020, 1, 1)).get(pk=item.pk).timeliness == "no_date"


def test_a_decision_cited_with_another_date_than_other_records_give():
    mandate = Mandate(
        deliverable=make_deliverable(),
        body=make_entity(kind="body"),
        kind=Mandate.Kind.REQUESTED,
        date_words="19 July 2020",
        decided_on=date(2020, 7, 9),
        conflict="The meeting was on 9 July 2020.",
    )
    mandate.full_clean()
    mandate.save()
    mandate.refresh_from_db()
    assert (mandate.date_words, mandate.decided_on) == ("19 July 2020", date(2020, 7, 9))


def test_an_activity_that_rests_on_a_recommendation():
    mandate = Mandate(deliverable=make_deliverable(), by_recommendation=make_recommendation())
    mandate.full_clean()
    with pytest.raises(ValidationError) as caught:
        Mandate(deliverable=make_deliverable()).full_clean()
    assert "body" in caught.value.message_dict


def test_provisional_wording_that_a_later_record_makes_final():
    item = make_action_point(
        wording="final", title="Accelerate the guidance", provisional_title="Broad endorsement"
    )
    item.full_clean()
    make_update(item, status="pending", narrative="Guidance development continues.")
    item.refresh_from_db()
    assert (item.provisional_title, item.cached_status) == ("Broad endorsement", "pending")


def test_a_draft_whose_name_the_public_does_not_see():
    review = make_review(published=False)
    make_action_point(recommendation=make_recommendation(review=review))
    make_source(is_draft=True, published=False, date_words="DRAFT 26 September")
    assert not ActionPoint.objects.visible_to(AnonymousUser()).exists()


def test_the_follow_up_counts_each_of_them_once(client):
    client.force_login(make_staff())
    recommendation = make_recommendation()
    by_parts = make_action_point(recommendation=recommendation, theme="Ω “quoted” & more")
    for number in ("a", "b"):
        part = make_action_point(
            recommendation=recommendation, parent=by_parts, level=Level.PART, number=number
        )
        make_party(part, entity=make_entity(acronym=number.upper()))
    make_action_point(recommendation=recommendation, level=Level.HEADING)
    from_nowhere = make_action_point(meeting=None, title="From nowhere")
    superseded = make_action_point(
        superseded_by=from_nowhere, superseded_on=date(2020, 8, 1), initial_timeframe="TBD"
    )
    make_update(superseded, status="pending", effective_on=date(2020, 7, 20))
    superseded.combine_with.add(by_parts)
    # Introduced before the meeting that decided it was held.
    make_action_point(
        meeting=make_meeting(held_on=date(2021, 1, 1)), introduced_on=superseded.introduced_on
    )
    for day, still in ((date(2020, 7, 31), 4), (date(2020, 8, 1), 3), (date(2021, 6, 30), 3)):
        assert check_figures(client, "/follow-up/", day) > 10
        shown = client.get("/follow-up/", {"as_of": day.isoformat()}).context
        everything, _completed, is_open, overdue, _due, _silent = shown["headlines"]
        assert [one.figure.count for one in (everything, is_open, overdue)] == [4, still, 0]
        leads = [(row.label, row.total.count) for row in shown["leads"].table.rows]
        assert leads == [("A", 1), ("B", 1), ("No lead named", 3)]
        themes = [(row.label, row.total.count) for row in shown["themes"].table.rows]
        assert themes == [("Ω “quoted” & more", 1), ("Without a theme", 3)]
