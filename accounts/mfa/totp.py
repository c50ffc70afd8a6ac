"""Codes of an authenticator app (RFC 6238): six digits, thirty seconds, each of them good for one login."""

import binascii
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pyotp
import segno
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from pyotp.exceptions import OTPVerificationError

from .. import encryption, sessions
from ..conf import conf
from ..models import TokenFamily, TotpDevice
from .proofs import FactorFault, FactorRefused

#: How many steps a code may lie behind or ahead. RFC 6238, section 5.2, recommends one at most, for the way that a code
#: takes; section 6 has a bound for clocks that run ahead as well. None ahead would keep out a phone that is ten seconds
#: fast for a third of the time, and would take little from a thief: of a million codes three are good instead of two, a
#: guess costs the account's budget, and a code that was taken makes void its own step and all before it.
WINDOW = 1
#: Characters of a seed in base 32: 160 bits, as RFC 4226, section 4, recommends.
SEED_LENGTH = 32
#: How long a seed waits for its first code.
PENDING = timedelta(minutes=15)


@dataclass(frozen=True)
class Enrolment:
    """A seed that waits for its first code. It is shown once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)

    @property
    def qr(self) -> str:
        """The URI as a QR code: an SVG image in a `data:` URI."""
        return str(segno.make(self.uri, error="m").svg_data_uri(scale=4, border=4, light="#fff"))


def begin(family: TokenFamily, *, now: datetime) -> Enrolment:
    """Hand out a new seed. The app in use, if there is one, goes on working until the new one has shown a code.

    :raises KeysUnavailable: there is no key to encrypt it under.
    :raises SessionOver: the session has ended meanwhile.
    """
    user = family.user
    secret = pyotp.random_base32(SEED_LENGTH)
    device = TotpDevice(user_id=user.pk, created_at=now)
    device.kid, device.seed = encryption.encrypt(secret.encode(), place=_place(device), now=now)
    with sessions.alone_in(family):  # of two at once the later one's seed waits
        TotpDevice.objects.of(user).filter(confirmed_at=None).delete()
        device.save(force_insert=True)
    return _enrolment(user, secret)


def pending(user: AbstractBaseUser, *, now: datetime) -> Enrolment | None:
    """Return the seed that waits for its first code, to show it again on a page, or None."""
    device = TotpDevice.objects.of(user).pending(now - PENDING).first()
    return _enrolment(user, _secret(device, now=now)) if device else None


def confirm(user: AbstractBaseUser, code: str, *, now: datetime) -> TotpDevice:
    """Take the first code of a new app, which takes the old one's place. The code is used up.

    :raises FactorRefused: no seed waits, or the code is not of it.
    """
    device = TotpDevice.objects.of(user).pending(now - PENDING).first()
    if device is None:
        raise FactorRefused(FactorFault.NOT_ENROLLED)
    step = _step_of(device, code, now=now)
    with transaction.atomic(using=router.db_for_write(TotpDevice)):
        TotpDevice.objects.of(user).confirmed().delete()
        if not TotpDevice.objects.filter(pk=device.pk, confirmed_at=None).update(confirmed_at=now, last_step=step):
            raise FactorRefused(FactorFault.REPLAYED)
    return device


def verify(user: AbstractBaseUser, code: str, *, now: datetime) -> None:
    """Take a code of the user's app. Of any number that race with the same code, one succeeds.

    :raises FactorRefused: there is no app, the code is wrong, or its time step was used (RFC 6238, section 5.2).
    """
    device = TotpDevice.objects.of(user).confirmed().first()
    if device is None:
        raise FactorRefused(FactorFault.NOT_ENROLLED)
    step = _step_of(device, code, now=now)
    if not TotpDevice.objects.filter(pk=device.pk, last_step__lt=step).update(last_step=step):
        raise FactorRefused(FactorFault.REPLAYED)
    if device.kid != encryption.active_kid(now):
        reencrypt(device, now=now)


def reencrypt(device: TotpDevice, *, now: datetime) -> bool:
    """Encrypt a seed under the key that encrypts now; False when another did, or the device has gone.

    :raises Undecipherable: its key is gone.
    """
    kid, seed = encryption.encrypt(_secret(device, now=now).encode(), place=_place(device), now=now)
    return TotpDevice.objects.filter(pk=device.pk, kid=device.kid).update(kid=kid, seed=seed) == 1


def issuer_name() -> str:
    """Return what the app calls this service."""
    return conf.mfa_issuer or urlsplit(conf.site_url or conf.issuer).hostname or conf.audience


def _enrolment(user: AbstractBaseUser, secret: str) -> Enrolment:
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.get_username(), issuer_name=issuer_name())
    return Enrolment(secret, uri)


def _step_of(device: TotpDevice, code: str, *, now: datetime) -> int:
    """Return the time step that a code is of.

    :raises FactorRefused: it is of none within the window.
    """
    try:
        secret = _secret(device, now=now)
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW)
    except (OTPVerificationError, binascii.Error):
        raise FactorRefused(FactorFault.WRONG) from None


def _secret(device: TotpDevice, *, now: datetime) -> str:
    return encryption.decrypt(device.kid, bytes(device.seed), place=_place(device), now=now).decode()


def _place(device: TotpDevice) -> str:
    return f"totp:{device.pk}:{device.user_id}"
