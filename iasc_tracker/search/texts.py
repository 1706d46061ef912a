"""Text as search knows it: folded to plain words, and marked where these words stand.

Everything that is searched is folded here, in Python, so that both databases hold and
find the same words: lower case, no accents, one space between two words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# A longer word is cut, in what is searched and in what is searched for alike.
LONGEST_WORD = 100
# PostgreSQL takes no more than a megabyte of words in one column; all but freak texts are shorter.
LONGEST_TEXT = 100_000
# How many characters a snippet shows, and how many of them before the first match.
SNIPPET, BEFORE = 220, 60

# Letters that Unicode does not take apart, and Arabic and Persian ones that are written either way.
ALIKE = {
    "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "ŋ": "n", "ı": "i",
    "æ": "ae", "œ": "oe", "þ": "th",
    "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه",
}  # fmt: skip
TATWEEL, ZERO_WIDTH_SPACE = "\u0640", "\u200b"


def fold_character(character: str) -> str:
    """Return what a character is in plain words: letters or digits, a space, or nothing.

    Marks, and characters that only join or hide others, count for nothing.
    """
    plain = unicodedata.normalize("NFKD", character).casefold()
    folded = ""
    for one in unicodedata.normalize("NFKD", plain):
        category = unicodedata.category(one)
        if category[0] == "M" or one == TATWEEL:
            continue
        if category[0] == "L":
            folded += ALIKE.get(one, one)
        elif category == "Nd":
            folded += str(unicodedata.decimal(one))
        elif category != "Cf" or one == ZERO_WIDTH_SPACE:
            folded += " "
    return folded


class Folding(dict[int, str]):
    """What each character is in plain words, for `str.translate`; filled as they are met."""

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        if code < 0x10000:  # so that it cannot grow without end
            self[code] = folded
        return folded


FOLDING = Folding()


def fold(text: str) -> str:
    """Return the plain words of a text, with single spaces between them."""
    words = text.translate(FOLDING).split()
    if max(map(len, words), default=0) > LONGEST_WORD:
        words = [word[:LONGEST_WORD] for word in words]
    return " ".join(words)[:LONGEST_TEXT]


def fold_all(texts: Iterable[str]) -> str:
    """Return the plain words of several texts, one after the other."""
    return fold("\n".join(texts))


@dataclass(frozen=True)
class Query:
    """What a visitor looks for: the plain words of each word typed, next to each other.

    `RG1-2020-3.4` is the phrase `rg1 2020 3 4`. All phrases must be found; the last word
    of each may be the beginning of a longer one.
    """

    phrases: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Query:
        """Make whatever was typed into phrases; there is no other syntax."""
        return cls(tuple(phrase for word in text.split() if (phrase := fold(word))))

    @property
    def whole(self) -> str:
        """All words in a row, as the reference or name of just one thing may be."""
        return " ".join(self.phrases)

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        # Longer phrases first, so that the longest match is marked; words hold no punctuation.
        longest_first = sorted(set(self.phrases), key=len, reverse=True)
        spaced = (phrase.replace(" ", r"\s+") for phrase in longest_first)
        return [re.compile(rf"(?<!\S){words}\S*") for words in spaced]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(pattern.pattern for pattern in self._patterns))

    def number_in(self, text: str) -> int:
        """Return how many of the phrases a text has."""
        folded = text.translate(FOLDING)
        return sum(pattern.search(folded) is not None for pattern in self._patterns)

    def places_in(self, text: str) -> list[tuple[int, int]]:
        """Return where the words stand in a text: the first character and the one after."""
        folded = text.translate(FOLDING)
        found = [match.span() for match in self._pattern.finditer(folded)] if self.phrases else []
        if not found or text.isascii():  # then each character stands where it stood
            return found
        origins: list[int] = []
        for place, character in enumerate(text):
            origins += [place] * len(FOLDING[ord(character)])
        places = []
        for first, after in found:
            end = origins[after - 1] + 1
            while end < len(text) and not FOLDING[ord(text[end])]:
                end += 1  # the accents of the last letter
            places.append((origins[first], end))
        return places

    def mark(self, text: str) -> SafeString:
        """Return a text as HTML, with the words marked."""
        return _as_html(text, self.places_in(text))

    def snippet(self, texts: Iterable[str]) -> SafeString:
        """Return the part of that text which has most of the words, marked; "" if none has any."""
        best, most = "", 0
        for text in texts:
            number = self.number_in(text)
            if number > most:
                best, most = text, number
        return self._around_the_first(" ".join(best.split())) if most else SafeString("")

    def _around_the_first(self, text: str) -> SafeString:
        places = self.places_in(text)
        first = places[0][0]
        begin = text.find(" ", max(0, first - BEFORE), first) + 1 if first > BEFORE else 0
        begin = begin or (first if first > BEFORE else 0)
        end = begin + SNIPPET
        if end < len(text):
            end = max(text.rfind(" ", begin, end), places[0][1])
        shown = [(a - begin, b - begin) for a, b in places if b <= end]
        html = _as_html(text[begin:end], shown)
        before, after = "… " if begin else "", " …" if end < len(text) else ""
        return SafeString(f"{before}{html}{after}")


def _as_html(text: str, places: Iterable[tuple[int, int]]) -> SafeString:
    parts, done = [], 0
    for first, after in places:
        parts += [escape(text[done:first]), "<mark>", escape(text[first:after]), "</mark>"]
        done = after
    return mark_safe("".join([*parts, escape(text[done:])]))
