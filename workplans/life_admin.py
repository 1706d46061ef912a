"""Steps in the life of a record, in the admin: each with a page that lists what will happen.

A step is offered on the record's page, and in the list for several records at once. Its
page shows what it asks for and what it would do; what is confirmed is done only if it is
still just what was shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import Fieldset
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from workplans.life.steps import Outcome, Step

# No more records than this are dealt with in one step.
MOST_RECORDS = 5000


class LifeMixin(admin.ModelAdmin):
    """Offers steps for the records of an admin. A subclass names them."""

    steps: tuple[type[Step], ...] = ()
    change_form_template = "admin/tracking/change_form.html"

    def lock_records(self, pks: Sequence[int]) -> None:
        """Lock records until the end of the transaction, in the order of their keys."""
        records = self.model._default_manager.select_for_update().filter(pk__in=pks)
        list(records.order_by("pk").values_list("pk"))

    def may_take(self, request: HttpRequest, step: type[Step]) -> bool:
        """Return whether somebody may take a step with records of this kind."""
        return all(
            request.user.has_perm(
                wanted
                if "." in wanted
                else f"{self.opts.app_label}.{get_permission_codename(wanted, self.opts)}"
            )
            for wanted in step.permissions
        )

    def get_urls(self) -> list[Any]:
        return [
            path(
                "life/<slug:name>/",
                self.admin_site.admin_view(self.life_view),
                name=f"{self.opts.app_label}_{self.opts.model_name}_life",
            ),
            *super().get_urls(),
        ]

    def life_url(self, step: type[Step]) -> str:
        """Return the address of a step's page."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_life"
        return reverse(name, args=[step.name])

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if IS_POPUP_VAR in request.GET:
            return actions
        for step in self.steps:
            if step.takes_many and self.may_take(request, step):
                name = f"life_{step.name.replace('-', '_')}"
                words = _("%(step)s…") % {"step": step.title}
                actions[name] = (partial(self._chosen_in_list, step=step), name, words)
        return actions

    @staticmethod
    def _chosen_in_list(
        modeladmin: LifeMixin, request: HttpRequest, queryset: Any, step: type[Step]
    ) -> HttpResponse:
        pks = sorted(queryset.order_by().values_list("pk", flat=True))
        query = request.GET.urlencode()
        if len(pks) > MOST_RECORDS:
            words = _("%(count)d are chosen. Choose at most %(most)d at once.")
            messages.error(request, words % {"count": len(pks), "most": MOST_RECORDS})
            return redirect(modeladmin._back_url(query))
        return modeladmin.first_page(request, step, pks, query)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        obj = kwargs.get("obj")
        if obj is not None and IS_POPUP_VAR not in request.GET:
            context["life_steps"] = [
                (step.title, f"{self.life_url(step)}?records={obj.pk}")
                for step in self.steps
                if self.may_take(request, step) and step.fits(obj)
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def life_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show a step's page, or take the step once it is confirmed."""
        step = next((step for step in self.steps if step.name == name), None)
        if step is None:
            raise Http404(_("There is no step “%(name)s”.") % {"name": name})
        if not self.may_take(request, step):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else request.GET
        pks = read_keys(given.get("records", ""))
        query = request.POST.get("list_query", "")
        if not pks or not (step.takes_many or len(pks) == 1):
            messages.error(request, _("The choice of records was lost. Make it once more."))
            return redirect(self._back_url(query))
        if request.method != "POST":
            return self.first_page(request, step, pks, query)
        return self._answer(request, step, pks, query)

    def first_page(
        self, request: HttpRequest, step: type[Step], pks: Sequence[int], query: str
    ) -> HttpResponse:
        """Show what a step asks for and, if that needs no answer, what it would do."""
        records = self._records(request, pks)
        if records is None:
            return redirect(self._back_url(query))
        asked = {name: value for name, value in request.GET.items() if name in step.base_fields}
        form = step(records, self._user(request), initial=asked)
        defaults = {
            name: value
            for name, field in form.fields.items()
            if (value := form.get_initial_for_field(field, name)) is not None
        }
        probe = step(records, self._user(request), data=defaults)
        if probe.is_valid():
            outcomes = probe.outcomes()
            return self._page(request, form, query, outcomes, probe.fingerprint(outcomes))
        return self._page(request, form, query, refusals=probe.non_field_errors())

    def _answer(
        self, request: HttpRequest, step: type[Step], pks: Sequence[int], query: str
    ) -> HttpResponse:
        with transaction.atomic():
            # All in one go and in the order of their keys, so that two who take steps at once
            # wait for each other instead of locking each other out.
            other = read_keys(request.POST.get(step.other_record, "")) if step.other_record else []
            self.lock_records(sorted({*pks, *other}))
            records = self._records(request, pks)
            if records is None:
                return redirect(self._back_url(query))
            step.lock(records)
            form = step(records, self._user(request), data=request.POST)
            if not form.is_valid():
                return self._page(request, form, query, refusals=form.non_field_errors())
            outcomes = form.outcomes()
            fingerprint = form.fingerprint(outcomes)
            if "confirm" not in request.POST:
                return self._page(request, form, query, outcomes, fingerprint)
            if request.POST.get("shown") != fingerprint:
                messages.warning(
                    request,
                    _("This is not what was shown before. Nothing was done: look, and confirm."),
                )
                return self._page(request, form, query, outcomes, fingerprint)
            try:
                with transaction.atomic():
                    done = form.perform()
            except ValidationError as refused:
                form.add_error(None, refused)
                return self._page(request, form, query, refusals=form.non_field_errors())
            left = self.model._default_manager.filter(pk__in=pks)
            for record in left:
                self.log_change(request, record, str(step.title))
        messages.success(request, done)
        if len(pks) == 1 and left.exists():
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return redirect(name, pks[0])
        return redirect(self._back_url(query))

    @staticmethod
    def _user(request: HttpRequest) -> User:
        assert isinstance(request.user, User)  # the admin lets nobody else in
        return request.user

    def _records(self, request: HttpRequest, pks: Sequence[int]) -> list[Any] | None:
        """Return all the records, in the order of their list; None, and say so, if one is gone."""
        records = list(self.get_queryset(request).filter(pk__in=pks))
        if len(records) < len(pks):
            messages.error(request, _("Some of the records are gone. Choose the rest once more."))
            return None
        return records

    def _page(
        self,
        request: HttpRequest,
        form: Step,
        query: str,
        outcomes: Sequence[Outcome] = (),
        fingerprint: str = "",
        refusals: Sequence[Any] = (),
    ) -> HttpResponse:
        single = form.records[0] if len(form.records) == 1 else None
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        list_url = self._back_url(query)
        context = {
            **self.admin_site.each_context(request),
            "title": form.title,
            "opts": self.opts,
            "step": form,
            "fieldset": Fieldset(
                form,  # type: ignore[arg-type]
                fields=[name for name, field in form.fields.items() if not field.widget.is_hidden],
                model_admin=self,
            ),
            "single": single,
            "outcomes": outcomes,
            "fingerprint": fingerprint,
            "refusals": refusals,
            "records": ",".join(str(one.pk) for one in form.records),
            "list_query": query,
            "list_url": list_url,
            "record_url": reverse(name, args=[single.pk]) if single is not None else list_url,
            "action_url": self.life_url(type(form)),
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/tracking/step.html", context)

    def _back_url(self, query: str) -> str:
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return f"{url}?{query}" if query else url


def read_keys(text: str) -> list[int]:
    """Return the keys in a text such as "3,17"; none if it is not one, or has too many."""
    parts = text.split(",")
    if len(parts) > MOST_RECORDS or not all(p.isdecimal() and len(p) < 19 for p in parts):
        return []
    return sorted({int(part) for part in parts})
