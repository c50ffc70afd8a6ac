"""Shows or forgets what is counted against somebody."""

import math
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ... import signals
from ...client_ip import ip_bucket
from ...ratelimit import StoreUnavailable, limiter
from ...ratelimit.contract import UNREACHED
from ...ratelimit.keys import digest
from ...ratelimit.redis import RedisStore
from ...telling import tell_done
from ..acting import reason

#: Kinds of keys that tell no more than an id or an address. Another may hold what somebody typed.
_PLAIN = {"endpoint", "ip", "tenant", "user"}


class Command(BaseCommand):
    help = "Shows or resets the rate limits of one key: ip:203.0.113.9, user:ID, body:email:alice@example.org."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["show", "reset"])
        parser.add_argument("key", help="ip:ADDRESS, user:ID, tenant:ID, endpoint, body:FIELD:VALUE or own:VALUE")
        parser.add_argument("--reason", type=reason, help="why, for the audit log; a reset needs one")

    def handle(self, *_: Any, action: str, key: str, reason: str | None, **__: Any) -> None:
        if action == "reset" and reason is None:
            msg = "A reset needs a --reason."
            raise CommandError(msg)
        store = limiter().shared
        if not isinstance(store, RedisStore):
            msg = 'Limits are counted in each process (BULWARK_EDGE["REDIS_URL"] is empty): restart it to reset them.'
            raise CommandError(msg)
        try:
            limits = store.counted(digest(_canonical(key)))
            if action == "reset" and limits:
                store.reset([limit.key for limit in limits])
                limiter().denials.forget([limit.key for limit in limits])
                _tell(key, policies=[limit.name for limit in limits], reason=reason)
            states = [store.spend([limit], 0)[0] for limit in limits] if action == "show" else []
        except StoreUnavailable as error:
            msg = f"The limiter's Redis does not answer: {error}."
            raise CommandError(msg) from error
        if not limits:
            self.stdout.write(f"Nothing is counted under {key}.")
        elif action == "reset":
            self.stdout.write(f"Reset {len(limits)} limits of {key}.")
        for state in states:
            limit = state.limit
            if limit.limit == UNREACHED:
                self.stdout.write(f"{limit.name}: {limit.limit - state.remaining} in {limit.window} s")
                continue
            wait = "" if state.allowed and state.remaining else f", free in {math.ceil(state.reset)} s"
            self.stdout.write(f"{limit.name}: {state.remaining} of {limit.limit} left in {limit.window} s{wait}")


def _tell(key: str, **data: Any) -> None:
    key, kind = _canonical(key), key.partition(":")[0]
    tell_done(signals.limits_reset, Command, None, None, key=key if kind in _PLAIN else f"{kind}:{digest(key)}", **data)


def _canonical(key: str) -> str:
    """Return the key as requests are counted under it: an IPv6 address by its network."""
    kind, _, value = key.partition(":")
    return f"ip:{ip_bucket(value)}" if kind == "ip" and not value.endswith("/64") else key
