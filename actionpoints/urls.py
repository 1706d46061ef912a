from django.urls import path

from actionpoints import dashboards, views

app_name = "actionpoints"

urlpatterns = [
    path("action-points/", views.action_point_list, name="action_point_list"),
    path("action-points/<str:ref>/", views.action_point_detail, name="action_point_detail"),
    path("action-points.csv", views.action_points_csv, name="action_points_csv"),
    path("meetings/", dashboards.meeting_list, name="meeting_list"),
    path("meetings/<slug:slug>/", dashboards.meeting_detail, name="meeting_detail"),
    path("recommendations/", dashboards.recommendation_list, name="recommendation_list"),
    path(
        "recommendations/<str:ref>/",
        dashboards.recommendation_detail,
        name="recommendation_detail",
    ),
]
