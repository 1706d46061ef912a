"""Editing records in the admin: one winner for each version, no query for each row.

An edit carries the version that its form was opened with. The record is locked before it
is compared, so of two people who save at once one wins and the other is shown what
changed. Autocomplete fields show what is loaded already instead of asking for each row.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import (
    AutocompleteSelect,
    AutocompleteSelectMultiple,
    RelatedFieldWidgetWrapper,
)
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F
from django.forms.models import BaseInlineFormSet, BaseModelFormSet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from workplans.field_log_admin import FieldLogMixin
from workplans.life_admin import LifeMixin
from workplans.models import Publishable
from workplans.models.references import Referenced


class PreloadedSelect(AutocompleteSelect):
    """An autocomplete that shows the chosen object without a query if it is loaded already."""

    preloaded: models.Model | None = None

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> list[Any]:
        known = self.preloaded
        if known is None or [str(part) for part in value] != [str(known.pk)]:
            return super().optgroups(name, value, attrs)
        options = [self.create_option(name, known.pk, str(known), True, 0)]
        if not self.is_required:
            options.insert(0, self.create_option(name, "", "", False, 0))
        return [(None, options, 0)]


class SelectSeveral(AutocompleteSelectMultiple):
    """An autocomplete of several objects, each with a cross of its own to take it away.

    The cross that takes all away would stand in the list of the chosen without being one of them.
    """

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        return {**super().build_attrs(base_attrs, extra_attrs), "data-allow-clear": "false"}


def inner_widget(field: forms.Field) -> forms.Widget:
    """Return a field's own widget, without the links that the admin puts around it."""
    widget = field.widget
    return widget.widget if isinstance(widget, RelatedFieldWidgetWrapper) else widget


class RecordForm(forms.ModelForm):
    """A form of a record: its autocomplete fields show what the record has loaded already,
    and a reference that is left blank is given when the record is saved.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            widget = inner_widget(field)
            if isinstance(widget, PreloadedSelect):
                widget.preloaded = self.instance._state.fields_cache.get(name)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if (
            isinstance(self.instance, Referenced)
            and self.instance._state.adding
            and not self.cleaned_data.get("ref")
        ):
            # To be given when it is saved, under lock, to one row of the page after the other.
            self.instance.ref = ""


class PreloadedFieldsMixin:
    """For an admin or inline: its autocomplete fields are the widgets above."""

    admin_site: admin.AdminSite

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault(
                "widget", PreloadedSelect(db_field, self.admin_site, using=kwargs.get("using"))
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault(
                "widget", SelectSeveral(db_field, self.admin_site, using=kwargs.get("using"))
            )
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]


def resent(data: Any, **changes: Any) -> Any:
    """Return what a form was sent, with some values changed, for it to show next time."""
    changed = data.copy()
    for name, value in changes.items():
        changed[name] = str(value)
    return changed


class VersionedForm(RecordForm):
    """A form that refuses to save over an edit that was made since it was opened."""

    opened_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    # Fields that are not the record's own, so that filling them in is not an edit of it.
    not_edits: tuple[str, ...] = ("opened_version",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["opened_version"].initial = self.instance.version

    @property
    def edited(self) -> list[str]:
        """The names of the record's own fields that differ from what is saved."""
        return [name for name in self.changed_data if name not in self.not_edits]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        version = (cleaned or {}).get("opened_version")
        if self.instance.pk and self.edited and version != self.instance.version:
            self.add_error(None, self._conflict())
            # Once the other edit has been shown, saving again is a decision, not an accident.
            self.data = resent(self.data, opened_version=self.instance.version)
        return cleaned

    def _conflict(self) -> SafeString:
        saved = format_html_join(
            "",
            "<li><strong>{}</strong>: {}</li>",
            (
                (self.fields[name].label, self._words(self.instance, name) or "–")
                for name in self.edited
            ),
        )
        return format_html(
            "{}<ul>{}</ul>{}",
            _("Somebody else has saved this record since you opened it. What is saved now:"),
            saved,
            _("The form shows what you entered. Change it, or save again to keep it."),
        )

    @staticmethod
    def _words(instance: models.Model, name: str) -> str:
        display = getattr(instance, f"get_{name}_display", None)
        if display is not None:
            return str(display())
        value = getattr(instance, name, "")
        if isinstance(value, models.Manager):
            return ", ".join(map(str, value.all()))
        return "" if value is None else str(value)


class NamedFieldsFormSet(BaseModelFormSet):
    """Rows of a table, whose fields carry their names since no label stands beside them."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for name, field in form.fields.items():
            inner_widget(field).attrs.setdefault("aria-label", form[name].label)


class VersionedInlineFormSet(NamedFieldsFormSet, BaseInlineFormSet):
    """Rows of a versioned record; they too are not saved over an edit made since."""

    def clean(self) -> None:
        super().clean()
        instance: Any = self.instance
        opened = self.data.get("opened_version", "")
        if instance.pk and self.has_changed() and opened != str(instance.version):
            raise ValidationError(
                _(
                    "Somebody else has saved this record since you opened it. "
                    "Open the page again and enter your rows once more."
                )
            )


class VersionedAdmin(PreloadedFieldsMixin, LifeMixin, FieldLogMixin):
    """An admin of a versioned model: locks, compares and raises the version."""

    form = VersionedForm
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    save_on_top = True

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        if request.method == "POST":
            self.lock(object_id)
        return super().get_object(request, object_id, from_field)

    def lock(self, object_id: str) -> None:
        """Lock a record until the end of the request, so that its version holds still."""
        try:
            pk = self.model._meta.pk.to_python(object_id)
        except ValidationError:
            return
        list(self.model._default_manager.select_for_update().filter(pk=pk).values_list("pk"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = list(super().get_fieldsets(request, obj))
        if obj is not None and self.has_change_permission(request, obj):
            name, options = fieldsets[0]
            if "opened_version" not in options["fields"]:
                fieldsets[0] = (
                    name,
                    {**options, "fields": [*options["fields"], "opened_version"]},
                )
        return fieldsets

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            if not form.edited:
                return
            obj.version += 1
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and not form.edited and any(formset.has_changed() for formset in formsets):
            self.model._default_manager.filter(pk=form.instance.pk).update(version=F("version") + 1)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep addresses and references as they were once given, and what a step changes."""
        fixed: tuple[str, ...] = ("slug", "ref") if obj is not None else ()
        if obj is not None and issubclass(self.model, Publishable):
            fixed += ("published", "archived_on")
        names = {field.name for field in self.model._meta.get_fields()}
        return [
            *super().get_readonly_fields(request, obj),
            *(name for name in fixed if name in names),
        ]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj is not None else super().get_prepopulated_fields(request, obj)
