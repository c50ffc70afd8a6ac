"""The caller's second factors: listed, added, removed."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from edge.problems import Problem
from edge.ratelimit import ratelimit
from edge.schema import problems

from ..mfa import enrolment, passkeys, recovery, requirement, totp
from ..mfa.permissions import CredentialChange
from ..mfa.proofs import FactorRefused
from ..mfa.serializers import (
    CeremonySerializer,
    CodeSerializer,
    FactorAddedSerializer,
    FactorsSerializer,
    PasskeyAddedSerializer,
    PasskeyAddSerializer,
    PasskeyNameSerializer,
    PasskeySerializer,
    RecoveryCodesSerializer,
    TotpEnrolmentSerializer,
)
from ..models import Passkey, TotpDevice
from .base import ANY_METHOD, OwnView, django_request
from .second_step import assurance_of, assured_response, ceremony_response, own_family

REMOVED = OpenApiResponse(description="It is removed.")


class LastFactor(Problem):
    """The last factor stays where the user's role asks for one."""

    status_code = 409
    default_detail = "Your role needs a second factor. Add another one before you remove this one."
    default_code = "mfa_required_by_role"


class FactorView(OwnView):
    """A route that changes credentials: it asks for a recent login, with the second factor where there is one."""

    permission_classes = (IsAuthenticated, CredentialChange)
    serves_mfa_due = ANY_METHOD


class FactorsView(OwnView):
    """The caller's second factors."""

    serves_mfa_due = ANY_METHOD

    @extend_schema(
        operation_id="auth_mfa", tags=["auth"], summary="List my second factors", responses={200: FactorsSerializer}
    )
    @ratelimit("account")
    def get(self, request: Request) -> Response:
        """List the second factors, and tell how sure this session is."""
        family = own_family(request)
        found = {
            "totp": TotpDevice.objects.of(family.user).confirmed().exists(),
            "passkeys": Passkey.objects.of(family.user).order_by("created_at", "pk"),
            "recovery_codes": recovery.remaining(family.user),
            "is_required": requirement.is_required(family.user),
            **assurance_of(family),
        }
        return Response(FactorsSerializer(found).data)


class TotpView(FactorView):
    """The authenticator app."""

    @extend_schema(
        operation_id="auth_mfa_totp",
        tags=["auth"],
        summary="Set up an authenticator app",
        request=None,
        responses={200: TotpEnrolmentSerializer},
    )
    @ratelimit("account")
    def post(self, request: Request) -> Response:
        """Hand out a seed. It counts once its first code has been sent to `mfa/totp/confirm`."""
        found = totp.begin(own_family(request), now=timezone.now())
        return _secret(Response(TotpEnrolmentSerializer(found).data))

    @extend_schema(
        operation_id="auth_mfa_totp_remove",
        tags=["auth"],
        summary="Remove the authenticator app",
        responses={204: REMOVED, **problems(404, 409)},
    )
    @ratelimit("account")
    def delete(self, request: Request) -> Response:
        """Remove the authenticator app."""
        try:
            enrolment.remove_totp(own_family(request), request=django_request(request))
        except enrolment.NotFound:
            raise NotFound from None
        except enrolment.LastFactorNeeded:
            raise LastFactor from None
        return Response(status=204)


class TotpConfirmView(FactorView):
    """The first code of a new app."""

    @extend_schema(
        operation_id="auth_mfa_totp_confirm",
        tags=["auth"],
        summary="Confirm the authenticator app",
        request=CodeSerializer,
        responses={200: FactorAddedSerializer},
    )
    @ratelimit("account")
    def post(self, request: Request) -> Response:
        """Take the app into use. With the first factor come recovery codes, the other sessions end, and this one counts
        for more with the access token of the answer: those from before open nothing that asks for a recent login.
        """
        code = self.validated(request, CodeSerializer)["code"]
        family, now = own_family(request), timezone.now()
        try:
            added = enrolment.confirm_totp(family, code, request=django_request(request), now=now)
        except FactorRefused:
            wrong = ErrorDetail("This is not a code of the app that was just set up.", "wrong_code")
            raise ValidationError({"code": [wrong]}) from None
        return assured_response(family, now=now, recovery_codes=added.recovery_codes)


