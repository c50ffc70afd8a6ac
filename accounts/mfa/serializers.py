"""What the routes of second factors take and give."""

from typing import Any

from rest_framework import serializers

from edge.serializers import StrictSerializer

from ..models import Passkey, Transport
from ..serializers import TOKEN_TRANSPORTS, ChallengeField, NewPasswordField
from . import tickets
from .proofs import Method, Proof


class CodeField(serializers.RegexField):
    """Six digits of an authenticator app; a space between them is how apps show them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[0-9]{3} ?[0-9]{3}$", **{"write_only": True, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)).replace(" ", "")


class StateField(serializers.CharField):
    """The ticket that came with a passkey's challenge."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": tickets.MAX_LENGTH, "help_text": "`state` of the options", **kwargs})


class CredentialField(serializers.DictField):
    """A browser's answer, as `PublicKeyCredential.toJSON()` spells it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"help_text": "`PublicKeyCredential.toJSON()`", **kwargs})


class AssertionSerializer(StrictSerializer):
    state = StateField()
    credential = CredentialField()


class ProofFields(StrictSerializer):
    """A second factor: one of the three."""

    totp = CodeField(required=False, help_text="Six digits of the authenticator app")
    recovery_code = serializers.CharField(max_length=64, required=False, write_only=True)
    passkey = AssertionSerializer(required=False)
    challenge = ChallengeField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [method for method in Method if method in attrs]
        if len(given) > 1:
            raise serializers.ValidationError("Send one second factor.", code="ambiguous")
        attrs["proof"] = proof_of(attrs, given[0]) if given else None
        return attrs


class SecondStepSerializer(ProofFields):
    mfa_token = serializers.CharField(max_length=tickets.MAX_LENGTH, help_text="Of the answer `mfa_required`")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs["proof"] is None:
            raise serializers.ValidationError("Send `totp`, `recovery_code` or `passkey`.", code="required")
        return attrs


class ReauthenticateSerializer(ProofFields):
    password = NewPasswordField(required=False, default="", help_text="Not needed with a passkey")


class PasskeyOptionsSerializer(StrictSerializer):
    mfa_token = serializers.CharField(
        max_length=tickets.MAX_LENGTH, required=False, help_text="For a second step; leave it out to log in by passkey"
    )


class PasskeyLoginSerializer(AssertionSerializer):
    transport = serializers.ChoiceField(choices=TOKEN_TRANSPORTS, default=Transport.COOKIE)


class CodeSerializer(StrictSerializer):
    code = CodeField(help_text="Six digits of the authenticator app")


class PasskeyAddSerializer(AssertionSerializer):
    name = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class PasskeyNameSerializer(StrictSerializer):
    name = serializers.CharField(max_length=100, allow_blank=True)


class CeremonySerializer(serializers.Serializer[Any]):
    """What a page hands to `navigator.credentials`."""

    public_key = serializers.DictField(help_text="For `PublicKeyCredential.parse...OptionsFromJSON()`")
    state = serializers.CharField(help_text="Send it back with the browser's answer")


class TotpEnrolmentSerializer(serializers.Serializer[Any]):
    """A seed that waits for its first code. It is shown once."""

    secret = serializers.CharField(help_text="In base 32, for typing it in")
    uri = serializers.CharField(help_text="`otpauth://totp/...`")
    qr = serializers.CharField(help_text="The URI as a QR code: an SVG image in a `data:` URI")


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(), help_text="A new set; it is shown once. Empty where there was one already"
    )


class PasskeySerializer(serializers.ModelSerializer[Passkey]):
    """A passkey, by what its owner knows of it."""

    class Meta:
        model = Passkey
        fields = ("id", "name", "is_synced", "created_at", "last_used_at")


class FactorsSerializer(serializers.Serializer[Any]):
    """The caller's second factors, and how sure this session is."""

    totp = serializers.BooleanField(help_text="Whether an authenticator app is in use")
    passkeys = PasskeySerializer(many=True)
    recovery_codes = serializers.IntegerField(help_text="How many are left")
    is_required = serializers.BooleanField(help_text="Whether the caller's role asks for a second factor")
    acr = serializers.ChoiceField(choices=["aal1", "aal2"])
    amr = serializers.ListField(child=serializers.CharField())
    auth_time = serializers.DateTimeField(help_text="When the credentials were shown last")


class AssuranceSerializer(serializers.Serializer[Any]):
    """How sure the session is now, and an access token that stands for it."""

    access = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["Bearer", "DPoP"])
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires")
    acr = serializers.ChoiceField(choices=["aal1", "aal2"])
    amr = serializers.ListField(child=serializers.CharField())
    auth_time = serializers.DateTimeField()


class FactorAddedSerializer(RecoveryCodesSerializer, AssuranceSerializer):
    """Recovery codes with the first factor, and an access token that stands for it."""


class PasskeyAddedSerializer(PasskeySerializer, FactorAddedSerializer):
    class Meta:
        model = Passkey
        fields = (*PasskeySerializer.Meta.fields, *FactorAddedSerializer().fields)


def proof_of(data: dict[str, Any], method: Method) -> Proof:
    """Return the factor that validated input shows."""
    if method is Method.PASSKEY:
        return Proof(method, credential=data["passkey"]["credential"], state=data["passkey"]["state"])
    return Proof(method, code=data[method])
