"""What the admin pages of deliverables and action points share.

An update is entered on the item's page, its whole history stands beneath, and for many
items at once there is the action “Update status…”. All of it goes through the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import Fieldset
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminDateWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workplans.editing import (
    PreloadedFieldsMixin,
    PreloadedForm,
    PreloadedSelect,
    VersionedAdmin,
    VersionedForm,
    VersionedInlineFormSet,
    resent,
)
from workplans.models import LEAD_ROLES, Level, SourceDocument, TrackedItem
from workplans.status import (
    Entry,
    NewerUpdate,
    UpdatesRefused,
    judge_entry,
    lock_items,
    record_update,
    record_updates,
    refresh_cache,
)
from workplans.status_words import BY_CODE, NOT_REPORTED, NOT_REPORTED_CODE, choices, stored_code
from workplans.timeframes import AmbiguousDate, TimeFrame, read_timeframe

# The form's name for each field of a ledger entry.
ENTRY_FIELDS = {
    "status": "new_status",
    "narrative": "new_narrative",
    "effective_on": "new_effective_on",
    "source": "new_source",
    "locator": "new_locator",
    "timeframe": "new_timeframe",
    "replaces": "corrects",
}
# The lines in which a page shows the fields of an update.
UPDATE_LINES: Any = (
    "new_status",
    "new_narrative",
    ("new_effective_on", "new_source", "new_locator"),
    ("new_timeframe", "new_timeframe_earliest", "new_timeframe_latest"),
)
# What a search in a list of items looks at.
SEARCHED: tuple[str, ...] = (
    "ref",
    "title",
    "description",
    "responsibilities__entity__name",
    "responsibilities__entity__acronym",
)
# How many of the chosen items the confirmation page names one by one.
NAMED_ITEMS = 200


class UpdateFields(forms.Form):
    """The fields in which an update is told; `told` says whether anything was."""

    new_status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        help_text=gettext_lazy("Leave it blank to tell something without changing the status."),
    )
    new_narrative = forms.CharField(
        label=gettext_lazy("Narrative"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
        help_text=gettext_lazy("What happened. An update that closes an item needs one."),
    )
    new_effective_on = forms.DateField(
        label=gettext_lazy("True from"),
        required=False,
        widget=AdminDateWidget,
        help_text=gettext_lazy("Leave it blank for the source's day, or today without a source."),
    )
    new_source = forms.ModelChoiceField(
        label=gettext_lazy("Source"),
        queryset=SourceDocument.objects.all(),
        required=False,
        help_text=gettext_lazy("The document that tells it. Its day is the day of the report."),
    )
    new_locator = forms.CharField(
        label=gettext_lazy("Place in the source"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    new_timeframe = forms.CharField(
        label=gettext_lazy("Revised time frame"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy("In words, for example “Q2 2021” or “mid-2021”; “TBD” for no date."),
    )
    new_timeframe_earliest = forms.DateField(
        label=gettext_lazy("Earliest day"), required=False, widget=AdminDateWidget
    )
    new_timeframe_latest = forms.DateField(
        label=gettext_lazy("Latest day"),
        required=False,
        widget=AdminDateWidget,
        help_text=gettext_lazy("Only if the words do not say the days themselves."),
    )

    def set_kind(self, model: type[TrackedItem]) -> None:
        """Fit the fields to a kind of item: its statuses, its source field."""
        status: Any = self.fields["new_status"]
        status.choices = [("", "---------"), *choices(model.STATUSES)]
        source_field = model.update_model()._meta.get_field("source")
        source: Any = self.fields["new_source"]
        source.widget = PreloadedSelect(source_field, admin.site)
        source.widget.choices = source.choices

    @property
    def told(self) -> bool:
        """Whether the form tells anything."""
        names = ("new_status", "new_narrative", "new_timeframe", "corrects")
        return any(self.cleaned_data.get(name) for name in names)

    def told_fields(self) -> dict[str, Any]:
        """Return what was told, as fields of a ledger entry."""
        data = self.cleaned_data
        days = (data.get("new_timeframe_earliest"), data.get("new_timeframe_latest"))
        words = " ".join(data.get("new_timeframe", "").split())
        return {
            "status": data.get("new_status", ""),
            "narrative": data.get("new_narrative", ""),
            "effective_on": data.get("new_effective_on"),
            "source": data.get("new_source"),
            "locator": data.get("new_locator", ""),
            "timeframe": TimeFrame(words, *days) if any(days) else words,
        }

    def add_entry_errors(self, error: ValidationError) -> None:
        """Show the ledger's refusal on the fields concerned."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            field = ENTRY_FIELDS.get(name)
            self.add_error(field if field in self.fields else None, errors)

    def add_nothing_told_error(self) -> None:
        """Refuse a form whose other fields are filled in while nothing is told."""
        self.add_error(
            "new_status", _("Give a status, a narrative or a revised time frame as well.")
        )


