"""Addresses of the site: what joins both applications, then theirs."""

from django.contrib import admin
from django.urls import include, path

from iasc_tracker import overview, views

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("healthz", views.healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("", include("workplans.urls")),
    path("", include("actionpoints.urls")),
]
