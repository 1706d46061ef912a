"""The page of one tracked item: its state of a day, its kin, its history."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from workplans.filters import EVERYTHING, cut
from workplans.history import FrameMove, HistoryEntry, read_history
from workplans.lists import ItemRow, Listing, day_words, item_rows
from workplans.models import Publishable, Timeliness
from workplans.models.tracking import Viewer, state_columns
from workplans.pages import Asked, ask, render_page

REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ItemPage:
    """All that the page of an item shows, on the day asked for.

    `parts` are what belongs to it: parts of an item, items of a heading. The kin that a
    visitor may not see, or that did not exist on the day, is left out.
    """

    item: Any
    row: ItemRow
    publisher: Publishable | None
    parts: list[ItemRow]
    history: list[HistoryEntry]
    parent: Any = None
    continues: Any = None
    superseded_by: Any = None
    continued_by: list[Any] = field(default_factory=list)
    supersedes: list[Any] = field(default_factory=list)

    @property
    def moves(self) -> list[FrameMove]:
        """The revisions of its time frame, the first one first."""
        return [entry.frame for entry in reversed(self.history) if entry.frame is not None]

    @property
    def archived_too(self) -> str:
        """What a link from here to a list asks for, so that the item itself is in it."""
        return EVERYTHING if self.item.is_archived else ""

    @property
    def frame_days(self) -> str:
        """The days that its time frame allows, unless its words say just that."""
        days = frame_days(self.item.earliest, self.item.due)
        return "" if days == self.item.timeframe else days


def frame_days(earliest: date | None, latest: date | None) -> str:
    """Say which days a time frame allows; both ends are inclusive, "" for no days."""
    if earliest and latest:
        if earliest == latest:
            return day_words(latest)
        words = {"first": day_words(earliest), "last": day_words(latest)}
        return _("%(first)s to %(last)s") % words
    if latest:
        return _("until %(last)s") % {"last": day_words(latest)}
    return _("from %(first)s on") % {"first": day_words(earliest)} if earliest else ""


def read_item(model: Any, ref: str, asked: Asked, user: Viewer, reads: tuple[str, ...]) -> Any:
    """Return an item with its state of the day, or raise Http404 in words.

    One that was withdrawn by then is found too, since it stays linkable: it is neither
    open nor judged by its time frame.
    """
    items = model.objects.visible_to(user).select_related(*reads, "source")
    item = None
    if REF.fullmatch(ref):
        item = items.as_of(asked.day, asked.known).filter(ref=ref).first()
        if item is None:
            gone = items.filter(ref=ref, withdrawn_on__lte=asked.day, introduced_on__lte=asked.day)
            item = gone.annotate(**state_columns(model, asked.day, asked.known)).first()
            if item is not None:
                item.is_archived, item.is_open, item.timeliness = False, False, Timeliness.CLOSED
                item.is_silent = False
    if item is None:
        raise Http404(
            _("Nothing with the reference “%(ref)s” is known on %(day)s.")
            % {"ref": cut(ref), "day": day_words(asked.day)}
        )
    return item


def publisher_of(item: Any) -> Publishable | None:
    """Return the plan, meeting or review that decides whether an item is published."""
    for path in type(item).objects.all().publisher_paths:
        found = item
        for name in path.split("__"):
            found = getattr(found, name) if found is not None else None
        if found is not None:
            return found
    return None


def read_page(item: Any, asked: Asked, user: Viewer, where: Any) -> ItemPage:
    """Read what the page of an item shows; the number of queries is always the same."""
    model = type(item)
    known = model.objects.visible_to(user).filter(introduced_on__lte=asked.day)
    kin = known.filter(
        Q(pk__in=[pk for pk in (item.parent_id, item.continues_id, item.superseded_by_id) if pk])
        | Q(continues=item)
        | Q(superseded_by=item, superseded_on__lte=asked.day)
    )
    by_id = {relative.pk: relative for relative in kin.order_by("ref")}
    parts = model.objects.visible_to(user).as_of(asked.day, asked.known).filter(parent=item)
    is_superseded = item.superseded_on is not None and item.superseded_on <= asked.day
    (row,) = item_rows([item], asked, where)
    return ItemPage(
        item=item,
        row=row,
        publisher=publisher_of(item),
        parts=item_rows(parts.order_by("order", "ref"), asked),
        history=read_history(item, asked.day, asked.known),
        parent=by_id.get(item.parent_id),
        continues=by_id.get(item.continues_id),
        superseded_by=by_id.get(item.superseded_by_id) if is_superseded else None,
        continued_by=[one for one in by_id.values() if one.continues_id == item.pk],
        supersedes=[one for one in by_id.values() if one.superseded_by_id == item.pk],
    )


def item_page(
    request: HttpRequest, ref: str, listing: type[Listing], template: str
) -> HttpResponse:
    """Answer with the page of one item of the kind that a listing lists."""
    asked = ask(request, {"known_on"})
    if asked.errors:
        return render_page(request, "tracking/not_understood.html", asked, {})
    item = read_item(listing.filter_class.model, ref, asked, request.user, listing.reads)
    page = read_page(item, asked, request.user, listing.where)
    return render_page(request, template, asked, {"page": page, "item": item})
