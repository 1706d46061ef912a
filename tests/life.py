"""Taking a step in a record's life the way a browser does: look, then confirm what was shown."""

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
