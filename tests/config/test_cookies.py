"""Every cookie that the project sets is bound to its host and kept from plain HTTP (ASVS 5.0, V3.3.1 and V3.3.3)."""

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from articles.models import Category

from .test_production import load

NAMES = "from django.conf import settings as s; print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME)"


def test_in_production_both_of_djangos_cookies_are_bound_to_the_host() -> None:
    assert load({}, NAMES).stdout.split() == ["__Host-session", "__Host-csrf"]


@pytest.mark.django_db
def test_what_the_admin_says_of_a_change_is_in_no_cookie() -> None:
    """Django would write it into one of its own, with a name that lets it come from another host."""
    client = Client()
    client.force_login(User.objects.create_superuser("admin@bulwark.example", "correct horse battery staple"))
    answer = client.post("/admin/bulwark_articles/category/add/", {"name": "News", "slug": "news"}, secure=True)
    assert answer.status_code == 302
    assert Category.objects.filter(name="News").exists()
    assert set(answer.cookies) <= {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    assert b"was added successfully" in client.get(answer["Location"], secure=True).content
