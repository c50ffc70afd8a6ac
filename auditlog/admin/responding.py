"""The page on which people act on an alert or an event, and the list of what was done."""

# ruff: noqa: ARG002 - the names of the arguments are Django's

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from ..identifiers import well_formed
from ..models import Alert, Response
from ..response.actions import PERMISSION, ResponseRefused, Subject, allows, offered, respond, undo
from .events import shown

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Response]
else:
    _Admin = admin.ModelAdmin

TIMES = ((3600, _("1 hour")), (86_400, _("1 day")), (604_800, _("1 week")), (0, _("until it is undone")))
AGAIN = _(
    "This needs the permission to respond, and a login that is not long ago. Log out, log in again, and come back."
)
ON = _("The id of an account, session or tenant, a network, a route. Empty for what concerns everybody.")


class ResponseForm(forms.Form):
    """One action, on whom, for how long, and why."""

    action = forms.ChoiceField(label=_("Action"))
    subject = forms.CharField(label=_("On"), max_length=254, required=False, help_text=ON)
    seconds = forms.TypedChoiceField(
        label=_("For"), choices=TIMES, coerce=int, help_text=_("Counts for what lasts: blocks, locks, disabled routes.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(action.name, action.label) for action in offered().values()]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]


class ResponseAdmin(_Admin):
    change_form_template = "bulwark_auditlog/response.html"
    list_display = ("action", "subject", "reason", "by", "is_automatic", "done_at", "ends_at", "undone_at")
    list_filter = ("action", "is_automatic")
    search_fields = ("subject", "reason", "by")
    ordering = ("-done_at", "-pk")
    actions = None
    fields = readonly_fields = (*list_display[:-1], "alert", "undone_at", "undone_by")

    class Media:
        css = {"all": ["bulwark_auditlog/admin.css"]}

    def get_urls(self) -> list[URLPattern]:
        ask = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(self._respond))
        back = require_POST(self.admin_site.admin_view(self._undo))
        return [
            path("respond/", ask, name="bulwark_auditlog_respond"),
            path("<int:pk>/undo/", back, name="bulwark_auditlog_undo"),
            *super().get_urls(),
        ]

    def _respond(self, request: HttpRequest) -> HttpResponse:
        """Show the form, filled in from an alert or an event, and act."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        alert = _alert(request.GET.get("alert", ""))
        if not allows(request):
            self.message_user(request, AGAIN, messages.WARNING)
        form = ResponseForm(request.POST if request.method == "POST" else None, initial=_first(request, alert))
        if form.is_valid() and self._acted(request, form, alert):
            return redirect("admin:bulwark_auditlog_response_changelist")
        context = {**self.admin_site.each_context(request), "title": _("Respond"), "opts": self.opts}
        context |= {"form": form, "alert": alert, "subjects": _subjects(request, alert)}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "bulwark_auditlog/respond.html", context)

    def _acted(self, request: HttpRequest, form: ResponseForm, alert: Alert | None) -> bool:
        given = form.cleaned_data
        action = offered()[given["action"]]
        try:
            respond(
                action.name,
                given["subject"] if action.subject else "",
                seconds=given["seconds"] if action.lasts else 0,
                reason=given["reason"],
                request=request,
                alert=alert,
            )
        except ResponseRefused as error:
            form.add_error(None, str(error))
            return False
        except PermissionDenied:
            form.add_error(None, AGAIN)
            return False
        self.message_user(request, _("Done: %(what)s.") % {"what": action.label}, messages.SUCCESS)
        return True

    def _undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        response = get_object_or_404(Response, pk=pk)
        try:
            undo(response, reason=request.POST.get("reason", ""), request=request)
        except (ResponseRefused, PermissionDenied) as error:
            self.message_user(request, str(error), messages.ERROR)
        return redirect("admin:bulwark_auditlog_response_change", pk)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        response = kwargs.get("obj")
        if isinstance(response, Response):
            action = offered().get(response.action)
            context["can_undo"] = bool(action and action.can_be_undone and response.undone_at is None)
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Response | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Response | None = None) -> bool:
        return False


def _alert(text: str) -> Alert | None:
    return Alert.objects.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 18 else None


def _first(request: HttpRequest, alert: Alert | None) -> dict[str, Any]:
    """Return what the form begins with: what the address of the page names, else what fits the alert."""
    action = request.GET.get("action", "")
    subject = request.GET.get("subject", "")
    if alert is not None and not subject:
        action, subject = action or _fitting(alert.key), alert.key
    return {"action": action, "subject": subject, "seconds": 3600}


def _fitting(key: str) -> str:
    is_address = "@" not in key and ("." in key or ":" in key)
    return "block_network" if is_address else "end_user_sessions"


def _subjects(request: HttpRequest, alert: Alert | None) -> list[tuple[str, str, str]]:
    """Return what the evidence names that can be acted on: kind, value, and what an account is called."""
    evidence = alert.evidence if alert else [request.GET.get("event", "")]
    found: dict[tuple[str, str], str] = {}
    for event in shown(request, well_formed(evidence)):
        named = {
            Subject.NETWORK: event.src_ip,
            Subject.ACCOUNT: event.actor_id,
            Subject.SESSION: event.session,
            Subject.TENANT: event.tenant,
        }
        names = {Subject.ACCOUNT: event.actor_label}
        found |= {(str(kind), str(value)): names.get(kind, "") for kind, value in named.items() if value}
    return sorted((kind, value, name) for (kind, value), name in found.items())
