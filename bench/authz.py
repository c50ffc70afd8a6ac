"""What a decision costs among 10, 1 000 and 10 000 rules, and what a list costs beside the same filter written by hand.

Beside ours: pycasbin (roles, and rules that it evaluates), Cedar's Python binding, django-rules and django-guardian, as
far as they are installed (`pip install casbin cedarpy rules django-guardian`). All run in one process, in turns;
times are minima. Ours must cost no more than twice as much among 10 000 rules as among 10, and a list no more than 5 %
above the same filter written by hand.
"""

# ruff: noqa: E402  (models are imported once Django is set up)

import logging
import os
import sys
import tempfile
import timeit
import uuid
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

import django
from django.conf import settings

HAS_GUARDIAN = find_spec("guardian") is not None
if HAS_GUARDIAN:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "guardian"]
    settings.AUTHENTICATION_BACKENDS = ["guardian.backends.ObjectPermissionBackend"]
    settings.ANONYMOUS_USER_NAME = None
    settings.SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
django.setup()

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.test.utils import setup_databases, teardown_databases

from authz.engine import Action, Verdict
from authz.environment import FixedEnvironment
from authz.language.terms import me, this
from authz.policies import Allow, allow
from authz.principals import Principal
from authz.testing import action_with
from tests.authz.library.models import Book

SIZES = (10, 1_000, 10_000)
MOST_GROWTH, MOST_OVERHEAD = 2.0, 1.05
Call = Callable[[], object]


def cost(call: Call, *, seconds: float = 0.4) -> float:
    """Return the least microseconds of a call."""
    number = max(1, int(0.02 / max(timeit.timeit(call, number=1), 1e-7)))
    rounds = max(3, int(seconds / 0.02))
    return min(timeit.repeat(call, number=number, repeat=rounds)) / number * 1e6


def of_size(size: int) -> Action:
    """Return an action with so many rules, each of a role of its own, and one that decides."""
    rules = Allow(tuple(rule for n in range(size - 1) for rule in allow(f"r{n}", this.title == f"t{n}").rules))
    return action_with(Book, rules | allow("author", (this.owner == me) & (this.status == "draft")), tenant="tenant")


def ours(size: int, who: Principal, row: Book) -> tuple[Call, Call]:
    """Return a decision, and the making of a filter."""
    action = of_size(size)
    assert action.check(who, row)
    return lambda: action.check(who, row), lambda: action.scope(who)


def casbin_roles(size: int) -> Call:
    casbin: Any = import_module("casbin")

    matcher = "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"
    enforcer = _casbin(casbin, "sub, obj, act", "sub, obj, act", matcher, "[role_definition]\ng = _, _\n")
    enforcer.add_policies([[f"r{n}", f"data{n}", "read"] for n in range(size - 1)] + [["author", "data", "read"]])
    enforcer.add_grouping_policy("alice", "author")
    assert enforcer.enforce("alice", "data", "read")
    return lambda: enforcer.enforce("alice", "data", "read")


def casbin_rules(size: int) -> Call:
    casbin: Any = import_module("casbin")

    enforcer = _casbin(casbin, "sub, obj, act", "rule, act", "eval(p.rule) && r.act == p.act", "")
    enforcer.add_policies([[f"r.obj.title == 't{n}'", "read"] for n in range(size - 1)])
    enforcer.add_policy("r.obj.owner == r.sub.name", "read")

    class Thing:
        title, owner, name = "x", "alice", "alice"

    assert enforcer.enforce(Thing(), Thing(), "read")
    return lambda: enforcer.enforce(Thing(), Thing(), "read")


