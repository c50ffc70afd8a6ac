"""The refresh cookie: what it carries, and who may not use it."""

import pytest
from pytest_django import Settings

from accounts.models import TokenFamily, User
from tests.accounts.browser import Browser, read
from tests.accounts.conftest import Sent

COOKIE, CSRF = "__Host-refresh", "__Host-refresh_csrf"


@pytest.fixture
def page(alice: User, browser: Browser, sent: list[Sent]) -> Browser:
    """A page of this site whose visitor has logged in."""
    assert browser.log_in("alice@example.com", transport="cookie").status_code == 200
    sent.clear()
    return browser


def test_the_cookie_is_hidden_bound_to_the_host_and_stays_at_home(page: Browser) -> None:
    cookie = page.client.cookies[COOKIE]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Strict")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert 6 * 86_400 < cookie["max-age"] <= 7 * 86_400
    readable = page.client.cookies[CSRF]
    assert (readable["httponly"], readable["secure"], readable["samesite"], readable["path"]) == (
        "",
        True,
        "Strict",
        "/",
    )


def test_the_answer_keeps_the_token_out_of_the_page(page: Browser) -> None:
    assert page.refresh_token == ""
    response = page.refresh()
    assert set(read(response)) == {"access", "token_type", "expires_in"}
    assert response["Cache-Control"] == "no-store"
    assert page.client.cookies[COOKIE].value not in response.content.decode()


def test_with_the_other_prefix_the_cookie_goes_to_the_auth_routes_only(
    settings: Settings, alice: User, browser: Browser
) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "COOKIE_PREFIX": "__Secure-"}
    browser.log_in("alice@example.com", transport="cookie")
    cookie = browser.client.cookies["__Secure-refresh"]
    assert (cookie["path"], cookie["secure"]) == ("/api/v1/auth", True)


def test_over_plain_http_in_development_the_cookie_is_not_secure(
    settings: Settings, alice: User, browser: Browser
) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "COOKIE_PREFIX": ""}
    browser.log_in("alice@example.com", transport="cookie")
    cookie = browser.client.cookies["refresh"]
    assert (cookie["path"], cookie["secure"], cookie["httponly"]) == ("/api/v1/auth", "", True)


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://testserver"},
    {"Origin": "https://testserver:8443"},
    {"Origin": "https://testserver.evil.example"},
    {"Origin": "https://[::1"},
    {"Origin": "https://testserver", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "", "Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_cannot_refresh(headers: dict[str, str], page: Browser) -> None:
    response = page.refresh(**headers)
    assert (response.status_code, read(response)["code"]) == (403, "csrf_failed")
    assert TokenFamily.objects.get().generation == 1
    # Nor throw the owner out by trying.
    assert page.refresh().status_code == 200


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_cannot_log_the_visitor_out(headers: dict[str, str], page: Browser) -> None:
    response = page.send("POST", "logout", {}, Authorization="", **headers)
    assert (response.status_code, read(response)["code"]) == (403, "csrf_failed")
    assert page.refresh().status_code == 200


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("body", [None, {}, {"refresh": "rubbish"}])
def test_another_site_cannot_make_the_browser_forget_the_session(
    body: dict[str, str] | None, headers: dict[str, str], browser: Browser, db: None
) -> None:
    """A form of theirs is sent without the cookies, which are strict, but its answer could take them away."""
    response = browser.send("POST", "logout", body, **headers)
    assert response.status_code == 204
    assert response.cookies == {}
    assert "Clear-Site-Data" not in response


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_cannot_log_the_visitor_in(headers: dict[str, str], alice: User, browser: Browser) -> None:
    body = {"email": "alice@example.com", "password": "correct horse battery staple"}
    response = browser.send("POST", "login", body, **headers)
    assert (response.status_code, read(response)["code"]) == (403, "csrf_failed")
    assert browser.client.cookies == {}


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": ""}, {"Origin": "https://testserver"}]
)
def test_this_site_can(headers: dict[str, str], page: Browser) -> None:
    assert page.refresh(**headers).status_code == 200


def test_a_trusted_origin_can(page: Browser, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "TRUSTED_ORIGINS": ["https://app.example"]}
    headers = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
    assert page.refresh(**headers).status_code == 200
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "TRUSTED_ORIGINS": []}
    assert page.refresh(**headers).status_code == 403


