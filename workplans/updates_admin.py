"""The updates of items in the admin: to be read, sent out, and taken in from spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy

from workplans import days
from workplans.importing.admin import SheetExportMixin, SheetImportMixin
from workplans.item_files import UpdatesFile
from workplans.pages import Asked
from workplans.status_words import choices
from workplans.tracked_admin import status_in_words


class UpdateStatusFilter(admin.SimpleListFilter):
    """By the status that an update tells."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        item_model = model_admin.model._meta.get_field("item").related_model
        return choices(item_model.STATUSES)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() is None else queryset.filter(status=self.value())


class UpdateAdmin(SheetImportMixin, SheetExportMixin, admin.ModelAdmin):
    """The ledger of items of one kind, the newest row first; nothing in it is changed."""

    list_display = (
        "ref", "title", "sequence", "status_words", "effective_on", "reported_on", "source",
    )  # fmt: skip
    list_display_links = None
    list_filter = (UpdateStatusFilter,)
    show_facets = admin.ShowFacets.ALWAYS
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

    @admin.display(description=gettext_lazy("reference"), ordering="item__ref")
    def ref(self, update: Any) -> str:
        return update.item.ref

    @admin.display(description=gettext_lazy("title"))
    def title(self, update: Any) -> str:
        return Truncator(update.item.title).chars(80)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_words(self, update: Any) -> SafeString | str:
        return status_in_words(update.status) if update.status else ""

    def file_of(self, request: HttpRequest, records: Any) -> UpdatesFile:
        return UpdatesFile(request, Asked(days.site_today()), records)
