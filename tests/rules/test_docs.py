"""The docs say what the code says: settings, signals, checks and commands are all listed."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest
from django.dispatch import Signal

import dev
from setup import APPS


def written(app: str) -> str:
    """Return all that an app says of itself to people."""
    return "\n".join(path.read_text() for path in sorted((dev.ROOT / app).glob("*.md")))


@pytest.mark.parametrize("app", APPS)
def test_every_setting_is_documented(app: str) -> None:
    conf = importlib.import_module(f"{app}.conf")
    keys = {name.upper() for name, value in vars(type(conf.conf)).items() if isinstance(value, property)}
    assert keys
    assert {key for key in keys if f"`{key}`" not in written(app)} == set()


@pytest.mark.parametrize("app", APPS)
def test_every_signal_is_documented(app: str) -> None:
    signals = importlib.import_module(f"{app}.signals")
    names = {name for name, value in vars(signals).items() if isinstance(value, Signal)}
    assert names
    assert {name for name in names if f"`{name}`" not in written(app)} == set()


@pytest.mark.parametrize("app", APPS)
def test_every_check_is_documented(app: str) -> None:
    sources = "\n".join(path.read_text() for path in (dev.ROOT / app).rglob("*.py"))
    ids = set(re.findall(rf"bulwark_{app}\.([EW]\d{{3}})", sources))
    assert {number for number in ids if number not in written(app)} == set()


@pytest.mark.parametrize("app", APPS)
def test_every_command_is_documented(app: str) -> None:
    commands = {path.stem for path in (dev.ROOT / app).glob("management/commands/[a-z]*.py")}
    assert {command for command in commands if command not in written(app)} == set()


@pytest.mark.parametrize("path", [*dev.ROOT.glob("*.md"), *(dev.ROOT / "docs").rglob("*.md"), *dev.ROOT.glob("*/*.md")])
def test_links_lead_somewhere(path: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", path.read_text()):
        found = path.parent / target if target else path
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), f"{target}#{anchor}"


def anchors(path: Path) -> set[str]:
    """Return the names of a page's headings, as links have them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_names_commands_that_exist() -> None:
    commands = set(re.findall(r"\bmake (\w+)", (dev.ROOT / "README.md").read_text()))
    assert commands <= set(re.findall(r"dev\.py (\w+)", dev.__doc__ or ""))


def test_the_readme_names_every_extra_of_the_wheel() -> None:
    project = tomllib.loads((dev.ROOT / "pyproject.toml").read_text())["project"]
    readme = (dev.ROOT / "README.md").read_text()
    assert {extra for extra in project["optional-dependencies"] if f"`{extra}`" not in readme} == set()
