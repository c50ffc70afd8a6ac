"""Links that meet something else, in a process of its own: the suite's own has no allauth.

Run as a module it prints what came of each as JSON.
"""

import json
from typing import Any

from tests.accounts.social.process import prepare


def an_ended_session_links() -> str:
    """Let a session end while its request waits for the provider."""
    from django.test import RequestFactory
    from django.utils import timezone

    from accounts import sessions
    from accounts.login import start_family
    from accounts.social.linking import Identity, SocialRefused, linked_user
    from accounts.social.views import _linked
    from tests.accounts.conftest import make_user

    now, request, identity = timezone.now(), RequestFactory().post("/"), Identity("corp", "1", "", "")
    family = start_family(make_user("alice"), transport="session", amr=["pwd"], request=request, now=now)
    vars(request)["_bulwark_family"] = family  # as it was looked up when the request came
    sessions.end(family, now=now, reason="revoked")
    try:
        _linked(request, identity)
    except SocialRefused as refused:
        return f"{refused.fault}, {linked_user(identity)}"
    return f"linked, {linked_user(identity)}"


def the_last_way_in_is_ended() -> bool:
    """End a link when the password that would be left was taken away meanwhile."""
    from django.test import RequestFactory

    from accounts.models import User
    from accounts.social.linking import Identity, link, unlink
    from tests.accounts.conftest import make_user

    bob, request = make_user("bob"), RequestFactory().post("/")
    link(bob, Identity("corp", "2", "", ""), request=request)
    User.objects.filter(pk=bob.pk).update(password="!")
    return unlink(bob, "corp", request=request)


def two_first_sign_ins(uid: str, statement: str) -> str:
    """Let the second be done when the first is about to send ``statement``."""
    from django.test import RequestFactory
    from django.utils import timezone

    from accounts.social.linking import Identity, SocialRefused, user_of
    from tests.accounts.racing import before

    identity = Identity("corp", uid, f"{uid}@example.org", "Nora")

    def sign_in() -> Any:
        return user_of(identity, request=RequestFactory().post("/"), now=timezone.now())

    try:
        with before(statement, sign_in):
            return str(sign_in())
    except SocialRefused as refused:
        return str(refused.fault)


def main() -> None:
    """Migrate the database of the environment, and print what came of each."""
    corp = {"provider": "openid_connect", "provider_id": "corp", "name": "Corp", "client_id": "x", "secret": "y"}
    prepare([{**corp, "server_url": "https://corp.example"}])
    found = {
        "ended session": an_ended_session_links(),
        "last way in": the_last_way_in_is_ended(),
        "two before the look": two_first_sign_ins("nora", 'SELECT "bulwark_accounts_user"'),
        "two before the writes": two_first_sign_ins("nils", "BEGIN"),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
