"""Production: every secret from the environment or a file, TLS behind a trusted proxy, nothing weak accepted."""

from config import env
from config.social import social_settings

from .base import *  # noqa: F403
from .base import INSTALLED_APPS, MIDDLEWARE, STORAGES
from .security import *  # noqa: F403
from .security import BULWARK_ACCOUNTS, BULWARK_AUDITLOG, BULWARK_EDGE

DEBUG = False
PAGES_OPEN = env.flag("PAGES_OPEN")
SECRET_KEY = env.secret("SECRET_KEY")
# What SECRET_KEY was before: a rotation logs nobody out while the old one still stands here.
SECRET_KEY_FALLBACKS = [key for key in [env.secret("SECRET_KEY_PREVIOUS", "")] if key]

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")
CORS_ALLOWED_ORIGINS = env.words("CORS_ALLOWED_ORIGINS", "")

DATABASES = {"default": env.database(env.secret("DATABASE_URL", min_bytes=0))}
if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # The log's INSERT is prepared once a connection. A pooler that hands out another connection for each transaction
    # must know prepared statements, or this must be off.
    DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 5 if env.flag("DATABASE_PREPARE", default=True) else None
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": env.integer("DATABASE_POOL", 8), "timeout": 5}

# Two databases of one server: a `cache.clear()` empties the first, and must not lift a limit or a block.
REDIS_URL = env.secret("REDIS_URL", min_bytes=0)
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": env.redis(REDIS_URL, env.integer("REDIS_CACHE_DATABASE", 0)),
        "OPTIONS": {
            # Pickle, the default, would run what somebody wrote into Redis.
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            "SOCKET_CONNECT_TIMEOUT": 0.5,
            "SOCKET_TIMEOUT": 0.5,
        },
    }
}
BULWARK_EDGE = {
    **BULWARK_EDGE,
    "REDIS_URL": env.redis(REDIS_URL, env.integer("REDIS_LIMITS_DATABASE", 1)),
    "TRUSTED_PROXIES": env.words("TRUSTED_PROXIES", ""),
    "METRICS_NETWORKS": env.words("METRICS_NETWORKS", "127.0.0.0/8,::1/128"),
    # A Redis that has lost them is given the blocks and switches again that the audit log knows of.
    "BLOCK_SOURCE": "config.lasting.blocks",
    "ROUTE_SOURCE": "config.lasting.routes",
}

# The address that people and clients know this service by, as https://api.example.org.
SITE_URL = env.text("SITE_URL", f"https://{ALLOWED_HOSTS[0]}").rstrip("/")
# The signing keys come from BULWARK_KEYS or the file that BULWARK_KEYS_FILE names: `manage.py rotate_signing_key`.
BULWARK_ACCOUNTS = {
    **BULWARK_ACCOUNTS,
    "ISSUER": SITE_URL,
    "SITE_URL": SITE_URL,
    "MFA_REQUIRED": env.text("MFA_REQUIRED", "config.responses.needs_mfa_in_production"),
}

# Where alerts go: people by mail, a signed webhook, Prometheus Alertmanager; each where its variable is set.
_CHANNELS = "auditlog.alerts.channels"
BULWARK_AUDITLOG = {
    **BULWARK_AUDITLOG,
    "SEAL_ORIGIN": f"{ALLOWED_HOSTS[0]}/audit",
    "SITE_URL": SITE_URL,
    "NEVER_BLOCK": env.words("NEVER_BLOCK", ""),
    "GEOIP_FILE": env.text("GEOIP_FILE", ""),
    "ALERT_CHANNELS": {},
}
if people := env.words("ALERT_EMAILS", ""):
    BULWARK_AUDITLOG["ALERT_CHANNELS"]["people"] = {"BACKEND": f"{_CHANNELS}.EmailChannel", "OPTIONS": {"to": people}}
if hook := env.text("ALERT_WEBHOOK_URL", ""):
    BULWARK_AUDITLOG["ALERT_CHANNELS"]["webhook"] = {
        "BACKEND": f"{_CHANNELS}.WebhookChannel",
        "OPTIONS": {"url": hook, "secret": env.secret("ALERT_WEBHOOK_SECRET")},
    }
if alertmanager := env.text("ALERTMANAGER_URL", ""):
    BULWARK_AUDITLOG["ALERT_CHANNELS"]["alertmanager"] = {
        "BACKEND": f"{_CHANNELS}.AlertmanagerChannel",
        "OPTIONS": {"url": alertmanager},
    }

# Who gets each event: a SIEM that is posted to, a syslog server; each where its variable is set (auditlog_ship --loop).
_SHIPPING = "auditlog.shipping"
BULWARK_AUDITLOG["SHIPPING"] = {}
if siem := env.text("SHIP_WEBHOOK_URL", ""):
    BULWARK_AUDITLOG["SHIPPING"]["webhook"] = {
        "BACKEND": f"{_SHIPPING}.webhook.WebhookReceiver",
        "OPTIONS": {"url": siem, "secret": env.secret("SHIP_WEBHOOK_SECRET")},
    }
if syslog := env.text("SHIP_SYSLOG", ""):
    _host, _, _port = syslog.rpartition(":")
    BULWARK_AUDITLOG["SHIPPING"]["syslog"] = {
        "BACKEND": f"{_SHIPPING}.syslog.SyslogReceiver",
        "OPTIONS": {"host": _host, "port": _port},
    }

# The proxy ends TLS; what it forwards in this header is believed from TRUSTED_PROXIES only.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
# An API that redirects has read the secret already: the edge refuses plain HTTP there (OWASP ASVS 5.0, V4.1.2).
# Probes inside the network speak plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^api/", r"^\.well-known/", r"^oauth/(token|revoke)$", r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"

# Static files are the app's to serve, with names that change with their content and headers that let them be kept.
_after = MIDDLEWARE.index("django.middleware.security.SecurityMiddleware") + 1
MIDDLEWARE = [*MIDDLEWARE[:_after], "whitenoise.middleware.WhiteNoiseMiddleware", *MIDDLEWARE[_after:]]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}

# Mail waits in the database for `manage.py db_worker`: no answer tells by its time what is sent to whom.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.integer("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD", "", min_bytes=0)
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL")

if text := env.secret("SOCIAL_PROVIDERS", "", min_bytes=0):
    globals().update(social_settings(text, apps=INSTALLED_APPS, middleware=MIDDLEWARE, accounts=BULWARK_ACCOUNTS))