def _casbin(casbin: Any, request: str, policy: str, matcher: str, roles: str) -> Any:
    text = (
        f"[request_definition]\nr = {request}\n[policy_definition]\np = {policy}\n{roles}"
        f"[policy_effect]\ne = some(where (p.eft == allow))\n[matchers]\nm = {matcher}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.conf"
        path.write_text(text)
        return casbin.Enforcer(str(path))


def cedar(size: int) -> Call:
    cedarpy: Any = import_module("cedarpy")

    policies = "\n".join(f'permit(principal == User::"r{n}", action, resource);' for n in range(size - 1))
    policies += "\npermit(principal, action, resource) when { resource.owner == principal };"
    entities = [
        {"uid": {"__entity": {"type": "User", "id": "alice"}}, "attrs": {}, "parents": []},
        {
            "uid": {"__entity": {"type": "Book", "id": "1"}},
            "attrs": {"owner": {"__entity": {"type": "User", "id": "alice"}}},
            "parents": [],
        },
    ]
    request = {"principal": 'User::"alice"', "action": 'Action::"read"', "resource": 'Book::"1"', "context": {}}
    assert cedarpy.is_authorized(request, policies, entities).allowed
    return lambda: cedarpy.is_authorized(request, policies, entities)


def django_rules(size: int) -> Call:
    rules: Any = import_module("rules")

    owns = rules.predicate(lambda user, book: book.owner_id == user.pk)
    draft = rules.predicate(lambda _user, book: book.status == "draft")
    found = rules.RuleSet()
    for n in range(size - 1):
        found.add_rule(f"r{n}", owns)
    found.add_rule("read", owns & draft)
    user = get_user_model()(pk=uuid.uuid4())
    book = Book(owner=user, status="draft")
    assert found.test_rule("read", user, book)
    return lambda: found.test_rule("read", user, book)


def guardian(size: int) -> Call:
    """A row of the database a rule: the cost is that of two queries, with the user as a request brings it."""
    assign_perm: Any = import_module("guardian.shortcuts").assign_perm

    user = get_user_model().objects.create(email="guardian@example.com")
    books = Book.objects.bulk_create(Book() for _ in range(size))
    for book in books[:10]:
        assign_perm("library.view_book", user, book)
    users = get_user_model().objects
    fresh = [users.get(pk=user.pk) for _ in range(2_000)]
    return lambda: fresh.pop().has_perm("library.view_book", books[0]) if fresh else None


PEERS: dict[str, tuple[str, Callable[[int], Call]]] = {
    "pycasbin, roles": ("casbin", casbin_roles),
    "pycasbin, evaluated rules": ("casbin", casbin_rules),
    "Cedar (cedarpy)": ("cedarpy", cedar),
    "django-rules": ("rules", django_rules),
}


def listing(who: Principal) -> tuple[float, float]:
    """Return what a list of twenty costs, by hand and by the scope."""
    Book.objects.bulk_create(
        Book(title=f"{n:04}", owner=who.user, tenant_id=None, status="draft" if n % 2 else "published")
        for n in range(400)
    )
    action = action_with(Book, allow("author", this.owner == me) | allow("viewer", this.status == "published"))
    by_hand = Q(owner=who.user) | Q(status="published")

    def scoped() -> object:
        found = action.scope(who)
        assert not isinstance(found, Verdict)
        return list(Book.objects.filter(found).order_by("title", "pk")[:20])

    def hand() -> object:
        return list(Book.objects.filter(Q(owner=who.user.pk) | Q(status="published")).order_by("title", "pk")[:20])

    assert scoped() == hand() == list(Book.objects.filter(by_hand).order_by("title", "pk")[:20])
    turns = [(cost(hand, seconds=0.3), cost(scoped, seconds=0.3)) for _ in range(5)]
    return min(turn[0] for turn in turns), min(turn[1] for turn in turns)


def report(who: Principal, row: Book) -> bool:
    """Print the tables; return whether the promises are kept."""
    print(f"{'microseconds':32}" + "".join(f"{size:>12,}" for size in SIZES))
    made = [ours(size, who, row) for size in SIZES]
    decisions, filters = [cost(check) for check, _ in made], [cost(scope) for _, scope in made]
    _line("ours, a decision", decisions)
    _line("ours, a filter made", filters)
    for name, (module, peer) in PEERS.items():
        if find_spec(module) is None:
            print(f"{name:32}{'not installed':>12}")
        else:
            _line(name, [cost(peer(size)) for size in SIZES[:2]])
    if HAS_GUARDIAN:
        _line("django-guardian, fresh user", [timeit.timeit(guardian(10), number=500) / 500 * 1e6])
    hand, scoped = listing(who)
    growth, overhead = max(decisions) / decisions[0], scoped / hand
    print(f"\na list of 20: {hand:.0f} by hand, {scoped:.0f} scoped: {overhead:.3f} (at most {MOST_OVERHEAD})")
    print(f"10 000 rules against 10: {growth:.2f} (at most {MOST_GROWTH})")
    return growth <= MOST_GROWTH and overhead <= MOST_OVERHEAD


def _line(name: str, costs: list[float]) -> None:
    print(f"{name:32}" + "".join(f"{cost:>12.1f}" for cost in costs))


def main() -> int:
    logging.disable(logging.WARNING)  # pycasbin tells of every model
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        user = get_user_model().objects.create(email="alice@example.com")
        tenant = uuid.uuid4()
        roles = frozenset({"viewer", "author", "anyone", "authenticated"})
        who = Principal(user, tenant, roles, FixedEnvironment(), known=True)
        return 0 if report(who, Book(owner=user, tenant_id=tenant, status="draft")) else 1
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
