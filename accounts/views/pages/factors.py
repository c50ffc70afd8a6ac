"""The pages about one's second factors."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from edge.ratelimit import ratelimit

from ... import browser_sessions
from ...forms import FirstCodeForm, NewPasskeyForm, PageForm
from ...mfa import assurance, enrolment, holdings, passkeys, recovery, requirement, totp
from ...mfa.proofs import FactorRefused
from ...models import Passkey, TokenFamily, TotpDevice
from .base import FormPage, PageView
from .login import next_url

#: What the list says on arrival, by the word in its address.
NOTICES = {
    "app": "The authenticator app is in use.",
    "kept": "Your role needs a second factor. Add another one before you remove this one.",
    "passkey": "The passkey is added.",
    "removed": "It is removed.",
}


class OwnPage(PageView):
    """A page for who is logged in.

    With `serves_mfa_due` it is also for who has yet to show or add the second factor that their role asks for.
    """

    serves_mfa_due = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        family = browser_sessions.family_of(request)
        if family is None:
            back = urlencode({"next": request.get_full_path()})
            return HttpResponseRedirect(f"{reverse('bulwark_accounts_site:login')}?{back}")
        if requirement.is_due(family.user, family) and not self.serves_mfa_due:
            return to_what_is_due(family, request.get_full_path())
        request.user = family.user
        return super().dispatch(request, *args, **kwargs)

    @property
    def family(self) -> TokenFamily:
        """The session that the page is asked for with."""
        family = browser_sessions.family_of(self.request)
        assert family is not None  # noqa: S101 - dispatch has looked; for mypy
        return family


class FactorPage(OwnPage):
    """A page that changes credentials: it asks for a recent login, with the second factor where there is one."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        family = browser_sessions.family_of(request)
        if family is not None and not assurance.may_change(family, now=timezone.now()):
            back = request.get_full_path() if request.method == "GET" else reverse("bulwark_accounts_site:mfa")
            return to_reauthentication(back)
        return super().dispatch(request, *args, **kwargs)


class FactorsPage(OwnPage):
    """Lists the second factors."""

    serves_mfa_due = True
    template_name = "bulwark_accounts/mfa.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        family = self.family
        return self.page(
            notice=NOTICES.get(request.GET.get("done", ""), ""),
            has_totp=TotpDevice.objects.of(family.user).confirmed().exists(),
            passkeys=Passkey.objects.of(family.user).order_by("created_at", "pk"),
            codes_left=recovery.remaining(family.user),
            is_due=requirement.is_due(family.user, family),
            next=next_url(request),
        )


class TotpPage(FactorPage, FormPage):
    """Sets an authenticator app up: a button hands out a seed, its first code takes it into use."""

    serves_mfa_due = True
    template_name = "bulwark_accounts/totp.html"
    form_class = FirstCodeForm

    def shown(self, form: PageForm, status: int = 200) -> HttpResponse:
        form.focus()
        return self.page(status, form=form, enrolment=totp.pending(self.family.user, now=timezone.now()))

    @ratelimit("account")
    def post(self, request: HttpRequest) -> HttpResponse:
        if "begin" in request.POST:
            totp.begin(self.family, now=timezone.now())
            return HttpResponseRedirect(reverse("bulwark_accounts_site:mfa-totp"))
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:
        code = "".join(form.cleaned_data["code"].split())
        try:
            added = enrolment.confirm_totp(self.family, code, request=self.request, now=timezone.now())
        except FactorRefused:
            form.add_error("code", "This is not the code that the app shows now.")
            return None
        return _enrolled(self.request, added, "app")


class PasskeyAddPage(FactorPage, FormPage):
    """Adds a passkey."""

    serves_mfa_due = True
    template_name = "bulwark_accounts/passkey.html"
    form_class = NewPasskeyForm

    def shown(self, form: PageForm, status: int = 200) -> HttpResponse:
        form.focus()
        ceremony = passkeys.begin_registration(self.family.user, request=self.request)
        return self.page(status, form=form, faults=form.non_field_errors(), ceremony=ceremony)

    @ratelimit("account")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:
        data = form.cleaned_data
        try:
            added = enrolment.add_passkey(
                self.family,
                data["credential"],
                data["state"],
                name=data["name"],
                request=self.request,
                now=timezone.now(),
            )
        except FactorRefused:
            form.add_error(None, "This passkey cannot be added. Perhaps it is here already.")
            return None
        return _enrolled(self.request, added, "passkey")


class RemovalPage(FactorPage):
    """Takes a factor away, on the press of a button of the list."""

    serves_mfa_due = True

    @ratelimit("account")
    def post(self, request: HttpRequest, passkey_id: UUID | None = None) -> HttpResponse:
        try:
            if passkey_id is None:
                enrolment.remove_totp(self.family, request=request)
            else:
                enrolment.remove_passkey(self.family, passkey_id, request=request)
        except enrolment.LastFactorNeeded:
            return _to_factors("kept")
        except enrolment.NotFound:
            return _to_factors("")  # pressed twice: it is gone
        return _to_factors("removed")


class RecoveryCodesPage(FactorPage):
    """Makes a new set of recovery codes and shows it, this once."""

    serves_mfa_due = True

    @ratelimit("account")
    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            codes = enrolment.regenerate_codes(self.family, request=request, now=timezone.now())
        except enrolment.NotFound:
            return _to_factors("")
        return _codes_page(request, codes)


def to_reauthentication(back: str) -> HttpResponse:
    """Send the browser to where the credentials are shown again, and from there to the path ``back``."""
    return HttpResponseRedirect(f"{reverse('bulwark_accounts_site:reauthenticate')}?{urlencode({'next': back})}")


def to_what_is_due(family: TokenFamily, back: str) -> HttpResponse:
    """Send the browser to where its user shows the second factor that their role asks for, or adds one."""
    if holdings.is_enrolled(family.user):
        return to_reauthentication(back)
    return HttpResponseRedirect(f"{reverse('bulwark_accounts_site:mfa')}?{urlencode({'next': back})}")


def _enrolled(request: HttpRequest, added: enrolment.Enrolled, word: str) -> HttpResponse:
    """Show recovery codes where there are new ones, else the list of factors."""
    if added.has_raised:
        request.session.cycle_key()  # a cookie copied before gains nothing from it (ASVS 5.0, V7.2.4)
    return _codes_page(request, added.recovery_codes) if added.recovery_codes else _to_factors(word)


def _codes_page(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return render(request, "bulwark_accounts/recovery_codes.html", {"codes": codes})


def _to_factors(word: str) -> HttpResponse:
    query = f"?{urlencode({'done': word})}" if word else ""
    return HttpResponseRedirect(reverse("bulwark_accounts_site:mfa") + query)
