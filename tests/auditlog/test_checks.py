"""Every wrong setting is told before the first request."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import checks as django_checks
from django.db import connection
from pytest_django.fixtures import Settings

from auditlog import checks, maintenance, partitions, watching
from auditlog.models import Event
from auditlog.sealing.notes import new_signer

MIDDLEWARE = "auditlog.middleware.AuditMiddleware"
CHANNELS = "auditlog.alerts.channels"
MAIL = f"{CHANNELS}.EmailChannel"


def posted(url: str, secret: str = "whsec_" + "x" * 32) -> dict[str, object]:
    return {"BACKEND": f"{CHANNELS}.WebhookChannel", "OPTIONS": {"url": url, "secret": secret}}


def ids(messages: Any) -> list[str]:
    return [message.id for message in messages]


def test_every_check_is_registered() -> None:
    registered = django_checks.registry.registry.get_checks()

    assert set(checks.ALL) | set(checks.ON_DATABASE) <= {*registered}


def test_our_own_settings_pass() -> None:
    assert [message for check in checks.ALL for message in check()] == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"SIGNAL": []}, ["bulwark_auditlog.E001"]),
        ({"SIGNALS": ["accounts.signals.no_such"]}, ["bulwark_auditlog.E002"]),
        ({"SIGNALS": ["accounts.models.User"]}, ["bulwark_auditlog.E002"]),
        ({"SIGNALS": ["django.db.models.signals.post_save"]}, ["bulwark_auditlog.W001"]),
        ({"CLIENT_IP": "no.such"}, ["bulwark_auditlog.E003"]),
        ({"TENANT": "accounts.conf.NAME_THAT_IS_NOT_THERE"}, ["bulwark_auditlog.E003"]),
        ({"COUNTRY": "django.conf.ENVIRONMENT_VARIABLE"}, ["bulwark_auditlog.E003"]),
        ({"TYPES": {"shop.paid": {"severity": 7}}}, ["bulwark_auditlog.E004"]),
        ({"TYPES": {"shop.paid": {"feilds": []}}}, ["bulwark_auditlog.E004"]),
        ({"TYPES": {"shop.paid": {"fields": "amount"}}}, ["bulwark_auditlog.E004"]),
        ({"TYPES": {"shop.paid": {"severity": 2, "fields": ["amount"]}}}, []),
        ({"RULES": {"no_such_rule": {}}}, ["bulwark_auditlog.E010"]),
        ({"RULES": {"probing": {"treshold": 3}}}, ["bulwark_auditlog.E010"]),
        *(
            ({"RULES": {"probing": {name: value}}}, ["bulwark_auditlog.E010"])
            for name, value in (
                *(("limit", "3"), ("limit", 0), ("window", timedelta(minutes=1)), ("severity", 7)),
                *(("enabled", "no"), ("respond", "block_network")),
            )
        ),
        ({"RULES": {"probing": {"limit": 3, "enabled": False}}}, []),
        ({"RULES": {"token_reuse": {"limit": 3}}}, ["bulwark_auditlog.E010"]),
        ({"RULES": {"new_country": {"limit": 3}}}, ["bulwark_auditlog.E010"]),
        ({"RULES": {"new_country": {"window": 3600}}}, []),
        ({"RULES": {"probing": {"respond": {"action": "no_such"}}}}, ["bulwark_auditlog.E014"]),
        ({"RESPONSE_SUBJECTS": {"account": "config.responses.no_such"}}, ["bulwark_auditlog.E014"]),
        ({"RESPONSE_SUBJECTS": {"": "config.responses.account"}}, ["bulwark_auditlog.E014"]),
        ({"NEVER_BLOCK": ["10.0.0.0/8", "the office"]}, ["bulwark_auditlog.E017"]),
        ({"NEVER_BLOCK": "10.0.0.0/8"}, ["bulwark_auditlog.E017"]),
        ({"NEVER_BLOCK": ["10.1.2.3", "::ffff:10.0.0.0/104", "2001:db8::/48"]}, []),
        ({"ALERT_CHANNELS": {"pager": {"BACKEND": "no.such.Channel"}}}, ["bulwark_auditlog.E011"]),
        ({"ALERT_CHANNELS": {"pager": {"OPTIONS": {"to": []}}}}, ["bulwark_auditlog.E011"]),
        ({"ALERT_CHANNELS": {"pager": {"BACKEND": MAIL, "OPTIONS": {"from": "x"}}}}, ["bulwark_auditlog.E011"]),
        ({"ALERT_CHANNELS": {"pager": {"BACKEND": MAIL, "to": []}}}, ["bulwark_auditlog.E011"]),
        ({"ALERT_CHANNELS": {"pager": posted("http://example.com")}}, ["bulwark_auditlog.E011"]),
        ({"ALERT_CHANNELS": {"pager": posted("https://example.com", "")}}, ["bulwark_auditlog.E011"]),
        ({"ALERT_CHANNELS": {"pager": posted("https://example.com")}}, []),
        ({"HTTP_POST": "no.such"}, ["bulwark_auditlog.E011"]),
        ({"SEAL_KEYS": "nonsense"}, ["bulwark_auditlog.E012"]),
        ({"PUBLISHERS": {"disk": {}}}, ["bulwark_auditlog.E013"]),
        ({"PUBLISHERS": {"disk": {"BACKEND": "no.such"}}}, ["bulwark_auditlog.E013"]),
        ({"PUBLISHERS": {"disk": {"BACKEND": "auditlog.sealing.publishing.FilePublisher"}}}, ["bulwark_auditlog.E013"]),
        ({"PUBLISHERS": {"x": {"BACKEND": "pathlib.Path", "OPTIONS": {}}}}, ["bulwark_auditlog.E013"]),
        ({"SESSION_MODEL": "no.such"}, ["bulwark_auditlog.E006"]),
        ({"SESSION_MODEL": "nonsense"}, ["bulwark_auditlog.E006"]),
        ({}, []),
    ],
)
def test_settings(given: dict[str, Any], expected: list[str], settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = given

    assert ids(message for check in checks.ALL for message in check()) == expected


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        ([], ["bulwark_auditlog.E005"]),
        (["django.middleware.common.CommonMiddleware", MIDDLEWARE], ["bulwark_auditlog.W002"]),
        ([MIDDLEWARE, "django.middleware.common.CommonMiddleware"], []),
    ],
)
def test_middleware(middleware: list[str], expected: list[str], settings: Settings) -> None:
    settings.MIDDLEWARE = middleware

    assert ids(checks.check_middleware()) == expected


@pytest.mark.parametrize(("spool", "expected"), [("", ["bulwark_auditlog.W003"]), ("/var/spool/audit", [])])
def test_a_spool_in_the_temporary_folder_is_for_development(
    spool: str, expected: list[str], settings: Settings
) -> None:
    settings.BULWARK_AUDITLOG = {"SPOOL": spool}

    assert ids(checks.check_spool()) == expected


@pytest.mark.django_db
def test_the_database_passes() -> None:
    if connection.vendor == "postgresql":
        watching.install(connection)

    assert [message for check in checks.ON_DATABASE for message in check(databases=["default"])] == []


def test_no_database_is_asked_where_none_was_named() -> None:
    assert [message for check in checks.ON_DATABASE for message in check(databases=None)] == []


@pytest.mark.django_db
def test_a_table_without_its_triggers_is_an_error() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER bulwark_event_append_only ON bulwark_auditlog_event")
        else:
            cursor.execute("DROP TRIGGER bulwark_event_no_update")

    assert ids(checks.check_triggers(databases=["default"])) == ["bulwark_auditlog.E007"]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
def test_a_disabled_trigger_is_an_error() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE bulwark_auditlog_event DISABLE TRIGGER bulwark_event_append_only")

    assert ids(checks.check_triggers(databases=["default"])) == ["bulwark_auditlog.E007"]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
def test_a_month_without_a_partition_is_a_warning() -> None:
    month = partitions.existing(connection, Event._meta.db_table)[1]
    with connection.cursor() as cursor, maintenance.allowed():
        cursor.execute(f"DROP TABLE {month.table(Event._meta.db_table)}")

    assert ids(checks.check_partitions(databases=["default"])) == ["bulwark_auditlog.W004"]


def test_a_log_that_is_not_sealed_or_not_published_is_told_before_deployment(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {}
    assert ids(checks.check_sealing()) == ["bulwark_auditlog.W006"]
    settings.BULWARK_AUDITLOG = {"SEAL_KEYS": new_signer("audit").secret_line}
    assert ids(checks.check_sealing()) == ["bulwark_auditlog.W007"]
    backend = "auditlog.sealing.publishing.FilePublisher"
    places = {"disk": {"BACKEND": backend, "OPTIONS": {"folder": "checkpoints"}}}
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "PUBLISHERS": places}
    assert ids(checks.check_sealing()) == []
