"""Shows or forgets what is counted against somebody."""

import math
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...client_ip import ip_bucket
from ...ratelimit import StoreUnavailable, limiter
from ...ratelimit.contract import UNREACHED
from ...ratelimit.keys import digest
from ...ratelimit.redis import RedisStore


class Command(BaseCommand):
    help = "Shows or resets the rate limits of one key: ip:203.0.113.9, user:ID, body:email:alice@example.org."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["show", "reset"])
        parser.add_argument("key", help="ip:ADDRESS, user:ID, tenant:ID, endpoint, body:FIELD:VALUE or own:VALUE")

    def handle(self, *_: Any, action: str, key: str, **__: Any) -> None:
        store = limiter().shared
        if not isinstance(store, RedisStore):
            msg = 'Limits are counted in each process (BULWARK_EDGE["REDIS_URL"] is empty): restart it to reset them.'
            raise CommandError(msg)
        try:
            limits = store.counted(digest(_canonical(key)))
            if action == "reset" and limits:
                store.reset([limit.key for limit in limits])
                limiter().denials.forget([limit.key for limit in limits])
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


def _canonical(key: str) -> str:
    """Return the key as requests are counted under it: an IPv6 address by its network."""
    kind, _, value = key.partition(":")
    return f"ip:{ip_bucket(value)}" if kind == "ip" and not value.endswith("/64") else key
