"""The staff's side of entities, sources, workplans and deliverables."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.checks import InlineModelAdminChecks
from django.core.exceptions import ValidationError
from django.db.models import Count, Prefetch
from django.forms.models import modelformset_factory
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workplans import days
from workplans.editing import (
    NamedFieldsFormSet,
    PreloadedFieldsMixin,
    RecordForm,
    SelectSeveral,
    VersionedAdmin,
    VersionedInlineFormSet,
)
from workplans.entity_tables import EntityFile
from workplans.importing.admin import SheetExportMixin, SheetImportMixin
from workplans.importing.deliverables import DeliverableResource
from workplans.importing.entities import EntityResource
from workplans.importing.updates import DeliverableUpdateResource
from workplans.item_files import DeliverableFile
from workplans.life.carrying_over import CarryOver
from workplans.life.freezing import FreezeReport
from workplans.life.merging import MergeInto
from workplans.life.publishing import PUBLISHING_STEPS
from workplans.models import (
    LEAD_ROLES,
    Deliverable,
    DeliverableResponsibility,
    DeliverableUpdate,
    Entity,
    EntityAlias,
    Membership,
    Organization,
    PriorityArea,
    ResultsGroup,
    Role,
    SourceDocument,
    Workplan,
)
from workplans.pages import Asked
from workplans.timeframes import AmbiguousDate, read_timeframe
from workplans.tracked_admin import (
    SEARCHED,
    LeadFilter,
    ResponsibilityInline,
    StatusFilter,
    TrackedItemAdmin,
    responsibilities,
)
from workplans.updates_admin import UpdateAdmin

admin.site.site_header = gettext_lazy("IASC tracker")
admin.site.site_title = gettext_lazy("IASC tracker")
admin.site.enable_nav_sidebar = False
admin.site.index_title = gettext_lazy("Administration")


class EntityAliasInline(admin.TabularInline):
    model = EntityAlias
    formset = VersionedInlineFormSet
    extra = 1


class MemberInline(PreloadedFieldsMixin, admin.TabularInline):
    """The members of a group."""

    model = Membership
    form = RecordForm
    formset = VersionedInlineFormSet
    fk_name = "group"
    fields = ("member", "role", "since", "until", "source", "locator")
    autocomplete_fields = ("member", "source")
    extra = 1
    verbose_name_plural = gettext_lazy("members, co-chairs and co-leads")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("member", "source")


@admin.register(Entity, ResultsGroup, Organization)
class EntityAdmin(SheetImportMixin, SheetExportMixin, VersionedAdmin):
    resource_class = EntityResource
    list_display = ("name", "acronym", "kind", "parent")
    list_filter = ("kind",)
    list_select_related = ("parent",)
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("name", "acronym", "slug", "aliases__alias")
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("acronym",)}
    fields = ("name", "acronym", "slug", "kind", "parent", "description")
    inlines = (EntityAliasInline, MemberInline)
    steps = (MergeInto,)

    def has_import_permission(self, request: HttpRequest) -> bool:
        # Of the three lists, that of all entities takes files.
        return self.model is Entity and super().has_import_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("workplans.export_entity")

    def file_of(self, request: HttpRequest, records: Any) -> EntityFile:
        return EntityFile(request, Asked(days.site_today()), records)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("parent")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # A results group's kind is what its admin page is for.
        return [name for name in self.fields if name != "kind" or self.model is not ResultsGroup]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return () if self.model is ResultsGroup else self.list_filter

    def formfield_for_choice_field(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_choice_field(db_field, request, **kwargs)
        if db_field.name == "kind" and self.model is Organization:
            field.choices = [pair for pair in field.choices if pair[0] in ("", *Organization.KINDS)]
        return field


@admin.register(SourceDocument)
class SourceDocumentAdmin(VersionedAdmin):
    list_display = ("title", "kind", "dated", "is_draft", "published")
    list_filter = ("kind", "published", "is_draft")
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("title", "slug")
    prepopulated_fields = {"slug": ("title",)}
    fields = (
        "title", "slug", "kind", ("dated", "date_words"), "is_draft", "url", "note", "published",
    )  # fmt: skip


class PriorityAreaFormSet(VersionedInlineFormSet):
    def clean(self) -> None:
        super().clean()
        saved = {form.initial["number"]: form.instance.pk for form in self.initial_forms}
        for form in self.forms:
            number = getattr(form, "cleaned_data", {}).get("number")
            if number in saved and saved[number] != form.instance.pk:
                form.add_error(
                    "number",
                    _(
                        "Another area has the number “%(number)s”. "
                        "Give that one a free number first, and save."
                    )
                    % {"number": number},
                )
        if any(form.errors for form in self.forms):
            raise ValidationError(_("Please correct the priority areas that are marked."))


class PriorityAreaInline(PreloadedFieldsMixin, admin.TabularInline):
    model = PriorityArea
    formset = PriorityAreaFormSet
    fields = ("number", "order", "title", "description", "partners", "locator")
    autocomplete_fields = ("partners",)
    extra = 1


class NewItemForm(RecordForm):
    """A row in which an item is made on the page of its plan or meeting."""

    leads = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Leads"), queryset=Entity.objects.all(), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        leads: Any = self.fields["leads"]
        entity: Any = responsibilities(self._meta.model).model._meta.get_field("entity")
        leads.widget = SelectSeveral(entity, admin.site)
        leads.widget.choices = leads.choices

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        try:
            frame = read_timeframe(cleaned.get("initial_timeframe") or "")
        except AmbiguousDate as ambiguous:
            self.add_error("initial_timeframe", str(ambiguous))
        else:
            self.instance.initial_earliest = frame.earliest
            self.instance.initial_latest = frame.latest
        return cleaned

    def save_leads(self) -> None:
        """Give the item, once it is saved, the leads that were chosen, in their order."""
        for order, entity in enumerate(self.cleaned_data["leads"], start=1):
            self.instance.responsibilities.create(entity=entity, role=Role.LEAD, order=order)


class NewDeliverableForm(NewItemForm):
    area = forms.CharField(
        label=gettext_lazy("Area no."),
        max_length=10,
        widget=forms.TextInput(attrs={"size": 4}),
        help_text=gettext_lazy("The number of one of the priority areas above."),
    )


class WorkplanDeliverableFormSet(NamedFieldsFormSet):
    """The deliverables of a workplan, by way of its priority areas.

    An area is named by its number, since it may be one that the same page is making.
    """

    def __init__(
        self, *args: Any, instance: Any = None, save_as_new: bool = False, **kwargs: Any
    ) -> None:
        # The admin passes save_as_new to every formset; workplans are not saved as new ones.
        self.instance = instance
        queryset = kwargs.pop("queryset", Deliverable.objects.all())
        kwargs["queryset"] = (
            queryset.filter(priority_area__workplan=instance)
            if instance is not None and instance.pk
            else queryset.none()
        )
        super().__init__(*args, **kwargs)

    @classmethod
    def get_default_prefix(cls) -> str:
        return "deliverables"

    def clean(self) -> None:
        super().clean()
        known = self._area_numbers()
        for form in self.extra_forms:
            area = form.cleaned_data.get("area") if hasattr(form, "cleaned_data") else None
            if area and area not in known:
                form.add_error(
                    "area",
                    _("No priority area has the number “%(number)s”. Known: %(known)s.")
                    % {"number": area, "known": ", ".join(sorted(known)) or "–"},
                )
        if any(form.errors for form in self.extra_forms):
            raise ValidationError(_("Please correct the deliverables that are marked."))

    def _area_numbers(self) -> set[str]:
        """Return the numbers of the areas as this page is about to leave them."""
        areas = inline_prefix(PriorityAreaInline)
        total = self.data.get(f"{areas}-TOTAL_FORMS", "0")
        rows = range(min(int(total), 1000)) if total.isdecimal() else range(0)
        return {
            self.data.get(f"{areas}-{row}-number", "").strip()
            for row in rows
            if not self.data.get(f"{areas}-{row}-DELETE")
        } - {""}

    def save_new(self, form: Any, commit: bool = True) -> Any:
        # The areas stand above on the page, so they are saved by now.
        form.instance.priority_area = self.instance.priority_areas.get(
            number=form.cleaned_data["area"]
        )
        saved = super().save_new(form, commit=commit)
        if commit:
            form.save_leads()
        return saved


def inline_prefix(inline: Any) -> str:
    """Return the prefix that the admin gives to an inline's fields."""
    return inline.model._meta.get_field("workplan").remote_field.get_accessor_name(
        model=inline.model
    )


