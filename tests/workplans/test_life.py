"""Steps in the life of plans and items: what each page says will happen, and what then does."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission
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
    make_review,
    make_source,
    make_staff,
    make_update,
    make_workplan,
)
from tests.life import confirm, look, refusals, step_url, take, told
from workplans import days
from workplans.models import Deliverable, SpentReference
from workplans.models.ledger_rows import REDACTED
from workplans.status import record_update
from workplans.verification import item_digests, problems

pytestmark = pytest.mark.django_db

YESTERDAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def ledger_is_whole():
    """Whatever a test does, caches, numbers and digests are right at its end."""
    yield
    assert list(problems()) == []


def figures(client=None, day=None):
    """Return the counts on the overview, as everybody sees them unless a client is given."""
    context = (client or Client()).get("/", {"as_of": day.isoformat()} if day else {}).context
    found = {}
    for kind in ("deliverable", "action_point"):
        for headline in context[f"{kind}_figures"]:
            found[f"{kind} {headline.label}"] = headline.figure.count
    found["archived deliverables"] = sum(plan.figure.count for plan in context["plans"].archived)
    found["archived action points"] = context["archived"].count
    return found


def difference(before, after):
    """Return by how much each figure of the overview moved, those that did not left out."""
    return {name: after[name] - before[name] for name in before if after[name] != before[name]}


def make_holder(kind, published=True):
    """Make a plan, meeting or review with an overdue, an open and a completed item.

    Return it and the word that the overview has for its items.
    """
    overdue = {"initial_timeframe": "May 2021", "initial_latest": date(2021, 5, 31)}
    if kind == "workplan":
        holder = make_workplan(published=published)
        place = {"priority_area": make_area(workplan=holder)}
        items = [make_deliverable(**place, **extra) for extra in (overdue, {}, {})]
    elif kind == "meeting":
        holder = make_meeting(published=published)
        items = [make_action_point(meeting=holder, **extra) for extra in (overdue, {}, {})]
    else:
        holder = make_review(published=published)
        place = {"recommendation": make_recommendation(review=holder)}
        items = [make_action_point(**place, **extra) for extra in (overdue, {}, {})]
    make_update(items[2], status="completed", effective_on=date(2021, 1, 1))
    return holder, "deliverable" if kind == "workplan" else "action_point"


HOLDERS = pytest.mark.parametrize("kind", ["workplan", "meeting", "review"])


@HOLDERS
class TestPublishing:
    def test_brings_its_items_into_the_figures_and_back(self, staff_client, kind):
        holder, items = make_holder(kind, published=False)
        hidden = make_source(published=False, title="A source for staff")
        make_update(holder.tracked_items()[0], source=hidden)
        before = figures()

        page = take(staff_client, "publish", holder)
        assert "Items concerned: 3. Of them 2 are open, 1 past their last day" in told(page)
        assert "2 updates" in told(page)
        assert "A source for staff" in told(page)
        assert holder.published
        shown = {
            f"{items} {items.replace('_', ' ')}s": 3,
            f"{items} completed": 1,
            f"{items} open": 2,
            f"{items} overdue": 1,
        }
        assert difference(before, figures()) == shown

        page = take(staff_client, "unpublish", holder)
        assert "Nothing is deleted" in told(page)
        assert figures() == before

    def test_is_refused_where_it_is_done_already(self, staff_client, kind):
        holder, _items = make_holder(kind)
        assert "Published already" in refusals(look(staff_client, "publish", holder))
        holder.published = False
        holder.save()
        assert "Not published" in refusals(look(staff_client, "unpublish", holder))

    def test_is_no_edit_that_a_stale_form_may_undo(self, staff_client, kind):
        holder, _items = make_holder(kind, published=False)
        version = holder.version
        take(staff_client, "publish", holder)
        assert holder.version == version + 1


@HOLDERS
class TestArchiving:
    def test_counts_its_items_apart_from_the_day_on(self, staff_client, kind):
        holder, items = make_holder(kind)
        before, today = figures(), days.site_today()

        page = take(staff_client, "archive", holder)
        assert "Items concerned: 3. Of them 2 are open, 1 past their last day" in told(page)
        assert holder.archived_on == today
        gone = {
            f"{items} {items.replace('_', ' ')}s": -3,
            f"{items} completed": -1,
            f"{items} open": -2,
            f"{items} overdue": -1,
            f"archived {items.replace('_', ' ')}s": 3,
        }
        assert difference(before, figures()) == gone
        assert figures(day=today - YESTERDAY)[f"{items} overdue"] == 1

        take(staff_client, "bring-back", holder)
        assert holder.archived_on is None
        assert figures() == before

    def test_takes_a_day_and_refuses_none(self, staff_client, kind):
        holder, _items = make_holder(kind)
        take(staff_client, "archive", holder, archived_on="2020-12-31")
        assert holder.archived_on == date(2020, 12, 31)
        other, _items = make_holder(kind)
        page = look(staff_client, "archive", other, archived_on="soon")
        assert "Enter a valid date" in refusals(page)
        assert not page.context["outcomes"]


class TestSeveralAtOnce:
    def test_are_published_from_the_list(self, staff_client):
        plans = [make_workplan(published=False) for _ in range(3)]
        url = reverse("admin:workplans_workplan_changelist")
        chosen = {"action": "life_publish", "_selected_action": [plan.pk for plan in plans[:2]]}
        page = staff_client.post(url, chosen)
        assert all(plan.title in told(page) for plan in plans[:2])
        assert confirm(staff_client, page).status_code == 302
        for plan in plans:
            plan.refresh_from_db()
        assert [plan.published for plan in plans] == [True, True, False]

    def test_an_unknown_choice_leads_back_to_the_list(self, staff_client):
        url = step_url(make_workplan(), "publish")
        for records in ("", "x", "9" * 30, "1,,2", "0", "999999"):
            answer = staff_client.get(url, {"records": records})
            assert answer.status_code == 302, records
            assert answer.url == reverse("admin:workplans_workplan_changelist")

    def test_an_unknown_step_is_not_found(self, staff_client):
        assert staff_client.get(step_url(make_workplan(), "dissolve")).status_code == 404

    def test_a_step_for_one_refuses_two(self, staff_client):
        plans = [make_workplan(), make_workplan()]
        records = ",".join(str(plan.pk) for plan in plans)
        answer = staff_client.get(step_url(plans[0], "carry-over"), {"records": records})
        assert answer.status_code == 302


class TestOddAnswers:
    @pytest.mark.parametrize("value", ["abc", "9" * 20, "9" * 400, "-1", "1\0", "０"])
    def test_no_key_is_no_choice(self, staff_client, value):
        item = make_deliverable()
        for step, name in (("supersede", "superseded_by"), ("discontinue", "source")):
            page = look(staff_client, step, item, **{name: value})
            assert "valid choice" in refusals(page)
            opened = staff_client.get(step_url(item, step), {"records": item.pk, name: value})
            assert opened.status_code == 200
        plan, entity = make_workplan(), make_entity()
        assert "valid choice" in refusals(look(staff_client, "carry-over", plan, target=value))
        assert "valid choice" in refusals(look(staff_client, "merge", entity, into=value))


class TestConfirming:
    def test_does_nothing_if_what_would_happen_has_changed_since(self, staff_client):
        plan, _items = make_holder("workplan", published=False)
        page = look(staff_client, "publish", plan)
        make_deliverable(priority_area=plan.priority_areas.get())
        answer = confirm(staff_client, page)
        assert answer.status_code == 200
        assert "This is not what was shown" in answer.content.decode()
        plan.refresh_from_db()
        assert not plan.published
        assert confirm(staff_client, answer).status_code == 302
        plan.refresh_from_db()
        assert plan.published

    def test_needs_the_permission_to_change(self, client):
        plan = make_workplan(published=False)
        user = make_staff()
        user.user_permissions.add(Permission.objects.get(codename="view_workplan"))
        client.force_login(user)
        url = step_url(plan, "publish")
        assert client.get(url, {"records": plan.pk}).status_code == 403
        assert client.post(url, {"records": plan.pk, "confirm": "1"}).status_code == 403
        plan.refresh_from_db()
        assert not plan.published

    def test_the_record_offers_what_fits_it(self, staff_client):
        plan = make_workplan(published=False)
        url = reverse("admin:workplans_workplan_change", args=[plan.pk])
        offered = [str(title) for title, _url in staff_client.get(url).context["life_steps"]]
        assert offered == ["Publish", "Archive", "Carry open items over"]
        take(staff_client, "publish", plan)
        offered = [str(title) for title, _url in staff_client.get(url).context["life_steps"]]
        assert offered == ["Unpublish", "Archive", "Carry open items over"]

    def test_published_and_archived_are_changed_by_steps_alone(self, staff_client):
        plan = make_workplan(published=False)
        url = reverse("admin:workplans_workplan_change", args=[plan.pk])
        fields = staff_client.get(url).context["adminform"].form.fields
        assert not {"published", "archived_on"}.intersection(fields)


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
        moved = {f"{kind} open": -2, f"{kind} overdue": -1}
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
        items = [make() for _ in range(202)]
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


def make_part(item, **kwargs):
    """Make a part of an item of either kind."""
    place = {name: getattr(item, name) for name in item.ORIGIN}
    return type(item).objects.create(
        level="part",
        parent=item,
        title="A part",
        introduced_on=item.introduced_on,
        **place,
        **kwargs,
    )


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
        assert difference(before, figures()) == {f"{kind} open": -2}
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
        assert difference(before, figures()) == {f"{kind} {words}s": -1, f"{kind} open": -1}
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
        assert difference(before, figures()) == {f"{kind} {words}s": -1, f"{kind} open": -1}

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


class TestRemovingANarrative:
    def test_takes_it_off_every_page_and_logs_why(self, staff_client):
        item = make_deliverable()
        told_once = make_update(item, narrative="Jane Doe is ill.", effective_on=date(2021, 1, 1))
        make_update(item, narrative="Going on.", effective_on=date(2021, 2, 1))
        make_update(item, narrative="Jane Doe is ill.", effective_on=date(2021, 3, 1))
        digests = [str(one) for one in item_digests()]
        item.refresh_from_db()
        assert item.cached_narrative == "Jane Doe is ill."

        page = take(
            staff_client,
            "remove-narrative",
            item,
            update=str(told_once.pk),
            reason="Health data of a person",
        )
        assert told(page).count("Jane Doe is ill.") == 2
        narratives = item.updates.order_by("sequence").values_list("narrative", flat=True)
        assert list(narratives) == [REDACTED, "Going on.", REDACTED]
        assert item.cached_narrative == REDACTED
        assert [str(one) for one in item_digests()] == digests
        for url in (item.get_absolute_url(), "/deliverables.csv", "/"):
            assert "Jane" not in Client().get(url).getvalue().decode()
        log = staff_client.get(reverse("admin:workplans_deliverable_history", args=[item.pk]))
        assert "Health data of a person" in log.content.decode()
        assert "Jane" not in log.content.decode()

    def test_names_other_items_of_which_the_same_was_told(self, staff_client):
        item, other = make_deliverable(), make_action_point()
        row = make_update(item, narrative="Jane Doe is ill.")
        make_update(other, narrative="Jane Doe is ill.")
        answers = {"update": str(row.pk), "reason": "Health data"}
        page = take(staff_client, "remove-narrative", item, **answers)
        assert other.ref in told(page)
        again = make_update(other, narrative="All is well.")
        page = look(staff_client, "remove-narrative", other, update=str(again.pk), reason="x")
        assert item.ref not in told(page)

    def test_needs_a_reason_and_a_narrative(self, staff_client):
        item = make_deliverable()
        row = make_update(item)
        page = look(staff_client, "remove-narrative", item, update=str(row.pk), reason=" ")
        assert "This field is required" in refusals(page)
        other = make_update(make_deliverable())
        page = look(staff_client, "remove-narrative", item, update=str(other.pk), reason="Why")
        assert "valid choice" in refusals(page)

    def test_needs_the_permission_to_delete(self, client):
        item = make_deliverable()
        make_update(item)
        user = make_staff()
        user.user_permissions.add(Permission.objects.get(codename="change_deliverable"))
        client.force_login(user)
        url = step_url(item, "remove-narrative")
        assert client.get(url, {"records": item.pk}).status_code == 403


class TestCarryingOver:
    @pytest.fixture
    def plan(self):
        """A plan of two areas: an open item with a part, one under a heading, a closed one."""
        plan = make_workplan(slug="rg1-2020", title="Plan 2020")
        first = make_area(workplan=plan, number="1", title="Protection", order=1)
        second = make_area(workplan=plan, number="2", title="Data", order=2)
        item = make_deliverable(priority_area=first, number="1.1", title="Write guidance")
        make_part(item, ref="RG1-2020-1.1-a")
        done_part = make_part(item, ref="RG1-2020-1.1-b")
        make_update(done_part, status="completed", effective_on=date(2021, 1, 1))
        make_party(item, entity=make_entity(acronym="OCHA"), as_printed="OCHA and others")
        make_party(item, entity=make_entity(acronym="GONE"), until=date(2020, 6, 30))
        make_party(item, entity=make_entity(acronym="IOM"), role="consulted", order=2)
        record_update(item, status="ongoing", timeframe="Q2 2022", effective_on=date(2021, 1, 1))
        heading = make_deliverable(
            priority_area=second, level="heading", number="2", title="All data"
        )
        make_deliverable(priority_area=second, parent=heading, number="2.1", title="Share data")
        done = make_deliverable(priority_area=second, number="2.2", title="Done")
        make_update(done, status="completed", effective_on=date(2021, 1, 1))
        return plan

    def test_makes_successors_and_leaves_the_history(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022", title="Plan 2022")
        make_area(workplan=target, number="1", title="Protection", order=1)
        old = Deliverable.objects.get(ref="RG1-2020-1.1")
        before, today = figures(), days.site_today()

        page = take(staff_client, "carry-over", plan, target=str(target.pk), archive="on")
        said = told(page)
        assert "2 new items in “Plan 2022”" in said
        assert "RG1-2020-1.1 → RG1-2022-1.1 Write guidance (OCHA; Q2 2022)" in said
        assert "2 Data (is made)" in said
        assert "1 item is closed" in said

        made = {item.ref: item for item in target.tracked_items()}
        assert set(made) == {"RG1-2022-1.1", "RG1-2022-1.1-a", "RG1-2022-2", "RG1-2022-2.1"}
        new = made["RG1-2022-1.1"]
        assert new.continues == old
        assert (new.cached_status, new.updates.count(), old.updates.count()) == ("", 0, 1)
        assert (new.initial_timeframe, new.initial_latest) == ("Q2 2022", date(2022, 6, 30))
        assert new.introduced_on == today
        assert [(str(r.entity), r.role, r.as_printed) for r in new.responsibilities.all()] == [
            ("OCHA", "lead", "OCHA and others"),
            ("IOM", "consulted", ""),
        ]
        assert made["RG1-2022-1.1-a"].parent == new
        assert made["RG1-2022-2.1"].parent == made["RG1-2022-2"]
        assert {area.number: area.title for area in target.priority_areas.all()} == {
            "1": "Protection",
            "2": "Data",
        }
        # The old plan is archived: three of its items are counted apart, two new ones with all.
        assert difference(before, figures()) == {
            "deliverable deliverables": -1,
            "deliverable completed": -1,
            "archived deliverables": 3,
        }
        for one, other in ((old, new), (new, old)):
            shown = Client().get(one.get_absolute_url()).content.decode()
            assert other.get_absolute_url() in shown

    def test_done_again_carries_only_what_is_new(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022")
        take(staff_client, "carry-over", plan, target=str(target.pk))
        again = look(staff_client, "carry-over", plan, target=str(target.pk))
        assert "carried over to it already" in refusals(again)
        area = plan.priority_areas.get(number="2")
        heading = Deliverable.objects.get(ref="RG1-2020-2")
        make_deliverable(priority_area=area, parent=heading, number="2.3", title="New")
        take(staff_client, "carry-over", plan, target=str(target.pk))
        new = Deliverable.objects.get(ref="RG1-2022-2.3")
        assert new.parent.ref == "RG1-2022-2"
        assert target.tracked_items().count() == 5

    def test_takes_the_areas_that_are_named(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022")
        make_area(workplan=target, number="7", title="Everything else", order=7)
        first, second = plan.priority_areas.order_by("order")
        answers = {f"area_{first.pk}": "7", f"area_{second.pk}": "7"}
        page = take(staff_client, "carry-over", plan, target=str(target.pk), **answers)
        assert "7 Everything else (for “1 Protection”)" in told(page)
        assert {item.priority_area.number for item in target.tracked_items()} == {"7"}

    def test_what_is_new_follows_what_was_carried_to_another_area(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022")
        second = plan.priority_areas.get(number="2")
        answers = {"target": str(target.pk)}
        take(staff_client, "carry-over", plan, **answers, **{f"area_{second.pk}": "7"})
        heading = Deliverable.objects.get(ref="RG1-2020-2")
        make_deliverable(priority_area=second, parent=heading, number="2.3", title="New")
        take(staff_client, "carry-over", plan, **answers)
        new = Deliverable.objects.get(ref="RG1-2022-2.3")
        assert new.priority_area.number == "7"
        new.full_clean()

    def test_makes_no_area_in_which_nothing_lands_and_no_two_of_a_number(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022")
        first, second = plan.priority_areas.order_by("order")
        answers = {f"area_{first.pk}": "9", f"area_{second.pk}": "9"}
        page = take(staff_client, "carry-over", plan, target=str(target.pk), **answers)
        assert "9 Protection (is made)" in told(page)
        assert "9 Protection (for “2 Data”)" in told(page)
        assert target.priority_areas.count() == 1
        make_deliverable(priority_area=first, number="1.9")
        answers = {f"area_{first.pk}": "70", f"area_{second.pk}": "71"}
        page = take(staff_client, "carry-over", plan, target=str(target.pk), **answers)
        assert "71" not in told(page)
        assert {area.number for area in target.priority_areas.all()} == {"9", "70"}

    def test_never_gives_a_reference_twice(self, staff_client, plan):
        target = make_workplan(slug="rg1-2022")
        make_deliverable(priority_area=make_area(workplan=target), ref="RG1-2022-1.1")
        SpentReference.objects.create(ref="RG1-2022-2.1")
        take(staff_client, "carry-over", plan, target=str(target.pk))
        successors = Deliverable.objects.exclude(continues=None)
        found = dict(successors.values_list("continues__ref", "ref"))
        assert found["RG1-2020-1.1"] == "RG1-2022-1.1-1"
        assert found["RG1-2020-2.1"] == "RG1-2022-2.1-1"

    def test_refuses_itself_an_archived_plan_and_one_without_open_items(self, staff_client, plan):
        page = look(staff_client, "carry-over", plan, target=str(plan.pk))
        assert "valid choice" in refusals(page)
        kept = make_workplan(archived_on=date(2021, 1, 1))
        page = look(staff_client, "carry-over", plan, target=str(kept.pk))
        assert "archived" in refusals(page)
        page = look(staff_client, "carry-over", make_workplan(), target=str(plan.pk))
        assert "no open item" in refusals(page)
