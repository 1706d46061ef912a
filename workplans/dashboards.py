"""Dashboards: the results groups, the workplans, one organisation or body."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from workplans import reports
from workplans.attention import find_attention
from workplans.figures import (
    Figure,
    Headline,
    ListLink,
    StatusTable,
    Subject,
    headlines,
    status_table,
)
from workplans.filters import EVERYTHING
from workplans.lists import ItemRow, Listing, item_rows
from workplans.models import (
    LEAD_ROLES,
    Deliverable,
    Entity,
    EntityKind,
    Level,
    Membership,
    PriorityArea,
    Role,
    TrackedItemQuerySet,
    Workplan,
)
from workplans.models.entities import EntityQuerySet
from workplans.models.plans import WorkplanQuerySet
from workplans.models.tracking import Viewer, items_as_of
from workplans.over_time import over_time
from workplans.pages import Asked, ask, render_page
from workplans.reports import NOTHING, Tally, TallyOf
from workplans.timeline import draw_timeline
from workplans.views import DeliverableListing

T = TypeVar("T", bound=Model)

NO_PAGE = gettext_lazy("There is no page at this address.")
NOT_UNDERSTOOD = "tracking/not_understood.html"
# So many items of one role are named on an organisation's page; the list has the rest.
NAMED_PER_ROLE = 25
# And so many of each priority area on its workplan's page.
NAMED_PER_AREA = 25


def counted_ever(model: Any, user: Viewer) -> TrackedItemQuerySet[Any]:
    """Return the items that figures count for a visitor on some day or other."""
    items: TrackedItemQuerySet[Any] = model.objects.visible_to(user).filter(level=Level.ITEM)
    return items


def counted(model: Any, user: Viewer, asked: Asked) -> TrackedItemQuerySet[Any]:
    """Return the items that figures count for a visitor on a day: no headings, no parts."""
    return items_as_of(model, asked.day).visible_to(user).filter(level=Level.ITEM)


def find(things: QuerySet[T], **lookup: str) -> T:
    """Return the thing at an address; raise Http404 in words if a visitor may not see any."""
    try:
        return things.get(**lookup)
    except ObjectDoesNotExist:
        raise Http404(NO_PAGE) from None


def with_members(entities: EntityQuerySet, day: date) -> EntityQuerySet:
    """Fetch with each group its memberships of a day, as `members_on_day`."""
    memberships = Membership.objects.on(day).select_related("member", "source")
    return entities.prefetch_related(
        Prefetch("memberships", queryset=memberships, to_attr="members_on_day")
    )


@dataclass(frozen=True, slots=True)
class MemberRole:
    """The members of a group that have one role in it."""

    label: str
    memberships: tuple[Membership, ...]


def member_roles(group: Any) -> list[MemberRole]:
    """Return the members of a group fetched by `with_members`, co-chairs first."""
    by_role = [
        (role, tuple(sorted(
            (held for held in group.members_on_day if held.role == role),
            key=lambda held: str(held.member),
        )))
        for role in Membership.Role
    ]  # fmt: skip
    labels = {
        Membership.Role.CO_CHAIR: _("Co-chairs"),
        Membership.Role.CO_LEAD: _("Co-leads"),
        Membership.Role.MEMBER: _("Members"),
    }
    return [MemberRole(labels[role], held) for role, held in by_role if held]


def heads(group: Any) -> str:
    """Return who chairs or leads a group fetched by `with_members`, in one line."""
    return "; ".join(
        f"{role.label}: {', '.join(str(held.member) for held in role.memberships)}"
        for role in member_roles(group)
        if role.memberships[0].role != Membership.Role.MEMBER
    )


@dataclass(frozen=True, slots=True)
class ArchivedPlan:
    """A workplan that counts apart, with a link to all that is in it."""

    workplan: Workplan
    figure: Figure


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """The counts by status of some workplans: those that run as a table, the archived apart.

    `running` is the sum of those that run.
    """

    running: Tally
    table: StatusTable | None
    archived: tuple[ArchivedPlan, ...]


def plan_tallies(
    plans: WorkplanQuerySet, items: TrackedItemQuerySet[Any], asked: Asked
) -> list[TallyOf[Workplan]]:
    """Return the counts of each workplan of a day, those that run before the archived ones.

    Two queries: the workplans with their owners, and one GROUP BY.
    """
    existing = plans.existing_on(asked.day).select_related("owner")
    rows = reports.by_workplan(existing, items)
    return sorted(rows, key=lambda row: row.subject.is_archived(asked.day))


def plan_figures(
    plans: WorkplanQuerySet, items: TrackedItemQuerySet[Any], whole: ListLink, caption: str
) -> PlanFigures:
    """Return the counts of workplans on the day of a list; `whole` lists all that run."""
    deliverables = ListLink.to(DeliverableListing, whole.asked)
    running, archived = [], []
    for row in plan_tallies(plans, items, whole.asked):
        plan = row.subject
        items_of_plan = deliverables.narrow(workplan=plan.slug)
        if plan.is_archived(whole.asked.day):
            figure = items_of_plan.narrow(archived="all").total(row.tally)
            archived.append(ArchivedPlan(plan, figure))
        else:
            running.append(
                Subject(
                    label=plan.title,
                    url=plan.get_absolute_url(),
                    tally=row.tally,
                    items=items_of_plan,
                    note=str(plan.owner or ""),
                )
            )
    return PlanFigures(
        sum((subject.tally for subject in running), NOTHING),
        status_table(caption, _("Workplan"), running, whole),
        tuple(archived),
    )


@dataclass(frozen=True, slots=True)
class Holding:
    """What an entity has one role in: the count, and the first items, open ones before closed."""

    label: str
    anchor: str
    total: Figure
    rows: tuple[ItemRow, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an entity has a part in, by role: a table of counts, the items, the archived ones.

    `headlines` are the large figures of what it leads; none where it leads nothing. `whole`
    lists all that is not archived.
    """

    headlines: list[Headline]
    table: StatusTable | None
    roles: tuple[Holding, ...]
    whole: ListLink
    archived: Figure


