from django.urls import path

from workplans import dashboards, views

app_name = "workplans"

urlpatterns = [
    path("deliverables/", views.deliverable_list, name="deliverable_list"),
    path("deliverables/<str:ref>/", views.deliverable_detail, name="deliverable_detail"),
    path("deliverables.csv", views.deliverables_csv, name="deliverables_csv"),
    path("groups/", dashboards.group_list, name="group_list"),
    path("groups/<slug:slug>/", dashboards.group_detail, name="group_detail"),
    path("workplans/", dashboards.workplan_list, name="workplan_list"),
    path("workplans/<slug:slug>/", dashboards.workplan_detail, name="workplan_detail"),
    path("entities/<slug:slug>/", dashboards.entity_detail, name="entity_detail"),
]
