from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from auditlog.conf import conf, keys


def test_a_setting_is_read_when_it_is_used(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {"TENANT": "shop.tenants.of"}
    assert conf.tenant == "shop.tenants.of"

    settings.BULWARK_AUDITLOG = {}
    assert conf.tenant == "auditlog.getters.nothing"


def test_a_host_may_leave_the_settings_out(settings: Settings) -> None:
    del settings.BULWARK_AUDITLOG

    assert conf.signals == ()
    assert conf.types == {}
    assert isinstance(conf.spool, Path)


@pytest.mark.parametrize("key", sorted(keys()))
def test_every_setting_says_what_it_is(key: str) -> None:
    assert (getattr(type(conf), key.lower()).__doc__ or "").endswith(".")
