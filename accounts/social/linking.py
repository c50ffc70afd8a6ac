"""Decides whose account a provider's word is for: Note [who may sign in]."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, router, transaction
from django.http import HttpRequest

from .. import people, sessions, signals
from ..conf import conf
from ..mfa import planted
from ..models import EndReason, Passkey, TokenFamily


class SocialFault(StrEnum):
    """Why nobody is signed in."""

    CLOSED = "registration_closed"
    FAILED = "provider_failed"
    INACTIVE = "inactive"
    LINKED = "linked_to_another"
    NOT_RECENT = "login_not_recent"
    TAKEN = "address_taken"
    UNVERIFIED = "provider_email_not_verified"


class SocialRefused(Exception):  # noqa: N818 - errors are past participles
    """The provider's word is for nobody here."""

    def __init__(self, fault: SocialFault, user: AbstractBaseUser | None = None) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.user = user


@dataclass(frozen=True)
class Identity:
    """What a provider says of somebody.

    :ivar provider: the provider's id in the settings.
    :ivar uid: who it is there, for good; addresses change hands.
    :ivar email: the address that the provider has verified; empty without one.
    :ivar is_mailbox_theirs: whether it says that it keeps the mailbox, or says nothing of that.
    """

    provider: str
    uid: str
    email: str
    name: str
    is_mailbox_theirs: bool = True


def user_of(identity: Identity, *, request: HttpRequest, now: datetime) -> AbstractBaseUser:
    """Return whom a provider's account signs in; it is made or linked first where the rules allow it.

    :raises SocialRefused: nobody.
    """
    user = linked_user(identity)
    if user is None:
        try:
            user = _admitted(identity, request=request, now=now)
        except SocialRefused:
            user = linked_user(identity)  # by another sign-in at the same moment, which was faster
            if user is None:
                raise
    if not user.is_active:
        raise SocialRefused(SocialFault.INACTIVE, user)
    return user


def linked_user(identity: Identity) -> AbstractBaseUser | None:
    """Return the user that a provider's account is linked with, or None."""
    found = _accounts().filter(provider=identity.provider, uid=identity.uid).select_related("user").first()
    user: AbstractBaseUser | None = found.user if found else None
    return user


def link(user: AbstractBaseUser, identity: Identity, *, request: HttpRequest) -> None:
    """Link a provider's account with a user, who has just shown who they are.

    :raises SocialRefused: it is linked with somebody else.
    """
    owner = linked_user(identity)
    if owner is not None:
        if owner.pk != user.pk:
            raise SocialRefused(SocialFault.LINKED, user)
        return
    try:
        with transaction.atomic(using=router.db_for_write(TokenFamily)):
            _accounts().create(user=user, provider=identity.provider, uid=identity.uid)
            _tell(signals.social_account_linked, user, request, {"provider": identity.provider})
    except IntegrityError:
        raise SocialRefused(SocialFault.LINKED, user) from None


def unlink(user: Any, provider: str, *, request: HttpRequest) -> bool:
    """Let a user's account at a provider sign them in no more; False when it is the only way in, or all has gone."""
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        held = people.hold_if_there(user)  # of two at once one sees what the other has left
        if held is None:
            return False
        user, theirs = held, _accounts().filter(user_id=user.pk)
        is_left = theirs.exclude(provider=provider).exists()
        if not (is_left or user.has_usable_password() or Passkey.objects.of(user).exists()):
            return False
        if theirs.filter(provider=provider).delete()[0]:
            _tell(signals.social_account_unlinked, user, request, {"provider": provider})
    return True


def _admitted(identity: Identity, *, request: HttpRequest, now: datetime) -> AbstractBaseUser:
    """Return the user of a provider's account that is not linked yet, linked now."""
    if not identity.email:
        raise SocialRefused(SocialFault.UNVERIFIED)
    owner = people.find_by_email(identity.email)
    if owner is None:
        return _made(identity, request=request, now=now)
    if not is_authority(identity):
        raise SocialRefused(SocialFault.TAKEN, owner)
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        owner = people.hold(owner)
        if people.awaits_verification(owner):
            _secure(owner, request=request, now=now)
        if not owner.is_active or not people.is_verified(owner):
            raise SocialRefused(SocialFault.INACTIVE, owner)
        link(owner, identity, request=request)
    return owner


def is_authority(identity: Identity) -> bool:
    """Say whether the settings trust the provider with the addresses of this domain, and it does not say otherwise.

    An address that was verified once may have another owner by now.
    """
    domain = people.normalized(identity.email).rpartition("@")[2]
    trusted = {each.lower() for each in conf.social_trusted_domains.get(identity.provider, ())}
    return identity.is_mailbox_theirs and domain in trusted


def _made(identity: Identity, *, request: HttpRequest, now: datetime) -> AbstractBaseUser:
    if not conf.registration_open:
        raise SocialRefused(SocialFault.CLOSED)
    try:
        with transaction.atomic(using=router.db_for_write(TokenFamily)):
            user = people.create(identity.email, make_password(None), name=identity.name[:150])
            people.mark_verified(user, now=now)
            _tell(signals.user_registered, user, request, {"known": False})
            link(user, identity, request=request)
    except IntegrityError:  # several have the address, or somebody registered it this moment
        raise SocialRefused(SocialFault.TAKEN) from None
    return user


def _secure(owner: Any, *, request: HttpRequest, now: datetime) -> None:
    """Take an account from whoever registered an address in advance that was never theirs."""
    owner.set_unusable_password()
    owner.save(update_fields=["password"])
    planted.remove(owner, request=request)
    sessions.end_all(TokenFamily.objects.of(owner), now=now, reason=EndReason.CREDENTIALS_CHANGED)
    people.mark_verified(owner, now=now)


def _accounts() -> Any:
    from allauth.socialaccount.models import SocialAccount  # may only be imported where allauth is installed

    return SocialAccount.objects


def _tell(signal: Any, user: AbstractBaseUser, request: HttpRequest, data: dict[str, Any]) -> None:
    signal.send(sender=get_user_model(), request=request, user=user, target=user, outcome="success", data=data)
