"""The log of field changes in the admin: on each record's History page, and as a list of all."""

from __future__ import annotations

from typing import Any

from auditlog.models import LogEntry
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workplans.field_log import changes_of, field_changes, in_order, in_words

PAGE = 50


class FieldLogMixin(admin.ModelAdmin):
    """Answers the History page of a record with who changed which of its fields when."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[attr-defined]
                request, self.opts, object_id
            )
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        pages = Paginator(changes_of(obj), PAGE)
        page = pages.get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Changes of %(record)s") % {"record": obj},
            "opts": self.opts,
            "object": obj,
            "page": page,
            "changes": [in_words(entry) for entry in page],
            "page_range": list(pages.get_elided_page_range(page.number)),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/tracking/field_log.html", context)


admin.site.unregister(LogEntry)


@admin.register(LogEntry)
class LogEntryAdmin(admin.ModelAdmin):
    """All changes of fields, the newest first; nothing here can be changed."""

    list_display = ("when", "who", "record", "fields_changed")
    list_display_links = None
    list_filter = ("action", ("content_type", admin.RelatedOnlyFieldListFilter))
    search_fields = ("object_repr",)
    search_help_text = gettext_lazy("Search by the name of the record as it was then.")
    date_hierarchy = "timestamp"
    list_per_page = 100

    def get_queryset(self, request: HttpRequest) -> Any:
        return in_order(super().get_queryset(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("when"), ordering="timestamp")
    def when(self, entry: LogEntry) -> Any:
        return entry.timestamp

    @admin.display(description=gettext_lazy("who"))
    def who(self, entry: LogEntry) -> str:
        return str(entry.actor) if entry.actor is not None else "–"

    @admin.display(description=gettext_lazy("what"))
    def record(self, entry: LogEntry) -> SafeString:
        words = in_words(entry).what
        kind = entry.content_type
        try:
            url = reverse(f"admin:{kind.app_label}_{kind.model}_change", args=[entry.object_pk])
        except NoReverseMatch:
            return format_html("{}", words)
        if entry.action == LogEntry.Action.DELETE:
            return format_html("{}", words)
        return format_html('<a href="{}">{}</a>', url, words)

    @admin.display(description=gettext_lazy("fields"))
    def fields_changed(self, entry: LogEntry) -> SafeString:
        change = in_words(entry)
        if change.reason:
            return format_html("{}", change.reason)
        if entry.action != LogEntry.Action.UPDATE:
            return format_html("{}", "")
        return format_html_join(", ", "{}", ((one.label,) for one in field_changes(entry)))
