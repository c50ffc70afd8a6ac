"""A text that somebody of a tenant writes."""

import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MinLengthValidator
from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from authz.managers import ProtectedManager

from ..sanitising import has_hidden
from .category import Category

TITLE_LENGTH = (5, 200)
#: Characters of the sanitised HTML, which is what is kept and judged.
BODY_LENGTH = (50, 50_000)
MAX_TAGS, MAX_TAG_LENGTH = 10, 30


def validate_tags(tags: Any) -> None:
    """Accept a list of different words that show what they are.

    :raises ValidationError: it is none.
    """
    if not isinstance(tags, list) or len(tags) > MAX_TAGS or not all(isinstance(tag, str) for tag in tags):
        raise ValidationError(_("Give a list of at most %(max)d words."), "invalid", {"max": MAX_TAGS})
    for tag in tags:
        if not 1 <= len(tag) <= MAX_TAG_LENGTH or tag != tag.strip() or has_hidden(tag):
            raise ValidationError(_("A tag has 1 to %(max)d visible characters."), "invalid", {"max": MAX_TAG_LENGTH})
    if len({tag.casefold() for tag in tags}) < len(tags):
        raise ValidationError(_("A tag is given twice."), "repeated")


def validate_visible(text: str) -> None:
    """Accept a text that shows what it is.

    :raises ValidationError: it has hidden characters.
    """
    if has_hidden(text):
        raise ValidationError(_("This holds characters that cannot be seen."), "hidden_character")


class Status(models.TextChoices):
    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")


class Article(models.Model):
    """A draft or published text; its tenant is the wall around it, its author the owner inside."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        "bulwark_authz.Tenant", models.PROTECT, verbose_name=_("tenant"), related_name="articles"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("author"), related_name="articles"
    )
    category = models.ForeignKey(Category, models.PROTECT, verbose_name=_("category"), related_name="articles")
    title = models.CharField(
        _("title"), max_length=TITLE_LENGTH[1], validators=[MinLengthValidator(TITLE_LENGTH[0]), validate_visible]
    )
    body = models.TextField(
        _("body"),
        validators=[MinLengthValidator(BODY_LENGTH[0]), MaxLengthValidator(BODY_LENGTH[1])],
        help_text=_("HTML; what is not on the allowlist is taken out."),
    )
    tags = models.JSONField(
        _("tags"), default=list, blank=True, validators=[validate_tags], help_text=_("A list of words.")
    )
    status = models.CharField(_("status"), max_length=9, choices=Status.choices, default=Status.DRAFT)
    legal_hold = models.BooleanField(
        _("legal hold"), default=False, help_text=_("While this is ticked nobody can change or delete the article.")
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True, editable=False)

    objects = ProtectedManager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        indexes = [
            models.Index(fields=["tenant", "created_at", "id"], name="bulwark_articles_newest"),
            models.Index(fields=["tenant", "author", "created_at", "id"], name="bulwark_articles_mine"),
        ]
        constraints = [
            models.CheckConstraint(
                name="bulwark_articles_title_length", condition=GreaterThanOrEqual(Length("title"), TITLE_LENGTH[0])
            ),
            models.CheckConstraint(
                name="bulwark_articles_body_length",
                condition=GreaterThanOrEqual(Length("body"), BODY_LENGTH[0])
                & LessThanOrEqual(Length("body"), BODY_LENGTH[1]),
            ),
            models.CheckConstraint(
                name="bulwark_articles_status",
                condition=models.Q(status=Status.DRAFT, published_at=None)
                | models.Q(status=Status.PUBLISHED, published_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title
