"""The pages about one's own account: password, address, devices, and its end."""

from typing import Any
from uuid import UUID

from django.contrib.auth import logout, update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from edge.ratelimit import ratelimit

from ... import deletion, email_change, passwords, people
from ...forms import AddressForm, DeletionForm, PageForm, PasswordForm
from ...logout import end_one, end_others
from ...mfa import assurance, holdings
from ...models import TokenFamily
from ...social.providers import offered
from .base import FormPage
from .factors import FactorPage, OwnPage
from .login import to_login
from .reauthenticate import to_reauthentication

#: What the overview says on arrival, by the word in its address.
NOTICES = {
    "email-sent": "If the address can be used, a message is on its way to it. Open the link in it to confirm it.",
    "password": "The password is changed, and every other device is logged out.",
}
#: What the list of devices says.
SESSIONS_NOTICES = {"ended": "It is logged out.", "others": "Every other device is logged out."}


class SecurityPage(OwnPage):
    """Shows what keeps the account safe, and where to change it."""

    template_name = "bulwark_accounts/security.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        user = self.family.user
        return self.page(
            notice=NOTICES.get(request.GET.get("done", ""), ""),
            email=people.email_of(user),
            has_second_factor=holdings.is_enrolled(user),
            providers=offered(),
            sessions=TokenFamily.objects.of(user).live(timezone.now()).count(),
        )


class PasswordPage(OwnPage, FormPage):
    """Changes the password; with the second factor of who has one."""

    template_name = "bulwark_accounts/password.html"
    form_class = PasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            assurance.require_second_factor(request)
        except assurance.StepUpNeeded:
            return to_reauthentication(request.path)
        return super().dispatch(request, *args, **kwargs)

    @ratelimit("password_change")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:
        data, user = form.cleaned_data, self.family.user
        current, new = data["current_password"], data["new_password"]
        try:
            passwords.change_password(self.family, current=current, new=new, request=self.request, now=timezone.now())
        except passwords.PasswordWrong:
            form.add_error("current_password", "This is not your password.")
            return None
        except ValidationError as error:
            form.add_error("new_password", error)
            return None
        update_session_auth_hash(self.request, user)  # and a new key for Django's session
        return HttpResponseRedirect(f"{reverse('bulwark_accounts_site:security')}?done=password")


class EmailPage(FactorPage, FormPage):
    """Asks for another address."""

    template_name = "bulwark_accounts/email.html"
    form_class = AddressForm

    def page(self, status: int = 200, **context: Any) -> HttpResponse:
        return super().page(status, email=people.email_of(self.family.user), **context)

    @ratelimit("email")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:
        email_change.request_change(self.family.user, form.cleaned_data["email"], request=self.request)
        return HttpResponseRedirect(f"{reverse('bulwark_accounts_site:security')}?done=email-sent")


class SessionsPage(OwnPage):
    """Lists the devices that are logged in, and logs them out."""

    template_name = "bulwark_accounts/sessions.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        found = TokenFamily.objects.of(self.family.user).live(timezone.now()).order_by("-rotated_at", "-pk")
        notice = SESSIONS_NOTICES.get(request.GET.get("done", ""), "")
        return self.page(notice=notice, sessions=found, current=self.family)

    @ratelimit("account")
    def post(self, request: HttpRequest) -> HttpResponse:
        session_id = _uuid(request.POST.get("end", ""))
        if session_id == self.family.pk and "others" not in request.POST:
            return HttpResponseRedirect(reverse("bulwark_accounts_site:logout"))
        if not assurance.may_change(self.family, now=timezone.now()):
            return to_reauthentication(request.path)
        if "others" in request.POST:
            end_others(self.family, request=request, now=timezone.now())
            return self._back("others")
        if session_id is None or not end_one(self.family, session_id, request=request, now=timezone.now()):
            raise Http404
        return self._back("ended")

    def _back(self, notice: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('bulwark_accounts_site:sessions')}?done={notice}")


class DeletePage(FactorPage, FormPage):
    """Deletes the account."""

    template_name = "bulwark_accounts/delete.html"
    form_class = DeletionForm

    @ratelimit("account")
    def post(self, request: HttpRequest) -> HttpResponse:
        return super().post(request)

    def done(self, form: PageForm) -> HttpResponse | None:  # noqa: ARG002 - agreed to, or it would not be valid
        deletion.delete_account(self.family.user, request=self.request, now=timezone.now())
        logout(self.request)
        response = to_login("deleted")
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
