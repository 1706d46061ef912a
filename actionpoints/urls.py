from django.urls import path

from actionpoints import dashboards, follow_up, pack_pages, recommendations, views

app_name = "actionpoints"

urlpatterns = [
    path("action-points/", views.action_point_list, name="action_point_list"),
    path("action-points/<str:ref>/", views.action_point_detail, name="action_point_detail"),
    path("action-points.csv", views.action_points_csv, name="action_points_csv"),
    path("follow-up/", follow_up.follow_up, name="follow_up"),
    path("meetings/", dashboards.meeting_list, name="meeting_list"),
    path("meetings/<slug:slug>/", dashboards.meeting_detail, name="meeting_detail"),
    path("meetings/<slug:slug>/pack/", pack_pages.pack, name="pack"),
    path("meetings/<slug:slug>/pack.docx", pack_pages.pack_docx, name="pack_docx"),
    path("meetings/<slug:slug>/pack.pdf", pack_pages.pack_pdf, name="pack_pdf"),
    path("meetings/<slug:slug>/pack.csv", pack_pages.pack_csv, name="pack_csv"),
    path("recommendations/", recommendations.recommendation_list, name="recommendation_list"),
    path(
        "recommendations/<str:ref>/",
        recommendations.recommendation_detail,
        name="recommendation_detail",
    ),
    path("recommendations.csv", recommendations.recommendations_csv, name="recommendations_csv"),
]
