"""Logging a browser in and out."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import urlencode

from edge.ratelimit import ratelimit

from ... import browser_sessions
from ...conf import conf
from ...forms import LoginForm, PageForm
from ...guessing import challenge_path, trust_device
from ...login import LoginFault, LoginRefused, authenticate
from ...mfa import passkeys
from ...redirects import local_path
from ...social.providers import offered
from .base import ChallengedPage, PageView

#: What the page says on arrival, by the word in its address: nobody can make it say anything else.
NOTICES = {
    "deleted": "Your account is deleted.",
    "email-changed": "Your account has the new address. Log in with it.",
    "email-undone": "Your account has its old address again. A link to set a new password is on its way to it.",
    "logged-out": "You are logged out.",
    "passkey-refused": "This passkey was not accepted. Try again, or log in with your password.",
    "password-set": "The password is set, and every session that was open has ended. Log in with it.",
    "ran-out": "The login has run out. Start again.",
    "reset-sent": "If the address has an account, a message is on its way to it.",
    "sent": "If the address can be used, a message is on its way to it. Open the link in it, then log in.",
    "verified": "Your address is confirmed. Log in.",
    # What `social.linking.SocialFault` says.
    "address_taken": "There is an account with your address. Log in to it, then link the two under /account/social/.",
    "inactive": "This account cannot be used. Ask the people who run this service.",
    "linked_to_another": "That account elsewhere signs in somebody else here.",
    "login_not_recent": "Log in again before you link an account elsewhere.",
    "provider_email_not_verified": "The other service has not verified your address. Do that there first.",
    "provider_failed": "The other service did not sign you in. Try again, or log in here.",
    "registration_closed": "There is no account for you here yet, and nobody can register at present.",
}
_GOING_TO = "_bulwark_going_to"
WRONG = "The address or the password is not right."
CHALLENGED = "There were many failed logins. Wait for the check of your browser, then log in again."
UNVERIFIED = "Open the link that was mailed to you first, then log in."


class LoginPage(ChallengedPage):
    """Asks for name and password."""

    template_name = "bulwark_accounts/login.html"
    form_class = LoginForm
    #: What it says, by its word in `NOTICES`; empty for what the address asks it to.
    word = ""

    def page(self, status: int = 200, **context: Any) -> HttpResponse:
        notice = NOTICES.get(self.word or self.request.GET.get("done", ""), "")
        ceremony = passkeys.begin_assertion(None, request=self.request)
        given: dict[str, Any] = {"notice": notice, "next": next_url(self.request), "ceremony": ceremony}
        given |= {"is_open": conf.registration_open, "providers": offered()}
        return super().page(status, **given, **context)

    @ratelimit("login")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:
        data = form.cleaned_data
        solution, where = data["challenge"], challenge_path()
        checked = authenticate(
            data["identifier"], data["password"], request=self.request, solution=solution, can_challenge=bool(where)
        )
        if isinstance(checked, LoginRefused):
            if checked.fault is LoginFault.CHALLENGE or solution:
                self.challenge_url = where  # the next try needs another one
            if checked.fault is LoginFault.CHALLENGE:
                form.add_error(None, CHALLENGED)
                return None
            if checked.exhausted is not None:
                raise checked.exhausted.problem()
            form.add_error(None, UNVERIFIED if checked.fault is LoginFault.UNVERIFIED else WRONG)
            return None
        return logged_in(self.request, checked, amr=["pwd"])


def logged_in(request: HttpRequest, user: AbstractBaseUser, *, amr: Sequence[str]) -> HttpResponse:
    """Log the browser in and send it to where it was going."""
    if browser_sessions.log_in(request, user, amr=amr) is None:
        return to_second_step(request)
    response = HttpResponseRedirect(next_url(request) or resolve_url(settings.LOGIN_REDIRECT_URL))
    trust_device(response, user)
    return response


def to_second_step(request: HttpRequest) -> HttpResponse:
    """Send a browser that has shown its first factor to where it shows the second."""
    query = urlencode({"next": next_url(request)})
    return HttpResponseRedirect(f"{reverse('bulwark_accounts_site:login-mfa')}?{query}")


def going_to(request: HttpRequest, url: str) -> None:
    """Note where the browser was going, for a login that does not have it in its form or address."""
    vars(request)[_GOING_TO] = local_path(url)


def next_url(request: HttpRequest) -> str:
    """Return where the browser was going, if that is a path of this site; else an empty string."""
    noted: str | None = vars(request).get(_GOING_TO)
    if noted is not None:
        return noted
    return local_path(request.POST.get("next") or request.GET.get("next", ""))


def to_login(notice: str) -> HttpResponse:
    """Send the browser to the login page, which says one of `NOTICES`."""
    return HttpResponseRedirect(f"{reverse('bulwark_accounts_site:login')}?done={notice}")


class LogoutPage(PageView):
    """Ends the browser's session, on the press of a button: a link or a picture elsewhere must not."""

    template_name = "bulwark_accounts/logout.html"

    def get(self, _request: HttpRequest) -> HttpResponse:
        return self.page()

    def post(self, request: HttpRequest) -> HttpResponse:
        logout(request)
        response = to_login("logged-out")
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response
