"""Rules for new passwords that Django does not bring. Those about breaches are in `breached`."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import people
from .conf import conf

#: Digits and signs that stand for letters, and letters that look alike.
_LOOKALIKES = str.maketrans("@4301!l5$7", "aaeoiiisst")
#: A shorter word is in half of all sentences.
_SHORTEST = 4


class MaximumLengthValidator:
    """Refuses passwords over `MAX_PASSWORD_LENGTH` characters, wherever one is set (OWASP ASVS 5.0, V6.2.9)."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Check a password.

        :raises ValidationError: it is too long.
        """
        if len(password) > conf.max_password_length:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        """Return the rule for people."""
        return _("Your password must contain at most %d characters.") % conf.max_password_length


class ContextWordsValidator:
    """Refuses passwords that are little more than one's own name, address, or the site's (OWASP ASVS 5.0, V6.2.11).

    The words are taken out, however they are spelled (`B4rbara`), and what is left must be something of its own: a
    sentence that happens to have a name in it is fine.

    :param words: more words, as the company's and the product's; the site's name comes from `SITE_URL`.
    :param rest: characters that must be left.
    """

    def __init__(self, words: tuple[str, ...] = (), rest: int = 8) -> None:
        self.words = tuple(words)
        self.rest = rest

    def validate(self, password: str, user: Any = None) -> None:
        """Check a password.

        :raises ValidationError: without such words too little is left of it.
        """
        text = _folded(password)
        found = [word for word in {_folded(each) for each in self._words(user)} if word in text]
        for word in sorted(found, key=len, reverse=True):
            text = text.replace(word, "")
        if found and (len(text) < self.rest or len(set(text)) <= self.rest // 2):
            raise ValidationError(
                _("This password is made of your name, your address or the name of this site."),
                code="password_of_context",
            )

    def get_help_text(self) -> str:
        """Return the rule for people."""
        return _("Your password must be more than your name, your address or the name of this site.")

    def _words(self, user: Any) -> Iterator[str]:
        hosts = [urlsplit(conf.site_url).hostname or ""]
        texts = [*self.words]
        if user is not None:
            local, _at, domain = people.email_of(user).partition("@")
            texts += [people.name_of(user), local, str(user.get_username()).partition("@")[0]]
            hosts.append(domain)
        for text in texts:
            yield from _parts(text)
        for host in hosts:  # not the public part of the name: "example" of www.example.co.uk
            yield from (label for label in host.split(".")[:-1] if len(label) >= _SHORTEST)


class CompositionValidator:
    """Asks for kinds of characters. OWASP ASVS 5.0, V6.2.5 advises against: this is for those whose rules say so.

    :param digits: how many, at least.
    :param capitals: how many capital letters, at least.
    """

    def __init__(self, digits: int = 1, capitals: int = 1) -> None:
        self.digits = digits
        self.capitals = capitals

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Check a password.

        :raises ValidationError: with one entry for each kind that is missing.
        """
        missing = []
        if sum(each.isdecimal() for each in password) < self.digits:
            missing.append(ValidationError(self._digits(), code="password_no_digit"))
        if sum(each.isupper() for each in password) < self.capitals:
            missing.append(ValidationError(self._capitals(), code="password_no_capital"))
        if missing:
            raise ValidationError(missing)

    def get_help_text(self) -> str:
        """Return the rules for people."""
        return f"{self._digits()} {self._capitals()}"

    def _digits(self) -> str:
        text = ngettext("The password needs a digit.", "The password needs %(n)d digits.", self.digits)
        return text % {"n": self.digits}

    def _capitals(self) -> str:
        text = ngettext("The password needs a capital.", "The password needs %(n)d capitals.", self.capitals)
        return text % {"n": self.capitals}


def _folded(text: str) -> str:
    """Return letters and digits only, in one spelling."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_LOOKALIKES)
    return "".join(each for each in plain if each.isalnum())


def _parts(text: str) -> Iterator[str]:
    """Yield the words of a text that are long enough, and all of it as one."""
    for part in {text, *re.split(r"[\W_\d]+", text)}:
        if len(_folded(part)) >= _SHORTEST:
            yield part
