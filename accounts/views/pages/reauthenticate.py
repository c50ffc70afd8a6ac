"""The page that asks for the credentials again, and the way to where a second factor is shown or added."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from edge.ratelimit import ratelimit

from ... import browser_sessions
from ...first_factor import LoginRefused
from ...forms import PageForm, PasskeyForm, ReauthenticateForm
from ...guessing import challenge_path
from ...guessing.challenges import ChallengeRequired
from ...mfa import holdings, passkeys, requirement
from ...mfa.proofs import Method
from ...mfa.reauthentication import FactorMissing, reauthenticate
from ...models import TokenFamily
from .base import ChallengedPage
from .factors import OwnPage, to_reauthentication, to_what_is_due
from .login import next_url, to_second_step
from .second_step import WRONG_PASSKEY, proof_of

__all__ = ["ReauthenticatePage", "to_reauthentication", "to_second_factor"]

CHALLENGED = "There were many failed tries. Wait for the check of your browser, then confirm again."
WRONG = "That is not right, or the code was used before."


class ReauthenticatePage(OwnPage, ChallengedPage):
    """Asks for the credentials again, and leads back."""

    serves_mfa_due = True
    template_name = "bulwark_accounts/reauthenticate.html"

    def make_form(self, data: Any = None) -> PageForm:
        if data and "credential" in data:
            return PasskeyForm(data)
        return ReauthenticateForm(data, has_codes=holdings.is_enrolled(self.family.user))

    def shown(self, form: PageForm, status: int = 200) -> HttpResponse:
        faults, user = form.non_field_errors(), self.family.user
        if isinstance(form, PasskeyForm):
            form = self.make_form()
        form.focus()
        has_passkey = Method.PASSKEY in holdings.methods_of(user)
        ceremony = passkeys.begin_assertion(user, request=self.request) if has_passkey else None
        return self.page(status, form=form, faults=faults, ceremony=ceremony, next=next_url(self.request))

    @ratelimit("mfa")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:
        data = form.cleaned_data
        try:
            outcome = self._shown(data)
        except ChallengeRequired:
            form.add_error(None, CHALLENGED)
            self.challenge_url = challenge_path()
            return None
        if isinstance(outcome, LoginRefused | FactorMissing):
            form.add_error(None, WRONG_PASSKEY if "credential" in data else WRONG)
            self.challenge_url = challenge_path() if data.get("challenge") else ""  # the next try needs another one
            return None
        self.request.session.cycle_key()  # a cookie copied before gains nothing from it (ASVS 5.0, V7.2.4)
        return HttpResponseRedirect(next_url(self.request) or reverse("bulwark_accounts_site:mfa"))

    def _shown(self, data: dict[str, Any]) -> TokenFamily | LoginRefused | FactorMissing:
        """Return what comes of the credentials of a valid form.

        :raises Problem: no guess is left; or a challenge has to be solved first.
        """
        outcome = reauthenticate(
            self.family,
            data.get("password", ""),
            proof_of(data) if "credential" in data or "code" in data else None,
            request=self.request,
            now=timezone.now(),
            solution=data.get("challenge", ""),
            can_challenge=bool(challenge_path()),
        )
        if isinstance(outcome, LoginRefused) and outcome.exhausted is not None:
            raise outcome.exhausted.problem()
        return outcome


def to_second_factor(request: HttpRequest) -> HttpResponse | None:
    """Return the way to the second factor: for a login that waits for it, or a session whose user's role asks for one.

    None where nothing of the kind is due.
    """
    if browser_sessions.second_step_of(request) is not None:
        return to_second_step(request)
    family = browser_sessions.family_of(request)
    if family is None or not requirement.is_due(family.user, family):
        return None
    return to_what_is_due(family, next_url(request))
