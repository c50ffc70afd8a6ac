"""What makes a view set obey a policy, whatever its subclasses override."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import router, transaction
from django.db.models import Model, QuerySet
from django.db.models.expressions import DatabaseDefault
from django.http import Http404
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from ..engine import Action, action_of, check, scoped
from ..fieldsets import fields_for
from ..keys import NOT_A_KEY
from ..locking import locked
from ..principals import Principal, principal
from ..registry import policy_of
from ..watching import Writes, watched
from .actions import DECLARED, Declared, marked
from .asking import denial, denial_after
from .errors import AccessDenied, FieldsRefused, Refusal, Unreadable, unique_or_refused
from .permissions import PolicyPermission
from .serializers import limited

if TYPE_CHECKING:
    _Base = GenericAPIView[Any]
else:
    _Base = object

logger = logging.getLogger(__name__)

READ, CREATE, UPDATE, DELETE = "read", "create", "update", "delete"


class PolicyMixin(_Base):
    """Goes in front of a generic view set.

    :cvar policy_actions: action of the policy by action of the view set; for a method with `@action`, what
        `@policy_action` says counts. Any other is denied.
    :cvar policy_parents: model by argument of a nested route, as `{"shelf_pk": Shelf}`: the row must be readable, else
        the whole route is 404.
    :cvar lock_rows: lock the row that is going to change; off for querysets that a database cannot lock (DISTINCT).
    """

    policy_actions: ClassVar[Mapping[str, str]] = {
        "list": READ,
        "retrieve": READ,
        "metadata": READ,
        "create": CREATE,
        "update": UPDATE,
        "partial_update": UPDATE,
        "destroy": DELETE,
    }
    policy_parents: ClassVar[Mapping[str, type[Model]]] = {}
    lock_rows = True

    action: str
    policy_asked = False  # by the permission class
    decided_object: Model | None = None
    # A change for which nothing was decided is undone.
    _decisions = 0

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Take hold of the methods of the host's subclass, so that none that it overrides can lose the policy."""
        super().initial(request, *args, **kwargs)
        if not self.policy_asked:  # `permission_classes` or `get_permissions` of the host left it out
            PolicyPermission().has_permission(request, self)
        for argument in self.policy_parents:
            self.get_parent(argument)
        method = str(request.method).lower()
        vars(self).update(
            {
                "get_queryset": partial(self._scoped, self.get_queryset),
                "get_object": partial(self._decided, self.get_object),
                "get_serializer_class": partial(self._limited, self.get_serializer_class),
                method: partial(self._guarded, getattr(self, method, self.http_method_not_allowed)),
            }
        )

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Refusal):
            exc.announce(self.principal)
        elif isinstance(exc, ValidationError) and self.fields_refused:
            exc.status_code = self.fields_refused[0].status_code
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        # A serializer turns the errors of its fields into errors of its own: these are told of here.
        for refused in self.fields_refused:
            refused.announce(self.principal)
        return super().finalize_response(request, response, *args, **kwargs)

    # What the permission class asks.

    @property
    def decides_objects(self) -> bool:
        """Does the route name one row? Then the row is decided about, before the handler runs."""
        return (self.lookup_url_kwarg or self.lookup_field) in self.kwargs

    def declared_action(self, declared: Declared | None) -> Declared | None:
        """Return the policy's action of this request, given what a decorator left; None denies."""
        name = declared.action if declared else self.policy_actions.get(self.action)
        return Declared(name, (declared and declared.model) or self.policy_model) if name else None

    @classmethod
    def declared_for(cls, action: str, declared: Declared | None) -> Declared | None:
        """Return the policy's action of an action of the view set, without a request: for the inventory."""
        name = declared.action if declared else cls.policy_actions.get(action)
        rows: Any = getattr(cls, "queryset", None)
        model = declared.model if declared and declared.model else getattr(rows, "model", None)
        return Declared(name, model) if name else None

    # What the host's code may ask.

    @cached_property
    def fields_refused(self) -> list[FieldsRefused]:
        """What serializers refused in this request."""
        return []

    @cached_property
    def principal(self) -> Principal:
        return principal(self.request)

    @cached_property
    def policy_model(self) -> type[Model]:
        """The model of the view's queryset."""
        rows: Any = getattr(type(self), "queryset", None)
        model: type[Model] = (type(self).get_queryset(self) if rows is None else rows).model
        return model

    @cached_property
    def policy_action(self) -> str:
        """The policy's action of this request; "" if it has none."""
        declared = self.declared_action(marked(self, self.request, DECLARED))
        return declared.action if declared else ""

    def readable_fields(self, model: type[Model] | None = None) -> frozenset[str] | None:
        """Return the names that the principal's roles may read, which filters and ordering keep to; None is all.

        :param model: another than the view's, which a filter reaches over a relation.
        """
        return fields_for(model or self.policy_model, self.principal.roles).read

    def get_parent(self, argument: str) -> Any:
        """Return the row that an argument of a nested route names; asked for once. One query.

        :raises Unreadable: there is none that the principal may read.
        """
        if argument not in self._parents:
            model, key = self.policy_parents[argument], self.kwargs[argument]
            try:
                row = scoped(model._default_manager.all(), self.principal).filter(pk=key).first()  # noqa: SLF001
            except NOT_A_KEY:
                row = None
            if row is None:
                raise Unreadable(action=READ, model=model, field="pk", key=key)
            self._parents[argument] = row
        return self._parents[argument]

    @cached_property
    def _writes_seen(self) -> Writes:
        """What the handler writes, and the rows that were decided about."""
        action = action_of(self.policy_model, self.policy_action)
        return Writes(self.policy_model, action.hops if action is not None else ())

    @cached_property
    def _parents(self) -> dict[str, Model]:
        return {}

    def get_objects(self, keys: Collection[Any]) -> list[Any]:
        """Return the rows with these keys for a bulk route: locked, and each decided about.

        :raises Unreadable: one of them is not there, or may not be read.
        :raises AccessDenied: one of them may not be so used.
        """
        wanted = {str(key) for key in keys}
        try:
            rows = list(locked(scoped(type(self).get_queryset(self).filter(pk__in=keys), self.principal, READ)))
        except NOT_A_KEY:
            rows = []
        if missing := wanted - {str(row.pk) for row in rows}:
            raise Unreadable(action=self.policy_action, model=self.policy_model, field="pk", key=min(missing))
        for row in rows:
            self._demand(self.policy_action, row)
            self._writes_seen.hold(row, self.policy_action)
        return rows

    # What is done to every request.

    def _action(self) -> Action:
        found = action_of(self.policy_model, self.policy_action)
        if found is None:
            raise AccessDenied(action=self.policy_action, model=self.policy_model, reason="undeclared")
        return found

    @property
    def _writes(self) -> bool:
        return self.request.method not in SAFE_METHODS

    def _scoped(self, get_queryset: Callable[[], QuerySet[Model]]) -> QuerySet[Model]:
        rows = scoped(get_queryset(), self.principal, READ)
        if self.decides_objects:
            hops = self._action().hops
            rows = rows.select_related(*hops) if hops else rows
            return locked(rows) if self._writes and self.lock_rows else rows
        if self.policy_action in {READ, CREATE}:
            return rows
        self._decisions += 1
        return scoped(rows, self.principal, self.policy_action)

    def _decided(self, get_object: Callable[[], Model]) -> Model:
        """Return the row that the route names, after the decision about it; it is always the same object.

        :raises Unreadable: there is none that the principal may read.
        :raises AccessDenied: it may be read, but not so used.
        """
        if self.decided_object is None:
            row = self._found(get_object)
            denied = None if self.policy_action == READ else denial(self.principal, self.policy_action, row)
            if denied is not None:
                raise denied
            self.decided_object = row
            self._writes_seen.hold(row, self.policy_action)
            self._decisions += 1
        return self.decided_object

    def _found(self, get_object: Callable[[], Model]) -> Model:
        try:
            row = get_object()
        except (Http404, NotFound, ObjectDoesNotExist) as error:
            raise self._unreadable() from error
        # A host's own get_object may have gone round the scoped queryset.
        if type(self).get_object is not GenericAPIView.get_object and not check(self.principal, READ, row):
            raise self._unreadable()
        return row

    def _unreadable(self) -> Unreadable:
        key = self.kwargs[self.lookup_url_kwarg or self.lookup_field]
        return Unreadable(action=self.policy_action, model=self.policy_model, field=self.lookup_field, key=key)

    def _guarded(self, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Response:
        """Decide about the route's row before the handler, which may never ask for it, and after it."""
        if not self._writes:
            if self.decides_objects:
                self.get_object()
            return handler(request, *args, **kwargs)
        using = router.db_for_write(self.policy_model)
        with transaction.atomic(using=using):
            if self.decides_objects:
                self.get_object()
            with watched(self._writes_seen, using):
                response = handler(request, *args, **kwargs)
            for row, action in self._decided_rows():
                self._decide_after(row, action)
            if not self._decisions and (response.status_code < 400 or self._writes_seen.went_past_rows):
                logger.error("%s.%s wrote without a decision", type(self).__name__, self.action)
                raise AccessDenied(action=self.policy_action, model=self.policy_model, reason="undecided")
            return response

    def _decided_rows(self) -> Iterable[tuple[Model, str]]:
        """Return the rows that were decided about and may have changed, as the database has them now, with the action.

        Those that it does not show are gone, or are no longer where they can be seen: the instances speak for them.
        """
        held = self._writes_seen.held.values()
        decided = [(row, action) for row, action in held if row.pk is not None and action != DELETE]
        rows = {row.pk: row for row, _ in decided}
        if self._writes_seen.went_past_rows or len(rows) < len(decided):
            hops = self._action().hops or (None,)  # without a name, all foreign keys would be followed
            for kind in {type(row) for row, _ in decided}:
                stored = kind._base_manager.using(router.db_for_write(kind)).filter(pk__in=list(rows))  # noqa: SLF001
                rows |= {row.pk: row for row in stored.select_related(*hops)}
        return dict.fromkeys((rows[row.pk], action) for row, action in decided)

    def _decide_after(self, row: Model, action: str) -> None:
        """Refuse, and so undo, a change that leaves the row where the principal could not have made it."""
        denied = denial_after(self.principal, action, row)
        if denied is not None:
            raise denied

    def _demand(self, action: str, row: Model) -> None:
        self._decisions += 1
        denied = denial(self.principal, action, row)
        if denied is not None:
            raise denied

    # What the serializers ask.

    def _limited(self, get_serializer_class: Callable[[], type[BaseSerializer[Any]]]) -> type[BaseSerializer[Any]]:
        return limited(get_serializer_class(), self.principal.roles, self.policy_action)

    def create_decided(self, values: dict[str, Any], create: Callable[[dict[str, Any]], Model]) -> Model:
        """Make a row with the policy's presets, in the principal's tenant, decided before and after it is saved."""
        action = action_of(self.policy_model, CREATE)
        values = {**self._presets(action, given=values), **values}
        if action is not None and not action.asks_rows and not self._has_nested(values):
            self._demand(CREATE, self._candidate(values))
        with unique_or_refused():
            row = create(values)
        self._demand(CREATE, row)
        self._writes_seen.hold(row, CREATE)
        return row

    def update_decided(
        self, row: Model, values: dict[str, Any], update: Callable[[Model, dict[str, Any]], Model]
    ) -> Model:
        """Change a row, decided before (unless the route named it, which decided it) and after."""
        if row is not self.decided_object:
            self._demand(READ, row)
            self._demand(UPDATE, row)
            self._writes_seen.hold(row, UPDATE)
        with unique_or_refused():
            changed = update(row, values)
        self._decide_after(changed, self._writes_seen.held[id(row)][1])
        return changed

    def create_beside(self, values: dict[str, Any], create: Callable[[dict[str, Any]], Model]) -> Model:
        """Make a row of another model than the view's: its own policy decides, if it has one."""
        with unique_or_refused():
            row = create(values)
        if policy_of(type(row)) is not None:
            self._demand(CREATE, row)
        return row

    def update_beside(
        self, row: Model, values: dict[str, Any], update: Callable[[Model, dict[str, Any]], Model]
    ) -> Model:
        """Change a row of another model than the view's: its own policy decides, if it has one."""
        if policy_of(type(row)) is None:
            return update(row, values)
        self._demand(READ, row)
        self._demand(UPDATE, row)
        with unique_or_refused():
            row = update(row, values)
        self._demand(UPDATE, row)
        return row

    def _presets(self, action: Action | None, *, given: Collection[str]) -> dict[str, Any]:
        """Return the values of columns that are not given, by the name of the key or of the row."""
        presets = fields_for(self.policy_model, self.principal.roles).presets(self.principal)
        tenant = action.tenant if action is not None else None
        if tenant is not None and "__" not in tenant.lookup:
            presets[tenant.field.attname] = self.principal.tenant_id
        columns = self.policy_model._meta.concrete_fields  # noqa: SLF001  (documented)
        names = ({column.name, column.attname} for column in columns)
        stated = frozenset().union(*(both for both in names if both & set(given)))
        return {name: value for name, value in presets.items() if name not in stated}

    def _has_nested(self, values: Mapping[str, Any]) -> bool:
        """Tell whether input holds rows that are yet to be made: the row that refers to them is decided when saved."""
        columns = self.policy_model._meta.concrete_fields  # noqa: SLF001  (documented)
        return any(isinstance(values.get(column.name), Mapping) for column in columns if column.is_relation)

    def _candidate(self, values: Mapping[str, Any]) -> Model:
        columns = self.policy_model._meta.concrete_fields  # noqa: SLF001  (documented)
        names = {column.name for column in columns} | {column.attname for column in columns}
        row = self.policy_model(**{name: value for name, value in values.items() if name in names})
        for column in columns:
            # What the database is going to set is known, unless it is an expression.
            is_unset = isinstance(vars(row).get(column.attname), DatabaseDefault)
            if is_unset and not hasattr(column.db_default, "resolve_expression"):
                setattr(row, column.attname, column.db_default)
        return row
