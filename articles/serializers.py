"""What goes in and out. Which of these fields a caller sees and sets is the policy's matter, not this module's."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from edge.context import django_request
from edge.serializers import StrictModelSerializer, StrictSerializer

from . import writing
from .conf import conf
from .models import Article, Category
from .models.article import BODY_LENGTH, MAX_TAG_LENGTH, MAX_TAGS, TITLE_LENGTH, validate_tags, validate_visible
from .sanitising import clean_html

#: Characters of a body as it is sent; what is off the allowlist does not count against the article.
_SENT_LENGTH = 2 * BODY_LENGTH[1]


_WRITTEN = ("title", "body", "category", "tags")
_MANAGED = ("status", "author", "tenant", "legal_hold", "version", "created_at", "updated_at", "published_at")


@extend_schema_field({"type": "string", "minLength": BODY_LENGTH[0], "maxLength": _SENT_LENGTH})
class BodyField(serializers.CharField):
    """HTML that is sanitised before its length is judged: 50 characters of markup that is taken out are no text."""

    default_error_messages = {
        "too_many_tags": "The text has too many tags.",
        "too_short": "The text has fewer than {min_length} characters once unsafe markup is taken out.",
        "too_long": "The text has more than {max_length} characters.",
    }

    def to_internal_value(self, data: Any) -> str:
        """Return the sanitised HTML.

        :raises ValidationError: it is no text, or too much of it to sanitise, or too little or too much remains.
        """
        if isinstance(data, str) and len(data) > _SENT_LENGTH:
            self.fail("too_long", max_length=_SENT_LENGTH)
        html: str = super().to_internal_value(data)
        if html.count("<") > conf.max_body_tags:
            self.fail("too_many_tags")
        cleaned = clean_html(html)
        least, most = BODY_LENGTH
        if len(cleaned) < least:
            self.fail("too_short", min_length=least)
        if len(cleaned) > most:
            self.fail("too_long", max_length=most)
        return cleaned


class ArticleSerializer(StrictModelSerializer):
    """An article with its body."""

    title = serializers.CharField(min_length=TITLE_LENGTH[0], max_length=TITLE_LENGTH[1], validators=[validate_visible])
    body = BodyField(help_text="HTML; what is not on the allowlist is taken out, then 50 to 50 000 characters remain.")
    category = serializers.PrimaryKeyRelatedField(
        queryset=Category.objects.all(), pk_field=serializers.UUIDField(), help_text="Key of a category"
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TAG_LENGTH),
        max_length=MAX_TAGS,
        required=False,
        validators=[validate_tags],
        help_text="Different words",
    )

    class Meta:
        model = Article
        fields: tuple[str, ...] = ("id", *_WRITTEN, *_MANAGED)
        read_only_fields = ("id", *_MANAGED)

    def create(self, validated_data: Any) -> Article:
        article = Article(**validated_data)
        writing.create(article, **self._actor)
        return article

    def update(self, instance: Article, validated_data: Any) -> Article:
        before = writing.snapshot(instance)
        for name, value in validated_data.items():
            setattr(instance, name, value)
        writing.update(instance, before, **self._actor)
        return instance

    @property
    def _actor(self) -> dict[str, Any]:
        request = self.context["request"]
        return {"request": django_request(request), "user": request.user}


class ArticleSummarySerializer(ArticleSerializer):
    """An article in a list: without its body, which can be fifty thousand characters."""

    class Meta(ArticleSerializer.Meta):
        fields = tuple(name for name in ArticleSerializer.Meta.fields if name != "body")


class CategorySerializer(StrictModelSerializer):
    class Meta:
        model = Category
        fields = ("id", "name", "slug")


class PreviewRequestSerializer(StrictSerializer):
    """A page to preview."""

    url = serializers.CharField(max_length=2_000, help_text="An https address of a public web page")


class PreviewSerializer(serializers.Serializer[Any]):
    """What a page says of itself: plain text, which its author chose; escape it where it is shown."""

    url = serializers.CharField(help_text="Where the page was found, after redirects")
    title = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)


class NothingSerializer(StrictSerializer):
    """A request that takes no input."""
