"""Each mistake in the settings has an id, and the check that finds it is bound."""

import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import CheckMessage
from django.core.checks.registry import registry
from django.urls import clear_url_caches
from pytest_django.fixtures import Settings


def found(settings: Settings, *, deploy: bool = False, **edge: Any) -> set[str]:
    """Return the ids of this app's findings under `BULWARK_EDGE` with changes."""
    if "RATELIMITS" in edge:
        edge["RATELIMITS"] = {**settings.BULWARK_EDGE["RATELIMITS"], **edge["RATELIMITS"]}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": "", **edge}
    return {str(message.id) for message in messages(deploy=deploy)}


def messages(*, deploy: bool = False) -> list[CheckMessage]:
    """Return what the bound checks of this app say; others need not bear with the settings of these tests."""
    own = [check for check in registry.get_checks(deploy) if check.__module__.startswith("edge.")]
    return [message for check in own for message in check(app_configs=None, databases=None)]


def test_our_own_settings_are_fine(settings: Settings) -> None:
    assert found(settings) == set()


@pytest.mark.parametrize(
    ("edge", "expected"),
    [
        ({"REDIS_ULR": ""}, "E001"),
        ({"TRUSTED_PROXIES": ["10.0.0.1/8"]}, "E002"),
        ({"TRUSTED_PROXIES": ["proxy.internal"]}, "E002"),
        ({"METRICS_NETWORKS": ["nonsense"]}, "E002"),
        ({"EXEMPT_NETWORKS": ["0.0.0.0/0"]}, "E003"),
        ({"RATELIMITS": {"general": {"key": "ip", "rate": "5/m", "cool_down": [-1]}}}, "E005"),
        ({"TRUSTED_PROXIES": ["0.0.0.0/0"]}, "E003"),
        ({"TRUSTED_PROXIES": ["::/0"]}, "E003"),
        ({"TRUSTED_PROXIES": ["128.0.0.0/1"]}, "E003"),
        ({"METRICS_NETWORKS": ["0.0.0.0/0"]}, "E003"),
        ({"FORWARDED_HEADER": "X-Real-IP"}, "E004"),
        ({"RATELIMITS": {"general": {"key": "ip", "rate": "5/m", "volume": "400"}}}, "E005"),
        ({"RATELIMITS": {"general": {"key": "ip", "rate": "5/m", "volume": "0/h"}}}, "E005"),
        ({"RATELIMITS": {"general": {"key": "body:email", "rate": "5/m", "volume": "4/h"}}}, "E005"),
        ({"RATELIMITS": {"general": {"key": "ip", "rate": "10/fortnight"}}}, "E005"),
        ({"RATELIMITS": {"general": {"key": "ip", "rate": "5/"}}}, "E005"),
        ({"RATELIMITS": {"general": {"key": "nobody", "rate": "5/m"}}}, "E005"),
        ({"RATELIMITS": {"general": {"key": "no.such.path", "rate": "5/m"}}}, "E005"),
        ({"RATELIMITS": {"general": {"key": "ip"}}}, "E005"),
        ({"RATELIMITS": {"general": {"key": "ip", "rate": "5/m", "rates": "5/m"}}}, "E005"),
        ({"GENERAL_RATELIMIT": "missing"}, "E005"),
        ({"IDENTITY": "no.such.function"}, "E008"),
        ({"METRICS_SOURCES": ["no.such.function"]}, "E008"),
        ({"TENANT": "edge.conf.KEYS"}, "E008"),
        ({"RATELIMITS": {"general": {"key": "header:x-key", "rate": "5/m"}}}, "W001"),
    ],
)
def test_a_mistake_is_found(settings: Settings, edge: dict[str, Any], expected: str) -> None:
    assert found(settings, **edge) == {f"bulwark_edge.{expected}"}


def test_a_view_that_names_a_missing_policy_is_found(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMITS": {}, "GENERAL_RATELIMIT": ""}
    settings.ROOT_URLCONF = "tests.edge.urls"
    clear_url_caches()
    assert {message.id for message in messages()} == {"bulwark_edge.E005"}
    assert all("login" in message.msg or "anonymous_read" in message.msg for message in messages())


def test_a_policy_that_many_views_name_is_missed_once(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMITS": {}, "GENERAL_RATELIMIT": ""}
    settings.ROOT_URLCONF = "accounts.urls"
    clear_url_caches()
    [told] = [message.msg for message in messages() if message.msg.endswith("has no policy 'account'.")]
    assert re.match(r"(@ratelimit on \w+, ){2}@ratelimit on \w+ and \d+ more: ", told)


@pytest.mark.parametrize("edge", [{"TRUSTED_PROXIES": ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]}, {"PROCESSES": 1}])
def test_what_is_right_is_not_reported(settings: Settings, edge: dict[str, Any]) -> None:
    assert found(settings, **edge) == set()


@pytest.mark.parametrize(("processes", "is_found"), [(0, True), (4, True), (1, False)])
def test_limits_in_process_are_refused_where_several_processes_serve(
    settings: Settings, processes: int, is_found: bool
) -> None:
    assert ("bulwark_edge.E006" in found(settings, deploy=True, PROCESSES=processes)) is is_found


def test_the_number_of_processes_is_taken_from_the_server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "1")
    assert "bulwark_edge.E006" not in found(settings, deploy=True)


@pytest.mark.parametrize(
    ("location", "is_found"),
    [
        ("redis://127.0.0.1:6379/1", True),
        (["redis://127.0.0.1:6379/1"], True),
        ("redis://127.0.0.1/1", True),
        ("redis://127.0.0.1:6379/2", False),
        ("redis://127.0.0.2:6379/1", False),
        ("unique-snowflake", False),
    ],
)
def test_a_cache_that_would_empty_the_limits_is_refused(settings: Settings, location: Any, is_found: bool) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache", "LOCATION": location}}
    ids = found(settings, deploy=True, REDIS_URL="redis://127.0.0.1:6379/1")
    assert ("bulwark_edge.E007" in ids) is is_found


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("edge.context.RequestContextMiddleware", "edge.access.AccessMiddleware"),
        ("edge.context.RequestContextMiddleware", "edge.problems.ProblemMiddleware"),
        ("edge.headers.HttpsRequiredMiddleware", "django.middleware.security.SecurityMiddleware"),
        ("django.middleware.security.SecurityMiddleware", "edge.headers.HeadersMiddleware"),
        ("csp.middleware.CSPMiddleware", "edge.headers.HeadersMiddleware"),
        ("edge.headers.HeadersMiddleware", "edge.problems.ProblemMiddleware"),
        ("corsheaders.middleware.CorsMiddleware", "edge.ratelimit.RateLimitMiddleware"),
        ("edge.ratelimit.RateLimitMiddleware", "edge.bodies.BodyLimitMiddleware"),
        ("edge.bodies.BodyLimitMiddleware", "django.middleware.csrf.CsrfViewMiddleware"),
    ],
)
def test_middleware_in_the_wrong_order_is_found(settings: Settings, first: str, second: str) -> None:
    rest = [path for path in django_settings.MIDDLEWARE if path not in {first, second}]
    settings.MIDDLEWARE = [*rest, second, first]
    assert "bulwark_edge.E009" in found(settings)


def test_another_exception_handler_is_reported(settings: Settings) -> None:
    settings.REST_FRAMEWORK = {}
    assert found(settings) == {"bulwark_edge.W002"}


def test_two_content_security_policies_are_refused(settings: Settings) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.csp.ContentSecurityPolicyMiddleware"]
    assert found(settings) == {"bulwark_edge.E010"}
