"""The house rules that no linter has: sizes, names, and what may not be left lying about."""

import ast
import re
import statistics
from pathlib import Path

import pytest

import dev
from setup import APPS

SOURCES = [
    path
    for folder in (*APPS, "config", "bench", "tests")
    for path in sorted((dev.ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
] + [dev.ROOT / "dev.py", dev.ROOT / "setup.py"]
NAMES = [str(path.relative_to(dev.ROOT)) for path in SOURCES]


def functions(path: Path) -> list[tuple[str, int]]:
    """Return each function's place and its length in lines."""
    return [
        (f"{path.relative_to(dev.ROOT)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_no_file_is_over_400_lines_and_half_are_under_100() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in zip(NAMES, SOURCES, strict=True)}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
    assert statistics.median(length for length in lengths.values() if length) <= 100


def test_no_function_is_over_50_lines_and_nine_in_ten_are_under_20() -> None:
    lengths = [pair for path in SOURCES for pair in functions(path)]
    assert [pair for pair in lengths if pair[1] > 50] == []
    assert statistics.quantiles([length for _, length in lengths], n=10)[8] <= 20


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils.py", "helpers.py", "common.py", "misc.py", "tools.py"}
    assert [name for name, path in zip(NAMES, SOURCES, strict=True) if path.name in vague] == []


@pytest.mark.parametrize("mark", ["TODO", "FIXME", "XXX", "pragma: no cover", "mark.xfail"])
def test_nothing_is_left_for_later(mark: str) -> None:
    others = [path for path in SOURCES if path != Path(__file__)]
    found = [path.name for path in others if re.search(rf"\b{mark}\b", path.read_text())]
    assert found == []


@pytest.mark.parametrize("app", APPS)
def test_an_app_has_the_parts_that_hosts_expect(app: str) -> None:
    parts = {path.name for path in (dev.ROOT / app).iterdir()}
    assert {"apps.py", "checks.py", "conf.py", "README.md", "py.typed", "signals.py"} <= parts


@pytest.mark.parametrize("app", APPS)
def test_imports_inside_an_app_are_relative(app: str) -> None:
    absolute = [
        name
        for name, path in zip(NAMES, SOURCES, strict=True)
        if name.startswith(f"{app}/") and re.search(rf"^\s*(from|import) {app}\b", path.read_text(), re.MULTILINE)
    ]
    assert absolute == []


@pytest.mark.parametrize("app", APPS)
def test_an_app_is_named_so_that_it_can_be_moved(app: str) -> None:
    source = (dev.ROOT / app / "apps.py").read_text()
    assert '__name__.rpartition(".")[0]' in source
    assert f'label = "bulwark_{app}"' in source
