"""Reads a rule's text: the language of the policies, with Python's precedence, by a parser that can do nothing else.

either     = all ("|" all)*            comparison = either (("==" | "!=" | "<" | "<=" | ">" | ">=") either)?
all        = not ("&" not)*            not        = "~" not | primary
primary    = "(" comparison ")" | "[" literals "]" | text | number | "True" | "False" | "None" | "granted"
| ("this" | "me" | "env") ("." name | "[" text "]" | "." method "(" arguments ")")*
| ("date" | "datetime" | "decimal" | "duration" | "time") "(" text ")"
"""

import operator
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, NoReturn

from ..language.nodes import All, AnyOf, Node
from ..language.sites import PolicyError, Site
from ..language.terms import Condition, Environment, MePath, Term, ThisPath, env, granted, tree_of

MOST_CHARACTERS, MOST_DEPTH = 10_000, 30
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<sign>==|!=|<=|>=|[<>&|~().,=\[\]]))""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"'}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS = {"True": True, "False": False, "None": None}
_VALUES: dict[str, Callable[[Any], Any]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "decimal": Decimal,
    "duration": lambda seconds: timedelta(seconds=float(seconds)),
    "time": time.fromisoformat,
}
_OF_VALUES = {"in_", "isnull", "startswith", "endswith"}
_METHODS: dict[type, set[str]] = {
    ThisPath: _OF_VALUES | {"any", "exists", "has"},
    MePath: _OF_VALUES,
    type(env.ip): {"within"},
    type(env.time): {"between"},
    Term: _OF_VALUES,
}


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


def read(text: str, site: Site) -> Node:
    """Return the tree of a rule's text.

    :param site: where it stands; errors name it.
    :raises PolicyError: it is no rule; the message says at which character.
    """
    with site.stated():
        return _Parser(text, site).whole()


