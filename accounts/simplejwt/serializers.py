"""simplejwt's serializers by name."""

from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone
from django.utils.functional import classproperty
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers

from edge.problems import Problem

from ..login import LoginRefused, authenticate
from ..logout import end_by_holder
from ..mfa import second_step
from ..mfa.second_step import SecondStepSkipped
from ..models import EndReason, Transport
from ..rotation import Refused, rotate_tokens
from ..serializers import NewPasswordField, TokenField
from .base import TokenError
from .tokens import RefreshToken, UntypedToken, current_request


class SecondFactorNeeded(Problem):
    """The password is right, and the user has a second factor: the route `login/mfa` takes the token."""

    status_code = 401
    default_detail = _("Show a second factor.")
    default_code = "mfa_required"


class TokenObtainSerializer(serializers.Serializer[Any]):
    """Checks credentials; subclasses say what they give for them."""

    default_error_messages = {"no_active_account": _("No active account found with the given credentials")}
    user: AbstractBaseUser

    def get_fields(self) -> dict[str, Any]:
        name = serializers.CharField(max_length=254, write_only=True)
        return {**super().get_fields(), self.username_field: name, "password": NewPasswordField()}

    @classproperty
    def username_field(cls) -> str:  # noqa: N805 - a property of the class, as simplejwt's
        """What the user model logs in with."""
        field: str = get_user_model().USERNAME_FIELD
        return field

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        request = self.context.get("request")
        checked = authenticate(
            attrs[self.username_field],
            attrs["password"],
            request=getattr(request, "_request", request),
            can_challenge=False,
        )
        if isinstance(checked, LoginRefused):
            if checked.exhausted is not None:
                raise checked.exhausted.problem()
            raise exceptions.AuthenticationFailed(self.error_messages["no_active_account"], "no_active_account")
        self.user = checked
        self.ask_second_factor()
        return {}

    def ask_second_factor(self) -> None:
        """Refuse a user who has a second factor.

        :raises SecondFactorNeeded: it has the token that `login/mfa` takes.
        """
        if needed := second_step.begin(self.user, transport=Transport.BODY, amr=["pwd"]):
            raise SecondFactorNeeded(mfa_token=needed.token, methods=[*needed.methods])


class TokenObtainPairSerializer(TokenObtainSerializer):
    """Gives a pair of tokens. A project that sets other rules overrides `get_token`."""

    token_class: ClassVar[type[RefreshToken]] = RefreshToken

    @classmethod
    def get_token(cls, user: AbstractBaseUser) -> RefreshToken:
        """Return the refresh token of a new session."""
        return cls.token_class.for_user(user)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        super().validate(attrs)
        request = self.context.get("request")
        asking = current_request.set(getattr(request, "_request", request))
        try:
            refresh = self.get_token(self.user)
        except SecondStepSkipped:  # it was added this moment
            self.ask_second_factor()
            raise TokenError(_("Token is invalid or expired")) from None
        finally:
            current_request.reset(asking)
        return {"refresh": str(refresh), "access": str(refresh.access_token)}


class TokenRefreshSerializer(serializers.Serializer[Any]):
    """Exchanges a refresh token. It always rotates, and a token used twice ends its session."""

    default_error_messages = {"no_active_account": _("No active account found for the given token.")}
    refresh = TokenField()
    access = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        request = self.context.get("request")
        inner = getattr(request, "_request", request)
        outcome = rotate_tokens(attrs["refresh"], request=inner, now=timezone.now())
        if isinstance(outcome, Refused):
            if outcome.reason == EndReason.DEACTIVATED:
                raise exceptions.AuthenticationFailed(self.error_messages["no_active_account"], "no_active_account")
            raise TokenError(_("Token is invalid or expired"))
        return {"access": outcome.access, "refresh": outcome.refresh}


class TokenVerifySerializer(serializers.Serializer[Any]):
    """Says whether a text is a token of ours."""

    token = TokenField(write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        UntypedToken(attrs["token"])
        return {}


class TokenBlacklistSerializer(serializers.Serializer[Any]):
    """Ends the session of a refresh token."""

    refresh = TokenField(write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        family, request = RefreshToken(attrs["refresh"]).family, self.context.get("request")
        end_by_holder(family, request=getattr(request, "_request", request), now=timezone.now())
        return {}
