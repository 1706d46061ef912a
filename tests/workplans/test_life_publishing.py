"""Publishing and archiving plans, meetings and reviews, and how a step is confirmed."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests.factories import (
    make_action_point,
    make_area,
    make_deliverable,
    make_entity,
    make_meeting,
    make_recommendation,
    make_review,
    make_source,
    make_staff,
    make_update,
    make_workplan,
)
from tests.life import confirm, difference, figures, look, refusals, step_url, take, told
from workplans import days

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_ledger")]


YESTERDAY = timedelta(days=1)


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
            f"{items} silent for 60 days": 2,
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
            f"{items} silent for 60 days": -2,
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
        assert offered == [
            "Publish",
            "Archive",
            "Carry open items over",
            "Make a progress report final",
        ]
        take(staff_client, "publish", plan)
        offered = [str(title) for title, _url in staff_client.get(url).context["life_steps"]]
        assert offered == [
            "Unpublish",
            "Archive",
            "Carry open items over",
            "Make a progress report final",
        ]

    def test_published_and_archived_are_changed_by_steps_alone(self, staff_client):
        plan = make_workplan(published=False)
        url = reverse("admin:workplans_workplan_change", args=[plan.pk])
        fields = staff_client.get(url).context["adminform"].form.fields
        assert not {"published", "archived_on"}.intersection(fields)