class _Parser:
    def __init__(self, text: str, site: Site) -> None:
        self._site = site
        self._position = self._depth = 0
        if len(text) > MOST_CHARACTERS:
            raise PolicyError(f"The rule has more than {MOST_CHARACTERS} characters.", site)
        self._tokens = self._split(text)

    def whole(self) -> Node:
        found = self._comparison()
        if self._next.kind != "end":
            self._fail(f"{self._next.text!r} is not expected here")
        return tree_of(found)

    # Tokens.

    def _split(self, text: str) -> list[_Token]:
        tokens, place = [], 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            if match is None:
                raise PolicyError(f"Character {place + 1} of the rule cannot be read.", self._site)
            tokens.append(_Token(str(match.lastgroup), match[str(match.lastgroup)], match.end()))
            place = match.end()
        return [*tokens, _Token("end", "the end of the rule", place)]

    @property
    def _next(self) -> _Token:
        return self._tokens[self._position]

    def _take(self) -> _Token:
        token = self._next
        self._position += token.kind != "end"
        return token

    def _is(self, *signs: str) -> bool:
        return self._next.kind == "sign" and self._next.text in signs

    def _takes(self, sign: str) -> bool:
        found = self._is(sign)
        self._position += found
        return found

    def _demand(self, sign: str) -> None:
        if not self._takes(sign):
            self._fail(f"{sign!r} is missing before {self._next.text!r}")

    def _fail(self, problem: str) -> NoReturn:
        raise PolicyError(f"{problem} (character {self._next.place}).", self._site)

    # Conditions.

    def _comparison(self) -> Any:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            self._fail(f"the rule is nested deeper than {MOST_DEPTH}")
        left = self._either()
        if self._is(*_OPERATORS):
            sign = self._take().text
            left = self._compared(left, sign, self._either())
        if self._is(*_OPERATORS):
            self._fail("a rule compares two values: put each comparison in brackets")
        self._depth -= 1
        return left

    def _compared(self, left: Any, sign: str, right: Any) -> Condition:
        if any(isinstance(side, Condition) and not isinstance(side, Term) for side in (left, right)):
            self._fail("put each comparison in brackets")
        if not isinstance(left, Term) and not isinstance(right, Term):
            self._fail("a comparison has this..., me... or env... on one side")
        found: Condition = _OPERATORS[sign](left, right)
        return found

    def _either(self) -> Any:
        return self._joined(AnyOf, "|", self._all)

    def _all(self) -> Any:
        return self._joined(All, "&", self._not)

    def _joined(self, kind: type[All | AnyOf], sign: str, part: Callable[[], Any]) -> Any:
        """Read parts with a sign between them, flat: a long rule is no deep one."""
        first = part()
        if not self._is(sign):
            return first
        parts = [self._condition(first)]
        while self._takes(sign):
            parts.append(self._condition(part()))
        return Condition(kind(tuple(tree_of(item) for item in parts)))

    def _not(self) -> Any:
        negations = 0
        while self._takes("~"):
            negations += 1
            if negations > MOST_DEPTH:
                self._fail(f"the rule is nested deeper than {MOST_DEPTH}")
        found = self._primary()
        for _ in range(negations):
            found = ~self._condition(found)
        return found

    def _condition(self, found: Any) -> Condition:
        if not isinstance(found, Condition):
            self._fail(f"{found!r} is no condition: put comparisons in brackets, and join them with &, | and ~")
        return found

    # Values.

    def _primary(self) -> Any:
        token = self._take()
        match token.kind:
            case "text":
                return self._text(token)
            case "number":
                return Decimal(token.text) if "." in token.text else int(token.text)
            case "name":
                return self._named(token.text)
        if token.text == "(":
            found = self._comparison()
            self._demand(")")
            return found
        if token.text == "[":
            return self._listed("]")[0]
        return self._fail(f"{token.text!r} is not expected here")

    def _text(self, token: _Token) -> str:
        try:
            return _unescaped(token.text[1:-1])
        except (OverflowError, ValueError):
            self._fail(f"{token.text} has a character that does not exist")

    def _named(self, name: str) -> Any:
        if name in _WORDS:
            return _WORDS[name]
        if name in _VALUES:
            return self._value(name)
        roots: dict[str, Any] = {"this": ThisPath, "me": MePath}
        if name == "granted":
            return granted
        if name == "env":
            return self._followed(env)
        if name not in roots:
            self._fail(f"{name!r} means nothing here: rules speak of this, me, env and granted")
        return self._followed(roots[name]())

    def _value(self, name: str) -> Any:
        self._demand("(")
        arguments, named = self._listed(")")
        if named or len(arguments) != 1 or isinstance(arguments[0], Condition):
            self._fail(f"{name}() takes one text")
        try:
            return _VALUES[name](arguments[0])
        except (OverflowError, TypeError, ValueError, InvalidOperation):
            self._fail(f"{arguments[0]!r} is no {name}")

    def _followed(self, term: Any) -> Any:
        while True:
            if self._takes("["):
                term = self._indexed(term)
            elif self._takes("."):
                token = self._take()
                if token.kind != "name":
                    self._fail(f"a name is missing before {token.text!r}")
                if self._takes("("):
                    return self._called(term, token.text)
                term = self._attribute(term, token.text)
            else:
                break
        if isinstance(term, Environment):
            self._fail("name one of env's facts")
        return term

    def _indexed(self, term: Any) -> Any:
        token = self._take()
        if not isinstance(term, ThisPath | MePath) or token.kind != "text":
            self._fail("only this[...] and me[...] take a name in brackets")
        self._demand("]")
        return term[self._text(token)]

    def _attribute(self, term: Any, name: str) -> Any:
        if isinstance(term, ThisPath | MePath):
            return term[name]
        if isinstance(term, Environment):
            return getattr(term, name)
        return self._fail(f"{term!r} has no {name!r}")

    def _called(self, term: Any, name: str) -> Condition:
        if name not in _METHODS.get(type(term), ()):
            self._fail(f"{term!r} has no method {name!r}")
        arguments, named = self._listed(")")
        try:
            found: Condition = getattr(term, name)(*arguments, **named)
        except (TypeError, AttributeError):
            self._fail(f"{name}() does not take that")
        return found

    def _listed(self, end: str) -> tuple[list[Any], dict[str, Any]]:
        items: list[Any] = []
        named: dict[str, Any] = {}
        while not self._takes(end):
            if items or named:
                self._demand(",")
                if self._takes(end):
                    break
            following = self._tokens[min(self._position + 1, len(self._tokens) - 1)]
            if self._next.kind == "name" and following.text == "=" and end == ")":
                name = self._take().text
                self._demand("=")
                named[name] = self._comparison()
            else:
                items.append(self._comparison())
        return items, named


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPED.get(code, match[0])

    return _ESCAPE.sub(one, text)
