"""What is searched: the kinds of records, their words, and who may find them on which day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, ClassVar, NamedTuple

from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext_lazy

from actionpoints.models import ActionPoint, Meeting, Recommendation
from iasc_tracker.search.texts import fold, fold_all
from workplans.chunks import Among
from workplans.models import Deliverable, Entity, StatusUpdate, Workplan
from workplans.models.ledger_rows import REDACTED
from workplans.models.tracking import Viewer


class Entry(NamedTuple):
    """What the index has of one record, or of one update of an item; as `SearchEntry` says."""

    kind: str
    object_id: int
    title: str
    text: str
    sequence: int = 0
    effective_on: date | None = None
    name: str = ""


class Kind:
    """One kind of record that can be found."""

    name: ClassVar[str]
    model: ClassVar[type[Any]]
    heading: ClassVar[Promise]
    # The words of a link to all records of the kind that were found; takes their `count`.
    all_words: ClassVar[Any]
    # The columns with words, most of them names; a save of other columns changes no entry.
    name_column: ClassVar[str]
    title_columns: ClassVar[tuple[str, ...]]
    text_columns: ClassVar[tuple[str, ...]]
    # What is read beside the columns.
    prefetch: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def columns(cls) -> set[str]:
        return {cls.name_column, *cls.title_columns, *cls.text_columns}

    @classmethod
    def visible(cls, user: Viewer, day: date) -> QuerySet[Any]:
        """Return the records that a visitor may see and that were there on a day."""
        raise NotImplementedError

    @classmethod
    def titles(cls, record: Any) -> list[str]:
        """Return what a record is called; its words weigh more."""
        return [getattr(record, name) for name in cls.title_columns]

    @classmethod
    def texts(cls, record: Any) -> list[str]:
        """Return what else is said of a record, the nearest to its title first."""
        return [getattr(record, name) for name in cls.text_columns]

    @classmethod
    def entries(cls, pks: Iterable[int], *, lock: bool = False) -> list[Entry]:
        """Return the entries of some records, without their updates.

        Records that are locked, inside a transaction, say what their last writer wrote.
        """
        records = cls.model.objects.filter(Among("pk", pks))
        if lock:
            records = records.select_for_update(no_key=True).order_by("pk")
        return [cls.entry(record) for record in cls.read(records)]

    @classmethod
    def entry(cls, record: Any) -> Entry:
        """Return the entry of a record, without its updates."""
        return Entry(
            kind=cls.name,
            object_id=record.pk,
            name=fold(getattr(record, cls.name_column)),
            title=fold_all(cls.titles(record)),
            text=fold_all(cls.texts(record)),
        )

    @classmethod
    def read(cls, records: QuerySet[Any]) -> Iterable[Any]:
        """Return what is read of some records, with the names of the columns.

        Only where there is more to be read than columns they are instances, which take longer.
        """
        columns = sorted(cls.columns())
        if cls.prefetch:
            return records.only(*columns).prefetch_related(*cls.prefetch)
        return records.values_list("pk", *columns, named=True)


class ItemKind(Kind):
    """A kind of tracked item, whose updates can be found too."""

    name_column = "ref"
    title_columns = ("number", "title", "ref")
    text_columns = ("provisional_title", "description", "indicators", "comments")

    @classmethod
    def visible(cls, user: Viewer, day: date) -> QuerySet[Any]:
        return cls.model.objects.visible_to(user).existing_on(day)

    @classmethod
    def update_entries(cls, rows: Iterable[StatusUpdate], titles: Mapping[int, str]) -> list[Entry]:
        """Return the entries of some rows of the ledger; none for one without words.

        `titles` are those of the entries of their items, by the items' keys.
        """
        told = [(row, words) for row in rows if (words := fold_all(words_of(row)))]
        return [
            Entry(
                kind=cls.name,
                object_id=row.item_id,
                sequence=row.sequence,
                effective_on=row.effective_on,
                title=titles[row.item_id],
                text=words,
            )
            for row, words in told
        ]


def words_of(row: StatusUpdate) -> list[str]:
    """Return what a row of the ledger tells in words that can be searched."""
    return [row.narrative if row.narrative != REDACTED else "", row.timeframe]


class WorkplanKind(Kind):
    name = "workplan"
    model = Workplan
    heading = gettext_lazy("Workplans")
    all_words = ngettext_lazy("All %(count)d workplan", "All %(count)d workplans", "count")
    name_column = "slug"
    title_columns = ("title", "slug")
    text_columns = ("description",)

    @classmethod
    def visible(cls, user: Viewer, day: date) -> QuerySet[Any]:
        return Workplan.objects.visible_to(user).existing_on(day)


class DeliverableKind(ItemKind):
    name = "deliverable"
    model = Deliverable
    heading = gettext_lazy("Deliverables")
    all_words = ngettext_lazy("All %(count)d deliverable", "All %(count)d deliverables", "count")


class ActionPointKind(ItemKind):
    name = "action_point"
    model = ActionPoint
    heading = gettext_lazy("Action points")
    all_words = ngettext_lazy("All %(count)d action point", "All %(count)d action points", "count")


class MeetingKind(Kind):
    name = "meeting"
    model = Meeting
    heading = gettext_lazy("Meetings")
    all_words = ngettext_lazy("All %(count)d meeting", "All %(count)d meetings", "count")
    name_column = "slug"
    title_columns = ("title", "slug")
    text_columns = ("session", "date_words", "note")

    @classmethod
    def visible(cls, user: Viewer, day: date) -> QuerySet[Any]:
        return Meeting.objects.visible_to(user).filter(held_on__lte=day)


class RecommendationKind(Kind):
    name = "recommendation"
    model = Recommendation
    heading = gettext_lazy("Recommendations")
    all_words = ngettext_lazy(
        "All %(count)d recommendation", "All %(count)d recommendations", "count"
    )
    name_column = "ref"
    title_columns = ("number", "title", "ref")
    text_columns = ("text", "response_words", "second_opinion")

    @classmethod
    def visible(cls, user: Viewer, day: date) -> QuerySet[Any]:
        return Recommendation.objects.visible_to(user).existing_on(day)


class EntityKind(Kind):
    name = "entity"
    model = Entity
    heading = gettext_lazy("Groups and organisations")
    all_words = ngettext_lazy(
        "All %(count)d group or organisation", "All %(count)d groups and organisations", "count"
    )
    name_column = "acronym"
    title_columns = ("acronym", "name")
    text_columns = ("description",)
    prefetch = ("aliases",)

    @classmethod
    def visible(cls, user: Viewer, day: date) -> QuerySet[Any]:
        return Entity.objects.all()  # everybody may know them, on every day

    @classmethod
    def texts(cls, record: Any) -> list[str]:
        return [*(one.alias for one in record.aliases.all()), *super().texts(record)]


# In the order of the page.
KINDS: dict[str, type[Kind]] = {
    kind.name: kind
    for kind in (
        WorkplanKind,
        DeliverableKind,
        ActionPointKind,
        MeetingKind,
        RecommendationKind,
        EntityKind,
    )
}
ITEM_KINDS: dict[type[Model], type[ItemKind]] = {
    kind.model: kind for kind in KINDS.values() if issubclass(kind, ItemKind)
}
BY_MODEL: dict[type[Model], type[Kind]] = {kind.model: kind for kind in KINDS.values()}
