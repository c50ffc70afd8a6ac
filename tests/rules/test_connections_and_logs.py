"""Whom the server talks to, and where it logs, is what the pages say (OWASP ASVS 5.0, V13.1.1, V16.1.1 and V16.2.3)."""

import re
from typing import Any

import dev
from edge.logs import logging_config

FOLDER = dev.ROOT / "docs/security"


def test_every_server_that_the_environment_names_is_listed() -> None:
    variables = re.findall(r"^(?:# )?([A-Z_]+)=", (dev.ROOT / ".env.example").read_text(), re.MULTILINE)
    ours = {"SITE_URL"}  # an address of this server's own
    named = {name for name in variables if name.endswith(("_URL", "_HOST", "_SYSLOG", "_PROVIDERS"))} - ours
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", (FOLDER / "connections.md").read_text(), re.MULTILINE)) == named


def test_the_application_logs_to_standard_output_and_nowhere_else() -> None:
    config: dict[str, Any] = logging_config()
    handlers = {name: handler["stream"] for name, handler in config["handlers"].items()}
    assert handlers == {"console": "ext://sys.stdout"}
    used = {handler for logger in (config["root"], *config["loggers"].values()) for handler in logger["handlers"]}
    assert used == {"console"}
    assert "standard output: one handler, `console`" in (FOLDER / "logs.md").read_text()


def test_every_page_is_in_the_index() -> None:
    listed = set(re.findall(r"\]\((\w+\.md)\)", (FOLDER / "README.md").read_text()))
    assert listed == {path.name for path in FOLDER.glob("*.md")} - {"README.md"}
