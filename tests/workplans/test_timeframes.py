import pickle
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workplans.timeframes import (
    FIRST_YEAR,
    LAST_YEAR,
    LONGEST,
    AmbiguousDate,
    TimeFrame,
    read_timeframe,
)


def day(text):
    return date.fromisoformat(text) if text else None


def cases(*rows):
    """Return parameters with a readable id for rows of words, [assumed year,] earliest, latest."""
    parameters = []
    for words, *year, earliest, latest in rows:
        name = f"{words} [{year[0]}]" if year else words
        parameters.append(
            pytest.param(words, *(year or [None]), day(earliest), day(latest), id=name)
        )
    return pytest.mark.parametrize(("words", "year", "earliest", "latest"), parameters)


def assert_reads(words, year, earliest, latest):
    frame = read_timeframe(words, year=year)
    assert (frame.earliest, frame.latest) == (earliest, latest)
    assert frame.words == " ".join(words.split())
    assert frame.dated is (earliest is not None or latest is not None)


# What the source documents print, with the year of the document where they imply it.


@cases(
    ("16 July 2020", "2020-07-16", "2020-07-16"),  # first line
    ("mid-August", 2020, "2020-08-11", "2020-08-20"),  # own action points
    ("by mid-August", 2020, None, "2020-08-20"),
    ("by mid-\nAugust", 2020, None, "2020-08-20"),  # progress overview, broken over two lines
    ("by August", 2020, None, "2020-08-31"),  # RC handbook
    ("5 Dec 2019", "2019-12-05", "2019-12-05"),  # UN-Habitat's framework
    ("by the end 2020", None, "2020-12-31"),  # the same
    ("till end 2020", None, "2020-12-31"),  # DHC guidance
    ("by end August", 2020, None, "2020-08-31"),  # the interim guidance
    ("by the third week of August", 2020, None, "2020-08-21"),  # case study
    ("in February", 2020, "2020-02-01", "2020-02-29"),
    ("May – October 2020", "2020-05-01", "2020-10-31"),  # EWEAR report
    ("in early September", 2020, "2020-09-01", "2020-09-10"),  # next meeting
    ("in coming weeks", 2020, None, None),
    ("on a monthly basis", 2020, None, None),
)
def test_reads_what_the_rg1_meeting_record_of_july_2020_prints(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("25 September 2020", "2020-09-25", "2020-09-25"),  # page 1
    ("FEBRUARY- JUNE 2021", "2021-02-01", "2021-06-30"),  # title
    ("2020 and 2021", "2020-01-01", "2021-12-31"),  # title
    ("29 October", 2020, "2020-10-29", "2020-10-29"),  # 1.1
    ("between July and\nSeptember", 2021, "2021-07-01", "2021-09-30"),  # 1.2
    ("in May\n2021", "2021-05-01", "2021-05-31"),  # 1.3
    ("in mid-2021", "2021-05-01", "2021-08-31"),  # 2.2
    ("in the fall of 2021", "2021-09-01", "2021-11-30"),  # 2.2
    ("To be finalized in Q2 2021", "2021-04-01", "2021-06-30"),  # 3.3
    ("To be finalized by June 2021.", None, "2021-06-30"),  # 3.4
    ("11-14 Nov\n2019", "2019-11-11", "2019-11-14"),  # 4.4
    ("November 2020-April 2021", "2020-11-01", "2021-04-30"),  # 5.1
    ("late October 2020", "2020-10-21", "2020-10-31"),  # 5.1
    ("in 2021", "2021-01-01", "2021-12-31"),  # 6.1
    ("Q4 2020", "2020-10-01", "2020-12-31"),  # 7.1
    ("bi-annual", 2021, None, None),  # 5.1
    ("on a rolling basis", 2021, None, None),  # 7.2
    ("during 2019’s annual", None, None),  # 4.5
)
def test_reads_what_the_rg1_progress_report_of_june_2021_prints(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("DRAFT 7 March 2016", "2016-03-07", "2016-03-07"),  # title
    ("1st draft by 24 February", 2016, None, "2016-02-24"),  # 13.3
    ("1st draft by 24 February", None, None),
    ("31 March", 2016, "2016-03-31", "2016-03-31"),  # 13.3
    ("By 26 February", 2016, None, "2016-02-26"),  # 13.3
    ("By 26 February", None, None),
    ("by 31 March 2016", None, "2016-03-31"),  # 13.5
    ("(by end of April  2016)", None, "2016-04-30"),  # 13.6
    ("in March/April \n\n2016)", "2016-03-01", "2016-04-30"),  # 13.6
    ("End of 2017", None, "2017-12-31"),  # 13.8
    ("after WHS", 2016, None, None),
    ("within the next 6-12 months", 2016, None, None),
    ("within the next six months", 2016, None, None),
    ("within 18 months of the issuance of this report", 2016, None, None),
    ("Upon adoption of IASC Protection Policy", 2016, None, None),
    ("Endorsement by WG by 31 March", 2016, None, None),  # a body's name around a date
)
def test_reads_what_the_management_response_plan_of_2016_prints(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("DRAFT 26 September", 2016, "2016-09-26", "2016-09-26"),  # title
    ("October 2016", "2016-10-01", "2016-10-31"),  # A.1
    ("September -December 2016", "2016-09-01", "2016-12-31"),  # A.1
    ("October 2016 – February 2017", "2016-10-01", "2017-02-28"),  # A.2
    ("October 2016 – December 2017", "2016-10-01", "2017-12-31"),  # B
    ("January – December 2017", "2017-01-01", "2017-12-31"),  # C
    ("January 2017 \nJune 2017 \nDecember 2017 ", "2017-01-01", "2017-12-31"),  # D.2
    ("per EDG schedule", 2016, None, None),
)
def test_reads_the_time_frame_column_of_the_roll_out_plan_of_2016(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


# The rules, one by one.


@cases(
    ("9 July 2020", "2020-07-09", "2020-07-09"),
    ("9 Jul 2020", "2020-07-09", "2020-07-09"),
    ("9 Jul. 2020", "2020-07-09", "2020-07-09"),
    ("09 JULY 2020.", "2020-07-09", "2020-07-09"),
    ("9 July, 2020", "2020-07-09", "2020-07-09"),
    ("9-Jul-2020", "2020-07-09", "2020-07-09"),
    ("9july2020", "2020-07-09", "2020-07-09"),
    ("the 9th of July 2020", "2020-07-09", "2020-07-09"),
    ("on 9 July 2020,", "2020-07-09", "2020-07-09"),
    ("1st July 2020", "2020-07-01", "2020-07-01"),
    ("2nd July 2020", "2020-07-02", "2020-07-02"),
    ("3rd July 2020", "2020-07-03", "2020-07-03"),
    ("24 th July 2020", "2020-07-24", "2020-07-24"),
    ("July 9, 2020", "2020-07-09", "2020-07-09"),
    ("July 9 2020", "2020-07-09", "2020-07-09"),
    ("July 9th", 2020, "2020-07-09", "2020-07-09"),
    ("9 July", 2020, "2020-07-09", "2020-07-09"),
    ("2020-07-09", "2020-07-09", "2020-07-09"),
    ("29 February 2020", "2020-02-29", "2020-02-29"),
    ("1 January 1900", "1900-01-01", "1900-01-01"),
    ("31 December 2100", "2100-12-31", "2100-12-31"),
)
def test_a_day_is_itself(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("30/06/2021", "2021-06-30", "2021-06-30"),
    ("30.06.2021", "2021-06-30", "2021-06-30"),
    ("30-06-2021", "2021-06-30", "2021-06-30"),
    ("by 30/6/2021", None, "2021-06-30"),
    ("06/30/2021", "2021-06-30", "2021-06-30"),  # one reading only
    ("04/04/2021", "2021-04-04", "2021-04-04"),  # two readings, one day
    ("30/06", 2021, "2021-06-30", "2021-06-30"),
    ("30/06", None, None),
    ("03/04", None, None),
    ("28/06 - 30/06/2021", "2021-06-28", "2021-06-30"),
    ("2021-06-28/2021-06-30", "2021-06-28", "2021-06-30"),
    ("30/06.2021", None, None),
    ("13/13/2021", None, None),
    ("0/4/2021", None, None),
    ("31/04/2021", None, None),
    ("30/06/21", 2021, None, None),
    ("30/06/20215", 2021, None, None),
    ("2020-07-091", 2021, None, None),
    ("2020-07-09T10:00", None, None),
    ("13.7", 2021, None, None),  # the number of a recommendation
)
def test_a_date_in_figures_is_read_where_it_has_one_reading(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@pytest.mark.parametrize(
    ("words", "year", "readings"),
    [
        ("03/04/2021", None, ("2021-04-03", "2021-03-04")),
        ("3.4.2021", None, ("2021-04-03", "2021-03-04")),
        ("12-01-2021", None, ("2021-01-12", "2021-12-01")),
        ("(by  03/04/2021)", None, ("2021-04-03", "2021-03-04")),
        ("03/04", 2021, ("2021-04-03", "2021-03-04")),
        ("03/04/2021 – 30/06/2021", None, ("2021-04-03", "2021-03-04")),
        ("30 June 2020 to 03/04/2021", None, ("2021-04-03", "2021-03-04")),
    ],
)
def test_a_date_in_figures_with_two_readings_is_refused_with_both(words, year, readings):
    with pytest.raises(AmbiguousDate) as refusal:
        read_timeframe(words, year=year)
    assert refusal.value.words == " ".join(words.split())
    assert refusal.value.readings == tuple(day(reading) for reading in readings)


def test_an_ambiguous_date_says_what_was_written_what_it_can_mean_and_how_to_write_it():
    refusal = AmbiguousDate("by 03/04/2021", (date(2021, 4, 3), date(2021, 3, 4)))
    assert str(refusal) == (
        "The date in “by 03/04/2021” can be read as 3 April 2021 or as 4 March 2021. Write the one "
        "you mean with the year first or the month in letters, such as 2021-04-03 or "
        "“3 April 2021”."
    )


def test_an_ambiguous_date_survives_pickling():
    refusal = AmbiguousDate("03/04/2021", (date(2021, 4, 3), date(2021, 3, 4)))
    copy = pickle.loads(pickle.dumps(refusal))
    assert (copy.words, copy.readings) == (refusal.words, refusal.readings)


def test_an_ambiguous_date_in_text_that_is_not_understood_is_not_an_error():
    assert not read_timeframe("see letter of 03/04/2021").dated


@cases(
    ("June 2021", "2021-06-01", "2021-06-30"),
    ("Jun 2021", "2021-06-01", "2021-06-30"),
    ("Sept. 2020", "2020-09-01", "2020-09-30"),
    ("June, 2021", "2021-06-01", "2021-06-30"),
    ("June of 2021", "2021-06-01", "2021-06-30"),
    ("during June 2021", "2021-06-01", "2021-06-30"),
    ("[June 2021]", "2021-06-01", "2021-06-30"),
    ("May 2021", "2021-05-01", "2021-05-31"),
    ("February 2020", "2020-02-01", "2020-02-29"),
    ("February 2021", "2021-02-01", "2021-02-28"),
    ("June", 2021, "2021-06-01", "2021-06-30"),
    ("June", None, None),
    ("June 2020", 2021, "2020-06-01", "2020-06-30"),  # the printed year wins
)
def test_a_month_is_its_first_to_its_last_day(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("Q1 2021", "2021-01-01", "2021-03-31"),
    ("q2 2021", "2021-04-01", "2021-06-30"),
    ("Q3, 2021", "2021-07-01", "2021-09-30"),
    ("Q 4 2021", "2021-10-01", "2021-12-31"),
    ("2021 Q2", "2021-04-01", "2021-06-30"),
    ("2021-Q2", "2021-04-01", "2021-06-30"),
    ("second quarter of 2021", "2021-04-01", "2021-06-30"),
    ("by the 2nd quarter 2021", None, "2021-06-30"),
    ("1st quarter 2021", "2021-01-01", "2021-03-31"),
    ("3rd quarter 2021", "2021-07-01", "2021-09-30"),
    ("4th quarter 2021", "2021-10-01", "2021-12-31"),
    ("fourth quarter of 2021", "2021-10-01", "2021-12-31"),
    ("H1 2021", "2021-01-01", "2021-06-30"),
    ("2021 H2", "2021-07-01", "2021-12-31"),
    ("the first half of 2021", "2021-01-01", "2021-06-30"),
    ("second half of 2021", "2021-07-01", "2021-12-31"),
    ("Q2", 2021, "2021-04-01", "2021-06-30"),
    ("Q2", None, None),
    ("Q0 2021", None, None),
    ("Q5 2021", None, None),
    ("Q22 2021", None, None),
    ("H3 2021", None, None),
    ("third half of 2021", None, None),
    ("2021 Q2 2022", None, None),
    ("mid 2021 Q2", None, None),
)
def test_quarters_and_halves(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("early August 2020", "2020-08-01", "2020-08-10"),
    ("mid August 2020", "2020-08-11", "2020-08-20"),
    ("mid–August 2020", "2020-08-11", "2020-08-20"),
    ("the middle of August 2020", "2020-08-11", "2020-08-20"),
    ("late August 2020", "2020-08-21", "2020-08-31"),
    ("late February 2020", "2020-02-21", "2020-02-29"),
    ("late February 2021", "2021-02-21", "2021-02-28"),
    ("early August", None, None),
    ("early 2021", "2021-01-01", "2021-04-30"),
    ("early in 2021", "2021-01-01", "2021-04-30"),
    ("mid-2021", "2021-05-01", "2021-08-31"),
    ("late 2021", "2021-09-01", "2021-12-31"),
    ("early", 2021, None, None),
    ("early 9 July 2021", None, None),
    ("mid July 9, 2021", None, None),
    ("first week of August 2020", "2020-08-01", "2020-08-07"),
    ("2nd week of August 2020", "2020-08-08", "2020-08-14"),
    ("third week of August 2020", "2020-08-15", "2020-08-21"),
    ("fourth week of August 2020", "2020-08-22", "2020-08-28"),
    ("fifth week of August 2020", None, None),
    ("third week of 2020", None, None),
    ("third week of July 9, 2020", None, None),
)
def test_thirds_of_a_month_or_year_and_weeks_of_a_month(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("spring 2021", "2021-03-01", "2021-05-31"),
    ("Summer of 2021", "2021-06-01", "2021-08-31"),
    ("in the fall of 2021", "2021-09-01", "2021-11-30"),
    ("autumn 2021", "2021-09-01", "2021-11-30"),
    ("autumn", 2021, "2021-09-01", "2021-11-30"),
    ("winter 2021", 2021, None, None),
    ("spring 2021 - winter 2021", None, None),
)
def test_seasons_are_months_and_winter_has_no_days(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("by 9 July 2020", None, "2020-07-09"),
    ("by June 2021", None, "2021-06-30"),
    ("by end June 2021", None, "2021-06-30"),
    ("by July–September 2021", None, "2021-09-30"),
    ("end June", 2021, None, "2021-06-30"),
    ("end-June 2021", None, "2021-06-30"),
    ("end of Q2 2021", None, "2021-06-30"),
    ("end 2020", None, "2020-12-31"),
    ("end of 2020", None, "2020-12-31"),
    ("by the end of 2020", None, "2020-12-31"),
    ("by the end of the third week of August 2020", None, "2020-08-21"),
    ("until May 2021", None, "2021-05-31"),
    ("up to May 2021", None, "2021-05-31"),
    ("no later than 31 May 2021", None, "2021-05-31"),
    ("First draft by 31 May 2021", None, "2021-05-31"),
    ("to be finalised by 31 May 2021", None, "2021-05-31"),
    ("to be completed by 31 May 2021", None, "2021-05-31"),
    ("due by 31 May 2021", None, "2021-05-31"),
    ("Deadline: not later than 31 May 2021;", None, "2021-05-31"),
    ("end", 2021, None, None),
    ("end 9 July 2020", None, None),
    ("end July 9, 2020", None, None),
    ("by", 2021, None, None),
    ("by by June 2021", None, None),
    ("by June 2021 onwards", None, None),
)
def test_a_deadline_has_a_latest_day_only(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("since March 2020", "2020-03-01", None),
    ("from October 2016", "2016-10-01", None),
    ("From 9 July 2020 onwards", "2020-07-09", None),
    ("October 2016 onward", "2016-10-01", None),
    ("since mid-2020", "2020-05-01", None),
    ("since", 2020, None, None),
    ("since the end of 2020", None, None),
    ("from June 2020, July 2020", None, None),
)
def test_a_beginning_has_an_earliest_day_only(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("2021", "2021-01-01", "2021-12-31"),
    ("2020-2021", "2020-01-01", "2021-12-31"),
    ("2020—2021", "2020-01-01", "2021-12-31"),
    ("2020/2021", "2020-01-01", "2021-12-31"),
    ("July–September 2021", "2021-07-01", "2021-09-30"),
    ("July to September", 2021, "2021-07-01", "2021-09-30"),
    ("from October 2016 to February 2017", "2016-10-01", "2017-02-28"),
    ("October 2016 until February 2017", "2016-10-01", "2017-02-28"),
    ("October 2016 till February 2017", "2016-10-01", "2017-02-28"),
    ("October 2016 through February 2017", "2016-10-01", "2017-02-28"),
    ("between October 2016 and February 2017", "2016-10-01", "2017-02-28"),
    ("29 June to 3 July 2020", "2020-06-29", "2020-07-03"),
    ("between 11 and 14 November 2019", "2019-11-11", "2019-11-14"),
    ("11\u00ad14 Nov 2019", "2019-11-11", "2019-11-14"),
    ("11th - 14th November", 2019, "2019-11-11", "2019-11-14"),
    ("November 11-14, 2019", "2019-11-11", "2019-11-14"),
    ("November 30th - 2 December 2019", "2019-11-30", "2019-12-02"),
    ("November 11, 2019 – December 2, 2019", "2019-11-11", "2019-12-02"),
    ("Q3 2020 – Q1 2021", "2020-07-01", "2021-03-31"),
    ("mid-July to early September 2021", "2021-07-11", "2021-09-10"),
    ("June 2021 to the end of 2021", "2021-06-01", "2021-12-31"),
    ("June to end 2020", "2020-06-01", "2020-12-31"),
    ("end of June to mid-August 2021", None, "2021-08-20"),
    ("June 2021 - June 2021", "2021-06-01", "2021-06-30"),
    ("9 July 2020 - 9 July 2020", "2020-07-09", "2020-07-09"),
)
def test_a_range_runs_from_the_first_day_of_one_part_to_the_last_of_the_other(
    words, year, earliest, latest
):
    assert_reads(words, year, earliest, latest)


@cases(
    ("2021-2020", None, None),
    ("July 2021 – June 2021", None, None),
    ("14-11 November 2019", None, None),
    ("November 14-11, 2019", None, None),
    ("2021 – June 2021", None, None),
    ("30 June 2021 – June 2021", None, None),
    ("October – February 2017", None, None),
    ("31 June to 3 July 2020", None, None),
    ("between June 2021", None, None),
    ("June 2021 –", None, None),
    ("– June 2021", None, None),
    ("June - July - August 2021", None, None),
)
def test_a_range_out_of_order_or_cut_off_has_no_days(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("June, September and December 2021", "2021-06-01", "2021-12-31"),
    ("June 2020, September 2020, and March 2021", "2020-06-01", "2021-03-31"),
    ("June & July 2021", "2021-06-01", "2021-07-31"),
    ("December 2021; June 2021", "2021-06-01", "2021-12-31"),
    ("11, 12 and 14 November 2019", "2019-11-11", "2019-11-14"),
    ("9 July 2020 10 July 2020", "2020-07-09", "2020-07-10"),
    ("Q4 2020 Q1 2021", "2020-10-01", "2021-03-31"),
    ("end of June and end of December 2021", None, "2021-12-31"),
    ("June 2021 and end of December 2021", "2021-06-01", "2021-12-31"),
    ("by June and December 2021", None, "2021-12-31"),
    ("June July 2021", None, None),
    ("June July", 2021, None, None),
    ("2020 2021", None, None),
    ("2020 June", None, None),
    ("June 2020 2021", None, None),
    ("1 2 June 2020", None, None),
    ("June 2021 and", None, None),
)
def test_a_list_of_dates_spans_all_of_them(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@cases(
    ("June 2020 - August", 2021, None, None),
    ("June 2020 and August", 2021, None, None),
    ("June – 2021", None, None),
    ("Jun-2021", 2020, None, None),
    ("Jun-21", 2021, None, None),
    ("June 21", 2021, None, None),  # a day, or a month of 2021
    ("20 June 21", 2021, None, None),
    ("2020-21", 2021, None, None),
    ("2020-06", 2021, None, None),
    ("9", 2021, None, None),
    ("9 – June 2021", None, None),
    ("9 and 14/06/2021", None, None),
    ("11 to 14", 2021, None, None),
    ("9-July 2020", None, None),
    ("June", 1899, None, None),
    ("June", 2101, None, None),
    ("June", 999_999, None, None),
    ("June", 0, None, None),
)
def test_a_year_or_month_that_is_not_plainly_implied_is_not_guessed(words, year, earliest, latest):
    assert_reads(words, year, earliest, latest)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "   ",
        ".",
        "()",
        "TBD",
        "TBC",
        "ongoing",
        "rolling basis",
        "annually",
        "every six months",
        "bi-annual",
        "semi-annual",
        "monthly",
        "within 18 months",
        "after WHS",
        "post 90th WG meeting",
        "upon finalisation of the Review",
        "per EDG schedule",
        "in the coming months",
        "as soon as possible",
        "31 February 2021",
        "29 February 2021",
        "30 February",
        "0 June 2021",
        "32 June 2021",
        "009 June 2021",
        "2021-13-01",
        "2021-00-10",
        "2021-02-31",
        "1899",
        "2101",
        "1 January 1899",
        "2101-01-01",
        "30/06/1899",
        "June 20211",
        ", 2021",
        "since of 2021",
        "Juno 2021",
        "around June 2021",
        "June 2021 (tentative)",
        "June (2021)",
        "Q2 (April-June) 2021",
        "before or after June 2021",
        "completed in June 2021",
        "June 2021 at HQ",
        "COVID-19",
        "UNSCR 1960",
        "يونيو 2021",
        "٩ July 2020",
        "9 July 2020 🎉",
    ],
)
def test_what_is_not_understood_as_a_whole_has_no_days(words):
    assert_reads(words, 2021, None, None)


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\t", "\r\n", "  ", " \u200b", "\ufeff "])
def test_any_white_space_separates(space):
    assert read_timeframe(f"9{space}July{space}2020").latest == date(2020, 7, 9)


@pytest.mark.parametrize("dash", "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
def test_any_dash_makes_a_range(dash):
    frame = read_timeframe(f"July{dash}September 2021")
    assert (frame.earliest, frame.latest) == (date(2021, 7, 1), date(2021, 9, 30))


def test_words_are_kept_as_printed_with_white_space_collapsed():
    assert read_timeframe("  (By\u00a0end of\n April – 2016) ").words == "(By end of April – 2016)"


def test_a_time_frame_is_dated_by_either_day():
    assert TimeFrame("since June 2021", date(2021, 6, 1), None).dated
    assert TimeFrame("by June 2021", None, date(2021, 6, 30)).dated
    assert not TimeFrame("TBD", None, None).dated


def test_a_text_is_read_up_to_the_longest_length_and_kept_beyond_it():
    padding = "(" * (LONGEST - len("June 2021"))
    assert read_timeframe(padding + "June 2021").latest == date(2021, 6, 30)
    too_long = read_timeframe(padding + "(June 2021")
    assert not too_long.dated
    assert len(too_long.words) == LONGEST + 1


# What holds for whatever is written.

VOCABULARY = (
    "by until since from between and to the of in end early mid late first 2nd third week quarter "
    "half Q1 Q4 H2 Q5 spring fall winter January Feb may June Sept. December 1 9 30 31 32 1st 24th "
    "2020 2021 1899 2020-02-30 2021-06-30 03/04/2021 30/06/2021 30/06 - – / , ; & ( ) onwards TBD"
)
PHRASES = st.lists(st.sampled_from(VOCABULARY.split()), max_size=9).map(" ".join)
FIGURES = st.text("0123456789/.- ", max_size=14)
WRITTEN = st.one_of(st.text(), PHRASES, FIGURES, st.text("0123456789mayjune/.-, ()", max_size=30))
YEARS = st.one_of(st.none(), st.integers(), st.integers(FIRST_YEAR, LAST_YEAR))
DAYS = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))


