"""Views that record things and then answer, crash, or roll back."""

from collections.abc import Iterator

from django.contrib import admin
from django.contrib.auth import authenticate
from django.contrib.auth.backends import BaseBackend
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

import auditlog
from accounts.models import User


def refuse(request: HttpRequest) -> HttpResponse:
    auditlog.record("accounts.login_failed", request=request, outcome="refused", reason=request.GET.get("reason", ""))
    return HttpResponse(status=401)


def refuse_many(request: HttpRequest) -> HttpResponse:
    for number in range(20):
        auditlog.record("accounts.login_failed", outcome="refused", reason=str(number))
    return HttpResponse(status=401)


def crash(request: HttpRequest) -> HttpResponse:
    auditlog.record("accounts.login_failed", request=request, outcome="refused")
    raise ZeroDivisionError


@transaction.atomic
def change(request: HttpRequest) -> HttpResponse:
    User.objects.create_user("new@example.com")
    auditlog.record("accounts.user_registered", request=request)
    return HttpResponse(status=201)


def change_and_roll_back(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        User.objects.create_user("new@example.com")
        auditlog.record("accounts.user_registered")
        auditlog.record("authz.access_denied", outcome="refused")
        transaction.set_rollback(True)
    return HttpResponse(status=403)


def refuse_in_a_broken_transaction(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT no_such_column")
        except Exception as error:
            auditlog.record("edge.server_error", outcome="failed", data={"exception": type(error).__name__})
            raise
    return HttpResponse()


class NobodyEnters(BaseBackend):
    """Refuses everybody, as a backend does that does not know them."""


def tenant(request: HttpRequest) -> str:
    """A getter that believes the client."""
    return str(request.META.get("HTTP_X_TENANT", ""))


def log_in(request: HttpRequest) -> HttpResponse:
    User.objects.create_user("new@example.com")
    if authenticate(request, username=request.POST.get("username"), password=request.POST.get("password")) is None:
        if request.GET["crash"] == "1":
            raise ZeroDivisionError
        transaction.set_rollback(True)
    return HttpResponse(status=401)


def clean(request: HttpRequest) -> HttpResponse:
    return HttpResponse("clean")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[bytes]:
        yield b"first"
        auditlog.record("edge.server_error", request=request, outcome="failed")
        yield b"second"

    return StreamingHttpResponse(lines())


async def refuse_async(request: HttpRequest) -> HttpResponse:
    auditlog.record("accounts.login_failed", outcome="refused", reason="async")
    return HttpResponse(status=401)


urlpatterns = [
    path("admin/", admin.site.urls),
    path("refuse", refuse),
    path("refuse/<str:word>", refuse),
    path("refuse-many", refuse_many),
    path("refuse-async", refuse_async),
    path("crash", crash),
    path("change", change),
    path("change-and-roll-back", change_and_roll_back),
    path("broken", refuse_in_a_broken_transaction),
    path("clean", clean),
    path("log-in", log_in),
    path("stream", stream),
]
