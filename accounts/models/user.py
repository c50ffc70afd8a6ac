"""The account that requests are made with."""

import unicodedata
import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..names import validate_name

#: What an address is made of once it is normalized. Letters that look or fold like others (a dotless i, a long s) are
#: in none of them: the database upholds it, so no trick of Unicode makes a second user.
PLAIN = r"^[!-~]+$"


def normalize_email(email: str) -> str:
    """Return the one spelling of an address: NFKC, lower case, no outer spaces, an international domain in ASCII.

    Two spellings that a reader takes for the same address must not make two users (OWASP ASVS 5.0, V1.1.1).
    """
    text = unicodedata.normalize("NFKC", email).strip().lower()
    name, at, domain = text.rpartition("@")
    if not at or domain.isascii():
        return text
    try:
        return f"{name}@{domain.encode('idna').decode()}"  # RFC 3490: what a mail server is asked for
    except UnicodeError:
        return text


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normalize_email(username or ""))

    async def aget_by_natural_key(self, username: str | None) -> "User":
        return await self.aget(email=normalize_email(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return a user; without a password the account can log in only after a reset.

        :raises ValueError: the address is empty.
        """
        if not normalize_email(email):
            msg = "An e-mail address is required."
            raise ValueError(msg)
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return a user who may do everything in the admin; the address counts as verified."""
        fields = {"email_verified_at": timezone.now(), **fields, "is_staff": True, "is_superuser": True}
        return self.create_user(email, password, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Logs in with an e-mail address, which is unique whatever its case and Unicode spelling."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(
        _("e-mail address"),
        unique=True,
        error_messages={"unique": _("A user with that address exists already.")},
        validators=[EmailValidator(), RegexValidator(PLAIN)],
    )
    name = models.CharField(_("name"), max_length=150, blank=True)
    email_verified_at = models.DateTimeField(_("address verified at"), null=True, blank=True, editable=False)
    is_staff = models.BooleanField(_("may enter the admin"), default=False)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Untick this instead of deleting an account: its sessions end at once.")
    )
    date_joined = models.DateTimeField(_("joined at"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        swappable = "AUTH_USER_MODEL"
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="bulwark_accounts_user_email_ci"),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email"), email__regex=PLAIN), name="bulwark_accounts_user_email_plain"
            ),
        ]

    def clean(self) -> None:
        super().clean()
        self.email = normalize_email(self.email)
        try:
            validate_name(self.name)
        except ValidationError as error:
            raise ValidationError({"name": error}) from error

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normalize_email(self.email)
        super().save(*args, **kwargs)

    def check_password(self, raw_password: str | None) -> bool:
        """Say whether the password is right, whichever door it was shown at; see `credentials.check_password`."""
        from ..credentials import check_password

        return check_password(self, raw_password)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]
