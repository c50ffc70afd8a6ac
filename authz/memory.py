"""The roles that this process remembers, by user, tenant and authorization version."""

from threading import Lock
from typing import Any
from uuid import UUID

from . import versions
from .conf import SETTING, conf
from .models import Membership
from .roles import IMPLICIT, expand

_Key = tuple[Any, UUID | None, int]

_remembered: dict[_Key, frozenset[str]] = {}
_lock = Lock()


def roles_of(user_id: Any, tenant: UUID | None, *, version: int | None) -> frozenset[str]:
    """Return the roles of a user in a tenant, or (None) outside all, with what they include and the implicit ones.

    :param version: the user's authorization version if it is known; None asks for it.
    """
    version = versions.current(user_id) if version is None else version
    key = (user_id, tenant, version)
    roles = _remembered.get(key)
    if roles is None:
        # The roles are read after the version: at worst newer roles are remembered under the older version.
        held = Membership.objects.filter(user=user_id, tenant=tenant).values_list("role", flat=True)
        roles = expand(held) | IMPLICIT
        # Version 0 stands for "never counted": rows that a data migration wrote would go unnoticed.
        if version != versions.NO_VERSION:
            _remember(key, roles)
    return roles


def forget() -> None:
    """Empty the memory, as after a change of settings."""
    with _lock:
        _remembered.clear()


def _remember(key: _Key, roles: frozenset[str]) -> None:
    with _lock:
        _remembered[key] = roles
        while len(_remembered) > conf.role_cache_size:
            del _remembered[next(iter(_remembered))]


def settings_changed(setting: str, **_: Any) -> None:
    """Forget the roles when a test changes what they include."""
    if setting == SETTING:
        forget()
