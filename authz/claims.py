"""What a token says about authorization: a version, never roles."""

from typing import Any

from . import versions


def for_login(user: Any, family_tenant: str) -> dict[str, Any]:  # noqa: ARG001  (the signature that `accounts` calls)
    """Return the claim `az`: the authorization version at the time the token was made. One query."""
    return {"az": versions.current(user.pk)}
