"""Why a decision is as it is: every rule, every condition in it, and what it was about this row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from .engine import Action, action_of
from .language.compiler import Compiler
from .language.nodes import Affix, All, AnyOf, Compare, Has, Me, Member, Node, Not, Operand, This
from .language.paths import Column, resolve
from .language.sites import PolicyError, Site
from .language.text import text_of
from .language.values import source_of
from .principals import Principal
from .rules import Rule

_WORDS = {True: "yes", False: "no", None: "not asked"}


@dataclass(frozen=True, slots=True)
class Step:
    """One rule or condition.

    :ivar holds: None if it was not asked: the role is not held.
    :ivar values: what its terms stood for, as text.
    :ivar error: why it could not be answered; an allow is then "no", a forbid "yes".
    """

    text: str
    holds: bool | None
    values: str = ""
    error: str = ""
    steps: tuple["Step", ...] = ()

    @property
    def word(self) -> str:
        """The answer: yes, no, not asked, or why there is none."""
        return f"failed: {self.error}" if self.error else _WORDS[self.holds]

    def lines(self, depth: int = 0) -> Iterator[str]:
        yield f"{'  ' * depth}{self.text}: {self.word}{f' [{self.values}]' if self.values else ''}"
        for step in self.steps:
            yield from step.lines(depth + 1)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and what led to it.

    :ivar rule: where the rule stands that decided; None where no rule allows, or the tenant is another.
    """

    allowed: bool
    reason: str
    rule: Site | None
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        place = f" ({self.rule})" if self.rule else ""
        first = f"{'ALLOWED' if self.allowed else 'DENIED'}: {self.reason}{place}"
        return "\n".join([first, *(line for step in self.steps for line in step.lines(1))])


def explain(principal: Principal, action: str, row: Model) -> Explanation:
    """Return the decision about a row with its grounds; the values in it are for those who may see the row."""
    found = action_of(type(row), action)
    if found is None:
        return Explanation(allowed=False, reason="the model has no policy", rule=None, steps=())
    inside = found.in_tenant(principal, row)
    allows = [_rule_step(found, rule, principal, row, f"allow {rule.role!r}") for rule in found.allows]
    forbids = [_rule_step(found, rule, principal, row, _forbid_text(rule)) for rule in found.forbids]
    steps = (*([Step("the tenant is the principal's", inside)] if found.tenant else []), *allows, *forbids)
    allowing = next((rule for rule, step in zip(found.allows, allows, strict=True) if step.holds), None)
    forbidding = next(
        (rule for rule, step in zip(found.forbids, forbids, strict=True) if step.holds or step.error), None
    )
    reason, rule = _grounds(action, inside, allowing, forbidding)
    return Explanation(found.check(principal, row), reason, rule.site if rule else None, steps)


def _grounds(action: str, inside: bool, allowing: Rule | None, forbidding: Rule | None) -> tuple[str, Rule | None]:
    if not inside:
        return "the row is of another tenant", None
    if allowing is None:
        return f"no rule allows {action!r}", None
    if forbidding is not None:
        return forbidding.why or "a rule forbids it", forbidding
    return f"allowed to {allowing.role!r}", allowing


def _forbid_text(rule: Rule) -> str:
    return f"forbid{f' to {rule.role!r}' if rule.role else ''}{f' ({rule.why})' if rule.why else ''}"


def _rule_step(action: Action, rule: Rule, principal: Principal, row: Model, text: str) -> Step:
    text = f"{text} at {rule.site}"
    if rule.role and rule.role not in principal.roles:
        return Step(text, None)
    inner = _step(action, rule.node, principal, row)
    try:
        return Step(text, rule.holds(principal, row), steps=(inner,))
    except Exception as error:  # noqa: BLE001  (told)
        return Step(text, None, error=repr(error), steps=(inner,))


def _step(action: Action, node: Node, principal: Principal, row: Model) -> Step:
    items = node.items if isinstance(node, All | AnyOf) else (node.item,) if isinstance(node, Not) else ()
    steps = tuple(_step(action, item, principal, row) for item in items)
    compiler = Compiler(action.model, action.name)
    try:
        test = compiler.clause(node).test()
        holds = test(row, [fetch(principal) for fetch in compiler.fetches])
    except Exception as error:  # noqa: BLE001  (told)
        return Step(text_of(node), None, error=repr(error), steps=steps)
    return Step(text_of(node), holds, "" if items else _values(action, node, principal, row), steps=steps)


def _values(action: Action, node: Node, principal: Principal, row: Model) -> str:
    if not isinstance(node, Compare | Member | Affix | Has):
        return ""
    right: Operand = node.items if isinstance(node, Member) else node.right
    known = [(operand, _value(action, operand, principal, row)) for operand in (node.left, right)]
    return ", ".join(f"{operand} = {value!r}" for operand, value in known if value is not _UNSAID)


_UNSAID = object()


def _value(action: Action, operand: Operand, principal: Principal, row: Model) -> Any:
    """Return what a term stands for; a path over many rows is left unsaid."""
    if isinstance(operand, This):
        try:
            reached, _ = resolve(action.model, operand.names, Site("", 0))
        except PolicyError:
            return _UNSAID
        return reached.read(row) if isinstance(reached, Column) else _UNSAID
    if operand == Me(()):
        return principal.user.pk if principal.known else None
    return source_of(operand, Site("", 0)).fetch(principal) if isinstance(operand, Me) else _UNSAID
