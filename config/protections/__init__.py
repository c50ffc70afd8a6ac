"""What protects this server, and in which state: read from settings and stores when it is asked for."""

from . import accounts, auditlog, authz, edge
from .base import Finding, Group, Protection, State

__all__ = ["Finding", "Group", "Protection", "State", "groups"]


def groups() -> list[Group]:
    """Return every protection, in the order that a request passes them."""
    return [accounts.group(), authz.group(), edge.group(), auditlog.group()]
