"""A pytest plugin for a process that runs simplejwt's own tests: their names lead to ours, their settings to ours.

It runs in a bare project (`tests.alone.project`), where `accounts` and simplejwt's `tests` are top-level packages.
"""

import contextlib
import functools
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import jwt
import pytest
import time_machine

#: Their setting: ours, where both mean the same.
SETTINGS = {"AUTH_HEADER_TYPES": "AUTH_HEADER_TYPES", "LEEWAY": "LEEWAY"}


def pytest_configure() -> None:
    import django

    django.setup()
    _stand_in("freezegun", freeze_time=lambda moment: time_machine.travel(f"{moment}T00:00:00Z", tick=False))
    _stand_in("jose", jwt=types.SimpleNamespace(encode=_encode, decode=jwt.decode))
    _redirect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A request that is a MagicMock has no address and no headers; ours are given none."""
    tests = sys.modules.get("tests.test_serializers")
    if tests is not None:
        vars(tests)["MagicMock"] = dict


def _stand_in(name: str, **contents: Any) -> None:
    module = types.ModuleType(name)
    vars(module).update(contents)
    sys.modules[name] = module


def _encode(payload: dict[str, Any], *arguments: Any, **named: Any) -> str:
    """Encode as the library does that they use: dates in the payload become numbers."""
    if isinstance(payload.get("exp"), datetime):
        payload["exp"] = int(payload["exp"].timestamp())
    return jwt.encode(payload, *arguments, **named)


def _redirect() -> None:
    import rest_framework_simplejwt
    from django.utils import timezone
    from rest_framework_simplejwt import authentication, serializers, tokens, views

    import accounts.authentication
    import accounts.simplejwt.serializers
    import accounts.simplejwt.tokens
    import accounts.simplejwt.views

    for theirs, ours in (
        (tokens, accounts.simplejwt.tokens),
        (serializers, accounts.simplejwt.serializers),
        (views, accounts.simplejwt.views),
    ):
        for name in vars(theirs).keys() & vars(ours).keys():
            if isinstance(vars(ours)[name], type):
                setattr(theirs, name, vars(ours)[name])
    for name in ("JWTStatelessUserAuthentication", "default_user_authentication_rule"):
        setattr(accounts.authentication, name, getattr(authentication, name))
    vars(rest_framework_simplejwt)["authentication"] = accounts.authentication
    sys.modules["rest_framework_simplejwt.authentication"] = accounts.authentication
    # They set the clock by replacing this name in their module.
    vars(timezone)["now"] = functools.partial(_call, vars(tokens), "aware_utcnow")
    _redirect_settings()


def _call(names: dict[str, Callable[[], Any]], name: str) -> Any:
    return names[name]()


def _redirect_settings() -> None:
    from django.conf import settings
    from django.test import override_settings

    utils = importlib.import_module("tests.utils")  # theirs: in this process it is a top-level package

    theirs = vars(utils)["override_api_settings"]

    @contextlib.contextmanager
    def override_api_settings(**given: Any) -> Iterator[None]:
        ours = {SETTINGS[name]: value for name, value in given.items() if name in SETTINGS}
        with theirs(**given), override_settings(BULWARK_ACCOUNTS={**settings.BULWARK_ACCOUNTS, **ours}):
            yield

    vars(utils)["override_api_settings"] = override_api_settings
