"""What this project's functions do for the log's responses, beside what each app does by itself."""

from pathlib import Path

import pytest
from pytest_django import Settings

from accounts import keys
from auditlog.models import Event
from auditlog.response.actions import respond

pytestmark = pytest.mark.django_db


def test_a_key_that_is_rotated_at_once_is_so_for_the_reason_given(settings: Settings, tmp_path: Path) -> None:
    settings.BULWARK_ACCOUNTS = {
        **settings.BULWARK_ACCOUNTS,
        "KEY_PROVIDER": "accounts.keys.files.FileKeys",
        "KEY_OPTIONS": {"path": tmp_path / "keys.json", "generate": True},
    }
    before = keys.keyring(fresh=True).access.keys
    respond("rotate_signing_key", "", reason="--print was seen in a log", by="erin")
    assert len(keys.keyring(fresh=True).access.keys) == len(before) + 1
    told = Event.objects.get(type="accounts.signing_keys_rotated")
    assert told.reason == "--print was seen in a log"