class TrackedItemForm(UpdateFields, VersionedForm):
    """A tracked item's own fields, and beside them those of an update."""

    corrects: Any = forms.ModelChoiceField(
        label=gettext_lazy("Corrects"),
        queryset=None,
        required=False,
        help_text=gettext_lazy(
            "The update that this one replaces. Choose one and leave all else blank "
            "to take it back."
        ),
    )
    seen_update = forms.IntegerField(required=False, widget=forms.HiddenInput)

    not_edits = (
        *VersionedForm.not_edits,
        *UpdateFields.base_fields,
        "corrects",
        "seen_update",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model = type(self.instance)
        if self.instance.pk and self.instance.level == Level.HEADING:
            for name in (*UpdateFields.base_fields, "corrects", "seen_update"):
                del self.fields[name]
            return
        self.set_kind(model)
        rows = model.update_model().objects.filter(item=self.instance.pk)
        corrects: Any = self.fields["corrects"]
        corrects.queryset = rows.standing().newest_first()
        corrects.label_from_instance = row_in_words
        newest = rows.aggregate(newest=models.Max("sequence"))["newest"] if self.instance.pk else 0
        self.fields["seen_update"].initial = newest or 0

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        words = " ".join((cleaned.get("initial_timeframe") or "").split())
        given = cleaned.get("initial_earliest") or cleaned.get("initial_latest")
        if words and not given and "initial_timeframe" in self.changed_data:
            try:
                frame = read_timeframe(words)
            except AmbiguousDate as ambiguous:
                self.add_error("initial_timeframe", str(ambiguous))
            else:
                cleaned["initial_earliest"] = frame.earliest
                cleaned["initial_latest"] = frame.latest
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.instance._state.adding and not self.cleaned_data.get("ref"):
            self.instance.ref = ""  # to be given when it is saved, under lock
        if "new_status" not in self.fields:
            return
        if not self.told:
            if any(self.cleaned_data.get(name) for name in UpdateFields.base_fields):
                self.add_nothing_told_error()
            return
        if self.errors:
            return
        if self.instance.level == Level.HEADING:
            self.add_error("new_status", _("A heading has no status. Update the items under it."))
            return
        try:
            judge_entry(self.entry())
        except NewerUpdate as newer:
            self.add_error(None, self._newer(newer))
            self.data = resent(self.data, seen_update=newer.rows[-1].sequence)
        except ValidationError as error:
            self.add_entry_errors(error)

    def entry(self) -> Entry:
        """Return what was told as an entry for the ledger."""
        seen = self.cleaned_data.get("seen_update") if self.instance.pk else None
        return Entry(
            item=self.instance,
            replaces=self.cleaned_data.get("corrects"),
            after_sequence=seen,
            **self.told_fields(),
        )

    def _newer(self, newer: NewerUpdate) -> SafeString:
        rows = format_html_join("", "<li>{}</li>", ((row_in_words(row),) for row in newer.rows))
        return format_html(
            "{}<ul>{}</ul>{}",
            _("Somebody else has told something of this item since you opened it:"),
            rows,
            _("Save again if your update still holds."),
        )


class BulkUpdateForm(UpdateFields):
    """An update that is told of many items at once."""

    # "key:number of the newest update that was shown" for each item, separated by commas.
    # One field, since a field for each item would meet the limit on the number of fields.
    items = forms.RegexField(r"\A\d{1,18}:\d{1,9}(,\d{1,18}:\d{1,9})*\Z", widget=forms.HiddenInput)

    def __init__(self, model: type[TrackedItem], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_kind(model)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.errors and not self.told:
            self.add_nothing_told_error()
        return cleaned

    def seen(self) -> dict[int, int]:
        """Return the number of the newest update that was shown, keyed by item."""
        chosen = (pair.split(":") for pair in self.cleaned_data["items"].split(","))
        return {int(pk): int(sequence) for pk, sequence in chosen}


def pairs(seen: dict[int, int]) -> str:
    """Return what `BulkUpdateForm.seen` reads."""
    return ",".join(f"{pk}:{sequence}" for pk, sequence in seen.items())


def row_in_words(row: Any) -> str:
    """Return a ledger row as one line: number, day, status, the beginning of the narrative."""
    told = [row.status_word.label] if row.status else []
    told += [part for part in (row.timeframe, shorten(row.narrative)) if part]
    return _("%(number)d, true from %(day)s: %(told)s") % {
        "number": row.sequence,
        "day": date_format(row.effective_on, "DATE_FORMAT"),
        "told": " · ".join(map(str, told)) or _("takes an update back"),
    }


def shorten(text: str, limit: int = 90) -> str:
    """Return a text cut to a number of characters, with an ellipsis where it was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


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


class ResponsibilityInline(PreloadedFieldsMixin, admin.TabularInline):
    form = PreloadedForm
    formset = VersionedInlineFormSet
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


class TrackedItemAdmin(VersionedAdmin):
    """The admin of a kind of tracked item. A subclass names its own fields and filters."""

    form = TrackedItemForm
    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.ALWAYS
    actions = ("update_status",)
    search_fields = SEARCHED
    search_help_text = gettext_lazy("Search by reference, title, lead or supporting party.")
    readonly_fields = ("current_state", "history")
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

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: an item is discontinued, superseded or withdrawn, and its history stays."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "initial_timeframe" in form.edited:
            refresh_cache(self.model, [obj.pk])
        if form.told:
            entry = form.entry()
            record_update(
                obj,
                replaces=entry.replaces,
                recorded_by=request.user,
                **form.told_fields(),
            )

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