def role_words(role: Role) -> str:
    """Return a role as the page of the party that has it says it."""
    return {
        Role.LEAD: _("Leads"),
        Role.CO_LEAD: _("Co-leads"),
        Role.FOCAL_POINT: _("Is focal point for"),
        Role.SUPPORT: _("Supports"),
        Role.CONSULTED: _("Is consulted on"),
        Role.CONTRIBUTOR: _("Contributes to"),
        Role.OTHER_GROUP: _("Takes part in"),
        Role.ADDRESSEE: _("Is addressed by"),
    }[role]


def holdings(
    listing: type[Listing],
    items: TrackedItemQuerySet[Any],
    entity: Entity,
    asked: Asked,
    anchor: str,
) -> Holdings:
    """Return what an entity has a part in on the day asked for, by role.

    Serves deliverables and action points, as the listing lists them; `anchor` begins the
    names of the page's sections. Archived items count apart. Four queries, or fewer
    where there is nothing.
    """
    of_entity = ListLink.to(listing, asked).narrow(lead=entity.slug)
    rows = reports.by_role(items, entity, asked.day)
    archived = frozenset[int]().union(*(row.archived for row in rows))
    running = [row for row in rows if row.items]
    table = status_table(
        _("How far it is, by its role"),
        _("Role"),
        [
            Subject(
                label=role_words(row.role),
                url=f"#{anchor}-{row.role.value}",
                tally=row.tally,
                items=of_entity.narrow(role=row.role.value),
            )
            for row in running
        ],
    )
    named = {pk for row in running for pk in row.items[:NAMED_PER_ROLE]}
    shown = items.filter(pk__in=named).select_related(*listing.reads)
    by_item = {row.item.pk: row for row in item_rows(shown, asked, listing.where)}
    led = reports.in_any_role(running, LEAD_ROLES)
    return Holdings(
        headlines(led, of_entity, _("led in all")) if led.total else [],
        table,
        tuple(
            Holding(
                label=role_words(row.role),
                anchor=f"{anchor}-{row.role.value}",
                total=of_entity.narrow(role=row.role.value).total(row.tally),
                rows=tuple(by_item[pk] for pk in row.items[:NAMED_PER_ROLE]),
                is_cut=len(row.items) > NAMED_PER_ROLE,
            )
            for row in running
        ),
        of_entity.narrow(role=Role.values),
        of_entity.narrow(role=Role.values, archived="only").figure(len(archived)),
    )


@dataclass(frozen=True, slots=True)
class GroupTally:
    """A group fetched by `with_members`, and the counts of its workplans, archived ones apart."""

    group: Any
    running: Tally
    archived: Tally


@dataclass(frozen=True, slots=True)
class GroupTallies:
    """The results groups with their counts of a day.

    A group may be part of another one, and its items then count in both rows; `together`
    has what runs of all groups, each item once.
    """

    rows: tuple[GroupTally, ...]
    together: Tally

    @classmethod
    def of(cls, user: Viewer, asked: Asked) -> GroupTallies:
        """Count on the day asked for; three queries: the groups, their members, one GROUP BY."""
        groups = list(with_members(Entity.objects.results_groups(), asked.day))
        known = {group.pk for group in groups}
        # As the list does for `group`: what the group's own sub-groups plan counts with it.
        owner = "priority_area__workplan__owner"
        items = counted(Deliverable, user, asked)
        counts = reports.tallies(items, "is_archived", owner, f"{owner}__parent")

        def total(of: set[int], archived: bool) -> Tally:
            return sum(
                (
                    tally
                    for (is_archived, *owners), tally in counts.items()
                    if is_archived == archived and of.intersection(owners)
                ),
                NOTHING,
            )

        rows = (
            GroupTally(group, total({group.pk}, archived=False), total({group.pk}, archived=True))
            for group in groups
        )
        return cls(tuple(rows), total(known, archived=False))


