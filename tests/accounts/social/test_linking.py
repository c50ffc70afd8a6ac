"""What meets a link on its way."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.accounts.test_races import ROOT


def test_a_link_counts_what_has_happened_meanwhile(tmp_path: Path) -> None:
    """A session that has ended, a password that was taken away, another first sign-in of the same person."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'linking.sqlite3'}",
    }
    command = [sys.executable, "-m", "tests.accounts.social.linking_at_once"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "ended session": "login_not_recent, None",
        "last way in": False,
        "two before the look": "nora@example.org",
        "two before the writes": "nils@example.org",
    }
