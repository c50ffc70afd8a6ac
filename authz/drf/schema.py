"""The OpenAPI document as the holders of a role get it. Needs drf-spectacular.

    class SchemaView(RoleSchemaMixin, SpectacularAPIView): ...

`?role=editor`, for staff, leaves out the operations that no rule gives to editors, and the fields that they neither
read nor write; `?role=me` is the document of whoever asks. Without it the document describes all that there is.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ..fieldsets import FieldSet, fields_for
from ..matrix import Extent, extent, held_with
from ..principals import principal
from ..registry import policy_of
from ..roles import known_roles
from .actions import DECLARED

if TYPE_CHECKING:
    from drf_spectacular.views import SpectacularAPIView

    _Base = SpectacularAPIView
else:
    _Base = object

PARAMETER, MYSELF = "role", "me"
_roles: ContextVar[frozenset[str] | None] = ContextVar("bulwark_roles_of_document", default=None)


class UnknownRole(ValidationError):  # noqa: N818  (named as what happened)
    """422: a role is asked for that settings do not declare."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__({PARAMETER: [ErrorDetail(str(_("There is no such role.")), "unknown_role")]})


@contextmanager
def documented_for(roles: frozenset[str] | None) -> Iterator[None]:
    """Let `RoleSchemaGenerator` write the document of these roles; None is the whole."""
    token = _roles.set(roles)
    try:
        yield
    finally:
        _roles.reset(token)


class RoleSchemaGenerator(SchemaGenerator):
    """Writes the document of a role, inside `documented_for`."""

    def _get_paths_and_endpoints(self) -> Any:
        self.actions: dict[tuple[str, str], str] = {}
        endpoints = super()._get_paths_and_endpoints()  # type: ignore[no-untyped-call]
        roles = _roles.get()
        return endpoints if roles is None else [entry for entry in endpoints if self._is_for(roles, entry)]

    def _is_for(self, roles: frozenset[str], entry: tuple[str, str, str, Any]) -> bool:
        """Tell whether the roles may be allowed an operation; what no policy decides is for all."""
        path, _regex, method, view = entry
        handler = getattr(view, view.action, None) if getattr(view, "action", None) else None
        handler = handler or getattr(view, method.lower(), None)
        places = (handler, view, *view.permission_classes)
        declared = next((found for place in places if (found := getattr(place, DECLARED, None))), None)
        ask = getattr(view, "declared_for", None)
        found = ask(view.action, declared) if ask is not None else declared
        if found is None or found.model is None:
            return ask is None
        self.actions[path, method.lower()] = found.action
        return extent(found.model, found.action, roles) is not Extent.NEVER

    def get_schema(self, request: Request | None = None, public: bool = False) -> Any:
        document = super().get_schema(request, public)  # type: ignore[no-untyped-call]
        roles = _roles.get()
        if roles is not None:
            self._limit(document, roles)
        return document

    def _limit(self, document: dict[str, Any], roles: frozenset[str]) -> None:
        named = document.get("components", {}).get("schemas", {})
        whole = copy.deepcopy(named)
        for name, fields, is_input in self._components(roles):
            writable = None if fields.create is None or fields.update is None else fields.create | fields.update
            shown = fields.read
            if shown is not None and writable is not None and not spectacular_settings.COMPONENT_SPLIT_REQUEST:
                shown |= writable  # one component is both
            _keep(named.get(name, {}), writable if is_input else shown)
        self._limit_inputs(document, roles, whole)

    def _components(self, roles: frozenset[str]) -> Iterator[tuple[str, FieldSet, bool]]:
        for component in self.registry._components.values():  # noqa: SLF001  (it has no other face)
            model = getattr(getattr(component.object, "Meta", None), "model", None)
            if isinstance(model, type) and policy_of(model) is not None:
                yield component.name, fields_for(model, roles), component.name.endswith("Request")

    def _limit_inputs(self, document: dict[str, Any], roles: frozenset[str], whole: dict[str, Any]) -> None:
        """Write out the input of operations that may set other fields than others of the same serializer."""
        sets = {name: fields for name, fields, is_input in self._components(roles) if is_input}
        for (path, method), action in self.actions.items():
            body = document["paths"].get(path, {}).get(method, {}).get("requestBody", {})
            for media in body.get("content", {}).values():
                name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
                fields = sets.get(name)
                if fields is not None and fields.create != fields.update:
                    media["schema"] = copy.deepcopy(whole[name])
                    _keep(media["schema"], fields.writable(action))


def _keep(schema: dict[str, Any], names: frozenset[str] | None) -> None:
    if names is None or "properties" not in schema:
        return
    schema["properties"] = {name: value for name, value in schema["properties"].items() if name in names}
    required = [name for name in schema.pop("required", ()) if name in names]
    if required:
        schema["required"] = required


def roles_asked_for(request: Request) -> frozenset[str] | None:
    """Return the roles whose document a request asks for; None is the whole document.

    :raises UnknownRole: there is no such role.
    :raises PermissionDenied: only staff may ask for the document of others.
    """
    asked = request.query_params.get(PARAMETER)
    if asked is None:
        return None
    if asked == MYSELF:
        return principal(request).roles
    if not getattr(request.user, "is_staff", False):
        raise PermissionDenied
    if asked not in known_roles():
        raise UnknownRole
    return held_with(asked)


class RoleSchemaMixin(_Base):
    """Goes in front of drf-spectacular's view: takes `?role=`."""

    generator_class = RoleSchemaGenerator

    def _get_schema_response(self, request: Request) -> Response:
        with documented_for(roles_asked_for(request)):
            answer: Response = super()._get_schema_response(request)  # type: ignore[no-untyped-call]
            return answer
