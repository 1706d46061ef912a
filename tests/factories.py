"""Plain makers of records, with just what they need; keywords override.

As for what is loaded, the log of fields has no entry for them, which would cost as much again.
"""

from datetime import date
from itertools import count

from auditlog.context import disable_auditlog
from django.contrib.auth.models import User

from actionpoints.models import ActionPoint, Meeting, Recommendation, Review
from workplans.models import Deliverable, Entity, PriorityArea, SourceDocument, Workplan
from workplans.status import record_update

numbers = count(1)


@disable_auditlog()
def make_entity(**kwargs):
    number = next(numbers)
    fields = {"name": f"Entity {number}", "slug": f"entity-{number}", "kind": "agency"}
    return Entity.objects.create(**fields | kwargs)


@disable_auditlog()
def make_source(**kwargs):
    number = next(numbers)
    fields = {"title": f"Source {number}", "slug": f"source-{number}", "dated": date(2021, 6, 30)}
    return SourceDocument.objects.create(**fields | kwargs)


@disable_auditlog()
def make_workplan(**kwargs):
    number = next(numbers)
    fields = {
        "title": f"Workplan {number}",
        "slug": f"plan-{number}",
        "published": True,
        "starts_on": date(2020, 1, 1),
        "ends_on": date(2021, 12, 31),
    }
    return Workplan.objects.create(**fields | kwargs)


@disable_auditlog()
def make_area(**kwargs):
    number = next(numbers)
    fields = {"title": f"Area {number}", "number": str(number), "order": number}
    if "workplan" not in kwargs:
        fields["workplan"] = make_workplan()
    return PriorityArea.objects.create(**fields | kwargs)


@disable_auditlog()
def make_deliverable(**kwargs):
    number = next(numbers)
    fields = {
        "title": f"Deliverable {number}",
        "number": str(number),
        "order": number,
        "introduced_on": date(2020, 1, 1),
    }
    if "priority_area" not in kwargs:
        fields["priority_area"] = make_area()
    return Deliverable.objects.create(**fields | kwargs)


@disable_auditlog()
def make_meeting(**kwargs):
    number = next(numbers)
    fields = {
        "title": f"Meeting {number}",
        "slug": f"meeting-{number}",
        "held_on": date(2020, 7, 9),
        "published": True,
    }
    if "body" not in kwargs:
        fields["body"] = make_entity(kind="body")
    return Meeting.objects.create(**fields | kwargs)


@disable_auditlog()
def make_review(**kwargs):
    number = next(numbers)
    fields = {
        "title": f"Review {number}",
        "slug": f"review-{number}",
        "issued_on": date(2020, 1, 1),
        "published": True,
    }
    return Review.objects.create(**fields | kwargs)


@disable_auditlog()
def make_recommendation(**kwargs):
    number = next(numbers)
    fields = {"title": f"Recommendation {number}", "number": str(number), "order": number}
    if "review" not in kwargs:
        fields["review"] = make_review()
    return Recommendation.objects.create(**fields | kwargs)


@disable_auditlog()
def make_action_point(**kwargs):
    number = next(numbers)
    fields = {
        "title": f"Action point {number}",
        "number": str(number),
        "order": number,
        "introduced_on": date(2020, 1, 1),
    }
    if not {"meeting", "recommendation"} & set(kwargs):
        fields["meeting"] = make_meeting()
    return ActionPoint.objects.create(**fields | kwargs)


@disable_auditlog()
def make_party(item, **kwargs):
    """Give an item a party: an entity of its own and the role of lead, unless told otherwise."""
    if "entity" not in kwargs:
        kwargs["entity"] = make_entity()
    return item.responsibilities.create(**kwargs)


@disable_auditlog()
def make_staff(**kwargs):
    """Make a member of staff without any permission."""
    fields = {"username": f"staff-{next(numbers)}", "is_staff": True}
    return User.objects.create(**fields | kwargs)


@disable_auditlog()
def make_update(item, **kwargs):
    """Record an update through the ledger's door, by default a narrative of its own."""
    fields = {"narrative": f"Told {next(numbers)}"}
    return record_update(item, **fields | kwargs)
