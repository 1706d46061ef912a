"""The page of the search: what is found, for whom, on which day, and in which order."""

import html
import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from iasc_tracker.search import index, page
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
from tests.life import make_part
from tests.public_pages import read_alert, read_text
from workplans.models import EntityAlias, Level
from workplans.status import Entry, record_updates, remove_narrative

pytestmark = pytest.mark.django_db

SEARCH = reverse("search")


def look(q, client=None, **parameters):
    answer = (client or Client()).get(SEARCH, {"q": q, **parameters})
    assert answer.status_code == 200, read_alert(answer)
    return answer


def found(q, client=None, **parameters):
    """What a search finds, by kind in the order of the page: the addresses' last parts."""
    groups = look(q, client, **parameters).context["page"].groups
    return {
        group.kind.name: [result.url.split("?")[0].split("/")[-2] for result in group.results]
        for group in groups
    }


def told(q, **parameters):
    """The updates that a search names, by the reference of their item."""
    groups = look(q, **parameters).context["page"].groups
    return {
        result.row.item.ref: [(one.words, one.url, one.snippet) for one in result.told]
        for group in groups
        for result in group.results
        if result.told
    }


class TestDocuments:
    """Worked by hand on the documents in `fixtures/`."""

    @pytest.fixture(autouse=True)
    def loaded(self, documents, db):
        """The documents in `fixtures/`."""

    def test_a_word_that_only_two_updates_have(self):
        assert set(found("ccpm")["deliverable"]) == {"RG1-2020-3.2", "RG1-2020-3.5"}
        updates = told("ccpm")
        assert updates["RG1-2020-3.2"] == [
            (
                "in update 2 of 30 June 2021",
                "/deliverables/RG1-2020-3.2/#update-2",
                "… adding localization to the cluster performance monitoring "
                "(<mark>CCPM</mark>), so that clusters report on it.",
            )
        ]
        assert updates["RG1-2020-3.5"][0][0] == "in update 4 of 30 June 2021"

    def test_is_not_found_before_its_day(self):
        assert found("ccpm", as_of="2021-06-29") == {}
        assert "Nothing is found for “ccpm” on 29 June 2021" in read_text(
            look("ccpm", as_of="2021-06-29")
        )
        assert len(found("ccpm", as_of="2021-06-30")["deliverable"]) == 2

    def test_words_of_a_title_and_of_the_history_find_the_update(self):
        # 3.2 is to put the guidance into practice; its update tells of the talks.
        assert found("practice ccpm talks") == {"deliverable": ["RG1-2020-3.5", "RG1-2020-3.2"]}
        assert found("practice ccpm nigeria") == {}

    def test_a_title_is_found_whatever_the_day_but_not_before_the_item_was_there(self):
        # Of 16 July 2020; its meeting is the only other record that says it.
        assert found("co-lead sub-group")["action_point"] == ["RG1-2020-07-16-1"]
        assert "action_point" not in found("co-lead sub-group", as_of="2020-07-15")

    def test_a_reference_comes_first_and_its_parts_after_it(self):
        for typed in ("RG1-2020-3.4", "rg1 2020 3.4", " rg1-2020-3.4 "):
            assert found(typed) == {"deliverable": ["RG1-2020-3.4", "RG1-2020-3.4-a"]}
        assert found("rg1-2020")["workplan"] == ["rg1-2020"]
        assert next(iter(found("opag-2020-07-09"))) == "meeting"

    def test_who_is_named_exactly_comes_before_all_that_names_it(self):
        kinds = found("ocha")
        assert next(iter(kinds)) == "entity"
        assert kinds["entity"][0] == "ocha"
        assert len(kinds["deliverable"]) == 5

    def test_entities_are_found_by_their_other_spellings(self):
        assert found("unhabitat") == {"entity": ["un-habitat"]}
        (result,) = look("unhabitat").context["page"].groups[0].results
        assert result.snippet == "<mark>UNHABITAT</mark>"

    def test_recommendations_and_their_follow_up(self):
        kinds = found("wosr-2016-13.4.1")
        assert list(kinds) == ["recommendation", "action_point"]
        assert kinds["recommendation"] == ["WOSR-2016-13.4.1"]
        assert all(ref.startswith("WOSR-2016-13.4.1-") for ref in kinds["action_point"])

    def test_the_page_says_all_this_in_words(self):
        text = read_text(look("ccpm", as_of="2021-06-30"))
        assert "2 results on 30 June 2021" in text
        assert "Deliverables 2" in text
        assert "in update 2 of 30 June 2021 … adding localization" in text

    def test_all_links_keep_the_day(self):
        main = look("localiz", as_of="2021-06-30").content.decode().split("<main")[1]
        links = re.findall(r'href="(/[^"]*)"', main.split("</main>")[0])
        assert len(links) > 10
        assert all("as_of=2021-06-30" in link for link in links), links
        assert "/deliverables/RG1-2020-3.2/?as_of=2021-06-30#update-2" in links


