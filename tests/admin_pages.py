"""Reading the admin's forms the way a browser does, so that tests send back whole pages."""

from html.parser import HTMLParser


class FormReader(HTMLParser):
    """Collects the successful controls of the page's main form, by name."""

    def __init__(self):
        super().__init__()
        self.fields = {}
        self.select = self.textarea = None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        name = attrs.get("name")
        if tag == "input" and name:
            kind = attrs.get("type", "text")
            if kind in ("checkbox", "radio"):
                if "checked" in attrs:
                    self.add(name, attrs.get("value") or "on")
            elif kind != "submit":
                self.add(name, attrs.get("value") or "")
        elif tag == "select" and name:
            self.select = name
        elif tag == "option" and self.select and "selected" in attrs:
            self.add(self.select, attrs.get("value") or "")
        elif tag == "textarea" and name:
            self.textarea = name
            self.fields[name] = ""

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        elif tag == "textarea":
            if self.textarea:
                # A browser leaves out the first line break of a text area.
                self.fields[self.textarea] = self.fields[self.textarea].removeprefix("\n")
            self.textarea = None

    def handle_data(self, data):
        if self.textarea:
            self.fields[self.textarea] += data

    def add(self, name, value):
        known = self.fields.get(name)
        self.fields[name] = value if known is None or known == "" else [*as_list(known), value]


def as_list(value):
    return value if isinstance(value, list) else [value]


def read_form(response):
    """Return what a browser would send back from an untouched admin page, by field name.

    Takes a response of the test client, or a page as bytes.
    """
    page = response if isinstance(response, bytes) else response.content
    reader = FormReader()
    reader.feed(page.decode())
    for extra in ("q", "csrfmiddlewaretoken", "action"):
        reader.fields.pop(extra, None)
    return reader.fields


def errors_of(response):
    """Return all error messages of an admin page's form and of its rows, as one text."""
    form = response.context["adminform"].form
    found = [str(error) for errors in form.errors.values() for error in errors]
    for formset in response.context.get("inline_admin_formsets", []):
        found += map(str, formset.formset.non_form_errors())
        found += [str(e) for row in formset.formset.errors for es in row.values() for e in es]
    return " ".join(found)
