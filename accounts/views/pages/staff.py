"""The admin's login, by way of the login page."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from .base import PageView
from .login import going_to, next_url
from .reauthenticate import to_second_factor


class StaffLoginPage(PageView):
    """Stands in front of the admin at `admin/login/`, and sends browsers to `account/login` and on to the admin.

    So staff log in as everybody does: with the challenge after failed guesses, passkeys, the second factor and accounts
    elsewhere, none of which the admin's own form can ask for. Who is logged in and may not use the admin is told so: a
    login page that comes back without a word looks broken.
    """

    template_name = "bulwark_accounts/not_staff.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        going_to(request, next_url(request) or reverse("admin:index"))
        if (elsewhere := to_second_factor(request)) is not None:
            return elsewhere
        if not request.user.is_authenticated:
            query = urlencode({"next": next_url(request)})
            return HttpResponseRedirect(f"{reverse('bulwark_accounts_site:login')}?{query}")
        if admin.site.has_permission(request):
            return HttpResponseRedirect(next_url(request))
        return self.page(403)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Check nothing that is sent: an old form, kept open, is answered with the page that asks."""
        return self.get(request)
