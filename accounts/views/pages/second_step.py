"""The second step of a browser's login, and logging in by passkey."""

import re
from typing import Any

from django.db import router, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from edge.ratelimit import ratelimit

from ... import browser_sessions
from ...first_factor import LoginRefused
from ...forms import LoginForm, PageForm, PasskeyForm, SecondStepForm
from ...guessing import challenge_path
from ...guessing.challenges import ChallengeRequired
from ...mfa import factors, holdings, passkeys, second_step
from ...mfa.proofs import FactorRefused, Method, Proof
from ...mfa.second_step import FirstStep
from ...mfa.sign_in import user_of_passkey
from ...models import TokenFamily
from .base import ChallengedPage, FormPage
from .login import CHALLENGED, LoginPage, logged_in, next_url

WRONG_CODE = "This code is not right, or was used before. The app shows a new one every half minute."
WRONG_PASSKEY = "This passkey was not accepted. Try again."


class SecondStepPage(ChallengedPage):
    """Asks for a code or a passkey, after the password."""

    template_name = "bulwark_accounts/second_step.html"
    form_class = SecondStepForm

    @ratelimit("mfa")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def make_form(self, data: Any = None) -> PageForm:
        return PasskeyForm(data) if data and "credential" in data else SecondStepForm(data)

    def shown(self, form: PageForm, status: int = 200) -> HttpResponse:
        first = browser_sessions.second_step_of(self.request)
        if first is None:
            return to_login(self.request)
        faults = form.non_field_errors()
        if isinstance(form, PasskeyForm):
            form = SecondStepForm()
        form.focus()
        methods = holdings.methods_of(first.user)
        ceremony = passkeys.begin_assertion(first.user, request=self.request) if Method.PASSKEY in methods else None
        context = {"form": form, "faults": faults, "ceremony": ceremony, "has_codes": methods != [Method.PASSKEY]}
        return self.page(status, next=next_url(self.request), **context)

    def done(self, form: PageForm) -> HttpResponse | None:
        first = browser_sessions.second_step_of(self.request)
        if first is None:
            return to_login(self.request)
        proof, solution = proof_of(form.cleaned_data), form.cleaned_data.get("challenge", "")
        try:
            return _finished(self.request, first, proof, solution)
        except FactorRefused:
            form.add_error(None, WRONG_PASSKEY if proof.method is Method.PASSKEY else WRONG_CODE)
            self.challenge_url = challenge_path() if solution else ""  # the next try needs another one
        except ChallengeRequired:
            form.add_error(None, CHALLENGED)
            self.challenge_url = challenge_path()
        return None


class PasskeyLoginPage(FormPage):
    """Takes the passkey that the login page has asked for."""

    form_class = PasskeyForm

    def get(self, request: HttpRequest) -> HttpResponse:
        return to_login(request, "")

    @ratelimit("mfa")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def shown(self, form: PageForm, status: int = 200) -> HttpResponse:  # noqa: ARG002 - the form is on another page
        # No redirect: the limit gives back what a success has spent, and goes by the status.
        page = LoginPage(word="passkey-refused")
        page.setup(self.request)
        return page.shown(LoginForm(), status)

    def done(self, form: PageForm) -> HttpResponse | None:
        proof = proof_of(form.cleaned_data)
        try:
            with transaction.atomic(using=router.db_for_write(TokenFamily)):
                passkey = passkeys.verify(None, proof.credential, proof.state, request=self.request, now=timezone.now())
                user = user_of_passkey(passkey, request=self.request)
                if not isinstance(user, LoginRefused):
                    return logged_in(self.request, user, amr=passkeys.amr_of(passkey))
        except FactorRefused as refused:
            factors.tell_refused(None, Method.PASSKEY, refused, step="login", request=self.request)
        return None


def proof_of(data: dict[str, Any]) -> Proof:
    """Return the factor that a valid form shows: six digits are an app's, anything else is a recovery code."""
    if "credential" in data:
        return Proof(Method.PASSKEY, credential=data["credential"], state=data["state"])
    code = "".join(data["code"].split())
    is_totp = re.fullmatch(r"[0-9]{6}", code) is not None
    return Proof(Method.TOTP if is_totp else Method.RECOVERY_CODE, code=code)


def to_login(request: HttpRequest, word: str = "ran-out") -> HttpResponse:
    """Send the browser back to the login page, which says why."""
    query = {name: value for name, value in {"done": word, "next": next_url(request)}.items() if value}
    return HttpResponseRedirect(f"{reverse('bulwark_accounts_site:login')}?{urlencode(query)}")


def _finished(request: HttpRequest, first: FirstStep, proof: Proof, solution: str) -> HttpResponse:
    can_challenge = bool(challenge_path())
    guess = factors.guess(
        first.user, proof, step="login", request=request, solution=solution, can_challenge=can_challenge
    )
    with guess, transaction.atomic(using=router.db_for_write(TokenFamily)):
        amr = second_step.take(first, proof, request=request, now=timezone.now())
        browser_sessions.forget_second_step(request)
        return logged_in(request, first.user, amr=amr)
