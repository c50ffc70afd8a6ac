"""Events know the country where a file of places is given."""

from pathlib import Path

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from auditlog.facts import of_request
from tests.auditlog.detection.test_rules import places


@pytest.mark.parametrize(("address", "country"), [("2.125.160.217", "DE"), ("81.2.69.160", "VN"), ("192.168.0.1", "")])
def test_the_country_of_an_address(address: str, country: str, settings: Settings, tmp_path: Path) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "GEOIP_FILE": str(places(tmp_path))}
    assert of_request(RequestFactory().get("/", REMOTE_ADDR=address))["country"] == country


def test_without_a_file_it_is_not_known() -> None:
    assert of_request(RequestFactory().get("/", REMOTE_ADDR="2.125.160.217"))["country"] == ""
