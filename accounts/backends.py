"""Django's own logins: the admin's, and any that calls `django.contrib.auth.authenticate`."""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone

from .login import LoginRefused, authenticate
from .models import AccountLock


class GuessBudgetBackend(ModelBackend):
    """Checks passwords at the same price, by the same budget and with the same event as the API's login.

    A form that can show a challenge passes `challenge`, the solution or an empty text; for one that does not, the
    admin's own among them, the guesses after which a challenge would be due are all there are. `refusal_of(request)`
    tells a page why.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        """Return the user, or None where something is missing.

        :raises PermissionDenied: it is refused; Django then asks no other backend, which would not count the guess.
        """
        name = kwargs.get(get_user_model().USERNAME_FIELD, "") if username is None else username
        if not name or password is None:
            return None
        solution, can_challenge = kwargs.get("challenge", ""), "challenge" in kwargs
        checked = authenticate(name, password, request=request, solution=solution, can_challenge=can_challenge)
        if isinstance(checked, LoginRefused):
            if request is not None:
                vars(request)["_accounts_refused"] = checked
            raise PermissionDenied
        return checked

    async def aauthenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        return await sync_to_async(self.authenticate)(request, username, password, **kwargs)

    def get_user(self, user_id: Any) -> Any:
        """Return the user of a session, unless the account was deactivated or locked."""
        user = _unlocked().filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    async def aget_user(self, user_id: Any) -> Any:
        user = await _unlocked().filter(pk=user_id).afirst()
        return user if user is not None and self.user_can_authenticate(user) else None


def refusal_of(request: HttpRequest) -> LoginRefused | None:
    """Return why the login that ``request`` tried was refused, or None."""
    found: LoginRefused | None = vars(request).get("_accounts_refused")
    return found


def _unlocked() -> Any:
    locks = AccountLock.objects.active(timezone.now()).filter(user_id=OuterRef("pk"))
    users: type[AbstractBaseUser] = get_user_model()
    return users._default_manager.exclude(Exists(locks))  # noqa: SLF001 - documented
