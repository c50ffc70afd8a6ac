"""Logging in, over HTTP."""

import pytest

from accounts.models import TokenFamily, User
from tests.accounts.browser import Browser, read
from tests.accounts.conftest import Sent


def test_the_right_password_opens_a_session(alice: User, browser: Browser, sent: list[Sent]) -> None:
    response = browser.log_in("Alice@Example.com ", transport="body")
    assert response.status_code == 200, response.content
    body = read(response)
    assert set(body) == {"access", "token_type", "expires_in", "refresh"}
    assert body["expires_in"] == 600
    family = TokenFamily.objects.get()
    assert (family.user, family.transport, family.amr, family.generation) == (alice, "body", ["pwd"], 1)
    assert [each.name for each in sent] == ["login_succeeded"]
    assert sent[0].target == family
    assert browser.send("GET", "me").status_code == 200


@pytest.mark.parametrize("case", ["wrong", "unknown", "inactive", "unusable"])
def test_every_refusal_looks_the_same(case: str, alice: User, bob: User, browser: Browser, sent: list[Sent]) -> None:
    if case == "inactive":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    elif case == "unusable":
        alice.set_unusable_password()
        alice.save()
    name = "nobody" if case == "unknown" else "alice"
    password = "not the password" if case == "wrong" else "correct horse battery staple"
    response = browser.log_in(f"{name}@example.com", password=password)
    assert response.status_code == 401
    problem = read(response)
    assert problem["code"] == "invalid_credentials"
    assert problem["detail"] == "No active account has these credentials."
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert TokenFamily.objects.count() == 0
    assert [(each.name, each.outcome) for each in sent] == [("login_failed", "refused")]
    assert "example.com" not in str(sent[0].data)
