"""Staff in Django's admin: what they change is told, sanitised and held like what comes over the API."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from articles import signals
from articles.models import Article, Category, Status
from authz.models import Tenant

from .conftest import BODY, MakeArticle
from .test_writing import heard

LIST = "admin:bulwark_articles_article_changelist"


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.org"))
    return client


def change_url(article: Article) -> str:
    return reverse("admin:bulwark_articles_article_change", args=[article.pk])


def form(**other: Any) -> dict[str, Any]:
    return {"title": "From the admin", "body": BODY, "tags": '["one"]', **other}


def test_the_lists_are_shown(staff: Client, alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice)
    assert article.title in staff.get(reverse(LIST), {"q": "alice"}).content.decode()
    assert staff.get(reverse("admin:bulwark_articles_category_changelist")).status_code == 200
    assert staff.get(change_url(article)).status_code == 200
    assert staff.get(reverse("admin:bulwark_articles_article_add")).status_code == 200


def test_a_new_article_is_told_and_sanitised(staff: Client, alice: User, acme: Tenant, category: Category) -> None:
    fields = form(tenant=acme.pk, author=alice.pk, category=category.pk, body=f"{BODY}<script>1</script>")
    with heard(signals.article_created) as told:
        response = staff.post(reverse("admin:bulwark_articles_article_add"), fields)
    assert response.status_code == 302, response.context["errors"]
    article = Article.objects.get()
    assert (article.body, article.tags, article.status) == (BODY, ["one"], Status.DRAFT)
    assert (told[0]["target"], told[0]["user"].email) == (article, "root@example.org")


def test_a_change_is_told_and_is_a_new_version(staff: Client, alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice)
    with heard(signals.article_updated) as told:
        response = staff.post(change_url(article), form(category=article.category_id, legal_hold="on"))
    assert response.status_code == 302, response.context["errors"]
    article.refresh_from_db()
    assert (article.title, article.legal_hold, article.version) == ("From the admin", True, 2)
    assert told[0]["data"]["changes"]["legal_hold"] == {"before": False, "after": True}


@pytest.mark.parametrize(
    "wrong", [{"title": "1234"}, {"body": "<b>x</b>"}, {"tags": '["a", "a"]'}, {"tags": '{"a": 1}'}], ids=str
)
def test_the_bounds_hold_here_too(staff: Client, alice: User, make_article: MakeArticle, wrong: dict[str, str]) -> None:
    article = make_article(alice)
    response = staff.post(change_url(article), form(category=article.category_id, **wrong))
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == list(wrong)


def test_an_article_on_hold_can_only_be_released(staff: Client, alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice, legal_hold=True)
    staff.post(change_url(article), form(category=article.category_id, legal_hold="on"))
    article.refresh_from_db()
    assert (article.title, article.version) == ("An article", 1)
    staff.post(change_url(article), form(category=article.category_id))
    article.refresh_from_db()
    assert (article.title, article.legal_hold, article.version) == ("An article", False, 2)


def test_an_article_on_hold_cannot_be_deleted(staff: Client, alice: User, make_article: MakeArticle) -> None:
    held, free = make_article(alice, legal_hold=True), make_article(alice)
    url = reverse("admin:bulwark_articles_article_delete", args=[held.pk])
    assert staff.post(url, {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [held.pk, free.pk], "post": "yes"}
    staff.post(reverse(LIST), action)
    assert Article.objects.filter(pk=held.pk).exists()


def test_deleting_is_told_for_each(staff: Client, alice: User, make_article: MakeArticle) -> None:
    articles = [make_article(alice) for _ in range(3)]
    with heard(signals.article_deleted) as told:
        staff.post(reverse("admin:bulwark_articles_article_delete", args=[articles[0].pk]), {"post": "yes"})
        keys = [article.pk for article in articles[1:]]
        staff.post(reverse(LIST), {"action": "delete_selected", "_selected_action": keys, "post": "yes"})
    assert {one["target"].pk for one in told} == {article.pk for article in articles}
    assert not Article.objects.exists()


def test_the_tenant_and_the_author_are_for_good(
    staff: Client, alice: User, bob: User, globex: Tenant, make_article: MakeArticle
) -> None:
    article = make_article(alice)
    staff.post(change_url(article), form(category=article.category_id, tenant=globex.pk, author=bob.pk))
    kept = Article.objects.get()
    assert (kept.tenant_id, kept.author) == (article.tenant_id, alice)
    assert kept.title == "From the admin"


@pytest.mark.parametrize("tags", ["", "[]", "{}", "null"])
def test_no_tags_are_an_empty_list(staff: Client, alice: User, make_article: MakeArticle, tags: str) -> None:
    article = make_article(alice, tags=["one"])
    staff.post(change_url(article), form(category=article.category_id, tags=tags))
    assert Article.objects.get().tags == []
