"""The policies: who is trusted, what is limited, which headers are sent. One place to review."""

from typing import Any

from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF

from config import env

from .base import LOCAL_DIR

PASSWORD_HASHERS = [
    "accounts.hashers.Argon2idHasher",  # 64 MiB, 3 passes
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
# One guess budget for every door, the admin's included.
AUTHENTICATION_BACKENDS = ["accounts.backends.GuessBudgetBackend"]
AUTH_PASSWORD_VALIDATORS = [
    # Length is what counts: no rules about kinds of characters (OWASP ASVS 5.0, V6.2.1 and V6.2.5).
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "accounts.validators.MaximumLengthValidator"},
    {"NAME": "accounts.breached.BreachedPasswordValidator"},
    {"NAME": "accounts.validators.ContextWordsValidator", "OPTIONS": {"words": ("bulwark",)}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
]

SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_ENGINE = "accounts.hashed_sessions"  # Django's own keeps each cookie in the table as it is

CORS_ALLOWED_ORIGINS: list[str] = []
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/(api|\.well-known)/"
CORS_PREFLIGHT_MAX_AGE = 86_400
CORS_ALLOW_HEADERS = (*default_headers, "dpop", "x-csrf-token")
CORS_EXPOSE_HEADERS = [
    *("DPoP-Nonce", "ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-ID"),
]

# Pages load from here alone: no inline script or style, nothing framed, nothing embedded.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "manifest-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "report-uri": ["/csp-report"],
        "report-to": "csp",
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        "accelerometer",
        "autoplay",
        "browsing-topics",
        "camera",
        "clipboard-read",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "hid",
        "idle-detection",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
        "xr-spatial-tracking",
    )
}

BULWARK_EDGE: dict[str, Any] = {
    "API_PREFIXES": ["/api/", "/.well-known/", "/oauth/token", "/oauth/revoke"],
    "IDENTITY": "accounts.authentication.subject",
    "METRICS_SOURCES": ["accounts.metrics.collected", "auditlog.metrics.collected", "authz.metrics.collected"],
    "TENANT": "config.audit.tenant",
    # Pages load nothing from elsewhere, so they can be isolated; browsers report what the policy stopped.
    "PAGE_HEADERS": {
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Reporting-Endpoints": 'csp="/csp-report"',
    },
    "GENERAL_RATELIMIT": "general",
    "RATELIMITS": {
        # Every request to the API; who stays below the limit for hours is told of, not refused.
        "general": {"key": "user_or_ip", "rate": "100/15m", "volume": "400/6h"},
        "anonymous_read": {"key": "ip", "rate": "60/m"},
        # Guessing: what succeeds is given back, so that only failures count.
        # By address, or by a device that the account trusts: strangers behind one address cannot lock its owner out.
        "login": {
            "key": "accounts.guessing.device_or_ip",
            "rate": ["5/m", "10/h"],
            "method": "POST",
            "skip_successful": True,
            "outage": "closed",
        },
        # The old password in the admin's form for a new one; its login form, where a host keeps that.
        "admin_login": {
            "key": "accounts.guessing.device_or_ip",
            "rate": ["5/m", "10/h"],
            "method": "POST",
            "skip_successful": [302],
            "outage": "closed",
        },
        "mfa": {"key": "ip", "rate": ["5/m", "10/h"], "method": "POST", "skip_successful": True, "outage": "closed"},
        # Sending mail, making accounts and tokens.
        "register": {"key": "ip", "rate": ["5/m", "20/h"], "method": "POST", "outage": "closed"},
        "email": {"key": "ip", "rate": ["5/m", "20/h"], "method": "POST", "outage": "closed"},
        "password_reset": {"key": "ip", "rate": ["5/m", "10/h"], "method": "POST", "outage": "closed"},
        "refresh": {"key": "ip", "rate": ["30/m", "300/h"], "method": "POST", "outage": "closed"},
        # The owner's own account; a wrong current password is a guess too.
        "account": {"key": "user_or_ip", "rate": "60/m"},
        "password_change": {"key": "user", "rate": ["5/m", "20/h"], "skip_successful": True, "outage": "closed"},
        # What costs more than it asks.
        "expensive": {"key": "user", "rate": "20/m"},
        "export": {"key": "user", "rate": ["5/m", "30/h"]},
    },
}

BULWARK_AUTHZ: dict[str, Any] = {
    # Role: the roles it includes. Who holds which, and where, is in the database (Membership).
    "ROLES": {"viewer": [], "author": ["viewer"], "editor": ["author"], "admin": ["editor"]},
    "CLIENT_IP": "edge.client_ip.client_ip",
    "MFA": "accounts.mfa.assurance.is_two_factor",
    "DECIDED_ELSEWHERE": {
        "accounts.admin": "the permissions of the Django admin",
        "accounts.social": "who you are is decided there, before what you may do",
        "accounts.oauth": "who you are is decided there, before what you may do",
        "auditlog.api": "the permissions to view and to export events, as in the Django admin",
        "accounts.views": "who you are is decided there, before what you may do",
        "edge": "what the server tells of itself and browsers report to it; each view says to whom",
    },
}

