"""Rules for new passwords that Django does not bring."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .conf import conf


class MaximumLengthValidator:
    """Refuses passwords over `MAX_PASSWORD_LENGTH` characters, wherever one is set (OWASP ASVS 5.0, V6.2.9)."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:  # noqa: ARG002 - Django's signature
        """Check a password.

        :raises ValidationError: it is too long.
        """
        if len(password) > conf.max_password_length:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        """Return the rule for people."""
        return _("Your password must contain at most %d characters.") % conf.max_password_length
