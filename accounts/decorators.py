"""Step-up for pages: `@recent_login_required(minutes=10)`, `@assurance_required(level=2)`; `@recent_login_to_act`.

For views of REST framework there are the permission classes in `mfa.permissions`.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from edge.problems import answer_to

from .mfa import assurance
from .views.pages.reauthenticate import to_reauthentication

View = Callable[..., HttpResponseBase]
Action = Callable[..., HttpResponseBase | None]


def recent_login_required(*, minutes: float) -> Callable[[View], View]:
    """Ask for credentials that were shown at most so many minutes ago.

    This function sends who is not logged in to the login page, and who is to where the credentials are shown again;
    both lead back. A request that is no GET gets 401 with the challenge of RFC 9470: a redirect would lose its form.
    """
    return _stepping_up(window=timedelta(minutes=minutes))


def assurance_required(*, level: int) -> Callable[[View], View]:
    """Ask for a session in which so many factors were shown; otherwise as `recent_login_required`.

    :param level: 1 or 2.
    """
    return _stepping_up(level_needed=level)


def recent_login_to_act(act: Action) -> Action:
    """Ask for a login within `RECENT_LOGIN`, as for one's own credentials, before an action of the Django admin.

    This function leads others to where the credentials are shown again, and from there back to the list.
    """

    @wraps(act)
    def guarded(of: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        if not assurance.may_act(request):
            return to_reauthentication(request.get_full_path())
        return act(of, request, queryset)

    return guarded


def _stepping_up(**needed: Any) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                assurance.require(request, **needed)
            except assurance.StepUpNeeded as missing:
                return _answer(request, missing)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def _answer(request: HttpRequest, missing: assurance.StepUpNeeded) -> HttpResponseBase:
    if request.method != "GET":
        return answer_to(request, missing)
    if assurance.family_of(request) is None:
        return redirect_to_login(request.get_full_path(), reverse("bulwark_accounts_site:login"))
    return to_reauthentication(request.get_full_path())
