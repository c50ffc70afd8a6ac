from typing import Any

import pytest
from django.core import checks
from pytest_django import Settings

from articles.checks import check_settings
from articles.conf import KEYS, conf


def test_defaults() -> None:
    assert (conf.page_size, conf.max_page_size, conf.max_export_rows, conf.max_body_tags) == (20, 100, 50_000, 5_000)
    assert conf.preview_policy == {"content_types": ("text/html", "application/xhtml+xml")}


def test_settings_are_read_when_they_are_used(settings: Settings) -> None:
    settings.BULWARK_ARTICLES = {"PAGE_SIZE": 3, "PREVIEW_POLICY": {"ports": (8443,)}}
    assert conf.page_size == 3
    assert conf.preview_policy["ports"] == (8443,)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, []),
        ({"PAGE_SIZES": 1}, ["bulwark_articles.E001"]),
        ({"PAGE_SIZE": 0}, ["bulwark_articles.E002"]),
        ({"MAX_EXPORT_ROWS": True}, ["bulwark_articles.E002"]),
        ({"MAX_BODY_TAGS": "9"}, ["bulwark_articles.E002"]),
        ({"PAGE_SIZE": 50, "MAX_PAGE_SIZE": 49}, ["bulwark_articles.E003"]),
        ({"PREVIEW_POLICY": {"port": 1}}, ["bulwark_articles.E004"]),
    ],
    ids=str,
)
def test_what_is_wrong_is_found(settings: Settings, given: dict[str, Any], found: list[str]) -> None:
    settings.BULWARK_ARTICLES = given
    assert [message.id for message in check_settings()] == found


def test_the_check_is_bound(settings: Settings) -> None:
    settings.BULWARK_ARTICLES = {"NO_SUCH_KEY": 1}
    assert "bulwark_articles.E001" in [message.id for message in checks.run_checks()]


def test_every_key_has_its_line_of_docs() -> None:
    for key in KEYS:
        assert getattr(type(conf), key.lower()).__doc__
