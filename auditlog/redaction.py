"""Secrets are known by the name of their field and by their own shape; neither kind reaches the log."""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Any

REDACTED = "[redacted]"

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = frozenset(
    (
        *("apikey", "authorization", "cookie", "cookies", "credential", "credentials", "csrf", "csrfmiddlewaretoken"),
        *("csrftoken", "jwt", "nonce", "otp", "passcode", "passphrase", "passwd", "password", "passwords", "pin"),
        *("private", "pwd", "secret", "secrets", "sessionid", "sessionkey", "signature", "token", "tokens", "totp"),
    )
)
_SECRET_PAIRS = frozenset({("api", "key"), ("access", "key"), ("recovery", "codes"), ("session", "key")})

_SHAPES = re.compile(
    r"""
      \beyJ[\w-]{10,}(?:\.[\w-]*){0,4}                                      # JWT (RFC 7519), whole or cut
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----[\s\S]*                         # PEM
    | \b(?:argon2|argon2id?|bcrypt\w*|md5|pbkdf2_sha\d+|scrypt)\$[^\s"']+   # Django's password hashes
    | \$(?:argon2id?|2[aby])\$[^\s"']+
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b | \bgh[pousr]_\w{30,} | \b[rs]k_(?:live|test)_\w{16,} | \bxox[abprs]-[\w-]{10,}
    | (?i:(?<=bearer[ ])|(?<=basic[ ]))[\w+/.=~-]{16,}                      # RFC 6750, RFC 7617
    | (?<=://)[^/\s:@]{0,100}:[^/\s@]{1,200}(?=@)                           # user and password in a URL
    """,
    re.VERBOSE,
)
_PAIR = re.compile(
    r"(?i)\b((?:[a-z]+_)?(?:token|password|passwd|secret|api_?key|signature)[\"']?\s*[=:]\s*[\"']?)[^&\s\"',;]+"
)


@lru_cache(maxsize=1000)
def is_secret_name(name: str) -> bool:
    """Tell whether a field of this name holds a secret: `refreshToken`, `api_key` and `X-CSRF-Token` do."""
    words = tuple(word.lower() for word in _WORDS.findall(name[:200]))
    return not _SECRET_WORDS.isdisjoint(words) or not _SECRET_PAIRS.isdisjoint(pairwise(words))


def holds_secret(name: str, value: Any) -> bool:
    """Tell whether ``value`` under ``name`` is a secret; a flag or a missing value is none (`password_changed`)."""
    return not isinstance(value, bool | None) and value != "" and is_secret_name(name)


def without_secrets(text: str) -> str:
    """Return ``text`` with everything in it that has the shape of a secret replaced by `[redacted]`."""
    return _PAIR.sub(rf"\1{REDACTED}", _SHAPES.sub(REDACTED, text))
