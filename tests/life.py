"""Taking a step in a record's life the way a browser does, and what the overview counts."""

from django.test import Client
from django.urls import reverse

from tests.admin_pages import read_form


def step_url(record, name):
    opts = record._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_life", args=[name])


def look(client, name, *records, **answers):
    """Return the page of a step, with what it would do; answers are the form's values."""
    url = step_url(records[0], name)
    opened = client.get(url, {"records": ",".join(str(one.pk) for one in records)})
    assert opened.status_code == 200, opened
    if not answers:
        return opened
    return client.post(url, read_form(opened) | answers | {"show": "1"})


def confirm(client, page):
    """Confirm a step's page as it was shown, and return the answer."""
    return client.post(page.context["action_url"], read_form(page) | {"confirm": "1"})


def take(client, name, *records, **answers):
    """Look at a step and confirm it; return the page that was looked at."""
    page = look(client, name, *records, **answers)
    assert page.context["outcomes"], page.context["step"].errors
    answer = confirm(client, page)
    assert answer.status_code == 302, answer.context["step"].errors
    for record in records:
        if type(record).objects.filter(pk=record.pk).exists():
            record.refresh_from_db()
    return page


def told(page):
    """Return all that a step's page says will happen, as one text."""
    lines = []
    for outcome in page.context["outcomes"]:
        lines += [outcome.sentence, *outcome.named]
    return "\n".join(lines)


def refusals(page):
    """Return what a step's page says against it, as one text."""
    errors = [str(e) for es in page.context["step"].errors.values() for e in es]
    return "\n".join([*map(str, page.context["refusals"]), *errors])


def figures(client=None, day=None):
    """Return the counts on the overview, as everybody sees them unless a client is given."""
    context = (client or Client()).get("/", {"as_of": day.isoformat()} if day else {}).context
    found = {}
    for kind in ("deliverable", "action_point"):
        for headline in context[f"{kind}_figures"]:
            found[f"{kind} {headline.label}"] = headline.figure.count
    found["archived deliverables"] = sum(plan.figure.count for plan in context["plans"].archived)
    found["archived action points"] = context["archived"].count
    return found


def difference(before, after):
    """Return by how much each figure of the overview moved, those that did not left out."""
    return {name: after[name] - before[name] for name in before if after[name] != before[name]}


def make_part(item, **kwargs):
    """Make a part of an item of either kind."""
    place = {name: getattr(item, name) for name in item.ORIGIN}
    return type(item).objects.create(
        level="part",
        parent=item,
        title="A part",
        introduced_on=item.introduced_on,
        **place,
        **kwargs,
    )
