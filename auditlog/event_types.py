"""The types of events, and what each may carry.

A type that is not listed is stored all the same, without its data: `BULWARK_AUDITLOG["TYPES"]` is where a host lists
its own.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .conf import conf
from .models import Severity


@dataclass(frozen=True)
class Kind:
    """What is known of one type: how much a success of it matters, and the data fields that are kept."""

    severity: Severity = Severity.LOW
    fields: frozenset[str] = frozenset()

    def split(self, data: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """Return the fields of ``data`` that may be kept, and how many others there are."""
        kept = {name: value for name, value in data.items() if name in self.fields}
        return kept, len(data) - len(kept)


class EventType(enum.Enum):
    """`<app>.<signal>`, the severity of a success, and the data fields: one row a type, in alphabetical order."""

    ACCOUNTS_EMAIL_VERIFIED = "accounts.email_verified", 1, "reason"
    ACCOUNTS_LOGGED_OUT = "accounts.logged_out", 1, ""
    ACCOUNTS_LOGGED_OUT_EVERYWHERE = "accounts.logged_out_everywhere", 2, "sessions"
    ACCOUNTS_LOGIN_FAILED = "accounts.login_failed", 3, "identifier reason"
    ACCOUNTS_LOGIN_SUCCEEDED = "accounts.login_succeeded", 1, "amr transport"
    ACCOUNTS_PASSWORD_CHANGED = "accounts.password_changed", 3, "reason sessions"
    ACCOUNTS_PASSWORD_RESET = "accounts.password_reset", 3, "reason sessions"
    ACCOUNTS_PASSWORD_RESET_REQUESTED = "accounts.password_reset_requested", 2, "sent"
    ACCOUNTS_PROFILE_CHANGED = "accounts.profile_changed", 1, "fields"
    ACCOUNTS_SESSION_REVOKED = "accounts.session_revoked", 2, "by reason sessions"
    ACCOUNTS_TOKEN_FORGED = "accounts.token_forged", 5, "reason"
    ACCOUNTS_TOKEN_REJECTED = "accounts.token_rejected", 2, "reason"
    ACCOUNTS_TOKEN_REUSE_DETECTED = "accounts.token_reuse_detected", 4, "generation presented"
    ACCOUNTS_TOKEN_ROTATED = "accounts.token_rotated", 1, "generation"
    ACCOUNTS_TOKEN_ROTATION_REPEATED = "accounts.token_rotation_repeated", 1, "generation"
    ACCOUNTS_TOKEN_USED_AFTER_REVOCATION = "accounts.token_used_after_revocation", 3, "reason"
    ACCOUNTS_USER_ADMINISTERED = "accounts.user_administered", 4, "action fields is_staff is_superuser"
    ACCOUNTS_USER_REGISTERED = "accounts.user_registered", 1, "known"
    ACCOUNTS_VERIFICATION_RESENT = "accounts.verification_resent", 1, "sent"
    ARTICLES_ARTICLE_CREATED = "articles.article_created", 1, ""
    ARTICLES_ARTICLE_DELETED = "articles.article_deleted", 2, ""
    ARTICLES_ARTICLE_PUBLISHED = "articles.article_published", 1, ""
    ARTICLES_ARTICLE_UPDATED = "articles.article_updated", 1, ""
    ARTICLES_ARTICLES_EXPORTED = "articles.articles_exported", 3, "filters format rows"
    AUTH_USER_LOGGED_IN = "auth.user_logged_in", 1, ""
    AUTH_USER_LOGGED_OUT = "auth.user_logged_out", 1, ""
    AUTH_USER_LOGIN_FAILED = "auth.user_login_failed", 3, "identifier"
    AUTHZ_ACCESS_DENIED = "authz.access_denied", 3, "action model object reason why"
    AUTHZ_FIELD_REFUSED = "authz.field_refused", 3, "action fields model"
    AUTHZ_GRANT_CREATED = "authz.grant_created", 3, "action expires_at model object role self_granted tenant user"
    AUTHZ_GRANT_REVOKED = "authz.grant_revoked", 3, "action expires_at model object role self_granted tenant user"
    AUTHZ_POLICY_FAILED = "authz.policy_failed", 4, "action error model rule"
    AUTHZ_ROLE_CHANGED = "authz.role_changed", 3, "before role self_granted tenant user"
    AUTHZ_ROLE_GRANTED = "authz.role_granted", 3, "role self_granted tenant user"
    AUTHZ_ROLE_REVOKED = "authz.role_revoked", 3, "role self_granted tenant user"
    AUTHZ_SUDO_USED = "authz.sudo_used", 4, "place reason tenant"
    EDGE_CSRF_FAILED = "edge.csrf_failed", 3, "method path reason"
    EDGE_LIMITER_UNAVAILABLE = "edge.limiter_unavailable", 5, "error"
    EDGE_OUTBOUND_FETCHED = "edge.outbound_fetched", 1, "bytes host port status"
    EDGE_OUTBOUND_REFUSED = "edge.outbound_refused", 4, "code host port"
    EDGE_REQUEST_REFUSED = "edge.request_refused", 2, "code method path status"
    EDGE_REQUEST_THROTTLED = "edge.request_throttled", 3, "method path policies retry_after"
    EDGE_SERVER_ERROR = "edge.server_error", 4, "exception method path"
    EDGE_VALIDATION_FAILED = "edge.validation_failed", 1, "errors method path"

    def __init__(self, label: str, severity: int, fields: str) -> None:
        self.label = label
        self.kind = Kind(Severity(severity), frozenset(fields.split()))


_KNOWN = {member.label: member.kind for member in EventType}
_UNLISTED = Kind()


def register_kind(name: str, kind: Kind) -> None:
    """List a type that is known from code: that of an audited model."""
    _KNOWN[name] = kind


def is_listed(name: str) -> bool:
    """Tell whether a type is known, here or in the host's settings."""
    return name in _KNOWN or name in conf.types


def kind_of(name: str) -> Kind:
    """Return what is known of the type ``name``; the host's own word on it goes before ours."""
    given = conf.types.get(name)
    if given is None:
        return _KNOWN.get(name, _UNLISTED)
    return Kind(Severity(given.get("severity", Severity.LOW)), frozenset(given.get("fields", ())))


def names() -> list[str]:
    """Return every listed type, in alphabetical order."""
    return sorted({*_KNOWN, *conf.types})
