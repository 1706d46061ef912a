"""The chain from a recommendation or decision over action points to deliverables, both ways."""

import itertools
from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser

from actionpoints.chains import LONGEST_CHAIN, LedTo, key_of, read_mandates
from actionpoints.models import ActionPoint, Mandate
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_recommendation,
    make_review,
    make_staff,
    make_update,
    make_workplan,
)
from workplans.models import Deliverable
from workplans.pages import Asked

pytestmark = pytest.mark.django_db

DAY = date(2021, 6, 30)
VISITOR = AnonymousUser()
# What each step below the start reads (the ties, one query), and then what is visible of each
# kind: here deliverables and action points. The last step finds nothing more.
QUERIES_DOWN = 4 + 2
# The same ties upwards; the mandates, deliverables, action points and recommendations.
QUERIES_UP = 3 + 4


def down(steps):
    """A tree of steps as references, with a mark for what is inferred or carried on."""
    marks = {(False, False): "", (True, False): " inferred", (False, True): " continues"}
    return {
        step.row.item.ref + marks[step.inferred, step.continues]: down(step.below) for step in steps
    }


def led_to(start, day=DAY, user=VISITOR):
    return down(LedTo([key_of(start)], Asked(day), user).steps(key_of(start)))


def up(links):
    """A tree of links as what each names: a body, references, what it leads through."""
    return {named(link): up(link.behind) for link in links}


def named(link):
    words = [f"through {link.through.item.ref}"] if link.through else []
    if link.mandate:
        words += [str(link.mandate.body)] if link.mandate.body else []
        words += ["inferred"] if link.mandate.inferred else []
    words += [row.item.ref for row in (link.action_point, link.deliverable) if row]
    return " ".join([*words, *(one.ref for one in link.recommendations)])


def asked_by(item, day=DAY, user=VISITOR):
    return up(read_mandates(item, Asked(day), user))


@pytest.fixture
def chain():
    """A recommendation, the deliverable of a first plan, an action point, two of the next plan."""
    recommendation = make_recommendation(ref="REC")
    first = make_deliverable(ref="FIRST", introduced_on=date(2016, 9, 26))
    point = make_action_point(ref="POINT")
    second, third = make_deliverable(ref="SECOND"), make_deliverable(ref="THIRD")
    Mandate.objects.create(deliverable=first, by_recommendation=recommendation)
    Mandate.objects.create(action_point=point, by_deliverable=first, inferred=True)
    rg1 = make_entity(acronym="RG1")
    for item in (second, third):
        Mandate.objects.create(deliverable=item, by_action_point=point, body=rg1)
    return recommendation, first, point, second, third


