"""Whether this process lives, and whether it can serve."""

from django.db import connection
from django.db.utils import Error
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .ratelimit import StoreUnavailable, limiter


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """Answer 200: the process lives. Asks nothing else, so that a lost database does not restart every process."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database answers, else 503; a lost limiter is reported and does not take the process out."""
    database = _database_answers()
    checks = {"database": _word(ok=database), "limiter": _word(ok=_limiter_answers())}
    status = "ready" if database else "unavailable"
    return JsonResponse({"status": status, "checks": checks}, status=200 if database else 503)


def _word(*, ok: bool) -> str:
    return "ok" if ok else "lost"


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _limiter_answers() -> bool:
    shared = limiter().shared
    try:
        if shared is not None:
            shared.reset(["edge:ready"])
    except StoreUnavailable:
        return False
    return True
