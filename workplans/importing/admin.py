"""Spreadsheets in and out in the admin: send in, look, confirm; and the whole table as a file."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from import_export.admin import ExportMixin, ImportMixin

from workplans.exports import csv_file, in_columns
from workplans.importing.guard import Unreadable
from workplans.importing.resources import SheetResource
from workplans.importing.uploads import (
    ChangedSince,
    ImportedAlready,
    NotWaiting,
    confirm,
    discard,
    keep,
    look_again,
    remember,
)
from workplans.importing.verdicts import Judgement
from workplans.models import SpreadsheetImport

logger = logging.getLogger(__name__)

# How many rows of each kind the page of a file shows.
SHOWN = 100


class UploadForm(forms.Form):
    """A file that somebody sends in."""

    file = forms.FileField(
        label=gettext_lazy("Spreadsheet"),
        help_text=gettext_lazy("An Excel workbook (.xlsx) or a CSV file in UTF-8."),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
    )


class SheetImportMixin(ImportMixin):
    """An admin whose records come in by spreadsheets too.

    Of the stock steps the second is replaced: a file is known by its key, belongs to whom sent it,
    and what was shown of it is compared with what would be written.
    """

    resource_class: ClassVar[type[SheetResource]]
    import_export_change_list_template = "admin/tracking/change_list.html"

    def get_urls(self) -> list[Any]:
        name = "{}_{}".format(*self.get_model_info())
        view = self.admin_site.admin_view
        return [
            path("import/", view(self.import_action), name=f"{name}_import"),
            path("import/<int:pk>/", view(self.review), name=f"{name}_import_review"),
            path("import/<int:pk>/rows.csv", view(self.verdicts_csv), name=f"{name}_import_rows"),
            # Not the stock steps, the second of which takes any file of the server.
            *super(ImportMixin, self).get_urls(),
        ]

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Take a file in, or say why it is not read; nothing is written yet."""
        user = self._sender(request)
        is_sent = request.method == "POST"
        form = UploadForm(request.POST, request.FILES) if is_sent else UploadForm()
        if is_sent and form.is_valid():
            try:
                upload = keep(user, form.cleaned_data["file"], self.resource_class)
            except Unreadable as error:
                form.add_error("file", str(error))
            except ImportedAlready as known:
                form.add_error("file", imported_already(known.done))
            else:
                return redirect(self._url("import_review", upload.pk))
        resource = self.resource_class(user)
        taken = [name for name in resource.columns() if name in resource.fields]
        context = {
            **self._context(request, _("Import")),
            "form": form,
            "key": resource.key,
            "taken": taken,
            "told_here": [name for name in resource.fields if name not in resource.columns()],
            "waiting": SpreadsheetImport.objects.waiting()
            .without_files()
            .filter(uploaded_by=user, model=self._label),
        }
        return TemplateResponse(
            request, "admin/tracking/import.html", context, status=400 if form.errors else 200
        )

    def review(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a file would change, row by row; at its sender's word, write it."""
        user = self._sender(request)
        upload = self._waiting(user, pk)
        try:
            if request.method != "POST":
                judgement, changed = look_again(upload, user, self.resource_class)
                return self._review_page(request, upload, judgement, changed)
            if "discard" in request.POST:
                discard(upload)
                messages.info(request, _("The file was discarded. Nothing was changed."))
                return redirect(self._url("import"))
            judgement = confirm(upload, user, self.resource_class)
        except ImportedAlready as known:
            messages.error(request, imported_already(known.done))
            return redirect(self._url("import"))
        except NotWaiting:
            raise Http404(not_here()) from None
        except Unreadable as error:  # by rules that are stricter than when it was sent in
            messages.error(request, str(error))
            return redirect(self._url("import"))
        except ChangedSince as since:
            remember(upload, since.judgement)
            if since.rows:
                messages.error(
                    request,
                    _(
                        "Nothing was written: what would change is not what you were shown. The "
                        "rows are marked. Look at them, then import again."
                    ),
                )
            return self._review_page(request, upload, since.judgement, since.rows)
        except IntegrityError:
            logger.warning("The file %s was not imported.", upload.pk, exc_info=True)
            messages.error(
                request,
                _("Nothing was written: somebody entered the same meanwhile. Look once more."),
            )
            return redirect(self._url("import_review", pk))
        messages.success(request, what_was_written(judgement))
        return redirect(
            reverse("admin:workplans_spreadsheetimport_change", args=[upload.pk])
            if request.user.has_perm("workplans.view_spreadsheetimport")
            else self._url("changelist")
        )

    def verdicts_csv(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send the verdicts on all rows of a file, since a page shows some of each kind."""
        user = self._sender(request)
        upload = self._waiting(user, pk)
        try:
            judgement, _changed = look_again(upload, user, self.resource_class)
        except Unreadable as error:
            messages.error(request, str(error))
            return redirect(self._url("import"))
        header = ("row", "record", "verdict", "column", "now", "file", "problem")
        response = StreamingHttpResponse(
            csv_file(header, in_columns(verdict_rows(judgement))),
            content_type="text/csv; charset=utf-8",
        )
        response["Content-Disposition"] = 'attachment; filename="rows.csv"'
        return response

    def _review_page(
        self,
        request: HttpRequest,
        upload: SpreadsheetImport,
        judgement: Judgement,
        changed: set[int],
    ) -> HttpResponse:
        context = {
            **self._context(request, _("Import of %(file)s") % {"file": upload.name}),
            "upload": upload,
            "judgement": judgement,
            "changed_since": changed,
            "parts": [
                (kind, label, verdicts[:SHOWN], len(verdicts), len(verdicts) - SHOWN)
                for kind, label, verdicts in (
                    ("invalid", _("Cannot be taken"), judgement.invalid),
                    ("changed", _("Changed"), judgement.changed),
                    ("new", _("New"), judgement.new),
                )
                if verdicts
            ],
            "not_taken": judgement.not_taken[:SHOWN],
            "not_taken_more": len(judgement.not_taken) - SHOWN,
            "rows_url": self._url("import_rows", upload.pk),
        }
        return TemplateResponse(request, "admin/tracking/import_review.html", context)

    def _sender(self, request: HttpRequest) -> User:
        """Return who asks, if that person may import."""
        if not self.has_import_permission(request) or not isinstance(request.user, User):
            raise PermissionDenied
        return request.user

    def _waiting(self, user: User, pk: int) -> SpreadsheetImport:
        """Return a file that waits for somebody's word; those of others are not found."""
        waiting = SpreadsheetImport.objects.waiting()
        upload = waiting.filter(pk=pk, uploaded_by=user, model=self._label).first()
        if upload is None:
            raise Http404(not_here())
        return upload

    @property
    def _label(self) -> str:
        return self.resource_class.model._meta.label_lower

    def _url(self, name: str, *args: Any) -> str:
        info = self.get_model_info()
        return reverse("admin:{}_{}_{}".format(*info, name), args=args)

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.model._meta,
            "import_url": self._url("import"),
            "list_url": self._url("changelist"),
            "export_url": self._url("export") if self.has_export_permission(request) else "",
        }


class SheetExportMixin(ExportMixin):
    """An admin whose records go out as CSV and Excel, those that its list shows.

    A subclass gives the file; the stock page has inline script and style, which is forbidden.
    """

    import_export_change_list_template = "admin/tracking/change_list.html"

    def file_of(self, request: HttpRequest, records: Any) -> Any:
        """Return the file of some records: a `TableFile`."""
        raise NotImplementedError

    def get_urls(self) -> list[Any]:
        name = "{}_{}".format(*self.get_model_info())
        view = self.admin_site.admin_view
        return [
            path("export/", view(self.export_action), name=f"{name}_export"),
            path("export.<file:ending>", view(self.export_file), name=f"{name}_export_file"),
            *super(ExportMixin, self).get_urls(),
        ]

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """Offer the files of what the list shows."""
        self._demand_export(request)
        records = self.get_export_queryset(request)
        info = self.get_model_info()
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Export"),
            "opts": self.model._meta,
            "list_url": reverse("admin:{}_{}_changelist".format(*info)) + query,
            "count": records.count(),
            "files": [
                (label, reverse("admin:{}_{}_export_file".format(*info), args=[ending]) + query)
                for ending, label in (("xlsx", _("Excel workbook")), ("csv", _("CSV file")))
            ],
        }
        return TemplateResponse(request, "admin/tracking/export.html", context)

    def export_file(self, request: HttpRequest, ending: str) -> HttpResponseBase:
        """Send what the list shows."""
        self._demand_export(request)
        response: HttpResponseBase = self.file_of(
            request, self.get_export_queryset(request)
        ).response(ending)
        return response

    def _demand_export(self, request: HttpRequest) -> None:
        if not self.has_export_permission(request):
            raise PermissionDenied


