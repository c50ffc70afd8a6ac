"""What people may call themselves."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

#: Joiners, which some scripts cannot be written without.
_JOINERS = "\u200c\u200d"
#: Control and format characters, halves of surrogate pairs, private use, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def validate_name(name: str) -> None:
    """Check what somebody wants to be called.

    Control characters and marks of direction let a name say one thing to a program and another to a reader: in mails,
    in the admin, in the log (Unicode TR 36).

    :raises ValidationError: it has characters that cannot be seen, or that no script has.
    """
    if seen_of(name) != name:
        raise ValidationError(_("This name holds characters that cannot be seen."), code="hidden_character")


def seen_of(name: str) -> str:
    """Return a name without what `validate_name` refuses: for one that nobody here can be asked to spell again."""
    return "".join(each for each in name if unicodedata.category(each) not in _UNSEEN or each in _JOINERS)
