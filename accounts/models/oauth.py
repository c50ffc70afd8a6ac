"""Who may ask for a login on behalf of a user, and the codes that they are given for it."""

import secrets
import uuid
from datetime import datetime
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..oauth.redirects import MAX_LENGTH, RedirectRefused, check_redirect_uri, is_registered, origin_of
from .family import TokenFamily

#: Words that sessions use for what is no client.
RESERVED = frozenset({"simplejwt"})


class OAuthClient(models.Model):
    """An app that logs users in by Authorization Code and PKCE. It has no secret: its users hold its code."""

    client_id = models.CharField(
        _("client id"),
        max_length=64,
        unique=True,
        blank=True,
        validators=[RegexValidator(r"^[A-Za-z0-9._-]{1,64}\Z")],
        help_text=_("What the app calls itself in its requests; no secret. Left empty, it is made up."),
    )
    name = models.CharField(_("name"), max_length=100)
    redirect_uris = models.TextField(
        _("redirect URIs"),
        max_length=10 * MAX_LENGTH,
        help_text=_("Where codes may be sent, one a line, compared letter by letter; http to 127.0.0.1 at any port."),
    )
    requires_dpop = models.BooleanField(
        _("tokens bound to a key"), default=False, help_text=_("Refuse logins without DPoP (RFC 9449).")
    )
    is_first_party = models.BooleanField(
        _("app of our own"),
        default=True,
        help_text=_("Untick this for an app of somebody else's: users are asked before it may act for them."),
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Untick this to end the app's sessions and to refuse its logins.")
    )
    created_at = models.DateTimeField(_("registered at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("OAuth client")
        verbose_name_plural = _("OAuth clients")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.client_id = self.client_id or secrets.token_hex(12)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Check what is registered.

        :raises ValidationError: the id is reserved, or an address is none that a code may be sent to.
        """
        super().clean()
        if self.client_id in RESERVED:
            raise ValidationError({"client_id": _("This id has a meaning of its own.")})
        for uri in self.redirect_uri_list:
            try:
                check_redirect_uri(uri)
            except RedirectRefused as error:
                raise ValidationError({"redirect_uris": f"{uri[:200]}: {error}"}) from None

    @property
    def redirect_uri_list(self) -> list[str]:
        """The registered addresses."""
        return [uri for line in self.redirect_uris.split("\n") if (uri := line.strip())]

    def may_redirect_to(self, uri: str) -> bool:
        """Say whether a code may be sent to ``uri``."""
        return is_registered(uri, self.redirect_uri_list)

    @property
    def origins(self) -> set[str]:
        """The web origins that its pages are on."""
        return {origin for uri in self.redirect_uri_list if (origin := origin_of(uri))}


class AuthorizationCodeQuerySet(models.QuerySet["AuthorizationCode"]):
    def expired_before(self, moment: datetime) -> Self:
        """Return codes that were too old to be used by then."""
        return self.filter(expires_at__lt=moment)


class AuthorizationCode(models.Model):
    """A login that an app may collect once. The code itself is not kept, only its hash.

    A used code stays until it is pruned: whoever presents it again has a copy, and the session it made ends.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    client = models.ForeignKey(OAuthClient, models.CASCADE, related_name="+")
    #: The browser's session that the user was asked in: the code dies with it.
    session = models.ForeignKey(TokenFamily, models.CASCADE, related_name="+")
    #: The session that the code was exchanged for.
    family = models.ForeignKey(TokenFamily, models.SET_NULL, null=True, related_name="+")
    redirect_uri = models.CharField(max_length=MAX_LENGTH)
    code_challenge = models.CharField(max_length=43)
    nonce = models.CharField(max_length=255, blank=True)
    dpop_jkt = models.CharField(max_length=43, blank=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(AuthorizationCodeQuerySet)()

    class Meta:
        verbose_name = _("authorization code")
        verbose_name_plural = _("authorization codes")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(family=None) | models.Q(used_at__isnull=False), name="bulwark_accounts_code_used"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
