"""What an app tells the world reaches the audit log, whole."""

import importlib
import re
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.dispatch import Signal

import dev
from auditlog.event_types import EventType, is_listed
from auditlog.meanings import MEANINGS
from auditlog.subscriptions import event_name, signal_at, uid
from setup import APPS

#: What the log says of itself is not written into it.
TOLD = [
    f"{app}.signals.{name}"
    for app in APPS
    if app != "auditlog"
    for name, value in vars(importlib.import_module(f"{app}.signals")).items()
    if isinstance(value, Signal)
]
#: A host without accounts subscribes to these; here each Django login is one of accounts', and told as such.
ELSEWHERE = {"auth.user_logged_in", "auth.user_logged_out", "auth.user_login_failed"}


def test_every_signal_of_ours_is_in_the_settings_and_nothing_else() -> None:
    assert sorted(settings.BULWARK_AUDITLOG["SIGNALS"]) == sorted(TOLD)


@pytest.mark.parametrize("path", TOLD)
def test_every_signal_is_connected(path: str) -> None:
    assert uid(path) in [key[0] for key, *_ in signal_at(path).receivers]


@pytest.mark.parametrize("path", TOLD)
def test_every_signal_has_a_type(path: str) -> None:
    assert is_listed(event_name(path))


def test_every_type_of_ours_has_a_signal() -> None:
    of_signals = {event_name(path) for path in TOLD}

    listed = {member.label for member in EventType if not member.label.startswith("auditlog.")}
    assert listed - ELSEWHERE == of_signals


@pytest.mark.parametrize("member", EventType, ids=lambda member: member.label)
def test_every_type_has_a_meaning_for_other_systems(member: EventType) -> None:
    assert member.label in MEANINGS, f"Add a row for {member.label} to auditlog/meanings.py: its place in OCSF and ECS."


def test_every_meaning_is_of_a_type() -> None:
    assert list(MEANINGS) == sorted(member.label for member in EventType)


@pytest.mark.parametrize("app", APPS)
def test_every_signal_has_its_arguments_in_a_comment_above_it(app: str) -> None:
    lines = Path(dev.ROOT, app, "signals.py").read_text().splitlines()
    bare = [
        line for above, line in pairwise(lines) if re.match(r"\w+ = Signal\(\)", line) and not above.startswith("#")
    ]

    assert bare == []