@pytest.mark.parametrize("token", ["", "0" * 64, "\u00e9", "another"])
def test_without_the_csrf_token_nothing_is_refreshed(token: str, page: Browser, bob: User, sent: list[Sent]) -> None:
    if token == "another":
        other = Browser()
        other.log_in("bob@example.com", transport="cookie")
        token = other.csrf
        sent.clear()
    response = page.refresh(**{"X-CSRF-Token": token})
    assert (response.status_code, read(response)["code"]) == (403, "csrf_failed")
    assert [(each.name, each.data) for each in sent] == [("token_rejected", {"reason": "csrf"})]
    assert page.refresh().status_code == 200


def test_the_csrf_token_is_asked_for_because_the_setting_says_so(page: Browser, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "COOKIE_CSRF": False}
    assert page.refresh(**{"X-CSRF-Token": ""}).status_code == 200


def test_a_new_secret_key_keeps_the_csrf_token_good(page: Browser, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one, as long as the one before it was"
    assert page.refresh().status_code == 200


def test_every_terminal_refusal_takes_the_cookies_along(page: Browser) -> None:
    TokenFamily.objects.all().delete()
    response = page.refresh()
    assert response.status_code == 401
    for name in (COOKIE, CSRF):
        assert response.cookies[name].value == ""
        assert response.cookies[name]["max-age"] == 0
        assert (response.cookies[name]["secure"], response.cookies[name]["path"]) == (True, "/")


def test_no_token_at_all_is_401(browser: Browser, db: None) -> None:
    response = browser.send("POST", "refresh", {})
    assert (response.status_code, read(response)["code"]) == (401, "token_missing")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_two_tabs_that_refresh_at_once_both_stay_logged_in(page: Browser) -> None:
    tab = Browser()
    tab.client.cookies.update(page.client.cookies)
    assert page.refresh().status_code == 200
    assert tab.refresh().status_code == 200
    assert tab.client.cookies[COOKIE].value == page.client.cookies[COOKIE].value
    for each in (page, tab):
        assert each.send("GET", "me").status_code == 200
        assert each.refresh().status_code == 200


@pytest.fixture(params=["__Host-", "__Secure-", ""])
def planted(request: pytest.FixtureRequest, settings: Settings, alice: User, bob: User) -> tuple[Browser, str, str]:
    """Bob's page, and the refresh cookies in its browser: his own, and mallory's, which another host has planted."""
    prefix = str(request.param)
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "COOKIE_PREFIX": prefix}
    mallory, browser = Browser(), Browser()
    for each, name in ((mallory, "alice"), (browser, "bob")):
        assert each.log_in(f"{name}@example.com", transport="cookie").status_code == 200
    own, other = (each.client.cookies[f"{prefix}refresh"].value for each in (browser, mallory))
    csrf = mallory.client.cookies[f"{prefix}refresh_csrf"].value
    browser.client.cookies.clear()
    return browser, csrf, f"{prefix}refresh={own}; theme=dark; {prefix}refresh={other}"


def test_a_refresh_cookie_that_is_planted_beside_ours_opens_nothing(
    planted: tuple[Browser, str, str], sent: list[Sent]
) -> None:
    browser, csrf, cookies = planted
    sent.clear()
    for order in (cookies, "; ".join(reversed(cookies.split("; ")))):
        response = browser.refresh(**{"Cookie": order, "X-CSRF-Token": csrf})
        assert (response.status_code, read(response)["code"]) == (401, "token_invalid")
        assert response["Clear-Site-Data"] == '"cookies"'
        assert {each["max-age"] for each in response.cookies.values()} == {0}
        assert len(response.cookies) == 2
    assert [(each.name, each.data) for each in sent] == [("token_rejected", {"reason": "two_cookies"})] * 2
    assert set(TokenFamily.objects.values_list("generation", "revoked_at")) == {(1, None)}


def test_one_cookie_twice_is_one(planted: tuple[Browser, str, str]) -> None:
    browser, csrf, cookies = planted
    _, _, one = cookies.rpartition("; ")
    headers = {"Cookie": f"{one}; {one}; {one.partition('=')[0]}=", "X-CSRF-Token": csrf}
    assert browser.refresh(**headers).status_code == 200


def test_a_logout_ends_the_sessions_of_all_refresh_cookies(planted: tuple[Browser, str, str]) -> None:
    browser, _, cookies = planted
    assert browser.send("POST", "logout", Authorization="", Cookie=cookies).status_code == 204
    assert not TokenFamily.objects.filter(revoked_at=None).exists()