class NoForeignKeyChecks(InlineModelAdminChecks):
    """Checks for an inline whose rows reach the page's record through another model."""

    def _check_exclude_of_parent_model(self, obj: Any, parent_model: Any) -> list[Any]:
        return []

    def _check_relation(self, obj: Any, parent_model: Any) -> list[Any]:
        return []


class NewRowsInline(admin.TabularInline):
    """Rows of items: new ones are made here, those that exist are shown with a link."""

    extra = 1
    show_change_link = True
    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NewItemsInline(NewRowsInline):
    """New rows of tracked items; the leads of those that exist are named."""

    def get_queryset(self, request: HttpRequest) -> Any:
        leads = responsibilities(self.model).filter(role__in=LEAD_ROLES).select_related("entity")
        named = Prefetch("responsibilities", queryset=leads, to_attr="held_leads")
        return super().get_queryset(request).prefetch_related(named)

    @admin.display(description=gettext_lazy("Leads"))
    def leads(self, obj: Any) -> str:
        return "; ".join(str(held.entity) for held in obj.held_leads)


class WorkplanDeliverableInline(NewItemsInline):
    model = Deliverable
    checks_class = NoForeignKeyChecks
    fields = ("area", "number", "title", "leads", "initial_timeframe")
    readonly_fields = ()

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return modelformset_factory(
            Deliverable,
            form=NewDeliverableForm,
            formset=WorkplanDeliverableFormSet,
            fields=("number", "title", "initial_timeframe"),
            extra=self.get_extra(request, obj),
            can_delete=False,
        )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("priority_area")

    @admin.display(description=gettext_lazy("Area no."))
    def area(self, obj: Any) -> str:
        return obj.priority_area.number