@require_safe
def group_list(request: HttpRequest) -> HttpResponse:
    """Show the results groups, each with its heads and the state of its workplans."""
    asked = ask(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    tallies = GroupTallies.of(request.user, asked)
    deliverables = ListLink.to(DeliverableListing, asked)
    subjects, archived = [], []
    for row in tallies.rows:
        of_group = deliverables.narrow(group=row.group.slug)
        subjects.append(
            Subject(
                label=row.group.full_name,
                url=row.group.get_absolute_url(),
                tally=row.running,
                items=of_group,
                note=heads(row.group),
            )
        )
        if row.archived.total:
            archived.append((row.group, of_group.narrow(archived="only").total(row.archived)))
    table = status_table(
        _("Deliverables of the groups’ workplans, by status"),
        _("Results group"),
        subjects,
        deliverables.narrow(group=[row.group.slug for row in tallies.rows]),
        together=tallies.together,
    )
    context = {"table": table, "archived": archived}
    return render_page(request, "workplans/group_list.html", asked, context)


@require_safe
def group_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one results group: who leads it, its sub-groups, its workplans, what it takes on."""
    asked = ask(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    groups = with_members(Entity.objects.results_groups(), asked.day)
    group = groups.select_related("parent").filter(slug=slug).first()
    if group is None:
        return moved(request, slug)
    sub_groups = with_members(group.children.filter(kind=EntityKind.SUB_GROUP), asked.day)
    items = counted(Deliverable, request.user, asked)
    whole = ListLink.to(DeliverableListing, asked).narrow(group=group.slug)
    plans = plan_figures(
        owned_by(group, request.user), items, whole, _("Deliverables of its workplans, by status")
    )
    owned = of_group(items, group).filter(is_archived=False)
    rows = item_rows(
        owned.select_related(*DeliverableListing.reads), asked, DeliverableListing.where
    )
    slips = reports.slips([row.item for row in rows], asked.day)
    context = {
        "group": group,
        "headlines": headlines(plans.running, whole, _("deliverables")),
        "attention": find_attention(rows, slips, plans.running, whole) if rows else None,
        "timeline": draw_timeline(rows, slips, asked.day),
        "over_time": over_time(of_group(counted_ever(Deliverable, request.user), group), whole),
        "leads": lead_table(owned, whole),
        "whole": whole,
        "roles": member_roles(group),
        "sub_groups": [(sub_group, member_roles(sub_group)) for sub_group in sub_groups],
        "plans": plans,
        "holdings": holdings(DeliverableListing, items, group, asked, "deliverables"),
    }
    return render_page(request, "workplans/group_detail.html", asked, context)


def of_group(items: TrackedItemQuerySet[Any], group: Entity) -> TrackedItemQuerySet[Any]:
    """Keep the deliverables of a group's workplans, and of those of the groups that are part of it.

    As the list does for `group`.
    """
    owner = "priority_area__workplan__owner"
    return items.filter(Q(**{owner: group}) | Q(**{f"{owner}__parent": group}))


def owned_by(entity: Entity, user: Viewer) -> WorkplanQuerySet:
    """Return the workplans of an entity and of the groups that are part of it."""
    return Workplan.objects.visible_to(user).filter(Q(owner=entity) | Q(owner__parent=entity))


def moved(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead on from the address of an entity that was merged into another, or raise Http404."""
    entity = Entity.objects.once_at(slug)
    if entity is None:
        raise Http404(NO_PAGE)
    return lead_on(request, entity)


def lead_on(request: HttpRequest, entity: Entity) -> HttpResponse:
    """Lead on to an entity's own address, with what was asked for."""
    query = request.META.get("QUERY_STRING", "")
    address = entity.get_absolute_url()
    return redirect(f"{address}?{query}" if query else address)


@require_safe
def entity_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one organisation or body: all that it leads, supports or is consulted on.

    A results group has a page of its own, and this address leads there.
    """
    asked = ask(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    entities = with_members(Entity.objects.select_related("parent"), asked.day)
    entity = entities.filter(slug=slug).first()
    if entity is None:
        return moved(request, slug)
    if entity.kind == EntityKind.RESULTS_GROUP:
        return lead_on(request, entity)
    items = counted(Deliverable, request.user, asked)
    deliverables = ListLink.to(DeliverableListing, asked)
    memberships = entity.member_of.on(asked.day).select_related("group", "source")
    context = {
        "entity": entity,
        "aliases": entity.aliases.all(),
        "children": entity.children.all(),
        "roles": member_roles(entity),
        "memberships": memberships.order_by("group__acronym", "group__name", "role"),
        "plans": plan_figures(
            owned_by(entity, request.user),
            items,
            deliverables.narrow(group=entity.slug),
            _("Deliverables of its workplans, by status"),
        ),
        "holdings": holdings(DeliverableListing, items, entity, asked, "deliverables"),
    }
    return render_page(request, "workplans/entity_detail.html", asked, context)


@require_safe
def workplan_list(request: HttpRequest) -> HttpResponse:
    """Show all workplans with their counts by status, the archived ones apart."""
    asked = ask(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    context = {
        "plans": plan_figures(
            Workplan.objects.visible_to(request.user),
            counted(Deliverable, request.user, asked),
            ListLink.to(DeliverableListing, asked),
            _("Deliverables by status"),
        )
    }
    return render_page(request, "workplans/workplan_list.html", asked, context)


@dataclass(frozen=True, slots=True)
class AreaRows:
    """A priority area with the first of its deliverables of the day, and the figure of all."""

    area: PriorityArea
    partners: tuple[Entity, ...]
    total: Figure
    rows: tuple[ItemRow, ...]

    @property
    def is_cut(self) -> bool:
        return len(self.rows) < self.total.count


@require_safe
def workplan_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how far one workplan is: by priority area, what is late, due, slipped or silent."""
    asked = ask(request)
    if asked.errors:
        return render_page(request, NOT_UNDERSTOOD, asked, {})
    plans = Workplan.objects.visible_to(request.user).prefetch_related("priority_areas__partners")
    plan = find(plans.select_related("owner", "endorsed_by", "source"), slug=slug)
    is_archived = plan.is_archived(asked.day)
    items = counted(Deliverable, request.user, asked).filter(priority_area__workplan=plan)
    whole = ListLink.to(DeliverableListing, asked).narrow(
        workplan=plan.slug, archived="all" if is_archived else None
    )
    areas = reports.by_priority_area(plan, items)
    rows = item_rows(items.select_related("priority_area", "parent"), asked, heading_of)
    table = status_table(
        _("Deliverables of each priority area, by status"),
        _("Priority area"),
        [
            Subject(
                label=str(area.subject),
                url=f"#{area.subject.slug}",
                tally=area.tally,
                items=whole.narrow(priority_area=area.subject.slug),
            )
            for area in areas
        ],
        whole,
    )
    total = sum((area.tally for area in areas), NOTHING)
    slips = reports.slips([row.item for row in rows], asked.day)
    context = {
        "plan": plan,
        "is_archived": is_archived,
        "headlines": headlines(total, whole, _("deliverables"), judged=not is_archived),
        "table": table,
        "areas": [
            AreaRows(
                area.subject,
                tuple(area.subject.partners.all()),
                whole.narrow(priority_area=area.subject.slug).total(area.tally),
                tuple(row for row in rows if row.item.priority_area_id == area.subject.pk)[
                    :NAMED_PER_AREA
                ],
            )
            for area in areas
        ],
        "attention": None if is_archived else find_attention(rows, slips, total, whole),
        "timeline": draw_timeline(rows, slips, asked.day),
        "over_time": over_time(
            counted_ever(Deliverable, request.user).filter(priority_area__workplan=plan),
            whole,
            with_archived=is_archived,
        ),
        "leads": lead_table(items, whole),
        "whole": whole,
        "with_parts": whole.narrow(level=EVERYTHING),
    }
    return render_page(request, "workplans/workplan_detail.html", asked, context)


def heading_of(item: Deliverable) -> str:
    """Return the heading that a deliverable stands under, with its number, or ""."""
    heading = item.parent
    return " ".join(filter(None, (heading.number, heading.title))) if heading else ""


def lead_table(items: TrackedItemQuerySet[Any], whole: ListLink) -> StatusTable | None:
    """Return what each lead of some items carries; an item counts with each of its leads."""
    return status_table(
        _("Deliverables by lead"),
        _("Lead"),
        [
            Subject(
                label=str(lead.subject),
                url=lead.subject.get_absolute_url(),
                tally=lead.tally,
                items=whole.narrow(lead=lead.subject.slug),
                note=lead.subject.name if lead.subject.acronym else "",
            )
            for lead in reports.by_lead(items, whole.asked.day)
        ],
    )