def not_here() -> str:
    return _("This file is not here any more. Send it in again.")


def imported_already(done: SpreadsheetImport) -> str:
    """Say that a file was imported, when, and what to do."""
    return _(
        "This very file was imported on %(day)s as “%(name)s”. Nothing is left to do; to tell it "
        "once more, change the file."
    ) % {"day": localdate(done.imported_at).isoformat(), "name": done.name}


def what_was_written(judgement: Judgement) -> str:
    """Say what an import has written, a sentence for each kind of row that there was."""
    new, changed, same = (len(rows) for rows in (judgement.new, judgement.changed, judgement.same))
    sentences = [
        (new, ngettext("%(count)d row was new.", "%(count)d rows were new.", new)),
        (
            changed,
            ngettext(
                "%(count)d row changed something.", "%(count)d rows changed something.", changed
            ),
        ),
        (
            same,
            ngettext("%(count)d row said nothing new.", "%(count)d rows said nothing new.", same),
        ),
    ]
    told = [words % {"count": count} for count, words in sentences if count]
    return " ".join([_("The file was imported."), *told])


def verdict_rows(judgement: Judgement) -> Iterator[list[Any]]:
    """Yield a row for each change and problem of each verdict; one for a verdict without."""
    labels = {"new": "new", "update": "changed", "skip": "same", "invalid": "invalid"}
    for verdict in judgement.rows:
        start = [verdict.number, verdict.ref, labels[str(verdict.import_type)]]
        lines = [[one.column, one.old, one.new, ""] for one in verdict.changes]
        lines += [[one.column, "", one.value, one.sentence] for one in verdict.problems]
        lines += [[name, "", "", _("not taken")] for name in verdict.not_taken]
        for line in lines or [["", "", "", ""]]:
            yield [*start, *line]


