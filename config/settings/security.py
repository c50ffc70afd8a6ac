"""The policies: who is trusted, what is limited, which headers are sent. One place to review."""

from typing import Any

from csp.constants import NONE, SELF

from config import env

from .base import LOCAL_DIR

PASSWORD_HASHERS = [
    "accounts.hashers.Argon2idHasher",  # 64 MiB, 3 passes
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    # Length is what counts: no rules about kinds of characters (OWASP ASVS 5.0, V6.2.1 and V6.2.5).
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "accounts.validators.MaximumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
]

SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600

CORS_ALLOWED_ORIGINS: list[str] = []
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/(api|\.well-known)/"
CORS_PREFLIGHT_MAX_AGE = 86_400
CORS_EXPOSE_HEADERS = ["ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"]

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
    "API_PREFIXES": ["/api/", "/.well-known/"],
    "IDENTITY": "accounts.authentication.subject",
    # Pages load nothing from elsewhere, so they can be isolated; browsers report what the policy stopped.
    "PAGE_HEADERS": {
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Reporting-Endpoints": 'csp="/csp-report"',
    },
    "GENERAL_RATELIMIT": "general",
    "RATELIMITS": {
        # Every request to the API.
        "general": {"key": "user_or_ip", "rate": "100/15m"},
        "anonymous_read": {"key": "ip", "rate": "60/m"},
        # Guessing: what succeeds is given back, so that only failures count.
        "login": {"key": "ip", "rate": ["5/m", "10/h"], "method": "POST", "skip_successful": True, "outage": "closed"},
        "admin_login": {
            "key": "ip",
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
    "DECIDED_ELSEWHERE": {
        "accounts.admin": "the permissions of the Django admin",
        "accounts.views": "who you are is decided there, before what you may do",
        "edge": "what the server tells of itself and browsers report to it; each view says to whom",
    },
}

BULWARK_AUDITLOG: dict[str, Any] = {
    "SPOOL": env.text("AUDIT_SPOOL", str(LOCAL_DIR / "audit-spool")),  # where events wait for a lost database
    "CLIENT_IP": "edge.client_ip.client_ip",
    "REQUEST_ID": "edge.context.request_id",
    "SESSION_ID": "config.audit.session_id",
    "SESSION_MODEL": "bulwark_accounts.TokenFamily",
    "TENANT": "config.audit.tenant",
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
    "TENANT": "authz.tenants.default_tenant",
    # Read with the session, so that a change of roles counts on the next request.
    "SESSION_ANNOTATIONS": {"authorization_version": "authz.versions.version_of"},
    "ANNOTATED_CLAIMS": {"az": "authorization_version"},
}
