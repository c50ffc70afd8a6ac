"""Who may read the OpenAPI document and its page."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User

DOCS, SCRIPT, SCHEMA = "/api/v1/docs/", "/api/v1/docs/?script", "/api/v1/schema/"


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    answer = client.get(DOCS)
    assert (answer.status_code, answer["Location"]) == (302, f"/account/login?next={DOCS}")


def test_a_stranger_does_not_get_the_document(client: Client) -> None:
    answer = client.get(SCHEMA, headers={"Accept": "application/json"})
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
@pytest.mark.parametrize("path", [DOCS, SCRIPT, SCHEMA])
def test_a_user_who_is_not_staff_gets_none_of_it(client: Client, path: str) -> None:
    client.force_login(User.objects.create_user("alice@example.com"))
    assert client.get(path).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("path", [DOCS, SCRIPT, SCHEMA])
def test_staff_get_it(client: Client, path: str) -> None:
    client.force_login(User.objects.create_user("erin@example.com", is_staff=True))
    assert client.get(path).status_code == 200


@pytest.mark.django_db
def test_staff_who_were_deactivated_get_none_of_it(client: Client) -> None:
    user = User.objects.create_user("erin@example.com", is_staff=True)
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get(SCHEMA).status_code == 403


@pytest.mark.parametrize("path", [DOCS, SCRIPT, SCHEMA])
def test_it_is_open_where_the_setting_says_so(client: Client, settings: Settings, path: str) -> None:
    settings.PAGES_OPEN = True
    assert client.get(path).status_code == 200


def test_the_page_has_no_inline_code_and_its_program_is_a_file_of_its_own(client: Client, settings: Settings) -> None:
    settings.PAGES_OPEN = True
    page = client.get(DOCS)
    text = page.content.decode()
    assert "<style" not in text
    assert "<script>" not in text
    assert "script-src 'self'" in page["Content-Security-Policy"]
    program = client.get(SCRIPT)
    assert program["Content-Type"].startswith("application/javascript")
    # It holds a CSRF token: no page of another site may run it and read along.
    assert program["Cross-Origin-Resource-Policy"] == "same-origin"


def test_it_keeps_no_token_and_asks_no_other_server(client: Client, settings: Settings) -> None:
    settings.PAGES_OPEN = True
    program = client.get(SCRIPT).content.decode()
    assert '"persistAuthorization": false' in program
    assert '"validatorUrl": null' in program
    assert "https://" not in client.get(DOCS).content.decode()
