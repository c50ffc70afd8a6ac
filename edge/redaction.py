"""Takes secrets out of what is logged: by the name of a field, and by the shape of a value."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"
_NAMES = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secrets?|tokens?|authorization|cookies?|credentials?|otp|totp"
    r"|api[-_]?key|private[-_]?key|secret[-_]?key|access[-_]?key|session(?:id|[-_]key)?|csrf\w{0,40}|signature|client[-_]?secret"
    r"|code[-_]verifier|recovery[-_]codes?)(?:[-_.]?(?:hash|value|confirm|confirmation|old|new|[0-9]+))?"
)
_SECRET_NAME = re.compile(rf"(?i:(?:[a-z0-9]+[-_.])*{_NAMES}|(?:old|new|current)[-_]?password)")
#: A JSON Web Token; without the group, a word that only begins like one. Either way the word is read once: to try again
#: from inside it would take the square of its length.
_TOKEN = re.compile(r"eyJ[\w-]{6,}(\.[\w-]{4,}(?:\.[\w-]*){1,3})?")
#: What ends an exception's text in a chain of them. PostgreSQL cuts the values of a row at 64 bytes: none can hold it.
_NEXT_EXCEPTION = (
    r"\n\n(?:The above exception was the direct cause of the following exception"
    r"|During handling of the above exception, another exception occurred):\n\n"
)
#: What looks like a secret wherever it stands; the first group stays.
_SHAPES = (
    re.compile(r"(?i)(\b(?:bearer|basic|token)\s+)[\w.~+/=-]{8,}"),
    re.compile(r"([a-z][a-z0-9+.-]{0,30}://[^/\s:@]*:)[^@\s/]+(?=@)"),  # a password in a URL
    re.compile(r"()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"()\b(?:pbkdf2_\w+|argon2\w*|bcrypt\w*|scrypt|md5)\$[^\s'\"]+"),  # password hashes
    re.compile(r"(LINE \d+: ).*"),  # the statement, with its values
    # PostgreSQL's values, which may have any letter and any number of lines, and all that it says of them.
    re.compile(
        r"(\b(?:DETAIL|CONTEXT|QUERY):  |Failing row contains |Key \(.{1,200}?\)=(?=\()"
        r"|(?:invalid input (?:syntax|value) for [^:\"\n]{1,200}|malformed \w{1,20} literal"
        r"|syntax error in ts(?:query|vector)|invalid cidr value"
        r"|(?:date|timestamp|displacement|field value) out of range): |\b(?:value|time zone) (?=\"))"
        rf"(?s:.*?)(?={_NEXT_EXCEPTION}|\Z)"
    ),
    re.compile(r'()"[^"]*"(?= is out of range for type )'),  # its floats, whose message begins with them
    re.compile(
        # After anything but a letter or digit: to try each word before it would take a caller's long path seconds.
        rf"""((?i:(?<![^\W_])(?:{_NAMES}|(?:old|new|current)[-_]?password))["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s"'&,;)}}\]]+)"""
    ),
)
MAX_DEPTH = 8
_PLAIN = (bool, int, float)
_CONTAINERS = (Mapping, list, tuple, set)

#: No shape can be found in a text without any of these: nearly all that is logged are such words, paths and numbers.
_SIGNS = re.compile(r"[\s:=$(]|eyJ|-----|%[0-9A-Fa-f]{2}")


def redacted_text(text: str) -> str:
    """Return ``text`` without what looks like a secret."""
    if _SIGNS.search(text) is None:
        return text
    text = _TOKEN.sub(lambda found: REDACTED if found[1] else found[0], text)
    for shape in _SHAPES:
        text = shape.sub(rf"\1{REDACTED}", text)
    return text


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Say whether a field of that name holds a secret."""
    return _SECRET_NAME.fullmatch(name) is not None


def redacted(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a copy of ``value`` without secrets: in texts, mappings and sequences, ``depth`` levels deep."""
    if type(value) is str:
        return redacted_text(value)
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, _CONTAINERS):
        return REDACTED if depth <= 0 else _inside(value, depth - 1)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return redacted_text(text)


def _inside(value: Any, depth: int) -> Any:
    if not isinstance(value, Mapping):
        return [redacted(item, depth) for item in value]
    return {
        str(key): REDACTED if is_secret_name(str(key)) and item not in (None, "") else redacted(item, depth)
        for key, item in value.items()
    }
