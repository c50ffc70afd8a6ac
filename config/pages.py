"""The pages for people: what protects this server, a client that tries to get past it, and the API documentation."""

from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from authz.drf import public
from authz.drf.schema import RoleSchemaMixin
from edge.client_ip import client_ip

from . import demo
from .protections import groups


def may_look_inside(request: HttpRequest) -> bool:
    """Tell whether the caller sees how this server is built: everybody with `PAGES_OPEN`, else signed-in staff."""
    return settings.PAGES_OPEN or (request.user.is_active and request.user.is_staff)


@public("the page that everybody comes to first")
@require_safe
@never_cache
def landing(request: HttpRequest) -> HttpResponse:
    """Show what protects this server, in which state, and the demo client."""
    people = demo_people(request)
    context = {"groups": groups(), "show_state": may_look_inside(request), "people": people}
    answer = render(request, "config/landing.html", context)
    if people:
        answer.headers[demo.MARK_HEADER] = demo.mark(people)  # `simulate_attack` plays against nothing else
    return answer


@public("browsers ask for it unasked")
@require_safe
def favicon(_request: HttpRequest) -> HttpResponse:
    """Send a browser to the icon: one that shows a page without a link to it asks here."""
    return redirect(static("config/icon.svg"))


def demo_people(request: HttpRequest) -> list[demo.DemoUser]:
    """Return the demo's accounts with their passwords: in development, and to a browser on this machine, alone."""
    address = client_ip(request)
    if not settings.DEBUG or not address or not ip_address(address).is_loopback:
        return []
    kept = demo.read()
    return kept["users"] if kept else []


class MayLookInside(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - REST framework's signature
        return may_look_inside(request)


@public("open where PAGES_OPEN says so; MayLookInside decides otherwise")
class SchemaView(RoleSchemaMixin, SpectacularAPIView):
    """The OpenAPI document; with `?role=` as the holders of a role get it."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [MayLookInside]


class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI with its program in a file of its own: the stock page holds it inline, which our CSP refuses."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [MayLookInside]
    template_name = "config/docs.html"


_swagger = SwaggerView.as_view()


@public("open where PAGES_OPEN says so; MayLookInside decides otherwise")
@require_safe
def docs(request: HttpRequest) -> HttpResponseBase:
    """Show the API documentation; who has not signed in is asked to, where it is not open."""
    if not may_look_inside(request) and request.user.is_anonymous:
        return redirect_to_login(request.get_full_path())
    return _swagger(request)
