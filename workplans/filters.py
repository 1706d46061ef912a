"""What lists of tracked items can be narrowed by: one class serves page, figure and file.

Invalid input must never widen a list: a filter that is not understood gives a sentence
and no rows. Choices are held in memory and compared as text, so that nothing a visitor
types reaches the database before it is known to be one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, reduce
from operator import and_, or_
from typing import Any, ClassVar, cast

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import (
    Case,
    F,
    IntegerField,
    OrderBy,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, ExtractQuarter, ExtractYear, NullIf
from django.http import QueryDict
from django.utils.choices import BaseChoiceIterator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workplans.facets import ByColumns, FacetCounts, count_holders
from workplans.models import (
    LEAD_ROLES,
    SILENT_DAYS,
    Deliverable,
    Entity,
    EntityKind,
    Level,
    Priority,
    PriorityArea,
    Role,
    Timeliness,
    Workplan,
)
from workplans.models.tracking import TrackedItemQuerySet, Viewer, items_as_of
from workplans.pages import Asked
from workplans.quarters import Quarter
from workplans.status_words import (
    BY_CODE,
    NOT_REPORTED,
    StatusWord,
    public_code,
    stored_code,
)

# Longer texts and more words than these are no search, and would only burden the database.
LONGEST_SEARCH = 200
MOST_WORDS = 12
# How many possible values a sentence names before it points to the form.
MOST_NAMED = 30
EVERYTHING = "all"

Choices = Iterable[tuple[str, Any]]


def cut(text: str) -> str:
    """Return what a visitor typed, short and printable, for a sentence about it."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:51])
    return shown if len(text) <= 50 else shown[:50] + "…"


def name_possible(name: str, value: str, possible: Iterable[str]) -> str:
    """Return the sentence that refuses a value and says what is possible."""
    known = list(possible)
    words = {"name": name, "value": cut(value), "known": ", ".join(known[:MOST_NAMED])}
    if not known:
        return _("“%(value)s” is not known as %(name)s. There is nothing to choose yet.") % words
    if len(known) > MOST_NAMED:
        words["more"] = str(len(known) - MOST_NAMED)
        return (
            _("“%(value)s” is not known as %(name)s. Possible: %(known)s and %(more)s others.")
            % words
        )
    return _("“%(value)s” is not known as %(name)s. Possible: %(known)s.") % words


# What stands for no party, no meeting's body, no theme: it can be asked for like any other.
NONE = "none"


class LazyChoices(BaseChoiceIterator):
    """Choices that are read once, when somebody first asks for them."""

    def __init__(self, read: Callable[[], Choices]) -> None:
        self._read = read

    def __deepcopy__(self, memo: Any) -> LazyChoices:
        return self  # a form copies its fields, and would read the choices again

    @cached_property
    def pairs(self) -> list[tuple[str, Any]]:
        return list(self._read())

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self.pairs)


class ChoicesField(forms.MultipleChoiceField):
    """One or several values of a closed set; empty ones count as not given.

    `known` recognises values that are right though no choice offers them.
    """

    name = ""
    known: Callable[[str], bool] | None = None
    only_one = False

    def to_python(self, value: Any) -> list[str]:
        return list(dict.fromkeys(text for text in super().to_python(value) if text))

    def validate(self, value: list[str]) -> None:
        if self.only_one and len(value) > 1:
            raise ValidationError(_("%(name)s is given twice. Give one.") % {"name": self.name})
        if not value:
            return  # and leave the choices unread
        possible = [code for code, _label in cast(Any, self.choices)]
        for text in value:
            if text not in possible and not (self.known is not None and self.known(text)):
                raise ValidationError(name_possible(self.name, text, possible))


class ChoicesFilter(django_filters.MultipleChoiceFilter):
    """A parameter that may be repeated: its values are OR."""

    field_class = ChoicesField
    known: Callable[[str], bool] | None = None
    only_one = False
    default = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("distinct", False)  # no condition here doubles an item
        super().__init__(*args, **kwargs)

    @property
    def field(self) -> Any:
        field = super().field
        field.name, field.known, field.only_one = self.field_name, self.known, self.only_one
        return field


class ChoiceFilter(ChoicesFilter):
    """A parameter with one value of a closed set; its default counts as not given."""

    only_one = True

    def __init__(self, *args: Any, default: str = "", **kwargs: Any) -> None:
        self.default = default
        super().__init__(*args, **kwargs)


