"""What the admin pages of deliverables and action points share.

An update is entered on the item's page, its whole history stands beneath, and for many
items at once there is the action “Update status…”. All of it goes through the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import Fieldset
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans import days
from workplans.editing import (
    PreloadedFieldsMixin,
    RecordForm,
    VersionedAdmin,
    VersionedInlineFormSet,
    resent,
)
from workplans.importing.admin import SheetExportMixin, SheetImportMixin
from workplans.item_files import ItemFile
from workplans.life.items import ITEM_STEPS
from workplans.life.removal import RemoveNarrative
from workplans.models import LEAD_ROLES, Level, TrackedItem
from workplans.pages import Asked
from workplans.status import (
    Entry,
    NewerUpdate,
    UpdatesRefused,
    lock_items,
    record_update,
    record_updates,
    refresh_cache,
)
from workplans.status_words import BY_CODE, NOT_REPORTED, NOT_REPORTED_CODE, choices, stored_code
from workplans.update_forms import (
    TIME_FIELDS,
    UPDATE_LINES,
    BulkUpdateForm,
    TrackedItemForm,
    pairs,
    row_in_words,
)

# What a search in a list of items looks at.
SEARCHED: tuple[str, ...] = (
    "ref",
    "title",
    "description",
    "responsibilities__entity__name",
    "responsibilities__entity__acronym",
    "responsibilities__entity__aliases__alias",
)
# How many of the chosen items the confirmation page names one by one.
NAMED_ITEMS = 200


class StatusFilter(admin.SimpleListFilter):
    """By the current status, "not reported" included."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [
            *choices(model_admin.model.STATUSES),
            (NOT_REPORTED_CODE, NOT_REPORTED.label),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(cached_status=stored_code(self.value() or ""))


class LeadFilter(admin.SimpleListFilter):
    """By a party in a leading role."""

    title = gettext_lazy("lead")
    parameter_name = "lead"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        leads = responsibilities(model_admin.model).filter(role__in=LEAD_ROLES)
        entities = leads.values_list("entity__slug", "entity__acronym", "entity__name")
        return sorted(
            {(slug, acronym or name) for slug, acronym, name in entities.distinct()},
            key=lambda pair: pair[1].casefold(),
        )

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        held = responsibilities(queryset.model).filter(
            item=OuterRef("pk"), role__in=LEAD_ROLES, entity__slug=self.value()
        )
        return queryset.filter(Exists(held))


def responsibilities(model: Any) -> Any:
    """Return all responsibilities for a kind of item."""
    field = model._meta.get_field("responsibilities")
    return field.related_model.objects.all()


class ResponsibilityFormSet(VersionedInlineFormSet):
    def clean(self) -> None:
        super().clean()
        held = [form for form in self.forms if form.has_changed() or form.instance.pk]
        if self.instance.level == Level.HEADING and len(held) > len(self.deleted_forms):
            raise ValidationError(_("A heading has no owner. Name the parties of its items."))


class ResponsibilityInline(PreloadedFieldsMixin, admin.TabularInline):
    form = RecordForm
    formset = ResponsibilityFormSet
    autocomplete_fields = ("entity",)
    fields = (
        "entity", "role", "order", "since", "until", "as_printed", "inherited", "uncertain",
    )  # fmt: skip
    extra = 1

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("entity")


class LeadsChangeList(ChangeList):
    """A list of items with their leads, fetched in one query for the page."""

    def get_filters(self, request: HttpRequest) -> Any:
        # Counting facets asks once for each filter, and each time for all choices anew.
        if not hasattr(self, "known_filters"):
            self.known_filters = super().get_filters(request)
        return self.known_filters

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        leads = responsibilities(self.model).filter(role__in=LEAD_ROLES).select_related("entity")
        return (
            super()
            .get_queryset(request, exclude_parameters)
            .prefetch_related(Prefetch("responsibilities", queryset=leads, to_attr="leads"))
        )


