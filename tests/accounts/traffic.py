"""A day of traffic through every door, and every secret that was handed out in it."""

from datetime import timedelta
from typing import Any

from accounts.models import OAuthClient, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import make_user
from tests.accounts.mfa.devices import Phone, enrol_phone, first_step, second_step
from tests.accounts.oauth.app import APP, App, register
from tests.accounts.pages import Visitor
from tests.accounts.test_registration import mailed_token

NEW = "another password, just as long"
#: Every app of the day proves its codes with this, so that who searches for a code that was kept could use it.
VERIFIER = "a-verifier-that-the-search-for-kept-codes-knows-too"


def a_day_of_traffic(clock: Any) -> set[str]:
    """Log in at every door, refresh, retry, reuse, register, reset; return every secret that was handed out.

    Some of each kind are left as they are: a session that is open, a link that nobody has followed.

    :param clock: the traveller of a clock that stands still.
    """
    for name in ("alice", "bob", "charlie", "gwen", "hugo"):
        make_user(name)
    User.objects.create_superuser("admin@example.com", PASSWORD)
    secrets = {PASSWORD, NEW} | rotations(clock)
    page = Browser()
    page.log_in("alice@example.com", transport="cookie")
    secrets |= cookies(page)
    page.send("POST", "register", {"email": "new@example.com", "password": PASSWORD})
    secrets.add(mailed_token())
    page.send("POST", "password/reset", {"email": "alice@example.com"})
    secrets.add(mailed_token())
    secrets |= second_factors() | pages() | apps() | other_addresses()
    page.send("POST", "password/change", {"current_password": "a wrong guess", "new_password": NEW})
    page.send("GET", "me", Authorization="Bearer " + "x" * 40)
    return {secret for secret in secrets if secret}


def rotations(clock: Any) -> set[str]:
    """Refresh, again and again, twice with the same token, and log out."""
    secrets, clients = set(), [Browser() for _ in range(4)]
    for number, each in enumerate(clients):
        each.log_in(f"{'alice' if number % 2 else 'bob'}@example.com", transport="body")
        secrets |= {each.access, each.refresh_token}
    for _ in range(3):
        clock.shift(timedelta(hours=2))
        for each in clients:
            old = each.refresh_token
            each.refresh()
            secrets |= {each.access, each.refresh_token}
            each.refresh(old)
            secrets.add(each.access)
            each.send("GET", "me")
    clients[0].refresh(old)
    clients[1].send("POST", "logout", {"refresh": clients[1].refresh_token})
    return secrets


def second_factors() -> set[str]:
    """Have bob set an app up and log in with it and with a recovery code; return what he was shown and sent."""
    bob, again = Browser(), Browser()
    bob.log_in("bob@example.com")
    phone = enrol_phone(bob)
    waiting = Phone(read(bob.send("POST", "mfa/totp"))["secret"])
    tokens = [first_step(again, "bob") for _ in range(3)]
    assert second_step(again, tokens[0], totp=phone.code()).status_code == 200
    assert second_step(again, tokens[1], recovery_code=phone.codes[0]).status_code == 200
    plain = {code.replace("-", "") for code in phone.codes}
    return {phone.secret, waiting.secret, *phone.codes, *plain, *tokens, again.access, again.refresh_token}


def pages() -> set[str]:
    """Log in to the pages and the admin; bob stays at the second step."""
    alice, bob, admin = Visitor(), Visitor(), Visitor()
    for name, visitor in (("alice", alice), ("bob", bob), ("admin", admin)):
        assert visitor.log_in(f"{name}@example.com").status_code == 302
    assert bob.get("/account/login/mfa").status_code == 200
    assert alice.get("/account/sessions").status_code == 200
    assert admin.get("/admin/").status_code == 200
    return cookies(alice) | cookies(bob) | cookies(admin)


def cookies(of: Browser | Visitor) -> set[str]:
    """Return the values of a browser's cookies."""
    jar = of.client.cookies if isinstance(of, Browser) else of.cookies
    return {cookie.value for cookie in jar.values()}


def the_app() -> App:
    """Return the app, registered, whose verifier is `VERIFIER`."""
    app = App(OAuthClient.objects.filter(client_id=APP).first() or register(APP))
    app.verifier = VERIFIER
    return app


def apps() -> set[str]:
    """Log in for an app, and exchange one of two codes."""
    app = the_app()
    app.log_in("charlie@example.com")
    codes = [app.code(), app.code()]
    tokens = read(app.exchange(codes[0]))
    return {*codes, tokens["access_token"], tokens["refresh_token"], VERIFIER}


def other_addresses() -> set[str]:
    """Have gwen ask for another address, and hugo get his; neither opens the link that came last."""
    links = [link_to_another_address(name) for name in ("gwen", "hugo")]
    assert Browser().send("POST", "email/change/confirm", {"token": links[1]}).status_code == 200
    return {*links, mailed_token()}


def link_to_another_address(name: str) -> str:
    """Ask for another address, and return the link's token."""
    browser = Browser()
    browser.log_in(f"{name}@example.com")
    assert browser.send("POST", "email/change", {"email": f"{name}@example.org"}).status_code == 202
    return mailed_token()
