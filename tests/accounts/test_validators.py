"""Rules for passwords and names."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.names import validate_name
from accounts.validators import CompositionValidator, ContextWordsValidator
from tests.accounts.browser import PASSWORD, Browser, read

BARBARA = User(email="barbara.lovelace@acme-steel.example", name="Barbara Lovelace")


def codes(password: str, user: User | None = BARBARA, **options: object) -> list[str | None]:
    try:
        ContextWordsValidator(**options).validate(password, user)  # type: ignore[arg-type]
    except ValidationError as error:
        return [each.code for each in error.error_list]
    return []


@pytest.mark.parametrize(
    "password",
    [
        "BarbaraLovelace",
        "barbara-lovelace",
        "B4rb4r4L0v3l4c3!",
        "Lovelace2026!!",
        "barbara123456",
        "xxbarbaraxxxx",
        "acme-steel-2026",
        "ACME.STEEL.1!",
        "lovelacebarbaralovelace",
        "lovelace11111111",
    ],
)
def test_a_password_of_ones_own_name_is_refused(password: str) -> None:
    assert codes(password) == ["password_of_context"]


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "barbara likes very green tea", "steelworkers unite tonight"]
)
def test_a_sentence_with_a_name_in_it_is_fine(password: str) -> None:
    assert codes(password) == []


def test_the_sites_name_is_refused(settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "SITE_URL": "https://shop.windmills.example"}
    assert codes("windmills2026", None) == ["password_of_context"]
    assert codes("Pr0duct-2026!", None, words=("product",)) == ["password_of_context"]
    assert codes("Pr0duct-2026!", None) == []
    assert "name" in ContextWordsValidator().get_help_text()


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("Capital1", []),
        ("capital1", ["password_no_capital"]),
        ("Capital", ["password_no_digit"]),
        ("none of them", ["password_no_digit", "password_no_capital"]),
        ("\u00c9t\u00e9 \u0663", []),
    ],
)
def test_kinds_of_characters_for_those_who_must(password: str, expected: list[str]) -> None:
    validator = CompositionValidator()
    found: list[str | None] = []
    try:
        validator.validate(password)
    except ValidationError as error:
        found = [each.code for each in error.error_list]
    assert found == expected
    assert "3 digits" in CompositionValidator(digits=3).get_help_text()


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("elevenchars", "password_too_short"),
        ("1qaz2wsx3edc", "password_too_common"),
        ("barbaralovelace", "password_of_context"),
        ("bulwark-1234", "password_of_context"),
        ("x" * 129, "password_too_long"),
    ],
)
def test_the_project_refuses(password: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_password(password, BARBARA)
    assert code in [each.code for each in caught.value.error_list]


def test_no_rules_about_kinds_of_characters() -> None:
    for password in (
        "all small letters here",
        "731048265190",
        "\u044f \u043b\u044e\u0431\u043b\u044e \u0447\u0430\u0439 \u0438 \u043a\u043e\u0444\u0435",
    ):
        validate_password(password)


def test_registering_with_a_weak_password_tells_where(browser: Browser, db: None) -> None:
    body = {"email": "barbara.lovelace@example.com", "password": "lovelace-2026", "name": "Barbara"}
    response = browser.send("POST", "register", body)
    assert response.status_code == 422
    errors = read(response)["errors"]
    assert {"pointer": "/password", "code": "password_of_context"}.items() <= errors[0].items()


UNSEEN = ["a\u202eb", "a\u2066b", "a\x00b", "a\nb", "a\x1bb", "a\u2028b", "a\ufeffb", "a\u200bb", "a\u00adb", "\ue000"]


@pytest.mark.parametrize("name", UNSEEN)
def test_a_name_that_reads_otherwise_than_it_is_is_refused(name: str, alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com")
    changed = browser.send("PATCH", "me", {"name": name})
    assert changed.status_code in ({400, 422} if "\x00" in name else {422})
    body = {"email": "new@example.com", "password": PASSWORD, "name": name}
    assert browser.send("POST", "register", body).status_code in ({400, 422} if "\x00" in name else {422})
    assert User.objects.get().name == "Alice"
    with pytest.raises(ValidationError):
        User(email="a@example.com", name=name).clean()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Zo\u00eb O\u2019Hara-\u00d1u\u00f1ez",
        "\u0646\u06cc\u200c\u0645\u0627",
        "\u5f20\u4f1f",
        "\u05d0\u05d1",
        "\U0001f600",
    ],
)
def test_names_of_all_scripts_are_taken(name: str) -> None:
    validate_name(name)


def test_the_admin_refuses_it_too(client: Client, db: None) -> None:
    client.force_login(User.objects.create_superuser("admin@example.com", PASSWORD))
    form = {"email": "new@example.com", "name": "a\u202eb"}
    assert client.post("/admin/bulwark_accounts/user/add/", form, secure=True).status_code == 200
    assert User.objects.count() == 1


def test_the_page_refuses_it_too(client: Client, db: None) -> None:
    form = {"email": "new@example.com", "name": "a\u202eb", "password": PASSWORD}
    assert client.post("/account/register", form, secure=True).status_code == 422
    assert not User.objects.exists()
