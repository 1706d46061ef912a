"""The staff's side of meetings, reviews, recommendations, action points and mandates."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from actionpoints.exports import ActionPointFile
from actionpoints.importing import ActionPointResource, ActionPointUpdateResource
from actionpoints.models import (
    ActionPoint,
    ActionPointResponsibility,
    ActionPointUpdate,
    Mandate,
    Meeting,
    Recommendation,
    RecommendationAddressee,
    Review,
)
from workplans.admin import DeliverableAdmin, NewItemForm, NewItemsInline, NewRowsInline
from workplans.editing import (
    PreloadedFieldsMixin,
    RecordForm,
    VersionedAdmin,
    VersionedInlineFormSet,
)
from workplans.life.publishing import PUBLISHING_STEPS
from workplans.tracked_admin import (
    SEARCHED,
    LeadFilter,
    ResponsibilityInline,
    StatusFilter,
    TrackedItemAdmin,
)
from workplans.updates_admin import UpdateAdmin


class MandateInline(PreloadedFieldsMixin, admin.StackedInline):
    """The decisions that asked for an item."""

    model = Mandate
    form = RecordForm
    formset = VersionedInlineFormSet
    fields = (
        ("body", "kind"), ("date_words", "decided_on"), "conflict",
        ("by_action_point", "by_recommendation", "by_deliverable"), "inferred",
        ("source", "locator"),
    )  # fmt: skip
    autocomplete_fields = (
        "body", "by_action_point", "by_recommendation", "by_deliverable", "source",
    )  # fmt: skip
    extra = 0

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related(*self.autocomplete_fields)


class DeliverableMandateInline(MandateInline):
    fk_name = "deliverable"


class ActionPointMandateInline(MandateInline):
    fk_name = "action_point"


DeliverableAdmin.joined_inlines.append(DeliverableMandateInline)


class NewActionPointFormSet(VersionedInlineFormSet):
    def save_new(self, form: Any, commit: bool = True) -> Any:
        saved = super().save_new(form, commit=commit)
        if commit:
            form.save_leads()
        return saved


class MeetingActionPointInline(NewItemsInline):
    model = ActionPoint
    form = NewItemForm
    formset = NewActionPointFormSet
    fields = ("number", "theme", "title", "leads", "initial_timeframe")


@admin.register(Meeting)
class MeetingAdmin(VersionedAdmin):
    list_display = ("title", "body", "held_on", "action_points", "published")
    list_filter = ("published", ("body", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("body",)
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("title", "slug", "session", "body__name", "body__acronym")
    autocomplete_fields = ("body", "record", "attendees")
    prepopulated_fields = {"slug": ("title",)}
    fields = (
        "body", "title", "slug", "session", ("held_on", "date_words"), "record", "attendees",
        "note", "published", "archived_on",
    )  # fmt: skip
    inlines = (MeetingActionPointInline,)
    steps = PUBLISHING_STEPS

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .select_related("body", "record")
            .annotate(action_point_count=Count("action_points"))
        )

    @admin.display(description=gettext_lazy("action points"), ordering="action_point_count")
    def action_points(self, obj: Any) -> int:
        return obj.action_point_count


class RecommendationInline(NewRowsInline):
    model = Recommendation
    form = RecordForm
    formset = VersionedInlineFormSet
    fields = ("number", "order", "title", "response")


@admin.register(Review)
class ReviewAdmin(VersionedAdmin):
    list_display = ("title", "body", "issued_on", "published")
    list_filter = ("published",)
    list_select_related = ("body",)
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("title", "slug")
    autocomplete_fields = ("body", "source")
    prepopulated_fields = {"slug": ("title",)}
    fields = (
        "title", "slug", "body", "issued_on", "source", "locator", "note", "published",
        "archived_on",
    )  # fmt: skip
    inlines = (RecommendationInline,)
    steps = PUBLISHING_STEPS

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("body", "source")


class AddresseeInline(PreloadedFieldsMixin, admin.TabularInline):
    model = RecommendationAddressee
    form = RecordForm
    formset = VersionedInlineFormSet
    autocomplete_fields = ("entity",)
    extra = 1

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("entity")


@admin.register(Recommendation)
class RecommendationAdmin(VersionedAdmin):
    list_display = ("ref", "title", "review", "response")
    list_display_links = ("ref", "title")
    list_filter = ("response", ("review", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("review",)
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("ref", "number", "title", "text", "review__title")
    autocomplete_fields = ("review", "second_opinion_by")
    fields = (
        "review", "ref", ("number", "number_printed"), "order", "title", "text", "response",
        "response_words", "second_opinion", "second_opinion_by", "locator",
    )  # fmt: skip
    inlines = (AddresseeInline,)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("review", "second_opinion_by")


class ActionPointResponsibilityInline(ResponsibilityInline):
    model = ActionPointResponsibility


@admin.register(ActionPoint)
class ActionPointAdmin(TrackedItemAdmin):
    resource_class = ActionPointResource
    file_class = ActionPointFile
    own_fields = ("meeting", "recommendation", "theme", "combine_with")
    list_display = ("ref", "title", "theme", "status", "lead_names", "due", "last_reported_on")
    list_display_links = ("ref", "title")
    list_filter = (
        StatusFilter,
        ("meeting__body", admin.RelatedOnlyFieldListFilter),
        ("meeting", admin.RelatedOnlyFieldListFilter),
        LeadFilter,
        "wording",
    )
    search_fields = (
        *SEARCHED,
        "theme",
        "meeting__body__name",
        "meeting__body__acronym",
    )
    autocomplete_fields = (
        "meeting", "recommendation", "parent", "source", "continues", "combine_with",
    )  # fmt: skip
    inlines = (ActionPointResponsibilityInline, ActionPointMandateInline)
    joined_inlines = []

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("meeting", "recommendation")


@admin.register(ActionPointUpdate)
class ActionPointUpdateAdmin(UpdateAdmin):
    resource_class = ActionPointUpdateResource
