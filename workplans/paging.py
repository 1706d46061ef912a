"""The pages of a long list: links to them, and what is said of one that is not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.utils.translation import ngettext

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page of a list; one without address is a gap."""

    number: int
    url: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a list; `links` is empty where there is one page only."""

    links: tuple[PageLink, ...] = ()
    previous: str = ""
    next: str = ""

    @classmethod
    def of(cls, paginator: Paginator, current: int, address: Callable[[int | None], str]) -> Pages:
        """Return the first and last page, the current one with its neighbours, and gaps between.

        `address` gives the address of a page, that of the first for None.
        """
        if paginator.num_pages == 1:
            return cls()

        def link(number: int) -> str:
            return address(number if number > 1 else None)

        numbers = paginator.get_elided_page_range(current, on_each_side=2, on_ends=1)
        return cls(
            tuple(
                PageLink(number, link(number), number == current)
                if isinstance(number, int)
                else PageLink(0)
                for number in numbers
            ),
            link(current - 1) if current > 1 else "",
            link(current + 1) if current < paginator.num_pages else "",
        )


def no_such_page(number: int, last: int) -> str:
    """Return the sentence that refuses a page beyond the last one."""
    words = ngettext(
        "There is no page %(page)d: the list has %(last)d page.",
        "There is no page %(page)d: the list has %(last)d pages.",
        last,
    )
    return words % {"page": number, "last": last}
