"""What is risky is named: packages, and dangerous code of our own (OWASP ASVS 5.0, V15.1.4 and V15.1.5)."""

import re
from pathlib import Path

import pytest

import dev
from setup import APPS

PAGE = (dev.ROOT / "docs/security/components.md").read_text()
SOURCES = [
    path
    for folder in (*APPS, "config")
    for path in sorted((dev.ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]


def listed(heading: str) -> str:
    """Return the text under a heading."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def where(pattern: str) -> set[str]:
    found = [path for path in SOURCES if re.search(pattern, path.read_text(), re.MULTILINE)]
    return {str(path.relative_to(dev.ROOT)) for path in found}


def test_every_package_is_listed_and_no_other() -> None:
    lines = (dev.ROOT / "requirements.in").read_text().splitlines()
    wanted = {re.split(r"[\[~<>= ]", line)[0] for line in lines if line and not line.startswith("#")}
    cells = re.findall(r"^\| ([^|]+) \|", listed("Packages"), re.MULTILINE)
    assert {name for cell in cells for name in cell.split(", ")} - {"package", "---"} == wanted


@pytest.mark.parametrize(
    ("what", "pattern"), [("SQL written by hand", r"\.cursor\(\)"), ("markup that is not escaped", r"\bmark_safe\(")]
)
def test_every_dangerous_module_is_listed(what: str, pattern: str) -> None:
    (row,) = [
        line for line in listed("Dangerous functionality of our own").splitlines() if line.startswith(f"| {what}")
    ]
    named = set(re.findall(r"`([a-z_0-9/]+\.py)`", row))
    assert named == where(pattern)


@pytest.mark.parametrize("module", ["pickle", "marshal", "shelve", "yaml", "xml", "subprocess", "ctypes", "lxml"])
def test_what_the_page_says_is_not_there_is_not(module: str) -> None:
    assert where(rf"^\s*(?:import|from) {module}\b") == set()
    assert where(r"(?<![\w.])(?:eval|exec)\(|\bos\.(?:system|popen|exec|spawn)") == set()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([a-z_0-9/]+\.py|[a-z_/]+/)`", PAGE))))
def test_what_is_named_is_there(path: str) -> None:
    assert Path(dev.ROOT / path).exists()
