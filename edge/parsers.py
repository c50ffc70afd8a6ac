"""JSON as a contract: one meaning, bounded size, nothing that a database or a log chokes on."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

from django.http import UnreadablePostError
from rest_framework.parsers import BaseParser

from .conf import conf
from .problems.errors import BodyTooLarge, MalformedBody, UnsupportedBody
from .views import declared

View = TypeVar("View", bound=Callable[..., Any])


def body_limit(size: int) -> Callable[[View], View]:
    """Let a view, class or method take bodies of up to ``size`` bytes, instead of `BODY_LIMIT`."""

    def decorate(view: View) -> View:
        vars_of: Any = view
        vars_of.edge_body_limit = size
        return view

    return decorate


def multipart(view: View) -> View:
    """Let a view, class or method take `multipart/form-data`; REST framework's parsers say so by themselves."""
    vars_of: Any = view
    vars_of.edge_multipart = True
    return view


def limit_of(view: Any, method: str | None, *, default: int | None = None) -> int:
    """Return how many bytes a body for ``view`` may have; what is declared closest to the method counts."""
    limits: list[int] = [default or conf.body_limit, *declared(view, method, "edge_body_limit")]
    return limits[-1]


def takes_multipart(view: Any, method: str | None) -> bool:
    """Say whether ``view`` has asked for `multipart/form-data`."""
    parsers = getattr(getattr(view, "cls", None), "parser_classes", ())
    asked = any(parser.media_type.startswith("multipart/") for parser in parsers)
    return asked or any(declared(view, method, "edge_multipart"))


class StrictJSONParser(BaseParser):
    """Parses `application/json` in UTF-8, within limits on bytes, depth, members and digits.

    Refused with 400: a repeated member (parsers disagree on which one counts), NUL and lone surrogates (PostgreSQL and
    UTF-8 cannot hold them), NaN and Infinity (not JSON), numbers with too many digits. RFC 8259, RFC 7493 (I-JSON).
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Return the parsed body.

        :raises MalformedBody: it is no JSON within the limits.
        :raises BodyTooLarge: it has too many bytes.
        :raises UnsupportedBody: it is in a charset other than UTF-8.
        """
        _check_charset(media_type)
        context = parser_context or {}
        request = context.get("request")
        limit = limit_of(context.get("view"), getattr(request, "method", None))
        try:
            body = stream.read(limit + 1)
        except UnreadablePostError:
            raise MalformedBody("The body ended early.") from None
        if len(body) > limit:
            raise BodyTooLarge(limit)
        return parse_json(body)


def _check_charset(media_type: str | None) -> None:
    for parameter in (media_type or "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            raise UnsupportedBody


def parse_json(body: bytes) -> Any:
    """Return what the bytes of a JSON text mean.

    :raises MalformedBody: they are no JSON, ambiguous JSON, or beyond `JSON_DEPTH`, `JSON_KEYS` or `JSON_DIGITS`.
    """
    try:
        value = _DECODER.decode(body.decode())
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8.") from None
    except RecursionError:
        raise MalformedBody("The body nests too deeply.", "too_deep") from None
    except json.JSONDecodeError as error:
        raise MalformedBody(f"The body is not valid JSON: line {error.lineno}, column {error.colno}.") from None
    _check_tree(value)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedBody("A member is repeated.", "duplicate_key")
    return members


def _no_constant(name: str) -> NoReturn:
    raise MalformedBody(f"{name} is not JSON.", "not_a_number")


def _integer(digits: str) -> int:
    _check_digits(digits)
    return int(digits)


def _number(digits: str) -> float:
    _check_digits(digits)
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        raise MalformedBody("A number is out of range.", "number_out_of_range")
    return value


def _check_digits(digits: str) -> None:
    if len(digits) > conf.json_digits:
        raise MalformedBody("A number has too many digits.", "number_out_of_range")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_constant=_no_constant, parse_int=_integer, parse_float=_number
)


def _check_tree(value: Any) -> None:
    """Check depth, number of members and every text, level by level: nesting costs no stack."""
    level, count, depth = [value], 0, 0
    while level:
        for text in level:
            if isinstance(text, str):
                _check_text(text)
        containers = [item for item in level if isinstance(item, dict | list)]
        depth, count = depth + bool(containers), count + sum(map(len, containers))
        if depth > conf.json_depth:
            raise MalformedBody("The body nests too deeply.", "too_deep")
        if count > conf.json_keys:
            raise MalformedBody("The body has too many members.", "too_many_keys")
        level = [inner for item in containers for inner in _inside(item)]


def _inside(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    """Return what ``container`` holds; the names of members are texts like any other."""
    return container if isinstance(container, list) else (*container, *container.values())


def _check_text(text: str) -> None:
    if "\0" in text:
        raise MalformedBody("A text holds the character NUL.", "nul_character")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise MalformedBody("A text holds half a surrogate pair.", "lone_surrogate") from None
