"""What the routes take and give."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError as Refused
from django.core.validators import MaxLengthValidator
from rest_framework import serializers

from edge.serializers import PasswordField, StrictSerializer

from . import people
from .conf import conf
from .jose import MAX_TOKEN_LENGTH
from .links import MAX_LENGTH
from .models import TokenFamily, Transport
from .names import validate_name


class NewPasswordField(PasswordField):
    """A password to set; what is too long is refused before anything hashes or compares it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(MaxLengthValidator(lambda: conf.max_password_length))


class NameField(serializers.CharField):
    """What somebody wants to be called; it may be empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 150, "allow_blank": True, **kwargs})
        self.validators.append(validate_name)


class ChallengeField(serializers.CharField):
    """The solution of a challenge; needed after an answer `challenge_required`."""

    def __init__(self, **kwargs: Any) -> None:
        options = {"required": False, "allow_blank": True, "default": "", "max_length": 4096}
        super().__init__(**{**options, "help_text": "The solution of a challenge, where one was asked for", **kwargs})


class IssuedChallengeSerializer(serializers.Serializer[Any]):
    """A challenge of Altcha, version 2."""

    parameters = serializers.DictField(help_text="How to solve it; signed as it is")
    signature = serializers.CharField()


class AddressField(serializers.EmailField):
    """An address in the one spelling that is kept."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return people.plain_address(text)
        except Refused as error:
            raise serializers.ValidationError(error.messages[0], code="invalid") from None


class RegisterSerializer(StrictSerializer):
    email = AddressField()
    password = NewPasswordField()
    name = NameField(required=False, default="")


class EmailSerializer(StrictSerializer):
    email = AddressField()


class LinkSerializer(StrictSerializer):
    token = serializers.CharField(max_length=MAX_LENGTH, help_text="What stands after `#token=` in the mailed link")


#: How a client may be given tokens; a browser's session has none.
TOKEN_TRANSPORTS = [(each.value, each.label) for each in Transport if each is not Transport.SESSION]


class LoginSerializer(StrictSerializer):
    """The account is named by what the user model logs in with: `email` for ours."""

    password = NewPasswordField()
    transport = serializers.ChoiceField(
        choices=TOKEN_TRANSPORTS,
        default=Transport.COOKIE,
        help_text="Where the refresh token goes: a browser takes `cookie`, another client `body`",
    )
    challenge = ChallengeField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        name = get_user_model().USERNAME_FIELD
        return {name: serializers.CharField(max_length=254), **super().get_fields()}


class TokenField(serializers.CharField):
    """A token as text. Its length counts here; its letters count where it is read, and are not looked at twice."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_TOKEN_LENGTH, **kwargs)
        self.validators = [each for each in self.validators if isinstance(each, MaxLengthValidator)]


class RefreshSerializer(StrictSerializer):
    refresh = TokenField(required=False, help_text="The refresh token; leave it out to use the cookie")


class TokensSerializer(serializers.Serializer[Any]):
    """An access token, and with transport `body` the next refresh token."""

    access = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["Bearer", "DPoP"])
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires")
    refresh = serializers.CharField(required=False, help_text="With transport `body` only")


class MessageSerializer(serializers.Serializer[Any]):
    """An answer that is the same whether or not the address is known."""

    detail = serializers.CharField()


class SessionSerializer(serializers.ModelSerializer[TokenFamily]):
    """A device that is logged in."""

    is_current = serializers.SerializerMethodField(help_text="Whether this request is made with it")

    class Meta:
        model = TokenFamily
        fields = ("id", "label", "ip", "created_at", "rotated_at", "expires_at", "transport", "is_current")
        extra_kwargs = {"rotated_at": {"help_text": "When it last renewed its tokens: used within minutes of that"}}

    def get_is_current(self, family: TokenFamily) -> bool:
        return bool(family.pk == self.context["current"])


class SessionListSerializer(serializers.Serializer[Any]):
    results = SessionSerializer(many=True)


class ProfileSerializer(serializers.Serializer[Any]):
    """The account itself."""

    id = serializers.CharField(source="pk", read_only=True)
    email = serializers.SerializerMethodField()
    name = serializers.SerializerMethodField()
    email_verified = serializers.SerializerMethodField()
    date_joined = serializers.DateTimeField(read_only=True)
    tenant = serializers.SerializerMethodField(help_text="The tenant this session is for; may be empty")

    def get_email(self, user: Any) -> str:
        return people.email_of(user)

    def get_name(self, user: Any) -> str:
        return people.name_of(user)

    def get_email_verified(self, user: Any) -> bool:
        return people.is_verified(user)

    def get_tenant(self, _user: Any) -> str:
        return str(self.context["tenant"])


class ProfileChangeSerializer(StrictSerializer):
    name = NameField()


class PasswordChangeSerializer(StrictSerializer):
    current_password = NewPasswordField()
    new_password = NewPasswordField()


class PasswordResetSerializer(EmailSerializer):
    challenge = ChallengeField()


class PasswordResetConfirmSerializer(StrictSerializer):
    token = serializers.CharField(max_length=MAX_LENGTH, help_text="What stands after `#token=` in the mailed link")
    new_password = NewPasswordField()
