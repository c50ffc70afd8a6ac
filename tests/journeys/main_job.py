"""What the journeys of the main job share: one person at one client, from registration on."""

import re
from typing import Any

from django.core.mail import EmailMessage
from django.http import HttpResponse

from articles.models import Category
from auditlog.models import Event
from tests.accounts.browser import PASSWORD, Browser, read

ARTICLES = "/api/v1/articles/"
BODY = "<p>Long enough to be an article: fifty characters and a few more of them.</p>"


def sent(response: HttpResponse, status: int) -> Any:
    """Return the JSON of an answer that must have this status; None where it has no body."""
    assert response.status_code == status, (response.status_code, response.content)
    return read(response) if response.content else None


def register(browser: Browser, email: str, mailbox: list[EmailMessage]) -> None:
    """Register and follow the mailed link, as one who reads the mail."""
    sent(browser.send("POST", "register", {"email": email, "password": PASSWORD, "name": "Dana"}), 202)
    assert mailbox[-1].to == [email]
    sent(browser.send("POST", "email/verify", {"token": mailed_token(mailbox[-1])}), 200)


def mailed_token(mail: EmailMessage) -> str:
    """Return the token of the link in a mail."""
    found = re.search(r"#token=(\S+)", str(mail.body))
    assert found, mail.body
    return found[1]


def member(email: str, mailbox: list[EmailMessage], *, transport: str = "body") -> Browser:
    """Return the client of somebody who has registered and logged in, with a workspace of their own."""
    browser = Browser()
    register(browser, email, mailbox)
    sent(browser.log_in(email, transport=transport), 200)
    return browser


def fields(**other: Any) -> dict[str, Any]:
    """Return the body of a new article."""
    category, _ = Category.objects.get_or_create(slug="general", defaults={"name": "General"})
    return {"title": "An article", "body": BODY, "category": str(category.pk), **other}


def write(browser: Browser, **other: Any) -> dict[str, Any]:
    """Write an article and return it as it was answered."""
    article: dict[str, Any] = sent(browser.send("POST", ARTICLES, fields(**other)), 201)
    return article


def recorded(*types: str) -> list[str]:
    """Return those of these types that the audit log holds, in its order."""
    return list(Event.objects.filter(type__in=types).order_by("seq").values_list("type", flat=True))
