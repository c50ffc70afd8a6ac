"""Registering, and showing that an address is one's own."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from edge.ratelimit import ratelimit
from edge.schema import problems

from .. import email_change, registration
from ..conf import conf
from ..mfa.permissions import CredentialChange
from ..passwords import LinkUsedUp
from ..serializers import EmailSerializer, LinkSerializer, MessageSerializer, RegisterSerializer
from .base import AuthView, OwnView, django_request
from .passwords import check_new_password

SENT = "If the address can be used, a message is on its way to it."


@method_decorator(sensitive_post_parameters(), name="dispatch")
class RegisterView(AuthView):
    """Makes an account."""

    @extend_schema(
        operation_id="auth_register",
        tags=["auth"],
        summary="Register",
        request=RegisterSerializer,
        responses={202: MessageSerializer, **problems(404)},
    )
    @ratelimit("register")
    def post(self, request: Request) -> Response:
        """Make an account and mail a link that verifies the address. The answer is the same for a known address."""
        if not conf.registration_open:
            raise NotFound
        data = self.validated(request, RegisterSerializer)
        check_new_password("password", data["password"], email=data["email"], name=data["name"])
        registration.register(data["email"], data["password"], name=data["name"], request=django_request(request))
        return Response({"detail": SENT}, status=202)


class EmailResendView(AuthView):
    """Mails the verification link again."""

    @extend_schema(
        operation_id="auth_email_resend",
        tags=["auth"],
        summary="Mail the link again",
        request=EmailSerializer,
        responses={202: MessageSerializer},
    )
    @ratelimit("email")
    def post(self, request: Request) -> Response:
        """Mail another link, if the address waits for one. The answer is always the same."""
        registration.resend(self.validated(request, EmailSerializer)["email"], request=django_request(request))
        return Response({"detail": SENT}, status=202)


class EmailVerifyView(AuthView):
    """Takes the token of a verification link."""

    @extend_schema(
        operation_id="auth_email_verify",
        tags=["auth"],
        summary="Verify an address",
        request=LinkSerializer,
        responses={200: MessageSerializer},
    )
    @ratelimit("email")
    def post(self, request: Request) -> Response:
        """Record that the address belongs to the account. A link works once."""
        token = self.validated(request, LinkSerializer)["token"]
        if not registration.verify_email(token, request=django_request(request), now=timezone.now()):
            raise LinkUsedUp
        return Response({"detail": "The address is verified. You can log in."})


class EmailChangeView(OwnView):
    """Asks for another address."""

    permission_classes = (IsAuthenticated, CredentialChange)

    @extend_schema(
        operation_id="auth_email_change",
        tags=["auth"],
        summary="Change the address",
        request=EmailSerializer,
        responses={202: MessageSerializer},
    )
    @ratelimit("email")
    def post(self, request: Request) -> Response:
        """Mail a link to the new address. Needs a recent login; the answer is the same for a known address."""
        data = self.validated(request, EmailSerializer)
        email_change.request_change(_user(request), data["email"], request=django_request(request))
        return Response({"detail": SENT}, status=202)


class EmailChangeConfirmView(AuthView):
    """Takes the token of the link to a new address."""

    @extend_schema(
        operation_id="auth_email_change_confirm",
        tags=["auth"],
        summary="Confirm a new address",
        request=LinkSerializer,
        responses={200: MessageSerializer},
    )
    @ratelimit("email")
    def post(self, request: Request) -> Response:
        """Make the new address the account's; all sessions end. The old address is told, with a way back."""
        token = self.validated(request, LinkSerializer)["token"]
        email_change.confirm_change(token, request=django_request(request), now=timezone.now())
        return Response({"detail": "The account has the new address. Log in again."})


class EmailChangeUndoView(AuthView):
    """Takes the token of the link to an old address."""

    @extend_schema(
        operation_id="auth_email_change_undo",
        tags=["auth"],
        summary="Undo a change of the address",
        request=LinkSerializer,
        responses={200: MessageSerializer},
    )
    @ratelimit("email")
    def post(self, request: Request) -> Response:
        """Give the account its old address back; all sessions end, and a link to set a new password is mailed there."""
        token = self.validated(request, LinkSerializer)["token"]
        email_change.undo_change(token, request=django_request(request), now=timezone.now())
        return Response({"detail": "The account has its old address. A link to set a password is on its way to it."})


def _user(request: Request) -> AbstractBaseUser:
    user: AbstractBaseUser = request.user  # type: ignore[assignment]  # OwnView lets nobody else in
    return user
