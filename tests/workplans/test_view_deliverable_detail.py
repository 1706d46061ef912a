"""The page of one deliverable."""

import re
from datetime import date, timedelta

import pytest

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
    make_update,
    make_workplan,
)
from tests.public_pages import DAY_PICKER, read_alert, read_text

pytestmark = pytest.mark.django_db

DAY = date(2021, 6, 30)

# Read by the page of an item: the item with its plan, its parties, its kin, its parts and their
# parties, its ledger with sources, whether anything stands before it, its mandates, and whether it
# led to anything.
QUERIES = 9


def address(item, query=""):
    return f"/deliverables/{item.ref}/{query}"


@pytest.mark.parametrize("size", [3, 30])
def test_costs_the_same_for_3_and_for_30_of_everything(client, django_assert_num_queries, size):
    item = make_deliverable()
    for number in range(size):
        make_party(item, role="support")
        part = make_deliverable(level="part", parent=item, priority_area=item.priority_area)
        make_party(part)
        make_update(part, status="ongoing")
        make_update(
            item,
            status="ongoing",
            timeframe=f"{number + 1} July 2021",
            source=make_source(dated=DAY + timedelta(days=number)),
        )
        Mandate.objects.create(deliverable=item, body=make_entity(), source=make_source())
    for query in ("", "?as_of=2021-06-30"):
        with django_assert_num_queries(QUERIES + DAY_PICKER):
            assert client.get(address(item, query)).status_code == 200


def test_tells_the_facts_in_words(client):
    plan = make_workplan(title="Plan of RG9", owner=make_entity(acronym="RG9"))
    item = make_deliverable(
        priority_area=make_area(workplan=plan, number="3", title="Localization"),
        number="3.1",
        title="Write guidance",
        initial_timeframe="end of 2020",
        initial_latest=date(2020, 12, 31),
        indicators="Guidance is out",
        provisional_title="Write some guidance",
        wording="provisional",
        reading_note="The cell is merged.",
        product_url="https://example.org/guidance",
        source=make_source(title="The workplan"),
        locator="row 5",
    )
    make_party(item, entity=make_entity(acronym="OCHA"), as_printed="OCHA with UNHCR")
    make_party(
        item,
        entity=make_entity(acronym="UNHCR"),
        role="consulted",
        uncertain=True,
        inherited=True,
        as_printed="OCHA with UNHCR",
    )
    make_update(
        item,
        status="ongoing",
        narrative="Drafted.",
        timeframe="by June 2021",
        effective_on=date(2021, 1, 15),
        effective_words="mid-January",
        source=make_source(title="The report", dated=DAY),
        locator="page 2",
    )
    text = read_text(client.get(address(item, "?as_of=2021-06-30")))
    for words in (
        f"Deliverable {item.ref}",
        "Ongoing since 15 January 2021",
        "due today Drafted.",
        "OCHA (lead)",
        "UNHCR (consulted) uncertain in the source from a merged cell",
        "“OCHA with UNHCR”",
        "by June 2021 (until 30 June 2021)",
        "end of 2020 → by June 2021 181 days later",
        "3 Localization",
        "Guidance is out",
        "provisional wording",
        "Write some guidance",
        "https://example.org/guidance",
        "The workplan, row 5",
        "The cell is merged.",
        "15 January 2021 printed “mid-January”",
        "Update 1 · reported 30 June 2021 · The report, page 2",
    ):
        assert words in text, words
    assert text.count("“OCHA with UNHCR”") == 1


def test_history_stands_newest_first_each_with_its_own_anchor(client):
    item = make_deliverable()
    make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
    make_update(item, status="ongoing", effective_on=date(2021, 3, 1))
    make_update(item, status="completed", narrative="Out.", effective_on=date(2021, 2, 1))
    make_update(item, narrative="Earlier still.", effective_on=date(2020, 12, 1))
    response = client.get(address(item))
    history = response.context["page"].history
    assert [entry.row.sequence for entry in history] == [2, 3, 1, 4]
    assert re.findall(r'<li id="(update-\d)"', response.content.decode()) == [
        "update-2",
        "update-3",
        "update-1",
        "update-4",
    ]
    assert "Ongoing → became Completed Out." in read_text(response)
    assert "Completed → became Ongoing" in read_text(response)