@admin.register(Workplan)
class WorkplanAdmin(VersionedAdmin):
    list_display = ("title", "owner", "starts_on", "ends_on", "deliverables", "published")
    list_filter = ("published", "owner")
    list_select_related = ("owner",)
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("title", "slug", "owner__name", "owner__acronym")
    autocomplete_fields = ("owner", "endorsed_by", "source")
    prepopulated_fields = {"slug": ("title",)}
    fields = (
        "title", "slug", "owner", "description", ("starts_on", "ends_on"),
        ("endorsed_by", "endorsed_on"), "source", "locator", "published", "archived_on",
    )  # fmt: skip
    inlines = (PriorityAreaInline, WorkplanDeliverableInline)
    steps = (*PUBLISHING_STEPS, CarryOver, FreezeReport)

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .select_related("owner", "endorsed_by", "source")
            .annotate(deliverable_count=Count("priority_areas__deliverables"))
        )

    @admin.display(description=gettext_lazy("deliverables"), ordering="deliverable_count")
    def deliverables(self, obj: Any) -> int:
        return obj.deliverable_count


@admin.register(PriorityArea)
class PriorityAreaAdmin(admin.ModelAdmin):
    """Here for the autocomplete; areas are edited on their workplan's page."""

    search_fields = ("title", "number", "slug", "workplan__title")
    list_display = ("__str__", "workplan_link")
    list_select_related = ("workplan",)

    @admin.display(description=gettext_lazy("workplan"))
    def workplan_link(self, obj: Any) -> SafeString:
        return format_html("{}", obj.workplan)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DeliverableResponsibilityInline(ResponsibilityInline):
    model = DeliverableResponsibility


@admin.register(Deliverable)
class DeliverableAdmin(TrackedItemAdmin):
    resource_class = DeliverableResource
    file_class = DeliverableFile
    own_fields = ("priority_area",)
    list_display = ("ref", "title", "status", "lead_names", "due", "last_reported_on")
    list_display_links = ("ref", "title")
    list_filter = (
        StatusFilter,
        ("priority_area__workplan", admin.RelatedOnlyFieldListFilter),
        ("priority_area__workplan__owner", admin.RelatedOnlyFieldListFilter),
        LeadFilter,
        "level",
    )
    search_fields = (
        *SEARCHED,
        "priority_area__workplan__owner__name",
        "priority_area__workplan__owner__acronym",
    )
    autocomplete_fields = ("priority_area", "parent", "source", "continues")
    inlines = (DeliverableResponsibilityInline,)
    joined_inlines = []

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("priority_area__workplan")


@admin.register(DeliverableUpdate)
class DeliverableUpdateAdmin(UpdateAdmin):
    resource_class = DeliverableUpdateResource
