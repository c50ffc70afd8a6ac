"""Who you are: keys, sessions, passwords."""

from django.contrib.auth.hashers import Argon2PasswordHasher, get_hasher
from django.utils import timezone

from accounts.conf import conf
from accounts.keys import KeysUnavailable, keyring

from .base import Group, Protection, State, span


def group() -> Group:
    protections = [signing_key(), rotation(), revocation(), cookie(), passwords()]
    return Group("accounts", "Identified", "Who is calling?", protections)


def signing_key() -> Protection:
    now = timezone.now()
    try:
        keys = keyring().access
        active = keys.active(now)
    except KeysUnavailable:
        state, value = State.OFF, "No key signs."
    else:
        state = State.ON
        value = f"{active.key.alg}, signing for {span(now - active.active_from)}; {len(keys.published(now))} published."
    return Protection("Signing keys", "A token that this server did not sign is refused.", state, value)


def rotation() -> Protection:
    value = f"Used once each; a session lives {span(conf.session_lifetime)} at most."
    return Protection(
        "Refresh tokens", "A stolen one betrays itself: its second use ends the session.", State.ON, value
    )


def revocation() -> Protection:
    immediate = conf.mode == "session"
    value = "Checked on every request." if immediate else "Checked against a denylist in the cache."
    return Protection("Logging out", "Holds for the next request, not when a token expires.", State.ON, value)


def cookie() -> Protection:
    prefix = conf.cookie_prefix
    value = f"{prefix}{conf.cookie_name}, HttpOnly, SameSite=Strict." if prefix else "HttpOnly, over plain HTTP."
    state = State.ON if prefix else State.PARTLY
    return Protection("Refresh cookie", "Scripts cannot read it and other sites cannot send it.", state, value)


def passwords() -> Protection:
    hasher = get_hasher()
    if isinstance(hasher, Argon2PasswordHasher):
        state, value = State.ON, f"Argon2id, {hasher.memory_cost // 1024} MiB each."
    else:
        state, value = State.PARTLY, f"{hasher.algorithm}."
    return Protection("Passwords", "A stolen database is slow to guess.", state, value)
