"""People and events that the tests of the log share."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from auditlog import spool
from auditlog.models import Event


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.com", "correct horse battery")


@pytest.fixture
def erin(db: None) -> User:
    """An auditor: enters the admin, sees events, nothing else."""
    user = User.objects.create_user("erin@example.com", "correct horse battery", is_staff=True)
    user.user_permissions.add(Permission.objects.get(content_type__app_label="bulwark_auditlog", codename="view_event"))
    return user


@pytest.fixture
def auditor(client: Client, erin: User) -> Client:
    client.force_login(erin)
    return client


@pytest.fixture
def events(db: None) -> Callable[..., Event]:
    """Store an event; every column may be given."""

    def store(**columns: Any) -> Event:
        given = {"type": "accounts.login_failed", "outcome": "failed", "severity": 3, "actor_type": "anonymous"}
        event = Event(**{**given, **columns})
        event.save()
        return event

    return store


@pytest.fixture
def settled() -> Callable[[], None]:
    """Wait until no transaction is open that began before now; PostgreSQL counts those of all its databases."""

    def wait() -> None:
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            (now,) = cursor.fetchone()
            for _ in range(600):
                cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
                if cursor.fetchone()[0] > now:
                    return
                time.sleep(0.1)
        pytest.fail("Somebody else's transaction is open for a minute.")

    return wait


@pytest.fixture
def spool_folder(settings: Settings, tmp_path: Path) -> Path:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SPOOL": tmp_path / "spool"}
    return tmp_path / "spool"


@pytest.fixture(autouse=True)
def nothing_is_spooled_by_accident() -> Iterator[None]:
    """An event that waits on disk where no test asked for it could not be stored: that is a bug."""
    yield
    assert spool.waiting() == []