class TestWords:
    @pytest.mark.parametrize("typed", ["cote", "CÔTE", "co\u0302te", "Côte d'Ivoire", "d’IVOIRE"])
    def test_accents_and_case_do_not_matter(self, typed):
        item = make_deliverable(title="Appuyer la Côte d’Ivoire")
        assert found(typed) == {"deliverable": [item.ref]}
        make_update(item, narrative="Atelier à Abidjan")
        assert list(told("A\u0300 ABIDJAN")) == [item.ref]

    def test_arabic(self):
        item = make_deliverable(title="إعداد دليل الاستجابة")
        make_update(item, narrative="تمّت الموافقة على المسودة في ٢٠٢١")
        assert found("اعداد الاستجابه") == {"deliverable": [item.ref]}
        ((_words, _url, snippet),) = told("الموافقة 2021")[item.ref]
        assert snippet == "تمّت <mark>الموافقة</mark> على المسودة في <mark>٢٠٢١</mark>"

    @pytest.mark.parametrize("typed", ["co-lead", "colead", "co lead", "lead"])
    def test_a_word_with_a_hyphen_is_two_next_to_each_other(self, typed):
        hyphen, apart = make_deliverable(title="Find a co-lead"), make_deliverable(title="Colead")
        far = make_deliverable(title="Lead the co-operation")
        wanted = {
            "co-lead": {hyphen.ref},
            "colead": {apart.ref},
            "co lead": {hyphen.ref, far.ref},
            "lead": {hyphen.ref, far.ref},
        }
        assert set(found(typed)["deliverable"]) == wanted[typed]

    def test_no_phrase_runs_from_the_title_on_into_the_text(self):
        item = make_deliverable(title="Find a co", ref="X", description="lead the country")
        make_update(item, narrative="lead on")
        assert found("co lead") == {"deliverable": [item.ref]}
        assert found("co-lead") == {}
        assert found("lead-the") == {"deliverable": [item.ref]}
        assert list(told("co lead-on")) == [item.ref]

    def test_the_beginning_of_a_word_is_enough_and_its_end_is_not(self):
        make_deliverable(title="Guidance")
        assert found("guid")
        assert not found("dance")

    @pytest.mark.parametrize("word", ["2e0ea", "1e5", "12e", "e12", "0x1f", "3d", "9e9b2"])
    def test_words_that_begin_like_numbers(self, word):
        item = make_deliverable(title=f"Room {word} is free")
        assert found(word) == {"deliverable": [item.ref]}
        assert found(word[:2]) == {"deliverable": [item.ref]}

    def test_all_words_must_stand_in_one_entry(self):
        item = make_deliverable(title="Alpha", description="Beta")
        make_update(item, narrative="Gamma")
        make_update(item, narrative="Delta")
        assert found("alpha beta")
        assert told("alpha gamma")
        assert not found("beta gamma")
        assert not found("gamma delta")

    def test_an_update_counts_by_its_own_words_only(self):
        item = make_deliverable(title="Alpha beta")
        make_update(item, narrative="Gamma")
        assert found("alpha") == {"deliverable": [item.ref]}
        assert told("alpha") == {}
        assert len(told("alpha gamma")[item.ref]) == 1

    def test_at_most_three_updates_are_named(self):
        item = make_deliverable()
        for number in range(5):
            make_update(
                item, narrative=f"Workshop {number}", effective_on=date(2021, 1, 1 + number)
            )
        answer = look("workshop")
        (result,) = answer.context["page"].groups[0].results
        assert len(result.told) == 3
        assert "and in 2 more updates" in read_text(answer)

    def test_time_frames_that_updates_tell_are_found(self):
        item = make_deliverable()
        make_update(item, narrative="", timeframe="upon finalisation")
        assert told("finalisation")[item.ref][0][2] == "upon <mark>finalisation</mark>"


