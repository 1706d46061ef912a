"""The geometry of bars and icons."""

import pytest

from workplans.charts import ICONS, stacked_bar
from workplans.status_words import BY_CODE, DELIVERABLE_STATUSES


def test_a_bar_lays_its_segments_end_to_end_in_the_order_of_the_status_table():
    bar = stacked_bar({"ongoing": 2, "completed": 1, "": 1}, DELIVERABLE_STATUSES)
    assert [(one.word.code, one.count, one.x, one.width) for one in bar] == [
        ("completed", 1, "0", "25"),
        ("ongoing", 2, "25", "50"),
        ("", 1, "75", "25"),
    ]


def test_a_bar_leaves_out_what_has_no_items_and_is_empty_without_any():
    assert [
        one.word.code for one in stacked_bar({"ongoing": 0, "completed": 3}, DELIVERABLE_STATUSES)
    ] == ["completed"]
    assert stacked_bar({}, DELIVERABLE_STATUSES) == []


def test_thirds_fill_the_bar_to_a_thousandth():
    bar = stacked_bar({"ongoing": 1, "completed": 1, "continuous": 1}, DELIVERABLE_STATUSES)
    assert float(bar[-1].x) + float(bar[-1].width) == pytest.approx(100, abs=0.001)
    assert bar[0].width == "33.3333"


def test_a_status_of_another_kind_is_refused_and_not_dropped():
    with pytest.raises(ValueError, match="pending"):
        stacked_bar({"pending": 1}, DELIVERABLE_STATUSES)


def test_every_shape_of_the_status_table_has_an_icon():
    assert {word.shape for word in BY_CODE.values()} == set(ICONS)
