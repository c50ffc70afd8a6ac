"""Between the password and the session, for users with a second factor; and logging in by passkey alone."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from ..credentials import auth_hash, matches
from . import factors, holdings, tickets
from .proofs import FactorFault, FactorRefused, Method, Proof
from .tickets import Purpose, Ticket


class SecondStepSkipped(RuntimeError):  # noqa: N818 - errors are past participles
    """A session was about to start without the second factor that its user has: a mistake of the caller."""

    def __init__(self) -> None:
        super().__init__("This user has a second factor. Start the session with `login.admit`, which asks for it.")


@dataclass(frozen=True)
class SecondStepNeeded:
    """No session yet: the first factor is right, and the user has a second one.

    :ivar token: what the second step starts from: for this user, this transport and these credentials, used once.
    """

    user: AbstractBaseUser
    methods: list[Method]
    token: str = field(repr=False)


@dataclass(frozen=True)
class FirstStep:
    """What the token of a second step says, checked."""

    user: AbstractBaseUser
    transport: str
    amr: list[str]
    dpop_jkt: str
    ticket: Ticket


def begin(user: AbstractBaseUser, *, transport: str, amr: list[str], dpop_jkt: str = "") -> SecondStepNeeded | None:
    """Return what the user has to do next, or None for a user without a second factor.

    :param amr: what has been shown already (RFC 8176).
    :param dpop_jkt: the thumbprint of the key that made the first step, which has to make the second.
    """
    if not holdings.is_enrolled(user):
        return None
    data = {"user": str(user.pk), "transport": transport, "amr": amr, "jkt": dpop_jkt, "auth_hash": auth_hash(user)}
    return SecondStepNeeded(user, holdings.methods_of(user), tickets.issue(Purpose.SECOND_STEP, data))


def read(token: str) -> FirstStep | None:
    """Return what a token stands for; None when it is too old or made up, or the user's credentials have changed."""
    ticket = tickets.read(token, Purpose.SECOND_STEP)
    user = _user(ticket.data["user"]) if ticket else None
    if ticket is None or user is None or not user.is_active or not matches(user, ticket.data["auth_hash"]):
        return None
    return FirstStep(user, ticket.data["transport"], ticket.data["amr"], ticket.data["jkt"], ticket)


def take(first: FirstStep, proof: Proof, *, request: HttpRequest, now: datetime) -> list[str]:
    """Use the token and the factor up, both or neither, and return the methods of the session.

    Call it in the transaction that starts the session.

    :raises FactorRefused: the factor is not the user's, or one of the two was used before.
    """
    found = factors.verify(first.user, proof, step="login", request=request, now=now)
    if not first.ticket.spend(now=now):
        raise FactorRefused(FactorFault.TICKET)
    return [*first.amr, *(word for word in found if word != "user")]


def _user(pk: Any) -> AbstractBaseUser | None:
    try:
        found: AbstractBaseUser | None = get_user_model()._default_manager.filter(pk=pk).first()  # noqa: SLF001
    except (ValueError, ValidationError):
        return None
    return found
