"""Mistakes in settings and rules stop the server from starting, each with its id and its line."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import checks
from django.test import override_settings

from authz import permissions, policies, registry, roles
from authz.checks import check_permissions, check_policies, check_settings, problems
from authz.language.terms import me, this
from authz.permissions import HasRole
from authz.policies import Fields, Policy, allow, forbid
from tests.authz.library.models import Loan

KNOWN = frozenset({"viewer", "author"})


@pytest.mark.parametrize(
    ("given", "code", "word"),
    [
        ({"ROLE": {}}, "E001", "'ROLE'"),
        ({"CLIENT_IP": "nowhere.at_all"}, "E002", "CLIENT_IP"),
        ({"TENANT": "authz.tenants.nothing"}, "E002", "TENANT"),
        ({"VERSION": "authz.versions.NO_VERSION"}, "E002", "VERSION"),
        ({"ROLES": {"a": ["b"], "b": ["a"]}}, "E003", "a > b > a"),
        ({"ROLES": {"a": ["a"]}}, "E003", "includes itself"),
        ({"ROLES": {"a": ["b"]}}, "E003", "not declared"),
        ({"ROLES": ["a"]}, "E003", "maps each role"),
        ({"ROLES": {"anyone": []}}, "E003", "without a membership"),
        ({"TIME_ZONE": "Mars/Base"}, "E004", "Mars/Base"),
        ({"ROLE_CACHE_SIZE": "many"}, "E012", "0 to remember none"),
        ({"ROLE_CACHE_SIZE": -1}, "E012", "0 to remember none"),
    ],
)
def test_a_wrong_setting_is_an_error(given: dict[str, Any], code: str, word: str) -> None:
    with override_settings(BULWARK_AUTHZ=given):
        (found,) = check_settings()
    assert (found.id, word in found.msg) == (f"bulwark_authz.{code}", True)


def test_the_settings_of_this_project_are_right() -> None:
    assert check_settings() == check_policies() == []


def test_both_checks_are_bound() -> None:
    assert {check_settings, check_policies} <= set(checks.registry.registry.get_checks())


def policy(**members: Any) -> type[Policy]:
    made: type[Policy] = type("Made", (Policy,), members)
    made.model = Loan
    return made


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (lambda: policy(read=allow("viewer", this.dyas == 1)), "no field 'dyas'"),
        (lambda: policy(read=allow("veiwer")), "no role 'veiwer'"),
        (lambda: policy(read=allow("viewer"), stop=forbid("read", role="veiwer")), "no role 'veiwer'"),
        (lambda: policy(read=allow("viewer"), stop=forbid("raed", when=this.open)), "no action 'raed'"),
        (lambda: policy(read=allow("viewer"), stop=forbid("*", when=this.opne)), "no field 'opne'"),
        (lambda: policy(fields={"veiwer": Fields()}), "no role 'veiwer'"),
        (lambda: policy(fields={"viewer": Fields(read="*all")}), "no group"),
        (lambda: policy(fields={"viewer": Fields(read="*a")}, groups={"a": "*b", "b": "*a"}), "itself as a member"),
        (lambda: policy(fields={"viewer": Fields(preset={"dyas": 1})}), "no field of Loan"),
        (lambda: policy(fields={"viewer": Fields(preset={"days": this.book})}), "is a literal"),
        (lambda: policy(fields={"viewer": Fields(preset={"days": me.nonsense})}), "no field or property"),
        (lambda: policy(tenant="book"), "no foreign key to a Tenant"),
        (lambda: policy(tenant="nonsense"), "no field 'nonsense'"),
    ],
)
def test_a_wrong_rule_is_an_error_with_its_line(made: Any, problem: str) -> None:
    (found,) = problems(made(), KNOWN)
    assert problem in found.problem
    assert "test_checks.py:" in str(found)


def test_a_right_policy_has_no_problems() -> None:
    right = policy(
        tenant="book.tenant",
        read=allow("viewer", this.days > 1),
        stop=forbid("*", when=this.open),
        groups={"all": "days *more", "more": ["open"]},
        fields={"viewer": Fields(read="*all", preset={"borrower": me, "days": 3})},
    )
    assert list(problems(right, KNOWN)) == []


def test_a_wrong_policy_stops_the_start() -> None:
    class Wrong(Policy, model=Loan):
        read = allow("viewer", this.dyas == 1)

    try:
        (found,) = check_policies()
        assert (found.id, "dyas" in found.msg) == ("bulwark_authz.E005", True)
        assert "test_checks.py:" in str(found.hint)
    finally:
        registry.unregister(Wrong)


@pytest.fixture
def no_loose_forbids() -> Iterator[None]:
    yield
    policies._loose.clear()


@pytest.mark.usefixtures("no_loose_forbids")
def test_a_forbid_that_no_policy_holds_stops_the_start() -> None:
    """It reads as if it held, and would forbid nothing."""

    class Mixed:
        inherited = forbid("read", when=this.open)

    class Loose(Mixed, Policy, model=Loan):
        read = allow("viewer")
        forbid("read", when=this.days == 1)
        stop = forbid("read", when=this.days == 2)
        stop = forbid("read", when=this.days == 3)  # noqa: PIE794

    try:
        found = check_policies()
        assert [(error.id, "in no policy" in error.msg) for error in found] == [("bulwark_authz.E005", True)] * 2
        first = Loose.site.line
        lines = [str(error.hint).rpartition(":")[2] for error in found]
        assert lines == [f"{first + 2}.", f"{first + 3}."]
        assert len(Loose.forbids()) == 2
    finally:
        registry.unregister(Loose)


def test_a_forbid_may_be_given_to_a_policy_later() -> None:
    class Late(Policy, model=Loan):
        read = allow("viewer")

    late: Any = Late
    late.stop = forbid("read", when=this.open)
    try:
        assert check_policies() == []
    finally:
        policies._loose.clear()
        registry.unregister(Late)


def test_a_role_of_a_classic_class_that_does_not_exist_stops_the_start() -> None:
    """Everybody lacks it, so `~` would let everybody in."""
    known = permissions.roles_asked.copy()
    try:
        assert check_permissions() == []
        _ = ~HasRole("cntractor")
        (found,) = check_permissions()
        assert (found.id, "'cntractor'" in found.msg) == ("bulwark_authz.E005", True)
        assert "test_checks.py:" in str(found.hint)
    finally:
        permissions.roles_asked.intersection_update(known)
    assert {check_permissions} <= set(checks.registry.registry.get_checks())


def test_roles_include_what_they_name_and_what_that_includes(settings: Any) -> None:
    settings.BULWARK_AUTHZ = {"ROLES": {"a": ["b"], "b": ["c", "d"], "c": [], "d": ["c"], "e": []}}
    assert roles.expand(["a"]) == {"a", "b", "c", "d"}
    assert roles.expand(["c", "e", "unknown"]) == {"c", "e"}
    assert roles.known_roles() == {"a", "b", "c", "d", "e", "anyone", "authenticated"}
