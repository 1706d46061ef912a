"""How two progress reports on the same workplan and period differ, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from workplans.progress_report import Area, Item, Report, names, told_words


@dataclass(frozen=True, slots=True)
class Difference:
    """What two reports on the same plan and period say otherwise, in words.

    `about` is what it is about, `field` what of it; "" stands for nothing.
    """

    about: str
    field: str
    old: str
    new: str


Facts = Mapping[str, tuple[str, str]]


def differences(old: Report, new: Report) -> list[Difference]:
    """Return what the new report would say otherwise than the old one, in its order.

    There is one at least wherever their content differs.
    """
    found = _compare(old.title, report_facts(old), report_facts(new))
    old_areas = {area.number: area for area in old.areas}
    new_areas = {area.number: area for area in new.areas}
    for number in dict.fromkeys((*old_areas, *new_areas)):
        before, after = old_areas.get(number), new_areas.get(number)
        about = _("Priority area %(number)s") % {"number": number}
        found += _compare(
            about, area_facts(before) if before else {}, area_facts(after) if after else {}
        )
    old_items, new_items = placed(old), placed(new)
    for ref in dict.fromkeys((*old_items, *new_items)):
        first, second = old_items.get(ref), new_items.get(ref)
        if first is not None and second is not None:
            about = f"{ref} {first[0].title}"
            found += _compare(about, item_facts(*first), item_facts(*second))
            continue
        known = first or second
        assert known is not None
        states = (_("in the report"), _("not in it"))
        about = f"{ref} {known[0].title}"
        found.append(Difference(about, _("Deliverable"), *(states if first else states[::-1])))
    if not found and old != new:
        # The same words of the same items in another order, or of other updates.
        found.append(Difference(old.title, _("Order or origin of the texts"), _("as kept"), ""))
    return found


def placed(report: Report) -> dict[str, tuple[Item, str]]:
    """Return the items and parts of a report with their places in words, keyed by reference."""
    found: dict[str, tuple[Item, str]] = {}
    for area in report.areas:
        for item in area.items:
            found[item.ref] = (item, area.title)
            for part in item.parts:
                words = {"area": area.title, "ref": item.ref}
                found[part.ref] = (part, _("%(area)s, part of %(ref)s") % words)
    return found


def _compare(about: str, old: Facts, new: Facts) -> list[Difference]:
    found = []
    for name in dict.fromkeys((*old, *new)):
        label = (old.get(name) or new[name])[0]
        before, after = (facts[name][1] if name in facts else "" for facts in (old, new))
        if before != after:
            found.append(Difference(about, label, before, after))
    return found


def report_facts(report: Report) -> Facts:
    """Return what a report says of its plan: a label and words, keyed by field."""
    return {
        "title": (_("Title"), report.title),
        "owner": (_("Owner"), report.owner_full_name or report.owner),
        "heads": (_("Co-chairs and co-leads"), "; ".join(map(": ".join, report.heads))),
        "endorsed": (_("Endorsed"), report.endorsed),
        "note": (_("Description"), report.note),
    }


def area_facts(area: Area) -> Facts:
    """Return what a report says of a priority area itself: a label and words, keyed by field."""
    return {
        "title": (_("Title"), area.title),
        "description": (_("Description"), area.description),
        "partners": (_("In collaboration with"), "; ".join(area.partners)),
    }


def item_facts(item: Item, place: str) -> Facts:
    """Return what a report says of an item, without its parts: a label and words, by field."""
    wording = _("provisional") if item.is_provisional else _("final")
    return {
        "place": (_("Place"), place),
        "number": (_("Number"), item.number),
        "heading": (_("Heading"), item.heading),
        "title": (_("Title"), item.title),
        "description": (_("Description"), item.description),
        "wording": (_("Wording"), wording),
        "priority": (_("Priority"), item.priority_label),
        "status": (_("Status"), item.status_label),
        "superseded": (_("Superseded"), item.superseded),
        "mandates": (_("Asked for by"), "; ".join(item.mandates)),
        "timeframe": (_("Time frame"), item.timeframe),
        "slips": (_("Time frames moved"), "; ".join(map(" → ".join, item.slips))),
        "standing": (_("Narrative"), told_words(item.standing) if item.standing else ""),
        "others": (_("Told in the period"), "\n".join(map(told_words, item.others))),
        "leads": (_("Leads"), names(item.leads)),
        "contributors": (_("Contributing members and other entities"), names(item.contributors)),
        "groups": (_("Other results groups"), names(item.groups)),
    }
