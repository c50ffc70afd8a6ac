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

    ACCOUNTS_ACCOUNT_DELETED = "accounts.account_deleted", 3, "sessions"
    ACCOUNTS_ACCOUNT_LOCKED = "accounts.account_locked", 4, "by kind reason scope seconds"
    ACCOUNTS_ACCOUNT_UNLOCKED = "accounts.account_unlocked", 3, "by reason was_locked"
    ACCOUNTS_AUTHORIZATION_REFUSED = "accounts.authorization_refused", 3, "reason"
    ACCOUNTS_CLIENT_ADMINISTERED = "accounts.client_administered", 4, "action client fields"
    ACCOUNTS_CODE_REUSE_DETECTED = "accounts.code_reuse_detected", 4, "client"
    ACCOUNTS_EMAIL_CHANGE_REQUESTED = "accounts.email_change_requested", 2, ""
    ACCOUNTS_EMAIL_CHANGE_UNDONE = "accounts.email_change_undone", 4, "displaced reason sessions"
    ACCOUNTS_EMAIL_CHANGED = "accounts.email_changed", 3, "reason sessions"
    ACCOUNTS_EMAIL_VERIFIED = "accounts.email_verified", 1, "reason"
    ACCOUNTS_ENCRYPTION_KEYS_DROPPED = "accounts.encryption_keys_dropped", 4, "kids reason"
    ACCOUNTS_LOGGED_OUT = "accounts.logged_out", 1, ""
    ACCOUNTS_LOGGED_OUT_EVERYWHERE = "accounts.logged_out_everywhere", 2, "sessions"
    ACCOUNTS_LOGIN_FAILED = "accounts.login_failed", 3, "identifier reason"
    ACCOUNTS_LOGIN_SUCCEEDED = "accounts.login_succeeded", 1, "amr transport"
    ACCOUNTS_MAIL_FAILED = "accounts.mail_failed", 3, "again attempt reason template"
    ACCOUNTS_MAIL_WITHHELD = "accounts.mail_withheld", 3, "identifier template"
    ACCOUNTS_MFA_ENROLLED = "accounts.mfa_enrolled", 3, "first method sessions"
    ACCOUNTS_MFA_FAILED = "accounts.mfa_failed", 3, "method reason step"
    ACCOUNTS_MFA_REMOVED = "accounts.mfa_removed", 4, "left method"
    ACCOUNTS_MFA_RESET = "accounts.mfa_reset", 5, "by reason sessions"
    ACCOUNTS_NEW_DEVICE_SEEN = "accounts.new_device_seen", 2, "device"
    ACCOUNTS_PASSKEY_CLONE_DETECTED = "accounts.passkey_clone_detected", 5, "presented stored"
    ACCOUNTS_PASSWORD_CHANGED = "accounts.password_changed", 3, "reason sessions"
    ACCOUNTS_PASSWORD_RESET = "accounts.password_reset", 3, "reason sessions"
    ACCOUNTS_PASSWORD_RESET_REQUESTED = "accounts.password_reset_requested", 2, "sent"
    ACCOUNTS_PROFILE_CHANGED = "accounts.profile_changed", 1, "fields"
    ACCOUNTS_REAUTHENTICATED = "accounts.reauthenticated", 1, "amr"
    ACCOUNTS_RECOVERY_CODE_USED = "accounts.recovery_code_used", 3, "left step"
    ACCOUNTS_RECOVERY_CODES_REGENERATED = "accounts.recovery_codes_regenerated", 3, "count"
    ACCOUNTS_SESSION_REVOKED = "accounts.session_revoked", 2, "by reason sessions"
    ACCOUNTS_SIGNING_KEYS_ROTATED = "accounts.signing_keys_rotated", 4, "compromised purposes reason"
    ACCOUNTS_SOCIAL_ACCOUNT_LINKED = "accounts.social_account_linked", 3, "provider"
    ACCOUNTS_SOCIAL_ACCOUNT_UNLINKED = "accounts.social_account_unlinked", 3, "provider"
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
    AUDITLOG_ALERT_ACKNOWLEDGED = "auditlog.alert_acknowledged", 2, "note rule"
    AUDITLOG_ALERT_CLOSED = "auditlog.alert_closed", 2, "note rule"
    AUDITLOG_ALERT_NOTED = "auditlog.alert_noted", 2, "note rule"
    AUDITLOG_ALERT_RAISED = "auditlog.alert_raised", 3, "key rule"
    AUDITLOG_EPOCH_STARTED = "auditlog.epoch_started", 4, "epoch sealed_before"
    AUDITLOG_EVENT_VIEWED = "auditlog.event_viewed", 1, "id type"
    AUDITLOG_EVENTS_EXPORTED = "auditlog.events_exported", 3, "filters format"
    AUDITLOG_INCIDENT_CLOSED = "auditlog.incident_closed", 3, "by incident text"
    AUDITLOG_INCIDENT_CONTAINED = "auditlog.incident_contained", 3, "by incident text"
    AUDITLOG_INCIDENT_NOTED = "auditlog.incident_noted", 2, "by incident text"
    AUDITLOG_INCIDENT_NOTICE_DRAFTED = "auditlog.incident_notice_drafted", 2, "by incident text"
    AUDITLOG_INCIDENT_NOTICE_SENT = "auditlog.incident_notice_sent", 4, "by incident text"
    AUDITLOG_INCIDENT_OPENED = "auditlog.incident_opened", 4, "by incident text"
    AUDITLOG_LOG_VERIFIED = "auditlog.log_verified", 1, "checkpoints events findings"
    AUDITLOG_PARTITION_DROPPED = "auditlog.partition_dropped", 3, "digest erased events month newest oldest"
    AUDITLOG_RESPONSE_TAKEN = "auditlog.response_taken", 4, "action automatic reason seconds subject"
    AUDITLOG_RESPONSE_UNDONE = "auditlog.response_undone", 4, "action reason subject"
    AUDITLOG_RESPONSE_WITHHELD = "auditlog.response_withheld", 4, "rule"
    AUDITLOG_RULE_FAILED = "auditlog.rule_failed", 4, "error rule"
    AUDITLOG_RULE_TUNED = "auditlog.rule_tuned", 4, "rule"
    AUDITLOG_SILENCE_LIFTED = "auditlog.silence_lifted", 2, "key rule"
    AUDITLOG_SILENCE_SET = "auditlog.silence_set", 4, "ends_at key reason rule"
    AUDITLOG_SUBJECT_ERASED = "auditlog.subject_erased", 3, "erased events"
    AUTH_USER_LOGGED_IN = "auth.user_logged_in", 1, ""
    AUTH_USER_LOGGED_OUT = "auth.user_logged_out", 1, ""
    AUTH_USER_LOGIN_FAILED = "auth.user_login_failed", 3, "identifier"
    AUTHZ_ACCESS_DENIED = "authz.access_denied", 3, "action model object reason why"
    AUTHZ_FIELD_REFUSED = "authz.field_refused", 3, "action fields model"
    AUTHZ_GRANT_CREATED = "authz.grant_created", 3, "action expires_at model object role self_granted tenant user"
    AUTHZ_GRANT_REVOKED = "authz.grant_revoked", 3, "action expires_at model object role self_granted tenant user"
    AUTHZ_POLICY_FAILED = "authz.policy_failed", 4, "action error model rule"
    AUTHZ_POLICY_REFUSED = "authz.policy_refused", 4, "errors in_force path"
    AUTHZ_POLICY_RELOADED = "authz.policy_reloaded", 3, "before digest path rules"
    AUTHZ_ROLE_CHANGED = "authz.role_changed", 3, "before role self_granted tenant user"
    AUTHZ_ROLE_GRANTED = "authz.role_granted", 3, "role self_granted tenant user"
    AUTHZ_ROLE_REVOKED = "authz.role_revoked", 3, "role self_granted tenant user"
    AUTHZ_SUDO_USED = "authz.sudo_used", 4, "place reason tenant"
    EDGE_CSP_VIOLATED = "edge.csp_violated", 2, "blocked directive document"
    EDGE_CSRF_FAILED = "edge.csrf_failed", 3, "method path reason"
    EDGE_LIMITER_UNAVAILABLE = "edge.limiter_unavailable", 5, "error"
    EDGE_LIMITS_RESET = "edge.limits_reset", 3, "key policies reason"
    EDGE_NETWORK_BLOCKED = "edge.network_blocked", 4, "network reason seconds"
    EDGE_NETWORK_UNBLOCKED = "edge.network_unblocked", 3, "network reason"
    EDGE_OUTBOUND_FETCHED = "edge.outbound_fetched", 1, "bytes host port status"
    EDGE_OUTBOUND_REFUSED = "edge.outbound_refused", 4, "code host port"
    EDGE_REQUEST_REFUSED = "edge.request_refused", 2, "code method path status"
    EDGE_REQUEST_THROTTLED = "edge.request_throttled", 3, "method path policies retry_after"
    EDGE_ROUTE_DISABLED = "edge.route_disabled", 4, "reason route seconds"
    EDGE_ROUTE_ENABLED = "edge.route_enabled", 3, "reason route"
    EDGE_SERVER_ERROR = "edge.server_error", 4, "exception method path"
    EDGE_VALIDATION_FAILED = "edge.validation_failed", 1, "errors method path"
    EDGE_VOLUME_REACHED = "edge.volume_reached", 1, "count policy seconds who"

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
