"""Refuses passwords that stand in every attacker's list, without asking anybody."""

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .xor_filter import XorFilter

#: The 100 000 commonest passwords, and those of the million commonest that have 12 characters or more. Where they come
#: from stands in the app's README.
SHIPPED = Path(__file__).with_name("passwords.xor")


def canonical(password: str) -> str:
    """Return the one spelling under which a password is looked up: case and width make no other password of it."""
    return unicodedata.normalize("NFKC", password).casefold()


class BreachedPasswordValidator:
    """Refuses the commonest passwords of past breaches (OWASP ASVS 5.0, V6.2.4 and V6.2.12).

    :param path: a filter that `manage.py build_password_filter` made, in place of the one that is shipped.
    """

    def __init__(self, path: str | Path = SHIPPED) -> None:
        self.path = Path(path)

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Check a password.

        :raises ValidationError: it is a common one.
        :raises ValueError: the file is no filter.
        """
        if canonical(password) in _read(self.path):
            raise ValidationError(_("This password is too common."), code="password_too_common")

    def get_help_text(self) -> str:
        """Return the rule for people."""
        return _("Your password must not be one that many people use.")


@lru_cache(maxsize=4)
def _read(path: Path) -> XorFilter:
    return XorFilter.read(path)