class TrackedItemAdmin(SheetImportMixin, SheetExportMixin, VersionedAdmin):
    """The admin of a kind of tracked item. A subclass names its own fields and filters."""

    form = TrackedItemForm
    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.ALWAYS
    actions = ("update_status",)
    search_fields = SEARCHED
    search_help_text = gettext_lazy("Search by reference, title, lead or supporting party.")
    readonly_fields = ("current_state", "history", "superseded_by", "superseded_on", "withdrawn_on")
    steps = (*ITEM_STEPS, RemoveNarrative)
    # The item's own fields before the common ones, for a subclass to give.
    own_fields: tuple[str, ...] = ()
    # Inlines of records that another app keeps about these items.
    joined_inlines: list[type[admin.options.InlineModelAdmin]] = []

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [*super().get_inlines(request, obj), *self.joined_inlines]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        update = (
            _("New update"),
            {
                "fields": [*UPDATE_LINES],
                "description": _("It is added to the history; nothing in the history changes."),
            },
        )
        item = (
            _("What it is"),
            {
                "fields": [
                    "ref", *self.own_fields, ("level", "parent"), ("number", "order"), "title",
                    "description", "indicators", "comments", "product_url",
                ]
            },
        )  # fmt: skip
        origin = (
            _("Where it comes from"),
            {"fields": ["source", "locator", "reading_note", "introduced_on"]},
        )
        when = (
            _("Time frame as first given"),
            {
                "fields": [
                    ("initial_timeframe", "initial_earliest", "initial_latest"),
                    "timeframe_inherited",
                ]
            },
        )
        axes = (
            _("Priority, wording and life"),
            {
                "fields": [
                    "priority", ("wording", "provisional_title"), "continues",
                    ("superseded_by", "superseded_on"), "withdrawn_on",
                ],
                "classes": ["collapse"],
            },
        )  # fmt: skip
        if obj is None:
            return [item, when, update, origin, axes]
        state = (None, {"fields": ["current_state", "opened_version"]})
        history = (_("History"), {"fields": ["history"]})
        if obj.level == Level.HEADING:
            return [state, item, when, origin, axes]
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": ["current_state"]}), history, item, when, origin, axes]
        update[1]["fields"].extend(["corrects", "seen_update"])  # type: ignore[attr-defined]
        return [state, update, history, item, when, origin, axes]

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .select_related("parent", "source", "continues", "superseded_by")
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LeadsChangeList

    def lock(self, object_id: str) -> None:
        """Lock the item and what it belongs to, in the order in which the ledger does."""
        if object_id.isdecimal() and len(object_id) < 19:
            lock_items(self.model, [int(object_id)])

    def lock_records(self, pks: Sequence[int]) -> None:
        lock_items(self.model, pks)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: there is a step for what never had an update; the rest keeps its history."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        # What the ledger makes of the item rests on these fields too.
        if not change or {*TIME_FIELDS, "parent"}.intersection(form.edited):
            refresh_cache(self.model, [obj.pk])
        if form.told:
            entry = form.entry()
            record_update(
                obj,
                replaces=entry.replaces,
                recorded_by=request.user,
                **form.told_fields(),
            )

    # Files

    file_class: type[ItemFile]

    def file_of(self, request: HttpRequest, records: Any) -> ItemFile:
        """Return the file of the items that a list shows, as they stand today."""
        asked = Asked(days.site_today())
        items = self.model._default_manager.filter(pk__in=records.order_by().values("pk"))
        return self.file_class(request, asked, items.as_of(asked.day), None)

    # Columns and read-only fields

    @admin.display(description=gettext_lazy("status"), ordering="cached_status")
    def status(self, obj: Any) -> SafeString:
        return status_in_words(obj.cached_status)

    @admin.display(description=gettext_lazy("leads"))
    def lead_names(self, obj: Any) -> str:
        return "; ".join(str(held.entity) for held in obj.leads)

    @admin.display(description=gettext_lazy("due"), ordering="cached_due")
    def due(self, obj: Any) -> Any:
        return obj.cached_due

    @admin.display(description=gettext_lazy("last reported on"), ordering="cached_last_reported_on")
    def last_reported_on(self, obj: Any) -> Any:
        return obj.cached_last_reported_on

    @admin.display(description=gettext_lazy("now"))
    def current_state(self, obj: Any) -> SafeString:
        if obj.level == Level.HEADING:
            return format_html("{}", _("A heading: it has no status of its own."))
        since = obj.cached_status_since
        return format_html(
            "{} {}",
            status_in_words(obj.cached_status),
            _("since %(day)s") % {"day": date_format(since)} if since else "",
        )

    @admin.display(description="")
    def history(self, obj: Any) -> str:
        rows = obj.updates.newest_first().select_related(
            "source", "recorded_by", "replaces", "replaced_by"
        )
        return render_to_string("admin/tracking/_history.html", {"rows": rows})

    # Many items at once

    @admin.action(description=gettext_lazy("Update status…"), permissions=["change"])
    def update_status(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Show the page on which one update is told of all the chosen items."""
        items = self._newest_numbers(queryset)
        form = BulkUpdateForm(
            self.model,
            initial={"items": pairs(items)},
        )
        return self._update_page(request, form, list(items))

    def get_urls(self) -> list[Any]:
        opts = self.model._meta
        return [
            path(
                "update-status/",
                self.admin_site.admin_view(self.update_status_view),
                name=f"{opts.app_label}_{opts.model_name}_update_status",
            ),
            *super().get_urls(),
        ]

    def update_status_view(self, request: HttpRequest) -> HttpResponse:
        """Record one update for many items, all or none; then go back to the list."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return redirect(self._list_url(request))
        form = BulkUpdateForm(self.model, request.POST)
        if "items" in form.errors:
            messages.error(request, _("The choice of items was lost. Tick them once more."))
            return redirect(self._list_url(request))
        if not form.is_valid():
            return self._update_page(request, form, list(form.seen()))
        with transaction.atomic():
            seen = form.seen()
            items = list(self.model._default_manager.filter(pk__in=seen))
            if len(items) < len(seen):
                messages.error(request, _("Some of the items are gone. Tick the rest once more."))
                return redirect(self._list_url(request))
            entries = [
                Entry(
                    item=item,
                    after_sequence=seen[item.pk],
                    recorded_by=request.user,  # type: ignore[arg-type]
                    **form.told_fields(),
                )
                for item in items
            ]
            try:
                record_updates(entries)
            except UpdatesRefused as refused:
                self._show_refusals(form, items, refused)
                return self._update_page(request, form, list(seen))
            for item in items:
                self.log_change(request, item, [{"changed": {"fields": ["status"]}}])
        messages.success(
            request,
            ngettext("%(count)d item was updated.", "%(count)d items were updated.", len(items))
            % {"count": len(items)},
        )
        return HttpResponseRedirect(self._list_url(request))

    def _show_refusals(
        self, form: BulkUpdateForm, items: Sequence[TrackedItem], refused: UpdatesRefused
    ) -> None:
        """Put the ledger's refusals on the form: those of all items alike once, others by name."""
        by_words: dict[str, list[str]] = {}
        seen = form.seen()
        for place, error in refused.errors.items():
            item = items[place]
            if isinstance(error, NewerUpdate):
                seen[item.pk] = error.rows[-1].sequence
                words = _("has been updated since: %(update)s") % {
                    "update": row_in_words(error.rows[-1])
                }
            else:
                words = " ".join(error.messages)
            by_words.setdefault(words, []).append(item.ref)
        for words, refs in by_words.items():
            everywhere = len(refs) == len(items) > 1
            form.add_error(None, words if everywhere else f"{', '.join(refs)}: {words}")
        form.add_error(None, _("Nothing was written. Change the update, or confirm again."))
        form.data = resent(form.data, items=pairs(seen))

    def _newest_numbers(self, queryset: Any) -> dict[int, int]:
        """Return the number of each item's newest update (0 for none), keyed by item."""
        rows = queryset.order_by("pk").values_list("pk", models.Max("updates__sequence"))
        return {pk: sequence or 0 for pk, sequence in rows}

    def _update_page(
        self, request: HttpRequest, form: BulkUpdateForm, pks: Sequence[int]
    ) -> HttpResponse:
        items = self.model._default_manager.filter(pk__in=pks)
        named = items.exclude(level=Level.HEADING)[:NAMED_ITEMS]
        headings = items.filter(level=Level.HEADING)
        query = request.POST.get("list_query", request.GET.urlencode())
        context = {
            **self.admin_site.each_context(request),
            "title": _("Update status"),
            "opts": self.model._meta,
            "form": form,
            "fieldset": Fieldset(
                form,  # type: ignore[arg-type]
                fields=UPDATE_LINES,
                model_admin=self,
            ),
            "items": [(item, status_in_words(item.cached_status)) for item in named],
            "headings": list(headings[:NAMED_ITEMS]),
            "count": len(pks),
            "more": max(0, len(pks) - NAMED_ITEMS),
            "list_query": query,
            "action_url": reverse(
                f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}_update_status"
            ),
            "list_url": self._list_url(request),
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/tracking/update_status.html", context)

    def _list_url(self, request: HttpRequest) -> str:
        opts = self.model._meta
        url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        query = request.POST.get("list_query", request.GET.urlencode())
        return f"{url}?{query}" if query else url


def status_in_words(code: str) -> SafeString:
    """Return a status as the admin shows it: its mark in its colour, and its word."""
    word = BY_CODE[code]
    return format_html(
        '<svg class="status-mark" width="10" height="10" aria-hidden="true">'
        '<circle cx="5" cy="5" r="5" fill="{}"/></svg> {}',
        word.colour,
        word.label,
    )
