"""What every request passes: limits, headers, bodies, the way out."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from edge.conf import conf
from edge.ratelimit import StoreUnavailable, limiter

from .base import Group, Protection, State

CSP_MIDDLEWARE = "csp.middleware.CSPMiddleware"
UNSAFE = {"'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "https:", "http:"}


def group() -> Group:
    protections = [limits(), content_security_policy(), transport(), bodies(), outbound()]
    return Group("edge", "Limited", "How much, how often, where to?", protections)


def limits() -> Protection:
    count = len(conf.ratelimits)
    shared = limiter().shared
    if not conf.ratelimit_enabled or not count:
        state, value = State.OFF, "Nothing is limited."
    elif shared is None:
        state, value = State.PARTLY, f"{count} limits, counted in this process."
    else:
        try:
            shared.reset(["landing"])
        except StoreUnavailable:
            state, value = State.PARTLY, f"{count} limits; Redis is lost, so each process counts for itself."
        else:
            state, value = State.ON, f"{count} limits, counted in Redis for all processes."
    return Protection("Rate limits", "Guessing, flooding and scraping run out of tries.", state, value)


def content_security_policy() -> Protection:
    policy: Mapping[str, Any] = getattr(settings, "CONTENT_SECURITY_POLICY", None) or {}
    sources = {source for words in policy.get("DIRECTIVES", {}).values() if words is not True for source in words}
    if not sources or CSP_MIDDLEWARE not in settings.MIDDLEWARE:
        state, value = State.OFF, "None is sent."
    elif sources & UNSAFE:
        state, value = State.PARTLY, f"Allows {', '.join(sorted(sources & UNSAFE))}."
    else:
        state, value = State.ON, "Own files only; no inline script or style."
    return Protection("Content security policy", "Injected script does not run.", state, value)


def transport() -> Protection:
    days = settings.SECURE_HSTS_SECONDS // 86_400
    if not settings.SECURE_SSL_REDIRECT:
        state, value = State.PARTLY if settings.DEBUG else State.OFF, "Plain HTTP is answered."
    else:
        preload = " with subdomains, preloaded" if settings.SECURE_HSTS_PRELOAD else ""
        state, value = (State.ON if days >= 365 else State.PARTLY), f"HSTS for {days} days{preload}."
    return Protection("HTTPS", "Nobody reads along or downgrades the connection.", state, value)


def bodies() -> Protection:
    kilobytes = conf.body_limit / 1024
    value = f"{kilobytes:g} kB, {conf.json_depth} levels, {conf.json_keys} members."
    return Protection("Request bodies", "A bomb, a key twice or broken text is a 4xx, never a crash.", State.ON, value)


def outbound() -> Protection:
    value = "Each address is checked, then connected to as checked."
    return Protection("Outbound requests", "A link cannot make this server reach inside.", State.ON, value)
