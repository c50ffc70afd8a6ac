"""Alerts in the admin: taken on, annotated, closed, and answered."""

# ruff: noqa: ARG002 - the names of the arguments are Django's

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from ..alerts.raising import acknowledge, add_note, close
from ..detection.findings import OVERALL
from ..detection.rules import BY_NAME, RULES
from ..models import Alert, RuleSetting, Silence
from ..recording import record
from .events import shown

if TYPE_CHECKING:
    _AlertAdmin = admin.ModelAdmin[Alert]
    _RuleSettingAdmin = admin.ModelAdmin[RuleSetting]
    _RuleSettingForm = forms.ModelForm[RuleSetting]
    _SilenceAdmin = admin.ModelAdmin[Silence]
else:
    _RuleSettingForm = forms.ModelForm
    _AlertAdmin = _RuleSettingAdmin = _SilenceAdmin = admin.ModelAdmin

LACKING = {
    "limit": _("This rule has no limit: it does not count."),
    "window": _("This rule has no window: it looks at each event by itself."),
}
UNTUNED = _("Empty: as the rule, or the setting RULES, has it.")
STEPS: dict[str, Callable[..., None]] = {"acknowledge": acknowledge, "note": add_note, "close": close}


@admin.display(description=_("Severity"), ordering="severity")
def severity(alert: Alert) -> SafeString:
    return format_html(
        '<span class="audit-badge audit-severity-{}">{}</span>', alert.severity, alert.get_severity_display()
    )


class AlertAdmin(_AlertAdmin):
    change_form_template = "bulwark_auditlog/alert.html"
    list_display = ("summary", severity, "state", "owner", "count", "last_ts")
    list_filter = ("state", "severity", "rule", "is_silenced")
    list_select_related = ("owner",)
    search_fields = ("key", "summary")
    ordering = ("-last_ts", "-pk")
    actions = None
    fields: ClassVar[Any] = (
        *("summary", severity, "state", "owner", "rule", "key", "count", "first_ts", "last_ts", "raised_at"),
        "is_silenced",
    )
    readonly_fields = fields

    class Media:
        css = {"all": ["bulwark_auditlog/admin.css"]}

    def get_urls(self) -> list[URLPattern]:
        step = require_POST(self.admin_site.admin_view(self._step))
        return [path("<int:pk>/step/<str:step>/", step, name="bulwark_auditlog_alert_step"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        alert = kwargs.get("obj")
        if isinstance(alert, Alert):
            context["rule"] = BY_NAME.get(alert.rule)
            context["events"] = list(shown(request, alert.evidence))
            context["steps"] = list(alert.steps.order_by("ts", "pk"))
            context["responses"] = list(alert.responses.order_by("done_at"))
            context["deliveries"] = list(alert.deliveries.order_by("pk"))
            is_about_one = alert.key not in {"", OVERALL}
            context["about"] = urlencode({"q": alert.key, "period": "all"}) if is_about_one else ""
            context["respond_url"] = f"{reverse('admin:bulwark_auditlog_respond')}?alert={alert.pk}"
        return super().render_change_form(request, context, *args, **kwargs)

    def _step(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Move an alert on, in the name of who asks for it."""
        alert = get_object_or_404(Alert, pk=pk)
        if not self.has_change_permission(request, alert):
            raise PermissionDenied
        note = request.POST.get("note", "").strip()[:300]
        if step not in STEPS or (not note and step != "acknowledge"):
            self.message_user(request, _("Say in a few words what you found or did."), messages.ERROR)
        else:
            STEPS[step](alert, by=request.user, note=note)
        return redirect("admin:bulwark_auditlog_alert_change", pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False


class SilenceAdmin(_SilenceAdmin):
    list_display = ("__str__", "starts_at", "ends_at", "reason", "by")

    def save_model(self, request: HttpRequest, obj: Silence, form: Any, change: bool) -> None:
        obj.by = request.user.get_username()
        super().save_model(request, obj, form, change)
        data = {"rule": obj.rule, "key": obj.key, "ends_at": obj.ends_at.isoformat(), "reason": obj.reason}
        record("auditlog.silence_set", request=request, target=obj, data=data)

    def delete_model(self, request: HttpRequest, obj: Silence) -> None:
        record("auditlog.silence_lifted", request=request, target=obj, data={"rule": obj.rule, "key": obj.key})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for silence in queryset:
            self.delete_model(request, silence)


class RuleSettingForm(_RuleSettingForm):
    """Takes what the rule asks for: what it does not would be kept, and do nothing."""

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        rule = BY_NAME.get(given.get("rule", self.instance.rule))
        for name, lacking in LACKING.items():
            value = given.get(name)
            if value == 0:
                self.add_error(name, _("This is 1 at least."))
            elif value and rule and name not in rule.detector.TUNED_BY:
                self.add_error(name, lacking)
        return given


class RuleSettingAdmin(_RuleSettingAdmin):
    """What people set for a rule; each change is an event that says what it was before."""

    form = RuleSettingForm
    list_display = ("rule", "is_enabled", "severity", "limit", "window")
    TUNED = ("is_enabled", "severity", "limit", "window")

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "rule":
            return forms.ChoiceField(choices=[(rule.name, f"{rule.name}: {rule.title}") for rule in RULES])
        if db_field.name in ("severity", "limit", "window"):
            kwargs["help_text"] = " ".join(str(text) for text in (db_field.help_text, UNTUNED) if text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: RuleSetting | None = None) -> tuple[str, ...]:
        return ("rule",) if obj else ()

    def save_model(self, request: HttpRequest, obj: RuleSetting, form: Any, change: bool) -> None:
        before = RuleSetting.objects.filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        self._tell(request, obj, before, obj)

    def delete_model(self, request: HttpRequest, obj: RuleSetting) -> None:
        self._tell(request, obj, obj, None)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for setting in queryset:
            self.delete_model(request, setting)

    def _tell(
        self, request: HttpRequest, about: RuleSetting, before: RuleSetting | None, after: RuleSetting | None
    ) -> None:
        values = {name: (getattr(before, name, None), getattr(after, name, None)) for name in self.TUNED}
        changes = {name: {"before": old, "after": new} for name, (old, new) in values.items() if old != new}
        record("auditlog.rule_tuned", request=request, target=about, changes=changes, data={"rule": about.rule})