def test_the_same_status_again_is_still_and_no_move(client):
    item = make_deliverable()
    make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
    make_update(item, status="ongoing", effective_on=date(2021, 3, 1))
    text = read_text(client.get(address(item)))
    assert "still Ongoing" in text
    assert "→" not in text


def test_a_corrected_and_a_taken_back_row_stay_and_are_marked(client):
    item = make_deliverable()
    wrong = make_update(item, status="completed", narrative="Wrong.", effective_on=date(2021, 1, 1))
    make_update(item, status="ongoing", replaces=wrong, effective_on=date(2021, 1, 1))
    odd = make_update(item, narrative="Of another item.", effective_on=date(2021, 2, 1))
    make_update(item, narrative="", replaces=odd, effective_on=date(2021, 2, 1))
    response = client.get(address(item))
    text = read_text(response)
    assert "corrected by update 2" in text
    assert "Corrects update 1." in text
    assert "taken back by update 4" in text
    assert "Takes back update 3." in text
    assert response.content.count(b'class="fell"') == 2
    assert "→" not in text, "a row that does not stand moves nothing"


def test_a_past_day_knows_nothing_of_later_rows(client):
    item = make_deliverable()
    make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
    make_update(item, status="completed", narrative="Out.", effective_on=date(2021, 7, 1))
    text = read_text(client.get(address(item, "?as_of=2021-06-30")))
    assert "Completed" not in text and "Out." not in text
    assert "Ongoing since 1 January 2021" in text
    early = read_text(client.get(address(item, "?as_of=2020-12-31")))
    assert "No status has been reported." in early
    assert "Nothing was reported by 31 December 2020." in early


def test_parts_show_their_own_status_and_parties(client):
    item = make_deliverable()
    part = make_deliverable(
        level="part", parent=item, priority_area=item.priority_area, number="(i)", title="Half"
    )
    make_party(part, entity=make_entity(acronym="WFP"))
    make_update(part, status="completed", narrative="Half done.", effective_on=DAY)
    text = read_text(client.get(address(item, "?as_of=2021-06-30")))
    assert "(i) Half Completed since 30 Jun 2021 WFP (lead)" in text
    assert f"Belongs to {item.title}" in read_text(client.get(address(part, "?as_of=2021-06-30")))


def test_life_is_told_in_words(client):
    old, new = make_deliverable(title="Old"), make_deliverable(title="New")
    new.continues = old
    new.save()
    old.superseded_by, old.superseded_on = new, DAY
    old.save()
    text = read_text(client.get(address(old, "?as_of=2021-06-30")))
    assert "Superseded from 30 June 2021" in text
    assert f"{new.ref} New" in text
    assert "Superseded" not in read_text(client.get(address(old, "?as_of=2021-06-29")))
    assert f"Continues Old {old.ref}" in read_text(client.get(address(new)))
    gone = make_deliverable(withdrawn_on=DAY)
    make_update(gone, status="ongoing", effective_on=date(2021, 1, 1))
    text = read_text(client.get(address(gone)))
    assert "Withdrawn from 30 June 2021" in text
    assert "Ongoing" in text
    archived = make_deliverable(
        priority_area=make_area(workplan=make_workplan(title="Old plan", archived_on=DAY))
    )
    assert "“Old plan” is archived from 30 June 2021" in read_text(client.get(address(archived)))


def test_the_chain_of_mandates_reaches_the_recommendation(client):
    item = make_deliverable()
    meeting = make_meeting(body=make_entity(acronym="OPAG", slug="opag"))
    action_point = make_action_point(meeting=meeting, title="Ask for guidance")
    recommendation = make_recommendation(title="Review the policy")
    Mandate.objects.create(
        deliverable=item,
        body=meeting.body,
        kind="requested",
        date_words="19 July 2020",
        decided_on=date(2020, 7, 9),
        conflict="Other records say 9 July.",
        by_action_point=action_point,
    )
    Mandate.objects.create(action_point=action_point, by_recommendation=recommendation)
    Mandate.objects.create(deliverable=item, body=make_entity(acronym="LATER"), decided_on=DAY)
    text = read_text(client.get(address(item, "?as_of=2021-06-29")))
    assert "OPAG requested, printed “19 July 2020”, 9 July 2020 date conflicts" in text
    assert "Other records say 9 July." in text
    assert f"Not reported Ask for guidance {action_point.ref}" in text
    assert f"A recommendation Review the policy {recommendation.ref}" in text
    assert "LATER" not in text


