"""Step-up for views of REST framework; pages have `accounts.decorators`.

`permission_classes = [IsAuthenticated, RecentLogin(10), AssuranceLevel(2)]`. A session that is not sure enough gets 401
with a challenge that says what is missing (RFC 9470), not 403: its user can do something about it.
"""

from datetime import timedelta
from typing import Any, Self

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from . import assurance


class _Configured(BasePermission):
    """A permission that stands in `permission_classes` as an instance: REST framework calls what it finds there."""

    def __call__(self) -> Self:
        return self


class RecentLogin(_Configured):
    """Asks for credentials that were shown a short while ago.

    :param minutes: how long ago at most.
    """

    def __init__(self, minutes: float) -> None:
        self.window = timedelta(minutes=minutes)

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - its signature
        assurance.require(request, window=self.window)
        return True


class AssuranceLevel(_Configured):
    """Asks for a session in which so many factors were shown.

    :param level: 1 or 2.
    """

    def __init__(self, level: int) -> None:
        self.level = level

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - as above
        assurance.require(request, level_needed=self.level)
        return True


class CredentialChange(BasePermission):
    """Asks for what a change of credentials needs: a recent login, with the second factor where there is one."""

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - as above
        assurance.require_for_change(request)
        return True


class SecondFactor(BasePermission):
    """Asks for the second factor of a user who has one; for routes that ask for the password themselves."""

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - as above
        assurance.require_second_factor(request)
        return True
