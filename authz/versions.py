"""The authorization version of a user: as an expression for a query of others, and of a request."""

from typing import Any

from django.db.models import Expression, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from .models import AuthorizationVersion

NO_VERSION = 0


def version_of(user_reference: str) -> Expression:
    """Return an expression for the version of the user whom an outer query's field names ("user_id"), or for 0.

    Annotate the query that authenticates with it: a change of roles then counts on the next request, at no query more.
    """
    rows = AuthorizationVersion.objects.filter(user_id=OuterRef(user_reference)).values("version")
    return Coalesce(Subquery(rows), Value(NO_VERSION))


def current(user_id: Any) -> int:
    """Return the version of a user, 0 if no membership was ever made. One query."""
    found = AuthorizationVersion.objects.filter(user_id=user_id).values_list("version", flat=True).first()
    return found or NO_VERSION


def of_request(request: HttpRequest) -> int:
    """Return the version that came with the session (`request.auth.family.authorization_version`), else ask."""
    family = getattr(getattr(request, "auth", None), "family", None)
    version = getattr(family, "authorization_version", None)
    if version is not None:
        return int(version)
    user: Any = request.user
    return current(user.pk)
