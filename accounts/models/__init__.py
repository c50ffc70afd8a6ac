from .family import EndReason, TokenFamily, TokenFamilyQuerySet, Transport
from .user import User, UserManager, normalize_email

__all__ = [
    "EndReason",
    "TokenFamily",
    "TokenFamilyQuerySet",
    "Transport",
    "User",
    "UserManager",
    "normalize_email",
]
