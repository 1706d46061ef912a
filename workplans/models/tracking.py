"""The ground that deliverables and action points stand on.

A tracked item says what is to be done, by whom and until when. How it goes is told by
the rows of its ledger, which `workplans.status` writes and nothing else does; the
`cached_…` columns hold what the ledger says as of the true today. Readers ask
`as_of(day)`, which gives the state of any day under plain names.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import (
    Case,
    CharField,
    DateField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from workplans import days
from workplans.models.choices import Level, Priority, Timeliness, Wording
from workplans.models.ledger_rows import NEWEST_FIRST, OLDEST_FIRST
from workplans.models.references import Referenced
from workplans.models.sources import SourceDocument
from workplans.models.versions import Versioned
from workplans.status_words import CLOSED_CODES, CONTINUOUS, StatusWord

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

DUE_SOON_DAYS = 30
# An open item that no source told anything about for so long is silent.
SILENT_DAYS = 60

Viewer: TypeAlias = AbstractBaseUser | AnonymousUser
M = TypeVar("M", bound="TrackedItem")


class Publishable(Versioned):
    """A workplan, meeting or review: published or not, archived from a day or not."""

    published = models.BooleanField(
        _("published"),
        default=False,
        help_text=_("Until it is published, only signed-in staff see it and what belongs to it."),
    )
    archived_on: models.DateField[date | str | None, date | None] = models.DateField(
        _("archived from"),
        null=True,
        blank=True,
        help_text=_("From this day on it counts apart, and never as overdue, due or silent."),
    )

    class Meta:
        abstract = True

    def tracked_items(self) -> TrackedItemQuerySet[Any]:
        """Return all tracked items that are published and archived with the record."""
        raise NotImplementedError

    def is_archived(self, day: date) -> bool:
        return self.archived_on is not None and self.archived_on <= day


class TrackedItemQuerySet(QuerySet[M]):
    """Reads of tracked items. A subclass names the paths to what publishes and archives them."""

    # Look-ups from the item to each Publishable that it can hang from, nearest first.
    # The first one that is there decides.
    publisher_paths: tuple[str, ...] = ()

    def get_by_natural_key(self, ref: str) -> M:
        return self.get(ref=ref)

    def visible_to(self, user: Viewer) -> Self:
        """Keep what a visitor may see: staff all, others what is published."""
        if getattr(user, "is_staff", False):
            return self
        condition, none_nearer = Q(), Q()
        for path in self.publisher_paths:
            condition |= none_nearer & Q(**{f"{path}__published": True})
            none_nearer &= Q(**{f"{path}__isnull": True})
        return self.filter(condition)

    def existing_on(self, day: date) -> Self:
        """Keep what existed on a day: introduced by then and not withdrawn."""
        return self.filter(
            Q(withdrawn_on__isnull=True) | Q(withdrawn_on__gt=day), introduced_on__lte=day
        )

    def held_q(self, day: date, condition: Q) -> Q:
        """Return the condition that an item, or a part of it, has a responsibility on a day.

        The condition given is one on the responsibility.
        """
        model: Any = self.model._meta.get_field("responsibilities").related_model
        held = model.objects.on(day).filter(condition, item=OuterRef("pk"))
        parts = self.model._default_manager.existing_on(day).filter(  # type: ignore[attr-defined]
            Exists(held), parent=OuterRef("pk"), level=Level.PART
        )
        return Q(Exists(held)) | Q(Exists(parts))

    def archived_q(self, day: date) -> Q:
        """Return the condition that an item's plan, meeting or review is archived on a day."""
        condition = Q()
        for path in self.publisher_paths:
            condition |= Q(**{f"{path}__archived_on__lte": day})
        return condition

    def as_of(self, day: date, known: date | None = None) -> Self:
        """Return the items that existed on a day, each with its state of that day.

        With `known`, the state is what had been reported by that day, however much of the
        day asked for was told later. Adds the columns of `state_columns`, and

        - `is_archived`: whether its plan, meeting or review was archived by then;
        - `is_open`: not completed, discontinued or superseded by then;
        - `timeliness`: a value of Timeliness, or "" for what is archived;
        - `last_word`: the day on which it was last reported on, or else introduced;
        - `is_silent`: open, not archived, and its last word lies `SILENT_DAYS` days back.

        Overdue only after the latest day; continuous never (design, "The model").
        """
        superseded = Q(superseded_on__isnull=False, superseded_on__lte=day)
        archived = self.archived_q(day)
        return (
            self.existing_on(day)
            .annotate(**state_columns(self.model, day, known))
            .annotate(
                is_archived=Case(
                    When(archived, then=Value(True)),
                    default=Value(False),
                    output_field=models.BooleanField(),
                ),
                is_open=Case(
                    When(Q(status__in=CLOSED_CODES) | superseded, then=Value(False)),
                    default=Value(True),
                    output_field=models.BooleanField(),
                ),
                timeliness=Case(
                    When(Q(status__in=CLOSED_CODES) | superseded, then=Value(Timeliness.CLOSED)),
                    When(archived, then=Value("")),
                    When(due__isnull=True, then=Value(Timeliness.NO_DATE)),
                    When(status=CONTINUOUS.code, then=Value(Timeliness.ON_TIME)),
                    When(due__lt=day, then=Value(Timeliness.OVERDUE)),
                    When(
                        due__lte=day + timedelta(days=DUE_SOON_DAYS),
                        then=Value(Timeliness.DUE_SOON),
                    ),
                    default=Value(Timeliness.ON_TIME),
                    output_field=CharField(),
                ),
                last_word=Coalesce("last_reported_on", "introduced_on"),
            )
            .annotate(
                is_silent=Case(
                    When(
                        is_open=True,
                        is_archived=False,
                        last_word__lte=day - timedelta(days=SILENT_DAYS),
                        then=Value(True),
                    ),
                    default=Value(False),
                    output_field=models.BooleanField(),
                )
            )
        )

    def with_last_place(self, day: date) -> Self:
        """Add `last_place`: where the newest row of the ledger by the day comes from.

        It is the key of its source, a blank, and the place in it, since both cost one look-up
        then. Where an item has no row by the day, or the row no source, it is that of the item
        itself, with no key if that has no source either.
        """

        def place(source: Any) -> Func:
            parts = (source, Value(" "), F("locator"))
            # Not Concat, which asks of each part whether it is null.
            return Func(
                *parts, template="(%(expressions)s)", arg_joiner=" || ", output_field=CharField()
            )

        source = Cast("source_id", CharField())
        rows = standing_rows(self.model, day).annotate(place=place(source))
        last = rows.order_by(*NEWEST_FIRST).values("place")[:1]
        own = place(Coalesce(source, Value("")))
        return self.annotate(last_place=Coalesce(Subquery(last), own))


