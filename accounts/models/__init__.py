from .authenticators import Passkey, RecoveryCode, SpentToken, TotpDevice
from .email_change import EmailChange
from .family import EndReason, TokenFamily, TokenFamilyQuerySet, Transport
from .lock import AccountLock, AccountLockQuerySet
from .oauth import AuthorizationCode, OAuthClient
from .user import User, UserManager, normalize_email

__all__ = [
    "AccountLock",
    "AccountLockQuerySet",
    "AuthorizationCode",
    "EmailChange",
    "EndReason",
    "OAuthClient",
    "Passkey",
    "RecoveryCode",
    "SpentToken",
    "TokenFamily",
    "TokenFamilyQuerySet",
    "TotpDevice",
    "Transport",
    "User",
    "UserManager",
    "normalize_email",
]
