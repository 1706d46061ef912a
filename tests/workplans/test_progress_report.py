"""What a progress report says, and how two of them differ."""

from datetime import date

import pytest

from tests.factories import (
    make_area,
    make_deliverable,
    make_entity,
    make_party,
    make_source,
    make_update,
    make_workplan,
)
from workplans.models import Level, Membership, Workplan
from workplans.progress_report import (
    Period,
    content_digest,
    from_json,
    make_report,
    to_json,
)
from workplans.report_differences import differences
from workplans.report_paper import report_paper
from workplans.status import remove_narrative

pytestmark = pytest.mark.django_db

SPRING = Period(date(2021, 2, 1), date(2021, 6, 30))


def report_of(plan, period=SPRING):
    return make_report(
        Workplan.objects.select_related("owner", "endorsed_by").get(pk=plan.pk), period
    )


def told(item, day, reported=None, **kwargs):
    source = make_source(dated=date.fromisoformat(reported or day))
    return make_update(item, effective_on=date.fromisoformat(day), source=source, **kwargs)


def only_item(plan, period=SPRING):
    (item,) = report_of(plan, period).items
    return item


@pytest.fixture
def area():
    return make_area(workplan=make_workplan(slug="plan"), number="1")


@pytest.fixture
def rg1(documents):
    return Workplan.objects.get(slug="rg1-2020")


class TestTheReportOfResultsGroup1:
    """1 February to 30 June 2021, as the group's own report has it."""

    def test_has_the_areas_and_deliverables_in_order_with_their_tags(self, rg1):
        report = report_of(rg1)
        assert [len(area.items) for area in report.areas] == [4, 2, 5, 5, 1, 2, 2]
        numbers = [item.number for item in report.items]
        assert numbers == sorted(numbers)
        assert report.tags == {"completed": 12, "ongoing": 10, "continuous": 1}
        assert report.heads == (("Co-chairs", "InterAction, OCHA"),)
        assert report.endorsed == "OPAG, 25 September 2020"

    def test_tells_the_finished_half_under_its_item(self, rg1):
        item = report_of(rg1).items[0]
        assert (item.status, [part.status for part in item.parts]) == ("ongoing", ["completed"])
        assert len(item.others) == 4

    def test_has_each_party_in_its_column(self, rg1):
        items = {item.number: item for item in report_of(rg1).items}
        leads = {number: [one.name for one in item.leads] for number, item in items.items()}
        assert leads["3.5"] == ["IFRC", "UNICEF"]
        others = [one.name for one in items["3.5"].contributors]
        groups = [one.name for one in items["3.5"].groups]
        assert (others, groups) == (["All members of RG1"], ["RG5"])

    def test_prints_who_asked_for_what_with_the_days_as_printed(self, rg1):
        items = {item.number: item for item in report_of(rg1).items}
        assert items["1.4"].mandates == ("Agreed by OPAG, 29 October 2020",)
        assert items["3.1"].mandates == ("Requested by OPAG, 19 July 2020 (read as 9 July 2020)",)
        assert items["1.3"].mandates == ("Endorsed by OPAG, November 2020",)
        assert items["3.3"].mandates == ("Agreed by IASC Principals, 5 Dec 2019",)
        assert items["2.1"].mandates == ()

    def test_says_from_when_a_text_is_unless_the_report_itself_gives_no_day(self, rg1):
        items = {item.number: item for item in report_of(rg1).items}
        standing = {number: item.standing.day_words for number, item in items.items()}
        assert standing["2.1"] == "December 2019"
        assert standing["6.2"] == "16 July 2020"
        assert standing["7.1"] == "January 2021"
        assert standing["1.1"] == ""
        assert items["6.2"].others[0].day_words == "April 2020"
        assert "" in [told.day_words for told in items["1.1"].others]

    def test_names_the_days_of_a_time_frame_that_implies_its_year_and_none_of_what_is_closed(
        self, rg1
    ):
        items = {
            item.number: item
            for item in report_of(rg1, Period(SPRING.first, date(2021, 6, 29))).items
        }
        assert items["6.1"].timeframe == "until the end of the year (until 31 December 2020)"
        assert report_of(rg1).items[-2].timeframe == ""

    def test_is_the_same_when_it_comes_back_from_json(self, rg1):
        report = report_of(rg1)
        assert from_json(to_json(report)) == report
        assert differences(report, from_json(to_json(report))) == []

    def test_keeps_its_tags_in_the_document(self, rg1):
        paper = report_paper(report_of(rg1), "Draft")
        words = [
            word
            for block in paper.blocks
            for row in getattr(block, "rows", ())
            for cell in row.cells
            for paragraph in cell.paragraphs
            for word in paragraph.words
            if word.look == "tag"
        ]
        assert len(words) == 23


