"""The updates of items in the admin: to be read, sent out, and taken in from spreadsheets."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from workplans import days
from workplans.importing.admin import SheetExportMixin, SheetImportMixin
from workplans.item_files import UpdatesFile
from workplans.pages import Asked


class UpdateAdmin(SheetImportMixin, SheetExportMixin, admin.ModelAdmin):
    """The ledger of items of one kind, the newest row first; nothing in it is changed."""

    list_display = ("item", "sequence", "status", "effective_on", "reported_on", "source")
    list_display_links = None
    list_filter = ("status", "reported_on")
    list_select_related = ("item", "source")
    search_fields = ("item__ref", "item__title", "narrative")
    search_help_text = gettext_lazy("Search by reference, title or narrative.")
    ordering = ("-recorded_at", "-pk")
    show_full_result_count = False
    list_per_page = 100

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def file_of(self, request: HttpRequest, records: Any) -> UpdatesFile:
        return UpdatesFile(request, Asked(days.site_today()), records)
