"""Whether users have to agree before an app acts for them: with those that are not the operator's own (ASVS V10.7.1).

What a user agreed to is the app's session, so there is nothing else to keep: while one is alive its user is not asked
again, and whoever logs it out on the list of devices has withdrawn it (V10.7.3). Where the answer goes to an address
that any app on the device can claim, nothing says who asks, and the user is asked each time (RFC 8252, section 8.6).
"""

from datetime import datetime
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from ..conf import conf
from ..models import TokenFamily
from .authorization import AuthorizationRequest

ALLOW = "allow"


def is_due(wanted: AuthorizationRequest, session: TokenFamily, *, now: datetime) -> bool:
    """Say whether the user of a browser's session has to agree to what an app asks for."""
    client = wanted.client
    if client.is_first_party:
        return False
    is_assured = urlsplit(wanted.redirect_uri).scheme == "https"
    agreed = TokenFamily.objects.of(session.user).live(now).filter(client=client.client_id)
    return not (is_assured and agreed.exists())


def consent_page(
    request: HttpRequest, wanted: AuthorizationRequest, session: TokenFamily, *, now: datetime
) -> HttpResponse:
    """Ask the user; the answer comes to the route `account/consent`, with the same parameters."""
    context = {
        "action": f"{reverse('bulwark_accounts_site:consent')}?{request.GET.urlencode()}",
        "client": wanted.client,
        "ends_at": now + conf.session_lifetime,
        "target": wanted.redirect_uri,
        "owner": session.user,
    }
    response = render(request, "bulwark_accounts/consent.html", context)
    response["Cache-Control"] = "no-store"
    return response
