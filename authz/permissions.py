"""Classic permission classes for hosts that want no policies. Each says what it allows of one row and of many.

    class NoteViewSet(ScopedViewMixin, ModelViewSet):
        queryset = Note.objects.all()
        permission_classes = [IsOwner | HasRole("editor")]

They are joined by `&`, `|` and `~` as REST framework's are. `ScopedViewMixin` filters lists by the same answer, so that
a list never shows a row that a look at it would refuse.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Model, Q, QuerySet
from rest_framework.permissions import AND, NOT, OR, SAFE_METHODS, BasePermission, OperandHolder

from .language.clauses import Folded
from .language.joined import conjunction, disjunction
from .language.sites import Site
from .managers import marked_scoped
from .principals import principal

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView
    from rest_framework.request import Request
    from rest_framework.views import APIView

    _Base = GenericAPIView[Any]
else:
    _Base = object


class ScopedPermission(BasePermission):
    """Denies: a subclass says what it allows, of a request (`allows`) and of rows (`rows`)."""

    def allows(self, request: "Request", view: "APIView") -> bool:  # noqa: ARG002
        """Return whether the request may go on at all."""
        return False

    def rows(self, request: "Request", view: "APIView") -> Folded:  # noqa: ARG002
        """Return the filter for the rows that the request may be about; True for all, False for none."""
        return False

    def holds(self, request: "Request", view: "APIView", row: Model) -> bool:
        """Return whether a row is one of `rows`. One query, unless a subclass knows it from the row."""
        found = self.rows(request, view)
        if isinstance(found, bool):
            return found
        return type(row)._base_manager.filter(found, pk=row.pk).exists()  # noqa: SLF001  (documented)

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        return self.allows(request, view)

    def has_object_permission(self, request: "Request", view: "APIView", obj: Any) -> bool:
        return self.allows(request, view) and self.holds(request, view, obj)


class IsOwner(ScopedPermission):
    """Allows those who are logged in, on rows whose `owner_field` (also over foreign keys: "note__owner") is them."""

    owner_field: ClassVar[str] = "owner"

    def allows(self, request: "Request", view: "APIView") -> bool:  # noqa: ARG002
        return principal(request).known

    def rows(self, request: "Request", view: "APIView") -> Folded:  # noqa: ARG002
        who = principal(request)
        return Q((self.owner_field, who.user.pk)) if who.known else False

    def holds(self, request: "Request", view: "APIView", row: Model) -> bool:
        if "__" in self.owner_field:
            return super().holds(request, view, row)
        who = principal(request)
        key = row._meta.get_field(self.owner_field).value_from_object(row)  # type: ignore[union-attr]  # noqa: SLF001
        return who.known and key is not None and key == who.user.pk


class IsOwnerOrReadOnly(IsOwner):
    """Allows those who are logged in to read every row, and to change those that are theirs."""

    def rows(self, request: "Request", view: "APIView") -> Folded:
        return principal(request).known if request.method in SAFE_METHODS else super().rows(request, view)

    def holds(self, request: "Request", view: "APIView", row: Model) -> bool:
        return principal(request).known if request.method in SAFE_METHODS else super().holds(request, view, row)


class _Named(OperandHolder):
    """A permission class with arguments, which REST framework can join and make an instance of."""

    def __init__(self, kind: type["_Asks"], name: str) -> None:
        self.kind, self.name = kind, name

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        return self.kind.named(self.name)


class _Asks(ScopedPermission):
    name = ""

    @classmethod
    def named(cls, name: str) -> "_Asks":
        made = cls()
        made.name = name
        return made

    def rows(self, request: "Request", view: "APIView") -> Folded:
        return self.allows(request, view)


class _HoldsRole(_Asks):
    def allows(self, request: "Request", view: "APIView") -> bool:  # noqa: ARG002
        return self.name in principal(request).roles


class _HoldsPermission(_Asks):
    def allows(self, request: "Request", view: "APIView") -> bool:  # noqa: ARG002
        who = principal(request)
        return who.known and bool(who.user.has_perm(self.name))


# With the line: a check tells of roles that do not exist, which `~` would make everybody lack.
roles_asked: set[tuple[str, Site]] = set()


def HasRole(role: str) -> Any:  # noqa: N802  (used as a class is)
    """Allow holders of a role, or of one that includes it, on every row."""
    roles_asked.add((role, Site.of_caller()))
    return _Named(_HoldsRole, role)


def HasPermission(permission: str) -> Any:  # noqa: N802  (used as a class is)
    """Allow users with a permission of Django ("app.change_model") on every row."""
    return _Named(_HoldsPermission, permission)


def rows_of(permission: Any, request: "Request", view: "APIView") -> Folded:
    """Return the rows that a permission, joined or not, allows; one that knows nothing of rows allows all or none."""
    operands = [vars(permission).get(name) for name in ("op1", "op2")]
    if isinstance(permission, AND):
        return conjunction(rows_of(operand, request, view) for operand in operands)
    if isinstance(permission, OR):
        return disjunction(rows_of(operand, request, view) for operand in operands)
    if isinstance(permission, NOT):
        found = rows_of(operands[0], request, view)
        return not found if isinstance(found, bool) else ~found
    if not permission.has_permission(request, view):
        return False
    return permission.rows(request, view) if isinstance(permission, ScopedPermission) else True


class ScopedViewMixin(_Base):
    """Goes in front of a generic view: its queryset holds what the permission classes allow."""

    def initial(self, request: "Request", *args: Any, **kwargs: Any) -> None:
        """Filter whatever `get_queryset` a subclass has."""
        super().initial(request, *args, **kwargs)
        get_queryset = self.get_queryset
        vars(self)["get_queryset"] = lambda: self._scoped(get_queryset())

    def _scoped(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        found = conjunction(rows_of(permission, self.request, self) for permission in self.get_permissions())
        if isinstance(found, bool):
            return marked_scoped(rows if found else rows.none())
        return marked_scoped(rows.filter(found))