class QuartersField(ChoicesField):
    """Quarters by their codes, or no date; the choices offer those that something is due in."""

    def validate(self, value: list[str]) -> None:
        for text in value:
            if text != NONE and Quarter.read(text) is None:
                raise ValidationError(
                    _(
                        "“%(value)s” is not known as %(name)s. Write a quarter such as 2021-q3, "
                        "or “none” for what has no date."
                    )
                    % {"value": cut(text), "name": self.name}
                )


class QuartersFilter(ChoicesFilter):
    field_class = QuartersField


class SearchField(forms.CharField):
    widget = forms.TextInput

    def clean(self, value: Any) -> str:
        text = str(value or "")
        if "\0" in text:
            raise ValidationError(_("q holds a character (NUL) that cannot be searched for."))
        if len(text) > LONGEST_SEARCH:
            raise ValidationError(
                _("q is longer than %(limit)d characters: “%(value)s”. Search for fewer words.")
                % {"limit": LONGEST_SEARCH, "value": cut(text)}
            )
        if len(text.split()) > MOST_WORDS:
            raise ValidationError(
                _("q has more than %(limit)d words: “%(value)s”. Search for fewer words.")
                % {"limit": MOST_WORDS, "value": cut(text)}
            )
        return " ".join(text.split())


class SearchFilter(django_filters.CharFilter):
    field_class = SearchField


class PageField(forms.Field):
    def clean(self, value: Any) -> int:
        text = str(value or "1")
        if not re.fullmatch(r"0*[1-9][0-9]{0,6}", text, re.ASCII):
            raise ValidationError(
                _("page is “%(value)s”. Give a number from 1 on.") % {"value": cut(text)}
            )
        return int(text)


class PageFilter(django_filters.Filter):
    """The page of the list, which narrows nothing; files take it and give all rows."""

    field_class = PageField

    def filter(self, qs: Any, value: Any) -> Any:
        return qs


def status_choices(words: Iterable[StatusWord]) -> list[tuple[str, Any]]:
    """Return public codes and labels of a kind's statuses, with "not reported"."""
    return [(public_code(word.code), word.label) for word in (*words, NOT_REPORTED)]


# What a list can be sorted by: names, expressions and words. With "-" before the name the
# larger comes first; blanks always come last.
COMMON_SORTS: dict[str, Any] = {
    "ref": F("ref"),
    "title": F("title"),
    "status": Case(
        *(When(status=code, then=Value(word.rank)) for code, word in BY_CODE.items()),
        output_field=IntegerField(),
    ),
    "since": F("status_since"),
    "lead": F("first_lead"),
    "due": F("due"),
    "reported": F("last_reported_on"),
}
COMMON_SORT_LABELS: dict[str, Any] = {
    "ref": gettext_lazy("Reference"),
    "title": gettext_lazy("Title"),
    "status": gettext_lazy("Status"),
    "since": gettext_lazy("Status since"),
    "lead": gettext_lazy("Leads"),
    "due": gettext_lazy("Time frame"),
    "reported": gettext_lazy("Last report"),
}


# The filters whose options columns of an item tell, and under which of them it is found.
COMMON_COLUMNS: dict[str, ByColumns] = {
    "status": ByColumns(("status",), lambda status: [public_code(status)]),
    "timeliness": ByColumns(("timeliness",), lambda timeliness: [timeliness]),
    "due": ByColumns(
        ("due_year", "due_quarter"),
        lambda year, number: [Quarter(year, number).code if year else NONE],
    ),
    "silent": ByColumns(("is_silent",), lambda is_silent: [str(SILENT_DAYS)] if is_silent else []),
    "level": ByColumns(("level",), lambda level: [level, EVERYTHING]),
    "archived": ByColumns(
        ("is_archived",), lambda archived: ["only" if archived else "none", EVERYTHING]
    ),
}