class TestOrder:
    def test_a_title_comes_before_a_text_however_often_that_has_the_word(self):
        text = make_deliverable(title="Other", description="zebra " * 50)
        history = make_deliverable(title="Another")
        make_update(history, narrative="zebra zebra zebra")
        title = make_deliverable(title="A very long title in which only one word is zebra " * 5)
        assert found("zebra")["deliverable"][0] == title.ref
        assert set(found("zebra")["deliverable"][1:]) == {text.ref, history.ref}

    def test_all_words_in_the_title_come_before_some(self):
        some = make_deliverable(title="Zebra", description="crossing " * 20)
        both = make_deliverable(title="Where there is a zebra there may be a crossing of roads")
        assert found("zebra crossing")["deliverable"] == [both.ref, some.ref]

    def test_an_exact_reference_comes_before_longer_ones(self):
        refs = ["X-10", "X-1-2", "X-1", "X-11"]
        for ref in refs:
            make_action_point(ref=ref, title="Same")
        make_deliverable(title="X-1 X-1 X-1")
        kinds = found("x-1")
        assert list(kinds) == ["action_point", "deliverable"]
        assert kinds["action_point"][0] == "X-1"
        assert set(kinds["action_point"]) == set(refs)

    def test_kinds_have_a_fixed_order(self):
        body = make_entity(name="Zebra body", kind="body")
        make_meeting(title="Zebra meeting", body=body)
        make_recommendation(title="Zebra recommendation")
        make_action_point(title="Zebra")
        make_deliverable(title="Zebra")
        make_workplan(title="Zebra plan")
        assert list(found("zebra")) == [
            "workplan",
            "deliverable",
            "action_point",
            "meeting",
            "recommendation",
            "entity",
        ]


class TestDays:
    def test_an_item_is_found_from_its_day_until_it_is_withdrawn(self):
        make_deliverable(
            title="Zebra", introduced_on=date(2020, 5, 1), withdrawn_on=date(2020, 8, 1)
        )
        days = {"2020-04-30": 0, "2020-05-01": 1, "2020-07-31": 1, "2020-08-01": 0}
        for day, number in days.items():
            assert len(found("zebra", as_of=day).get("deliverable", [])) == number, day

    def test_an_update_is_found_from_its_day_and_the_title_before(self):
        item = make_deliverable(title="Zebra")
        make_update(item, narrative="Crossing", effective_on=date(2021, 2, 1))
        assert found("crossing", as_of="2021-01-31") == {}
        assert found("zebra", as_of="2021-01-31") == {"deliverable": [item.ref]}
        ((words, url, _snippet),) = told("crossing", as_of="2021-02-01")[item.ref]
        assert words == "in update 1 of 1 February 2021"
        assert url == f"/deliverables/{item.ref}/?as_of=2021-02-01#update-1"

    def test_items_are_shown_as_they_stood(self):
        item = make_deliverable(title="Zebra")
        make_update(item, status="ongoing", effective_on=date(2021, 1, 1))
        make_update(item, status="completed", effective_on=date(2021, 3, 1))
        assert "Ongoing" in read_text(look("zebra", as_of="2021-02-01"))
        assert "Completed" in read_text(look("zebra"))

    def test_meetings_reviews_and_plans_from_their_first_day(self):
        make_meeting(title="Zebra", held_on=date(2020, 7, 9))
        make_recommendation(title="Zebra", review=make_review(issued_on=date(2020, 3, 1)))
        make_workplan(title="Zebra", starts_on=date(2020, 2, 1))
        seen = [
            list(found("zebra", as_of=day))
            for day in ("2020-01-31", "2020-02-01", "2020-03-01", "2020-07-09")
        ]
        assert seen == [
            [],
            ["workplan"],
            ["workplan", "recommendation"],
            ["workplan", "meeting", "recommendation"],
        ]

    def test_a_pinned_day_is_the_last(self, settings):
        settings.TRACKER_AS_OF = date(2021, 6, 30)
        make_update(make_deliverable(), narrative="Zebra", effective_on=date(2021, 6, 1))
        assert found("zebra")
        settings.TRACKER_AS_OF = date(2021, 5, 31)
        assert not found("zebra")
        assert found("zebra", as_of="2021-06-30")


