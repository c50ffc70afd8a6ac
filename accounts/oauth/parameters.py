"""Reads the parameters of a request."""

from django.http import QueryDict

from .errors import ErrorCode, OAuthRefused

#: Characters of one parameter: what an address can carry.
MAX_LENGTH = 4_096


def read_parameters(query: QueryDict) -> dict[str, str]:
    """Return parameters by name, those without a value left out (RFC 6749, section 3.1).

    :raises OAuthRefused: one stands twice, is too long, or has a control character.
    """
    found: dict[str, str] = {}
    for name, values in query.lists():
        if len(values) > 1:
            raise OAuthRefused(ErrorCode.INVALID_REQUEST, "A parameter stands twice.", reason="repeated_parameter")
        value = values[0]
        if len(value) > MAX_LENGTH or any(character < " " or character == "\x7f" for character in value):
            raise OAuthRefused(ErrorCode.INVALID_REQUEST, "A parameter cannot be read.", reason="malformed_parameter")
        if value:
            found[name] = value
    return found
