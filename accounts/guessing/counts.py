"""Under which keys guesses are counted. No address and no name stands in one."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from edge.conf import conf as edge_conf
from edge.ratelimit import Limit
from edge.ratelimit.keys import by_ip, digest

from .. import people
from ..conf import conf
from ..derivation import keyed_hash

#: What a lock holds: more than anybody spends, so that it is closed by a cool-down only.
LOCK_CAPACITY = 1_000_000
#: What the count of all guesses stands under.
ALL = digest("guesses:all")


def account_of(account: str | AbstractBaseUser) -> str:
    """Return the one spelling that an account is counted under, of a user or of what somebody typed."""
    return people.normalized(account if isinstance(account, str) else account.get_username())


def account_tag(account: str) -> str:
    """Return what stands for an account in the keys."""
    return keyed_hash("accounts.guesses", account.encode("utf-8", "surrogatepass"))[:24]


def ip_tag(request: Any) -> str:
    """Return what stands for the address of ``request``, or its /64: the same as in edge's own limits."""
    return digest(by_ip(request))


def limit_of(tag: str, scope: str, limit: int, cool_down: tuple[int, ...] = ()) -> Limit:
    """Return a limit in the spelling of edge's own, so that its command reads these too."""
    return count_of(tag, f"guess-{scope}", limit, conf.guess_window, cool_down)


def count_of(tag: str, name: str, limit: int, window: timedelta, cool_down: tuple[int, ...] = ()) -> Limit:
    """Return a limit on anything else that is counted for an account, in the same spelling."""
    seconds = int(window.total_seconds())
    key = f"{edge_conf.redis_prefix}:{{{tag}}}:{name}:{limit}/{seconds}"
    return Limit(name, key, limit, seconds, cool_down)