class TestWhatIsKeptBack:
    @pytest.fixture
    def hidden(self):
        """Something unpublished of each kind that can be, all with one word."""
        plan = make_workplan(title="Zebra", published=False)
        item = make_deliverable(title="Zebra", priority_area=make_area(workplan=plan))
        meeting = make_meeting(title="Zebra", published=False)
        recommendation = make_recommendation(title="Zebra", review=make_review(published=False))
        points = [
            make_action_point(title="Zebra", meeting=meeting),
            make_action_point(title="Zebra", recommendation=recommendation),
            make_action_point(title="Zebra", meeting=None),
        ]
        for one in (item, *points):
            make_update(one, narrative="Zebra too", source=make_source(published=False))

    def test_what_is_not_published_is_for_staff(self, hidden):
        assert found("zebra") == {}
        staff = Client()
        staff.force_login(make_staff())
        counts = {kind: len(results) for kind, results in found("zebra", staff).items()}
        assert counts == {
            "workplan": 1,
            "deliverable": 1,
            "action_point": 3,
            "meeting": 1,
            "recommendation": 1,
        }

    def test_it_is_found_from_the_moment_when_it_is_published(self, hidden, staff_client):
        from tests.life import take
        from workplans.models import Workplan

        plan = Workplan.objects.get()
        take(staff_client, "publish", plan)
        assert list(found("zebra")) == ["workplan", "deliverable"]
        take(staff_client, "unpublish", plan)
        assert found("zebra") == {}

    def test_corrected_and_withdrawn_updates_are_not_found(self):
        item = make_deliverable()
        first = make_update(item, narrative="Wrongly")
        second = make_update(item, narrative="Rightly", replaces=first)
        assert found("wrongly") == {}
        assert list(told("rightly")) == [item.ref]
        make_update(item, narrative="", replaces=second)
        assert found("rightly") == {}

    def test_a_removed_narrative_is_not_found(self):
        item = make_deliverable()
        row = make_update(item, narrative="Jane Doe fell ill")
        assert found("jane")
        remove_narrative(row, reason="It named somebody.")
        assert found("jane") == {}
        assert found("removed") == {}


