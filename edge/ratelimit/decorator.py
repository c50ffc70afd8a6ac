"""`@ratelimit`: django-ratelimit's words, for functions, classes and methods of Django and REST framework."""

from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured

from ..context import request_in
from .headers import set_headers
from .keys import Key
from .policies import ALL, UNSAFE, Rates, make_policy, named_policy
from .spending import Declared, aenforce, asettle, enforce, settle, spending

View = TypeVar("View", bound=Callable[..., Any])


def ratelimit(
    policy: str | None = None,
    *,
    key: Key | None = None,
    rate: Rates | None = None,
    group: str | None = None,
    method: str | Iterable[str] = ALL,
    block: bool = True,
    outage: str = "local",
    skip_successful: bool | Iterable[int] = False,
    cost: int = 1,
    cool_down: Iterable[int] = (),
) -> Callable[[View], View]:
    """Limit how often a view, class or method is called.

    `@ratelimit("login")` takes the policy of that name from `RATELIMITS`; otherwise ``key`` and ``rate`` say it here.

    :param key: whose count: `ip`, `user`, `user_or_ip`, `tenant`, `endpoint`, `account`, `header:NAME`, `get:NAME`,
        `post:NAME`, or `f(group, request) -> str`. `post:` reads JSON as well as forms.
    :param rate: how much: `5/m`, `100/15m`, a list of these, or `f(group, request)` that returns one or None.
    :param group: views that name the same group share a count; by default each view has its own.
    :param method: the HTTP methods to count; all by default. HEAD is counted wherever GET is.
    :param block: answer 429; otherwise only set `request.limited`.
    :param outage: while the shared store is lost: `closed` answers 503, `local` counts in this process.
    :param skip_successful: give it back when the answer is a success; or the statuses that count as one.
    :param cost: what a call spends.
    :param cool_down: seconds that the first, second, ... refusal closes the limit for, for whoever does not stop.
    :raises ImproperlyConfigured: an option makes no sense; for a named policy, when the first request comes.
    """
    options: dict[str, Any] = {"method": method, "block": block, "outage": outage, "cost": cost}
    options |= {"skip_successful": skip_successful, "cool_down": tuple(cool_down)}

    # One identity for each view, by which it is counted once: `method_decorator` decorates again at every call.
    known: dict[str, Declared] = {}

    def decorate(view: View) -> View:
        name = "" if policy is not None else name_of(view)
        if name not in known:
            known[name] = _declared(policy, group or name, key, rate, options)
        if policy is None and _is_stand_in(view):
            return view
        if isinstance(view, type):
            found: Any = view
            found.dispatch = _limited(found.dispatch, known[name])
            return view
        return _limited(view, known[name])

    return decorate


#: django-ratelimit has its words on the decorator: `method=ratelimit.UNSAFE`.
ratelimit.ALL, ratelimit.UNSAFE = ALL, UNSAFE  # type: ignore[attr-defined]


def _limited(view: View, declared: Declared) -> View:
    wrapper: Any = _asynchronous(view, declared) if iscoroutinefunction(view) else _synchronous(view, declared)
    wrapper.edge_limits = (*getattr(view, "edge_limits", ()), declared)
    return wrapper  # type: ignore[no-any-return]  # wraps() keeps the signature


def _declared(policy: str | None, group: str, key: Key | None, rate: Rates | None, options: dict[str, Any]) -> Declared:
    if policy is not None:
        return partial(named_policy, policy)
    if key is None or rate is None:
        msg = "A rate limit needs the name of a policy, or key and rate."
        raise ImproperlyConfigured(msg)
    own = make_policy(group, key=key, rate=rate, **options)
    return lambda: own


def name_of(view: Any) -> str:
    """Return where ``view`` is from, by which it is counted: two views with one name would share a count."""
    inner = view.func if isinstance(view, partial) else view
    made_of = None if isinstance(inner, type) else getattr(inner, "view_class", None) or getattr(inner, "cls", None)
    if made_of is not None:  # by `as_view()`, whose functions all have one name
        return f"{made_of.__module__}.{made_of.__name__}"
    owner = getattr(inner, "__self__", None)
    if owner is not None:  # a method that is bound, as `method_decorator` does
        cls = owner if isinstance(owner, type) else type(owner)
        return f"{cls.__module__}.{cls.__qualname__}.{inner.__name__}"
    named = inner if hasattr(inner, "__qualname__") else type(inner)
    return f"{named.__module__}.{named.__qualname__}"


def _is_stand_in(view: Any) -> bool:
    """Say whether `method_decorator` only tries the decorator on it: its limit would be counted beside the method's."""
    return (getattr(view, "__module__", ""), getattr(view, "__name__", "")) == ("django.utils.decorators", "dummy")


def _synchronous(view: Callable[..., Any], declared: Declared) -> Callable[..., Any]:
    @wraps(view)
    def limited(*args: Any, **kwargs: Any) -> Any:
        request = request_in(args)
        enforce(request, [declared])
        response = view(*args, **kwargs)
        if _is_unsettled(request, response):
            settle(request, response)
            _set_headers(request, response)
        return response

    return limited


def _asynchronous(view: Callable[..., Any], declared: Declared) -> Callable[..., Any]:
    @wraps(view)
    async def limited(*args: Any, **kwargs: Any) -> Any:
        request = request_in(args)
        await aenforce(request, [declared])
        response = await view(*args, **kwargs)
        if _is_unsettled(request, response):
            await asettle(request, response)
            _set_headers(request, response)
        return response

    return limited


def _is_unsettled(request: Any, response: Any) -> bool:
    """Say whether refunds and headers are to be settled here, as no middleware does it."""
    return not spending(request).is_managed and hasattr(response, "status_code")


def _set_headers(request: Any, response: Any) -> None:
    spent = spending(request)
    set_headers(response, spent.states)
    spent.decisions.clear()
