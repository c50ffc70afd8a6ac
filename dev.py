#!/usr/bin/env python3
"""Runs, tests and checks a checkout of Bulwark. Needs Python 3.11 or later and nothing else: it makes its own `.venv`.

    python3 dev.py run          serve the demo on http://127.0.0.1:8000 (PORT=... for another port)
    python3 dev.py test         the test suite; DATABASE_URL and REDIS_URL choose PostgreSQL and Redis
    python3 dev.py browser      the tests that drive Chromium
    python3 dev.py check        lint, types, import contracts, migrations, deploy checks, lock file, secrets
    python3 dev.py lock         pin requirements*.in, with hashes, in requirements*.txt
    python3 dev.py audit        ask for known vulnerabilities of what is pinned
    python3 dev.py bench NAME   one of the measurements in bench/

Arguments after the command are passed on: `python3 dev.py test tests/edge -k body`. `DJANGO=6.1 python3.13 dev.py test`
tests with another Django than the locked one, and this Python, in a `.venv-django6.1`.
"""

import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
DJANGO = os.environ.get("DJANGO", "")
VENV = ROOT / (f".venv-django{DJANGO}" if DJANGO else ".venv")
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
RUN, DEV = ("requirements.txt",), ("requirements.txt", "requirements-dev.txt")
NPM_LOCK = "tests/clients/package-lock.json"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def main(arguments: Sequence[str]) -> int:
    commands = {
        "run": run,
        "test": test,
        "browser": browser,
        "check": check,
        "lock": lock,
        "audit": audit,
        "bench": bench,
    }
    name, *rest = arguments or ["help"]
    if name not in commands:
        print((__doc__ or "").strip())
        return 0 if name in {"help", "-h", "--help"} else 2
    if sys.version_info < (3, 11):  # noqa: UP036  # the person who has an older one is whom this line is for
        return refuse(f"Python 3.11 or later is needed; this is {sys.version.split()[0]}.")
    return commands[name](rest)


def run(arguments: Sequence[str]) -> int:
    """Serve the demo; the first start migrates and seeds it."""
    port = os.environ.get("PORT", "8000")
    if is_taken(port):
        return refuse(f"Something serves on port {port} already. PORT=9000 make run serves elsewhere.")
    install(*RUN)
    address = f"127.0.0.1:{port}"
    # Unbuffered: the greeting is there as well when the output goes to a file or through a pipe.
    return call("manage.py", "runserver", "--demo", address, *arguments, env={"PYTHONUNBUFFERED": "1"})


def test(arguments: Sequence[str]) -> int:
    """Run the suite on all cores; with arguments, what they select."""
    install(*DEV)
    parallel = [] if any(argument.startswith("-n") for argument in arguments) else ["-n", "auto"]
    return call("-m", "pytest", *parallel, *arguments)


def browser(arguments: Sequence[str]) -> int:
    """Run the tests that drive Chromium."""
    if not any(shutil.which(name) for name in CHROMIUM):
        return refuse("Chromium is needed: sudo apt-get install chromium")
    install(*DEV)
    # Playwright can be started once in a process at a time: the pages keep one browser, other tests start their own.
    others = [name for name in tests_of("browser") if not name.startswith("tests/pages/")]
    runs = [arguments] if arguments else [["tests/pages", "-n", "auto"], others]
    codes = [call("-m", "pytest", "-m", "browser", *chosen) for chosen in runs]
    return max(codes)


def tests_of(marker: str) -> list[str]:
    """Return the test files that name a marker: to collect all of them takes longer than some run."""
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    return [path.relative_to(ROOT).as_posix() for path in paths if f"pytest.mark.{marker}" in path.read_text()]


def check(chosen: Sequence[str]) -> int:
    """Run every check, or those that are named, then say which failed."""
    install(*DEV)
    steps: dict[str, Sequence[str]] = {
        "lint": ("-m", "ruff", "check", "."),
        "format": ("-m", "ruff", "format", "--check", "."),
        "types": ("-m", "mypy", "."),
        "import contracts": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
        "migrations": ("manage.py", "makemigrations", "--check", "--dry-run"),
        "deploy": ("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
    }
    ours: dict[str, Callable[[], bool]] = {"secrets": has_no_new_secret, "lock file": are_locks_fresh}
    if not {*steps, *ours}.issuperset(chosen):
        return refuse("Name some of: " + ", ".join([*steps, *ours]))
    results = {}
    for name in chosen or [*steps, *ours]:
        print(f"== {name}", flush=True)
        if name in ours:
            results[name] = ours[name]()
        else:
            results[name] = call(*steps[name], env=deployed() if name == "deploy" else None) == 0
    print("\n" + "\n".join(f"{'ok    ' if passed else 'FAILED'}  {name}" for name, passed in results.items()))
    return 0 if all(results.values()) else 1


def lock(arguments: Sequence[str]) -> int:
    """Write both lock files; `--upgrade` and other options go to uv."""
    install(*DEV)
    for source in ("requirements.in", "requirements-dev.in"):
        compile_lock(source, ROOT / source.replace(".in", ".txt"), *arguments)
    return 0


def audit(arguments: Sequence[str]) -> int:
    """Ask for known vulnerabilities; where the question cannot be asked, say so and fail."""
    install(*DEV)
    code = call("-m", "pip_audit", "--strict", "--disable-pip", "-r", "requirements.txt", *arguments)
    if code:
        print("Not audited, or vulnerable: read the lines above. This is not a clean result.")
    return code


def bench(arguments: Sequence[str]) -> int:
    """Run one measurement, or name them all."""
    names = sorted(path.stem for path in (ROOT / "bench").glob("*.py") if path.stem != "__init__")
    if not arguments or arguments[0] not in names:
        return refuse("Name one of: " + ", ".join(names))
    install(*DEV)
    return call("-m", f"bench.{arguments[0]}", *arguments[1:])


def is_taken(port: str) -> bool:
    """Tell whether something answers on that port of this machine; Django says what is wrong with one that is none."""
    if not port.isdecimal() or not 0 < int(port) < 65536:
        return False
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def install(*lockfiles: str) -> None:
    """Make `.venv` and install the lock files by hash, unless that was done already."""
    wanted = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in lockfiles}
    stamps = {name: VENV / f".{name}.sha256" for name in lockfiles}
    missing = [name for name in lockfiles if not is_stamped(stamps[name], wanted[name])]
    if not missing and PYTHON.exists():
        return
    make_venv()
    print(f"Installing {' and '.join(lockfiles)} into {VENV.name} ...", flush=True)
    install_packages("--require-hashes", *(part for name in lockfiles for part in ("-r", name)))
    if DJANGO:
        install_packages("--no-deps", f"Django~={DJANGO}.0")
    for name in lockfiles:
        stamps[name].write_text(wanted[name])


