"""Many writers at once, over connections of their own: nothing is lost."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.db.models import Max
from django.test import Client
from django.urls import reverse
from docx import Document

from tests.admin_pages import read_form
from tests.factories import (
    make_area,
    make_deliverable,
    make_entity,
    make_source,
    make_workplan,
)
from tests.life import confirm, look
from workplans import pdf
from workplans.editing import VersionedAdmin
from workplans.frozen_reports import freeze
from workplans.frozen_reports import problems as report_problems
from workplans.models import Deliverable, DeliverableUpdate, FrozenReport, Level
from workplans.progress_report import Period
from workplans.status import Entry, record_update, record_updates, remove_narrative
from workplans.tracked_admin import TrackedItemAdmin
from workplans.verification import problems

WRITERS = 8
# How much each writer tells, and in how many rounds all edit one version. Without the locks,
# PostgreSQL refuses one of the first updates, and any two rounds lose 5 edits or more.
TOLD, ROUNDS, UNLOCKED_ROUNDS = 24, 8, 4
SPRING = Period(date(2021, 2, 1), date(2021, 6, 30))


def at_once(write):
    """Run `write(number)` in as many threads as there are writers, and return the results."""

    def run(number):
        try:
            return write(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as threads:
        return list(threads.map(run, range(WRITERS)))


@pytest.mark.django_db(transaction=True)
def test_what_8_writers_tell_leaves_no_gap_and_every_cache_right():
    area = make_area()
    items = [make_deliverable(priority_area=area) for _ in range(20)]
    # A part and its item lock each other's rows, in whatever order they are told of.
    items += [make_deliverable(priority_area=area, parent=items[0], level=Level.PART)]
    statuses = ["not_started", "ongoing", "continuous"]

    def write(number):
        for turn in range(TOLD):
            item = Deliverable.objects.get(pk=items[turn % len(items)].pk)
            record_update(
                item,
                status=statuses[(number + turn) % 3],
                narrative=f"Writer {number}, turn {turn}",
                effective_on=date(2020, 1, 1) + timedelta(days=(turn * 7 + number) % 300),
            )

    at_once(write)

    assert DeliverableUpdate.objects.count() == WRITERS * TOLD
    told = DeliverableUpdate.objects.values_list("narrative", flat=True)
    assert set(told) == {f"Writer {n}, turn {t}" for n in range(WRITERS) for t in range(TOLD)}
    for item in items:
        highest = item.updates.aggregate(highest=Max("sequence"))["highest"]
        assert highest == item.updates.count()
    assert list(problems()) == []


@pytest.mark.django_db(transaction=True)
def test_writers_of_many_items_in_opposite_order_do_not_lock_each_other_out():
    area = make_area()
    items = [make_deliverable(priority_area=area) for _ in range(20)]

    def write(number):
        for turn in range(5):
            order = items if (number + turn) % 2 else items[::-1]
            told = f"Writer {number}, turn {turn}"
            record_updates([Entry(item=item, narrative=told) for item in order])

    at_once(write)
    assert DeliverableUpdate.objects.count() == WRITERS * 5 * len(items)
    assert list(problems()) == []


def race(staff_user, record, rounds):
    """Let 8 people save 8 different titles on one version, again and again.

    Return (edits sent, edits that were told they won and are not what came next).
    """
    opts = record._meta
    page = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[record.pk])
    client = Client()
    client.force_login(staff_user)
    cookies = client.cookies
    sent = lost = 0
    for turn in range(rounds):
        opened = read_form(client.get(page))
        version = type(record).objects.get(pk=record.pk).version
        together = Barrier(WRITERS)

        def save(number, opened=opened, together=together, turn=turn):
            own = Client()
            own.cookies = cookies
            together.wait(timeout=60)
            title = f"Round {turn}, writer {number}"
            return title, own.post(page, opened | {"title": title}).status_code

        answers = at_once(save)
        assert {code for _title, code in answers} <= {200, 302}
        winners = [title for title, code in answers if code == 302]
        saved = type(record).objects.get(pk=record.pk)
        sent += len(answers)
        assert winners
        assert saved.title in winners
        lost += len(winners) - 1
        if len(winners) == 1:
            assert saved.version == version + 1
    return sent, lost


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("make", "rounds"), [(make_source, ROUNDS), (make_deliverable, 3)])
def test_of_8_edits_of_one_version_one_wins_and_none_is_lost(staff_user, make, rounds):
    sent, lost = race(staff_user, make(), rounds)
    assert sent == WRITERS * rounds
    assert lost == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("make", [make_source, make_deliverable])
def test_without_the_lock_the_same_race_finds_losses(staff_user, make, monkeypatch):
    for locked in (VersionedAdmin, TrackedItemAdmin):
        monkeypatch.setattr(locked, "lock", lambda self, object_id: None)
    _sent, lost = race(staff_user, make(), UNLOCKED_ROUNDS)
    assert lost > 0


@pytest.mark.django_db(transaction=True)
def test_of_8_who_carry_the_same_plan_over_one_does(staff_user):
    area = make_area()
    items = [make_deliverable(priority_area=area) for _ in range(5)]
    target = make_workplan()
    client = Client()
    client.force_login(staff_user)
    cookies = client.cookies
    page = look(client, "carry-over", area.workplan, target=str(target.pk))
    together = Barrier(WRITERS)

    def take(_number):
        own = Client()
        own.cookies = cookies
        together.wait(timeout=60)
        return confirm(own, page).status_code

    assert sorted(at_once(take)) == [200] * (WRITERS - 1) + [302]
    continued = target.tracked_items().values_list("continues", flat=True)
    assert sorted(continued) == sorted(item.pk for item in items)


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_out_while_a_report_is_made_final_is_not_in_it(monkeypatch):
    monkeypatch.setattr(pdf, "why_not", lambda: "not here")
    area = make_area()
    items = [make_deliverable(priority_area=area) for _ in range(WRITERS - 1)]
    rows = [
        record_update(item, narrative=f"Jane Doe {number}.", effective_on=date(2021, 3, 1))
        for number, item in enumerate(items)
    ]
    freeze(area.workplan, SPRING, None)
    together = Barrier(WRITERS)

    def write(number):
        together.wait(timeout=60)
        if number < len(rows):
            remove_narrative(rows[number], reason="Personal data")
        else:
            freeze(area.workplan, SPRING, None)

    at_once(write)
    reports = list(FrozenReport.objects.order_by("number"))
    assert [one.number for one in reports] == [1, 2]
    for frozen in reports:
        assert "Jane Doe" not in json.dumps(frozen.content)
        file = Document(io.BytesIO(frozen.docx))
        text = [cell.text for row in file.tables[0].rows for cell in row.cells]
        assert "Jane Doe" not in " ".join(text)
        assert list(report_problems(frozen)) == []


def race_steps(staff_user, *steps):
    """Let people confirm steps at once that were all looked at before; return the answers."""
    client = Client()
    client.force_login(staff_user)
    cookies = client.cookies
    pages = [look(client, name, record, **answers) for name, record, answers in steps]
    assert all(page.context["outcomes"] for page in pages)
    together = Barrier(WRITERS)

    def take(number):
        own = Client()
        own.cookies = cookies
        together.wait(timeout=60)
        return confirm(own, pages[number % len(pages)]).status_code

    return at_once(take)


@pytest.mark.django_db(transaction=True)
def test_steps_that_cross_wait_for_each_other_and_none_fails(staff_user):
    """Two of each kind at once, each of which locks what the other is about."""
    for _ in range(2):
        plans = [make_area().workplan, make_area().workplan]
        items = [make_deliverable(priority_area=plan.priority_areas.get()) for plan in plans]
        entities = [make_entity(), make_entity(), make_entity()]
        crossing = [
            [("carry-over", a, {"target": str(b.pk)}) for a, b in (plans, plans[::-1])],
            [("supersede", a, {"superseded_by": str(b.pk)}) for a, b in (items, items[::-1])],
            [
                ("merge", entities[a], {"into": str(entities[b].pk)})
                for a, b in ((0, 1), (1, 0), (1, 2))
            ],
        ]
        for steps in crossing:
            codes = race_steps(staff_user, *steps)
            assert set(codes) <= {200, 302}, steps
            assert 302 in codes
    assert list(problems()) == []


@pytest.mark.django_db(transaction=True)
def test_a_merge_does_not_undo_an_edit_made_at_once(staff_user):
    client = Client()
    client.force_login(staff_user)
    for _ in range(5):
        goes, stays = make_entity(), make_entity()
        plan = make_workplan(owner=goes)
        page = look(client, "merge", goes, into=str(stays.pk))
        url = reverse("admin:workplans_workplan_change", args=[plan.pk])
        opened = read_form(client.get(url)) | {"title": "Edited meanwhile"}
        together = Barrier(WRITERS)

        def write(number, page=page, url=url, opened=opened, together=together):
            own = Client()
            own.cookies = client.cookies
            together.wait(timeout=60)
            if number == 0:
                return number, confirm(own, page).status_code
            if number == 1:
                return number, own.post(url, opened).status_code
            return number, 0

        codes = dict(at_once(write))
        plan.refresh_from_db()
        # Whoever comes second is shown what the first did.
        assert {codes[0], codes[1]} <= {200, 302}
        assert 302 in (codes[0], codes[1])
        assert (plan.owner == stays) == (codes[0] == 302)
        assert (plan.title == "Edited meanwhile") == (codes[1] == 302)