BULWARK_AUDITLOG: dict[str, Any] = {
    "SPOOL": env.text("AUDIT_SPOOL", str(LOCAL_DIR / "audit-spool")),  # where events wait for a lost database
    # The sealer has a private key, everybody else what checks its signatures.
    "SEAL_KEYS": env.secret("AUDIT_SEAL_KEYS", "", min_bytes=0),
    "PUBLISHERS": {
        "disk": {
            "BACKEND": "auditlog.sealing.publishing.FilePublisher",
            "OPTIONS": {"folder": env.text("AUDIT_CHECKPOINTS", str(LOCAL_DIR / "audit-checkpoints"))},
        },
    },
    "CLIENT_IP": "edge.client_ip.client_ip",
    "COUNTRY": "config.audit.country",
    "RECENT_LOGIN": "accounts.mfa.assurance.may_act",
    "REQUEST_ID": "edge.context.request_id",
    "SESSION_ID": "config.audit.session_id",
    "SESSION_MODEL": "bulwark_accounts.TokenFamily",
    "TENANT": "config.audit.tenant",
    # What people may do about an attack, and how each is taken back.
    "RESPONSES": {
        "block_network": ["config.responses.block_network", "config.responses.unblock_network"],
        "disable_route": ["config.responses.disable_route", "config.responses.enable_route"],
        "end_all_sessions": "config.responses.end_all_sessions",
        "end_session": "config.responses.end_session",
        "end_tenant_sessions": "config.responses.end_tenant_sessions",
        "end_user_sessions": "config.responses.end_user_sessions",
        "force_mfa": ["config.responses.force_mfa", "config.responses.spare_mfa"],
        "force_password_reset": "config.responses.force_password_reset",
        "lock_account": ["config.responses.lock_account", "config.responses.unlock_account"],
        "rotate_signing_key": "config.responses.rotate_signing_key",
    },
    "RESPONSE_SUBJECTS": {
        "account": "config.responses.account",
        "network": "edge.blocks.entries.blockable",
        "route": "edge.blocks.routes.switchable",
        "session": "config.responses.session",
        "tenant": "config.responses.tenant",
    },
    "SIGNALS": [
        "accounts.signals.account_deleted",
        "accounts.signals.account_locked",
        "accounts.signals.account_unlocked",
        "accounts.signals.authorization_refused",
        "accounts.signals.client_administered",
        "accounts.signals.code_reuse_detected",
        "accounts.signals.email_change_requested",
        "accounts.signals.email_change_undone",
        "accounts.signals.email_changed",
        "accounts.signals.email_verified",
        "accounts.signals.encryption_keys_dropped",
        "accounts.signals.logged_out",
        "accounts.signals.logged_out_everywhere",
        "accounts.signals.login_failed",
        "accounts.signals.login_succeeded",
        "accounts.signals.mail_failed",
        "accounts.signals.mail_withheld",
        "accounts.signals.mfa_enrolled",
        "accounts.signals.mfa_failed",
        "accounts.signals.mfa_removed",
        "accounts.signals.mfa_reset",
        "accounts.signals.new_device_seen",
        "accounts.signals.passkey_clone_detected",
        "accounts.signals.password_changed",
        "accounts.signals.password_reset",
        "accounts.signals.password_reset_requested",
        "accounts.signals.profile_changed",
        "accounts.signals.reauthenticated",
        "accounts.signals.recovery_code_used",
        "accounts.signals.recovery_codes_regenerated",
        "accounts.signals.session_revoked",
        "accounts.signals.signing_keys_rotated",
        "accounts.signals.social_account_linked",
        "accounts.signals.social_account_unlinked",
        "accounts.signals.token_forged",
        "accounts.signals.token_rejected",
        "accounts.signals.token_reuse_detected",
        "accounts.signals.token_rotated",
        "accounts.signals.token_rotation_repeated",
        "accounts.signals.token_used_after_revocation",
        "accounts.signals.user_administered",
        "accounts.signals.user_registered",
        "accounts.signals.verification_resent",
        "articles.signals.article_created",
        "articles.signals.article_deleted",
        "articles.signals.article_published",
        "articles.signals.article_updated",
        "articles.signals.articles_exported",
        "authz.signals.access_denied",
        "authz.signals.field_refused",
        "authz.signals.grant_created",
        "authz.signals.grant_revoked",
        "authz.signals.policy_failed",
        "authz.signals.policy_refused",
        "authz.signals.policy_reloaded",
        "authz.signals.role_changed",
        "authz.signals.role_granted",
        "authz.signals.role_revoked",
        "authz.signals.sudo_used",
        "edge.signals.csp_violated",
        "edge.signals.csrf_failed",
        "edge.signals.limiter_unavailable",
        "edge.signals.limits_reset",
        "edge.signals.network_blocked",
        "edge.signals.network_unblocked",
        "edge.signals.outbound_fetched",
        "edge.signals.outbound_refused",
        "edge.signals.request_refused",
        "edge.signals.request_throttled",
        "edge.signals.route_disabled",
        "edge.signals.route_enabled",
        "edge.signals.server_error",
        "edge.signals.validation_failed",
        "edge.signals.volume_reached",
    ],
}

BULWARK_ACCOUNTS: dict[str, Any] = {
    "CHALLENGE": "accounts.guessing.proof_of_work.AltchaChallenge",
    "AUDIENCE": "bulwark-api",
    "MFA_ISSUER": "Bulwark",
    "TENANT": "authz.tenants.default_tenant",
    # Read with the session, so that a change of roles counts on the next request.
    "SESSION_ANNOTATIONS": {"authorization_version": "authz.versions.version_of"},
    "ANNOTATED_CLAIMS": {"az": "authorization_version"},
}