@given(WRITTEN, YEARS)
@example("9" * 5000, 2021)
@example("(" * 100_000, 2021)
@example("June " * 40, 2021)
def test_any_text_gives_its_words_and_days_in_order_or_an_ambiguous_date(words, year):
    try:
        frame = read_timeframe(words, year=year)
    except AmbiguousDate as refusal:
        day_first, month_first = refusal.readings
        assert (day_first.day, day_first.month) == (month_first.month, month_first.day)
        assert day_first != month_first
        assert refusal.words == " ".join(words.split())
        return
    assert frame.words == " ".join(words.split())
    days = [each for each in (frame.earliest, frame.latest) if each]
    assert days == sorted(days)
    assert all(FIRST_YEAR <= each.year <= LAST_YEAR for each in days)


@given(PHRASES, st.integers(FIRST_YEAR, LAST_YEAR))
def test_reading_its_own_words_again_gives_the_same_time_frame(words, year):
    try:
        frame = read_timeframe(words, year=year)
    except AmbiguousDate:
        with pytest.raises(AmbiguousDate):
            read_timeframe(words.upper(), year=year)
        return
    assert read_timeframe(frame.words, year=year) == frame
    shouted = read_timeframe(words.upper(), year=year)
    assert (shouted.earliest, shouted.latest) == (frame.earliest, frame.latest)


@given(DAYS)
def test_a_day_is_read_back_from_its_iso_form_and_from_letters(written):
    for words in (written.isoformat(), f"{written:%d %B %Y}", f"{written:%B %d, %Y}"):
        assert read_timeframe(words) == TimeFrame(words, written, written)


@given(DAYS, DAYS)
def test_two_days_are_a_range_exactly_when_they_are_in_order(first, second):
    frame = read_timeframe(f"{first} – {second}")
    expected = (first, second) if first <= second else (None, None)
    assert (frame.earliest, frame.latest) == expected


@given(DAYS)
def test_a_date_in_figures_never_gives_a_day_other_than_the_one_written(written):
    words = f"{written:%d/%m/%Y}"
    try:
        assert read_timeframe(words).latest == written
    except AmbiguousDate as refusal:
        assert refusal.readings[0] == written
        assert written.day <= 12


@given(DAYS)
def test_by_keeps_the_latest_day_and_drops_the_earliest(written):
    for words in (f"{written:%d %B %Y}", f"{written:%B %Y}", f"{written.year}"):
        plain, by = read_timeframe(words), read_timeframe(f"by {words}")
        assert (by.earliest, by.latest) == (None, plain.latest)
        assert plain.earliest <= written <= plain.latest