def items_as_of(model: Any, day: date) -> TrackedItemQuerySet[Any]:
    """Return all items of a model from `as_of(day)`, to be narrowed.

    Working out its columns takes longer than many a query, so that it is done once a day.
    """
    return _items_as_of(model, day, days.true_today())


@lru_cache(maxsize=64)
def _items_as_of(model: Any, day: date, today: date) -> TrackedItemQuerySet[Any]:
    # Which columns are read depends on whether the day is past yet.
    items: TrackedItemQuerySet[Any] = model.objects.as_of(day)
    return items


# The columns that the ledger keeps on an item, and the names that readers know them by.
CACHED_COLUMNS = {
    "status": "cached_status",
    "status_since": "cached_status_since",
    "narrative": "cached_narrative",
    "timeframe": "cached_timeframe",
    "earliest": "cached_earliest",
    "due": "cached_due",
    "last_reported_on": "cached_last_reported_on",
}


def standing_rows(
    model: type[TrackedItem], day: date | None, known: date | None = None
) -> QuerySet[Any]:
    """Return the rows of an outer item that stand on a day (on any, without one)."""
    rows = model.update_model().objects.filter(item=OuterRef("pk")).standing(known)
    return rows if day is None else rows.filter(effective_on__lte=day)


def ledger_columns(
    model: type[TrackedItem], day: date | None, known: date | None = None
) -> dict[str, Combinable]:
    """Return the state of an item as expressions over its ledger, keyed by column name.

    Status, narrative and time frame are each that of the last standing row by the day
    that carries one; the time frame falls back to the one first given. `status_since`
    is the first day of the unbroken run of the status. `last_reported_on` is the
    latest day, by the day asked for, on which a source told something. `known` is the
    day by which a row must have been reported to count.
    """
    rows = standing_rows(model, day, known)
    with_status = rows.exclude(status="")
    # Rows that tell another status, later in the ledger's order than an outer row.
    updates = model.update_model().objects.standing(known)
    later = (
        Q(effective_on__gt=OuterRef("effective_on"))
        | Q(effective_on=OuterRef("effective_on"), slot__gt=OuterRef("slot"))
        | Q(
            effective_on=OuterRef("effective_on"),
            slot=OuterRef("slot"),
            sequence__gt=OuterRef("sequence"),
        )
    )
    broken_by = (
        updates.filter(later, item=OuterRef("item"))
        .exclude(status="")
        .exclude(status=OuterRef("status"))
    )
    if day is not None:
        broken_by = broken_by.filter(effective_on__lte=day)
    revised = rows.exclude(timeframe="").order_by(*NEWEST_FIRST)
    is_revised = Exists(revised)
    # A row that takes another back tells nothing of the item.
    reported = updates.filter(item=OuterRef("pk")).exclude(status="", narrative="", timeframe="")
    if day is not None:
        reported = reported.filter(reported_on__lte=day)
    return {
        "status": Coalesce(
            Subquery(with_status.order_by(*NEWEST_FIRST).values("status")[:1]),
            Value(""),
            output_field=CharField(),
        ),
        "status_since": Subquery(
            with_status.filter(~Exists(broken_by))
            .order_by(*OLDEST_FIRST)
            .values("effective_on")[:1]
        ),
        "narrative": Coalesce(
            Subquery(rows.exclude(narrative="").order_by(*NEWEST_FIRST).values("narrative")[:1]),
            Value(""),
            output_field=TextField(),
        ),
        "timeframe": Coalesce(
            Subquery(revised.values("timeframe")[:1]),
            F("initial_timeframe"),
            output_field=CharField(),
        ),
        "earliest": Case(
            When(is_revised, then=Subquery(revised.values("timeframe_earliest")[:1])),
            default=F("initial_earliest"),
            output_field=DateField(),
        ),
        "due": Case(
            When(is_revised, then=Subquery(revised.values("timeframe_latest")[:1])),
            default=F("initial_latest"),
            output_field=DateField(),
        ),
        "last_reported_on": Subquery(reported.order_by("-reported_on").values("reported_on")[:1]),
    }


