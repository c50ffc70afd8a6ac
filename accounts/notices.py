"""Mails to users about their own account, so that whoever is not them is noticed (ASVS 5.0, V6.3.5 and V6.3.7).

Each is a receiver of a signal: a host that writes its own disconnects it by its `dispatch_uid`.
"""

from collections.abc import Callable
from typing import Any

from django.dispatch import Signal
from django.utils import timezone

from . import mail, people, signals
from .conf import conf

Receiver = Callable[..., None]


def connect() -> None:
    """Start to notify."""
    for name, receiver in NOTICES.items():
        signal: Signal = getattr(signals, name)
        signal.connect(receiver, dispatch_uid=f"bulwark_accounts.notices.{name}")


def tell_of_new_device(*, outcome: str, target: Any, data: dict[str, Any], **_: Any) -> None:
    """Receive `new_device_seen`."""
    if outcome == "success":
        time = timezone.localtime(target.created_at).strftime("%Y-%m-%d %H:%M %Z")
        context = {"device": data["device"], "ip": target.ip or "", "time": time}
        mail.send("new_device", people.email_of(target.user), context=context)


def tell_of_guesses(*, outcome: str, target: Any, data: dict[str, Any], **_: Any) -> None:
    """Receive `account_locked`: whoever guesses a second factor has shown the password.

    Guesses at a password are told nobody: strangers make them at will, and the time of a mail would tell whose account
    there is.
    """
    if outcome == "success" and data["by"] == "guesses" and data["kind"] == "mfa":
        mail.send("guesses", people.email_of(target))


def tell_of_password(*, outcome: str, target: Any, **_: Any) -> None:
    """Receive `password_changed` and `password_reset`."""
    if outcome == "success":
        mail.send("password_changed", people.email_of(target))


def tell_of_email(*, outcome: str, target: Any, **_: Any) -> None:
    """Receive `email_changed`: the old address gets a way back."""
    if outcome == "success":
        context = {"new_email": target.new_email, "days": conf.undo_timeout.days}
        mail.send("email_changed", target.old_email, link=("email_undo", str(target.pk)), context=context)


def tell_of_factor(*, signal: Signal, outcome: str, target: Any, **_: Any) -> None:
    """Receive what happens to second factors: one more, one less, all gone, new recovery codes, one of them used."""
    if outcome == "success":
        name = next(name for name in FACTORS if getattr(signals, name) is signal)
        mail.send("second_factor", people.email_of(target), context={"what": FACTORS[name]})


def tell_of_link(*, outcome: str, target: Any, data: dict[str, Any], **_: Any) -> None:
    """Receive `social_account_linked`; an account that has just been made by it is told nothing new."""
    if outcome == "success" and target.last_login is not None:
        what = f"The account that you have with {data['provider']} was linked with yours, and signs in to it"
        mail.send("second_factor", people.email_of(target), context={"what": what})


def tell_of_deletion(*, outcome: str, target: Any, **_: Any) -> None:
    """Receive `account_deleted`, while the account has its address."""
    if outcome == "success":
        mail.send("account_deleted", people.email_of(target))


#: Signal -> who tells the user.
NOTICES: dict[str, Receiver] = {
    "account_deleted": tell_of_deletion,
    "account_locked": tell_of_guesses,
    "email_changed": tell_of_email,
    "mfa_enrolled": tell_of_factor,
    "mfa_removed": tell_of_factor,
    "mfa_reset": tell_of_factor,
    "new_device_seen": tell_of_new_device,
    "password_changed": tell_of_password,
    "password_reset": tell_of_password,
    "recovery_code_used": tell_of_factor,
    "recovery_codes_regenerated": tell_of_factor,
    "social_account_linked": tell_of_link,
}

#: What the mail says of a second factor.
FACTORS = {
    "mfa_enrolled": "A second factor was added to your account",
    "mfa_removed": "A second factor was removed from your account",
    "mfa_reset": "All second factors were removed from your account by staff",
    "recovery_code_used": "A recovery code of your account was used",
    "recovery_codes_regenerated": "Your account has new recovery codes, and the old ones are void",
}
