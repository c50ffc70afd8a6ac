"""A browser that visits pages: cookies, forms with their CSRF token, no scripts."""

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests.accounts.browser import PASSWORD


class Visitor(Client):
    """Django's client as a browser that checks CSRF and speaks HTTPS."""

    def __init__(self, **defaults: Any) -> None:
        super().__init__(enforce_csrf_checks=True, headers={"Accept": "text/html"}, **defaults)
        self.defaults["wsgi.url_scheme"] = "https"
        self.defaults["HTTP_REFERER"] = "https://testserver/"

    def submit(self, path: str, **fields: str) -> Any:
        """Open the page and send its form with what it hides, as a press of the button does."""
        page = self.get(path).content.decode()
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        return self.post(path, {**hidden, **fields})

    def log_in(self, email: str, password: str = PASSWORD, path: str = "/account/login") -> HttpResponse:
        response: HttpResponse = self.submit(path, identifier=email, password=password)
        return response

    @property
    def is_logged_in(self) -> bool:
        return bool(self.get("/account/logout").context["user"].is_authenticated)
