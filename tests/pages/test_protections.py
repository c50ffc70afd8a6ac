"""Each state on the landing page follows the server: it goes off when the protection does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from pytest_django import Settings

from auditlog import maintenance
from auditlog.models import Event
from config.protections import Finding, Group, Protection, State, accounts, auditlog, authz, edge, groups

SELF, INLINE = ["'self'"], ["'unsafe-inline'"]


def policy(**directives: list[str]) -> dict[str, Any]:
    return {"DIRECTIVES": {name.replace("_", "-"): sources for name, sources in directives.items()}}


@pytest.mark.parametrize(
    ("look", "changes", "state"),
    [
        (edge.content_security_policy, {}, State.ON),
        (edge.content_security_policy, {"CONTENT_SECURITY_POLICY": None}, State.OFF),
        (edge.content_security_policy, {"MIDDLEWARE": []}, State.OFF),
        (
            edge.content_security_policy,
            {"CONTENT_SECURITY_POLICY": policy(script_src=INLINE)},
            State.PARTLY,
        ),
        (edge.content_security_policy, {"CONTENT_SECURITY_POLICY": policy(script_src=SELF)}, State.ON),
        (edge.transport, {"SECURE_SSL_REDIRECT": False}, State.OFF),
        (edge.transport, {"SECURE_SSL_REDIRECT": False, "DEBUG": True}, State.PARTLY),
        (edge.transport, {"SECURE_SSL_REDIRECT": True, "SECURE_HSTS_SECONDS": 3600}, State.PARTLY),
        (edge.transport, {"SECURE_SSL_REDIRECT": True, "SECURE_HSTS_SECONDS": 31_536_000}, State.ON),
        (edge.limits, {"BULWARK_EDGE": {"RATELIMITS": {}}}, State.OFF),
        (edge.limits, {"BULWARK_EDGE": {"RATELIMITS": {"a": {}}, "RATELIMIT_ENABLED": False}}, State.OFF),
        (edge.limits, {"BULWARK_EDGE": {"RATELIMITS": {"a": {}}}}, State.PARTLY),
        (edge.limits, {"BULWARK_EDGE": {"RATELIMITS": {"a": {}}, "REDIS_URL": "redis://127.0.0.1:1"}}, State.PARTLY),
        (authz.default, {}, State.ON),
        (authz.default, {"REST_FRAMEWORK": {}}, State.OFF),
        (authz.roles, {"BULWARK_AUTHZ": {}}, State.OFF),
        (authz.rules, {}, State.ON),
        (authz.scopes, {}, State.ON),
        (authz.scopes, {"BULWARK_AUTHZ": {"UNSCOPED_QUERIES": "warn"}}, State.PARTLY),
        (authz.scopes, {"BULWARK_AUTHZ": {"UNSCOPED_QUERIES": "off"}}, State.OFF),
        (authz.scopes, {"MIDDLEWARE": []}, State.OFF),
        (accounts.cookie, {"BULWARK_ACCOUNTS": {"COOKIE_PREFIX": ""}}, State.PARTLY),
        (accounts.cookie, {"BULWARK_ACCOUNTS": {}}, State.ON),
        (accounts.passwords, {"PASSWORD_HASHERS": ["accounts.hashers.Argon2idHasher"]}, State.ON),
        (accounts.passwords, {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]}, State.PARTLY),
        (accounts.mailed_links, {}, State.PARTLY),
        (accounts.mailed_links, {"TASKS": {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}}, State.ON),
        (accounts.signing_key, {}, State.ON),
        (auditlog.signals, {"BULWARK_AUDITLOG": {}}, State.OFF),
    ],
)
def test_a_state_follows_the_settings(
    settings: Settings, look: Callable[[], Finding], changes: dict[str, Any], state: State
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    found = look()
    assert found.state == state, found.value
    assert found.value.endswith(".")


@pytest.mark.redis
def test_limits_are_on_with_redis() -> None:
    assert edge.limits().state == State.ON


def test_a_server_without_a_key_says_so(settings: Settings, tmp_path: Path) -> None:
    missing = {"KEY_PROVIDER": "accounts.keys.files.FileKeys", "KEY_OPTIONS": {"path": tmp_path / "none"}}
    settings.BULWARK_ACCOUNTS = missing
    assert accounts.signing_key().state == State.OFF


@pytest.mark.django_db
def test_the_log_is_off_without_its_triggers() -> None:
    assert auditlog.append_only().state == State.PARTLY  # the tests own the table
    table = connection.ops.quote_name(Event._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER bulwark_event_append_only")
        else:
            cursor.execute("DROP TRIGGER bulwark_event_no_update")
    assert auditlog.append_only().state == State.OFF


@pytest.mark.django_db
def test_it_counts_events() -> None:
    with maintenance.allowed():
        Event.objects.all()._raw_delete("default")
    assert auditlog.events().value == "None yet."
    Event.objects.create(type="a.b", outcome="success", severity=1, actor_type="system")
    assert "the last one less than a minute ago" in auditlog.events().value


def test_events_that_wait_on_disk_are_shown(settings: Settings, tmp_path: Path) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SPOOL": str(tmp_path)}
    assert auditlog.waiting().state == State.ON


def test_a_lost_database_is_a_state_and_not_a_crash() -> None:
    def lost() -> Finding:
        raise DatabaseError

    assert Protection("a", "b", lost).state == State.OFF


def test_a_state_is_looked_at_once_and_only_when_it_is_asked_for() -> None:
    looks: list[int] = []

    def look() -> Finding:
        looks.append(1)
        return Finding(State.ON, "Yes.")

    protection = Protection("a", "b", look)
    assert looks == []
    assert (protection.state, protection.value, protection.state) == (State.ON, "Yes.", State.ON)
    assert looks == [1]


def test_a_group_is_as_strong_as_its_weakest() -> None:
    def group(*states: State) -> Group:
        parts = [Protection("a", "b", lambda state=state: Finding(state, "")) for state in states]  # type: ignore[misc]
        return Group("edge", "Limited", "?", parts)

    assert group(State.ON, State.ON).state == State.ON
    assert group(State.ON, State.PARTLY).state == State.PARTLY
    assert group(State.PARTLY, State.OFF, State.ON).state == State.OFF
    assert group(State.PARTLY, State.OFF, State.ON).summary == "1 of 3 on"


def test_every_app_has_its_group() -> None:
    assert [group.app for group in groups()] == ["accounts", "authz", "edge", "auditlog"]
