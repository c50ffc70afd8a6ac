"""Writes a tree as the rule that it came from."""

from collections.abc import Callable
from datetime import time
from typing import Any

from .nodes import Affix, All, Always, AnyOf, Between, Compare, Granted, Has, Member, Node, Not, Some, Within


def text_of(node: Node) -> str:
    """Return the rule's text; reading it again gives the same tree."""
    return _WRITERS[type(node)](node)


def _bracketed(node: Node) -> str:
    return f"({text_of(node)})" if isinstance(node, Compare | All | AnyOf) else text_of(node)


def _some(node: Some) -> str:
    if node.inner == Always(value=True):
        return f"{node.path}.exists()"
    return f"{node.path}.any({text_of(node.inner)})"


def _between(node: Between) -> str:
    zone = f", {node.zone!r}" if node.zone else ""
    return f"env.time.between('{_clock(node.start)}', '{_clock(node.end)}'{zone})"


def _clock(at: time) -> str:
    return at.isoformat("auto" if at.second or at.microsecond else "minutes")


_WRITERS: dict[type, Callable[[Any], str]] = {
    Always: lambda node: str(node.value),
    Compare: lambda node: f"{node.left} {node.operator} {node.right}",
    Member: lambda node: f"{node.left}.in_({node.items})",
    Affix: lambda node: f"{node.left}.{node.part}({node.right})",
    Has: lambda node: f"{node.left}.has({node.right})",
    Some: _some,
    Within: lambda node: f"env.ip.within({', '.join(repr(str(network)) for network in node.networks)})",
    Between: _between,
    Granted: lambda _node: "granted",
    All: lambda node: " & ".join(_bracketed(item) for item in node.items),
    AnyOf: lambda node: " | ".join(_bracketed(item) for item in node.items),
    Not: lambda node: f"~{_bracketed(node.item)}",
}
