"""What can be wrong with this app's settings."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django.utils.module_loading import import_string

from edge.conf import conf as edge_conf

from . import browser_sessions, jose, keys
from .background import task_backends
from .conf import KEYS, conf
from .keys.documents import SIGNING_ALGORITHMS
from .keys.ring import DatedKey, derived_keys, provider
from .mfa import requirement
from .simplejwt.legacy import legacy_key
from .tokens import RESERVED_CLAIMS
from .views import AuthView

Check = Callable[..., list[CheckMessage]]
#: An access token that leaks is good for at most this long (OWASP ASVS 5.0, V9.2.1).
LONGEST_ACCESS = timedelta(minutes=15)
#: How long a key encrypts before it is warned of: nobody outside ever gets what is under it.
OLDEST_ENCRYPTION = timedelta(days=365)
#: The policies that the routes name.
POLICIES = ("account", "email", "login", "mfa", "password_change", "password_reset", "refresh", "register")
_CACHES_OF_ONE_PROCESS = (
    "django.core.cache.backends.locmem.LocMemCache",
    "django.core.cache.backends.dummy.DummyCache",
)
_ENGINES_THAT_KEEP_KEYS = tuple(
    f"django.contrib.sessions.backends.{name}" for name in ("cache", "cached_db", "db", "file")
)


def check_keys(*_: Any, **__: Any) -> list[CheckMessage]:
    """E001: a key that this app does not know, misspelt perhaps."""
    unknown = sorted(set(getattr(settings, "BULWARK_ACCOUNTS", {})) - KEYS)
    return [Error(f'BULWARK_ACCOUNTS has no setting "{key}".', id="bulwark_accounts.E001") for key in unknown]


def check_words(*_: Any, **__: Any) -> list[CheckMessage]:
    """E002: a setting that is none of the words it may be."""
    found: list[CheckMessage] = []
    for key, value, words in (
        ("MODE", conf.mode, ("session", "stateless")),
        ("ALGORITHM", conf.algorithm, SIGNING_ALGORITHMS),
        ("DELETION", conf.deletion, ("anonymise", "delete")),
        ("COOKIE_PREFIX", conf.cookie_prefix, ("__Host-", "__Secure-", "")),
    ):
        if value not in words:
            found.append(Error(f"{key} is one of {', '.join(map(repr, words))}.", id="bulwark_accounts.E002"))
    if conf.mfa_required not in requirement.WORDS and "." not in conf.mfa_required:
        text = f"MFA_REQUIRED is one of {', '.join(map(repr, requirement.WORDS))}, or a dotted path."
        found.append(Error(text, id="bulwark_accounts.E002"))
    return found


def check_paths(*_: Any, **__: Any) -> list[CheckMessage]:
    """E003: a dotted path that leads nowhere."""
    found: list[CheckMessage] = []
    annotations = conf.session_annotations
    wanted = conf.mfa_required if "." in conf.mfa_required else ""
    for path in (conf.tenant, conf.key_provider, conf.challenge, wanted, *conf.claims, *annotations.values()):
        try:
            if path:
                import_string(path)
        except ImportError as error:
            found.append(Error(f"{path}: {error}.", id="bulwark_accounts.E003"))
    for claim, name in conf.annotated_claims.items():
        if name not in annotations:
            text = f"ANNOTATED_CLAIMS: {claim} names {name!r}, which SESSION_ANNOTATIONS has not."
            found.append(Error(text, id="bulwark_accounts.E003"))
    return found


def check_claims(*_: Any, **__: Any) -> list[CheckMessage]:
    """E020: a claim of the host in the place of one of ours."""
    text = "ANNOTATED_CLAIMS gives the claim %r, which is reserved: no session could be opened."
    taken = sorted(RESERVED_CLAIMS & conf.annotated_claims.keys())
    return [Error(text % name, id="bulwark_accounts.E020") for name in taken]


def check_lifetimes(*_: Any, **__: Any) -> list[CheckMessage]:
    """E004: access tokens that live too long. E005: lifetimes that contradict each other."""
    found: list[CheckMessage] = []
    if not timedelta(0) < conf.access_token_lifetime <= LONGEST_ACCESS:
        text = "ACCESS_TOKEN_LIFETIME is more than 15 minutes, or none at all."
        hint = "A leaked access token cannot be called back by everybody who verifies it. Refresh instead."
        found.append(Error(text, hint=hint, id="bulwark_accounts.E004"))
    if not conf.access_token_lifetime <= conf.refresh_token_lifetime <= conf.session_lifetime:
        text = "ACCESS_TOKEN_LIFETIME <= REFRESH_TOKEN_LIFETIME <= SESSION_LIFETIME must hold."
        found.append(Error(text, id="bulwark_accounts.E005"))
    if not timedelta(0) <= conf.grace_period <= timedelta(minutes=1):
        text = "GRACE_PERIOD is 0 to 60 seconds: for that long a stolen refresh token works unnoticed."
        found.append(Error(text, id="bulwark_accounts.E005"))
    return found


def check_names(*_: Any, **__: Any) -> list[CheckMessage]:
    """E006: tokens without issuer or audience, which any service of the same keys would accept."""
    found: list[CheckMessage] = []
    for key, value in (("ISSUER", conf.issuer), ("AUDIENCE", conf.audience)):
        if not value:
            found.append(Error(f"Set {key}: no token is accepted without one.", id="bulwark_accounts.E006"))
    if conf.issuer and conf.issuer == conf.audience:
        text = "ISSUER and AUDIENCE must differ: refresh tokens are for the issuer, access tokens for the audience."
        found.append(Error(text, id="bulwark_accounts.E006"))
    return found


def check_other_apps(*_: Any, **__: Any) -> list[CheckMessage]:
    """E007: simplejwt's token_blacklist beside ours."""
    if not apps.is_installed("rest_framework_simplejwt.token_blacklist"):
        return []
    text = "rest_framework_simplejwt.token_blacklist keeps refresh tokens in the database as they are."
    hint = "Take it out of INSTALLED_APPS; `manage.py import_simplejwt_sessions` moves its users over."
    return [Error(text, hint=hint, id="bulwark_accounts.E007")]


