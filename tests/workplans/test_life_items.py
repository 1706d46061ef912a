"""Discontinuing, superseding, withdrawing, restoring, deleting and finally wording items."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from actionpoints.models import Mandate
from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_party,
    make_recommendation,
    make_source,
    make_update,
)
from tests.life import confirm, difference, figures, look, make_part, refusals, take, told
from workplans import days
from workplans.models import Deliverable, SpentReference

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_ledger")]


YESTERDAY = timedelta(days=1)


ITEMS = pytest.mark.parametrize("make", [make_deliverable, make_action_point])


@ITEMS
class TestDiscontinuing:
    def test_closes_items_and_their_open_parts_with_the_reason(self, staff_client, make):
        items = [make(initial_timeframe="May 2021", initial_latest=date(2021, 5, 31)), make()]
        part = make_part(items[0])
        silent_part = make_part(items[0])
        make_update(part, status=part.STATUSES[-2].code, effective_on=date(2021, 1, 1))
        done = make()
        make_update(done, status="completed", effective_on=date(2021, 1, 1))
        before = figures()

        page = take(staff_client, "discontinue", *items, done, narrative="The mandate ended.")
        assert "closed already" in told(page)
        assert done.title in told(page).split("closed already")[1]
        for one in (*items, part):
            one.refresh_from_db()
            assert (one.cached_status, one.cached_narrative) == (
                "discontinued",
                "The mandate ended.",
            )
        silent_part.refresh_from_db()
        done.refresh_from_db()
        assert (silent_part.cached_status, done.cached_status) == ("", "completed")
        kind = "deliverable" if make is make_deliverable else "action_point"
        moved = {f"{kind} open": -2, f"{kind} overdue": -1, f"{kind} silent for 60 days": -2}
        assert difference(before, figures()) == moved

    def test_is_all_or_nothing(self, staff_client, make):
        items = [make(), make()]
        page = look(
            staff_client, "discontinue", *items, narrative="Over.", effective_on="2030-01-01"
        )
        answer = confirm(staff_client, page)
        assert answer.status_code == 200
        assert "lies ahead" in refusals(answer)
        assert not page.context["outcomes"]
        assert not any(item.updates.exists() for item in items)

    def test_refuses_headings_and_what_is_closed(self, staff_client, make):
        heading = make(level="heading")
        page = look(staff_client, "discontinue", heading, narrative="Over.")
        assert heading.ref in refusals(page)
        done = make()
        make_update(done, status="completed", effective_on=date(2021, 1, 1))
        page = look(staff_client, "discontinue", done, narrative="Over.")
        assert "closed already" in refusals(page)

    def test_does_not_hide_behind_a_later_status(self, staff_client, make):
        item = make()
        make_update(item, status=item.STATUSES[-2].code, effective_on=date(2021, 6, 1))
        early = make_source(dated=date(2021, 3, 1))
        for answers in ({"effective_on": "2021-05-31"}, {"source": str(early.pk)}):
            page = look(staff_client, "discontinue", item, narrative="Over.", **answers)
            assert "A later status is known" in refusals(page)
            assert item.ref in refusals(page)
        take(staff_client, "discontinue", item, narrative="Over.", effective_on="2021-06-01")
        assert item.cached_status == "discontinued"

    def test_shows_what_was_told_meanwhile_and_asks_again(self, staff_client, make):
        origin = (
            {"priority_area": make_area()}
            if make is make_deliverable
            else {"meeting": make_meeting()}
        )
        items = [make(**origin) for _ in range(202)]
        page = look(staff_client, "discontinue", *items, narrative="Over.")
        make_update(items[-1], narrative="Nearly out.", effective_on=date(2021, 6, 1))
        answer = confirm(staff_client, page)
        assert "This is not what was shown" in answer.content.decode()
        assert not items[0].updates.exists()

    def test_refuses_what_is_withdrawn(self, staff_client, make):
        item = make(withdrawn_on=date(2021, 1, 1))
        page = look(staff_client, "discontinue", item, narrative="Over.")
        assert "Withdrawn" in refusals(page)

    def test_needs_a_reason(self, staff_client, make):
        page = look(staff_client, "discontinue", make(), narrative=" ")
        assert "This field is required" in refusals(page)


@ITEMS
class TestSuperseding:
    def test_closes_items_and_keeps_their_status(self, staff_client, make):
        items, other = [make(), make()], make()
        make_update(items[0], status=items[0].STATUSES[-2].code, effective_on=date(2021, 1, 1))
        status = type(items[0]).objects.get(pk=items[0].pk).cached_status
        before, today = figures(), days.site_today()

        page = take(staff_client, "supersede", *items, superseded_by=str(other.pk))
        assert other.title in told(page)
        kind = "deliverable" if make is make_deliverable else "action_point"
        assert difference(before, figures()) == {
            f"{kind} open": -2,
            f"{kind} silent for 60 days": -1,
        }
        assert figures(day=today - YESTERDAY)[f"{kind} open"] == 3
        assert items[0].cached_status == status
        page = Client().get(items[0].get_absolute_url()).content.decode()
        assert other.get_absolute_url() in page

        take(staff_client, "restore", *items)
        assert figures() == before

    def test_refuses_a_circle_a_heading_and_a_day_too_early(self, staff_client, make):
        first, second, third = make(), make(), make()
        take(staff_client, "supersede", first, superseded_by=str(second.pk))
        take(staff_client, "supersede", second, superseded_by=str(third.pk))
        page = look(staff_client, "supersede", third, superseded_by=str(first.pk))
        assert "superseding itself" in refusals(page)
        page = look(staff_client, "supersede", third, superseded_by=str(third.pk))
        assert "superseding itself" in refusals(page)
        page = look(staff_client, "supersede", third, superseded_by=str(make(level="heading").pk))
        assert "heading" in refusals(page)
        late = make(introduced_on=date(2021, 5, 1))
        page = look(
            staff_client,
            "supersede",
            third,
            superseded_by=str(late.pk),
            superseded_on="2021-04-30",
        )
        assert "exists from 1 May 2021" in refusals(page)


@ITEMS
class TestWithdrawing:
    def test_takes_an_item_and_its_parts_out_and_back(self, staff_client, make):
        item = make()
        part = make_part(item)
        make_update(item)
        kind = "deliverable" if make is make_deliverable else "action_point"
        before, today = figures(), days.site_today()

        page = take(staff_client, "withdraw", item)
        assert part.ref in told(page)
        part.refresh_from_db()
        assert (item.withdrawn_on, part.withdrawn_on) == (today, today)
        words = kind.replace("_", " ")
        assert difference(before, figures()) == {
            f"{kind} {words}s": -1,
            f"{kind} open": -1,
        }
        assert figures(day=today - YESTERDAY)[f"{kind} open"] == 1
        assert "Withdrawn from" in Client().get(item.get_absolute_url()).content.decode()

        take(staff_client, "restore", item)
        part.refresh_from_db()
        assert part.withdrawn_on is None
        assert figures() == before

    def test_names_what_it_leaves_superseded(self, staff_client, make):
        item, old = make(), make()
        take(staff_client, "supersede", old, superseded_by=str(item.pk))
        assert old.ref in told(take(staff_client, "withdraw", item))

    def test_what_was_superseded_before_stays_so_when_it_is_restored(self, staff_client, make):
        item, other = make(), make()
        part = make_part(item)
        for one in (item, part):
            take(staff_client, "supersede", one, superseded_by=str(other.pk))
        take(staff_client, "withdraw", item)
        page = take(staff_client, "restore", item)
        assert "Not withdrawn any more" in told(page)
        part.refresh_from_db()
        assert (item.withdrawn_on, part.withdrawn_on) == (None, None)
        assert item.superseded_by == part.superseded_by == other
        assert "Not superseded any more" in told(take(staff_client, "restore", item))
        part.refresh_from_db()
        assert (item.superseded_by, part.superseded_by) == (None, other)

    def test_refuses_a_day_before_it_existed_and_days_out_of_reach(self, staff_client, make):
        item = make(introduced_on=date(2020, 5, 1))
        page = look(staff_client, "withdraw", item, withdrawn_on="2020-04-30")
        assert "exist only later" in refusals(page)
        for day in ("0001-01-01", "1991-12-31", "9999-12-31"):
            page = look(staff_client, "withdraw", item, withdrawn_on=day)
            assert "Give a day from 1 January 1992" in refusals(page), day

    def test_a_heading_goes_with_its_items_or_not_at_all(self, staff_client, make):
        heading = make(level="heading")
        place = {name: getattr(heading, name) for name in heading.ORIGIN}
        if make is make_deliverable:
            item = make(parent=heading, priority_area=heading.priority_area)
        else:
            item = make(parent=heading, meeting=heading.meeting)
        assert {name: getattr(item, name) for name in item.ORIGIN} == place
        assert item.ref in refusals(look(staff_client, "withdraw", heading))
        take(staff_client, "withdraw", heading, item)
        assert heading.withdrawn_on == item.withdrawn_on == days.site_today()
        assert heading.ref in refusals(look(staff_client, "restore", item))


@ITEMS
class TestDeleting:
    def test_removes_what_never_had_an_update_and_spends_its_reference(self, staff_client, make):
        item = make(number="7")
        part = make_part(item)
        party = make_party(item)
        Mandate.objects.create(
            body=make_entity(),
            **{"deliverable" if make is make_deliverable else "action_point": item},
        )
        place = {name: getattr(item, name) for name in item.ORIGIN}
        before = figures()

        page = take(staff_client, "delete", item)
        assert part.ref in told(page)
        assert str(party.entity) in told(page)
        assert "mandate" in told(page)
        assert not type(item).objects.filter(pk__in=[item.pk, part.pk]).exists()
        kind = "deliverable" if make is make_deliverable else "action_point"
        words = kind.replace("_", " ")
        assert difference(before, figures()) == {
            f"{kind} {words}s": -1,
            f"{kind} open": -1,
            f"{kind} silent for 60 days": -1,
        }

        again = type(item)(title="Another", number="7", **place)
        again.save()
        assert again.ref not in (item.ref, part.ref)
        with pytest.raises(ValidationError, match="not given twice"):
            type(item)(title="Another", ref=item.ref, **place).save()

    def test_refuses_what_has_a_history_or_is_referred_to(self, staff_client, make):
        told_of, continued = make(), make()
        make_update(told_of)
        successor = make(continues=continued)
        assert told_of.ref in refusals(look(staff_client, "delete", told_of))
        assert successor.ref in refusals(look(staff_client, "delete", continued))
        with_told_part = make()
        part = make_part(with_told_part)
        make_update(part)
        assert part.ref in refusals(look(staff_client, "delete", with_told_part))
        assert type(told_of).objects.count() == 5

    def test_takes_items_that_refer_to_one_another(self, staff_client, make):
        first = make()
        second = make(continues=first)
        first.superseded_by, first.superseded_on = second, date(2021, 1, 1)
        first.save()
        take(staff_client, "delete", first, second)
        assert not type(first).objects.exists()

    def test_takes_a_heading_with_all_that_stands_under_it(self, staff_client, make):
        heading = make(level="heading")
        place = "priority_area" if make is make_deliverable else "meeting"
        item = make(parent=heading, **{place: getattr(heading, place)})
        make_part(item)
        page = take(staff_client, "delete", heading)
        assert item.ref in told(page)
        assert not type(heading).objects.exists()


def test_a_deleted_recommendation_spends_its_reference_too(staff_client):
    recommendation = make_recommendation()
    url = reverse("admin:actionpoints_recommendation_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [recommendation.pk], "post": "yes"}
    assert staff_client.post(url, chosen).status_code == 302
    assert SpentReference.objects.get().ref == recommendation.ref


def test_a_file_cannot_give_a_spent_reference_again(tmp_path):
    item = make_deliverable()
    area = item.priority_area
    item.delete()
    path = tmp_path / "again.json"
    path.write_text(
        f'[{{"model": "workplans.deliverable", "fields": {{"ref": "{item.ref}", "title": "Again", '
        f'"introduced_on": "2021-01-01", "priority_area": ["{area.slug}"]}}}}]'
    )
    with pytest.raises(CommandError, match=item.ref):
        call_command("loaddata", path, verbosity=0)
    assert not Deliverable.objects.exists()


class TestFinalWording:
    def test_replaces_the_provisional_and_keeps_it(self, staff_client):
        record = make_source(title="The final record")
        item = make_action_point(title="Draft words", wording="provisional")
        page = take(
            staff_client,
            "final-wording",
            item,
            final="Final words",
            source=str(record.pk),
            locator="p. 2",
        )
        assert "Draft words" in told(page)
        assert (item.title, item.provisional_title, item.wording) == (
            "Final words",
            "Draft words",
            "final",
        )
        assert (item.source, item.locator) == (record, "p. 2")
        shown = Client().get(item.get_absolute_url()).content.decode()
        assert "Draft words" in shown
        assert "Final words" in shown

    def test_the_same_words_may_become_final(self, staff_client):
        item = make_action_point(title="The words", wording="provisional")
        take(staff_client, "final-wording", item)
        assert (item.title, item.provisional_title, item.wording) == ("The words", "", "final")

    def test_is_refused_where_the_wording_is_final(self, staff_client):
        assert "final already" in refusals(look(staff_client, "final-wording", make_action_point()))


@ITEMS
@pytest.mark.parametrize("half", ["superseded_by", "superseded_on"])
def test_what_supersedes_and_the_day_belong_together(make, half):
    item, other = make(), make()
    setattr(item, half, {"superseded_by": other, "superseded_on": date(2021, 1, 1)}[half])
    with pytest.raises(ValidationError, match="Give both"):
        item.full_clean()
