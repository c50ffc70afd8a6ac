"""What the audit log's response actions do in this project: each takes the subject, and raises ValueError or
LookupError when it cannot be done.
"""

import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import locks, passwords, people, revocation
from accounts.models import TokenFamily, TokenFamilyQuerySet
from auditlog.models import Response
from edge import blocks
from edge.ratelimit import StoreUnavailable

from .lasting import kept_already

#: Under which the cache has the ids of those who must have a second factor.
FORCED = "bulwark:forced-mfa"


@contextmanager
def _reachable() -> Iterator[None]:
    """Say in words that nothing was done, where the store that all processes share is lost."""
    try:
        with kept_already():
            yield
    except StoreUnavailable as error:
        raise LookupError("The limiter's Redis does not answer. Nothing was changed.") from error


def block_network(subject: str, *, reason: str, seconds: int, user: Any, request: HttpRequest | None) -> None:
    """Answer 403 to a network, everywhere, from its next request on."""
    with _reachable():
        blocks.block(subject, seconds=seconds, reason=reason, user=user, request=request)


def unblock_network(subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:
    """Serve the network again."""
    with _reachable():
        blocks.unblock(subject, reason=reason, user=user, request=request)


def disable_route(subject: str, *, reason: str, seconds: int, user: Any, request: HttpRequest | None) -> None:
    """Answer 503 on a route, named as in the URLconf."""
    with _reachable():
        blocks.disable(subject, seconds=seconds, reason=reason, user=user, request=request)


def enable_route(subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:
    """Serve the route again."""
    with _reachable():
        blocks.enable(subject, reason=reason, user=user, request=request)


def end_session(subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:
    """End one session, by its id."""
    _end(TokenFamily.objects.filter(pk=session(subject).pk), reason=reason, user=user, request=request)


def end_user_sessions(subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:
    """End every session of an account."""
    _end(TokenFamily.objects.of(account(subject)), reason=reason, user=user, request=request)


def end_tenant_sessions(subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:
    """End every session that is for a tenant."""
    _end(TokenFamily.objects.filter(tenant=subject), reason=reason, user=user, request=request)


def end_all_sessions(_subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:
    """End every session there is, that of whoever asks for it included."""
    _end(TokenFamily.objects.all(), reason=reason, user=user, request=request)


def lock_account(subject: str, *, reason: str, seconds: int, user: Any, request: HttpRequest | None) -> None:
    """Lock an account and end its sessions."""
    now = timezone.now()
    until = now + timedelta(seconds=seconds) if seconds else None
    locks.lock(account(subject), until=until, reason=reason, by="response", now=now, actor=user, request=request)


def unlock_account(subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:
    """Let the account log in again."""
    now = timezone.now()
    locks.unlock(account(subject), reason=reason, by="response", now=now, actor=user, request=request)


def force_password_reset(subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:
    """Replace the password by one that nobody knows, end the sessions, and mail the owner a link for another."""
    found: Any = people.hold(account(subject))
    found.set_password(secrets.token_urlsafe(32))
    found.save(update_fields=["password"])
    _end(TokenFamily.objects.of(found), reason=reason, user=user, request=request)
    transaction.on_commit(lambda: passwords.send_reset(found))


def force_mfa(subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:
    """End an account's sessions; from the next login on it needs a second factor."""
    _end(TokenFamily.objects.of(account(subject)), reason=reason, user=user, request=request)
    transaction.on_commit(lambda: cache.delete(FORCED))


def spare_mfa(subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:  # noqa: ARG001
    """Ask the account for no more than its role asks for."""
    transaction.on_commit(lambda: cache.delete(FORCED))


def is_forced_to_mfa(user: Any) -> bool:
    """Say whether the response `force_mfa` holds for a user; asked when a session without a second factor is extended.

    Looked up in the database once a minute, and after each change.
    """
    forced = cache.get(FORCED)
    if forced is None:
        forced = [_id_of(found.subject) for found in Response.objects.filter(action="force_mfa", undone_at=None)]
        cache.set(FORCED, forced, timeout=60)
    return str(user.pk) in forced


def needs_mfa_in_production(user: Any) -> bool:
    """Say whether a user is staff, or was made to have a second factor."""
    return user.is_staff or is_forced_to_mfa(user)


def rotate_signing_key(_subject: str, *, reason: str, user: Any, request: HttpRequest | None) -> None:  # noqa: ARG001
    """Sign access tokens with a new key at once."""
    try:
        call_command("rotate_signing_key", "--now", f"--reason={reason}", stdout=io.StringIO())
    except CommandError as error:  # keys that this process may not store
        raise ValueError(str(error)) from error


def account(subject: str) -> Any:
    """Return the user of an address, or of an id.

    :raises LookupError: there is none.
    """
    found = people.find(subject) or people.find_by_email(subject)
    if found is None:
        try:
            found = get_user_model().objects.filter(pk=subject).first()
        except (ValidationError, ValueError):
            found = None
    if found is None:
        raise LookupError("There is no such account.")
    return found


def session(subject: str) -> TokenFamily:
    """Return the session of an id, whether it is alive or not.

    :raises LookupError: there is none.
    :raises ValueError: it is no id.
    """
    try:
        found = TokenFamily.objects.filter(pk=subject).first()
    except ValidationError as error:
        raise ValueError("A session's id is a UUID.") from error
    if found is None:
        raise LookupError("There is no such session.")
    return found


def tenant(subject: str) -> None:
    """See that there are sessions for a tenant, alive or not: its id may be misspelt.

    :raises LookupError: there are none.
    """
    if not TokenFamily.objects.filter(tenant=subject).exists():
        raise LookupError("No session is for this tenant.")


def _id_of(subject: str) -> str:
    try:
        return str(account(subject).pk)
    except LookupError:  # the account is gone
        return ""


def _end(found: TokenFamilyQuerySet, *, reason: str, user: Any, request: HttpRequest | None) -> None:
    revocation.revoke(found, reason=reason, by="response", request=request, user=user, now=timezone.now())