class TestAnItem:
    def test_stands_as_on_the_last_day_and_tells_the_rest_of_the_period(self, area):
        item = make_deliverable(priority_area=area)
        told(item, "2020-12-01", narrative="Long before.")
        told(item, "2021-02-01", narrative="On the first day.")
        told(item, "2021-01-31", reported="2021-03-01", narrative="Told late.")
        told(item, "2021-06-30", narrative="On the last day.", status="ongoing")
        told(item, "2021-07-01", narrative="After.", status="completed")
        found = only_item(area.workplan)
        assert (found.status, found.standing.narrative) == ("ongoing", "On the last day.")
        assert [one.narrative for one in found.others] == ["Told late.", "On the first day."]

    def test_without_news_shows_what_stands_from_before(self, area):
        item = make_deliverable(priority_area=area)
        told(item, "2020-12-01", narrative="Long before.", status="ongoing")
        found = only_item(area.workplan)
        assert (found.status, found.standing.narrative, found.others) == (
            "ongoing",
            "Long before.",
            (),
        )

    def test_takes_what_was_known_then_if_asked(self, area):
        item = make_deliverable(priority_area=area)
        row = told(item, "2021-03-01", narrative="As told then.", status="ongoing")
        source = make_source(dated=date(2021, 8, 1))
        make_update(item, narrative="Corrected.", status="ongoing", replaces=row, source=source)
        assert only_item(area.workplan).standing.narrative == "Corrected."
        period = Period(SPRING.first, SPRING.last, known=SPRING.last)
        assert only_item(area.workplan, period).standing.narrative == "As told then."

    def test_prints_a_day_with_the_year_that_the_document_implies(self, area):
        item = make_deliverable(priority_area=area)
        for day, words in (
            ("2021-03-31", "March"),
            ("2021-04-30", "April 2021"),
            ("2021-05-02", ""),
        ):
            told(item, day, effective_words=words)
        told(item, "2021-06-01")
        days = [one.day_words for one in only_item(area.workplan).others]
        assert days == ["March 2021", "April 2021", "2 May 2021"]

    def test_names_the_time_frames_that_it_moved_from(self, area):
        item = make_deliverable(
            priority_area=area, initial_timeframe="2020", initial_latest=date(2020, 12, 31)
        )
        told(item, "2021-03-01", narrative="", timeframe="mid-2021")
        found = only_item(area.workplan)
        assert (found.timeframe, found.slips) == ("mid-2021", (("2020", "mid-2021"),))

    def test_stands_under_its_heading_with_its_parts(self, area):
        heading = make_deliverable(
            priority_area=area, level=Level.HEADING, number="A.1", title="Key activity", order=1
        )
        item = make_deliverable(priority_area=area, parent=heading, order=2)
        part = make_deliverable(priority_area=area, parent=item, level=Level.PART, order=3)
        found = only_item(area.workplan)
        assert found.heading == "A.1 Key activity"
        assert [one.ref for one in found.with_parts] == [item.ref, part.ref]

    def test_parts_leads_contributors_and_other_groups(self, area):
        item = make_deliverable(priority_area=area)
        group = make_entity(kind="results_group", acronym="RG5")
        for acronym, role, entity in (
            ("LEAD", "lead", None),
            ("FOCAL", "focal_point", None),
            ("HELPS", "support", None),
            ("ASKED", "consulted", None),
            ("RG5", "contributor", group),
        ):
            make_party(item, entity=entity or make_entity(acronym=acronym), role=role)
        found = only_item(area.workplan)
        assert [
            [one.name for one in column]
            for column in (found.leads, found.contributors, found.groups)
        ] == [["LEAD", "FOCAL"], ["HELPS", "ASKED"], ["RG5"]]

    def test_names_what_superseded_it_if_that_is_public(self, area):
        secret = make_area(workplan=make_workplan(published=False))
        for other in (make_deliverable(), make_deliverable(priority_area=secret)):
            make_deliverable(
                priority_area=area, superseded_by=other, superseded_on=date(2021, 3, 1)
            )
        public, hidden = report_of(area.workplan).items
        assert public.superseded.startswith("Superseded by PLAN-")
        assert hidden.superseded == "Superseded."

    def test_moves_a_time_frame_only_if_it_is_another(self, area):
        item = make_deliverable(priority_area=area, initial_timeframe="June 2021")
        told(item, "2021-03-01", narrative="", timeframe="June 2021")
        late = told(item, "2021-01-15", reported="2021-04-01", narrative="", timeframe="May 2021")
        assert late.timeframe
        assert only_item(area.workplan).slips == (
            ("June 2021", "May 2021"),
            ("May 2021", "June 2021"),
        )

    def test_keeps_two_parties_of_one_name_apart(self, area):
        item = make_deliverable(priority_area=area)
        for kind in ("agency", "results_group"):
            make_party(item, entity=make_entity(kind=kind, acronym="SAME"), role="contributor")
        found = only_item(area.workplan)
        assert [len(column) for column in (found.contributors, found.groups)] == [1, 1]

    def test_that_is_withdrawn_or_not_yet_there_is_left_out(self, area):
        make_deliverable(priority_area=area, withdrawn_on=date(2021, 3, 1))
        make_deliverable(priority_area=area, introduced_on=date(2021, 7, 1))
        assert report_of(area.workplan).items == []


