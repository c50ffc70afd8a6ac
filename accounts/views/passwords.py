"""Changing a password, and setting a forgotten one."""

from typing import Any

from django.core.exceptions import ValidationError as Weak
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from edge.ratelimit import ratelimit
from edge.schema import problems

from .. import passwords
from ..guessing import trust_device
from ..mfa import holdings
from ..mfa.permissions import SecondFactor
from ..serializers import (
    MessageSerializer,
    PasswordChangeSerializer,
    PasswordResetConfirmSerializer,
    PasswordResetSerializer,
)
from .base import AuthView, OwnView, django_request

SET = OpenApiResponse(description="The password is set; the other sessions have ended.")


class PasswordChangeView(OwnView):
    """Changes the caller's password: with the old one, and with the second factor of who has one."""

    permission_classes = (IsAuthenticated, SecondFactor)

    @extend_schema(
        operation_id="auth_password_change",
        tags=["auth"],
        summary="Change the password",
        request=PasswordChangeSerializer,
        responses={204: SET},
    )
    @ratelimit("password_change")
    def post(self, request: Request) -> Response:
        """Set a new password; all other sessions of the account end."""
        data = self.validated(request, PasswordChangeSerializer)
        family: Any = request.auth.family  # type: ignore[union-attr]  # OwnView authenticates with JWTAuthentication
        try:
            passwords.change_password(
                family,
                current=data["current_password"],
                new=data["new_password"],
                request=django_request(request),
                now=timezone.now(),
            )
        except passwords.PasswordWrong:
            wrong = ErrorDetail("This is not your password.", "wrong_password")
            raise ValidationError({"current_password": [wrong]}) from None
        except Weak as error:
            raise too_weak("new_password", error) from None
        return Response(status=204)


class PasswordResetView(AuthView):
    """Mails a link that sets a password."""

    @extend_schema(
        operation_id="auth_password_reset",
        tags=["auth"],
        summary="Ask for a new password",
        request=PasswordResetSerializer,
        responses={202: MessageSerializer, **problems(403, 503)},
    )
    @ratelimit("password_reset")
    def post(self, request: Request) -> Response:
        """Mail a link, if the address belongs to an account. The answer is always the same."""
        data = self.validated(request, PasswordResetSerializer)
        passwords.request_reset(data["email"], request=django_request(request), solution=data["challenge"])
        return Response({"detail": "If the address has an account, a message is on its way to it."}, status=202)


class PasswordResetConfirmView(AuthView):
    """Takes the token of a reset link."""

    @extend_schema(
        operation_id="auth_password_reset_confirm",
        tags=["auth"],
        summary="Set a new password",
        request=PasswordResetConfirmSerializer,
        responses={204: SET},
    )
    @ratelimit("password_reset")
    def post(self, request: Request) -> Response:
        """Set a password by a mailed link; all sessions of the account end. A link works once."""
        data = self.validated(request, PasswordResetConfirmSerializer)
        try:
            user = passwords.reset_password(
                data["token"], data["new_password"], request=django_request(request), now=timezone.now()
            )
        except Weak as error:
            raise too_weak("new_password", error) from None
        response = Response(status=204)
        # Whoever reads the account's mail is no stranger, whatever strangers have used up; but a link for each device
        # would buy as many budgets to guess a second factor with.
        if not holdings.is_enrolled(user):
            trust_device(response, user)
        return response


def check_new_password(field: str, password: str, *, email: str, name: str) -> None:
    """Check the password of somebody who has no account yet.

    :raises ValidationError: it is too weak.
    """
    try:
        passwords.check_new(password, email=email, name=name)
    except Weak as error:
        raise too_weak(field, error) from None


def too_weak(field: str, error: Weak) -> ValidationError:
    """Return the 422 for a password that the validators refuse."""
    return ValidationError({field: [ErrorDetail(detail, code) for code, detail in passwords.faults_of(error)]})
