"""Text as search knows it: folded to plain words, and marked in the original."""

import pytest
from django.utils.safestring import SafeString

from iasc_tracker.search.texts import LONGEST_TEXT, LONGEST_WORD, Query, fold, fold_character


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Côte d’Ivoire", "cote d ivoire"),
        ("CO\u0302TE", "cote"),  # the accent is a character of its own
        ("  UN-Habitat /\tUNHABITAT\n", "un habitat unhabitat"),
        ("RG1-2020-3.4", "rg1 2020 3 4"),
        (
            "Łódź Ørsted Đà Œuvre Æsir Straße İstanbul ılık Þór",
            "lodz orsted da oeuvre aesir strasse istanbul ilik thor",
        ),
        ("ﬁnal ½ №5 ²", "final 1 2 no5 2"),
        ("ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ σισυφοσ"),
        ("الإِجراءاتُ العـــاجلة", "الاجراءات العاجله"),
        ("مستشفى", "مستشفي"),
        ("٢٠٢٠ ۲۰۲۰ ２０２０", "2020 2020 2020"),
        ("co\u00adordi\u200bnation می\u200cخواهم", "coordi nation ميخواهم"),
        ("हिन्दी", "हनद"),
        ("snake_case", "snake case"),
        ("!!! … — “”", ""),
        ("\ud800", ""),  # half of a character
    ],
)
def test_a_text_is_folded_to_plain_words(text, words):
    assert fold(text) == words


def test_folding_a_folded_text_changes_nothing():
    everything = " ".join(map(chr, range(0x3000)))
    assert fold(fold(everything)) == fold(everything)


def test_only_letters_and_digits_are_left_and_no_letter_is_large():
    folded = "".join(map(fold_character, map(chr, range(0x3000))))
    assert all(character.isalnum() or character == " " for character in folded)
    assert folded == folded.casefold()


def test_what_no_index_could_hold_is_cut():
    assert fold("x" * 300) == "x" * LONGEST_WORD
    assert len(fold("word " * LONGEST_TEXT)) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("typed", "phrases"),
    [
        ("Côte d’Ivoire", ("cote", "d ivoire")),
        ("rg1-2020-3.4 DATA", ("rg1 2020 3 4", "data")),
        (
            'foo AND "bar baz" OR NEAR(x) -y z*',
            ("foo", "and", "bar", "baz", "or", "near x", "y", "z"),
        ),
        ("- ' \" * :", ()),
        ("", ()),
    ],
)
def test_what_is_typed_becomes_phrases_of_plain_words(typed, phrases):
    assert Query.read(typed).phrases == phrases


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("cote", "La Côte d’Ivoire", "La <mark>Côte</mark> d’Ivoire"),
        ("COTE", "La Co\u0302te", "La <mark>Co\u0302te</mark>"),
        ("guid", "Guidance, misguided", "<mark>Guidance</mark>, misguided"),
        ("3.4", "RG1-2020-3.4, 13.4, 3.40", "RG1-2020-<mark>3.4</mark>, 13.4, <mark>3.40</mark>"),
        ("3 30", "30 days", "<mark>30</mark> days"),
        ("strasse", "Die Straße.", "Die <mark>Straße</mark>."),
        ("un", "UN & <b>un</b>", "<mark>UN</mark> &amp; &lt;b&gt;<mark>un</mark>&lt;/b&gt;"),
        ("b", "<b>", "&lt;<mark>b</mark>&gt;"),
        ("amp", "Q & A", "Q &amp; A"),
        ("العاجله", "الإجراءات العاجلةُ", "الإجراءات <mark>العاجلةُ</mark>"),
        ("half", "½ and half", "½ and <mark>half</mark>"),
        ("2", "½", "<mark>½</mark>"),
        ("un habitat", "UN-Habitat", "<mark>UN</mark>-<mark>Habitat</mark>"),
        ("un-habitat", "UN Habitat", "<mark>UN Habitat</mark>"),
        ("x", "", ""),
        ("", "Nothing <here>", "Nothing &lt;here&gt;"),
    ],
)
def test_words_are_marked_in_the_original(typed, text, marked):
    found = Query.read(typed).mark(text)
    assert found == marked
    assert isinstance(found, SafeString)


class TestSnippets:
    def test_a_short_text_is_shown_whole_on_one_line(self):
        found = Query.read("told").snippet(["It was\n\n  told <so>."])
        assert found == "It was <mark>told</mark> &lt;so&gt;."

    def test_a_long_one_around_the_first_match_between_whole_words(self):
        text = "before " * 50 + "Match here. " + "after " * 100 + "match"
        found = Query.read("match").snippet([text])
        assert found.startswith("… before before")
        assert found.endswith("after after …")
        assert "<mark>Match</mark> here." in found
        assert found.count("<mark>") == 1
        assert len(found) < 260

    def test_a_word_without_end_is_shown_where_it_begins(self):
        found = Query.read("bb").snippet(["a" * 500 + " " + "b" * 500 + " c"])
        assert found == f"… <mark>{'b' * 500}</mark> …"

    def test_of_several_texts_that_with_most_of_the_words(self):
        texts = ["one", "two one", "two"]
        assert Query.read("one two").snippet(texts) == "<mark>two</mark> <mark>one</mark>"

    def test_none_where_no_text_has_any(self):
        assert Query.read("one").snippet(["two", ""]) == ""
