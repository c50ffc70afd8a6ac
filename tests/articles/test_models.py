import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User
from articles.models import Article, Category, Status
from articles.models.article import validate_tags, validate_visible

from .conftest import BODY, MakeArticle


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "1234"},
        {"body": "<p>short</p>"},
        {"body": "x" * 50_001},
        {"status": "published", "published_at": None},
        {"status": "else"},
    ],
    ids=str,
)
def test_the_database_itself_refuses_what_is_no_article(
    alice: User, make_article: MakeArticle, fields: dict[str, str]
) -> None:
    article = make_article(alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.filter(pk=article.pk).update(**fields)


def test_categories_have_different_names_whatever_their_case(category: Category) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Category.objects.create(name=category.name.upper(), slug="other")


def test_who_and_where_an_article_is_from_cannot_be_deleted_under_it(alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice)
    for parent in (article.author, article.tenant, article.category):
        with pytest.raises(IntegrityError), transaction.atomic():
            parent.delete()


@pytest.mark.parametrize("tags", [[], ["a"], ["x" * 30] + [str(n) for n in range(9)], ["two words", "ünïcödé"]])
def test_a_list_of_words_is_accepted(tags: list[str]) -> None:
    validate_tags(tags)


@pytest.mark.parametrize(
    "tags",
    [
        "a",
        {"a": 1},
        None,
        [1],
        [None],
        [["a"]],
        [""],
        [" a"],
        ["a "],
        ["a\nb"],
        ["\u202ea"],
        ["x" * 31],
        ["a", "A"],
        list("12345678901"),
    ],
    ids=repr,
)
def test_anything_else_is_no_list_of_words(tags: object) -> None:
    with pytest.raises(ValidationError):
        validate_tags(tags)


def test_a_hidden_character_is_refused() -> None:
    validate_visible("plain")
    with pytest.raises(ValidationError):
        validate_visible("pl\u202eain")


@pytest.mark.parametrize(
    ("word", "found"), [("tea", True), ("te", False), ('"tea"', False), ("%", False), ("Tea", False)]
)
def test_a_tag_is_found_as_a_whole(alice: User, make_article: MakeArticle, word: str, found: bool) -> None:
    make_article(alice, tags=["green", "tea"])
    make_article(alice, tags=["coffee"])
    assert Article.objects.filter(tags__has_word=word).exists() is found


def test_a_new_article_is_a_draft_in_its_first_version(alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice, body=BODY)
    article.full_clean()
    assert (article.status, article.version, article.legal_hold) == (Status.DRAFT, 1, False)
    assert str(article) == article.title
