"""The pages that mailed links open. Nothing changes until the button is pressed: mail scanners open links too."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from edge.ratelimit import ratelimit

from ... import email_change, passwords, registration
from ...forms import LinkForm, PageForm, ResetForm
from ...guessing import trust_device
from ...mfa import holdings
from .base import FormPage
from .login import to_login

USED_UP = "The link has been used already, or is too old. Ask for a new one."


class LinkPage(FormPage):
    """Takes the token of a link; what it does is the subclass's."""

    template_name = "bulwark_accounts/link.html"
    form_class: type[PageForm] = LinkForm
    #: What the page says: its heading, what pressing the button does, and the button.
    heading: str
    text: str
    button: str
    #: What the login page says afterwards.
    notice: str

    def page(self, status: int = 200, **context: Any) -> HttpResponse:
        said = {"heading": self.heading, "text": self.text, "button": self.button}
        return super().page(status, **said, **context)

    @ratelimit("email")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:
        try:
            self.use(form.cleaned_data["token"])
        except passwords.LinkUsedUp:
            form.add_error(None, USED_UP)
            return None
        return to_login(self.notice)

    def use(self, token: str) -> None:
        """Do what the link is for.

        :raises LinkUsedUp: it is not valid, or not any more.
        """
        raise NotImplementedError


class VerifyPage(LinkPage):
    """Confirms the address of a new account."""

    heading, button, notice = "Confirm your address", "Confirm this address", "verified"
    text = "You then can log in with it."

    def use(self, token: str) -> None:
        if not registration.verify_email(token, request=self.request, now=timezone.now()):
            raise passwords.LinkUsedUp


class EmailConfirmPage(LinkPage):
    """Confirms the new address of an account."""

    heading, button, notice = "Confirm your new address", "Use this address", "email-changed"
    text = "Your account has it from then on, and every device is logged out."

    def use(self, token: str) -> None:
        email_change.confirm_change(token, request=self.request, now=timezone.now())


class EmailUndoPage(LinkPage):
    """Gives an account its old address back."""

    heading, button, notice = "Take your account back", "Give my account this address back", "email-undone"
    text = "Every device is logged out, the password is void, and a link to set a new one is mailed to this address."

    def use(self, token: str) -> None:
        email_change.undo_change(token, request=self.request, now=timezone.now())


class ResetPage(LinkPage):
    """Sets a password."""

    form_class = ResetForm
    heading, button, notice = "Set a new password", "Set the password", "password-set"
    text = "Every device is logged out."

    @ratelimit("password_reset")
    def post(self, request: HttpRequest) -> HttpResponse:
        return FormPage.post(self, request)

    def done(self, form: PageForm) -> HttpResponse | None:
        data = form.cleaned_data
        try:
            user = passwords.reset_password(
                data["token"], data["new_password"], request=self.request, now=timezone.now()
            )
        except passwords.LinkUsedUp:
            form.add_error(None, USED_UP)
            return None
        except ValidationError as error:
            form.add_error("new_password", error)
            return None
        response = to_login(self.notice)
        if not holdings.is_enrolled(user):  # as in `views.passwords`
            trust_device(response, user)
        return response
