"""The wheel holds every app under `bulwark`, and nothing at the top level that could overwrite another package."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from setup import APPS, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    target = tmp_path_factory.mktemp("wheel")
    source = target / "source"
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in tracked:  # a clean copy: setuptools leaves build/ and an egg-info where it works
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(target),
        str(source),
    ]
    subprocess.run(build, check=True, capture_output=True)
    [built] = target.glob("*.whl")
    return zipfile.ZipFile(built)


def test_everything_is_under_bulwark(wheel: zipfile.ZipFile) -> None:
    tops = {Path(name).parts[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bulwark"}


@pytest.mark.parametrize("app", APPS)
def test_every_module_of_an_app_is_shipped(wheel: zipfile.ZipFile, app: str) -> None:
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / app).rglob("*.py")}
    shipped = {name.removeprefix("bulwark/") for name in wheel.namelist()}
    assert ours <= shipped
    assert f"{app}/py.typed" in shipped


def test_templates_and_scripts_are_shipped(wheel: zipfile.ZipFile) -> None:
    kinds = {".html", ".css", ".js", ".lua", ".sql", ".md", ".toml", ".txt", ".xor"}
    ours = {
        path.relative_to(ROOT).as_posix() for app in APPS for path in (ROOT / app).rglob("*") if path.suffix in kinds
    }
    assert ours <= {name.removeprefix("bulwark/") for name in wheel.namelist()}


def test_no_import_points_at_a_top_level_app(wheel: zipfile.ZipFile) -> None:
    starts = tuple(f"from {app}{after}" for app in APPS for after in (".", " "))
    lines = [
        f"{name}: {line}"
        for name in wheel.namelist()
        if name.endswith(".py")
        for line in wheel.read(name).decode().splitlines()
        if line.strip().startswith((*starts, *(f"import {app}" for app in APPS)))
    ]
    assert lines == []
