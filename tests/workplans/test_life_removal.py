"""Taking a narrative with personal data out of the ledger."""

from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.factories import (
    make_action_point,
    make_deliverable,
    make_staff,
    make_update,
)
from tests.life import look, refusals, step_url, take, told
from workplans.models.ledger_rows import REDACTED
from workplans.verification import item_digests

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_ledger")]


class TestRemovingANarrative:
    def test_takes_it_off_every_page_and_logs_why(self, staff_client):
        item = make_deliverable()
        told_once = make_update(item, narrative="Jane Doe is ill.", effective_on=date(2021, 1, 1))
        make_update(item, narrative="Going on.", effective_on=date(2021, 2, 1))
        make_update(item, narrative="Jane Doe is ill.", effective_on=date(2021, 3, 1))
        digests = [str(one) for one in item_digests()]
        item.refresh_from_db()
        assert item.cached_narrative == "Jane Doe is ill."

        page = take(
            staff_client,
            "remove-narrative",
            item,
            update=str(told_once.pk),
            reason="Health data of a person",
        )
        assert told(page).count("Jane Doe is ill.") == 2
        narratives = item.updates.order_by("sequence").values_list("narrative", flat=True)
        assert list(narratives) == [REDACTED, "Going on.", REDACTED]
        assert item.cached_narrative == REDACTED
        assert [str(one) for one in item_digests()] == digests
        for url in (item.get_absolute_url(), "/deliverables.csv", "/"):
            assert "Jane" not in Client().get(url).getvalue().decode()
        log = staff_client.get(reverse("admin:workplans_deliverable_history", args=[item.pk]))
        assert "Health data of a person" in log.content.decode()
        assert "Jane" not in log.content.decode()

    def test_names_other_items_of_which_the_same_was_told(self, staff_client):
        item, other = make_deliverable(), make_action_point()
        row = make_update(item, narrative="Jane Doe is ill.")
        make_update(other, narrative="Jane Doe is ill.")
        answers = {"update": str(row.pk), "reason": "Health data"}
        page = take(staff_client, "remove-narrative", item, **answers)
        assert other.ref in told(page)
        again = make_update(other, narrative="All is well.")
        page = look(staff_client, "remove-narrative", other, update=str(again.pk), reason="x")
        assert item.ref not in told(page)

    def test_needs_a_reason_and_a_narrative(self, staff_client):
        item = make_deliverable()
        row = make_update(item)
        page = look(staff_client, "remove-narrative", item, update=str(row.pk), reason=" ")
        assert "This field is required" in refusals(page)
        other = make_update(make_deliverable())
        page = look(staff_client, "remove-narrative", item, update=str(other.pk), reason="Why")
        assert "valid choice" in refusals(page)

    def test_needs_the_permission_to_delete(self, client):
        item = make_deliverable()
        make_update(item)
        user = make_staff()
        user.user_permissions.add(Permission.objects.get(codename="change_deliverable"))
        client.force_login(user)
        url = step_url(item, "remove-narrative")
        assert client.get(url, {"records": item.pk}).status_code == 403
