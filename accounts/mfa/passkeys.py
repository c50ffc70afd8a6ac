"""Passkeys (WebAuthn, level 3): registered, shown, and refused when a copy of one turns up.

The browser binds an answer to this site's domain, the ticket binds it to one challenge, one user and one use, and the
authenticator says that it has seen its owner (a PIN or a finger): user verification is required throughout.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, router, transaction
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from .. import people
from ..conf import conf
from ..csrf import is_own_origin
from ..models import Passkey
from . import tickets
from .proofs import FactorFault, FactorRefused
from .tickets import Purpose
from .totp import issuer_name

#: A user may have so many.
MAX_PASSKEYS = 20
#: Bytes of a credential's id (WebAuthn, section 5.8.3).
MAX_CREDENTIAL_ID = 1023
_REQUIRED = UserVerificationRequirement.REQUIRED


class PasskeyCloned(FactorRefused):
    """There is a copy of a passkey.

    :ivar presented: the signature count that did not grow.
    """

    def __init__(self, passkey: Passkey, presented: int) -> None:
        super().__init__(FactorFault.CLONED)
        self.passkey, self.presented = passkey, presented


@dataclass(frozen=True)
class Ceremony:
    """What the page hands to the browser, and the ticket that it sends back with the browser's answer."""

    options: dict[str, Any]
    state: str

    @property
    def json(self) -> str:
        """The options as JSON, for a page's script."""
        return json.dumps(self.options, default=dict)


def begin_registration(user: AbstractBaseUser, *, request: HttpRequest) -> Ceremony:
    """Return the options for `navigator.credentials.create()`."""
    mine = list(Passkey.objects.of(user).order_by("created_at", "pk"))
    handle = bytes(mine[0].user_handle) if mine else secrets.token_bytes(32)
    options, state = _server(request).register_begin(
        PublicKeyCredentialUserEntity(
            id=handle, name=user.get_username(), display_name=people.name_of(user) or user.get_username()
        ),
        credentials=[_credential(each) for each in mine],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=_REQUIRED,
    )
    data = {"user": str(user.pk), "challenge": state["challenge"], "handle": websafe_encode(handle)}
    return Ceremony(dict(dict(options)["publicKey"]), tickets.issue(Purpose.PASSKEY_ADD, data))


def register(
    user: AbstractBaseUser,
    credential: Mapping[str, Any],
    state: str,
    *,
    name: str,
    request: HttpRequest,
    now: datetime,
) -> Passkey:
    """Keep a new passkey.

    :param credential: the browser's answer.
    :param state: the ticket of `begin_registration`.
    :param name: what its owner calls it.
    :raises FactorRefused: the answer is for another challenge, site or user, or the passkey is known already.
    """
    ticket = tickets.read(state, Purpose.PASSKEY_ADD)
    if ticket is None or ticket.data["user"] != str(user.pk):
        raise FactorRefused(FactorFault.TICKET)
    found = _registered(credential, ticket.data["challenge"], request)
    data = found.credential_data
    if data is None or len(data.credential_id) > MAX_CREDENTIAL_ID:
        raise FactorRefused(FactorFault.MALFORMED)
    if Passkey.objects.of(user).count() >= MAX_PASSKEYS:
        raise FactorRefused(FactorFault.REPLAYED)
    passkey = Passkey(
        user_id=user.pk,
        name=name,
        user_handle=websafe_decode(ticket.data["handle"]),
        credential_id=data.credential_id,
        credential=bytes(data),
        sign_count=found.counter,
        transports=_transports(credential),
        is_synced=found.is_backup_eligible(),
        created_at=now,
    )
    try:
        with transaction.atomic(using=router.db_for_write(Passkey)):
            if not ticket.spend(now=now):
                raise FactorRefused(FactorFault.REPLAYED)
            passkey.save(force_insert=True)
    except IntegrityError:
        raise FactorRefused(FactorFault.REPLAYED) from None
    return passkey


def begin_assertion(user: AbstractBaseUser | None, *, request: HttpRequest) -> Ceremony:
    """Return the options for `navigator.credentials.get()`.

    :param user: whose passkeys will do; None for a login that the passkey itself names the user of.
    """
    mine = [_credential(each) for each in Passkey.objects.of(user).order_by("pk")] if user else None
    options, state = _server(request).authenticate_begin(credentials=mine, user_verification=_REQUIRED)
    data = {"user": str(user.pk) if user else "", "challenge": state["challenge"]}
    purpose = Purpose.PASSKEY_PROOF if user else Purpose.PASSKEY_LOGIN
    return Ceremony(dict(dict(options)["publicKey"]), tickets.issue(purpose, data))


