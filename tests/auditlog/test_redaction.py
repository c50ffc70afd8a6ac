"""No secret reaches the log, whether its name or its shape gives it away."""

import jwt
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from auditlog.redaction import REDACTED, holds_secret, is_secret_name, without_secrets

TOKEN = jwt.encode({"sub": "alice"}, "k" * 32, algorithm="HS256")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "password",
            "new_password",
            "newPassword",
            "PASSWORD",
            "Password2",
            "refresh",
            "refreshToken",
            "access_token",
        ),
        *("X-CSRF-Token", "csrfmiddlewaretoken", "HTTP_AUTHORIZATION", "cookie", "Set-Cookie", "api_key", "apiKey"),
        *("client_secret", "otp", "totp_code", "recovery_codes", "sessionid", "private_key", "jwt", "pwd"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name) is (name != "refresh")


@pytest.mark.parametrize(
    "name", ["title", "key", "pinned", "tokenise", "author", "passenger", "secretary", "generation", ""]
)
def test_names_that_only_look_like_it(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("value", "expected"), [(True, False), (None, False), ("", False), ("x", True), (123456, True)]
)
def test_a_flag_named_after_a_secret_is_none(value: object, expected: bool) -> None:
    assert holds_secret("password", value) is expected


@pytest.mark.parametrize(
    ("secret", "around"),
    [
        (TOKEN, "got {} here"),
        (TOKEN[:60], "cut {}"),
        (TOKEN.removesuffix(TOKEN.rpartition(".")[2]), "alg none: {}"),
        ("dGhpcyBpcyBhIHNlY3JldA==", "Authorization: Basic {}"),
        ("0123456789abcdef0123456789abcdef", "Authorization: bearer {} and more"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----", "key {}"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ", "key {}"),
        (PBKDF2PasswordHasher().encode("secret", "salty"), "hash {} of alice"),
        ("$2b$12$abcdefghijklmnopqrstuv", "hash {}"),
        ("AKIAIOSFODNN7EXAMPLE", "aws {}"),
        ("ghp_0123456789012345678901234567890123456789", "github {}"),
        ("alice:hunter2", "https://{}@example.com/"),
        ("hunter2", "https://example.com/?next=/&password={}&x=1"),
        ("hunter2", "POST body: password={}"),
        ("abc.def", "https://example.com/?access_token={}"),
        ("hunter2", '{{"password": "{}"}}'),
    ],
)
def test_shapes_of_secrets(secret: str, around: str) -> None:
    cleaned = without_secrets(around.format(secret))

    assert secret not in cleaned
    assert REDACTED in cleaned
    assert cleaned.startswith(around.format("")[:3])


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "basic authentication is off",
        "https://example.com:8443/path?next=/home",
        "token_reuse_detected",
        "01a204cf-ee11-7965-a57c-27f70993e4cc",
        "eyJ",
        "alice@example.com",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text) == text
