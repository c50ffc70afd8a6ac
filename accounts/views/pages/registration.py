"""The pages before there is a login: an account, its link once more, a forgotten password."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from edge.ratelimit import ratelimit

from ... import passwords, registration
from ...conf import conf
from ...forms import AddressForm, ForgotForm, PageForm, RegisterForm
from ...guessing import challenge_path
from ...guessing.challenges import ChallengeRequired
from .base import ChallengedPage, FormPage
from .login import to_login


class RegisterPage(FormPage):
    """Makes an account. What comes next looks the same for a known address."""

    template_name = "bulwark_accounts/register.html"
    form_class = RegisterForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not conf.registration_open:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    @ratelimit("register")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:
        data = form.cleaned_data
        registration.register(data["email"], data["password"], name=data["name"], request=self.request)
        return to_login("sent")


class ResendPage(FormPage):
    """Mails the link that confirms an address once more."""

    template_name = "bulwark_accounts/resend.html"
    form_class = AddressForm

    @ratelimit("email")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:
        registration.resend(form.cleaned_data["email"], request=self.request)
        return to_login("sent")


class ForgotPage(ChallengedPage):
    """Mails a link that sets a password."""

    template_name = "bulwark_accounts/forgot.html"
    form_class = ForgotForm

    @ratelimit("password_reset")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:
        data = form.cleaned_data
        try:
            passwords.request_reset(data["email"], request=self.request, solution=data["challenge"])
        except ChallengeRequired:
            self.challenge_url = challenge_path()
            form.add_error(None, "There were many requests. Wait for the check of your browser, then try again.")
            return None
        return to_login("reset-sent")
