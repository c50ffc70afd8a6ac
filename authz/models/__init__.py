"""Who holds which role where, and who was given what on one object."""

from .grant import Grant
from .membership import AuthorizationVersion, Membership
from .tenant import Tenant

__all__ = ["AuthorizationVersion", "Grant", "Membership", "Tenant"]
