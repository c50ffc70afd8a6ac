"""The only way over the border of a tenant, and it is told of."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from .language.sites import Site
from .principals import Principal
from .rls.borders import within
from .signals import sudo_used


def sudo(principal: Principal, *, reason: str) -> AbstractContextManager[Principal]:
    """Give a principal whose rules count in every tenant; the rules themselves and what they forbid stay.

    The signal `sudo_used` is sent first; if a receiver fails (the audit log is down), nothing is crossed.

    :param reason: why, for the one who reads the audit log: a ticket, a job's name.
    :raises ValueError: no reason is given.
    """
    if not reason.strip():
        raise ValueError("Crossing tenants needs a reason.")
    return _crossing(principal, reason, Site.of_caller())


@contextmanager
def _crossing(principal: Principal, reason: str, site: Site) -> Iterator[Principal]:
    sudo_used.send(
        sender=Principal,
        request=principal.request,
        user=principal.user if principal.known else None,
        target=None,
        outcome="success",
        data={"reason": reason, "tenant": principal.tenant, "place": str(site)},
    )
    crossing = principal.crossing()
    with within(crossing):
        yield crossing
