import re
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from edge.cors import check_cors


def ids(settings: Settings, *patterns: Any) -> list[str | None]:
    settings.CORS_ALLOWED_ORIGIN_REGEXES = patterns
    return [message.id for message in check_cors()]


@pytest.mark.parametrize(
    "pattern",
    [
        ".*",
        r"https://.*",
        r"^https://app\.example\.org",
        r"https://app\.example\.org",
        r"^https://\w+\.example\.org",
        r"^https://app.example.org$",
        r"^https://.*example\.org$",
        r"^https://[\w.-]*example\.org$",
        r"^(null|https://app\.example\.org)$",
        r"^https?://.+\.example\.org$",
        re.compile(r"^https://(?:app|admin)\.example\.org"),
    ],
)
def test_a_pattern_that_trusts_a_stranger_is_found(settings: Settings, pattern: Any) -> None:
    assert ids(settings, pattern) == ["bulwark_edge.E011"]


@pytest.mark.parametrize(
    "pattern",
    [
        r"^https://app\.example\.org$",
        r"^https://[a-z0-9-]+\.example\.org$",
        r"^https://(?:app|admin)\.example\.org$",
        r"^https://app\.example\.org:\d+$",
        re.compile(r"^https://\w+\.example\.org\Z"),
    ],
)
def test_a_strict_pattern_is_not(settings: Settings, pattern: Any) -> None:
    assert ids(settings, pattern) == []


def test_everybody_with_credentials_is_found(settings: Settings) -> None:
    settings.CORS_ALLOW_ALL_ORIGINS = True
    assert ids(settings) == ["bulwark_edge.E012"]
    settings.CORS_ALLOW_CREDENTIALS = False
    assert ids(settings) == []


def test_our_own_origins_are_a_list(settings: Settings) -> None:
    assert check_cors() == []