def test_the_chain_of_mandates_leads_over_an_earlier_plan(client):
    area = make_area(
        workplan=make_workplan(title="Roll-out plan", archived_on=date(2017, 12, 31)),
        number="D",
        title="Learning",
    )
    earlier = make_deliverable(ref="EARLIER-1", title="Evaluate it", priority_area=area)
    recommendation = make_recommendation(ref="REC-8", title="Follow it up")
    Mandate.objects.create(deliverable=earlier, by_recommendation=recommendation)
    point = make_action_point(title="Share the draft")
    Mandate.objects.create(action_point=point, by_deliverable=earlier, inferred=True)
    item = make_deliverable(ref="NOW-1")
    Mandate.objects.create(
        deliverable=item, by_action_point=point, body=make_entity(acronym="RG1"), kind="agreed"
    )
    carried = make_deliverable(continues=item)
    note = "A link marked “inferred” rests on what both texts say; no document cites it."
    behind = (
        f"RG1 agreed Not reported Share the draft {point.ref} "
        f"{point.meeting.body} · 9 July 2020 "
        "A deliverable of an earlier plan inferred "
        "Not reported Evaluate it EARLIER-1 archived Roll-out plan · D Learning "
        f"A recommendation Follow it up REC-8 {recommendation.review}"
    )
    text = read_text(client.get(address(item)))
    assert f"Who asked for it {note} {behind}" in text
    carried_text = read_text(client.get(address(carried)))
    assert (
        f"Who asked for it {note} Through NOW-1, which it continues "
        f"{item.title} · {item.priority_area.workplan} · {item.priority_area} {behind}"
    ) in carried_text
    assert "inferred" not in read_text(client.get(address(earlier))).split("What it led to")[0]


def test_shows_what_it_led_to_and_what_that_led_to(client, staff_client):
    item = make_deliverable(ref="ONE-1")
    point = make_action_point(title="Discuss it")
    Mandate.objects.create(action_point=point, by_deliverable=item, inferred=True)
    second = make_deliverable(ref="TWO-1", title="Do it")
    part = make_deliverable(
        title="Half of it", level="part", parent=second, priority_area=second.priority_area
    )
    for one in (second, part):
        Mandate.objects.create(deliverable=one, by_action_point=point)
    make_deliverable(ref="THREE-1", title="Do it still", continues=second)
    make_deliverable(
        title="Secret work",
        continues=second,
        priority_area=make_area(workplan=make_workplan(published=False)),
    )
    make_update(second, status="ongoing", effective_on=DAY)
    response = client.get(address(item, "?as_of=2021-06-30"))
    tree = read_text(response).split("What it led to", 1)[1].split("History")[0]
    titles = ("no document cites it.", "Discuss it", "Do it TWO-1", "Do it still", "Half of it")
    places = [tree.index(title) for title in titles]
    assert places == sorted(places)
    assert f"Not reported Discuss it {point.ref} inferred" in tree
    assert "Ongoing Do it TWO-1" in tree
    assert "THREE-1 continues it" in tree
    assert f"{part.ref} part" in tree
    assert "Secret" not in tree
    assert 'href="/deliverables/TWO-1/?as_of=2021-06-30"' in response.content.decode()
    assert "Secret work" in read_text(staff_client.get(address(item)))
    assert "What it led to" not in read_text(client.get(address(part)))