def verify(
    user: AbstractBaseUser | None, credential: Mapping[str, Any], state: str, *, request: HttpRequest, now: datetime
) -> Passkey:
    """Take a passkey's answer to a challenge, once, and return the passkey with its user.

    :param user: whose it must be; None for a login that it names the user of.
    :raises FactorRefused: it answers another challenge, site or user, was used before, or is a copy.
    """
    purpose = Purpose.PASSKEY_PROOF if user else Purpose.PASSKEY_LOGIN
    ticket = tickets.read(state, purpose)
    if ticket is None or ticket.data["user"] != (str(user.pk) if user else ""):
        raise FactorRefused(FactorFault.TICKET)
    answer = _parsed(credential)
    passkey = Passkey.objects.select_related("user").filter(credential_id=answer.raw_id).first()
    if passkey is None or (user is not None and passkey.user_id != user.pk):
        raise FactorRefused(FactorFault.NOT_ENROLLED)
    _check_signature(passkey, answer, ticket.data["challenge"], request)
    handle = answer.response.user_handle
    if (handle or not user) and handle != bytes(passkey.user_handle):
        raise FactorRefused(FactorFault.WRONG)
    if answer.response.authenticator_data.is_backup_eligible() != passkey.is_synced:
        raise FactorRefused(FactorFault.WRONG)  # WebAuthn, section 7.2: this never changes
    _check_count(passkey, answer.response.authenticator_data.counter)
    with transaction.atomic(using=router.db_for_write(Passkey)):
        if not ticket.spend(now=now) or not _count(passkey, answer.response.authenticator_data.counter, now=now):
            raise FactorRefused(FactorFault.REPLAYED)
    return passkey


def amr_of(passkey: Passkey) -> list[str]:
    """Return what a passkey proves (RFC 8176): a key in hardware or one that is synced, and both factors with it."""
    return ["swk" if passkey.is_synced else "hwk", "user", "mfa"]


def rp_id(request: HttpRequest) -> str:
    """Return the domain that passkeys are for."""
    return conf.passkey_rp_id or urlsplit(conf.site_url or f"//{request.get_host()}").hostname or ""


def _server(request: HttpRequest) -> Fido2Server:
    entity = PublicKeyCredentialRpEntity(id=rp_id(request), name=issuer_name())
    return Fido2Server(
        entity,
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda origin: is_own_origin(origin, request),
    )


def _registered(credential: Mapping[str, Any], challenge: str, request: HttpRequest) -> AuthenticatorData:
    state = {"challenge": challenge, "user_verification": _REQUIRED}
    try:
        parsed = RegistrationResponse.from_dict(dict(credential))
        _check_frame(parsed.response.client_data.cross_origin)
        return _server(request).register_complete(state, parsed)
    except FactorRefused:
        raise
    except Exception:  # noqa: BLE001 - what a parser of CBOR raises for rubbish is its own
        raise FactorRefused(FactorFault.WRONG) from None


def _parsed(credential: Mapping[str, Any]) -> AuthenticationResponse:
    try:
        return AuthenticationResponse.from_dict(dict(credential))
    except Exception:  # noqa: BLE001 - as above
        raise FactorRefused(FactorFault.MALFORMED) from None


def _check_signature(passkey: Passkey, answer: AuthenticationResponse, challenge: str, request: HttpRequest) -> None:
    state = {"challenge": challenge, "user_verification": _REQUIRED}
    try:
        _check_frame(answer.response.client_data.cross_origin)
        _server(request).authenticate_complete(state, [_credential(passkey)], answer)
    except FactorRefused:
        raise
    except Exception:  # noqa: BLE001 - as above
        raise FactorRefused(FactorFault.WRONG) from None


def _check_frame(is_cross_origin: bool) -> None:
    """Refuse an answer that was asked for inside another site's page."""
    if is_cross_origin:
        raise FactorRefused(FactorFault.WRONG)


def _check_count(passkey: Passkey, count: int) -> None:
    """Refuse a signature count that does not grow: two authenticators hold the key (WebAuthn, section 6.1.1).

    Passkeys that are synced count nothing, and always say 0.
    """
    if (passkey.sign_count or count) and count <= passkey.sign_count:
        raise PasskeyCloned(passkey, count)


def _count(passkey: Passkey, count: int, *, now: datetime) -> bool:
    mine = Passkey.objects.filter(pk=passkey.pk, sign_count=passkey.sign_count)
    return mine.update(sign_count=count, last_used_at=now) == 1


def _credential(passkey: Passkey) -> AttestedCredentialData:
    return AttestedCredentialData(bytes(passkey.credential))


def _transports(credential: Mapping[str, Any]) -> list[str]:
    """Return how the authenticator is reached, in the words that WebAuthn knows."""
    response = credential.get("response")
    given = response.get("transports") if isinstance(response, Mapping) else None
    known = ("ble", "hybrid", "internal", "nfc", "smart-card", "usb")
    return [word for word in known if isinstance(given, list) and word in given]
