"""Flattens REST framework's nested validation errors into JSON pointers (RFC 6901)."""

from collections.abc import Iterator
from typing import Any

from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings


def flattened(detail: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """Yield `{"pointer", "code", "detail"}` for each error in ``detail``.

    :param detail: what a `ValidationError` carries: error details in dictionaries and lists.
    :param pointer: where in the body ``detail`` belongs.
    """
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = name == api_settings.NON_FIELD_ERRORS_KEY
            yield from flattened(inner, pointer if own else f"{pointer}/{_escaped(str(name))}")
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from flattened(inner, f"{pointer}/{index}" if isinstance(inner, dict) and inner else pointer)
    else:
        code = detail.code if isinstance(detail, ErrorDetail) else "invalid"
        yield {"pointer": pointer, "code": str(code), "detail": str(detail)}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
