"""The settings of this app: `BULWARK_ACCOUNTS = {...}`, each key with its default, read when it is used.

Keys that mean the same in djangorestframework-simplejwt carry its names.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings

Value = TypeVar("Value")


class Conf:
    """One property a key: `conf.issuer` is `BULWARK_ACCOUNTS["ISSUER"]`."""

    def _read(self, key: str, default: Value) -> Value:
        given: Value = getattr(settings, "BULWARK_ACCOUNTS", {}).get(key, default)
        return given

    @property
    def issuer(self) -> str:
        """The `iss` of every token: the address of this service, as clients know it."""
        return self._read("ISSUER", "")

    @property
    def audience(self) -> str:
        """The `aud` of access tokens: the API they open."""
        return self._read("AUDIENCE", "")

    @property
    def algorithm(self) -> str:
        """What new signing keys are made for: EdDSA, ES256, RS256, or HS256."""
        return self._read("ALGORITHM", "EdDSA")

    @property
    def access_token_lifetime(self) -> timedelta:
        """How long an access token opens the API."""
        return self._read("ACCESS_TOKEN_LIFETIME", timedelta(minutes=10))

    @property
    def refresh_token_lifetime(self) -> timedelta:
        """How long a session may lie idle: the life of a refresh token that nobody uses."""
        return self._read("REFRESH_TOKEN_LIFETIME", timedelta(days=7))

    @property
    def session_lifetime(self) -> timedelta:
        """How long a session may live at all; rotation never prolongs it."""
        return self._read("SESSION_LIFETIME", timedelta(days=30))

    @property
    def grace_period(self) -> timedelta:
        """How long the refresh token just replaced is answered again with the same successor; 0: never."""
        return self._read("GRACE_PERIOD", timedelta(seconds=10))

    @property
    def leeway(self) -> timedelta:
        """How far the clocks of servers may differ."""
        return self._read("LEEWAY", timedelta(0))

    @property
    def auth_header_types(self) -> tuple[str, ...]:
        """Words that an Authorization header of ours may start with; one may be given as a text."""
        given: str | Sequence[str] = self._read("AUTH_HEADER_TYPES", ("Bearer",))
        return (given,) if isinstance(given, str) else tuple(given)

    @property
    def mode(self) -> str:
        """How an access token is checked: "session" asks the database, "stateless" the denylist in the cache."""
        return self._read("MODE", "session")

    @property
    def denylist_cache(self) -> str:
        """The cache that holds the denylist of mode "stateless", by alias."""
        return self._read("DENYLIST_CACHE", "default")

    @property
    def verified_tokens(self) -> int:
        """How many verified access tokens a process remembers, so as not to check a signature twice; 0: none."""
        return self._read("VERIFIED_TOKENS", 10_000)

    @property
    def key_provider(self) -> str:
        """Dotted path of the class that holds the keys, as `accounts.keys.files.FileKeys`."""
        return self._read("KEY_PROVIDER", f"{__package__}.keys.environment.EnvironmentKeys")

    @property
    def key_options(self) -> Mapping[str, Any]:
        """Keyword arguments of the key provider."""
        return self._read("KEY_OPTIONS", {})

    @property
    def key_publish_ahead(self) -> timedelta:
        """How long a new key is published before it signs."""
        return self._read("KEY_PUBLISH_AHEAD", timedelta(minutes=15))

    @property
    def key_max_age(self) -> timedelta:
        """How long a key may sign before a check warns."""
        return self._read("KEY_MAX_AGE", timedelta(days=90))

    @property
    def jwks_max_age(self) -> int:
        """Seconds that others may keep the published keys."""
        return self._read("JWKS_MAX_AGE", 300)

    @property
    def simplejwt_key(self) -> str:
        """Key of djangorestframework-simplejwt, whose imported refresh tokens are exchanged once; empty: none is."""
        return self._read("SIMPLEJWT_KEY", "")

    @property
    def simplejwt_algorithm(self) -> str:
        """What that key is for: HS256 with its SIGNING_KEY, or RS256, ES256 and so on with its VERIFYING_KEY."""
        return self._read("SIMPLEJWT_ALGORITHM", "HS256")

    @property
    def session_annotations(self) -> Mapping[str, str]:
        """Name -> dotted path of `f(user reference) -> expression`, added to the query that authenticates."""
        return self._read("SESSION_ANNOTATIONS", {})

    @property
    def annotated_claims(self) -> Mapping[str, str]:
        """Claim -> name of the session annotation it is filled from, at no query more."""
        return self._read("ANNOTATED_CLAIMS", {})

    @property
    def claims(self) -> Sequence[str]:
        """Dotted paths of `f(user, tenant) -> dict`, claims to add to access tokens."""
        return self._read("CLAIMS", ())

    @property
    def tenant(self) -> str:
        """Dotted path of `f(user) -> str`, the tenant a session is for; empty: none."""
        return self._read("TENANT", "")

    @property
    def cookie_prefix(self) -> str:
        """Prefix of cookie names: `__Host-` (path /), `__Secure-` (path of the auth routes), empty for plain http."""
        return self._read("COOKIE_PREFIX", "__Host-")

    @property
    def cookie_name(self) -> str:
        """Name of the refresh cookie, after the prefix."""
        return self._read("COOKIE_NAME", "refresh")

    @property
    def csrf_cookie_name(self) -> str:
        """Name of the readable cookie with the CSRF token of the refresh route, after the prefix."""
        return self._read("CSRF_COOKIE_NAME", "refresh_csrf")

    @property
    def cookie_csrf(self) -> bool:
        """Whether a refresh by cookie needs the CSRF token in the header `X-CSRF-Token` too."""
        return self._read("COOKIE_CSRF", default=True)

    @property
    def trusted_origins(self) -> tuple[str, ...]:
        """Origins besides this one whose pages may use the refresh cookie, as `https://app.example.org`."""
        return tuple(self._read("TRUSTED_ORIGINS", ()))

    @property
    def max_sessions(self) -> int:
        """How many live sessions a user may have, the oldest ends; 0: any number."""
        return self._read("MAX_SESSIONS", 50)

    @property
    def mfa_required(self) -> str:
        """Who needs a second factor: "staff", "superusers", "everybody", the dotted path of `f(user) -> bool`, or
        empty for nobody.
        """
        return self._read("MFA_REQUIRED", "staff")

    @property
    def mfa_issuer(self) -> str:
        """What an authenticator app and a passkey call this service; empty: its host name."""
        return self._read("MFA_ISSUER", "")

    @property
    def mfa_token_lifetime(self) -> timedelta:
        """How long the second step of a login, or a passkey's challenge, may take."""
        return self._read("MFA_TOKEN_LIFETIME", timedelta(minutes=5))

    @property
    def passkey_rp_id(self) -> str:
        """The domain that passkeys are for; empty: the host of SITE_URL, or of the request."""
        return self._read("PASSKEY_RP_ID", "")

    @property
    def recent_login(self) -> timedelta:
        """How long ago the credentials may have been shown when they are changed, or staff act on others."""
        return self._read("RECENT_LOGIN", timedelta(minutes=10))

    @property
    def max_password_length(self) -> int:
        """Characters a password may have; longer ones are refused before they are hashed."""
        return self._read("MAX_PASSWORD_LENGTH", 128)

    @property
    def hash_concurrency(self) -> int:
        """How many passwords a process hashes at a time; each takes 64 MiB."""
        return self._read("HASH_CONCURRENCY", 4)

    @property
    def hash_wait(self) -> float:
        """Seconds that a request waits for its turn to hash before it is answered 503."""
        return self._read("HASH_WAIT", 1.0)

    @property
    def guess_window(self) -> timedelta:
        """How long a wrong guess counts."""
        return self._read("GUESS_WINDOW", timedelta(minutes=15))

    @property
    def guesses_per_account(self) -> int:
        """Wrong guesses at an account from devices it does not trust, in a window; then its lock closes for them."""
        return self._read("GUESSES_PER_ACCOUNT", 10)

    @property
    def guesses_per_device(self) -> int:
        """Wrong guesses at an account from one device that it trusts, in a window; then its lock closes there."""
        return self._read("GUESSES_PER_DEVICE", 10)

    @property
    def guesses_per_ip(self) -> int:
        """Wrong guesses at whatever accounts from one address (or /64), in a window; not from trusted devices."""
        return self._read("GUESSES_PER_IP", 30)

    @property
    def guesses_before_challenge(self) -> int:
        """Wrong guesses at an account, in a window, after which devices it does not trust solve a challenge first."""
        return self._read("GUESSES_BEFORE_CHALLENGE", 5)

    @property
    def guesses_per_ip_before_challenge(self) -> int:
        """Wrong guesses from one address, in a window, after which it solves a challenge first."""
        return self._read("GUESSES_PER_IP_BEFORE_CHALLENGE", 10)

    @property
    def guesses_in_all(self) -> int:
        """Wrong guesses at all accounts, in a window, after which everybody on a new device solves a challenge."""
        return self._read("GUESSES_IN_ALL", 1_000)

    @property
    def guess_locks(self) -> Sequence[timedelta]:
        """How long the first, second, ... lock holds; the last for all further ones. A day without one forgets them."""
        default = (timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=2))
        return self._read("GUESS_LOCKS", default)

    @property
    def challenge(self) -> str:
        """Dotted path of the class that makes and checks challenges; `NoChallenge` asks none."""
        return self._read("CHALLENGE", f"{__package__}.guessing.challenges.NoChallenge")

    @property
    def challenge_cost(self) -> int:
        """Rounds of PBKDF2 that each try at a challenge takes."""
        return self._read("CHALLENGE_COST", 5_000)

    @property
    def challenge_tries(self) -> int:
        """Tries that a challenge takes, on average."""
        return self._read("CHALLENGE_TRIES", 400)

    @property
    def challenge_lifetime(self) -> timedelta:
        """How long a challenge may be solved."""
        return self._read("CHALLENGE_LIFETIME", timedelta(minutes=10))

    @property
    def device_cookie_name(self) -> str:
        """What the names of device cookies begin with, after the prefix."""
        return self._read("DEVICE_COOKIE_NAME", "device")

    @property
    def device_lifetime(self) -> timedelta:
        """How long a device stays trusted without a login."""
        return self._read("DEVICE_LIFETIME", timedelta(days=180))

    @property
    def social_trusted_domains(self) -> Mapping[str, Sequence[str]]:
        """Provider -> domains it is the authority of: a verified address there signs in to the account that has it."""
        return self._read("SOCIAL_TRUSTED_DOMAINS", {})

    @property
    def dpop_proof_lifetime(self) -> timedelta:
        """How old the proof of a key may be."""
        return self._read("DPOP_PROOF_LIFETIME", timedelta(seconds=60))

    @property
    def dpop_nonce(self) -> bool:
        """Whether a proof must hold a value of this server, so that none can be made in advance."""
        return self._read("DPOP_NONCE", default=True)

    @property
    def require_verified_email(self) -> bool:
        """Whether the address must be verified before a login."""
        return self._read("REQUIRE_VERIFIED_EMAIL", default=True)

    @property
    def registration_open(self) -> bool:
        """Whether anybody may register."""
        return self._read("REGISTRATION_OPEN", default=True)

    @property
    def site_url(self) -> str:
        """Origin that mailed links lead to, as `https://app.example.org`; empty: that of ISSUER."""
        return self._read("SITE_URL", "") or self.issuer

    @property
    def verify_path(self) -> str:
        """Page that a verification link opens; it finds the token after `#token=`."""
        return self._read("VERIFY_PATH", "/account/verify")

    @property
    def reset_path(self) -> str:
        """Page that a reset link opens; it finds the token after `#token=`."""
        return self._read("RESET_PATH", "/account/reset")

    @property
    def email_confirm_path(self) -> str:
        """Page that the link to a new address opens; it finds the token after `#token=`."""
        return self._read("EMAIL_CONFIRM_PATH", "/account/email/confirm")

    @property
    def email_undo_path(self) -> str:
        """Page that the link to an old address opens; it finds the token after `#token=`."""
        return self._read("EMAIL_UNDO_PATH", "/account/email/undo")

    @property
    def undo_timeout(self) -> timedelta:
        """How long a change of the address can be undone from the old one."""
        return self._read("UNDO_TIMEOUT", timedelta(days=7))

    @property
    def deletion(self) -> str:
        """What the deletion of an account leaves: "anonymise" a row without a person, "delete" none where it can."""
        return self._read("DELETION", "anonymise")

    @property
    def mails_per_hour(self) -> int:
        """Mails that strangers can have sent to one mailbox in an hour."""
        return self._read("MAILS_PER_HOUR", 5)

    @property
    def mails_per_day(self) -> int:
        """Mails that strangers can have sent to one mailbox in a day; besides, one reset in each RESET_TIMEOUT."""
        return self._read("MAILS_PER_DAY", 20)

    @property
    def mail_retries(self) -> Sequence[int]:
        """Seconds to wait after the first, second, ... failure to send a mail; after the last it is given up."""
        return self._read("MAIL_RETRIES", (60, 300, 1800, 7200, 28_800))

    @property
    def verify_timeout(self) -> timedelta:
        """How long a verification link works."""
        return self._read("VERIFY_TIMEOUT", timedelta(days=1))

    @property
    def reset_timeout(self) -> timedelta:
        """How long a reset link works."""
        return self._read("RESET_TIMEOUT", timedelta(minutes=30))


conf = Conf()

#: Every key there is, as the settings spell it.
KEYS = frozenset(name.upper() for name, value in vars(Conf).items() if isinstance(value, property))
