"""Progress over time: which days, what is counted on each, and the lists behind it."""

from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser

from tests.factories import make_area, make_deliverable, make_update, make_workplan
from tests.figures import listed, make_site
from workplans.dashboards import counted_ever
from workplans.figures import ListLink
from workplans.models import Deliverable
from workplans.over_time import MOST_POINTS, days_to_show, ends_between, over_time
from workplans.pages import Asked
from workplans.views import DeliverableListing


def progress(day, with_archived=False, **items):
    """Return the progress of some deliverables, of all by default, up to a day."""
    whole = ListLink.to(DeliverableListing, Asked(day=day, chosen=True))
    if with_archived:
        whole = whole.narrow(archived="all")
    known = counted_ever(Deliverable, AnonymousUser()).filter(**items)
    return over_time(known, whole, with_archived)


class TestDays:
    def test_the_ends_of_months_and_the_last_day(self):
        assert ends_between(date(2020, 11, 15), date(2021, 2, 10), 1) == [
            date(2020, 11, 30),
            date(2020, 12, 31),
            date(2021, 1, 31),
            date(2021, 2, 10),
        ]
        assert ends_between(date(2021, 2, 1), date(2021, 2, 28), 1) == [date(2021, 2, 28)]
        assert ends_between(date(2020, 1, 1), date(2020, 2, 29), 1)[-1] == date(2020, 2, 29)

    @pytest.mark.parametrize(
        ("first", "months"),
        [
            (date(2019, 7, 31), 1),  # 24 ends of months
            (date(2019, 6, 30), 3),
            (date(2015, 9, 1), 3),
            (date(2015, 8, 1), 3),
            (date(2010, 1, 1), 12),
            (date(1900, 1, 1), 12),
        ],
    )
    def test_more_than_can_be_told_apart_become_quarters_then_years(self, first, months):
        rhythm, days = days_to_show(first, date(2021, 6, 30))
        assert rhythm.months == months
        assert days[-1] == date(2021, 6, 30)
        assert len(days) <= MOST_POINTS
        assert all(day.month % months == 0 for day in days[:-1])


@pytest.mark.django_db
class TestCounts:
    def test_a_hand_worked_example(self):
        area = make_area()
        first = make_deliverable(priority_area=area, introduced_on=date(2021, 1, 10))
        second = make_deliverable(
            priority_area=area, introduced_on=date(2021, 2, 1), withdrawn_on=date(2021, 4, 30)
        )
        make_update(first, status="ongoing", effective_on=date(2021, 2, 28))
        make_update(first, status="completed", narrative="Out.", effective_on=date(2021, 4, 1))
        make_update(second, status="ongoing", effective_on=date(2021, 3, 1))
        chart = progress(date(2021, 4, 30))
        assert [word.code for word in chart.table.columns] == ["completed", "ongoing", ""]
        assert [
            (row.label, *(cell.figure.count for cell in row.cells), row.total.count)
            for row in chart.table.rows
        ] == [
            ("31 Jan 2021", 0, 0, 1, 1),
            ("28 Feb 2021", 0, 1, 1, 2),
            ("31 Mar 2021", 0, 2, 0, 2),
            ("30 Apr 2021", 1, 0, 0, 1),
        ]
        assert chart.most == 2
        parts = [
            [(part.word.code, part.y, part.height) for part in one.parts] for one in chart.columns
        ]
        assert parts == [
            [("", "50", "50")],
            [("ongoing", "50", "50"), ("", "0", "50")],
            [("ongoing", "0", "100")],
            [("completed", "50", "50")],
        ]  # fmt: skip
        assert chart.columns[-1].label == "Apr 2021"

    def test_a_corrected_update_counts_no_more(self):
        item = make_deliverable(introduced_on=date(2021, 1, 1))
        wrong = make_update(item, status="completed", narrative="x", effective_on=date(2021, 2, 1))
        make_update(item, status="ongoing", narrative="y", replaces=wrong)
        chart = progress(date(2021, 3, 31))
        assert [word.code for word in chart.table.columns] == ["ongoing", ""]

    def test_one_day_alone_says_nothing_over_time(self):
        make_deliverable(introduced_on=date(2021, 6, 1))
        assert progress(date(2021, 6, 30)) is None
        assert progress(date(2020, 6, 30)) is None

    @pytest.mark.parametrize("with_archived", [False, True])
    def test_every_figure_counts_the_list_of_its_own_day(self, with_archived, client):
        make_site(11, items=14)
        chart = progress(date(2020, 12, 31), with_archived)
        followed = 0
        for row in chart.table.rows:
            assert sum(cell.figure.count for cell in row.cells) == row.total.count
            for figure in (row.total, *(cell.figure for cell in row.cells)):
                if figure.url:
                    assert listed(client, figure.url) == figure.count, figure
                    followed += 1
        assert followed > 40

    def test_an_archived_plan_counts_until_it_is_archived(self):
        plan = make_workplan(archived_on=date(2021, 3, 1))
        make_deliverable(priority_area=make_area(workplan=plan), introduced_on=date(2021, 1, 1))
        make_deliverable(introduced_on=date(2021, 1, 1))
        totals = [row.total.count for row in progress(date(2021, 4, 30)).table.rows]
        assert totals == [2, 2, 1, 1]
        totals = [row.total.count for row in progress(date(2021, 4, 30), True).table.rows]
        assert totals == [2, 2, 2, 2]

    def test_two_queries_whatever_the_size(self, django_assert_num_queries):
        area = make_area()
        for size in (3, 30):
            for _number in range(size):
                item = make_deliverable(priority_area=area, introduced_on=date(2021, 1, 1))
                make_update(item, status="ongoing", effective_on=date(2021, 2, 1))
            with django_assert_num_queries(2):
                progress(date(2021, 6, 30), priority_area=area)
