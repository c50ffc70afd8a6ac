"""Changing a password, and setting a forgotten one."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as Weak
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from edge.problems import ProblemResponse, problem_response
from edge.ratelimit import ratelimit

from .. import passwords, people
from ..serializers import (
    EmailSerializer,
    MessageSerializer,
    PasswordChangeSerializer,
    PasswordResetConfirmSerializer,
)
from .base import AuthView, OwnView, django_request

SET = OpenApiResponse(description="The password is set; the other sessions have ended.")


class PasswordChangeView(OwnView):
    """Changes the caller's password."""

    @extend_schema(
        operation_id="auth_password_change",
        tags=["auth"],
        summary="Change the password",
        request=PasswordChangeSerializer,
        responses={204: SET},
    )
    @ratelimit("password_change")
    def post(self, request: Request) -> Response | ProblemResponse:
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
        request=EmailSerializer,
        responses={202: MessageSerializer},
    )
    @ratelimit("password_reset")
    def post(self, request: Request) -> Response:
        """Mail a link, if the address belongs to an account. The answer is always the same."""
        passwords.request_reset(self.validated(request, EmailSerializer)["email"], request=django_request(request))
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
    def post(self, request: Request) -> Response | ProblemResponse:
        """Set a password by a mailed link; all sessions of the account end. A link works once."""
        data = self.validated(request, PasswordResetConfirmSerializer)
        try:
            passwords.reset_password(
                data["token"], data["new_password"], request=django_request(request), now=timezone.now()
            )
        except passwords.LinkUsedUp:
            detail = "The link has been used already, or is too old. Ask for a new one."
            return problem_response(request, status=400, code="invalid_link", detail=detail)
        except Weak as error:
            raise too_weak("new_password", error) from None
        return Response(status=204)


def check_new_password(field: str, password: str, *, email: str, name: str) -> None:
    """Check the password of somebody who has no account yet.

    :raises ValidationError: it is too weak.
    """
    model: Any = get_user_model()
    user = model(**{model.USERNAME_FIELD: email, model.get_email_field_name(): email})
    if label := people.name_field():
        setattr(user, label, name)
    try:
        validate_password(password, user)
    except Weak as error:
        raise too_weak(field, error) from None


def too_weak(field: str, error: Weak) -> ValidationError:
    """Return the 422 for a password that the validators refuse."""
    return ValidationError({field: [ErrorDetail(detail, code) for code, detail in passwords.faults_of(error)]})
