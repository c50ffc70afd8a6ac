"""Speaks to the API as one of the cast, without a login: what a login proves is tested with accounts."""

import json
from typing import Any

from django.http import HttpResponse
from rest_framework.test import APIClient

from accounts.models import User
from articles.models import Article

ARTICLES = "/api/v1/articles/"


def url_of(article: Article) -> str:
    return f"{ARTICLES}{article.pk}/"


class Caller:
    """One of the cast, or a stranger."""

    def __init__(self, user: User | None = None) -> None:
        self.client = APIClient()
        if user:
            self.client.force_authenticate(user)

    def get(self, url: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.client.get(url, query, headers=headers or None)

    def post(self, url: str, data: Any = None, *, match: Article | str | None = None) -> Any:
        return self.client.post(url, data, format="json", headers=_headers(match))

    def patch(self, url: str, data: Any, *, match: Article | str | None = None) -> Any:
        return self.client.patch(url, data, format="json", headers=_headers(match))

    def put(self, url: str, data: Any, *, match: Article | str | None = None) -> Any:
        return self.client.put(url, data, format="json", headers=_headers(match))

    def delete(self, url: str, *, match: Article | str | None = None) -> Any:
        return self.client.delete(url, headers=_headers(match))


def _headers(match: Article | str | None) -> dict[str, str] | None:
    if match is None:
        return None
    return {"If-Match": f'"{match.version}"' if isinstance(match, Article) else match}


def codes(response: HttpResponse) -> dict[str, str]:
    """Return the faults of a 422: code by pointer."""
    problem = json.loads(response.content)
    assert (response.status_code, problem["code"]) == (422, "invalid"), problem
    return {error["pointer"]: error["code"] for error in problem["errors"]}
