from django.urls import path

from actionpoints import (
    dashboard_files,
    dashboards,
    follow_up,
    pack_pages,
    recommendations,
    views,
)

app_name = "actionpoints"

urlpatterns = [
    path("action-points/", views.action_point_list, name="action_point_list"),
    path("action-points.<file:ending>", views.action_points_file, name="action_points_file"),
    path(
        "action-points/history.<file:ending>",
        views.action_points_history,
        name="action_points_history",
    ),
    path("action-points/<str:ref>/", views.action_point_detail, name="action_point_detail"),
    path("follow-up/", follow_up.follow_up, name="follow_up"),
    path("follow-up.<file:ending>", dashboard_files.follow_up_file, name="follow_up_file"),
    path("meetings/", dashboards.meeting_list, name="meeting_list"),
    path("meetings.<file:ending>", dashboard_files.meetings_file, name="meetings_file"),
    path("meetings/<slug:slug>/", dashboards.meeting_detail, name="meeting_detail"),
    path("meetings/<slug:slug>/pack/", pack_pages.pack, name="pack"),
    path("meetings/<slug:slug>/pack.docx", pack_pages.pack_docx, name="pack_docx"),
    path("meetings/<slug:slug>/pack.pdf", pack_pages.pack_pdf, name="pack_pdf"),
    path("meetings/<slug:slug>/pack.<file:ending>", pack_pages.pack_table, name="pack_table"),
    path("recommendations/", recommendations.recommendation_list, name="recommendation_list"),
    path(
        "recommendations/<str:ref>/",
        recommendations.recommendation_detail,
        name="recommendation_detail",
    ),
    path(
        "recommendations.<file:ending>",
        recommendations.recommendations_file,
        name="recommendations_file",
    ),
]
