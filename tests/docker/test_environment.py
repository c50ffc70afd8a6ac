"""`.env.example` lists what the code reads, all of it and no more."""

import re

from tests.docker.programs import DOCKER, ROOT

EXAMPLE = (ROOT / ".env.example").read_text()
DEMANDED = set(re.findall(r"^([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE))
OPTIONAL = dict(re.findall(r"^# ([A-Z][A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
READERS = [
    *sorted((ROOT / "config").rglob("*.py")),
    ROOT / "accounts/keys/environment.py",
    DOCKER / "gunicorn.conf.py",
    DOCKER / "healthcheck.py",
]
#: Read by tests and development alone, or set by Django for its own child process.
ELSEWHERE = {"RUN_MAIN"}


def sources() -> str:
    return "\n".join(path.read_text() for path in READERS if path.name not in {"test.py", "local.py"})


def test_it_lists_every_variable_that_is_read() -> None:
    calls = r"""(?:env\.(?:secret|text|flag|integer|words)|os\.environ\.(?:get|setdefault))\(\s*"([A-Z_]+)\""""
    read = {*re.findall(calls, sources()), *re.findall(r'name: str = "([A-Z_]+)"', sources())} - ELSEWHERE
    assert read == DEMANDED | OPTIONAL.keys()


def test_it_gives_no_value_to_what_is_demanded() -> None:
    assert not re.findall(r"^[A-Z_]+=.+$", EXAMPLE, re.MULTILINE)


def test_the_defaults_it_shows_are_the_codes() -> None:
    text = sources()
    for name, value in OPTIONAL.items():
        if value:
            shown = rf'flag\("{name}"\)' if value == "false" else rf'"{name}",\s*(?:default=)?"?{re.escape(value)}"?\)'
            assert re.search(shown, text, re.IGNORECASE), f"{name}={value}"
