"""What an address of /changes/ asks for: which two days, of what, and what to show of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actionpoints.models import Meeting
from actionpoints.views import ActionPointListing
from workplans import changes, days
from workplans.changes import Bucket, Flag, Place
from workplans.filters import SLUG, PageField, entity_choices, name_possible
from workplans.lists import Chip, Listing, day_words
from workplans.models import Entity, EntityKind, Level, Workplan
from workplans.models.tracking import TrackedItemQuerySet, Viewer
from workplans.pages import Asked, ask, ask_day
from workplans.views import DeliverableListing

# Without a meeting to begin from, so many days are compared.
DEFAULT_DAYS = 90
DELIVERABLE, ACTION_POINT = "deliverable", "action_point"
LISTINGS: dict[str, type[Listing]] = {
    DELIVERABLE: DeliverableListing,
    ACTION_POINT: ActionPointListing,
}
KIND_LABELS: dict[str, Any] = {
    DELIVERABLE: gettext_lazy("Deliverables"),
    ACTION_POINT: gettext_lazy("Action points"),
}
# The parameters with one value of a closed set.
CLOSED_SETS: dict[str, Any] = {
    "from_meeting": gettext_lazy("From the meeting"),
    "to_meeting": gettext_lazy("To the meeting"),
    "group": gettext_lazy("Group or body"),
    "workplan": gettext_lazy("Workplan"),
    "entity": gettext_lazy("Takes part"),
    "kind": gettext_lazy("Kind"),
    "bucket": gettext_lazy("What became of it"),
    "flag": gettext_lazy("Marked"),
    "archived": gettext_lazy("Archived"),
}
DAYS = ("since", "until", "known_on")


@dataclass(frozen=True, slots=True)
class Choice:
    """A parameter with one value of a closed set: its words, and its values with theirs."""

    name: str
    label: Any
    options: tuple[tuple[str, Any], ...]
    value: str

    @property
    def words(self) -> str:
        """The words of the value."""
        return str(dict(self.options).get(self.value, self.value))


class Comparison:
    """A window, what is compared in it, and the conditions on what is shown.

    `errors` has a sentence for each input that was not understood; then nothing is shown.
    `asked.day` is the last day of the window, and links lead to that day.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.user: Viewer = request.user
        asked = ask(request, (*DAYS, *CLOSED_SETS, "page"))
        self.errors = asked.errors
        self.choices = {name: self._choice(request, name) for name in CLOSED_SETS}
        days_asked = {
            "since": ask_day(request, "since", self.errors),
            "until": ask_day(request, "until", self.errors),
            "known_on": asked.known,
        }
        self.given = {name: day for name, day in days_asked.items() if day is not None}
        self._refuse_two_ends(asked)
        to_meeting = self.meeting("to_meeting")
        until = self.given.get("until") or (to_meeting.held_on if to_meeting else asked.day)
        self.from_meeting = self.meeting("from_meeting")
        if self.from_meeting is None and "since" not in self.given and not self.errors:
            self.from_meeting = self._last_meeting(until)
        begins = self.from_meeting.held_on if self.from_meeting else None
        since = self.given.get("since") or begins or until - timedelta(days=DEFAULT_DAYS)
        if since >= until and not self.errors:
            self.errors.append(
                _("The first day, %(since)s, does not lie before the last, %(until)s.")
                % {"since": since.isoformat(), "until": until.isoformat()}
            )
        self.to_meeting = to_meeting
        self.window = changes.Window(since, until, asked.known)
        self.as_of = asked.day if asked.chosen else None
        self.asked: Asked = replace(
            asked, day=until, chosen=asked.chosen or until != asked.today, errors=self.errors
        )
        self.page_number = 1
        if len(request.GET.getlist("page")) > 1:
            self.errors.append(_("%(name)s is given twice. Give one.") % {"name": "page"})
        try:
            self.page_number = PageField().clean(request.GET.get("page"))
        except ValidationError as error:
            self.errors.extend(error.messages)

    # What was asked

    @cached_property
    def meetings(self) -> list[Meeting]:
        """The meetings that a window can begin or end with, the last one first."""
        held = Meeting.objects.visible_to(self.user).filter(held_on__lte=days.true_today())
        return list(held.select_related("body"))

    @cached_property
    def plans(self) -> list[Workplan]:
        return list(Workplan.objects.visible_to(self.user).select_related("owner"))

    def _options(self, name: str) -> Iterable[tuple[str, Any]]:
        if name in ("from_meeting", "to_meeting"):
            return [(one.slug, meeting_label(one)) for one in self.meetings]
        if name == "group":
            owners = {plan.owner for plan in self.plans if plan.owner}
            own = {one.pk for one in owners} | {one.parent_id for one in owners}
            bodies = {one.body_id for one in self.meetings}
            kinds = [EntityKind.RESULTS_GROUP, EntityKind.SUB_GROUP]
            return entity_choices(
                Entity.objects.filter(Q(kind__in=kinds) | Q(pk__in=(own | bodies) - {None}))
            )
        if name == "workplan":
            return [(plan.slug, plan.title) for plan in self.plans]
        if name == "entity":
            return entity_choices(
                Entity.objects.filter(reduce(or_, map(self._takes_part, LISTINGS)))
            )
        fixed: dict[str, Iterable[tuple[str, Any]]] = {
            "kind": KIND_LABELS.items(),
            "bucket": Bucket.choices,
            "flag": Flag.choices,
            "archived": [("only", _("archived only"))],
        }
        return fixed[name]

    def _takes_part(self, kind: str) -> Q:
        """Return the condition that an entity has a part in an item that the visitor may see."""
        model: Any = LISTINGS[kind].filter_class.model
        held: Any = model._meta.get_field("responsibilities").related_model.objects
        visible = model.objects.visible_to(self.user).order_by()
        return Q(pk__in=held.filter(item__in=visible).order_by().values("entity"))

    def _choice(self, request: HttpRequest, name: str) -> Choice:
        options = tuple(self._options(name))
        possible = [code for code, _label in options]
        values = []
        for given in filter(None, request.GET.getlist(name)):
            value = given
            if given not in possible and name in ("group", "entity") and SLUG.fullmatch(given):
                entities = Entity.objects
                known = entities.filter(slug=given).first() or entities.once_at(given)
                value = known.slug if known else given
                if known and name == "entity" and value not in possible:
                    # It takes part in nothing, which is no reason not to ask.
                    options, possible = (*options, (value, str(known))), [*possible, value]
            if value not in possible:
                self.errors.append(name_possible(name, given, possible))
            values.append(value)
        if len(values) > 1:
            self.errors.append(_("%(name)s is given twice. Give one.") % {"name": name})
        return Choice(name, CLOSED_SETS[name], options, values[0] if values else "")

    def value(self, name: str) -> str:
        """Return the value of a parameter of a closed set, or ""."""
        return self.choices[name].value

    def meeting(self, name: str) -> Meeting | None:
        """Return the meeting that a parameter names, if it names one."""
        slug = self.value(name)
        return next((one for one in self.meetings if one.slug == slug), None)

    def _refuse_two_ends(self, asked: Asked) -> None:
        """Refuse an address that names one end of the window in two ways."""
        ends = (("since", "from_meeting"), ("until", "to_meeting"))
        for day, meeting in ends:
            if day in self.given and self.value(meeting):
                self.errors.append(
                    _("%(day)s and %(meeting)s both name one end of the window. Give one of them.")
                    % {"day": day, "meeting": meeting}
                )
        until = self.given.get("until")
        to_meeting = self.meeting("to_meeting")
        end = until or (to_meeting.held_on if to_meeting else None)
        if asked.chosen and end is not None and end != asked.day:
            self.errors.append(
                _(
                    "as_of asks for %(as_of)s, but the window ends on %(end)s. "
                    "Leave as_of out, or the end."
                )
                % {"as_of": asked.day.isoformat(), "end": end.isoformat()}
            )

    def _last_meeting(self, until: date) -> Meeting | None:
        """Return the last meeting before a day: of the group asked about, else of any body."""
        earlier = [one for one in self.meetings if one.held_on < until]
        plan = next((one for one in self.plans if one.slug == self.value("workplan")), None)
        owner = plan.owner.slug if plan and plan.owner else ""
        for slug in filter(None, (self.value("group"), owner)):
            of_body = [one for one in earlier if one.body.slug == slug]
            if of_body:
                return of_body[0]
        return earlier[0] if earlier else None

    # What is compared

    @property
    def kinds(self) -> list[str]:
        """The kinds of items that are compared; no action point belongs to a workplan."""
        if self.value("workplan"):
            return [DELIVERABLE] if self.value("kind") != ACTION_POINT else []
        return [self.value("kind")] if self.value("kind") else list(LISTINGS)

    def visible(self, kind: str) -> TrackedItemQuerySet[Any]:
        """Return the items of a kind that the visitor may see, headings and parts left out."""
        model: Any = LISTINGS[kind].filter_class.model
        items: TrackedItemQuerySet[Any] = model.objects.visible_to(self.user)
        return items.filter(level=Level.ITEM)

    def at_the_end(self, kind: str) -> TrackedItemQuerySet[Any]:
        """Return the visible items of a kind with their state at the end of the window."""
        return self.visible(kind).as_of(self.window.until, self.window.known)

    def items(self, kind: str) -> TrackedItemQuerySet[Any]:
        """Return the items of a kind that are compared, with what became of each."""
        items = self.visible(kind)
        group, plan, entity = map(self.value, ("group", "workplan", "entity"))
        if group:
            owner = "priority_area__workplan__owner" if kind == DELIVERABLE else "meeting__body"
            items = items.filter(
                Q(**{f"{owner}__slug": group}) | Q(**{f"{owner}__parent__slug": group})
            )
        if plan:
            items = items.filter(priority_area__workplan__slug=plan)
        if entity:
            items = items.filter(items.held_q(self.window.until, Q(entity__slug=entity)))
        return changes.changed(items, self.window)

    def shown(self, kind: str) -> TrackedItemQuerySet[Any]:
        """Return the items of a kind that the address asks to see, in their documents' order."""
        items = self.items(kind).filter(is_archived=self.value("archived") == "only")
        if bucket := self.value("bucket"):
            items = items.filter(bucket=bucket)
        if flag := self.value("flag"):
            items = items.filter(**{flag: True})
        return items

    @cached_property
    def places(self) -> dict[str, list[Place]]:
        """The place of each item that is compared, by kind; a query each."""
        return {kind: changes.survey(self.items(kind)) for kind in self.kinds}

    def shown_places(self, kind: str) -> list[Place]:
        """Return the places of what `shown` returns, in the same order."""
        bucket, flag = self.value("bucket"), self.value("flag")
        archived = self.value("archived") == "only"
        return [
            place
            for place in self.places[kind]
            if place.is_archived == archived
            and (not bucket or place.bucket == bucket)
            and (not flag or flag in place.flags)
        ]

    # How it is named and linked

    def address(self, **conditions: Any) -> str:
        """Return the address of the same comparison with some conditions changed.

        A condition changed to None is left out, and so is the page unless it is given.
        """
        parameters: dict[str, Any] = {
            name: choice.value for name, choice in self.choices.items() if choice.value
        }
        parameters |= {name: day.isoformat() for name, day in self.given.items()}
        parameters |= conditions
        ends_itself = self.given.get("until") or self.to_meeting
        as_of = self.as_of if self.as_of and not ends_itself else None
        plain = replace(self.asked, chosen=False)
        return plain.carry(reverse("changes"), **parameters, as_of=as_of)

    @property
    def chips(self) -> list[Chip]:
        """A chip for each condition that is on; the window's own ends are none."""
        return [
            Chip(choice.label, choice.words, self.address(**{name: None}))
            for name, choice in self.choices.items()
            if choice.value and name not in ("from_meeting", "to_meeting")
        ]

    @property
    def clear_url(self) -> str:
        nothing = {name: None for name in CLOSED_SETS if not name.endswith("meeting")}
        return self.address(**nothing)

    @property
    def until_asked(self) -> date | None:
        """The last day as the address names it, by `until` or `as_of`."""
        return self.given.get("until") or self.as_of

    @property
    def fields(self) -> list[tuple[Choice, str]]:
        """The choices of the form but for the ends of the window, each with words for none."""
        words = {"archived": _("not archived")}
        return [
            (choice, words.get(name, _("all")))
            for name, choice in self.choices.items()
            if name not in ("from_meeting", "to_meeting")
        ]

    @property
    def begins(self) -> str:
        """The first day in words, with the meeting that was held on it."""
        return end_words(self.window.since, self.from_meeting)

    @property
    def ends(self) -> str:
        """The last day in words, with the meeting that was held on it."""
        return end_words(self.window.until, self.to_meeting)


def end_words(day: date, meeting: Meeting | None) -> str:
    """Return a day in words, with the body whose meeting was held on it."""
    if meeting is None:
        return day_words(day)
    return _("%(body)s’s meeting of %(day)s") % {"body": meeting.body, "day": day_words(day)}


def meeting_label(meeting: Meeting) -> str:
    """Return a meeting as a list of meetings of all bodies names it."""
    words = {"day": day_words(meeting.held_on), "body": meeting.body}
    if meeting.session:
        return _("%(day)s, %(body)s, session %(session)s") % {**words, "session": meeting.session}
    return _("%(day)s, %(body)s: %(title)s") % {**words, "title": meeting.title}
