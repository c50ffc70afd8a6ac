"""The caller's own account."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from edge.ratelimit import ratelimit
from edge.schema import problems

from .. import deletion, people, sessions, signals
from ..mfa.assurance import require_for_change
from ..serializers import ProfileChangeSerializer, ProfileSerializer
from ..transport import clear_cookies
from .base import OwnView, django_request


class MeView(OwnView):
    """Shows and changes the caller's account."""

    serves_mfa_due = frozenset({"GET"})

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
        family: Any = request.auth.family  # type: ignore[union-attr]  # OwnView authenticates with JWTAuthentication
        with sessions.alone_in(family):  # a name written after a deletion would stay for ever
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

    @extend_schema(
        operation_id="auth_me_delete",
        tags=["auth"],
        summary="Delete my account",
        responses={204: OpenApiResponse(description="It is deleted; all sessions have ended.")},
    )
    @ratelimit("account")
    def delete(self, request: Request) -> Response:
        """Delete the account, for ever. Needs a recent login."""
        require_for_change(request)
        user: Any = request.user
        deletion.delete_account(user, request=django_request(request), now=timezone.now())
        response = Response(status=204)
        clear_cookies(response)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


def _profile(request: Request) -> dict[str, Any]:
    tenant = request.auth.tenant  # type: ignore[union-attr]  # OwnView authenticates with JWTAuthentication
    return dict(ProfileSerializer(request.user, context={"tenant": tenant}).data)