class TestAddress:
    def test_without_words_the_page_says_what_can_be_typed(self):
        make_deliverable()
        for typed in ("", "   "):
            answer = look(typed)
            assert answer.context["page"].groups == []
            assert "Type words" in read_text(answer)

    @pytest.mark.parametrize("typed", ["!!!", "- ' \" * : ( )", "…", "\u0301", "\u200b", "🦓"])
    def test_only_punctuation_is_said_to_be_nothing(self, typed):
        make_deliverable()
        assert "has neither a letter nor a digit" in read_text(look(typed))

    @pytest.mark.parametrize(
        "typed",
        [
            '"unclosed', "zebra*", "*", "NEAR(zebra, 2)", "title:zebra", "zebra OR", "AND", "NOT",
            "-zebra", "^zebra", "{title}:zebra", "zebra\\", "'; DROP TABLE x; --", "a & b | !c",
            "zebra:*", "<->", "%s %d %(x)s", "\\u0000", "\ud83e\udd93 zebra".encode(
                "utf-16", "surrogatepass").decode("utf-16"), "٪", "x" * 200, "a-" * 100, "½" * 200,
            "\ufdfa" * 10, " ".join(["zebra"] * 12), "\u1369 \U0001d7d8", "\x01\x1f",
        ],
    )  # fmt: skip
    def test_nothing_typed_fails(self, typed):
        item = make_deliverable(title=f"Zebra {typed}")
        make_update(item, narrative=f"Told {typed}")
        for parameters in ({}, {"kind": "deliverable"}, {"as_of": "2021-06-30"}):
            answer = Client().get(SEARCH, {"q": typed, **parameters})
            assert answer.status_code == 200
        if any(character.isalnum() for character in typed):
            assert item.ref in found(typed).get("deliverable", [])

    @pytest.mark.parametrize(
        ("query", "error"),
        [
            ({"q": "a\0b"}, "q holds a character (NUL) that cannot be searched for."),
            ({"q": "x" * 10_000}, f"q is longer than 200 characters: “{'x' * 50}…”."),
            ({"q": " ".join("abcdefghijklm")}, "q has more than 12 words"),
            ({"q": ["a", "b"]}, "q is given twice. Give one."),
            ({"kind": ["meeting", "entity"]}, "kind is given twice. Give one."),
            ({"kind": "person"}, "“person” is not known as kind. Possible: workplan, deliverable"),
            ({"q": "a", "page": "0"}, "page is “0”. Give a number from 1 on."),
            ({"q": "a", "page": "2"}, "There is no page 2: the list has 1 page."),
            ({"q": "a", "status": "ongoing"}, "“status” is not something that can be asked here."),
            ({"q": "a", "as_of": "yesterday"}, "“yesterday” is not a day."),
            ({"q": "a", "as_of": "9999-12-31"}, "as_of is 9999-12-31, which lies ahead."),
        ],
    )
    def test_what_is_not_understood_is_named(self, query, error):
        make_deliverable(title="A")
        answer = Client().get(SEARCH, query)
        assert answer.status_code == 400
        assert any(error in line for line in read_alert(answer)), read_alert(answer)
        assert answer.context["page"].groups == []

    def test_nothing_found_says_what_else_to_do(self):
        answer = look("zebra crossing", kind="meeting", as_of="2020-01-01")
        text = read_text(answer)
        assert "Nothing is found for “zebra crossing” under “Meetings” on 1 January 2020." in text
        links = [
            html.unescape(link) for link in re.findall(r'href="([^"]+)"', answer.content.decode())
        ]
        assert f"{SEARCH}?q=zebra+crossing&as_of=2020-01-01" in links
        assert f"{SEARCH}?q=zebra&kind=meeting&as_of=2020-01-01" in links
        assert f"{SEARCH}?q=zebra+crossing&kind=meeting" in links
        assert "Try the beginning of the word" in read_text(look("zebra"))

    def test_marks_of_a_mailing_do_no_harm(self):
        assert Client().get(SEARCH, {"q": "a", "utm_source": "x"}).status_code == 200

    def test_it_only_reads(self):
        assert Client().post(SEARCH, {"q": "a"}).status_code == 405


