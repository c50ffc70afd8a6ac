"""Tries the origins that django-cors-headers is told to trust with some that nobody meant."""

import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

_EVIL = "https://evil.example"
#: What stands for any text in a pattern, and a text for it.
_WILD = re.compile(r"(?:\[[^\]]*\]|\\[wdS]|\.)(?:[+*]\??|\{[^}]*\})|\\[wdS]|\[[^\]]*\]")
_GROUP = re.compile(r"\((?:\?:|\?P<\w+>)?([^()|]*)(?:\|[^()]*)?\)[?*+]?")


def check_cors(*_: Any, **__: Any) -> list[CheckMessage]:
    """E011: a pattern of CORS_ALLOWED_ORIGIN_REGEXES lets a stranger in. E012: everybody may ask with credentials."""
    found: list[CheckMessage] = []
    for pattern in getattr(settings, "CORS_ALLOWED_ORIGIN_REGEXES", ()):
        trusted = next((probe for probe in probes(pattern) if re.match(pattern, probe)), None)
        if trusted is not None:
            message = f"CORS_ALLOWED_ORIGIN_REGEXES: {pattern!r} trusts {trusted}."
            hint = r"Anchor it with ^ and $, escape its dots, and list origins in CORS_ALLOWED_ORIGINS where you can."
            found.append(Error(message, hint=hint, id="bulwark_edge.E011"))
    if getattr(settings, "CORS_ALLOW_ALL_ORIGINS", False) and getattr(settings, "CORS_ALLOW_CREDENTIALS", False):
        message = "CORS_ALLOW_ALL_ORIGINS and CORS_ALLOW_CREDENTIALS: any page may act for whoever looks at it."
        found.append(Error(message, id="bulwark_edge.E012"))
    return found


def probes(pattern: Any) -> Iterator[str]:
    """Yield origins that a pattern must not match: strangers, and strangers that look like what it is meant for."""
    text = pattern.pattern if isinstance(pattern, re.Pattern) else pattern
    yield from ("null", _EVIL, f"{_EVIL}:8443", "http://evil.example", "file://")
    meant = _example(text)
    scheme, separator, host = meant.partition("://")
    if not separator or not re.match(text, meant):
        return
    yield f"{meant}.evil.example"
    yield f"{meant}evil.example"
    yield f"{meant}@evil.example"
    if "." in host:
        yield f"{scheme}://evil{host.partition('.')[2]}" if host.startswith("app.") else f"{scheme}://evil{host}"
        yield f"{scheme}://{host.replace('.', 'x')}"
        yield f"{scheme}://evil.example/.{host}"


def _example(pattern: str) -> str:
    """Return an origin that ``pattern`` is meant for: its wild parts become `app`."""
    text = pattern.removeprefix("^").removesuffix("$").removesuffix(r"\Z").replace("s?:", "s:")
    for _ in range(5):
        text = _GROUP.sub(r"\1", text)
    return _WILD.sub("app", text).replace("\\", "")