class TrackedItemFilter(django_filters.FilterSet):
    """What deliverables and action points are both narrowed by.

    It starts from what the visitor may see and what existed on the day asked about.
    A subclass declares filters of its own, and offers their choices in `choices_…`.
    """

    model: ClassVar[Any]
    facet_columns: ClassVar[Mapping[str, ByColumns]] = COMMON_COLUMNS
    sorts: ClassVar[Mapping[str, Any]] = COMMON_SORTS
    sort_labels: ClassVar[Mapping[str, Any]] = COMMON_SORT_LABELS

    status = ChoicesFilter(label=gettext_lazy("Status"), method="by_status")
    timeliness = ChoicesFilter(
        label=gettext_lazy("Timeliness"),
        choices=Timeliness.choices,
    )
    due = QuartersFilter(label=gettext_lazy("Due"), method="by_due")
    silent = ChoiceFilter(label=gettext_lazy("Silent"), method="by_silence")
    lead = ChoicesFilter(label=gettext_lazy("Lead"), method="by_party")
    role = ChoicesFilter(label=gettext_lazy("Role"), choices=Role.choices, method="by_role")
    level = ChoiceFilter(
        label=gettext_lazy("Level"),
        choices=[
            (Level.ITEM.value, gettext_lazy("items")),
            (Level.HEADING.value, gettext_lazy("headings")),
            (Level.PART.value, gettext_lazy("parts")),
            (EVERYTHING, gettext_lazy("items, headings and parts")),
        ],
        default=Level.ITEM.value,
        method="pass_through",
    )
    archived = ChoiceFilter(
        label=gettext_lazy("Archived"),
        choices=[
            ("none", gettext_lazy("not archived")),
            ("only", gettext_lazy("archived only")),
            (EVERYTHING, gettext_lazy("both")),
        ],
        default="none",
        method="pass_through",
    )
    q = SearchFilter(label=gettext_lazy("Search"), method="by_words")
    sort = ChoiceFilter(label=gettext_lazy("Sort"), method="pass_through")
    page = PageFilter(label=gettext_lazy("Page"))

    def __init__(self, data: QueryDict, *, asked: Asked, user: Viewer) -> None:
        self.asked, self.user, self.day = asked, user, asked.day
        items = items_as_of(self.model, asked.day).visible_to(user)
        super().__init__(data, items)
        for name, one in self.filters.items():
            read = getattr(self, f"choices_{name}", None)
            if read is not None:
                one.extra["choices"] = LazyChoices(read)
                one.known = getattr(self, f"knows_{name}", None)

    @classmethod
    def parameters(cls) -> list[str]:
        """Return the names that the address of a list may carry."""
        return list(cls.base_filters)

    # Answers

    @cached_property
    def refusals(self) -> list[str]:
        """What was not understood, a sentence for each input; empty if all was."""
        twice = [
            _("%(name)s is given twice. Give one.") % {"name": name}
            for name in ("q", "page")
            if len(self.data.getlist(name)) > 1
        ]
        errors = self.form.errors.as_data().values()
        return twice + [text for listed in errors for error in listed for text in error.messages]

    @cached_property
    def items(self) -> TrackedItemQuerySet[Any]:
        """The items asked for, in the order asked for; none if anything was not understood."""
        if self.refusals or self.asked.errors:
            return self.queryset.none()
        return self.sorted_by(self.narrowed(), self.one("sort"))

    def narrowed(self, *without: str) -> TrackedItemQuerySet[Any]:
        """Return the items that all filters but some leave, in the order of the documents."""
        items = self.queryset
        for name in self.chosen:
            if name not in without:
                items = self.filters[name].filter(items, self.form.cleaned_data[name])
        level = self.one("level") or Level.ITEM
        if "level" not in without and level != EVERYTHING:
            items = items.filter(level=level)
        archived = self.one("archived")
        if "archived" not in without and archived != EVERYTHING:
            items = items.filter(is_archived=archived == "only")
        return items

    @cached_property
    def counts(self) -> FacetCounts:
        """How many items each option would leave; only for what was understood."""
        return FacetCounts(self)

    def facet_annotations(self) -> dict[str, Any]:
        """Return what columns `facet_columns` needs beside those of an item."""
        return {"due_year": ExtractYear("due"), "due_quarter": ExtractQuarter("due")}

    def wanted(self, name: str) -> list[str]:
        """Return the options of a filter that are on, its default among them; [] for all."""
        return self.chosen.get(name) or self.wanted_by_default(name)

    def wanted_by_default(self, name: str) -> list[str]:
        """Return the option of a filter that is on unless another is; [] for none."""
        default = getattr(self.filters[name], "default", "")
        return [default] if default else []

    @property
    def shows_parts(self) -> bool:
        return self.one("level") in (Level.PART, EVERYTHING)

    @cached_property
    def chosen(self) -> dict[str, list[str]]:
        """The understood parameters that are given, page apart, as the address has them."""
        self.form.is_valid()
        values = {}
        for name, one in self.filters.items():
            value = self.form.cleaned_data.get(name)
            if not value or name == "page":
                continue
            given = value if isinstance(value, list) else [value]
            if given != [getattr(one, "default", "")]:
                values[name] = given
        return values

    @property
    def page_number(self) -> int:
        number: int = self.form.cleaned_data.get("page", 1)
        return number

    def one(self, name: str) -> str:
        """Return the value of a parameter that has at most one, or ""."""
        return self.chosen.get(name, [""])[0]

    def sorted_by(self, items: Any, sort: str) -> Any:
        """Sort items by a name of `sorts`, then by reference; by their documents' order without."""
        if not sort:
            return items
        column = self.sorts[sort.removeprefix("-")]
        if sort.removeprefix("-") == "lead":
            items = items.annotate(first_lead=self.first_lead())
        return items.order_by(
            OrderBy(column, descending=sort.startswith("-"), nulls_last=True), "ref"
        )

    def first_lead(self) -> Subquery:
        """Return the short name of the first lead of an item."""
        leads = self.responsibilities().filter(item=OuterRef("pk"), role__in=LEAD_ROLES)
        name = Coalesce(NullIf("entity__acronym", Value("")), "entity__name")
        return Subquery(leads.order_by("order", "id").annotate(short=name).values("short")[:1])

    # Choices

    def choices_due(self) -> Choices:
        """Offer the quarters that something is due in, and those that are asked for."""
        codes = {*self.counts.of("due"), *self.chosen.get("due", [])} - {NONE}
        quarters = sorted(filter(None, map(Quarter.read, codes)))
        return [*((one.code, one.label) for one in quarters), (NONE, _("no date"))]

    def choices_status(self) -> Choices:
        return status_choices(self.model.STATUSES)

    def choices_silent(self) -> Choices:
        words = _("open, and not reported on for %(days)d days or more")
        return [(str(SILENT_DAYS), words % {"days": SILENT_DAYS})]

    def choices_sort(self) -> Choices:
        directions = (("", _("%(column)s, ascending")), ("-", _("%(column)s, descending")))
        return [
            (f"{sign}{name}", words % {"column": self.sort_labels[name]})
            for name in self.sorts
            for sign, words in directions
        ]

    def choices_lead(self) -> Choices:
        """Offer the parties of visible items; any other entity is understood too."""
        held = self.responsibilities().filter(
            item__in=self.model.objects.visible_to(self.user).existing_on(self.day).order_by()
        )
        named = entity_choices(Entity.objects.filter(pk__in=held.order_by().values("entity")))
        return [*named, (NONE, _("nobody named"))]

    def knows_lead(self, slug: str) -> bool:
        return bool(SLUG.fullmatch(slug)) and (
            Entity.objects.filter(slug=slug).exists() or self.knows_former(slug)
        )

    def knows_former(self, slug: str) -> bool:
        """Whether an entity that was merged into another had an address."""
        return bool(SLUG.fullmatch(slug)) and Entity.objects.once_at(slug) is not None

    def present(self, slugs: list[str]) -> list[str]:
        """Return the addresses that entities have now, for those that they have or had."""
        here = set(Entity.objects.filter(slug__in=slugs).values_list("slug", flat=True))
        merged = (Entity.objects.once_at(slug) for slug in slugs if slug not in here | {NONE})
        return [*here, *(entity.slug for entity in merged if entity is not None)]

    # Conditions

    def pass_through(self, items: Any, name: str, value: Any) -> Any:
        return items

    def by_status(self, items: Any, name: str, codes: list[str]) -> Any:
        return items.filter(status__in=[stored_code(code) for code in codes])

    def by_silence(self, items: Any, name: str, days: list[str]) -> Any:
        return items.filter(is_silent=True)

    def by_due(self, items: Any, name: str, codes: list[str]) -> Any:
        condition = Q(due__isnull=True) if NONE in codes else Q()
        for quarter in filter(None, map(Quarter.read, codes)):
            condition |= Q(due__gte=quarter.first, due__lte=quarter.last)
        return items.filter(condition)

    @property
    def roles_asked(self) -> Q:
        """The condition that a responsibility is of a role asked for, or else of one that leads."""
        return Q(role__in=self.chosen.get("role", [role.value for role in LEAD_ROLES]))

    def count_lead(self) -> dict[str, int]:
        """Return how many items each party would leave, by its address, and nobody."""
        roles = self.roles_asked
        nobody = self.narrowed("lead", "role").filter(~self.holds(roles)).order_by().count()
        return {**count_holders(self, "entity__slug", roles), NONE: nobody}

    def count_role(self) -> dict[str, int]:
        """Return how many items each role would leave; of nobody, how many do not have it."""
        slugs = self.chosen.get("lead", [])
        of_parties = Q(entity__slug__in=self.present(slugs)) if slugs else Q()
        counts = count_holders(self, "role", of_parties)
        if NONE in slugs:
            every = self.narrowed("lead", "role").order_by().count()
            held = count_holders(self, "role", Q())
            counts.update({role.value: every - held[role.value] for role in Role})
        return counts

    def by_party(self, items: Any, name: str, slugs: list[str]) -> Any:
        """Keep what the parties lead; with roles asked for, what they have those roles in.

        Among them may be nobody: then also what nobody has any of those roles in.
        """
        roles = self.roles_asked
        condition = self.holds(roles & Q(entity__slug__in=self.present(slugs)))
        return items.filter(condition | ~self.holds(roles) if NONE in slugs else condition)

    def by_role(self, items: Any, name: str, roles: list[str]) -> Any:
        """Keep what somebody has the roles in; `by_party` minds them where parties are asked."""
        if "lead" in self.chosen:
            return items
        return items.filter(self.holds(Q(role__in=roles)))

    def by_words(self, items: Any, name: str, text: str) -> Any:
        """Keep the items in which every word is found, each anywhere."""
        return items.filter(reduce(and_, map(self.finds, text.split())))

    def finds(self, word: str) -> Q:
        columns = ("ref", "title", "provisional_title", "description", "narrative")
        in_text = reduce(or_, (Q(**{f"{column}__icontains": word}) for column in columns))
        return in_text | self.holds(
            Q(entity__name__icontains=word)
            | Q(entity__acronym__icontains=word)
            | Q(entity__aliases__alias__icontains=word)
        )

    def responsibilities(self) -> Any:
        """Return the responsibilities of all items that hold on the day."""
        model: Any = self.model._meta.get_field("responsibilities").related_model
        return model.objects.on(self.day)

    def holds(self, condition: Q) -> Q:
        """Return the condition that a responsibility of the day is an item's or its part's."""
        return self.model.objects.held_q(self.day, condition)


