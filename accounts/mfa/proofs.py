"""The words of a second factor: how it is shown, and why it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Method(StrEnum):
    """How a user proves themselves besides the password."""

    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"
    TOTP = "totp"


class FactorFault(StrEnum):
    """Why a factor is refused. It is for signals: a client learns that it was, and no more."""

    CLONED = "cloned"
    EXHAUSTED = "too_many_guesses"
    MALFORMED = "malformed"
    NOT_ENROLLED = "not_enrolled"
    REPLAYED = "replayed"
    TICKET = "invalid_ticket"
    WRONG = "wrong"


class FactorRefused(Exception):  # noqa: N818 - errors are past participles
    """A factor does not prove its user.

    :ivar fault: the exact cause.
    """

    def __init__(self, fault: FactorFault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True)
class Proof:
    """What somebody shows.

    :ivar code: of an app, or a recovery code; empty with a passkey.
    :ivar credential: a passkey's answer, as `PublicKeyCredential.toJSON()` spells it.
    :ivar state: the ticket of the challenge that it answers.
    """

    method: Method
    code: str = field(default="", repr=False)
    credential: Mapping[str, Any] = field(default_factory=dict, repr=False)
    state: str = field(default="", repr=False)
