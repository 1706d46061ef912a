"""The files of lists of tracked items: the items with their state of a day, and their histories.

A file has the list's own query string, and so the same items in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workplans.exports import Cells, TableFile
from workplans.filters import EVERYTHING
from workplans.item_tables import DeliverableTable, ItemTable, address_of, status_labels
from workplans.lists import Listing, in_chunks
from workplans.models import TrackedItem
from workplans.workbooks import Cell, Entry

# The items whose histories are read at a time: each has many rows.
ITEMS_AT_A_TIME = 250


class ItemFile(TableFile):
    """The items of a list, all pages of it. A subclass names its table."""

    table_class: ClassVar[type[ItemTable]]
    widths = {
        "ref": 20, "title": 50, "narrative": 60, "leads": 24, "supporting": 30, "source": 30,
        "url": 40, "indicators": 40, "comments": 40, "priority_area": 30, "workplan": 30,
        "meeting": 30, "review": 30,
    }  # fmt: skip

    def __init__(self, request: HttpRequest, listing: Listing) -> None:
        super().__init__(request, listing.asked)
        self.listing = listing

    @property
    def download_name(self) -> str:
        return self.listing.download_name

    @property
    def columns(self) -> Mapping[str, Cells]:  # type: ignore[override]
        return self.table_class.columns

    @property
    def entries(self) -> dict[str, Entry]:  # type: ignore[override]
        """What may be told of each item in an Excel file that comes back."""
        return update_entries(self.table_class.model)

    def about(self) -> list[tuple[str, str]]:
        chips = ((str(chip.name), chip.label) for chip in self.listing.chips)
        return [*super().about(), *chips, (_("Coming back"), str(COMING_BACK))]

    def rows(self) -> Iterator[list[Cell]]:
        items = self.listing.filter.items
        return self.table_class(items, self.asked.day, self.request.user, self.site).rows()


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
    """The histories of the items of a list: a row for each update that was true by the day.

    Corrected rows are there too, and say by which number. Unless the address asks for less,
    parts and archived items are among them.
    """

    widths = {
        "ref": 20, "title": 50, "narrative": 60, "timeframe": 20, "source": 30, "locator": 20,
        "url": 44,
    }  # fmt: skip
    reads = (
        "item__ref", "item__title", "item_id", "sequence", "effective_on", "effective_words",
        "reported_on", "status", "narrative", "timeframe", "timeframe_earliest", "timeframe_latest",
        "replaces__sequence", "replaced_by__sequence", "source__title", "source__published",
        "locator",
    )  # fmt: skip
    columns: Mapping[str, Cells] = {
        "ref": lambda row, _: row.item__ref,
        "title": lambda row, _: row.item__title,
        "number": lambda row, _: row.sequence,
        "effective_on": lambda row, _: row.effective_on,
        "effective_words": lambda row, _: row.effective_words,
        "reported_on": lambda row, _: row.reported_on,
        "status": lambda row, _: row.status,
        "status_label": lambda row, beside: beside["labels"][row.status] if row.status else "",
        "narrative": lambda row, _: row.narrative,
        "timeframe": lambda row, _: row.timeframe,
        "earliest": lambda row, _: row.timeframe_earliest,
        "due": lambda row, _: row.timeframe_latest,
        "corrects": lambda row, _: row.replaces__sequence,
        "corrected_by": lambda row, _: row.replaced_by__sequence,
        "source": lambda row, beside: beside["shown_title"](
            row.source__title, row.source__published
        ),
        "locator": lambda row, _: row.locator,
        "url": lambda row, beside: (
            f"{beside['site']}{beside['address'](row.item__ref)}#update-{row.sequence}"
        ),
    }

    def __init__(self, request: HttpRequest, listing: Listing) -> None:
        super().__init__(request, listing.asked)
        self.listing = listing
        self.model: Any = listing.filter_class.model

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

    def chunks(self) -> Iterator[list[Any]]:
        items = self.listing.filter.items.values_list("pk", flat=True)
        for chunk in in_chunks(items, ITEMS_AT_A_TIME):
            yield list(self.updates_of(chunk))

    def updates_of(self, items: Sequence[int]) -> Iterator[Any]:
        """Yield the updates of some items, in the items' order and in that of the ledger."""
        rows = self.model.update_model().objects.filter(
            item__in=items, effective_on__lte=self.asked.day
        )
        by_item: dict[int, list[Any]] = {}
        ordered = rows.order_by("effective_on", "slot", "sequence")
        for row in ordered.values_list(*self.reads, named=True):
            by_item.setdefault(row.item_id, []).append(row)
        for item in items:
            yield from by_item.get(item, ())

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        return {
            **super().read_beside(chunk),
            "address": address_of(self.model),
            "labels": status_labels(self.model),
        }
