"""The grammar of policy files: it reads what rules are written as, and nothing else."""

import pytest
from hypothesis import HealthCheck, given, settings

from authz.files.grammar import read
from authz.language.nodes import Compare, Literal
from authz.language.sites import PolicyError, Site
from authz.language.terms import Condition, env, granted, me, this, tree_of
from authz.language.text import text_of
from authz.testing import conditions
from tests.authz.library.models import Book

HERE = Site("rules.toml", 7, "allow.when")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("this.status == 'draft'", this.status == "draft"),
        ("(this.owner == me) & ~this.limit | (this.pages > 3)", (this.owner == me) & ~this.limit | (this.pages > 3)),
        ("this.pages & this.on_hold | granted", this.pages & this.on_hold | granted),
        ("3 <= this.pages", this.pages >= 3),
        ("None == this.note", this.note == None),  # noqa: E711
        ("this.note.isnull()", this.note.isnull()),
        ("this.status.in_(['draft', None,])", this.status.in_(["draft", None])),
        ("this.shelf.in_(me.groups)", this.shelf.in_(me.groups)),
        ("this.title.startswith('a')", this.title.startswith("a")),
        ("this.title.endswith(me.email)", this.title.endswith(me.email)),
        ("this.words.has('x')", this.words.has("x")),
        ("this.tags.exists()", this.tags.exists()),
        ("this.loans.any((this.borrower == me) & this.open)", this.loans.any((this.borrower == me) & this.open)),
        ("this['any'].name == 'x'", this["any"].name == "x"),
        ("env.ip.within('10.0.0.0/8', '2001:db8::/32')", env.ip.within("10.0.0.0/8", "2001:db8::/32")),
        ("env.time.between('22:00', '06:00', zone='UTC')", env.time.between("22:00", "06:00", zone="UTC")),
        ("env.mfa & (env.client == 'web')", env.mfa & (env.client == "web")),
        (r"this.title == 'a\'b\\ \u00e4\x41'", this.title == "a'b\\ äA"),
        ("~~this.on_hold", ~~this.on_hold),
    ],
)  # fmt: skip
def test_a_text_is_the_rule_that_python_would_make_of_it(text: str, same: Condition) -> None:
    assert text_of(read(text, HERE)) == text_of(tree_of(same))


def test_a_long_rule_is_no_deep_one() -> None:
    assert text_of(read(" & ".join(["this.on_hold"] * 500), HERE)).count("&") == 499
    _compiled(" | ".join(["this.on_hold"] * 500))


@pytest.mark.parametrize("number", [0.1, -1.5, 1e300, 1e-07])
def test_a_number_is_printed_as_it_is_read(number: float) -> None:
    text = text_of(tree_of(this.weight == number))
    node = read(text, HERE)
    assert isinstance(node, Compare)
    assert isinstance(node.right, Literal)
    assert float(node.right.value) == number  # type: ignore[arg-type]
    assert text_of(node) == text


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conditions(Book))
def test_every_rule_that_can_be_written_can_be_read(condition: Condition) -> None:
    text = text_of(tree_of(condition))
    assert text_of(read(text, HERE)) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the end of the rule"),
        ("this.a == ", "the end of the rule"),
        ("this.a = 1", "not expected"),
        ("this.a == 1 & this.b == 2", "brackets"),
        ("(this.a == 1) == (this.b == 2)", "brackets"),
        ("1 < this.a < 3", "brackets"),
        ("this.a and this.b", "'and' is not expected"),
        ("not this.a", "'not' means nothing"),
        ("1 == 1", "on one side"),
        ("this.a | 1", "no condition"),
        ("~3", "no condition"),
        ("'text'", "no condition"),
        ("(this.a", "')' is missing"),
        ("[1, 2", "is missing before"),
        ("this.a.in_([this.b])", "holds values"),
        ("this.a.delete()", "no method 'delete'"),
        ("this.a.isnull().b", "not expected"),
        ("env.ip", "within"),
        ("env.ip.between('1', '2')", "no method"),
        ("env.planet == 1", "no env.planet"),
        ("env", "name one of"),
        ("env.now.year == 1", "has no 'year'"),
        ("env.time.between('9', '18', 'a', 'b')", "does not take"),
        ("env.time.between('25:00', '18:00')", "hour must be"),
        ("env.ip.within('10.0.0.1/8')", "host bits"),
        ("this.a.isnull(1)", "does not take"),
        ("this.__class__.__mro__", "no field"),
        ("__import__('os').system('true')", "'__import__' means nothing"),
        ("().__class__", "not expected"),
        ("lambda: 1", "cannot be read"),
        ("this.a == f'{x}'", "'f' means nothing"),
        ("this.a == 1; this.b", "cannot be read"),
        ("this.a == 1 # comment", "cannot be read"),
        ("date('yesterday') == this.a", "no date"),
        ("this.lasts == duration('inf')", "no duration"),
        (r"this.title == '\U00110000'", "a character that does not exist"),
        (r"this['\UFFFFFFFF'] == 1", "a character that does not exist"),
        ("this.weight == " + "9" * 400, "no finite number"),
        ("env.time.between('09:00', '18:00', zone=5)", "no name of a time zone"),
        ("date(1, 2) == this.a", "takes one text"),
        ("this.a == decimal('x')", "no decimal"),
        ("this[1] == 1", "name in brackets"),
        ("this. == 1", "a name is missing"),
        ("(" * 60 + "this.a" + ")" * 60, "nested deeper"),
        ("~" * 40 + "this.a", "nested deeper"),
        ("this.a" + " " * 10_000 + "& this.b", "more than 10000"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(PolicyError) as caught:
        _compiled(text)
    assert problem in str(caught.value)
    assert str(caught.value).startswith("rules.toml:7 (allow.when): ")


def _compiled(text: str) -> None:
    from authz.rules import Rule

    Rule.compiled(Book, "read", read(text, HERE), HERE)
