"""From an address to a verified account, without telling anybody which addresses are known (ASVS 5.0, V6.3.8)."""

from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, router, transaction
from django.http import HttpRequest

from . import links, mail, people, signals
from .background import Origin, origin_of, request_from, seal, task, unseal

#: A template, and what its link is for.
_VERIFY: tuple[str, links.Purpose] = ("verify", "verify")
_CONTESTED: tuple[str, links.Purpose] = ("contested", "reset")


def register(email: str, password: str, *, name: str, request: HttpRequest) -> None:
    """Have an account made that waits for its address to be verified.

    One password is hashed and one job is queued, whatever is known of the address: neither the answer nor its time
    tells. The job does the rest, and tells the owner of a known address.
    """
    make_account.enqueue(email, seal(make_password(password)), name, origin_of(request))


@task()
def make_account(email: str, sealed: str, name: str, origin: Origin) -> None:
    """Make the account and mail the link; to the owner of a known address, that somebody tried.

    An account that waits and is registered again loses its password: whoever reads the mail cannot know which of the
    two a link would confirm, so the link asks for a new one.
    """
    request = request_from(origin)
    user = people.find_by_email(email)
    created = None
    if user is None:
        created = _create(email, unseal(sealed), name=name, request=request)
    elif people.awaits_verification(user) and user.has_usable_password():
        user = _contested(user)
    owner = created or user or people.find_by_email(email)
    if owner is not None and people.awaits_verification(owner):
        _send_verification(owner, request=request)
    else:
        mail.send_asked("known", email, request=request, user=owner)
    if created is None:
        _announce(request, None, known=True)


def _contested(user: AbstractBaseUser) -> AbstractBaseUser | None:
    """Take the password from an account that waits still, and return its user as they are now; None: it has gone."""
    with transaction.atomic(using=router.db_for_write(get_user_model())):
        held = people.hold_if_there(user)
        if held is not None and people.awaits_verification(held):
            held.set_unusable_password()
            held.save(update_fields=["password"])
    return held


def resend(email: str, *, request: HttpRequest) -> None:
    """Have the link mailed again, if the address waits for it."""
    mail_again.enqueue(email, origin_of(request))


@task()
def mail_again(email: str, origin: Origin) -> None:
    """Mail the link to an address that waits for it."""
    user, request = people.find_by_email(email), request_from(origin)
    is_waiting = user is not None and people.awaits_verification(user)
    signals.verification_resent.send_robust(
        sender=get_user_model(),
        request=request,
        user=None,
        target=user if is_waiting else None,
        outcome="success",
        data={"sent": user is not None and is_waiting and _send_verification(user, request=request)},
    )


def _send_verification(user: AbstractBaseUser, *, request: HttpRequest) -> bool:
    """Mail the link that verifies the address, if its mailbox has room; for an account without a password, one that
    sets it too.
    """
    template, purpose = _VERIFY if user.has_usable_password() else _CONTESTED
    link = (purpose, str(user.pk))
    return mail.send_asked(template, people.email_of(user), request=request, user=user, link=link)


def verify_email(token: str, *, request: HttpRequest, now: datetime) -> bool:
    """Record that an address is verified; False when the link is used up, too old, or made up."""
    user = links.user_of(token, "verify")
    with transaction.atomic(using=router.db_for_write(get_user_model())):
        user = people.hold_if_there(user) if user is not None else None
        is_waiting = user is not None and people.awaits_verification(user) and links.fits(token, "verify", user)
        if user is not None and is_waiting:
            people.mark_verified(user, now=now)
            signals.email_verified.send(
                sender=type(user), request=request, user=user, target=user, outcome="success", data={}
            )
    if not is_waiting:
        signals.email_verified.send_robust(
            sender=get_user_model(),
            request=request,
            user=None,
            target=None,
            outcome="refused",
            data={"reason": "invalid_link"},
        )
    return is_waiting


def _create(email: str, encoded: str, *, name: str, request: HttpRequest) -> AbstractBaseUser | None:
    """Return the new user, or None when another request has taken the address meanwhile."""
    try:
        with transaction.atomic(using=router.db_for_write(get_user_model())):
            user = people.create(email, encoded, name=name)
            _announce(request, user, known=False)
    except IntegrityError:
        return None
    return user


def _announce(request: HttpRequest, user: AbstractBaseUser | None, *, known: bool) -> None:
    signals.user_registered.send(
        sender=get_user_model(),
        request=request,
        user=user,
        target=user,
        outcome="refused" if known else "success",
        data={"known": known},
    )
