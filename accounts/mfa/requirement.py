"""Who needs a second factor, and what they may do until they have one: add one, and nothing else.

An access token of somebody who still has to says so (`mfa_due`), so that nobody else's request costs a look.
"""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.module_loading import import_string
from rest_framework.request import Request

from edge.problems.errors import Problem

from ..conf import conf
from ..models import TokenFamily
from . import holdings
from .assurance import TWO_FACTORS, StepUpNeeded, level_of

#: The claim of an access token whose session lacks the second factor that its user needs.
CLAIM = "mfa_due"
#: The words of MFA_REQUIRED; anything else with a dot is a path.
WORDS = ("", "everybody", "staff", "superusers")


class EnrolmentNeeded(Problem):
    """The user's role asks for a second factor, and there is none yet."""

    status_code = 403
    default_detail = "Your role needs a second factor. Add one first."
    default_code = "mfa_enrolment_required"


def is_required(user: Any) -> bool:
    """Say whether the settings ask this user for a second factor."""
    wanted = conf.mfa_required
    if wanted == "staff":
        return bool(getattr(user, "is_staff", False))
    if wanted == "superusers":
        return bool(getattr(user, "is_superuser", False))
    if "." in wanted:
        return bool(import_string(wanted)(user))
    return wanted == "everybody"


def is_due(user: AbstractBaseUser, family: TokenFamily) -> bool:
    """Say whether a session lacks the second factor that its user needs."""
    return level_of(family.amr) < TWO_FACTORS and is_required(user)


def check(request: Request, user: AbstractBaseUser, token: Any) -> None:
    """Let the session of a user who lacks a needed second factor do nothing but add one.

    A view's methods in `serves_mfa_due` are for that.

    :raises StepUpNeeded: there is a second factor, and it was not shown.
    :raises EnrolmentNeeded: there is none yet.
    """
    if not token.claims.get(CLAIM) or _serves_due(request):
        return
    if token.is_since_login and not is_due(token.family.user, token.family):
        return
    if holdings.is_enrolled(user):
        raise StepUpNeeded(level=TWO_FACTORS)
    raise EnrolmentNeeded


def _serves_due(request: Request) -> bool:
    view = (getattr(request, "parser_context", None) or {}).get("view")
    return request.method in getattr(view, "serves_mfa_due", ())
