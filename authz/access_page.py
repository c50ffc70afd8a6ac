"""The page of the admin where an administrator asks who may do what: of one row with its grounds, of roles by model."""

# ruff: noqa: SLF001  (`_meta` is Django's documented face of a model)

from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_ipv46_address
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from .environment import FixedEnvironment
from .explaining import Explanation, explain
from .files.loading import refresh
from .inventory import said_of
from .matrix import matrix
from .models import Membership, Tenant
from .policies import Policy
from .principals import principal_for
from .questions import NothingFound, find_row, find_user
from .registry import policies
from .tenants import as_id, default_tenant

_TEXT = {"class": "vTextField", "autocomplete": "off", "spellcheck": "false"}


class AccessForm(forms.Form):
    """A question: may this user do that to this object?"""

    user = forms.CharField(max_length=254, help_text=_("What they log in with, or their key."))
    tenant = forms.ModelChoiceField(
        Tenant.objects.order_by("name", "pk"), required=False, empty_label=_("The user's first")
    )
    model = forms.ChoiceField(label=_("Kind of object"))
    object = forms.CharField(max_length=255, label=_("Key of the object"))
    action = forms.ChoiceField()
    ip = forms.CharField(
        max_length=45,
        required=False,
        label=_("From the address"),
        validators=[validate_ipv46_address],
        help_text=_("Empty: unknown, as in a job."),
    )
    mfa = forms.BooleanField(required=False, label=_("With a second factor"))

    def __init__(self, *args: Any, asker: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asker = asker
        self.known = {policy.model._meta.label: policy for policy in seen_by(asker)}
        actions = sorted({name for policy in self.known.values() for name in policy.rules()[0]})
        for name, values in (("model", self.known), ("action", actions)):
            self.fields[name].choices = [(value, value) for value in values]  # type: ignore[attr-defined]
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput):
                field.widget.attrs.update(_TEXT)

    def clean(self) -> dict[str, Any]:
        """Find the user and the object.

        :raises ValidationError: there is no such one, or the policy has no such action.
        """
        given = super().clean() or {}
        found = {"user": None, "object": None}
        if "user" in given:
            found["user"] = self._found("user", lambda: find_user(given["user"]))
        if "model" in given and "object" in given:
            model = self.known[given["model"]].model
            found["object"] = self._found("object", lambda: find_row(model, given["object"]))
            if given.get("action", "") not in self.known[given["model"]].rules()[0]:
                self.add_error("action", ValidationError(_("The model has no such action."), code="invalid_choice"))
        return given | found

    def _found(self, name: str, find: Any) -> Any:
        try:
            return find()
        except NothingFound as error:
            self.add_error(name, ValidationError(str(error), code="invalid_choice"))
            return None

    def answer(self) -> Explanation:
        """Return the decision with its grounds, as if the user asked now from there."""
        given = self.cleaned_data
        tenant = given["tenant"].pk if given["tenant"] else as_id(default_tenant(given["user"]))
        env = FixedEnvironment(ip=given["ip"], mfa=given["mfa"])
        return explain(principal_for(given["user"], tenant=tenant, env=env), given["action"], given["object"])


def seen_by(asker: Any) -> list[type[Policy]]:
    """Return the policies of the models that the asker may see in the admin: an explanation tells values of rows."""
    return [policy for policy in policies() if asker.has_perm(_permission(policy.model))]


def _permission(model: type[Model]) -> str:
    return f"{model._meta.app_label}.view_{model._meta.model_name}"


@require_safe
def access_view(request: HttpRequest, admin_site: AdminSite) -> HttpResponse:
    """Show the form, its answer, and the matrix of each model."""
    if not request.user.has_perm(_permission(Membership)):
        raise PermissionDenied
    refresh(at_once=True)
    form = AccessForm(request.GET or None, asker=request.user)
    context = {
        **admin_site.each_context(request),
        "title": _("Who may do what"),
        "opts": Membership._meta,
        "form": form,
        "answer": form.answer() if form.is_valid() else None,
        "models": [
            {"label": policy.model._meta.label, "matrix": matrix(policy), "sentences": list(said_of(policy))}
            for policy in seen_by(request.user)
        ],
    }
    return TemplateResponse(request, "bulwark_authz/access.html", context)