@admin.register(SpreadsheetImport)
class SpreadsheetImportAdmin(admin.ModelAdmin):
    """The files that were imported, by whom, and which records they touched; nothing is changed."""

    list_display = ("name", "what", "imported_at", "uploaded_by", "new", "changed", "same")
    list_filter = ("model",)
    search_fields = ("name", "digest")
    date_hierarchy = "imported_at"
    fields = (
        "name", "what", "uploaded_by", "uploaded_at", "imported_at", ("new", "changed", "same"),
        "source", "digest", "file", "records",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        done = SpreadsheetImport.objects.done().defer("content", "seen")
        return done.select_related("uploaded_by", "source")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        return [
            path(
                "<int:pk>/file/",
                self.admin_site.admin_view(self.download),
                name="workplans_spreadsheetimport_file",
            ),
            *super().get_urls(),
        ]

    def download(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send the file as it was sent in."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        upload = SpreadsheetImport.objects.done().filter(pk=pk).first()
        if upload is None:
            raise Http404
        return FileResponse(
            io.BytesIO(upload.content),
            as_attachment=True,
            filename=upload.name,
            content_type="application/octet-stream",
        )

    @admin.display(description=gettext_lazy("what it holds"), ordering="model")
    def what(self, upload: SpreadsheetImport) -> str:
        return str(apps.get_model(upload.model)._meta.verbose_name_plural)

    @admin.display(description=gettext_lazy("file"))
    def file(self, upload: SpreadsheetImport) -> SafeString:
        url = reverse("admin:workplans_spreadsheetimport_file", args=[upload.pk])
        return format_html('<a href="{}" download>{}</a>', url, _("Download"))

    @admin.display(description=gettext_lazy("records"))
    def records(self, upload: SpreadsheetImport) -> str:
        return ", ".join(upload.refs)
