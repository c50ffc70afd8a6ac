"""Writes a tree as the rule that it came from."""

from .nodes import Affix, All, Always, AnyOf, Between, Compare, Granted, Has, Member, Node, Not, Some, Within


def text_of(node: Node) -> str:
    """Return the rule's text; reading it again gives the same tree."""
    match node:
        case Always():
            return str(node.value)
        case Not():
            return f"~{_bracketed(node.item)}"
        case All():
            return " & ".join(_bracketed(item) for item in node.items)
        case AnyOf():
            return " | ".join(_bracketed(item) for item in node.items)
        case Some(inner=Always(value=True)):
            return f"{node.path}.exists()"
        case Some():
            return f"{node.path}.any({text_of(node.inner)})"
        case Granted():
            return "granted"
        case _:
            return _leaf(node)


def _leaf(node: Compare | Member | Affix | Has | Within | Between) -> str:
    match node:
        case Compare():
            return f"{node.left} {node.operator} {node.right}"
        case Member():
            return f"{node.left}.in_({node.items})"
        case Affix():
            return f"{node.left}.{node.part}({node.right})"
        case Has():
            return f"{node.left}.has({node.right})"
        case Within():
            return f"env.ip.within({', '.join(repr(str(network)) for network in node.networks)})"
        case Between():
            zone = f", {node.zone!r}" if node.zone else ""
            return f"env.time.between('{node.start:%H:%M}', '{node.end:%H:%M}'{zone})"


def _bracketed(node: Node) -> str:
    return f"({text_of(node)})" if isinstance(node, Compare | All | AnyOf) else text_of(node)
