"""Django's own login, by the same budget and with the same event."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import aauthenticate, authenticate
from django.db import connections
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts.backends import refusal_of
from accounts.models import User
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import Sent
from tests.accounts.counting_hasher import calls

ADMIN = "admin@example.com"
pytestmark = pytest.mark.urls("tests.accounts.stock_admin")


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser(ADMIN, PASSWORD)


def post(client: Client, password: str, **extra: Any) -> Any:
    form = {"username": ADMIN, "password": password, "next": "/admin/"}
    return client.post("/admin/login/", form, secure=True, **extra)


def test_each_door_spends_from_one_budget(admin: User, settings: Settings, client: Client) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_ACCOUNT": 4}
    statuses = [post(client, "wrong", REMOTE_ADDR=f"192.0.2.{n}").status_code for n in range(2)]
    statuses += [Browser().log_in(ADMIN, password="wrong").status_code for _ in range(2)]
    assert statuses == [200, 200, 401, 401]
    refused = post(client, PASSWORD, REMOTE_ADDR="192.0.2.9")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert Browser().log_in(ADMIN).status_code == 429


def test_the_admins_own_device_is_not_locked_out(admin: User, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_ACCOUNT": 2}
    own = Client()
    assert post(own, PASSWORD).status_code == 302
    assert any("device" in name for name in own.cookies)
    for number in range(3):
        post(Client(), "wrong", REMOTE_ADDR=f"192.0.2.{number}")
    assert post(Client(), PASSWORD).status_code == 429
    assert post(own, PASSWORD).status_code == 302


@pytest.mark.parametrize("password", ["wrong", "x" * 129])
def test_a_failure_is_told_once_and_hashed_once(
    password: str, admin: User, settings: Settings, client: Client, sent: list[Sent]
) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.counting_hasher.CountingHasher"]
    admin.set_password(PASSWORD)
    admin.save()
    calls.clear()
    assert post(client, password).status_code == 200
    assert [each.name for each in sent] == ["login_failed"]
    assert calls["encode"] == (1 if len(password) <= 128 else 0)


def test_a_page_can_learn_why(admin: User, rf: RequestFactory, settings: Settings) -> None:
    request = rf.post("/")
    assert authenticate(request, username=ADMIN, password=PASSWORD) == admin
    assert refusal_of(request) is None
    assert authenticate(request, username=ADMIN, password="wrong") is None
    found = refusal_of(request)
    assert found is not None
    assert found.fault == "wrong_password"
    assert authenticate(request, username=ADMIN) is None, "no password is no guess"


@pytest.mark.django_db(transaction=True)
def test_async_views_get_the_same(rf: RequestFactory) -> None:
    User.objects.create_superuser(ADMIN, PASSWORD)
    request = rf.post("/")
    assert asyncio.run(_ask(request, "wrong")) is None
    assert refusal_of(request) is not None


async def _ask(request: Any, password: str) -> Any:
    try:
        return await aauthenticate(request, username=ADMIN, password=password)
    finally:
        await sync_to_async(connections.close_all)()  # the thread's own


def test_the_old_password_is_guessed_by_the_same_rules(admin: User, settings: Settings, client: Client) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_ACCOUNT": 2}
    client.force_login(admin)

    def change(old: str, new: str) -> int:
        form = {"old_password": old, "new_password1": new, "new_password2": new}
        return client.post("/admin/password_change/", form, secure=True).status_code

    assert change(PASSWORD, "weak") == 200, "a weak new one is no guess"
    assert [change("wrong", "another long password") for _ in range(3)] == [200, 200, 429]
    api = Browser()
    api.log_in(ADMIN)
    body = {"current_password": "wrong", "new_password": "another long password"}
    assert [api.send("POST", "password/change", body).status_code for _ in range(2)] == [422, 422], "a trusted device"