class TestWhatItLedTo:
    def test_a_recommendation_leads_over_two_plans_and_an_action_point(self, chain):
        recommendation, first, point, *_last = chain
        below = {"SECOND": {}, "THIRD": {}}
        assert led_to(recommendation) == {"FIRST": {"POINT inferred": below}}
        assert led_to(first) == {"POINT inferred": below}
        assert led_to(point) == below

    def test_what_carries_an_item_on_stands_below_it(self, chain):
        recommendation, *_between, third = chain
        make_deliverable(ref="CARRIED", continues=third)
        make_action_point(ref="AGAIN", continues=chain[2])
        assert led_to(recommendation) == {
            "FIRST": {
                "POINT inferred": {
                    "SECOND": {},
                    "THIRD": {"CARRIED continues": {}},
                    "AGAIN continues": {},
                }
            }
        }

    def test_an_item_that_cites_and_continues_another_stands_there_once(self):
        first = make_deliverable(ref="FIRST")
        second = make_deliverable(ref="SECOND", continues=first)
        Mandate.objects.create(deliverable=second, by_deliverable=first, inferred=True)
        assert led_to(first) == {"SECOND inferred": {}}
        Mandate.objects.create(deliverable=second, by_deliverable=first)
        assert led_to(first) == {"SECOND": {}}, "one citation is enough for it to be cited"

    def test_an_item_with_two_authors_stands_below_both_and_unfolds_once(self):
        start, one, two = make_recommendation(), make_action_point(), make_action_point()
        shared, last = make_deliverable(ref="SHARED"), make_deliverable(ref="LAST")
        for point in (one, two):
            Mandate.objects.create(action_point=point, by_recommendation=start)
            Mandate.objects.create(deliverable=shared, by_action_point=point)
        Mandate.objects.create(deliverable=last, by_deliverable=shared)
        first, second = LedTo([key_of(start)], Asked(DAY), VISITOR).steps(key_of(start))
        assert down(first.below) == {"SHARED": {"LAST": {}}}
        assert down(second.below) == {"SHARED": {}}
        assert (first.below[0].anchor, first.below[0].again) == ("SHARED", "")
        assert (second.below[0].anchor, second.below[0].again) == ("", "SHARED")

    def test_a_circle_ends(self):
        one, two = make_action_point(ref="ONE"), make_action_point(ref="TWO")
        Mandate.objects.create(action_point=one, by_action_point=two)
        Mandate.objects.create(action_point=two, by_action_point=one)
        assert led_to(one) == {"TWO": {"ONE": {}}}
        assert asked_by(one) == {"TWO": {"ONE": {}}}

    def test_a_circle_of_continuations_ends(self):
        one = make_deliverable(ref="ONE")
        two = make_deliverable(ref="TWO", continues=one)
        Deliverable.objects.filter(pk=one.pk).update(continues=two)
        one.refresh_from_db()
        assert led_to(one) == {"TWO continues": {"ONE continues": {}}}
        assert asked_by(one) == {}

    def test_the_longest_chain_is_cut(self):
        items = [make_deliverable(ref=f"D-{number}") for number in range(LONGEST_CHAIN + 3)]
        for before, after in itertools.pairwise(items):
            Mandate.objects.create(deliverable=after, by_deliverable=before)
        found = LedTo([key_of(items[0])], Asked(DAY), VISITOR)
        refs = [f"D-{number + 1}" for number in range(LONGEST_CHAIN)]
        assert found.refs([key_of(items[0])]) == refs
        links, depth = read_mandates(items[-1], Asked(DAY), VISITOR), 0
        while links:
            links, depth = links[0].behind, depth + 1
        assert depth == LONGEST_CHAIN

    def test_references_of_several_starts_leave_these_out_and_name_each_once(self, chain):
        recommendation, first, *_rest = chain
        follow_up = make_action_point(ref="FOLLOW-UP", recommendation=recommendation)
        Mandate.objects.create(deliverable=first, by_action_point=follow_up)
        Mandate.objects.create(action_point=follow_up, by_recommendation=recommendation)
        starts = [key_of(recommendation), key_of(follow_up)]
        found = LedTo(starts, Asked(DAY), VISITOR)
        assert found.refs(starts) == ["FIRST", "POINT", "SECOND", "THIRD"]
        assert found.refs(starts[:1])[:2] == ["FIRST", "FOLLOW-UP"]

    def test_the_state_is_that_of_the_day(self, chain):
        make_update(chain[3], status="ongoing", effective_on=date(2021, 1, 1))
        make_update(chain[3], status="completed", narrative="Out.", effective_on=date(2021, 7, 1))
        (step, _other) = LedTo([key_of(chain[2])], Asked(DAY), VISITOR).steps(key_of(chain[2]))
        assert step.row.status.code == "ongoing"


class TestWhoAskedForIt:
    def test_a_deliverable_leads_back_over_two_plans_to_the_recommendation(self, chain):
        second = chain[3]
        assert asked_by(second) == {"RG1 POINT": {"inferred FIRST": {"REC": {}}}}
        assert asked_by(chain[1]) == {"REC": {}}

    def test_what_carries_an_item_on_shows_who_asked_for_that(self, chain):
        carried = make_deliverable(continues=chain[3])
        again = make_deliverable(continues=carried)
        behind = {"RG1 POINT": {"inferred FIRST": {"REC": {}}}}
        assert asked_by(carried) == {"through SECOND": behind}
        assert asked_by(again) == {f"through {carried.ref}": {"through SECOND": behind}}
        Mandate.objects.create(deliverable=carried, body=make_entity(acronym="OPAG"))
        assert asked_by(carried) == {"OPAG": {}, "through SECOND": behind}

    def test_nobody_asked_for_what_it_continues(self):
        item = make_deliverable(continues=make_deliverable())
        assert asked_by(item) == {}

    def test_an_action_point_in_between_may_be_carried_on_too(self, chain):
        again = make_action_point(ref="AGAIN", continues=chain[2])
        item = make_deliverable()
        Mandate.objects.create(deliverable=item, by_action_point=again)
        assert asked_by(item) == {"AGAIN": {"through POINT": {"inferred FIRST": {"REC": {}}}}}

    def test_a_follow_up_action_names_its_recommendation(self):
        recommendation = make_recommendation(ref="REC")
        follow_up = make_action_point(ref="FOLLOW-UP", recommendation=recommendation)
        item = make_deliverable()
        Mandate.objects.create(deliverable=item, by_action_point=follow_up)
        assert asked_by(item) == {"FOLLOW-UP REC": {}}
        carried = make_action_point(continues=follow_up)
        assert asked_by(carried) == {"through FOLLOW-UP REC": {}}

    def test_a_recommendation_is_not_named_before_its_review_was_issued(self):
        review = make_review(issued_on=date(2020, 6, 1))
        recommendation = make_recommendation(ref="REC", review=review)
        follow_up = make_action_point(ref="FOLLOW-UP", recommendation=recommendation)
        item = make_deliverable()
        Mandate.objects.create(deliverable=item, by_action_point=follow_up)
        assert asked_by(item, date(2020, 5, 31)) == {"FOLLOW-UP": {}}
        assert asked_by(item, date(2020, 6, 1)) == {"FOLLOW-UP REC": {}}

    def test_mandates_stand_by_their_day_and_undated_ones_last(self):
        item = make_deliverable()
        days = {"NEVER": None, "LATE": date(2021, 1, 1), "EARLY": date(2020, 1, 1)}
        for acronym, day in days.items():
            body = make_entity(acronym=acronym)
            Mandate.objects.create(deliverable=item, body=body, decided_on=day)
        assert list(asked_by(item)) == ["EARLY", "LATE", "NEVER"]

    def test_an_author_that_two_mandates_name_unfolds_once(self, chain):
        _recommendation, _first, point, *_rest = chain
        item = make_deliverable()
        for kind in ("requested", "endorsed"):
            Mandate.objects.create(deliverable=item, by_action_point=point, kind=kind)
        one, two = read_mandates(item, Asked(DAY), VISITOR)
        assert up(one.behind) == {"inferred FIRST": {"REC": {}}}
        assert (one.anchor, one.again) == ("POINT", None)
        assert (two.behind, two.again) == ([], one)