class RecoveryCodesView(FactorView):
    """The codes for the day the device is lost."""

    @extend_schema(
        operation_id="auth_mfa_recovery_codes",
        tags=["auth"],
        summary="Make new recovery codes",
        request=None,
        responses={200: RecoveryCodesSerializer, **problems(404)},
    )
    @ratelimit("account")
    def post(self, request: Request) -> Response:
        """Make a new set; the old one is void. It is shown once."""
        try:
            codes = enrolment.regenerate_codes(own_family(request), request=django_request(request), now=timezone.now())
        except enrolment.NotFound:
            raise NotFound from None
        return _secret(Response({"recovery_codes": codes}))


class PasskeyAddOptionsView(FactorView):
    """The challenge for a new passkey."""

    @extend_schema(
        operation_id="auth_mfa_passkey_options",
        tags=["auth"],
        summary="Begin to add a passkey",
        request=None,
        responses={200: CeremonySerializer},
    )
    @ratelimit("account")
    def post(self, request: Request) -> Response:
        """Return the options for `navigator.credentials.create()`."""
        user = own_family(request).user
        return ceremony_response(passkeys.begin_registration(user, request=django_request(request)))


class PasskeysView(FactorView):
    """New passkeys."""

    @extend_schema(
        operation_id="auth_mfa_passkey_add",
        tags=["auth"],
        summary="Add a passkey",
        request=PasskeyAddSerializer,
        responses={201: PasskeyAddedSerializer},
    )
    @ratelimit("account")
    def post(self, request: Request) -> Response:
        """Keep a new passkey. With the first factor come recovery codes, the other sessions end, and this one counts
        for more with the access token of the answer: those from before open nothing that asks for a recent login.
        """
        data = self.validated(request, PasskeyAddSerializer)
        family, now = own_family(request), timezone.now()
        try:
            added = enrolment.add_passkey(
                family,
                data["credential"],
                data["state"],
                name=data["name"],
                request=django_request(request),
                now=now,
            )
        except FactorRefused:
            wrong = ErrorDetail("This passkey cannot be added.", "invalid_passkey")
            raise ValidationError({"credential": [wrong]}) from None
        told = PasskeySerializer(added.passkey).data
        response = assured_response(family, now=now, recovery_codes=added.recovery_codes, **told)
        response.status_code = 201
        return response


class PasskeyView(FactorView):
    """One passkey."""

    @extend_schema(
        operation_id="auth_mfa_passkey_rename",
        tags=["auth"],
        summary="Rename a passkey",
        request=PasskeyNameSerializer,
        responses={200: PasskeySerializer, **problems(404)},
    )
    @ratelimit("account")
    def patch(self, request: Request, passkey_id: UUID) -> Response:
        """Call the passkey something else."""
        name = self.validated(request, PasskeyNameSerializer)["name"]
        try:
            passkey = enrolment.rename_passkey(own_family(request), passkey_id, name)
        except enrolment.NotFound:
            raise NotFound from None
        return Response(PasskeySerializer(passkey).data)

    @extend_schema(
        operation_id="auth_mfa_passkey_remove",
        tags=["auth"],
        summary="Remove a passkey",
        responses={204: REMOVED, **problems(404, 409)},
    )
    @ratelimit("account")
    def delete(self, request: Request, passkey_id: UUID) -> Response:
        """Remove the passkey. Its owner should remove it from the device, too."""
        try:
            enrolment.remove_passkey(own_family(request), passkey_id, request=django_request(request))
        except enrolment.NotFound:
            raise NotFound from None
        except enrolment.LastFactorNeeded:
            raise LastFactor from None
        return Response(status=204)


def _secret(response: Response) -> Response:
    response["Cache-Control"] = "no-store"
    return response
