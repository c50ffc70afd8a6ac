"""Reads policy files: TOML, each rule with the line that it stands in. A file with one mistake is no file at all.

[[forbid]]
model = "articles.Article"
actions = ["update", "delete"]
when = 'this.legal_hold'
why = "legal hold"
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps

from ..language.nodes import Always, Node
from ..language.sites import PolicyError, Site
from ..policies import EVERY_ACTION, Allow, AllowRule, Forbid, Policy
from ..registry import Filed, policy_of
from ..roles import known_roles
from ..rules import Rule
from .grammar import read

_TEXTS, _WORDS = "text", "list of texts"
_NEEDED = {
    "allow": {"model": _TEXTS, "role": _TEXTS, "actions": _WORDS},
    "forbid": {"model": _TEXTS, "actions": _WORDS},
}
_OPTIONAL = {"allow": {"when": _TEXTS}, "forbid": {"role": _TEXTS, "when": _TEXTS, "why": _TEXTS}}
_HEADER = re.compile(r"\s*\[\[?\s*([\w.\"'-]+)\s*\]")
_KEY = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*[.=]")
_LINE = re.compile(r"\(at line (\d+)")


@dataclass(frozen=True, slots=True)
class Source:
    """A policy file and its bytes."""

    path: Path
    content: bytes


def read_files(sources: list[Source]) -> tuple[dict[type[Policy], Filed], list[PolicyError]]:
    """Return the rules of the files by policy, and everything that is wrong with them."""
    rules: list[tuple[type[Policy], Allow | Forbid, tuple[str, ...]]] = []
    problems: list[PolicyError] = []
    for source in sources:
        try:
            tables = list(_tables(source))
        except PolicyError as error:
            problems.append(error)
            continue
        for table in tables:
            try:
                rules.append(_rule(table))
            except PolicyError as error:
                problems.append(error)
    return _by_policy(rules), problems


def _by_policy(rules: list[tuple[type[Policy], Allow | Forbid, tuple[str, ...]]]) -> dict[type[Policy], Filed]:
    found: dict[type[Policy], Filed] = {}
    for policy, rule, actions in rules:
        filed = found.setdefault(policy, Filed({}, []))
        if isinstance(rule, Forbid):
            filed.forbids.append(rule)
            continue
        for action in actions:
            filed.allows[action] = filed.allows[action] | rule if action in filed.allows else rule
    return found


@dataclass(frozen=True, slots=True)
class _Table:
    """One `[[allow]]` or `[[forbid]]`."""

    kind: str
    values: Mapping[str, Any]
    path: Path
    lines: Mapping[str, int]

    def site(self, key: str = "") -> Site:
        return Site(str(self.path), self.lines.get(key, self.lines[""]), f"{self.kind}.{key}" if key else self.kind)


def _tables(source: Source) -> Iterator[_Table]:
    try:
        text = source.content.decode()
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = source.content[: error.start].count(b"\n") + 1
        raise PolicyError("This is no UTF-8.", Site(str(source.path), line)) from None
    except RecursionError:
        raise PolicyError("This is nested too deeply.", Site(str(source.path), 1)) from None
    except tomllib.TOMLDecodeError as error:
        match = _LINE.search(str(error))
        line = int(match[1]) if match else text.count("\n") + 1
        raise PolicyError(f"This is no TOML: {error}.", Site(str(source.path), line)) from None
    lines = _lines(text)
    for kind, items in document.items():
        if kind not in _NEEDED or not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            line = lines.get((kind, 0, ""), lines.get(("", 0, kind), 1))
            problem = f"{kind!r} is no kind of rule: a file holds [[allow]] and [[forbid]]."
            raise PolicyError(problem, Site(str(source.path), line, kind))
        for number, item in enumerate(items):
            of_table = {"": lines.get(("", 0, kind), 1)}  # written as one array
            of_table |= {key: line for (name, index, key), line in lines.items() if (name, index) == (kind, number)}
            yield _Table(kind, item, source.path, of_table)


def _lines(text: str) -> dict[tuple[str, int, str], int]:
    """Return the line of each key, by table, number of the table among its like, and key; "" is the header."""
    found: dict[tuple[str, int, str], int] = {}
    counts: dict[str, int] = {}
    table, index, quotes = "", 0, ""
    for number, line in enumerate(text.split("\n"), 1):  # for TOML, no other character ends a line
        if not quotes:
            if header := _HEADER.match(line):
                table = header[1].strip("\"'")
                index = counts.get(table, 0)
                counts[table] = index + 1
                found[table, index, ""] = number
            elif key := _KEY.match(line):
                found.setdefault((table, index, key[1]), number)
        quotes = _open_quotes(line, quotes)
    return found


def _open_quotes(line: str, quotes: str) -> str:
    """Return which multi-line text is open behind a line."""
    for mark in re.findall(r'"""|\'\'\'', line):
        quotes = "" if mark == quotes else (quotes or mark)
    return quotes


def _rule(table: _Table) -> tuple[type[Policy], Allow | Forbid, tuple[str, ...]]:
    _check_keys(table)
    policy, actions = _policy(table), tuple(table.values["actions"])
    role, site = table.values.get("role", ""), table.site("when" if "when" in table.values else "")
    node = read(table.values["when"], site) if "when" in table.values else Always(value=True)
    _check_actions(table, policy, actions)
    if (role or table.kind == "allow") and role not in known_roles():
        raise PolicyError(f"There is no role {role!r}.", table.site("role"))
    _check_rule(policy, actions, node, site)
    if table.kind == "allow":
        return policy, Allow((AllowRule(role, node, site),)), actions
    return policy, Forbid(actions, role, node, table.values.get("why", ""), site), actions


def _check_keys(table: _Table) -> None:
    needed, known = _NEEDED[table.kind], _NEEDED[table.kind] | _OPTIONAL[table.kind]
    for key, value in table.values.items():
        if key not in known:
            raise PolicyError(f"[[{table.kind}]] has no key {key!r}: it has {', '.join(known)}.", table.site(key))
        texts = value if known[key] == _WORDS and isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) for text in texts) or (known[key] == _WORDS) != (texts is value):
            raise PolicyError(f"{key} is a {known[key]}.", table.site(key))
    for key in needed:
        if key not in table.values:
            raise PolicyError(f"[[{table.kind}]] needs the key {key!r}.", table.site())


def _policy(table: _Table) -> type[Policy]:
    name = table.values["model"]
    try:
        model = apps.get_model(name)
    except (LookupError, ValueError):
        raise PolicyError(f"There is no model {name!r}.", table.site("model")) from None
    policy = policy_of(model)
    if policy is None:
        raise PolicyError(f"{name} has no policy that a file could add to.", table.site("model"))
    return policy


def _check_actions(table: _Table, policy: type[Policy], actions: tuple[str, ...]) -> None:
    known = policy.allows()
    for action in actions:
        if action not in known and not (action == EVERY_ACTION and table.kind == "forbid"):
            raise PolicyError(
                f"{policy.__name__} has no action {action!r}: it has {', '.join(sorted(known))}.", table.site("actions")
            )


def _check_rule(policy: type[Policy], actions: tuple[str, ...], node: Node, site: Site) -> None:
    for action in actions:
        Rule.compiled(policy.model, action, node, site)