def check_policies(*_: Any, **__: Any) -> list[CheckMessage]:
    """E008: a route whose rate limit is not configured."""
    missing = [name for name in POLICIES if name not in edge_conf.ratelimits]
    text = 'BULWARK_EDGE["RATELIMITS"] lacks the policy "%s", which a route of accounts names.'
    return [Error(text % name, id="bulwark_accounts.E008") for name in missing]


def check_key_set(*_: Any, **__: Any) -> list[CheckMessage]:
    """E009 (deployment): no usable keys. E010: a weak or shared one. W001: an old one. W002: a readable file."""
    now = timezone.now()
    try:
        ring = keys.keyring(fresh=True)
        active = [("access", ring.access.active(now)), ("refresh", ring.refresh.active(now))]
    except keys.KeysUnavailable as error:
        return [Error(str(error), hint="See `manage.py keys status`.", id="bulwark_accounts.E009")]
    found: list[CheckMessage] = []
    for purpose, dated in active:
        found.extend(Error(text, id="bulwark_accounts.E010") for text in _weaknesses(dated))
        if now - dated.active_from > conf.key_max_age:
            text = f"The {purpose} key {dated.key.kid} has been signing for {(now - dated.active_from).days} days."
            hint = "Run `manage.py rotate_signing_key`."
            found.append(Warning(text, hint=hint, id="bulwark_accounts.W001"))
    is_open = getattr(provider(), "is_open_to_others", None)
    if is_open is not None and is_open():
        text = f"Other users of this machine may read {provider().describe()}."
        found.append(Warning(text, hint="chmod 600", id="bulwark_accounts.W002"))
    return found


def check_encryption(*_: Any, **__: Any) -> list[CheckMessage]:
    """E019 (deployment): no key that encrypts, from before there was such a purpose. W001: an old one."""
    now = timezone.now()
    try:
        dated = keys.keyring(fresh=True).encryption.active(now)
    except keys.KeysUnavailable:
        text = "No key encrypts what has to be read again: nobody can set up an authenticator app."
        hint = "Run `manage.py rotate_signing_key --purpose encryption`."
        return [Error(text, hint=hint, id="bulwark_accounts.E019")]
    if now - dated.active_from <= OLDEST_ENCRYPTION:
        return []
    text = f"The encryption key {dated.key.kid} has been in use for {(now - dated.active_from).days} days."
    hint = "Run `manage.py rotate_signing_key --purpose encryption`, then `manage.py reencrypt_secrets`."
    return [Warning(text, hint=hint, id="bulwark_accounts.W001")]


