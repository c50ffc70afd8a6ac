"""Tenants, memberships and grants in the Django admin; who gave what is taken from the session, never from a form."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Field
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from .access_page import access_view
from .models import Grant, Membership, Tenant
from .roles import declared_roles, known_roles

if TYPE_CHECKING:
    _TenantBase = admin.ModelAdmin[Tenant]
    _MembershipBase = admin.ModelAdmin[Membership]
    _GrantBase = admin.ModelAdmin[Grant]
else:
    _TenantBase = _MembershipBase = _GrantBase = admin.ModelAdmin


def _choose_role(roles: frozenset[str], *, required: bool) -> forms.ChoiceField:
    empty = [] if required else [("", "---------")]
    return forms.ChoiceField(choices=[*empty, *((role, role) for role in sorted(roles))], required=required)


@admin.register(Tenant)
class TenantAdmin(_TenantBase):
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("name", "pk")


@admin.register(Membership)
class MembershipAdmin(_MembershipBase):
    list_display = ("user", "tenant", "role", "granted_by", "created_at")
    list_filter = ("role", "tenant")
    list_select_related = ("user", "tenant", "granted_by")
    search_fields = ("tenant__name", "role")
    autocomplete_fields = ("tenant",)
    raw_id_fields = ("user",)
    readonly_fields = ("granted_by", "created_at")
    ordering = ("-created_at", "-pk")
    change_list_template = "bulwark_authz/membership_list.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the page that tells who may do what."""
        return [
            path("access/", self.admin_site.admin_view(self._access), name="bulwark_authz_access"),
            *super().get_urls(),
        ]

    def _access(self, request: HttpRequest) -> HttpResponse:
        return access_view(request, self.admin_site)

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role":
            return _choose_role(declared_roles(), required=True)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Membership, form: "ModelForm[Membership]", change: bool) -> None:
        obj.granted_by_id = request.user.pk
        super().save_model(request, obj, form, change)


@admin.register(Grant)
class GrantAdmin(_GrantBase):
    """Made and ended, never changed: the log then tells who could do what, and when."""

    list_display = ("action", "content_type", "object_id", "user", "role", "expires_at", "granted_by")
    list_filter = ("action", "content_type", "role")
    list_select_related = ("user", "content_type", "granted_by")
    search_fields = ("object_id", "action", "role")
    raw_id_fields = ("user",)
    readonly_fields = ("granted_by", "created_at")
    ordering = ("-created_at", "-pk")

    def has_change_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:  # noqa: ARG002
        return False

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role":
            return _choose_role(known_roles(), required=False)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Grant, form: "ModelForm[Grant]", change: bool) -> None:
        obj.granted_by_id = request.user.pk
        super().save_model(request, obj, form, change)
