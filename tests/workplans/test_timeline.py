"""The timeline of due dates, and what asks for attention."""

from datetime import date

import pytest

from tests.factories import make_area, make_deliverable, make_update
from workplans import reports
from workplans.charts import Scale
from workplans.lists import item_rows
from workplans.models import Deliverable
from workplans.pages import Asked
from workplans.quarters import Quarter
from workplans.timeline import MOST_ROWS, draw_timeline

DAY = date(2021, 6, 30)


class TestQuarters:
    def test_days_and_codes(self):
        assert Quarter.of(date(2021, 6, 30)) == Quarter(2021, 2)
        assert Quarter.of(date(2021, 7, 1)).code == "2021-q3"
        assert Quarter.read("2021-q4").next == Quarter(2022, 1)
        assert (Quarter(2021, 4).first, Quarter(2021, 4).last) == (
            date(2021, 10, 1),
            date(2021, 12, 31),
        )
        assert Quarter(2020, 1).last == date(2020, 3, 31)
        assert Quarter(2021, 3).label == "Q3 2021"

    @pytest.mark.parametrize("code", ["2021", "2021-q0", "2021-q5", "0999-q1", "２021-q1", ""])
    def test_what_is_no_code_is_none(self, code):
        assert Quarter.read(code) is None


def test_a_scale_puts_days_between_its_ends():
    scale = Scale(date(2021, 1, 1), date(2021, 1, 11))
    assert [scale.at(date(2021, 1, day)) for day in (1, 6, 11)] == ["0", "50", "100"]


@pytest.mark.django_db
class TestTimeline:
    def draw(self, day=DAY):
        items = Deliverable.objects.as_of(day)
        rows = item_rows(items, Asked(day=day))
        return draw_timeline(rows, reports.slips([row.item for row in rows], day), day)

    def make(self, due, **kwargs):
        return make_deliverable(initial_timeframe=str(due), initial_latest=due, **kwargs)

    def test_nothing_that_is_dated_gives_none(self):
        make_deliverable()
        assert self.draw() is None

    def test_items_stand_by_their_last_day_over_whole_quarters(self):
        area = make_area()
        make_deliverable(priority_area=area)
        late = self.make(date(2021, 8, 15), priority_area=area)
        soon = self.make(date(2021, 7, 1), priority_area=area)
        line = self.draw()
        assert [tick.label for tick in line.ticks] == ["Q2 2021", "Q3 2021"]
        assert [one.row.item for one in line.rows] == [soon, late]
        # From 1 April up to 1 October are 183 days; 1 July is the 91st after the first.
        assert line.ticks[0].x == "0"
        assert line.rows[0].x == line.ticks[1].x == "49.7268"
        assert line.today == "49.1803"
        assert line.rows[0].words == "due 1 July 2021"

    def test_a_slip_is_drawn_from_the_old_day_to_the_new(self):
        item = self.make(date(2020, 12, 31))
        make_update(item, timeframe="by March 2021", effective_on=date(2020, 12, 1))
        make_update(item, timeframe="by June 2021", effective_on=date(2021, 3, 1))
        (row,) = self.draw().rows
        assert [move.slip.old_due for move in row.moves] == [date(2021, 3, 31), date(2020, 12, 31)]
        assert {move.new for move in row.moves} == {row.moves[1].new, row.x}
        assert row.words == (
            "due 30 June 2021; moved from 31 December 2020 to 31 March 2021; "
            "moved from 31 March 2021 to 30 June 2021"
        )

    def test_many_quarters_are_named_by_their_years(self):
        area = make_area()
        self.make(date(2018, 5, 1), priority_area=area)
        self.make(date(2022, 5, 1), priority_area=area)
        labels = [tick.label for tick in self.draw().ticks]
        assert labels == ["2018", "2019", "2020", "2021", "2022"]

    def test_of_many_those_around_the_day_are_drawn(self):
        area = make_area()
        for month in range(MOST_ROWS + 20):
            self.make(date(2018 + month // 12, month % 12 + 1, 1), priority_area=area)
        line = self.draw()
        assert len(line.rows) == MOST_ROWS
        assert line.left_out == 20
        dues = [one.row.item.due for one in line.rows]
        assert dues == sorted(dues)
        assert dues[0] < DAY < dues[-1]
