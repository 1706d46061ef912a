"""The files of lists of tracked items: the items with their state of a day, and their histories.

A file has the list's own query string, and so the same items in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from django.http import HttpRequest
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workplans.exports import TableFile
from workplans.filters import EVERYTHING
from workplans.item_tables import PLAIN, DeliverableTable, HistoryTable, ItemTable
from workplans.lists import Listing, file_name
from workplans.models import TrackedItem
from workplans.pages import Asked
from workplans.workbooks import Cell, Entry


class ItemFile(TableFile):
    """The items of a list, all pages of it. A subclass names its table."""

    table_class: ClassVar[type[ItemTable]]
    plain = PLAIN
    widths = {
        "ref": 20, "title": 50, "narrative": 60, "leads": 24, "supporting": 30, "source": 30,
        "url": 40, "indicators": 40, "comments": 40, "priority_area": 30, "workplan": 30,
        "meeting": 30, "review": 30,
    }  # fmt: skip

    def __init__(self, request: HttpRequest, asked: Asked, items: Any, listing: Listing | None):
        """Take items as `as_of` read them; `listing` is the list that shows them, if one does."""
        super().__init__(request, asked)
        self.items, self.listing = items, listing

    @classmethod
    def of(cls, request: HttpRequest, listing: Listing) -> Self:
        """Return the file of a list."""
        return cls(request, listing.asked, listing.filter.items, listing)

    @property
    def download_name(self) -> str:
        if self.listing is not None:
            return self.listing.download_name
        return file_name(slugify(str(self.title)), [], self.asked.day)

    @property
    def columns(self) -> Mapping[str, Any]:  # type: ignore[override]
        return self.table_class.columns

    @property
    def entries(self) -> dict[str, Entry]:  # type: ignore[override]
        """What may be told of each item in an Excel file that comes back."""
        return update_entries(self.table_class.model)

    def about(self) -> list[tuple[str, str]]:
        shown = self.listing.chips if self.listing is not None else []
        chips = ((str(chip.name), chip.label) for chip in shown)
        return [*super().about(), *chips, (_("Coming back"), str(COMING_BACK))]

    @property
    def table(self) -> ItemTable:
        return self.table_class(self.items, self.asked.day, self.request.user, self.site)

    def rows(self) -> Iterator[Sequence[Cell]]:
        return self.table.rows()

    def blocks(self) -> Iterator[Sequence[Sequence[Cell]]]:
        return self.table.blocks()


class DeliverableFile(ItemFile):
    """Deliverables."""

    table_class = DeliverableTable
    title = gettext_lazy("Deliverables")


COMING_BACK = gettext_lazy(
    "The last four columns are for updates: fill them in and send the file to the secretariat, "
    "which can import it. Of the other columns, those that say how an item stands are not read."
)


def update_entries(model: type[TrackedItem]) -> dict[str, Entry]:
    """Return the empty columns in which an update of an item is entered."""
    statuses = [str(word.label) for word in model.STATUSES]
    return {
        "new_status": Entry(statuses),
        "new_narrative": Entry(width=60),
        "new_effective_on": Entry(is_day=True),
        "new_timeframe": Entry(),
    }


class HistoryFile(TableFile):
    """The histories of the items of a list.

    Corrected rows are there too, and say by which number. Unless the address asks for less,
    parts and archived items are among them.
    """

    columns = HistoryTable.columns
    widths = {
        "ref": 20, "title": 50, "narrative": 60, "timeframe": 20, "source": 30, "locator": 20,
        "url": 44,
    }  # fmt: skip

    def __init__(self, request: HttpRequest, listing: Listing) -> None:
        super().__init__(request, listing.asked)
        self.listing = listing

    @classmethod
    def of(cls, request: HttpRequest, listing_class: type[Listing]) -> HistoryFile:
        """Return the file that the address asks for."""
        wanted = request.GET.copy()
        for name in ("level", "archived"):
            wanted.setdefault(name, EVERYTHING)
        return cls(request, listing_class(request, wanted))

    @property
    def title(self) -> str:
        return _("History")

    @property
    def download_name(self) -> str:
        return self.listing.named(f"{self.listing.file_stem}-history")

    def about(self) -> list[tuple[str, str]]:
        return [*super().about(), *((str(chip.name), chip.label) for chip in self.listing.chips)]

    def rows(self) -> Iterator[Sequence[Cell]]:
        items = self.listing.filter.items
        return HistoryTable(items, self.asked.day, self.request.user, self.site).rows()


class UpdatesFile(TableFile):
    """Some updates of items of one kind, whichever items they are of."""

    columns = HistoryTable.columns
    title = gettext_lazy("History")
    widths = HistoryFile.widths

    def __init__(self, request: HttpRequest, asked: Asked, updates: Any) -> None:
        super().__init__(request, asked)
        self.updates = updates

    @property
    def download_name(self) -> str:
        return file_name("updates", [], self.asked.day)

    def rows(self) -> Iterator[Sequence[Cell]]:
        among = self.updates.order_by().values("pk")
        items = self.updates.model._meta.get_field("item").related_model.objects
        items = items.filter(pk__in=self.updates.order_by().values("item"))
        user, site = self.request.user, self.site
        return HistoryTable(items, self.asked.day, user, site, among).rows()