def _weaknesses(dated: DatedKey) -> Iterator[str]:
    key = dated.key
    if key.alg.startswith(("RS", "PS")) and key.private is not None and key.private.key_size < jose.RSA_BITS:
        yield f"The key {key.kid} has fewer than {jose.RSA_BITS} bits."
    if key.is_symmetric and not dated.mac and conf.algorithm != "HS256":
        yield f"The key {key.kid} is a shared secret, and ALGORITHM does not ask for one."
    if key.private is None:
        yield f"The key {key.kid} cannot sign."
    known = [value.encode() if isinstance(value, str) else value for value in _application_secrets()]
    if key.is_symmetric and key.private in (*known, *(derived_keys(value)[0] for value in known)):
        yield f"The key {key.kid} is SECRET_KEY: a leak of one would be a leak of both."


def _application_secrets() -> list[str | bytes]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def check_cookie(*_: Any, **__: Any) -> list[CheckMessage]:
    """E011 (deployment): a refresh cookie that plain http would carry."""
    if conf.cookie_prefix:
        return []
    text = "COOKIE_PREFIX is empty, so the refresh cookie is not Secure."
    return [Error(text, hint="Use `__Host-`, or `__Secure-`.", id="bulwark_accounts.E011")]


def check_denylist(*_: Any, **__: Any) -> list[CheckMessage]:
    """E012 (deployment): mode "stateless" with a denylist that other processes do not see."""
    if conf.mode != "stateless" or edge_conf.processes == 1:
        return []
    backend = settings.CACHES.get(conf.denylist_cache, {}).get("BACKEND", "")
    if backend not in _CACHES_OF_ONE_PROCESS:
        return []
    text = 'MODE is "stateless", and DENYLIST_CACHE is kept in each process: a logout reaches one of them.'
    return [Error(text, hint='Use Redis, or MODE "session".', id="bulwark_accounts.E012")]


def check_databases(*_: Any, **__: Any) -> list[CheckMessage]:
    """E013 (deployment): a SQLite database whose transactions do not queue."""
    text = 'The SQLite database "%s" needs OPTIONS["transaction_mode"] = "IMMEDIATE", or racing requests fail.'
    return [
        Error(text % alias, id="bulwark_accounts.E013")
        for alias, database in settings.DATABASES.items()
        if database.get("ENGINE", "").endswith("sqlite3")
        and database.get("OPTIONS", {}).get("transaction_mode", "").upper() != "IMMEDIATE"
    ]


def check_transactions(*_: Any, **__: Any) -> list[CheckMessage]:
    """E014: ATOMIC_REQUESTS around a route of ours that a subclass has made atomic again."""
    aliases = {alias for alias, database in settings.DATABASES.items() if database.get("ATOMIC_REQUESTS")}
    found: list[CheckMessage] = []
    for view in _views(get_resolver().url_patterns) if aliases else ():
        if aliases - getattr(view, "_non_atomic_requests", set()):
            text = f"{view.cls.__name__} runs inside the transaction of ATOMIC_REQUESTS."
            hint = "An error there undoes the end of a session. Decorate dispatch with transaction.non_atomic_requests."
            found.append(Error(text, hint=hint, id="bulwark_accounts.E014"))
    return found


def _views(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[Any]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns)
        else:
            cls = getattr(pattern.callback, "cls", None)
            if isinstance(cls, type) and issubclass(cls, AuthView):
                yield pattern.callback


def check_simplejwt(*_: Any, **__: Any) -> list[CheckMessage]:
    """E015: a key of simplejwt that verifies nothing. W004: one that has done its work."""
    if not conf.simplejwt_key:
        return []
    try:
        legacy_key(conf.simplejwt_key, conf.simplejwt_algorithm)
    except jose.KeyRefused as error:
        return [Error(f"SIMPLEJWT_KEY: {error}", id="bulwark_accounts.E015")]
    text = "SIMPLEJWT_KEY is set: refresh tokens of simplejwt are still exchanged."
    hint = "Take it out once REFRESH_TOKEN_LIFETIME of simplejwt has passed since the import; silence this until then."
    return [Warning(text, hint=hint, id="bulwark_accounts.W004")]


