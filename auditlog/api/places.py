"""Where a reader of the API stands: a word in the URL that only its caller can use, and only for the same question."""

import json
from typing import Any

from django.core.signing import BadSignature, Signer
from rest_framework.exceptions import ErrorDetail, ValidationError

_LONGEST = 500


def encode(place: list[Any], *, user: str, question: str) -> str:
    """Return ``place`` as a word for a URL."""
    return _signer(user, question).sign(json.dumps(place, separators=(",", ":")))


def decode(word: str, *, user: str, question: str) -> list[Any]:
    """Return the place that `encode` was given.

    :raises ValidationError: the word is not of this caller and this question.
    """
    try:
        if len(word) > _LONGEST:
            raise BadSignature  # noqa: TRY301 - the same answer as any other that is none
        place: list[Any] = json.loads(_signer(user, question).unsign(word))
    except (BadSignature, ValueError):
        detail = ErrorDetail("This cursor belongs to another question, or is none.", "invalid_cursor")
        raise ValidationError({"cursor": [detail]}) from None
    return place


def _signer(user: str, question: str) -> Signer:
    return Signer(salt=f"{__name__}\n{user}\n{question}")
