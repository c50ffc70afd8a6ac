"""The routes: off to a provider, and back."""

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from edge.problems import Problem
from edge.ratelimit import ratelimit

from .. import sessions, signals
from ..browser_sessions import family_of
from ..login import pseudonym
from ..mfa import assurance
from ..redirects import local_path
from ..views.pages.login import going_to, logged_in
from .linking import Identity, SocialFault, SocialRefused, link, unlink, user_of
from .providers import Provider, configured, offered

logger = logging.getLogger(__name__)
#: The views for the way back: allauth's, but for what of Apple's and OpenID Connect's answers counts, and how long that
#: of Apple is kept.
_CALLBACKS = {
    "apple": f"{__package__}.apple.receive",
    "apple_finish": f"{__package__}.apple.finish",
    "github": "allauth.socialaccount.providers.github.views.oauth2_callback",
    "google": "allauth.socialaccount.providers.google.views.oauth2_callback",
    "openid_connect": f"{__package__}.openid.callback",
}


@require_POST
@never_cache
@csrf_protect
@ratelimit("login")
def begin(request: HttpRequest, provider: str) -> HttpResponse:
    """Send the browser to a provider: to sign in or, with `link`, to link its account with the user's.

    Only a form of ours starts this (ASVS 5.0, V10.2.1), and the answer counts in this browser alone.
    """
    from allauth.socialaccount.adapter import get_adapter
    from requests import RequestException

    from .openid import asked_for

    chosen = _chosen(provider)
    next_url = local_path(request.POST.get("next", ""))
    is_link = request.POST.get("link") == "1"
    if is_link and not _may_change(request):
        return refusal(request, SocialFault.NOT_RECENT, next_url=resolve_url("bulwark_accounts_social:accounts"))
    try:
        found = get_adapter(request).get_provider(request, provider=chosen.id)
        process = "connect" if is_link else "login"
        away = found.redirect(request, process=process, next_url=next_url or None, **asked_for(found))
    except (RequestException, KeyError):  # it does not answer, or not with what OpenID Connect Discovery asks for
        return refusal(request, SocialFault.FAILED, next_url=next_url)
    # By a page: `form-action 'self'` holds for every redirect that follows a form.
    page = {"name": chosen.name, "address": away["Location"]}
    return render(request, "bulwark_accounts/social_away.html", page)


@transaction.non_atomic_requests
@ratelimit("account")
def callback(request: HttpRequest, kind: str, **arguments: str) -> HttpResponse:
    """Take a provider's answer, which allauth checks: its state, its code, its tokens."""
    if kind.partition("_finish")[0] not in configured():
        raise Http404
    try:
        response: HttpResponse = import_string(_CALLBACKS[kind])(request, **arguments)
    except (Problem, Http404):
        raise
    except Exception:  # what a provider answers can break allauth in any way
        logger.exception("A provider's answer could not be read.")
        return refusal(request, SocialFault.FAILED)
    return response


#: Apple answers with a form from its own origin; the state in it counts.
callback_by_form = csrf_exempt(callback)


@require_POST
@never_cache
@csrf_protect
@ratelimit("account")
def end_link(request: HttpRequest, provider: str) -> HttpResponse:
    """Let an account elsewhere sign the user in no more, unless nothing else would."""
    here, family = resolve_url("bulwark_accounts_social:accounts"), family_of(request)
    if family is None or not _may_change(request):
        return refusal(request, SocialFault.NOT_RECENT, next_url=here)
    is_done = unlink(family.user, provider, request=request)
    return HttpResponseRedirect(here if is_done else f"{here}?done=last")


@require_safe
@never_cache
@ratelimit("account")
def accounts(request: HttpRequest) -> HttpResponse:
    """Show which accounts elsewhere sign the user in, and let more be linked."""
    from allauth.socialaccount.models import SocialAccount

    family = family_of(request)
    if family is None:
        return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.path})}")
    linked = set(SocialAccount.objects.filter(user_id=family.user_id).values_list("provider", flat=True))
    names = {each.id: each.name for each in offered()}
    context = {
        "linked": [(id_, names.get(id_, id_)) for id_ in sorted(linked)],  # of a provider that is gone as well
        "others": [each for each in offered() if each.id not in linked],
        "is_last": request.GET.get("done") == "last",
    }
    return render(request, "bulwark_accounts/social_accounts.html", context)


def answer(request: HttpRequest, identity: Identity, *, state: dict[str, Any]) -> HttpResponse:
    """Return what a provider's word comes to: a session, a link, or a refusal.

    :param state: what `begin` has noted in this browser's session.
    """
    next_url, now = local_path(state.get("next") or ""), timezone.now()
    try:
        if state.get("process") == "connect":
            return _linked(request, identity)
        user = user_of(identity, request=request, now=now)
    except SocialRefused as refused:
        return refusal(request, refused.fault, user=refused.user, email=identity.email, next_url=next_url)
    going_to(request, next_url)
    return logged_in(request, user, amr=["fed"])


def _linked(request: HttpRequest, identity: Identity) -> HttpResponse:
    family = family_of(request)
    if family is None or not _may_change(request):
        raise SocialRefused(SocialFault.NOT_RECENT)
    try:
        with sessions.alone_in(family):
            link(family.user, identity, request=request)
    except sessions.SessionOver:  # while the provider was asked
        raise SocialRefused(SocialFault.NOT_RECENT) from None
    return HttpResponseRedirect(resolve_url("bulwark_accounts_social:accounts"))


def _may_change(request: HttpRequest) -> bool:
    """Say whether the login is as fresh and as strong as a change of credentials needs: a link is one."""
    family = family_of(request)
    return family is not None and assurance.may_change(family, now=timezone.now())


def refusal(
    request: HttpRequest,
    fault: SocialFault,
    *,
    user: AbstractBaseUser | None = None,
    email: str = "",
    next_url: str = "",
) -> HttpResponse:
    """Send the browser to the login page, which says what to do, and tell of the refusal."""
    signals.login_failed.send_robust(
        sender=get_user_model(),
        request=request,
        user=user,
        target=None,
        outcome="refused",
        data={"reason": fault, "identifier": pseudonym(email)},
    )
    query = {"done": fault, **({"next": next_url} if next_url else {})}
    return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode(query)}")


def _chosen(id_: str) -> Provider:
    found = next((each for each in offered() if each.id == id_), None)
    if found is None:
        raise Http404
    return found
