"""Every public page and file costs the same number of queries for 3 items and for 300."""

from datetime import date

import pytest
from auditlog.context import disable_auditlog
from django.db import connection
from django.urls import reverse

from actionpoints.models import ActionPoint, Mandate
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
    make_workplan,
)
from workplans import item_tables
from workplans.loading import caches_at_the_end
from workplans.models import Deliverable, Level
from workplans.status import Entry, record_updates

pytestmark = pytest.mark.django_db

GROUP, LEAD, PLAN, MEETING, NEXT_MEETING = "rg1", "ocha", "plan", "meeting", "next-meeting"


@pytest.fixture
def grow():
    """A site in which everything can be made to grow to a number of items."""
    group = make_entity(slug=GROUP, kind="results_group")
    lead = make_entity(slug=LEAD)
    area = make_area(workplan=make_workplan(slug=PLAN, owner=group))
    record = make_source(dated=date(2020, 7, 9))
    meeting = make_meeting(slug=MEETING, body=group, record=record)
    make_meeting(slug=NEXT_MEETING, body=group, held_on=date(2020, 9, 15))
    recommendation = make_recommendation(ref="REC-1")
    earlier, next_plan = make_area(), make_area()

    @disable_auditlog()
    @caches_at_the_end()
    def make_up_to(amount):
        told = {Deliverable: [], ActionPoint: []}
        for number in range(Deliverable.objects.filter(ref__startswith="D-").count(), amount):
            item = make_deliverable(
                ref=f"D-{number}",
                priority_area=area,
                initial_timeframe="2020",
                initial_latest=date(2020, 12, 31),
            )
            decided = make_action_point(ref=f"A-{number}", meeting=meeting)
            followed = make_action_point(recommendation=recommendation)
            for tracked in (item, decided, followed):
                make_party(tracked, entity=lead)
                told[type(tracked)].append(
                    Entry(item=tracked, narrative="Told.", source=record, timeframe="end 2021")
                )
            Mandate.objects.create(deliverable=item, by_action_point=decided)
            # The whole chain: recommendation, earlier plan, action point, plan, next plan.
            other = make_recommendation(review=recommendation.review)
            other.addressees.create(entity=lead)
            before = make_deliverable(priority_area=earlier)
            for behind in (other, recommendation):
                Mandate.objects.create(deliverable=before, by_recommendation=behind)
            Mandate.objects.create(action_point=decided, by_deliverable=before, inferred=True)
            make_deliverable(ref=f"NEXT-{number}", priority_area=next_plan, continues=item)
            followed.combine_with.add(decided)
        for entries in told.values():
            record_updates(entries)
        # The first item of each kind grows too: rows of history, parties, parts, mandates.
        item, decided = Deliverable.objects.get(ref="D-0"), ActionPoint.objects.get(ref="A-0")
        for number in range(item.updates.count(), amount // 10 + 3):
            make_update(item, source=make_source())
            make_update(decided, source=make_source())
            make_party(item)
            make_party(decided)
            make_deliverable(parent=item, priority_area=area, level=Level.PART)
            make_deliverable(priority_area=next_plan, continues=item)
            decided.combine_with.add(make_action_point(meeting=meeting, number=f"y{number}"))
            asked_by = make_action_point(meeting=meeting, number=f"x{number}")
            Mandate.objects.create(deliverable=item, by_action_point=asked_by)

    def grow_to(amount):
        make_up_to(amount)
        # As a database in use does by itself, and cannot while a test's transaction is open.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    return grow_to


# What the queries of a page are: session and user are not asked for, since nobody is
# signed in. A page reads its own record, the items of the day with their state, their
# parties, the counts of its tables (one grouped query each), the names for its filters'
# choices, and the rows of history or mandates it shows; each once, for all rows together.
PAGES = {
    "overview": reverse("overview"),
    "changes": reverse("changes"),
    "changes.csv": reverse("changes_file", args=["csv"]),
    "changes.xlsx": reverse("changes_file", args=["xlsx"]),
    "search": f"{reverse('search')}?q=told",
    "groups": reverse("workplans:group_list"),
    "groups.csv": reverse("workplans:groups_file", args=["csv"]),
    "workplans": reverse("workplans:workplan_list"),
    "workplans.csv": reverse("workplans:workplans_file", args=["csv"]),
    "group": reverse("workplans:group_detail", args=[GROUP]),
    "workplan": reverse("workplans:workplan_detail", args=[PLAN]),
    "report": reverse("workplans:report", args=[PLAN]),
    "deliverables": reverse("workplans:deliverable_list"),
    "deliverable": reverse("workplans:deliverable_detail", args=["D-0"]),
    "carried on": reverse("workplans:deliverable_detail", args=["NEXT-0"]),
    "deliverables.csv": reverse("workplans:deliverables_file", args=["csv"]),
    "deliverables.xlsx": reverse("workplans:deliverables_file", args=["xlsx"]),
    "deliverables, history.csv": reverse("workplans:deliverables_history", args=["csv"]),
    "entity": reverse("workplans:entity_detail", args=[LEAD]),
    "action points": reverse("actionpoints:action_point_list"),
    "action point": reverse("actionpoints:action_point_detail", args=["A-0"]),
    "action-points.csv": reverse("actionpoints:action_points_file", args=["csv"]),
    "action points, history.csv": reverse("actionpoints:action_points_history", args=["csv"]),
    "follow-up": reverse("actionpoints:follow_up"),
    "follow-up.csv": reverse("actionpoints:follow_up_file", args=["csv"]),
    "meetings": reverse("actionpoints:meeting_list"),
    "meetings.csv": reverse("actionpoints:meetings_file", args=["csv"]),
    "meeting": reverse("actionpoints:meeting_detail", args=[MEETING]),
    "pack": reverse("actionpoints:pack", args=[NEXT_MEETING]),
    "pack.csv": reverse("actionpoints:pack_table", args=[NEXT_MEETING, "csv"]),
    "recommendations": reverse("actionpoints:recommendation_list"),
    "recommendation": reverse("actionpoints:recommendation_detail", args=["REC-1"]),
    "recommendations.csv": reverse("actionpoints:recommendations_file", args=["csv"]),
}
# Beyond this many a page asks for something that it could have read at once.
MOST = 30
FEW, SOME, MANY = 3, 30, 300
DAY = "2021-06-30"
WORD = {
    "report.docx": reverse("workplans:report_docx", args=[PLAN]),
    "pack.docx": reverse("actionpoints:pack_docx", args=[NEXT_MEETING]),
}
# A PDF file takes seconds, and what it reads is what the Word file reads.
PDF = {
    "report.pdf": reverse("workplans:report_pdf", args=[PLAN]),
    "pack.pdf": reverse("actionpoints:pack_pdf", args=[NEXT_MEETING]),
}


class Count:
    """Counts the queries that a connection executes."""

    queries = 0

    def __call__(self, execute, *query):
        self.queries += 1
        return execute(*query)


def count_queries(client, address):
    """Return the number of queries that a page or file costs."""
    count = Count()
    # Django's own capturing writes each query out, which takes as long as the page.
    with connection.execute_wrapper(count):
        answer = client.get(address)
        b"".join(answer)
    assert answer.status_code == 200, address
    return count.queries


def count_all(client, pages, day):
    """Return the number of queries of each page as of a day, or of today without one."""
    counted = {}
    for name, address in pages.items():
        sign = "&" if "?" in address else "?"
        counted[name] = count_queries(client, f"{address}{sign}as_of={day}" if day else address)
    return counted


def test_few_items_and_many_cost_the_same(client, grow, monkeypatch):
    """Of a past day many are fewer: the state of each is worked out, which takes longer.

    Which queries are asked does not depend on the database; that it can answer them does, for
    which fewer do as well, and no PDF file is needed.
    """
    monkeypatch.setattr(item_tables, "ITEMS_AT_A_TIME", 10 * MANY)  # each time costs one more
    is_sqlite = connection.vendor == "sqlite"
    today = PAGES | WORD
    some = PDF if is_sqlite else PAGES | WORD
    grow(FEW)
    few = count_all(client, today | some, "")
    few_of_day = count_all(client, today, DAY)
    assert {page: count for page, count in [*few.items(), *few_of_day.items()]
            if count > MOST} == {}  # fmt: skip
    grow(SOME)
    assert count_all(client, today, DAY) == few_of_day
    assert count_all(client, some, "") == {page: few[page] for page in some}
    if is_sqlite:
        grow(MANY)
        assert count_all(client, today, "") == {page: few[page] for page in today}
