"""For tests of policies, a host's own too: do both readings of a rule agree? `conditions` needs hypothesis.

@given(conditions(Article))
def test_both_readings_agree(condition):
    for who in principals:
        assert not disagreements(who, action_with(Article, allow("viewer", condition)), Article.objects.all())
"""

# ruff: noqa: SLF001  (`_meta` is Django's documented face of a model)

import datetime as dt
import uuid
from collections.abc import Collection, Iterator
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import (
    Field,
    ForeignKey,
    JSONField,
    ManyToManyField,
    ManyToManyRel,
    ManyToOneRel,
    Model,
    OneToOneRel,
    QuerySet,
)

from .engine import Action, Verdict
from .language import kinds
from .language.terms import Condition, ThisPath, env, me
from .policies import Allow, Forbid, Policy
from .principals import Principal

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def action_with(model: type[Model], allow: Allow, *forbids: Forbid, tenant: str = "", name: str = "read") -> Action:
    """Return an action made of these rules, of a policy that nobody else sees."""
    members: dict[str, Any] = {name: allow, **{f"forbid_{number}": rule for number, rule in enumerate(forbids)}}
    policy: type[Policy] = type("Unregistered", (Policy,), members, tenant=tenant)
    policy.model = model
    return Action(policy, name)


def disagreements(principal: Principal, action: Action, rows: QuerySet[Any]) -> list[str]:
    """Return where the check and the filter of an action differ over these rows: empty if both readings agree."""
    checked = {row.pk for row in rows if action.check(principal, row)}
    found = action.scope(principal)
    if isinstance(found, Verdict):
        queried = [row.pk for row in rows] if found is Verdict.ALL else []
    else:
        queried = list(rows.filter(found).values_list("pk", flat=True))
    problems = [f"{key}: only the check allows it" for key in checked.difference(queried)]
    problems += [f"{key}: only the filter finds it" for key in set(queried).difference(checked)]
    if len(queried) != len(set(queried)):
        problems.append("the filter finds a row twice")
    return problems


# Few values of each kind, so that rows and rules meet; none stands for the absent one.
SAMPLES: dict[kinds.Kind, list[Any]] = {
    kinds.TEXT: ["", "a", "A", "ab", "ba", "ä", "%", "_", "web", "\\", "a\N{GRINNING FACE}"],
    kinds.INTEGER: [-1, 0, 1, 2],
    kinds.DECIMAL: [Decimal("-1.50"), Decimal(0), Decimal("0.10"), Decimal("2.00")],
    kinds.FLOAT: [-1.5, 0.0, 0.1],
    kinds.BOOLEAN: [True, False],
    kinds.DATE: [dt.date(2026, 1, 1), dt.date(2026, 1, 2)],
    kinds.DATETIME: [dt.datetime(2026, 1, day, 12, tzinfo=dt.UTC) for day in (1, 2)],
    kinds.TIME: [dt.time(9), dt.time(18)],
    kinds.DURATION: [dt.timedelta(0), dt.timedelta(days=1)],
    kinds.UUID: [uuid.UUID(int=number) for number in (1, 2)],
}


def samples(field: "Field[Any, Any]") -> list[Any]:
    """Return a few values that a column can hold, those of its choices if it has any."""
    choices = [choice for choice, _ in field.flatchoices]
    kind = kinds.kind_of(field)
    return choices or (SAMPLES[kind] if kind else [])


def conditions(
    model: type[Model], *, hops: int = 2, leaves: int = 6, among: Collection[type[Model]] = ()
) -> "SearchStrategy[Condition]":
    """Return a strategy for conditions on a model: every kind of column, relation and operator, joined and negated.

    :param hops: how many relations a path may cross.
    :param leaves: how many comparisons a condition may have.
    :param among: the models that a path may cross into; empty for all.
    """
    from hypothesis import strategies as st

    def joined(parts: "SearchStrategy[Condition]") -> "SearchStrategy[Condition]":
        return st.one_of(
            st.tuples(parts, parts).map(lambda pair: pair[0] & pair[1]),
            st.tuples(parts, parts).map(lambda pair: pair[0] | pair[1]),
            parts.map(lambda part: ~part),
        )

    leaves_of_rows = [_leaf(path, field) for path, field in paths(model, hops, among)]
    row = st.one_of([*leaves_of_rows, *_beside(model)])
    asker = st.sampled_from(
        [env.mfa, env.client == "web", env.ip.within("10.0.0.0/8"), env.time.between("22:00", "06:00")]
    )
    return st.recursive(st.one_of(row, row, row, asker), joined, max_leaves=leaves)


