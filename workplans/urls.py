from django.urls import path

from workplans import dashboard_files, dashboards, report_pages, views

app_name = "workplans"

urlpatterns = [
    path("deliverables/", views.deliverable_list, name="deliverable_list"),
    path("deliverables.<file:ending>", views.deliverables_file, name="deliverables_file"),
    path(
        "deliverables/history.<file:ending>",
        views.deliverables_history,
        name="deliverables_history",
    ),
    path("deliverables/<str:ref>/", views.deliverable_detail, name="deliverable_detail"),
    path("groups/", dashboards.group_list, name="group_list"),
    path("groups.<file:ending>", dashboard_files.groups_file, name="groups_file"),
    path("groups/<slug:slug>/", dashboards.group_detail, name="group_detail"),
    path("workplans/", dashboards.workplan_list, name="workplan_list"),
    path("workplans.<file:ending>", dashboard_files.workplans_file, name="workplans_file"),
    path("workplans/<slug:slug>/", dashboards.workplan_detail, name="workplan_detail"),
    path("workplans/<slug:slug>/report/", report_pages.report, name="report"),
    path("workplans/<slug:slug>/report.docx", report_pages.report_docx, name="report_docx"),
    path("workplans/<slug:slug>/report.pdf", report_pages.report_pdf, name="report_pdf"),
    path(
        "workplans/<slug:slug>/reports/<int:number>/",
        report_pages.frozen_report,
        name="frozen_report",
    ),
    path(
        "workplans/<slug:slug>/reports/<int:number>.docx",
        report_pages.frozen_report_docx,
        name="frozen_report_docx",
    ),
    path(
        "workplans/<slug:slug>/reports/<int:number>.pdf",
        report_pages.frozen_report_pdf,
        name="frozen_report_pdf",
    ),
    path("entities/<slug:slug>/", dashboards.entity_detail, name="entity_detail"),
]
