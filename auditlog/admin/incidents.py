"""Incidents in the admin: what is known, what was done, what was learned."""

# ruff: noqa: ARG002 - the names of the arguments are Django's

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from ..identifiers import well_formed
from ..incidents import running
from ..models import Incident
from ..recording import record
from ..response.actions import allows
from .events import shown
from .responding import AGAIN

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Incident]
    _Form = forms.ModelForm[Incident]
else:
    _Admin, _Form = admin.ModelAdmin, forms.ModelForm


class IncidentForm(_Form):
    """Lists are typed as JSON: what they hold is mailed to, and asked of the database."""

    def clean_events(self) -> list[str]:
        return self._checked(running.ids_in, "events")

    def clean_affected(self) -> list[str]:
        return self._checked(running.addresses_in, "affected")

    def _checked(self, check: Callable[[object], list[str]], name: str) -> list[str]:
        try:
            return check(self.cleaned_data[name] or [])
        except running.IncidentStepRefused as error:
            raise forms.ValidationError(str(error)) from error


class IncidentAdmin(_Admin):
    form = IncidentForm
    change_form_template = "bulwark_auditlog/incident.html"
    list_display = ("title", "severity", "state", "opened_at", "contained_at", "closed_at")
    list_filter = ("state", "severity")
    search_fields = ("title",)
    ordering = ("-opened_at", "-pk")
    autocomplete_fields = ("participants", "alerts")
    actions = None
    readonly_fields = ("state", "opened_at", "contained_at", "closed_at")
    fields = (
        *("title", "severity", *readonly_fields, "participants", "alerts", "events", "affected"),
        *Incident.POST_MORTEM,
    )

    class Media:
        css = {"all": ["bulwark_auditlog/admin.css"]}

    def get_urls(self) -> list[URLPattern]:
        step = require_POST(self.admin_site.admin_view(self._step))
        return [path("<int:pk>/step/<str:step>/", step, name="bulwark_auditlog_incident_step"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Incident, form: Any, change: bool) -> None:
        if change:  # only what was typed: a step that somebody else has taken meanwhile stays taken
            typed = {field.name for field in obj._meta.concrete_fields} & set(form.cleaned_data)  # noqa: SLF001
            obj.save(update_fields=sorted(typed))
        else:
            super().save_model(request, obj, form, change)
        event = "auditlog.incident_noted" if change else "auditlog.incident_opened"
        text = ", ".join(form.changed_data) if change else obj.title
        obj.entries.create(actor=request.user.get_username(), text=f"{'changed' if change else 'opened'}: {text}")
        data = {"incident": obj.pk, "text": text[:200], "by": "admin"}
        record(event, request=request, target=obj, data=data)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        incident = kwargs.get("obj")
        if isinstance(incident, Incident):
            context["entries"] = list(incident.entries.order_by("ts", "pk"))
            context["linked"] = list(shown(request, _listed(incident))[:100])
            context["notices"] = list(incident.notices.order_by("pk"))
        return super().render_change_form(request, context, *args, **kwargs)

    def _step(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Take one step, in the name of who asks for it."""
        incident = get_object_or_404(Incident, pk=pk)
        if not self.has_change_permission(request, incident):
            raise PermissionDenied
        by, text = request.user.get_username(), request.POST.get("text", "")
        try:
            if step == "close":
                running.close(incident, {}, by=by)
            elif step in {"note", "contain"}:
                {"note": running.note, "contain": running.contain}[step](incident, text, by=by)
            elif step == "draft":
                running.draft_notice(incident, by=by)
            elif step == "send" and not allows(request):
                self.message_user(request, AGAIN, messages.ERROR)
            elif step == "send":
                running.send_notice(running.waiting_notice(incident), confirmation=text, by=by)
            else:
                self.message_user(request, _("There is no such step."), messages.ERROR)
        except running.IncidentStepRefused as error:
            self.message_user(request, str(error), messages.ERROR)
        return redirect("admin:bulwark_auditlog_incident_change", pk)

    def has_delete_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Incident | None = None) -> bool:
        is_live = obj is None or obj.closed_at is None
        return is_live and super().has_change_permission(request, obj)


def _listed(incident: Incident) -> list[UUID]:
    """Return the ids of its events; people type the field, as JSON."""
    return well_formed(incident.events) if isinstance(incident.events, list) else []
