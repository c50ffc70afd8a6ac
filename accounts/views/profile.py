"""The caller's own account."""

from typing import Any

from django.db import router, transaction
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from edge.ratelimit import ratelimit
from edge.schema import problems

from .. import people, signals
from ..serializers import ProfileChangeSerializer, ProfileSerializer
from .base import OwnView, django_request


class MeView(OwnView):
    """Shows and changes the caller's account."""

    @extend_schema(operation_id="auth_me", tags=["auth"], summary="Show my account", responses={200: ProfileSerializer})
    @ratelimit("account")
    def get(self, request: Request) -> Response:
        """Return the account that the token belongs to."""
        return Response(_profile(request))

    @extend_schema(
        operation_id="auth_me_change",
        tags=["auth"],
        summary="Change my account",
        request=ProfileChangeSerializer,
        responses={200: ProfileSerializer, **problems(404)},
    )
    @ratelimit("account")
    def patch(self, request: Request) -> Response:
        """Change the name. The address and the password have routes of their own."""
        data = self.validated(request, ProfileChangeSerializer)
        user: Any = request.user
        field = people.name_field()
        if not field:
            raise NotFound
        with transaction.atomic(using=router.db_for_write(type(user))):
            setattr(user, field, data["name"])
            user.save(update_fields=[field])
            signals.profile_changed.send(
                sender=type(user),
                request=django_request(request),
                user=user,
                target=user,
                outcome="success",
                data={"fields": ["name"]},
            )
        return Response(_profile(request))


def _profile(request: Request) -> dict[str, Any]:
    tenant = request.auth.tenant  # type: ignore[union-attr]  # OwnView authenticates with JWTAuthentication
    return dict(ProfileSerializer(request.user, context={"tenant": tenant}).data)
