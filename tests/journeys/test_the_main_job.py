"""The job that everything here is for, over HTTP, with the stores that the suite runs on."""

import pytest
from django.core.mail import EmailMessage
from django.db import connection

from auditlog.models import Event
from tests.accounts.browser import PASSWORD, Browser

from .main_job import ARTICLES, BODY, fields, member, recorded, register, sent

pytestmark = pytest.mark.django_db

EMAIL = "dana@example.org"


@pytest.mark.parametrize("transport", ["body", "cookie"])
def test_from_registration_to_the_end_of_the_session(transport: str, mailoutbox: list[EmailMessage]) -> None:
    the_whole_job(transport, mailoutbox)


@pytest.mark.django_db(transaction=True)  # a test's own transaction would be the request's
def test_the_same_where_each_request_is_a_transaction(
    mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", value=True)
    the_whole_job("body", mailoutbox)


def the_whole_job(transport: str, mailoutbox: list[EmailMessage]) -> None:
    browser = Browser()
    register_and_log_in(browser, transport, mailoutbox)
    work_with_an_article(browser)
    stolen = browser.client.cookies.get("__Host-refresh")
    old = browser.refresh_token or (stolen.value if stolen else "")
    sent(browser.refresh(), 200)
    sent(browser.refresh(), 200)
    sent(browser.send("GET", "me"), 200)
    thief = Browser()
    sent(thief.send("POST", "refresh", {"refresh": old}), 401)
    sent(browser.send("GET", "me"), 401)
    sent(browser.refresh(), 401)
    log_in_and_out(browser, transport)
    assert recorded(
        "accounts.user_registered",
        "accounts.email_verified",
        "accounts.login_succeeded",
        "accounts.token_rotated",
        "accounts.token_reuse_detected",
        "accounts.logged_out",
        "articles.article_created",
        "articles.article_updated",
        "articles.article_published",
        "articles.article_deleted",
    ) == [
        "accounts.user_registered",
        "accounts.email_verified",
        "accounts.login_succeeded",
        "articles.article_created",
        "articles.article_updated",
        "articles.article_published",
        "articles.article_deleted",
        "accounts.token_rotated",
        "accounts.token_rotated",
        "accounts.token_reuse_detected",
        "accounts.login_succeeded",
        "accounts.logged_out",
    ]


def register_and_log_in(browser: Browser, transport: str, mailbox: list[EmailMessage]) -> None:
    sent(browser.log_in(EMAIL, transport=transport), 401)
    register(browser, EMAIL, mailbox)
    tokens = sent(browser.log_in(EMAIL, transport=transport), 200)
    assert tokens.keys() == {"access", "token_type", "expires_in"} | ({"refresh"} if transport == "body" else set())
    assert bool(browser.client.cookies.get("__Host-refresh")) is (transport == "cookie")
    assert sent(browser.send("GET", "me"), 200)["email"] == EMAIL


def work_with_an_article(browser: Browser) -> None:
    article = sent(browser.send("POST", ARTICLES, fields(tags=["one"])), 201)
    url = f"{ARTICLES}{article['id']}/"
    assert [row["id"] for row in sent(browser.send("GET", ARTICLES), 200)["results"]] == [article["id"]]
    response = browser.send("GET", url)
    assert sent(response, 200)["body"] == BODY
    response = browser.send("PATCH", url, {"title": "A better title"}, **{"If-Match": response["ETag"]})
    assert sent(response, 200)["title"] == "A better title"
    response = browser.send("POST", f"{url}publish", **{"If-Match": response["ETag"]})
    assert sent(response, 200)["status"] == "published"
    sent(browser.send("DELETE", url, **{"If-Match": response["ETag"]}), 204)
    sent(browser.send("GET", url), 404)


def log_in_and_out(browser: Browser, transport: str) -> None:
    sent(browser.log_in(EMAIL, transport=transport), 200)
    sent(browser.send("GET", ARTICLES), 200)
    body = {"refresh": browser.refresh_token} if transport == "body" else {}
    sent(browser.send("POST", "logout", body, Origin="https://testserver"), 204)
    assert sent(browser.send("GET", ARTICLES), 401)["code"] == "session_ended"
    sent(browser.refresh(), 401)


def test_every_step_leaves_who_where_and_which_request(mailoutbox: list[EmailMessage]) -> None:
    browser = member(EMAIL, mailoutbox)
    response = browser.send("POST", ARTICLES, fields(), **{"User-Agent": "Journey/1"})
    event = Event.objects.get(type="articles.article_created")
    assert event.request_id == response["X-Request-ID"]
    assert (event.src_ip, event.user_agent, event.outcome) == ("127.0.0.1", "Journey/1", "success")
    assert event.target_id.replace("-", "") == sent(response, 201)["id"].replace("-", "")
    assert event.actor_label == EMAIL
    assert event.tenant
    assert event.session


def test_no_event_holds_a_password_a_token_or_a_text(mailoutbox: list[EmailMessage]) -> None:
    browser = member(EMAIL, mailoutbox)
    sent(browser.send("POST", ARTICLES, fields()), 201)
    sent(browser.refresh(), 200)
    sent(browser.send("POST", "login", {"email": EMAIL, "password": "wrong " + PASSWORD}), 401)
    rows = list(Event.objects.values())
    assert len(rows) > 5
    kept = str(rows)
    for secret in (PASSWORD, browser.access, browser.refresh_token, BODY):
        assert secret not in kept