class TestPages:
    @pytest.fixture
    def herd(self):
        """So many that both the page of all and that of one kind are cut."""
        area = make_area()
        for number in range(1, 54):
            make_deliverable(title=f"Zebra {number}", priority_area=area)
        make_entity(name="Zebra")

    def test_ten_of_a_kind_and_a_link_to_all(self, herd):
        answer = look("zebra", as_of="2021-06-30")
        first, second = answer.context["page"].groups
        assert [first.count, len(first.results), second.count] == [53, 10, 1]
        assert "54 results" in read_text(answer)
        address = f"{SEARCH}?q=zebra&amp;kind=deliverable&amp;as_of=2021-06-30"
        assert f'<a href="{address}">All 53 deliverables</a>' in answer.content.decode()

    def test_one_kind_fifty_a_page(self, herd):
        one = look("zebra", kind="deliverable")
        two = look("zebra", kind="deliverable", page="2")
        shown = [answer.context["page"].groups[0].results for answer in (one, two)]
        assert [len(results) for results in shown] == [50, 3]
        assert len({result.url for results in shown for result in results}) == 53
        assert "53 results" in read_text(two)
        assert f'href="{SEARCH}?q=zebra&amp;kind=deliverable&amp;page=2"' in one.content.decode()
        assert "All 53" not in read_text(one)
        assert (
            Client().get(SEARCH, {"q": "zebra", "kind": "deliverable", "page": 3}).status_code
            == 400
        )

    def test_too_many_to_look_at_is_said(self, herd, monkeypatch):
        monkeypatch.setattr(index, "MOST", 20)
        monkeypatch.setattr(page, "MOST", 20)
        answer = look("zebra")
        assert answer.context["page"].matches.is_cut
        assert "these are from the best 20" in read_text(answer)
        assert "20 results" in read_text(answer)
        monkeypatch.setattr(index, "MOST", 54)
        assert not look("zebra").context["page"].matches.is_cut


class TestMarkup:
    def test_nothing_that_is_searched_becomes_markup(self):
        bad = '<script>alert("zebra")</script>'
        item = make_deliverable(title=bad, description=f"{bad} {bad}")
        make_update(item, narrative=bad)
        entity = make_entity(name=bad)
        EntityAlias.objects.create(entity=entity, alias=f"alias {bad}")
        make_meeting(title=bad, note=bad)
        make_recommendation(title=bad, text=bad)
        make_workplan(title=bad, description=bad)
        for typed in ("zebra", bad, "script", "lt quot"):
            shown = Client().get(SEARCH, {"q": typed}).content.decode()
            assert "<script" not in shown
        assert (
            "&lt;script&gt;alert(&quot;<mark>zebra</mark>&quot;)" in look("zebra").content.decode()
        )

    def test_the_form_is_labelled_and_the_number_is_announced(self):
        make_deliverable(title="Zebra")
        shown = look('Zebra "x" &').content.decode()
        assert 'role="search"' in shown
        assert '<label for="search-q">' in shown
        assert 'id="search-q" name="q" value="Zebra &quot;x&quot; &amp;"' in shown
        assert re.search(r'role="status"><strong>1 result</strong>', look("zebra").content.decode())
        assert re.search(r'role="status"><strong>Nothing is found', shown)

    def test_a_part_and_a_heading_are_marked(self):
        item = make_deliverable(title="Zebra")
        make_part(item, ref="PART-1")
        make_deliverable(title="Part of all", level=Level.HEADING, priority_area=item.priority_area)
        text = read_text(look("part"))
        assert text.count("Not reported") == 1
        assert " heading " in text

    def test_the_day_stays_in_the_form(self):
        hidden = '<input type="hidden" name="as_of" value="2021-06-30">'
        assert hidden in look("zebra", as_of="2021-06-30").content.decode()
        assert hidden not in look("zebra").content.decode()


def test_few_records_and_many_cost_the_same():
    area, meeting = make_area(), make_meeting()
    counted = []
    for amount in (3, 300):
        for make, origin in (
            (make_deliverable, {"priority_area": area}),
            (make_action_point, {"meeting": meeting}),
        ):
            items = [make(title=f"Zebra {number}", **origin) for number in range(amount)]
            record_updates([Entry(item=one, narrative=f"Zebra {n}") for one in items for n in "12"])
        for _ in range(amount // 3):
            make_workplan(title="Zebra")
            make_meeting(title="Zebra", body=meeting.body)
            make_recommendation(title="Zebra")
            EntityAlias.objects.create(
                entity=make_entity(name="Zebra"), alias=f"z {make_entity().pk}"
            )
        for query in ({}, {"as_of": "2021-06-30"}, {"kind": "deliverable"}):
            with CaptureQueriesContext(connection) as queries:
                look("zebra", **query)
            counted.append(len(queries))
    assert counted[:3] == counted[3:]
    assert max(counted) <= 14
