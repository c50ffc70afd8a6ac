"""Who you are: keys, sessions, passwords."""

from django.contrib.auth.hashers import Argon2PasswordHasher, get_hasher
from django.utils import timezone

from accounts.background import task_backends
from accounts.conf import conf
from accounts.keys import KeysUnavailable, keyring

from .base import Finding, Group, Protection, State, span


def group() -> Group:
    protections = [
        Protection("Signing keys", "A token that this server did not sign is refused.", signing_key),
        Protection("Refresh tokens", "A stolen one betrays itself: its reuse ends the session.", rotation),
        Protection("Logging out", "Holds for the next request, not when a token expires.", revocation),
        Protection("Refresh cookie", "Scripts cannot read it and other sites cannot send it.", cookie),
        Protection("Mailed links", "No answer tells whose address is known.", mailed_links),
        Protection("Passwords", "A stolen database is slow to guess.", passwords),
        Protection("Second factors", "A stolen password alone opens nothing.", second_factors),
    ]
    return Group("accounts", "Identified", "Who is calling?", protections)


def signing_key() -> Finding:
    now = timezone.now()
    try:
        keys = keyring().access
        active = keys.active(now)
    except KeysUnavailable:
        return Finding(State.OFF, "No key signs.")
    count = len(keys.published(now))
    return Finding(State.ON, f"{active.key.alg}, signing for {span(now - active.active_from)}; {count} published.")


def rotation() -> Finding:
    return Finding(State.ON, f"Used once each; a session lives {span(conf.session_lifetime)} at most.")


def revocation() -> Finding:
    if conf.mode == "session":
        return Finding(State.ON, "Checked on every request.")
    return Finding(State.ON, "Checked against a denylist in the cache.")


def cookie() -> Finding:
    if conf.cookie_prefix:
        return Finding(State.ON, f"{conf.cookie_prefix}{conf.cookie_name}, HttpOnly, SameSite=Strict.")
    return Finding(State.PARTLY, "HttpOnly, over plain HTTP.")


def second_factors() -> Finding:
    wanted = {"staff": "Asked of staff", "superusers": "Asked of superusers", "everybody": "Asked of everybody"}
    if not conf.mfa_required:
        return Finding(State.PARTLY, "For who adds an app or a passkey; asked of nobody.")
    return Finding(State.ON, f"{wanted.get(conf.mfa_required, 'Asked by a rule')}: apps, passkeys, recovery codes.")


def mailed_links() -> Finding:
    if task_backends["default"].supports_defer:
        return Finding(State.ON, "Looked up, written and sent by a background job.")
    return Finding(State.PARTLY, "Written while the request waits, whose time tells.")


def passwords() -> Finding:
    hasher = get_hasher()
    if isinstance(hasher, Argon2PasswordHasher):
        return Finding(State.ON, f"Argon2id, {hasher.memory_cost // 1024} MiB each.")
    return Finding(State.PARTLY, f"{hasher.algorithm}.")