def state_columns(
    model: type[TrackedItem], day: date, known: date | None = None
) -> dict[str, Combinable]:
    """Return the state columns for a day: cached for the true today, else from the ledger.

    A run of one status that began by the day and still lasts held on that day too, so
    the cached status answers for most items of a recent day without a look at the ledger.
    """
    if known is not None and known < days.true_today():
        return ledger_columns(model, day, known)
    if day >= days.true_today():
        return {name: F(cached) for name, cached in CACHED_COLUMNS.items()}
    columns = ledger_columns(model, day)
    columns["status"] = Case(
        When(cached_status_since__lte=day, then=F("cached_status")),
        default=columns["status"],
        output_field=CharField(),
    )
    columns["status_since"] = Case(
        When(cached_status_since__lte=day, then=F("cached_status_since")),
        default=columns["status_since"],
        output_field=DateField(),
    )
    return columns


class TrackedItem(Referenced):
    """A deliverable or an action point; see `as_of` for its state on a day."""

    # Place
    level = models.CharField(
        _("level"),
        max_length=10,
        choices=Level,
        default=Level.ITEM,
        help_text=_(
            "An item is counted. A heading groups items and has no status of its own. "
            "A part belongs to an item and is shown under it."
        ),
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("belongs to"),
        null=True,
        blank=True,
        related_name="children",
        help_text=_("The item of a part, or the heading of an item."),
    )
    order = models.PositiveIntegerField(
        _("order"), default=0, help_text=_("Its place in its plan or record.")
    )

    # What
    title = models.CharField(
        _("title"), max_length=500, help_text=_("What is to be done, in one sentence.")
    )
    description = models.TextField(_("description"), blank=True, help_text=_("Anything more."))
    indicators = models.TextField(
        _("indicators"), blank=True, help_text=_("How success is seen, one to a line.")
    )
    comments = models.TextField(
        _("comments"), blank=True, help_text=_("Comments that the document itself prints.")
    )
    product_url = models.URLField(
        _("link to the product"),
        max_length=500,
        blank=True,
        help_text=_("Once it is out: where it can be read."),
    )

    # Where it comes from
    source = models.ForeignKey(
        SourceDocument,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="%(class)ss",
        verbose_name=_("source"),
        help_text=_("The document that it was taken from."),
    )
    locator = models.CharField(
        _("place in the source"), max_length=200, blank=True, help_text=_("Page, section, row.")
    )
    reading_note = models.TextField(
        _("how the source was read"),
        blank=True,
        help_text=_("What is uncertain or conflicting in the source. Shown on the page."),
    )
    introduced_on: models.DateField[date | str | None, date] = models.DateField(
        _("introduced on"),
        blank=True,
        help_text=_("Before this day no page knows it. Leave it blank for today."),
    )

    # Axes
    priority = models.CharField(
        _("priority"), max_length=15, choices=Priority, default=Priority.UNKNOWN
    )
    wording = models.CharField(_("wording"), max_length=15, choices=Wording, default=Wording.FINAL)
    provisional_title = models.CharField(
        _("provisional wording"),
        max_length=500,
        blank=True,
        help_text=_("How an earlier record put it, kept when the final wording came."),
    )

    # When
    initial_timeframe = models.CharField(
        _("time frame"),
        max_length=200,
        blank=True,
        help_text=_("As first given, in the document's words. A revised one is an update."),
    )
    initial_earliest: models.DateField[date | str | None, date | None] = models.DateField(
        _("earliest day"), null=True, blank=True
    )
    initial_latest: models.DateField[date | str | None, date | None] = models.DateField(
        _("latest day"), null=True, blank=True, help_text=_("Overdue only after this day.")
    )
    timeframe_inherited = models.BooleanField(
        _("time frame taken from a merged cell"), default=False
    )

    # Life
    superseded_by = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="supersedes",
        verbose_name=_("superseded by"),
    )
    superseded_on: models.DateField[date | str | None, date | None] = models.DateField(
        _("superseded from"), null=True, blank=True
    )
    withdrawn_on: models.DateField[date | str | None, date | None] = models.DateField(
        _("withdrawn from"),
        null=True,
        blank=True,
        help_text=_("From this day on it is kept, but in no list or figure."),
    )
    continues = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="continued_by",
        verbose_name=_("continues"),
        help_text=_("The item of an earlier plan that this one carries on."),
    )

    # What the ledger says as of the true today; written by `workplans.status` alone.
    cached_status = models.CharField(max_length=20, blank=True, editable=False)
    cached_status_since: models.DateField[date | None, date | None] = models.DateField(
        null=True, editable=False
    )
    cached_narrative = models.TextField(blank=True, editable=False)
    cached_timeframe = models.CharField(max_length=200, blank=True, editable=False)
    cached_earliest: models.DateField[date | None, date | None] = models.DateField(
        null=True, editable=False
    )
    cached_due: models.DateField[date | None, date | None] = models.DateField(
        null=True, editable=False
    )
    cached_last_reported_on: models.DateField[date | None, date | None] = models.DateField(
        null=True, editable=False
    )

    STATUSES: tuple[StatusWord, ...] = ()
    # The fields that say what the item comes from; what belongs to it shares them.
    ORIGIN: tuple[str, ...] = ()

    if TYPE_CHECKING:
        children: models.Manager[Any]
        updates: models.Manager[Any]
        responsibilities: models.Manager[Any]
        objects: models.Manager[Any]
        parent_id: int | None
        superseded_by_id: int | None
        continues_id: int | None

    class Meta:
        abstract = True
        default_permissions = ("add", "change", "delete", "view", "import", "export")
        ordering = ["order", "ref"]

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    @classmethod
    def update_model(cls) -> Any:
        """Return the model of this item's ledger rows, a concrete StatusUpdate."""
        return cls._meta.get_field("updates").related_model

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = self._parent_errors()
        if (
            self.initial_earliest
            and self.initial_latest
            and self.initial_earliest > self.initial_latest
        ):
            errors["initial_latest"] = _("The latest day lies before the earliest.")
        if (self.initial_earliest or self.initial_latest) and not self.initial_timeframe:
            errors["initial_timeframe"] = _("Write the time frame in words too, as it was given.")
        if bool(self.superseded_by_id) != bool(self.superseded_on):
            errors["superseded_on" if self.superseded_by_id else "superseded_by"] = _(
                "Give both: what supersedes this item, and from which day."
            )
        if self.pk and self.superseded_by_id == self.pk:
            errors["superseded_by"] = _("An item cannot supersede itself.")
        if self.pk and self.continues_id == self.pk:
            errors["continues"] = _("An item cannot continue itself.")
        if self.level == Level.HEADING and self.pk:
            item: Any = self
            if item.updates.exists():
                errors["level"] = _("An item with a history cannot become a heading.")
            elif item.responsibilities.exists():
                errors["level"] = _("A heading has no owner: remove the responsibilities first.")
        if errors:
            raise ValidationError(errors)

    def _parent_errors(self) -> dict[str, Any]:
        parent: Any = self.parent
        if self.level == Level.PART:
            if parent is None:
                return {"parent": _("A part needs the item that it belongs to.")}
            if parent.level != Level.ITEM:
                return {"parent": _("A part belongs to an item, not to a heading or a part.")}
        elif self.level == Level.HEADING:
            if parent is not None:
                return {"parent": _("A heading stands at the top and belongs to nothing.")}
        elif parent is not None and parent.level != Level.HEADING:
            return {"parent": _("An item can only stand under a heading.")}
        if parent is not None and self.pk and parent.pk == self.pk:
            return {"parent": _("An item cannot belong to itself.")}
        # What may stand under it: parts under an item, items under a heading, nothing under a part.
        below = {Level.ITEM: Level.PART, Level.HEADING: Level.ITEM}.get(self.level)  # type: ignore[call-overload]
        model: Any = type(self)
        children = model.objects.filter(parent=self.pk)
        if self.pk and children.exclude(level=below or "").exists():
            return {"level": _("What belongs to it does not fit under that level.")}
        return {}

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.introduced_on is None:
            self.introduced_on = days.site_today()
        new = self._state.adding
        if new:
            self.cached_timeframe = self.initial_timeframe
            self.cached_earliest = self.initial_earliest
            self.cached_due = self.initial_latest
        elif kwargs.get("update_fields") is None:
            # An instance read before the newest update must not put old caches back.
            kept = {*CACHED_COLUMNS.values(), *self.get_deferred_fields(), "id"}
            kwargs["update_fields"] = [
                field.attname for field in self._meta.concrete_fields if field.attname not in kept
            ]
        super().save(*args, **kwargs)
        if not new:
            self._take_along()

    @property
    def origin(self) -> dict[str, int | None]:
        """The keys of what the item comes from, by field."""
        return {name: getattr(self, name) for name in self.ORIGIN}

    def _take_along(self) -> None:
        """Move what belongs to the item to the plan, meeting or recommendation that it is of."""
        model: Any = type(self)
        origin = self.origin
        above = [self.pk]
        while above:
            below = model.objects.filter(parent__in=above)
            moved = [row.pk for row in below.only(*origin) if origin != row.origin]
            model.objects.filter(pk__in=moved).update(**origin)
            above = moved


