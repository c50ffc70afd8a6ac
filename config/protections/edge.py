"""What every request passes: limits, headers, bodies, the way out."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from edge.conf import conf
from edge.ratelimit import StoreUnavailable, limiter

from .base import Finding, Group, Protection, State

CSP_MIDDLEWARE = "csp.middleware.CSPMiddleware"
UNSAFE = {"'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "https:", "http:"}


def group() -> Group:
    protections = [
        Protection("Rate limits", "Guessing, flooding and scraping run out of tries.", limits),
        Protection("Content security policy", "Injected script does not run.", content_security_policy),
        Protection("HTTPS", "Nobody reads along or downgrades the connection.", transport),
        Protection("Request bodies", "A bomb, a key twice or broken text is a 4xx, never a crash.", bodies),
        Protection("Outbound requests", "A link cannot make this server reach inside.", outbound),
    ]
    return Group("edge", "Limited", "How much, how often, where to?", protections)


def limits() -> Finding:
    count = len(conf.ratelimits)
    shared = limiter().shared
    if not conf.ratelimit_enabled or not count:
        return Finding(State.OFF, "Nothing is limited.")
    if shared is None:
        return Finding(State.PARTLY, f"{count} limits, counted in this process.")
    try:
        shared.reset(["landing"])
    except StoreUnavailable:
        return Finding(State.PARTLY, f"{count} limits; Redis is lost, so each process counts for itself.")
    return Finding(State.ON, f"{count} limits, counted in Redis for all processes.")


def content_security_policy() -> Finding:
    policy: Mapping[str, Any] = getattr(settings, "CONTENT_SECURITY_POLICY", None) or {}
    sources = {source for words in policy.get("DIRECTIVES", {}).values() if words is not True for source in words}
    if not sources or CSP_MIDDLEWARE not in settings.MIDDLEWARE:
        return Finding(State.OFF, "None is sent.")
    if unsafe := sources & UNSAFE:
        return Finding(State.PARTLY, f"Allows {', '.join(sorted(unsafe))}.")
    return Finding(State.ON, "Own files only; no inline script or style.")


def transport() -> Finding:
    days = settings.SECURE_HSTS_SECONDS // 86_400
    if not settings.SECURE_SSL_REDIRECT:
        return Finding(State.PARTLY if settings.DEBUG else State.OFF, "Plain HTTP is answered.")
    preload = " with subdomains, preloaded" if settings.SECURE_HSTS_PRELOAD else ""
    return Finding(State.ON if days >= 365 else State.PARTLY, f"HSTS for {days} days{preload}.")


def bodies() -> Finding:
    return Finding(
        State.ON, f"{conf.body_limit / 1024:g} kB, {conf.json_depth} levels, {conf.json_keys} members by default."
    )


def outbound() -> Finding:
    return Finding(State.ON, "Each address is checked, then connected to as checked.")
