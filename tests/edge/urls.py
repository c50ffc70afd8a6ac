"""Views to send requests at: what the edge does around them is what is tested."""

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from rest_framework import serializers, viewsets
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from edge.csp_reports import csp_report
from edge.exposition import metrics
from edge.health import healthz, readyz
from edge.outbound import fetch
from edge.parsers import body_limit, multipart
from edge.ratelimit import ratelimit
from edge.serializers import PasswordField, StrictSerializer
from edge.versions import deprecated

handler400 = "edge.problems.bad_request"
handler403 = "edge.problems.permission_denied"
handler404 = "edge.problems.not_found"
handler500 = "edge.problems.server_error"


class NoteSerializer(StrictSerializer):
    title = serializers.CharField(max_length=10)
    size = serializers.IntegerField(required=False)
    is_open = serializers.BooleanField(required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=5), required=False, max_length=3)
    password = PasswordField(required=False)
    shown = serializers.CharField(read_only=True)


class Notes(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response({"ok": True})

    def post(self, request: Request) -> Response:
        checked = NoteSerializer(data=request.data)
        checked.is_valid(raise_exception=True)
        return Response({"got": dict(checked.validated_data)})

    @body_limit(100)
    def put(self, request: Request) -> Response:
        return Response({"got": request.data})


class Uploads(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (MultiPartParser,)

    def post(self, request: Request) -> Response:
        return Response({"got": list(request.data)})


@multipart
@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"got": request.POST["a"]})


class Fetching(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response({"status": fetch(request.query_params["url"], request=request).status})


class Failing(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request, how: str) -> Response:
        errors: dict[str, Exception] = {
            "crash": RuntimeError("secret detail"),
            "missing": Http404("No Secret matches"),
            "forbidden": PermissionDenied("secret reason"),
            "invalid": serializers.ValidationError({"a": {"b": ["No."]}, "list": [{}, {"c/d": ["No."]}]}),
        }
        raise errors[how]


def plain_failing(request: HttpRequest, how: str) -> HttpResponse:
    errors: dict[str, Exception] = {
        "crash": RuntimeError("secret detail"),
        "missing": Http404("No Secret matches"),
        "forbidden": PermissionDenied("secret reason"),
        "suspicious": SuspiciousOperation("secret detail"),
    }
    raise errors[how]


def _asked_status(request: Request) -> int:
    data: Any = request.data
    return int(data.get("status", 200))


@ratelimit(key="ip", rate="2/m")
def limited(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@ratelimit(key="ip", rate="2/m", block=False)
def watched(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"limited": vars(request)["limited"]})


@ratelimit(key="ip", rate="2/m")
async def limited_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@method_decorator(ratelimit(key="ip", rate="2/m"), name="dispatch")
class LimitedByMethodDecorator(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")


@ratelimit(key="ip", rate="2/m")
class LimitedClass(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")


@ratelimit(key="ip", rate="2/m")
class LimitedOtherClass(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")


@method_decorator(ratelimit(key="ip", rate="2/m"), name="dispatch")
class LimitedOtherDispatch(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")


@ratelimit("anonymous_read")
class LimitedNamedClass(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return Response({})


@method_decorator(ratelimit("anonymous_read"), name="dispatch")
class LimitedNamedDispatch(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")


class LimitedGets(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @ratelimit(key="ip", rate="2/m", method="GET")
    def get(self, request: Request) -> Response:
        return Response({})


class LimitedMethods(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @ratelimit(key="ip", rate="2/m", skip_successful=True)
    def post(self, request: Request) -> Response:
        return Response(status=_asked_status(request))

    @ratelimit(key="body:email", rate="2/m")
    def put(self, request: Request) -> Response:
        return Response({})


class LimitedActions(viewsets.ViewSet):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @ratelimit(key="ip", rate="2/m")
    def list(self, request: Request) -> Response:
        return Response([])

    def create(self, request: Request) -> Response:
        return Response({})


@ratelimit("login")
@api_view(["POST"])
@authentication_classes(())
@permission_classes((AllowAny,))
def login(request: Request) -> Response:
    return Response(status=_asked_status(request))


_ENDING: dict[str, Any] = {
    "since": datetime(2026, 1, 1, tzinfo=UTC),
    "sunset": datetime(2026, 7, 1, tzinfo=UTC),
    "successor": "/api/v1/notes",
    "documentation": "https://example.org/changes",
}


@deprecated(**_ENDING)
class OldNotes(Notes):
    """What came before."""


@deprecated(**_ENDING)
def old_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("old", headers={"Link": "</next>; rel=next"})


@deprecated(**_ENDING)
async def old_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse("old")


class OldMethod(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @deprecated(**_ENDING)
    def get(self, request: Request) -> Response:
        return Response({})

    def post(self, request: Request) -> Response:
        return Response({})


async def asynchronous(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"limited": vars(request).get("limited")})


@ratelimit("login")
async def asynchronous_login(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=int(request.GET.get("status", "200")))


@csrf_protect
def guarded(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def page(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("<!doctype html><title>x</title>")
    for name in request.GET:
        response.headers[name] = request.GET[name]
    return response


def who(request: HttpRequest) -> JsonResponse:
    from edge.client_ip import client_ip
    from edge.context import request_id

    return JsonResponse({"ip": client_ip(request), "id": request_id(), "secure": request.is_secure()})


def _view(view: Any) -> Any:
    return view.as_view()


urlpatterns: list[URLPattern | URLResolver] = [
    path("csp-report", csp_report),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("api/notes", _view(Notes), name="notes"),
    path("api/v0/notes", _view(OldNotes)),
    path("api/v0/page", old_page),
    path("api/v0/async", old_async),
    path("api/v0/method", _view(OldMethod)),
    path("api/async", asynchronous, name="async"),
    path("api/async-login", asynchronous_login),
    path("async", asynchronous),
    path("api/upload", _view(Uploads)),
    path("api/upload-plain", upload),
    path("api/fetch", _view(Fetching)),
    path("api/fail/<how>", _view(Failing)),
    path("fail/<how>", plain_failing),
    path("api/plain/<how>", plain_failing),
    path("limited", limited),
    path("limited-async", limited_async),
    path("watched", watched),
    path("limited-dispatch", _view(LimitedByMethodDecorator)),
    path("limited-class", _view(LimitedClass)),
    path("limited-other-class", _view(LimitedOtherClass)),
    path("limited-other-dispatch", _view(LimitedOtherDispatch)),
    path("limited-named-class", _view(LimitedNamedClass)),
    path("limited-named-dispatch", _view(LimitedNamedDispatch)),
    path("limited-gets", _view(LimitedGets)),
    path("api/limited-gets", _view(LimitedGets)),
    path("limited-methods", _view(LimitedMethods)),
    path("limited-actions", LimitedActions.as_view({"get": "list", "post": "create"})),
    path("api/login", login),
    path("guarded", guarded),
    path("page", page, name="page"),
    path("api/page", page),
    path("who", who),
    path("api/who", who),
]