def check_links(*_: Any, **__: Any) -> list[CheckMessage]:
    """W003 (deployment): nobody has said where mailed links lead. E017: an address that no link can start with."""
    found: list[CheckMessage] = []
    if not getattr(settings, "BULWARK_ACCOUNTS", {}).get("SITE_URL"):
        text = "SITE_URL is empty, so mailed links lead to ISSUER, whatever address people know this site by."
        found.append(Warning(text, hint="Set SITE_URL.", id="bulwark_accounts.W003"))
    parts = urlsplit(conf.site_url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
        text = (
            f"{conf.site_url!r} is no origin: SITE_URL reads like https://app.example.org, without a slash at its end."
        )
        found.append(Error(text, id="bulwark_accounts.E017"))
    return found


def check_background(*_: Any, **__: Any) -> list[CheckMessage]:
    """W006 (deployment): mail that leaves while its request waits."""
    if task_backends["default"].supports_defer:
        return []
    text = "TASKS hands nothing to the background: how long an answer takes tells whether an address is known."
    hint = "Use a durable queue, as django_tasks_db.DatabaseBackend, and run its worker."
    return [Warning(text, hint=hint, id="bulwark_accounts.W006")]


def check_browser_sessions(*_: Any, **__: Any) -> list[CheckMessage]:
    """W005: Django sessions that nothing here can end. E016: a middleware where another overrules it."""
    ours, djangos = (
        [number for number, each in enumerate(settings.MIDDLEWARE) if each.endswith(name)]
        for name in (".BrowserSessionMiddleware", ".AuthenticationMiddleware")
    )
    if djangos and not ours:
        text = "Django's sessions live on when accounts ends all sessions of a user."
        hint = "Add accounts.middleware.BrowserSessionMiddleware to MIDDLEWARE, after AuthenticationMiddleware."
        return [Warning(text, hint=hint, id="bulwark_accounts.W005")]
    if djangos and ours[0] < djangos[-1]:
        text = "BrowserSessionMiddleware stands before AuthenticationMiddleware, which then says who the user is."
        return [Error(text, id="bulwark_accounts.E016")]
    return []


def check_session_engine(*_: Any, **__: Any) -> list[CheckMessage]:
    """W008 (deployment): browser sessions whose cookies stand in the database, the cache or a file as they are."""
    is_open = settings.SESSION_ENGINE in _ENGINES_THAT_KEEP_KEYS
    if not is_open or not browser_sessions.is_installed(tuple(settings.MIDDLEWARE)):
        return []
    text = f"SESSION_ENGINE {settings.SESSION_ENGINE} keeps the cookies: a copy of its store logs in as everybody."
    hint = f'Set SESSION_ENGINE to "{__package__}.hashed_sessions". Whoever is logged in has to log in once more.'
    return [Warning(text, hint=hint, id="bulwark_accounts.W008")]


def check_budget(*_: Any, **__: Any) -> list[CheckMessage]:
    """E018: a guess budget that lets nobody in or never closes, or no place to hash a password."""
    sizes = {
        "GUESSES_PER_ACCOUNT": conf.guesses_per_account,
        "GUESSES_PER_DEVICE": conf.guesses_per_device,
        "GUESSES_PER_IP": conf.guesses_per_ip,
        "GUESSES_BEFORE_CHALLENGE": conf.guesses_before_challenge,
        "GUESSES_PER_IP_BEFORE_CHALLENGE": conf.guesses_per_ip_before_challenge,
        "GUESSES_IN_ALL": conf.guesses_in_all,
        "GUESS_WINDOW": conf.guess_window.total_seconds(),
        "GUESS_LOCKS": min((each.total_seconds() for each in conf.guess_locks), default=0),
        "CHALLENGE_COST": conf.challenge_cost,
        "CHALLENGE_TRIES": conf.challenge_tries,
        "CHALLENGE_LIFETIME": conf.challenge_lifetime.total_seconds(),
        "HASH_CONCURRENCY": conf.hash_concurrency,
        "MAILS_PER_HOUR": conf.mails_per_hour,
        "MAILS_PER_DAY": conf.mails_per_day,
    }
    text = "%s is below 1, or empty."
    return [Error(text % key, id="bulwark_accounts.E018") for key, value in sizes.items() if value < 1]


def check_challenge(*_: Any, **__: Any) -> list[CheckMessage]:
    """W007 (deployment): nothing between the free guesses and the lock."""
    try:
        chosen = import_string(conf.challenge)
    except ImportError:  # E003 says so
        return []
    if chosen.is_asked:
        return []
    text = "CHALLENGE asks nothing: a program that guesses pays nothing for it, and strangers lock an account sooner."
    hint = f'Set CHALLENGE to "{__package__}.guessing.proof_of_work.AltchaChallenge".'
    return [Warning(text, hint=hint, id="bulwark_accounts.W007")]


ALWAYS: tuple[Check, ...] = (
    check_keys,
    check_words,
    check_paths,
    check_claims,
    check_lifetimes,
    check_names,
    check_other_apps,
    check_policies,
    check_budget,
    check_transactions,
    check_simplejwt,
    check_browser_sessions,
)
DEPLOY: tuple[Check, ...] = (
    check_key_set,
    check_encryption,
    check_cookie,
    check_denylist,
    check_databases,
    check_links,
    check_background,
    check_challenge,
    check_session_engine,
)