def item_constraints(statuses: tuple[StatusWord, ...]) -> list[models.BaseConstraint]:
    """Return the constraints of a concrete item model, for its own statuses."""
    name = "%(class)s_{}".format
    return [
        models.CheckConstraint(condition=~Q(ref=""), name=name("has_a_ref")),
        models.CheckConstraint(condition=~Q(title=""), name=name("has_a_title")),
        models.CheckConstraint(
            condition=Q(level=Level.ITEM)
            | Q(level=Level.PART, parent__isnull=False)
            | Q(level=Level.HEADING, parent__isnull=True, cached_status=""),
            name=name("level_fits_its_parent"),
        ),
        models.CheckConstraint(
            condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name=name("is_not_its_parent")
        ),
        models.CheckConstraint(
            condition=Q(priority__in=Priority.values), name=name("priority_is_known")
        ),
        models.CheckConstraint(
            condition=Q(wording__in=Wording.values), name=name("wording_is_known")
        ),
        models.CheckConstraint(
            condition=Q(initial_earliest__isnull=True)
            | Q(initial_latest__isnull=True)
            | Q(initial_earliest__lte=F("initial_latest")),
            name=name("time_frame_runs_forward"),
        ),
        models.CheckConstraint(
            condition=Q(initial_earliest__isnull=True, initial_latest__isnull=True)
            | ~Q(initial_timeframe=""),
            name=name("time_frame_has_words"),
        ),
        models.CheckConstraint(
            condition=Q(superseded_by__isnull=True, superseded_on__isnull=True)
            | Q(superseded_by__isnull=False, superseded_on__isnull=False),
            name=name("is_superseded_from_a_day"),
        ),
        models.CheckConstraint(
            condition=Q(superseded_by__isnull=True) | ~Q(superseded_by=F("id")),
            name=name("does_not_supersede_itself"),
        ),
        models.CheckConstraint(
            condition=Q(continues__isnull=True) | ~Q(continues=F("id")),
            name=name("does_not_continue_itself"),
        ),
        models.CheckConstraint(
            condition=Q(cached_status__in=["", *(word.code for word in statuses)]),
            name=name("status_is_known"),
        ),
    ]
