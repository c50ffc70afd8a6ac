"""The settings of authz: `BULWARK_AUTHZ`, one typed property a key, read when used."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

SETTING = "BULWARK_AUTHZ"


class Conf:
    """Reads `BULWARK_AUTHZ` each time, so that `override_settings` works."""

    @property
    def roles(self) -> Mapping[str, Sequence[str]]:
        """Each role and the roles it includes: `{"viewer": [], "author": ["viewer"]}`."""
        found: Mapping[str, Sequence[str]] = self._get("ROLES", {})
        return found

    @property
    def tenant(self) -> Callable[[HttpRequest], str]:
        """Dotted path of `f(request) -> str`: the tenant's id or "" (default: the token's or the first)."""
        getter: Callable[[HttpRequest], str] = self._import("TENANT", f"{__package__}.tenants.of_request")
        return getter

    @property
    def version(self) -> Callable[[HttpRequest], int]:
        """Dotted path of `f(request) -> int`: the authorization version (default: of `request.auth`, else a query)."""
        getter: Callable[[HttpRequest], int] = self._import("VERSION", f"{__package__}.versions.of_request")
        return getter

    @property
    def client_ip(self) -> Callable[[HttpRequest], str]:
        """Dotted path of `f(request) -> str`: the client's address. Default: REMOTE_ADDR."""
        getter: Callable[[HttpRequest], str] = self._import("CLIENT_IP", f"{__package__}.environment.remote_address")
        return getter

    @property
    def mfa(self) -> Callable[[HttpRequest], bool]:
        """Dotted path of `f(request) -> bool`: a second factor was proven (default: "mfa" in claim `amr`, RFC 8176)."""
        getter: Callable[[HttpRequest], bool] = self._import("MFA", f"{__package__}.environment.second_factor")
        return getter

    @property
    def client(self) -> Callable[[HttpRequest], str]:
        """Dotted path of `f(request) -> str`: the client application (default: `client` of `request.auth.family`)."""
        getter: Callable[[HttpRequest], str] = self._import("CLIENT", f"{__package__}.environment.client_name")
        return getter

    @property
    def time_zone(self) -> str:
        """The zone of `env.time` where a rule names none. Default: TIME_ZONE of Django."""
        return str(self._get("TIME_ZONE", settings.TIME_ZONE))

    @property
    def role_cache_size(self) -> int:
        """How many (user, tenant, version) a process remembers the roles of."""
        return int(self._get("ROLE_CACHE_SIZE", 10_000))

    @property
    def decided_elsewhere(self) -> Mapping[str, str]:
        """Modules or views whose routes are not decided here, with who decides: `{"accounts.views": "..."}`."""
        given: Mapping[str, str] = self._get("DECIDED_ELSEWHERE", {})
        return {"django.contrib.admin": "the permissions of the Django admin", **given}

    @property
    def undeclared_routes(self) -> str:
        """What a route without a decision is at startup: "error", "warning" or "ignored"."""
        return str(self._get("UNDECLARED_ROUTES", "error"))

    @property
    def unscoped_queries(self) -> str:
        """What a protected manager does when a request reads it unscoped: "raise", "warn" (in the log) or "off"."""
        return str(self._get("UNSCOPED_QUERIES", "raise"))

    @property
    def inventory(self) -> str:
        """The committed page that `authz_inventory --check` compares with, where no other is named."""
        return str(self._get("INVENTORY", "docs/access.md"))

    @property
    def policy_files(self) -> str | Path:
        """Path of a TOML file with rules, or of a folder of them; read again within two seconds of a change."""
        path: str | Path = self._get("POLICY_FILES", "")
        return path

    @property
    def row_level_security(self) -> bool:
        """Tell PostgreSQL the tenant of each statement, for the migrations of `manage.py authz_rls`."""
        return bool(self._get("ROW_LEVEL_SECURITY", default=False))

    def given(self) -> dict[str, Any]:
        """What the host set."""
        return getattr(settings, SETTING, {})

    def _get(self, key: str, default: Any) -> Any:
        return self.given().get(key, default)

    def _import(self, key: str, default: str) -> Any:
        return import_string(self._get(key, default))


GETTERS = ("TENANT", "VERSION", "CLIENT_IP", "MFA", "CLIENT")
ROUTES = ("DECIDED_ELSEWHERE", "UNDECLARED_ROUTES", "INVENTORY")
ROWS = ("UNSCOPED_QUERIES", "ROW_LEVEL_SECURITY", "POLICY_FILES", "ROLE_CACHE_SIZE")
KEYS = ("ROLES", *GETTERS, "TIME_ZONE", *ROUTES, *ROWS)

conf = Conf()
