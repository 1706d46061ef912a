"""The pages that tell of an error, which may have to do without all that a view gives."""

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from tests.public_pages import read_text


@pytest.mark.parametrize("code", [400, 403, 404, 500])
@pytest.mark.parametrize("request_", [None, RequestFactory().get("/nowhere/")])
def test_each_renders_without_a_view_s_context(code, request_):
    page = render_to_string(f"{code}.html", request=request_)
    assert "<h1>" in page
    assert 'href="/deliverables/"' in page, "the navigation is there"


@pytest.mark.django_db
def test_an_address_without_page_is_not_found_in_our_own_words(client):
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert "There is no page at this address." in read_text(response)
    assert "Resolver404" not in response.content.decode()


@pytest.mark.django_db
def test_an_error_in_a_view_gives_our_own_page(client, monkeypatch):
    def fail(*args):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("workplans.views.list_page", fail)
    client.raise_request_exception = False
    response = client.get("/deliverables/")
    assert response.status_code == 500
    assert "The fault is ours" in read_text(response)
    assert "broken on purpose" not in response.content.decode()
