"""docs/errors.md lists every code that a program may meet, with its status."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from enum import StrEnum
from types import ModuleType

import pytest
from rest_framework import exceptions

import dev
from accounts.first_factor import LoginFault
from setup import APPS

DOC = (dev.ROOT / "docs" / "errors.md").read_text()
PROBLEMS, _, FAULTS = DOC.partition("## Problems")[2].partition("## Faults")
LISTED = {
    code: row.split("|")[2].strip()
    for row in PROBLEMS.splitlines()
    if row.startswith("| `")
    for code in re.findall(r"`(\w+)`", row.split("|")[1])
}
#: REST framework's own, of which some are never seen here.
_OTHERS = {"error", "invalid"}
#: What can be imported only where an extra is in INSTALLED_APPS.
_OPTIONAL = {f"accounts.social.{name}" for name in ("adapter", "apple", "openid", "urls")}


def modules() -> Iterator[ModuleType]:
    for app in APPS:
        package = importlib.import_module(app)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{app}."):
            if ".migrations" not in found.name and found.name not in _OPTIONAL:
                yield importlib.import_module(found.name)


def classes(base: type) -> Iterator[type]:
    for found in base.__subclasses__():
        yield found
        yield from classes(found)


def exceptions_of_ours() -> dict[str, int]:
    """Return the codes of exceptions, each with its status."""
    assert list(modules())
    ours = (*APPS, "rest_framework.exceptions")
    found = [each for each in classes(exceptions.APIException) if each.__module__.startswith(ours)]
    return {each.default_code: each.status_code for each in found if isinstance(each.__dict__.get("default_code"), str)}  # type: ignore[attr-defined]


def words(*, of_problems: bool) -> set[str]:
    """Return the codes that calls name: of problems, or of faults in the input."""
    problems = {each.__name__ for each in classes(exceptions.APIException)} | {"problem_response"}
    faults = {"ErrorDetail", "ValidationError", "fail"}  # a field's own messages are raised by its `fail()`
    found = set()
    for app in APPS:
        for path in (dev.ROOT / app).rglob("*.py"):
            for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
                name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                if name in (problems - faults if of_problems else faults):
                    found |= set(_codes(call))
    return found


def _codes(call: ast.Call) -> Iterator[str]:
    place = 0 if isinstance(call.func, ast.Attribute) and call.func.attr == "fail" else 1
    given = [*call.args[place : place + 1], *(keyword.value for keyword in call.keywords if keyword.arg == "code")]
    for value in given:
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and re.fullmatch(r"[a-z_]+", value.value):
            yield value.value


def refusals() -> set[str]:
    found = importlib.import_module("accounts.errors").Refusal
    assert issubclass(found, StrEnum)
    return {*map(str, found), str(LoginFault.UNVERIFIED)}  # a login tells this one of its faults by name


def test_every_problem_is_listed() -> None:
    codes = {*exceptions_of_ours(), *words(of_problems=True), *refusals()}
    missing = codes - set(LISTED)
    assert not missing, f"docs/errors.md, Problems: add a row for {sorted(missing)}"


def test_nothing_is_listed_that_is_not_there() -> None:
    source = "\n".join(path.read_text() for app in APPS for path in (dev.ROOT / app).rglob("*.py"))
    known = {code for code in LISTED if re.search(rf'"{code}"', source)} | set(exceptions_of_ours())
    assert set(LISTED) - known == set()


@pytest.mark.parametrize(("code", "status"), sorted(exceptions_of_ours().items()))
def test_every_status_is_right(code: str, status: int) -> None:
    if code not in _OTHERS:
        assert LISTED[code] == str(status)


def test_every_fault_is_listed() -> None:
    missing = words(of_problems=False) - set(re.findall(r"`(\w+)`", FAULTS))
    assert not missing, f"docs/errors.md, Faults: add a row for {sorted(missing)}"
