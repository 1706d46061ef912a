"""Addresses of the site: what joins both applications, then theirs."""

from django.contrib import admin
from django.urls import include, path

from iasc_tracker import changes, overview, views
from iasc_tracker.search.page import search

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("changes/", changes.changes_page, name="changes"),
    path("changes.<file:ending>", changes.changes_file, name="changes_file"),
    path("search/", search, name="search"),
    path("healthz", views.healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("", include("workplans.urls")),
    path("", include("actionpoints.urls")),
]