def install_packages(*options: str) -> None:
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", str(PYTHON), *options]
    else:
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit(refuse("The packages could not be installed: read the lines above, then run this again."))


def is_stamped(stamp: Path, digest: str) -> bool:
    return stamp.exists() and stamp.read_text() == digest


def make_venv() -> None:
    if PYTHON.exists():
        return
    uv = shutil.which("uv")
    command = [uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    if not uv and not has_venv():
        sys.exit(refuse("Python's venv is missing. Install it: sudo apt-get install python3-venv"))
    subprocess.run([*command, str(VENV)], check=True)


def has_venv() -> bool:
    """Tell whether `python -m venv` can work: Debian ships it apart from Python."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def compile_lock(source: str, target: Path, *options: str) -> None:
    """Write what ``source`` resolves to on every platform to ``target``; pins that are there stay while they fit."""
    command = [str(PYTHON), "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-emit-index-url", "--no-header", *options]
    subprocess.run([*command, "--output-file", str(target), source], cwd=ROOT, check=True)


def are_locks_fresh() -> bool:
    stale = [source for source in ("requirements.in", "requirements-dev.in") if not locked(source)]
    return not stale


def locked(source: str) -> bool:
    """Tell whether the lock file of ``source`` is what resolving it again would write."""
    committed = ROOT / source.replace(".in", ".txt")
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / committed.name
        shutil.copy(committed, fresh)
        compile_lock(source, fresh)
        # uv names the file it writes nowhere else than in comments, which are not compared.
        same = _pins(fresh) == _pins(committed)
    if not same:
        print(f"{committed.name} is stale: run `make lock`.")
    return same


def _pins(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]


def has_no_new_secret() -> bool:
    """Look for secrets that `.secrets.baseline` does not know; what it knows are samples that tests plant.

    The search rewrites a baseline whose lines have moved, and exits with 3 then: it gets a copy to write to.
    """
    with tempfile.TemporaryDirectory() as folder:
        known = shutil.copy(ROOT / ".secrets.baseline", folder)
        code = call("-m", "detect_secrets.pre_commit_hook", "--baseline", known, *tracked())
    if code not in {0, 3}:
        print("Remove what was found. A sample in a test: `detect-secrets scan --baseline .secrets.baseline`.")
    return code in {0, 3}


def tracked() -> list[str]:
    """Return the files to search for secrets: what git tracks, less the lock files, which are full of hashes."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return [name for name in listed.stdout.splitlines() if name not in {*DEV, NPM_LOCK, ".secrets.baseline"}]


def production() -> dict[str, str]:
    """Return an environment that production settings accept, its secrets made up for this one check."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "api.example.com",
        "EMAIL_HOST": "mail.example.com",
        "DEFAULT_FROM_EMAIL": "bulwark@example.com",
        "TRUSTED_PROXIES": "10.0.0.0/8",
        "DATABASE_URL": "postgresql://app@db.example.com/bulwark",
        "REDIS_URL": "redis://redis.example.com:6379/0",
    }


def deployed() -> dict[str, str]:
    """Return that environment with signing keys and the key of the log's seal, made up as well."""
    environment = production()
    for name, arguments in (
        ("BULWARK_KEYS", ("rotate_signing_key", "--first", "--print")),
        ("AUDIT_SEAL_KEYS", ("auditlog_seal", "--new-key", "check")),
    ):
        made = subprocess.run(
            [str(PYTHON), "manage.py", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        environment[name] = made.stdout
    return environment


def call(*arguments: str, env: Mapping[str, str] | None = None) -> int:
    """Run Python of `.venv` in the checkout and return its exit code."""
    try:
        done = subprocess.run([str(PYTHON), *arguments], cwd=ROOT, env={**os.environ, **(env or {})}, check=False)
    except KeyboardInterrupt:
        time.sleep(0.2)  # let the child print its last line first
        return 130
    return done.returncode


def refuse(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
