"""Runs the scripts of this folder in Node."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent
#: What npm writes when it has installed what the lock file says.
INSTALLED = FOLDER / "node_modules/.package-lock.json"


def node() -> str:
    """Return the path of Node with the clients installed; without Node the test is skipped, but never in CI."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("Node and npm are needed: apt-get install nodejs npm")
        pytest.skip("needs Node and npm")
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < (FOLDER / "package-lock.json").stat().st_mtime:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        INSTALLED.touch()
    return found


def run(script: str, **wanted: Any) -> dict[str, Any]:
    """Run a script to its end and return what it told.

    :param wanted: what the script finds in `wanted`.
    """
    command = [node(), script, json.dumps(wanted)]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
