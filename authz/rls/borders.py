"""Which tenant the statements of this thread or task act in: that of the request, or the one that code states.

Nothing is kept on a connection. A border is looked up for each statement and lasts for its transaction, so a connection
that goes back to a pool, or to PgBouncer, takes nothing along.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from ..principals import Principal, kept_principal
from ..requests import current_request

TENANT, CROSSES = "bulwark.tenant", "bulwark.crosses_tenants"


@dataclass(frozen=True, slots=True)
class Border:
    """What a statement may see of tenants."""

    tenant: UUID | None = None
    crosses: bool = False

    @property
    def sql(self) -> str:
        """Return the statement that tells PostgreSQL, until the end of the transaction."""
        tenant, crosses = self.tenant or "", "on" if self.crosses else ""
        return f"SELECT set_config('{TENANT}', '{tenant}', true), set_config('{CROSSES}', '{crosses}', true)"


_stated: ContextVar[Border | None] = ContextVar("bulwark_stated_border", default=None)


def current() -> Border | None:
    """Return the border that holds now: the stated one, else that of the request; outside of both, None."""
    stated, request = _stated.get(), current_request()
    if stated is not None or request is None:
        return stated
    # Before the request's user is known it is in no tenant.
    who = kept_principal(request)
    return Border(who.tenant_id if who else None)


@contextmanager
def within(principal: Principal) -> Iterator[None]:
    """Let statements see the rows of a principal's tenant: for jobs and commands; a request does it by itself."""
    from .statements import renew

    token = _stated.set(Border(principal.tenant_id, principal.crosses_tenants))
    try:
        yield
    finally:
        _stated.reset(token)
        # What goes round Django's cursors (COPY) in an open transaction must not go on as before.
        renew()
