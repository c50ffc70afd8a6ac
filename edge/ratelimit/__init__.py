"""Limits that hold: true sliding windows, shared by all processes, counted in one round trip a request."""

from .contract import Limit, Spent, State, Store, StoreUnavailable
from .decorator import ratelimit
from .limiter import Decision, Limiter, limiter
from .local import LocalStore
from .middleware import RateLimitMiddleware
from .policies import ALL, UNSAFE, Policy, make_policy, named_policy
from .rates import Rate, parse_rate
from .redis import RedisStore
from .spending import Ratelimited, aenforce, enforce, refund
from .usage import get_usage, is_ratelimited

__all__ = [
    "ALL",
    "UNSAFE",
    "Decision",
    "Limit",
    "Limiter",
    "LocalStore",
    "Policy",
    "Rate",
    "RateLimitMiddleware",
    "Ratelimited",
    "RedisStore",
    "Spent",
    "State",
    "Store",
    "StoreUnavailable",
    "aenforce",
    "enforce",
    "get_usage",
    "is_ratelimited",
    "limiter",
    "make_policy",
    "named_policy",
    "parse_rate",
    "ratelimit",
    "refund",
]
