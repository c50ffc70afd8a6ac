"""What every test stands on."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache, caches
from pytest_django import Settings

from accounts import keys
from auditlog.floods import floods
from edge.blocks.known import known
from edge.ratelimit import limiter
from tests.redis_databases import Claims

claims = Claims(os.environ.get("REDIS_URL", ""))

# How long an example takes is the machine's affair; on a busy one 200 ms, the default, would be a failure now and then.
hypothesis.settings.register_profile("bulwark", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("bulwark")


def pytest_configure(config: pytest.Config) -> None:
    """With REDIS_URL, give this process (a worker of xdist is one) one Redis database for the cache, one for limits."""
    is_worker = hasattr(config, "workerinput")
    if not claims.url or (config.getoption("numprocesses", None) and not is_worker):
        return  # the process that hands out tests to workers runs none
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": claims.claim(),
            "OPTIONS": {"SERIALIZER": "django_redis.serializers.json.JSONSerializer"},
        }
    }
    vars(caches).pop("settings", None)
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": claims.claim()}


def pytest_unconfigure() -> None:
    """Give the databases back."""
    if claims.indexes:
        claims.release()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs a service that is not named."""
    for marker, variable in (("redis", "REDIS_URL"), ("postgres", "DATABASE_URL")):
        if not os.environ.get(variable):
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"needs {variable}"))


@pytest.fixture(autouse=True)
def own_spool(settings: Settings, tmp_path: Path) -> None:
    """An event that a test cannot store waits in a folder of that test, and is not replayed into another's."""
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SPOOL": tmp_path / "spool"}


@pytest.fixture(autouse=True)
def clean_cache() -> Iterator[None]:
    """Each test starts and ends with an empty cache and nothing counted against any limit."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    floods.forget()  # nor what made a flood in one: it would not be written singly in the next
    keys.reset()  # keys that a test rotated are not the next one's
    for key in list(known().entries):  # who was blocked in one test is not in the next
        known().remove(key)
    cache.clear()
    claims.clear()
    limiter().local.clear()
    limiter().denials.clear()
