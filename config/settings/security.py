"""The policies: who is trusted, what is limited, which headers are sent. One place to review."""

from typing import Any

from config import env

from .base import LOCAL_DIR

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]

SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600

CORS_ALLOWED_ORIGINS: list[str] = []
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/(api|\.well-known)/"
CORS_PREFLIGHT_MAX_AGE = 86_400

BULWARK_EDGE: dict[str, Any] = {}

BULWARK_AUDITLOG: dict[str, Any] = {
    "SPOOL": env.text("AUDIT_SPOOL", str(LOCAL_DIR / "audit-spool")),  # where events wait for a lost database
    "SESSION_MODEL": "bulwark_accounts.TokenFamily",
    "SIGNALS": [
        "accounts.signals.email_verified",
        "accounts.signals.logged_out",
        "accounts.signals.logged_out_everywhere",
        "accounts.signals.login_failed",
        "accounts.signals.login_succeeded",
        "accounts.signals.password_changed",
        "accounts.signals.password_reset",
        "accounts.signals.password_reset_requested",
        "accounts.signals.profile_changed",
        "accounts.signals.session_revoked",
        "accounts.signals.token_forged",
        "accounts.signals.token_rejected",
        "accounts.signals.token_reuse_detected",
        "accounts.signals.token_rotated",
        "accounts.signals.token_rotation_repeated",
        "accounts.signals.token_used_after_revocation",
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
        "authz.signals.role_changed",
        "authz.signals.role_granted",
        "authz.signals.role_revoked",
        "authz.signals.sudo_used",
        "django.contrib.auth.signals.user_logged_in",
        "django.contrib.auth.signals.user_logged_out",
        "django.contrib.auth.signals.user_login_failed",
        "edge.signals.csrf_failed",
        "edge.signals.limiter_unavailable",
        "edge.signals.outbound_fetched",
        "edge.signals.outbound_refused",
        "edge.signals.request_refused",
        "edge.signals.request_throttled",
        "edge.signals.server_error",
        "edge.signals.validation_failed",
    ],
}

BULWARK_ACCOUNTS: dict[str, Any] = {
    "AUDIENCE": "bulwark-api",
}
