"""What a request costs its stores. The numbers are budgets: a change that breaks one says so here."""

import os
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import User
from articles.filters import ArticleFilter
from articles.views import ArticleViewSet
from tests.accounts.browser import Browser
from tests.journeys.main_job import ARTICLES, member, sent, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(mailoutbox: list[EmailMessage]) -> Browser:
    return member("dana@example.org", mailoutbox)


def queries(call: Callable[[], Any]) -> list[str]:
    """Return the SQL of a call, without what a test's transaction adds."""
    with CaptureQueriesContext(connection) as captured:
        call()
    return [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]


def test_reading_an_article_takes_two_queries(browser: Browser) -> None:
    url = f"{ARTICLES}{write(browser)['id']}/"
    sent(browser.send("GET", url), 200)
    found = queries(lambda: sent(browser.send("GET", url), 200))
    assert len(found) <= 2, found


def test_a_list_of_twenty_takes_two_queries_too(browser: Browser) -> None:
    for _ in range(21):
        write(browser)
    found = queries(lambda: sent(browser.send("GET", ARTICLES), 200))
    assert len(found) <= 2, found


def test_a_list_makes_a_form_of_its_filters_only_if_one_is_asked_for(alice: User) -> None:
    class Unwanted(ArticleFilter):
        def __init__(self, *_args: Any, **_kwargs: Any) -> None:
            raise AssertionError("made")

    view = ArticleViewSet.as_view({"get": "list"}, filterset_class=Unwanted)

    def listed(query: dict[str, str]) -> int:
        request = APIRequestFactory().get(ARTICLES, query)
        force_authenticate(request, alice)
        return int(view(request).status_code)

    assert [listed({}), listed({"limit": "5"})] == [200, 200]
    with pytest.raises(AssertionError, match="made"):
        listed({"limit": "5", "status": "draft"})


@pytest.mark.redis
def test_reading_an_article_takes_one_round_trip_to_redis(browser: Browser) -> None:
    url = f"{ARTICLES}{write(browser)['id']}/"
    sent(browser.send("GET", url), 200)
    databases = [settings.CACHES["default"]["LOCATION"], settings.BULWARK_EDGE["REDIS_URL"]]
    found = commands(lambda: sent(browser.send("GET", url), 200), {int(one.rpartition("/")[2]) for one in databases})
    assert len(found) == 1, found
    assert found[0].startswith("EVALSHA")


def commands(call: Callable[[], Any], databases: set[int]) -> list[str]:
    """Return the commands that a call sent to some databases of the server, which others use at the same time."""
    end = f"end of {os.getpid()}"
    found: list[str] = []
    with _client() as watcher, _client() as marker:
        marker.ping()  # connects now, not while the call is watched
        with watcher.monitor() as monitor:
            call()
            marker.echo(end)
            for command in monitor.listen():
                if end in command["command"]:
                    return found
                # Whoever connects says HELLO in database 0, before the one that it will use is chosen.
                if command["db"] in databases and command["client_type"] != "lua" and not _opens(command["command"]):
                    found.append(str(command["command"]))
    raise AssertionError(end)


def _opens(command: str) -> bool:
    return command.partition(" ")[0] in {"AUTH", "CLIENT", "HELLO", "SELECT"}


def _client() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"])
