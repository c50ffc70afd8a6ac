"""Who asks: a user, in a tenant, with roles, under the circumstances of a request."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from . import memory
from .conf import conf
from .environment import Environment
from .roles import ANYONE, IMPLICIT
from .tenants import as_id

_KEPT_AS = "_bulwark_principal"
_NOBODY = frozenset({ANYONE})


@dataclass(frozen=True, slots=True, eq=False)
class Principal:
    """What every decision is about, besides the row.

    :ivar roles: the roles of the user's memberships in this tenant, all that they include, and the implicit ones.
    :ivar tenant_id: None in no tenant, and in one in which the user holds no role. Rows of tenants are then out of
        reach, also of what is allowed to "authenticated" or "anyone".
    :ivar crosses_tenants: made by `sudo` only.
    :ivar known: the user is authenticated and active.
    """

    user: Any
    tenant_id: UUID | None = None
    roles: frozenset[str] = _NOBODY
    env: Environment = field(default_factory=Environment)
    crosses_tenants: bool = False
    request: HttpRequest | None = None
    known: bool = False

    @property
    def tenant(self) -> str:
        return str(self.tenant_id) if self.tenant_id else ""

    def crossing(self) -> "Principal":
        return replace(self, crosses_tenants=True)


def principal(request: Any) -> Principal:
    """Return who makes a request, Django's or DRF's; the same object for the whole request.

    At most: one query for the version and one for the tenant where no token brings them, and one for the roles when a
    process meets this user, tenant and version for the first time.
    """
    plain: HttpRequest = getattr(request, "_request", request)
    user: Any = getattr(request, "user", None) or AnonymousUser()
    kept = kept_principal(plain)
    if kept is None or kept.user is not user:
        kept = _authenticated(user, request, plain) if _counts(user) else _stranger(user, plain)
        setattr(plain, _KEPT_AS, kept)
    return kept


def kept_principal(request: HttpRequest) -> Principal | None:
    """Return what `principal` has found out about Django's request, or None before; no query."""
    kept: Principal | None = getattr(request, _KEPT_AS, None)
    return kept


def principal_for(user: Any, *, tenant: UUID | None = None, env: Environment | None = None) -> Principal:
    """Return a user as a principal without a request: for jobs, commands and explanations. Up to two queries."""
    if not _counts(user):
        return Principal(user or AnonymousUser(), env=env or Environment())
    return _member(user, tenant, None, env or Environment(), None)


def _counts(user: Any) -> bool:
    return bool(user is not None and user.is_authenticated and user.is_active)


def _stranger(user: Any, plain: HttpRequest) -> Principal:
    return Principal(user, env=Environment(plain), request=plain)


def _authenticated(user: Any, request: Any, plain: HttpRequest) -> Principal:
    tenant = as_id(conf.tenant(request))
    return _member(user, tenant, conf.version(request), Environment(request), plain)


def _member(
    user: Any, tenant: UUID | None, version: int | None, env: Environment, request: HttpRequest | None
) -> Principal:
    roles = memory.roles_of(user.pk, tenant, version=version)
    # A token, a header or a host name says any tenant, and a token that of a membership which has ended since.
    inside = tenant if roles > IMPLICIT else None
    return Principal(user, inside, roles, env, request=request, known=True)


async def aprincipal(request: Any) -> Principal:
    """Return what `principal` does, for async views."""
    return await sync_to_async(principal)(request)
