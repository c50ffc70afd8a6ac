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
    if any(unicodedata.category(each) in _UNSEEN and each not in _JOINERS for each in name):
        raise ValidationError(_("This name holds characters that cannot be seen."), code="hidden_character")
