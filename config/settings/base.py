"""What holds in every environment. `security.py` has the policies; local, test and production refine both."""

from pathlib import Path
from typing import Any

import django

from config import env
from edge.logs import logging_config

BASE_DIR = Path(__file__).resolve().parents[2]
LOCAL_DIR = BASE_DIR / ".local"

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

INSTALLED_APPS = [
    # Ours stand first: config's `runserver` must be found before that of staticfiles.
    "config",
    "edge",
    "accounts",
    "authz",
    "auditlog",
    "articles",
    "edge.admin_config.GuardedAdminConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "django_filters",
    "django_tasks_db",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "auditlog.middleware.AuditMiddleware",  # first: what it writes must survive every rollback
    "edge.context.RequestContextMiddleware",
    "edge.access.AccessMiddleware",
    "edge.headers.HttpsRequiredMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "csp.middleware.CSPMiddleware",
    "edge.headers.HeadersMiddleware",  # inside the three above, which keep what is set
    "edge.problems.ProblemMiddleware",
    "edge.bounds.BoundsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "edge.ratelimit.RateLimitMiddleware",  # before anything that reads the body or asks the database
    "edge.blocks.BlockMiddleware",  # inside the one that brings its news along
    "edge.bodies.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.BrowserSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "authz.middleware.AuthzMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.sqlite(LOCAL_DIR / "db.sqlite3")}
CACHES: dict[str, dict[str, Any]] = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Who does what is handed to the background: here the request itself, in production a worker (docker/compose.yaml).
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
if django.VERSION >= (6, 0):
    TASKS["default"]["BACKEND"] = "django.tasks.backends.immediate.ImmediateBackend"
# By default a message waits in a cookie of its own, whose name has no prefix (OWASP ASVS 5.0, V3.3.1).
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "bulwark_accounts.User"
LOGIN_URL = "bulwark_accounts_site:login"
LOGIN_REDIRECT_URL = "bulwark_accounts_site:security"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Paths are exactly as documented; another spelling is a 404 problem, never a redirect.
APPEND_SLASH = False

CSRF_FAILURE_VIEW = "edge.problems.csrf_failure"
LOGGING = logging_config()

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["authz.drf.PolicyPermission"],  # denies what declares no policy action
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["edge.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "edge.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "edge.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNICODE_JSON": True,
    "URL_FORMAT_OVERRIDE": None,  # `?format=` belongs to whoever documents it
}

# How this server is built: the OpenAPI document, its page, the live state on the landing page. Closed: for staff only.
PAGES_OPEN = False
API_DESCRIPTION = """\
An API whose every request is identified, allowed, limited and recorded.

**Log in** at `auth/login`. The access token in the answer goes into `Authorization: Bearer ...` of every other call,
for `expires_in` seconds. The refresh token comes in a cookie that no script can read or, with `"transport": "body"`, in
the answer; `auth/refresh` exchanges it, once. By cookie, send the value of the readable cookie `refresh_csrf`
(`__Host-refresh_csrf` in production) in `X-CSRF-Token`.

**Apps** that leave the password to this server's own page use Authorization Code with PKCE. Staff register them in the
admin; [/.well-known/oauth-authorization-server](/.well-known/oauth-authorization-server) says where to begin.

**Errors** are `application/problem+json` (RFC 9457): `code` is a word that stays, `errors` says which field, and
`request_id`, also in `X-Request-ID`, is what to name when you ask for help.

**Lists** come in pages: follow `next` until it is null. **Changes** of an article need `If-Match` with the `ETag` that
was last read. **Limits** are in `RateLimit`; after a 429, wait as `Retry-After` says.
"""
SPECTACULAR_SETTINGS = {
    "TITLE": "Bulwark",
    "DESCRIPTION": API_DESCRIPTION,
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.oauth.schema.add_oauth_routes",
    ],
    "ENUM_NAME_OVERRIDES": {
        "TokenTransportEnum": "accounts.serializers.TOKEN_TRANSPORTS",
        "TransportEnum": "accounts.models.Transport",
    },
    "COMPONENT_SPLIT_REQUEST": True,  # what goes in is not what comes out, and is closed to unknown members
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "defaultModelsExpandDepth": 0,
        "displayRequestDuration": True,
        "persistAuthorization": False,  # a token in localStorage is any script's
        "validatorUrl": None,  # the badge of a server elsewhere
    },
}