class TestWhoMaySee:
    def hide(self, chain, number):
        """Put one of the chain's items into something that is not published."""
        item = chain[number]
        if isinstance(item, ActionPoint):
            item.meeting = make_meeting(published=False)
        else:
            item.priority_area = make_area(workplan=make_workplan(published=False))
        item.save()

    def test_what_is_hidden_ends_the_chain_downwards(self, chain):
        recommendation, _first, *_rest = chain
        self.hide(chain, 2)
        assert led_to(recommendation) == {"FIRST": {}}
        assert led_to(recommendation, user=make_staff()) == {
            "FIRST": {"POINT inferred": {"SECOND": {}, "THIRD": {}}}
        }
        self.hide(chain, 1)
        assert led_to(recommendation) == {}

    def test_what_is_hidden_ends_the_chain_upwards(self, chain):
        second = chain[3]
        self.hide(chain, 1)
        assert asked_by(second) == {"RG1 POINT": {}}, "of the earlier plan no word"
        self.hide(chain, 2)
        assert asked_by(second) == {"RG1": {}}, "the body is the item's own"
        assert asked_by(second, user=make_staff()) == {"RG1 POINT": {"inferred FIRST": {"REC": {}}}}

    def test_a_hidden_item_that_is_carried_on_is_passed_over(self, chain):
        carried = make_deliverable(continues=chain[3])
        self.hide(chain, 3)
        assert asked_by(carried) == {}
        assert list(asked_by(carried, user=make_staff())) == ["through SECOND"]

    def test_what_came_later_is_not_known_yet(self, chain):
        recommendation, first, _point, second, third = chain
        late = date(2021, 7, 1)
        Deliverable.objects.filter(pk=second.pk).update(introduced_on=late)
        Mandate.objects.filter(deliverable=third).update(decided_on=late)
        carried = make_deliverable(ref="CARRIED", continues=first, introduced_on=late)
        assert led_to(recommendation) == {"FIRST": {"POINT inferred": {}}}
        assert led_to(recommendation, late) == {
            "FIRST": {"CARRIED continues": {}, "POINT inferred": {"SECOND": {}, "THIRD": {}}}
        }
        assert asked_by(third) == {}
        assert asked_by(carried, late) == {"through FIRST": {"REC": {}}}

    def test_what_was_withdrawn_is_left_out(self, chain):
        recommendation, _first, point, *_rest = chain
        ActionPoint.objects.filter(pk=point.pk).update(withdrawn_on=DAY)
        assert led_to(recommendation) == {"FIRST": {}}
        assert asked_by(chain[3]) == {"RG1": {}}

    def test_an_unpublished_review_is_not_named(self, chain):
        recommendation, first, *_rest = chain
        recommendation.review.published = False
        recommendation.review.save()
        assert asked_by(first) == {}
        assert asked_by(first, user=make_staff()) == {"REC": {}}


@pytest.mark.parametrize("size", [1, 30])
def test_costs_the_same_for_1_and_for_30_at_each_step(chain, size, django_assert_num_queries):
    recommendation, first, _point, second, _third = chain
    for _number in range(size):
        Mandate.objects.create(deliverable=first, by_recommendation=make_recommendation())
        between = make_action_point()
        Mandate.objects.create(action_point=between, by_deliverable=first)
        Mandate.objects.create(deliverable=second, by_action_point=between)
    with django_assert_num_queries(QUERIES_DOWN):
        assert len(LedTo([key_of(recommendation)], Asked(DAY), VISITOR).rows) == 4 + size
    with django_assert_num_queries(QUERIES_UP):
        assert len(read_mandates(second, Asked(DAY), VISITOR)) == 1 + size
