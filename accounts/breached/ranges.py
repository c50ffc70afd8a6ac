"""Asks a service that knows breached passwords, without telling it the password."""

import logging
from hashlib import sha1
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import ngettext

from edge.outbound import OutboundFailed, OutboundPolicy, OutboundRefused, fetch

logger = logging.getLogger(__name__)

#: The API of Have I Been Pwned; a mirror inside of one's own network speaks the same.
RANGES = "https://api.pwnedpasswords.com/range/"


class BreachedOnlineValidator:
    """Refuses passwords that were seen in breaches, by a range API (k-anonymity; OWASP ASVS 5.0, V6.2.12).

    The service is sent five of the forty digits of the password's SHA-1, and answers with all endings it knows: which
    of them was meant, and whether any, it does not learn. When it does not answer, the password passes, a warning is
    logged and the guard sends its signal: that a service elsewhere is down must not keep people from a new password.

    :param url: where the five digits are appended; https.
    :param threshold: how often a password must have been seen.
    :param seconds: to wait for the answer.
    :param internal: networks that may be reached although they are not public, for a mirror inside.
    :param ca_file: certificates to trust instead of the system's.
    """

    def __init__(
        self,
        url: str = RANGES,
        *,
        threshold: int = 1,
        seconds: float = 2.0,
        internal: tuple[str, ...] = (),
        ca_file: str = "",
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            msg = f"The range API is asked over https: {url!r} is no address of one."
            raise ValueError(msg)
        self.url, self.threshold = url, threshold
        self.policy = OutboundPolicy(
            hosts=(parts.hostname,),
            ports=(parts.port or 443,),
            internal=tuple(internal),
            content_types=("text/plain",),
            seconds=seconds,
            redirects=0,
            ca_file=ca_file,
        )

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Check a password.

        :raises ValidationError: it was seen in breaches.
        """
        times = self.times_seen(password)
        if times is None:
            logger.warning("The range API of breached passwords did not answer; the password was not checked there.")
        elif times >= self.threshold:
            text = ngettext(
                "This password was seen in a breach.", "This password was seen in breaches, %(times)d times.", times
            )
            raise ValidationError(text, code="password_breached", params={"times": times})

    def times_seen(self, password: str) -> int | None:
        """Return how often the service has seen a password; None when it does not say."""
        digits = sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest().upper()
        try:
            # Padding hides from the network how many endings there are.
            answer = fetch(f"{self.url}{digits[:5]}", policy=self.policy, headers={"Add-Padding": "true"})
        except (OutboundFailed, OutboundRefused):
            return None
        return _times(answer.body, digits[5:]) if answer.status == 200 else None

    def get_help_text(self) -> str:
        """Return the rule for people."""
        return ngettext(
            "Your password must not have been seen in a breach.",
            "Your password must not have been seen in %(times)d breaches.",
            self.threshold,
        ) % {"times": self.threshold}


def _times(body: bytes, ending: str) -> int | None:
    """Return the number beside an ending, 0 where it is missing; None for an answer that is of another form."""
    for line in body.decode("ascii", "replace").splitlines():
        known, colon, number = line.strip().partition(":")
        if not colon or not number.isdecimal() or len(number) > 12:
            return None
        if known.upper() == ending:
            return int(number)
    return 0