SLUG = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


def entity_choices(entities: Iterable[Entity]) -> Choices:
    """Return addresses and short names of entities, by name."""
    pairs = [(entity.slug, str(entity)) for entity in entities]
    return sorted(pairs, key=lambda pair: pair[1].casefold())


OWNER = "priority_area__workplan__owner"


class DeliverableFilter(TrackedItemFilter):
    """What a list of deliverables is narrowed by."""

    model = Deliverable
    facet_columns = {
        **COMMON_COLUMNS,
        "group": ByColumns(
            (f"{OWNER}__slug", f"{OWNER}__parent__slug"), lambda owner, parent: [owner, parent]
        ),
        "workplan": ByColumns(("priority_area__workplan__slug",), lambda slug: [slug]),
        "priority_area": ByColumns(("priority_area__slug",), lambda slug: [slug]),
        "priority": ByColumns(("priority",), lambda priority: [priority]),
    }

    group = ChoicesFilter(label=gettext_lazy("Group"), method="by_group")
    workplan = ChoicesFilter(label=gettext_lazy("Workplan"), method="by_workplan")
    priority_area = ChoicesFilter(label=gettext_lazy("Priority area"), method="by_area")
    priority = ChoicesFilter(label=gettext_lazy("Priority"), choices=Priority.choices)

    def choices_group(self) -> Choices:
        """Offer groups and sub-groups, and whoever else owns a visible workplan."""
        owners = Workplan.objects.visible_to(self.user).filter(owner__isnull=False)
        return entity_choices(
            Entity.objects.filter(
                Q(kind__in=[EntityKind.RESULTS_GROUP, EntityKind.SUB_GROUP])
                | Q(pk__in=owners.order_by().values("owner"))
                | Q(pk__in=owners.order_by().values("owner__parent"))
            )
        )

    def knows_group(self, slug: str) -> bool:
        return self.knows_former(slug)

    def wanted(self, name: str) -> list[str]:
        wanted = super().wanted(name)
        return self.present(wanted) if name == "group" and wanted else wanted

    def choices_workplan(self) -> Choices:
        return Workplan.objects.visible_to(self.user).values_list("slug", "title")

    def choices_priority_area(self) -> Choices:
        areas = PriorityArea.objects.filter(
            workplan__in=Workplan.objects.visible_to(self.user).order_by()
        ).select_related("workplan")
        return [(area.slug, f"{area.workplan.slug.upper()} · {area}") for area in areas]

    def by_group(self, items: Any, name: str, slugs: list[str]) -> Any:
        """Keep what belongs to a workplan of the groups, or of a group that is part of them."""
        slugs = self.present(slugs)
        return items.filter(
            Q(**{f"{OWNER}__slug__in": slugs}) | Q(**{f"{OWNER}__parent__slug__in": slugs})
        )

    def by_workplan(self, items: Any, name: str, slugs: list[str]) -> Any:
        return items.filter(priority_area__workplan__slug__in=slugs)

    def by_area(self, items: Any, name: str, slugs: list[str]) -> Any:
        return items.filter(priority_area__slug__in=slugs)