def grow(area, amount):
    for number in range(amount):
        item = make_deliverable(priority_area=area, number=f"1.{number}")
        part = make_deliverable(priority_area=area, parent=item, level=Level.PART)
        for one in (item, part):
            make_party(one)
            told(one, "2021-03-01", status="ongoing")


def test_it_costs_the_same_queries_for_3_items_and_for_30(django_assert_num_queries):
    group = make_entity(kind="results_group")
    Membership.objects.create(group=group, member=make_entity(), role="co_chair")
    plan = make_workplan(owner=group)
    for amount in (3, 27):
        area = make_area(workplan=plan)
        grow(area, amount)
        read = Workplan.objects.select_related("owner", "endorsed_by").get(pk=plan.pk)
        # Items, their rows and parties, the areas with their partners, co-chairs, mandates.
        with django_assert_num_queries(7):
            make_report(read, SPRING)


class TestKeeping:
    def test_a_digest_changes_with_every_word_but_a_narrative_that_is_taken_out(self, area):
        item = make_deliverable(priority_area=area)
        first = told(item, "2021-03-01", narrative="Jane Doe is ill.")
        told(item, "2021-04-01", narrative="Going on.")
        report = report_of(area.workplan)
        remove_narrative(first, reason="Health data")
        out = report_of(area.workplan)
        assert [one.narrative for one in out.items[0].told] == ["Going on.", "[removed]"]
        assert content_digest(out) == content_digest(report)
        item.title = "Another title"
        item.save()
        assert content_digest(report_of(area.workplan)) != content_digest(report)


class TestDifferences:
    def test_names_what_was_renamed_told_added_and_withdrawn(self, area):
        plan = area.workplan
        lead = make_entity(acronym="OLD")
        item, gone = (make_deliverable(priority_area=area, title=title) for title in ("A", "B"))
        make_party(item, entity=lead)
        old = report_of(plan)
        lead.acronym = "NEW"
        lead.save()
        plan.title = "Another plan"
        plan.save()
        gone.withdrawn_on = date(2021, 1, 1)
        gone.save()
        told(item, "2021-03-01", status="ongoing", narrative="Begun.")
        told(item, "2021-04-01", narrative="Going on.")
        make_deliverable(priority_area=area, ref="PLAN-NEW", title="C")
        found = {
            (one.about, one.field): (one.old, one.new) for one in differences(old, report_of(plan))
        }
        about = f"{item.ref} A"
        assert found == {
            (old.title, "Title"): (old.title, "Another plan"),
            (about, "Leads"): ("OLD", "NEW"),
            (about, "Status"): ("Not reported", "Ongoing"),
            (about, "Narrative"): ("", "1 April 2021: Going on."),
            (about, "Told in the period"): ("", "1 March 2021: Begun."),
            (f"{gone.ref} B", "Deliverable"): ("in the report", "not in it"),
            ("PLAN-NEW C", "Deliverable"): ("not in it", "in the report"),
        }