def test_what_is_named_twice_in_a_chain_unfolds_once_and_is_linked(client):
    item, shared = make_deliverable(ref="FIRST-1"), make_deliverable(ref="SHARED-1")
    Mandate.objects.create(deliverable=item, body=make_entity(acronym="OPAG"))
    for point in (make_action_point(), make_action_point()):
        Mandate.objects.create(action_point=point, by_deliverable=item)
        Mandate.objects.create(deliverable=shared, by_action_point=point)
    last = make_deliverable(continues=shared)
    page = client.get(address(item)).content.decode()
    assert page.count('id="to-SHARED-1"') == page.count('href="#to-SHARED-1"') == 1
    assert page.count(f">{last.title}<") == 1
    page = client.get(address(last)).content.decode()
    assert page.count('id="asked-FIRST-1"') == page.count('href="#asked-FIRST-1"') == 1
    assert page.count(">OPAG<") == 1


def test_what_is_not_published_leaks_from_no_corner_of_the_page(client, staff_client):
    hidden_plan = make_area(workplan=make_workplan(published=False))
    item = make_deliverable(source=make_source(title="Secret plan paper", published=False))
    kin = make_deliverable(priority_area=hidden_plan, title="Secret kin", continues=item)
    item.continues = make_deliverable(priority_area=hidden_plan, title="Secret forerunner")
    item.save()
    secret_meeting = make_meeting(published=False)
    secret_review = make_review(published=False)
    Mandate.objects.create(
        deliverable=item,
        by_action_point=make_action_point(meeting=secret_meeting, title="Secret decision"),
        source=make_source(title="Secret record", published=False),
    )
    Mandate.objects.create(
        deliverable=item,
        by_recommendation=make_recommendation(review=secret_review, title="Secret advice"),
    )
    make_update(item, status="ongoing", source=make_source(title="Secret report", published=False))
    response = client.get(address(item))
    assert response.status_code == 200
    assert "Secret" not in response.content.decode()
    assert "a document that is not public" in read_text(response)
    assert "Who asked for it" not in read_text(response), "of a hidden decision no word"
    staff_page = read_text(staff_client.get(address(item)))
    for words in ("kin", "forerunner", "decision", "advice", "report", "record", "plan paper"):
        assert f"Secret {words}" in staff_page, words
    assert client.get(address(kin)).status_code == 404
    assert "draft, not public" in read_text(staff_client.get(address(kin)))


def test_staff_have_a_way_to_the_form(client, staff_client):
    item = make_deliverable()
    form = f'href="/admin/workplans/deliverable/{item.pk}/change/"'
    assert form not in client.get(address(item)).content.decode()
    assert form in staff_client.get(address(item)).content.decode()


@pytest.mark.parametrize(
    "ref",
    ["RG1-2020-99", "%00", "A%00B", "x" * 5000, "' OR 1=1", "..", "é", "18446744073709551616"],
)
def test_an_unknown_reference_is_not_found_in_words(client, ref):
    make_deliverable()
    response = client.get(f"/deliverables/{ref}/")
    assert response.status_code == 404
    assert "Not found" in read_text(response)
    assert len(response.content) < 10_000


def test_an_item_is_not_known_before_it_was_introduced(client):
    item = make_deliverable(introduced_on=DAY)
    assert client.get(address(item, "?as_of=2021-06-30")).status_code == 200
    response = client.get(address(item, "?as_of=2021-06-29"))
    assert response.status_code == 404
    assert f"“{item.ref}” is known on 29 June 2021" in read_text(response)


@pytest.mark.parametrize(
    "query", ["?as_of=soon", "?foo=1", "?as_of=9999-12-31", "?as_of=0001-01-01"]
)
def test_what_is_not_understood_is_said_without_the_item(client, query):
    item = make_deliverable(title="Visible title")
    response = client.get(address(item, query))
    assert response.status_code == 400
    assert len(read_alert(response)) == 1
    assert "Visible title" not in response.content.decode()


def test_a_pinned_site_says_so_and_leads_to_the_true_today(client, settings):
    settings.TRACKER_AS_OF = DAY
    item = make_deliverable()
    make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
    response = client.get(address(item))
    assert "This site shows the documents as of 30 June 2021." in read_text(response)
    assert f'href="?as_of={date.today().isoformat()}"' in response.content.decode()
    assert "You are looking at" not in read_text(response)
