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
DJANGO = [f"django.contrib.auth.signals.{name}" for name in ("user_logged_in", "user_logged_out", "user_login_failed")]


def test_every_signal_of_ours_is_in_the_settings_and_nothing_else() -> None:
    assert sorted(settings.BULWARK_AUDITLOG["SIGNALS"]) == sorted([*TOLD, *DJANGO])


@pytest.mark.parametrize("path", [*TOLD, *DJANGO])
def test_every_signal_is_connected(path: str) -> None:
    assert uid(path) in [key[0] for key, *_ in signal_at(path).receivers]


@pytest.mark.parametrize("path", [*TOLD, *DJANGO])
def test_every_signal_has_a_type(path: str) -> None:
    assert is_listed(event_name(path))


def test_every_type_of_ours_has_a_signal() -> None:
    of_signals = {event_name(path) for path in [*TOLD, *DJANGO]}

    assert {member.label for member in EventType if not member.label.startswith("auditlog.")} == of_signals


@pytest.mark.parametrize("app", APPS)
def test_every_signal_has_its_arguments_in_a_comment_above_it(app: str) -> None:
    lines = Path(dev.ROOT, app, "signals.py").read_text().splitlines()
    bare = [
        line for above, line in pairwise(lines) if re.match(r"\w+ = Signal\(\)", line) and not above.startswith("#")
    ]

    assert bare == []
