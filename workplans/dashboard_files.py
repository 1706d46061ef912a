"""The tables of results groups and of workplans as files, with the counts that the pages show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from workplans.dashboards import GroupTallies, counted, member_roles, plan_tallies
from workplans.exports import YES_OR_NO, Cells, TableFile, in_order, joined
from workplans.lists import file_name
from workplans.models import Deliverable, Membership, Timeliness, Workplan
from workplans.pages import ask
from workplans.reports import Tally
from workplans.status_words import DELIVERABLE_STATUSES, NOT_REPORTED, StatusWord, public_code


def tally_cells(
    tally_of: Callable[[Any, Mapping[str, Any]], Tally],
    total: str,
    statuses: Iterable[StatusWord],
    prefix: str = "",
) -> dict[str, Cells]:
    """Return the counts of a row: all, called `total`, open, overdue, and those of each status."""

    def count(number: Callable[[Tally], int]) -> Cells:
        return lambda row, beside: number(tally_of(row, beside))

    def of_status(code: str) -> Cells:
        return count(lambda tally: tally.with_status(code))

    return {
        total: count(lambda tally: tally.total),
        f"{prefix}open": count(lambda tally: tally.open),
        f"{prefix}overdue": count(lambda tally: tally.with_timeliness(Timeliness.OVERDUE)),
        **{
            f"{prefix}{public_code(word.code)}": of_status(word.code)
            for word in (*statuses, NOT_REPORTED)
        },
    }


def members_with(role: Membership.Role) -> Cells:
    """Return a cell with the members of a group that have a role in it."""
    return lambda row, _: joined(
        str(held.member)
        for one in member_roles(row.group)
        for held in one.memberships
        if held.role == role
    )


class GroupFile(TableFile):
    """Results groups; new columns come at the end.

    A group may be part of another one, and its deliverables then count in both rows.
    """

    title = gettext_lazy("Results groups")
    widths = {"name": 50, "co_chairs": 30, "co_leads": 30, "url": 40}
    columns = in_order(
        "slug name acronym co_chairs co_leads deliverables open overdue completed continuous"
        " ongoing not_started discontinued not_reported archived_deliverables url",
        {
            "slug": lambda row, _: row.group.slug,
            "name": lambda row, _: row.group.name,
            "acronym": lambda row, _: row.group.acronym,
            "co_chairs": members_with(Membership.Role.CO_CHAIR),
            "co_leads": members_with(Membership.Role.CO_LEAD),
            **tally_cells(lambda row, _: row.running, "deliverables", DELIVERABLE_STATUSES),
            "archived_deliverables": lambda row, _: row.archived.total,
            "url": lambda row, beside: f"{beside['site']}{row.group.get_absolute_url()}",
        },
    )

    @property
    def download_name(self) -> str:
        return file_name("groups", [], self.asked.day)

    def chunks(self) -> Iterator[list[Any]]:
        yield list(GroupTallies.of(self.request.user, self.asked).rows)


class WorkplanFile(TableFile):
    """Workplans, those that run before the archived ones; new columns come at the end."""

    title = gettext_lazy("Workplans")
    widths = {"slug": 20, "title": 50, "url": 40}
    columns = in_order(
        "slug title owner starts_on ends_on archived deliverables open overdue completed"
        " continuous ongoing not_started discontinued not_reported url",
        {
            "slug": lambda row, _: row.subject.slug,
            "title": lambda row, _: row.subject.title,
            "owner": lambda row, _: str(row.subject.owner or ""),
            "starts_on": lambda row, _: row.subject.starts_on,
            "ends_on": lambda row, _: row.subject.ends_on,
            "archived": lambda row, beside: YES_OR_NO[row.subject.is_archived(beside["day"])],
            **tally_cells(lambda row, _: row.tally, "deliverables", DELIVERABLE_STATUSES),
            "url": lambda row, beside: f"{beside['site']}{row.subject.get_absolute_url()}",
        },
    )

    @property
    def download_name(self) -> str:
        return file_name("workplans", [], self.asked.day)

    def chunks(self) -> Iterator[list[Any]]:
        plans = Workplan.objects.visible_to(self.request.user)
        yield plan_tallies(plans, counted(Deliverable, self.request.user, self.asked), self.asked)

    def read_beside(self, chunk: list[Any]) -> dict[str, Any]:
        return {**super().read_beside(chunk), "day": self.asked.day}


@require_safe
def groups_file(request: HttpRequest, ending: str) -> HttpResponseBase:
    """Send the results groups that the same query string shows on the page."""
    return GroupFile(request, ask(request)).response(ending)


@require_safe
def workplans_file(request: HttpRequest, ending: str) -> HttpResponseBase:
    """Send the workplans that the same query string shows on the page."""
    return WorkplanFile(request, ask(request)).response(ending)
