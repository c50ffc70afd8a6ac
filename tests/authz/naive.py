"""A third reading of a rule, slow and plain: walks the tree over rows in memory. The other two are held against it."""

import operator
from collections.abc import Callable
from math import inf, isnan
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model

from authz.language import nodes
from authz.principals import Principal

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(node: nodes.Node, row: Any, who: Principal) -> bool:  # noqa: C901, PLR0911  (one case a node)
    match node:
        case nodes.Always():
            return node.value
        case nodes.Not():
            return not holds(node.item, row, who)
        case nodes.All():
            return all(holds(item, row, who) for item in node.items)
        case nodes.AnyOf():
            return any(holds(item, row, who) for item in node.items)
        case nodes.Within():
            return who.env.address is not None and any(who.env.address in net for net in node.networks)
        case nodes.Between():
            clock = who.env.now.astimezone(ZoneInfo(node.zone or "UTC")).time()
            if node.start < node.end:
                return node.start <= clock < node.end
            return clock >= node.start or clock < node.end
        case nodes.Some():
            return any(holds(node.inner, other, who) for other in _values(row, node.path.names) if other is not None)
        case nodes.Has():
            found = _values(row, node.left.names)
            return any(isinstance(item, list) and _plain(node.right, row, who) in item for item in found)
        case nodes.Member():
            items = node.items.value if isinstance(node.items, nodes.Literal) else ()
            assert isinstance(items, tuple)
            return any(_key(value) in [_key(item) for item in items] for value in _operands(node.left, row, who))
        case nodes.Affix():
            test = str.startswith if node.part == "startswith" else str.endswith
            return any(
                value is not None and test(value, _plain(node.right, row, who))
                for value in _operands(node.left, row, who)
            )
        case nodes.Compare():
            return _compare(node, row, who)
    raise TypeError(node)


def _compare(node: nodes.Compare, row: Any, who: Principal) -> bool:
    if node.operator == "!=":
        return not _compare(nodes.Compare(nodes.Operator.EQUAL, node.left, node.right, node.site), row, who)
    left, right = _operands(node.left, row, who), _operands(node.right, row, who)
    if isinstance(node.right, nodes.Literal) and node.right.value is None:
        return any(value is None for value in left)
    compare = COMPARE[node.operator]
    return any(
        one is not None and other is not None and compare(_key(one), _key(other)) for one in left for other in right
    )


def _key(value: Any) -> Any:
    if isinstance(value, float) and isnan(value):
        return inf  # as PostgreSQL orders it
    return value.pk if isinstance(value, Model) else value


def _plain(operand: nodes.Operand, row: Any, who: Principal) -> Any:
    return _operands(operand, row, who)[0]


def _operands(operand: nodes.Operand, row: Any, who: Principal) -> list[Any]:
    match operand:
        case nodes.Literal():
            return [operand.value]
        case nodes.Env():
            return [getattr(who.env, operand.name)]
        case nodes.Me():
            return _values(who.user, operand.names) if who.known else [None]
        case nodes.This():
            return _values(row, operand.names)


def _values(row: Any, names: tuple[str, ...]) -> list[Any]:
    """Return what stands at the end of a path: one value, or one for each row on the way."""
    reached, model = [row], type(row)
    for name in names:
        field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
        accessor = field.get_accessor_name() if hasattr(field, "get_accessor_name") else field.name
        many = field.many_to_many or field.one_to_many
        step: list[Any] = []
        for item in reached:
            found = None if item is None else _attribute(item, accessor)
            step += [found] if not many else list(found.all()) if found is not None else []
        reached, model = step, field.related_model or model
    return reached


def _attribute(item: Model, accessor: str) -> Any:
    try:
        return getattr(item, accessor)
    except ObjectDoesNotExist:
        return None