def paths(model: type[Model], hops: int, among: Collection[type[Model]] = ()) -> Iterator[tuple[ThisPath, Any]]:
    """Yield the paths of a model that rules can compare, with the fields that they end in."""
    yield from _paths(model, ThisPath(), hops, among)


def _paths(
    model: type[Model], root: ThisPath, hops: int, among: Collection[type[Model]]
) -> Iterator[tuple[ThisPath, Any]]:
    for field in model._meta.get_fields():
        if _many(field) or isinstance(field, OneToOneRel | JSONField) or _compares(field):
            yield root[field.name], field
        related = field.related_model
        if hops and isinstance(related, type) and (not among or related in among):
            yield from _paths(related, root[field.name], hops - 1, among)


def _compares(field: Any) -> bool:
    return isinstance(field, Field) and kinds.kind_of(field) is not None and not kinds.quirk_of(field)


def _many(field: Any) -> bool:
    return isinstance(field, ManyToManyField | ManyToManyRel) or type(field) is ManyToOneRel


def _leaf(path: ThisPath, field: Any) -> "SearchStrategy[Condition]":
    from hypothesis import strategies as st

    if isinstance(field, JSONField):
        return st.sampled_from(SAMPLES[kinds.TEXT]).map(path.has)
    if _many(field):
        return _rows(path, field)
    if isinstance(field, OneToOneRel):
        return st.just(path.isnull())
    kind = kinds.kind_of(field)
    values = samples(field)
    choices = [
        st.sampled_from(values).map(lambda value: path == value),
        st.sampled_from(values).map(lambda value: path != value),
        st.just(path.isnull()),
        st.lists(st.sampled_from([*values, None]), max_size=3).map(path.in_),
    ]
    if isinstance(field, ForeignKey) and field.related_model is get_user_model():
        choices = [st.just(path == me), st.just(path != me), st.just(path.isnull())]
    if kind is not None and kind.ordered:
        choices += [
            st.sampled_from(values).flatmap(
                lambda value: st.sampled_from([path < value, path <= value, path > value, path >= value])
            )
        ]
    if not field.flatchoices and not isinstance(field, ForeignKey):
        choices += _asker(path, kind)
    if kind is kinds.TEXT and not field.flatchoices:
        choices += [st.sampled_from(values).map(path.startswith), st.sampled_from(values).map(path.endswith)]
    return st.one_of(choices)


def _asker(path: ThisPath, kind: kinds.Kind | None) -> "list[SearchStrategy[Condition]]":
    """Compare with what the user and the request bring."""
    from hypothesis import strategies as st

    user: Any = get_user_model()
    made: dict[kinds.Kind | None, list[Condition]] = {
        kinds.DATETIME: [path < env.now, path >= env.now],
        kinds.BOOLEAN: [path == env.mfa, path == me.is_staff] if hasattr(user, "is_staff") else [path == env.mfa],
        kinds.TEXT: [path == env.client, path != me[user.USERNAME_FIELD], path.startswith(env.client)],
    }
    return [st.sampled_from(made[kind])] if kind in made else []


def _beside(model: type[Model]) -> "Iterator[SearchStrategy[Condition]]":
    """Compare two columns of the row, or of one that it refers to."""
    from hypothesis import strategies as st

    own = [(ThisPath(field.name), field) for field in model._meta.concrete_fields if _is_plain(field)]
    for field in model._meta.concrete_fields:
        if isinstance(field, ForeignKey) and isinstance(field.related_model, type):
            related = [(ThisPath(field.name, other.name), other) for other in field.related_model._meta.concrete_fields]
            own += [(path, other) for path, other in related if _is_plain(other)]
    for (left, field), (right, other) in combinations(own, 2):
        one, two = kinds.kind_of(field), kinds.kind_of(other)
        if one is not None and two is not None and kinds.comparable(one, two):
            yield st.sampled_from(
                [left == right, left != right, *([left < right, left >= right] if one.ordered else [])]
            )


def _is_plain(field: Any) -> bool:
    """Is it a value of the row's own? Keys of two models do not compare."""
    return _compares(field) and not field.is_relation and not field.primary_key


def _rows(path: ThisPath, field: Any) -> "SearchStrategy[Condition]":
    """Ask for related rows: any, or one of which a condition of its own is true."""
    from hypothesis import strategies as st

    exists = st.just(path.exists())
    found = paths(field.related_model, 0)
    inner = [_leaf(inner_path, inner_field) for inner_path, inner_field in found if not _many(inner_field)]
    return st.one_of(exists, st.lists(st.one_of(inner), min_size=1, max_size=2).map(lambda them: path.any(_all(them))))


def _all(parts: list[Condition]) -> Condition:
    joined = parts[0]
    for part in parts[1:]:
        joined &= part
    return joined
