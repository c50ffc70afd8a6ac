"""How sure it is who is asking: how many factors were shown, and how long ago (RFC 9470, NIST SP 800-63B-4).

Note [old tokens]. What was shown counts for access tokens that were issued then or later. One from before may have been
copied, and its copy would gain what the owner shows now (OWASP ASVS 5.0, V7.2.4): it stands for one factor, shown long
ago. The answers of `reauthenticate` and of what adds a factor have a token that counts, and each refresh gives one.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.request import Request

from edge.problems.errors import Problem

from ..conf import conf
from ..models import TokenFamily
from . import holdings

#: The level of a session in which more than one factor was shown.
TWO_FACTORS = 2


class StepUpNeeded(Problem):
    """The session is not sure enough for this: show the credentials again, or a second factor (RFC 9470, section 3).

    :param level: the level that is needed; None where the level will do.
    :param window: how long ago the credentials may have been shown; None where any time will do.
    """

    status_code = 401
    default_detail = "Show your credentials again for this."
    default_code = "insufficient_user_authentication"

    def __init__(self, *, level: int | None = None, window: timedelta | None = None) -> None:
        wanted: dict[str, Any] = {}
        if level is not None:
            wanted["acr_values"] = acr(level)
        if window is not None:
            wanted["max_age"] = math.ceil(window.total_seconds())
        words = ", ".join(f'{name}="{value}"' for name, value in wanted.items())
        challenge = f'{conf.auth_header_types[0]} realm="api", error="{self.default_code}", {words}'
        super().__init__(headers={"WWW-Authenticate": challenge}, **wanted)


def acr(level: int) -> str:
    """Return the name of a level: `aal1`, `aal2`."""
    return f"aal{level}"


def level_of(amr: Sequence[str]) -> int:
    """Return the level of a session by what was shown for it (RFC 8176)."""
    return TWO_FACTORS if "mfa" in amr else 1


def family_of(request: HttpRequest | Request) -> TokenFamily | None:
    """Return the session that a request is made in, by token or by cookie, or None."""
    from ..current import current_family  # it imports what reads tokens, which imports this

    return current_family(request)


def level(request: HttpRequest | Request) -> int:
    """Return the level of the session that a request is made in; 0 without one."""
    shown = _shown(request)
    return level_of(shown.amr) if shown else int(family_of(request) is not None)


def is_two_factor(request: HttpRequest | Request) -> bool:
    """Say whether more than one factor was shown in the session that a request is made in."""
    return level(request) >= TWO_FACTORS


def is_recent(request: HttpRequest | Request, minutes: float) -> bool:
    """Say whether the credentials were shown within so many minutes; False without a session."""
    shown = _shown(request)
    return shown is not None and _is_within(shown, timedelta(minutes=minutes), now=timezone.now())


def require(
    request: HttpRequest | Request, *, level_needed: int | None = None, window: timedelta | None = None
) -> None:
    """Check that the session is sure enough.

    :raises StepUpNeeded: it is not; what is missing stands in the answer.
    """
    shown = _shown(request)
    is_low = level_needed is not None and level(request) < level_needed
    is_old = window is not None and (shown is None or not _is_within(shown, window, now=timezone.now()))
    if is_low or is_old:
        raise StepUpNeeded(level=level_needed, window=window)


def require_for_change(request: HttpRequest | Request) -> None:
    """Check that the session may change credentials: a recent login, with the second factor where there is one.

    ASVS 5.0, V7.5.1.

    :raises StepUpNeeded: it may not yet.
    """
    require(request, level_needed=TWO_FACTORS if _is_enrolled(request) else None, window=conf.recent_login)


def may_change(family: TokenFamily, *, now: datetime) -> bool:
    """Say whether a session may change its user's credentials; for pages, which redirect where an API refuses."""
    is_sure = level_of(family.amr) >= TWO_FACTORS or not holdings.is_enrolled(family.user)
    return is_sure and _is_within(family, conf.recent_login, now=now)


def may_act(request: HttpRequest | Request) -> bool:
    """Say the same of the session that a request is made in, for what staff do to others; False without a session."""
    shown = _shown(request)
    return shown is not None and may_change(shown, now=timezone.now())


def lacks_second_factor(family: TokenFamily, *, now: datetime) -> bool:
    """Say whether the user has a second factor that was not shown recently in this session."""
    return holdings.is_enrolled(family.user) and not may_change(family, now=now)


def require_second_factor(request: HttpRequest | Request) -> None:
    """Check the same where the route asks for the password itself: only a user with a second factor needs more.

    :raises StepUpNeeded: it was not shown, or not recently.
    """
    shown = _shown(request)
    if shown is not None:
        is_lacking = lacks_second_factor(shown, now=timezone.now())
    else:  # a host's own way to say who asks shows no second factor, and an old token none that counts
        is_lacking = request.user.is_authenticated and holdings.is_enrolled(request.user)
    if is_lacking:
        raise StepUpNeeded(level=TWO_FACTORS, window=conf.recent_login)


def _shown(request: HttpRequest | Request) -> TokenFamily | None:
    """Return the session if what was shown in it counts for this request: Note [old tokens]."""
    from ..current import current_token  # as above

    token = current_token(request)
    return family_of(request) if token is None or token.is_since_login else None


def _is_enrolled(request: HttpRequest | Request) -> bool:
    family = family_of(request)
    return family is not None and holdings.is_enrolled(family.user)


def _is_within(family: TokenFamily, window: timedelta, *, now: datetime) -> bool:
    return now - family.auth_time <= window
