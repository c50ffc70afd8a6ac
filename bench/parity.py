"""The two readings of a rule, compared over many generated cases: what CI does with few, here with 10 000.

    python3 dev.py bench parity [--cases 10000] [URL of a PostgreSQL whose role may create databases]

Each case has rows, a rule and a principal; `scope()` must return exactly the rows for which `check()` is true. It
runs on SQLite, and on PostgreSQL where one is given, and exits with 1 at the first case that disagrees, and prints it.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", nargs="?", default="")
    parser.add_argument("--cases", type=int, default=10_000)
    given = parser.parse_args()
    for url in ("", given.database) if given.database else ("",):
        print(f"{given.cases} cases on {'PostgreSQL' if url else 'SQLite'} ...", flush=True)
        environment = {**os.environ, "DATABASE_URL": url, "PARITY_EXAMPLES": str(given.cases)}
        command = [sys.executable, "-m", "pytest", "-q", "--durations=1", "tests/authz/test_parity.py"]
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
