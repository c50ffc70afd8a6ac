"""Users and sessions in the Django admin. Nobody chooses another's password here, and no page shows a secret."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from edge.ratelimit import StoreUnavailable

from . import browser_sessions, locks, mail, passwords, people, revocation, signals
from .backends import refusal_of
from .decorators import recent_login_to_act
from .guessing import Exhausted, reserve, trust_device
from .mfa import assurance, enrolment
from .models import AccountLock, TokenFamily, TokenFamilyQuerySet, User
from .oauth.admin import OAuthClientAdmin
from .reasons import MAX_REASON
from .views.pages.reauthenticate import to_reauthentication, to_second_factor

__all__ = ["OAuthClientAdmin", "TokenFamilyAdmin", "UserAdmin", "password_change"]

if TYPE_CHECKING:  # Django's classes take no type arguments at run time
    _Inline = admin.TabularInline[TokenFamily, User]
    _FamilyAdmin = admin.ModelAdmin[TokenFamily]
    _UserAdmin = admin.ModelAdmin[User]
else:
    _Inline, _FamilyAdmin, _UserAdmin = admin.TabularInline, admin.ModelAdmin, admin.ModelAdmin

SHOWN = ("label", "ip", "created_at", "rotated_at", "expires_at", "revoked_at", "revoke_reason")


class ReasonForm(ActionForm):
    """The box beside the actions."""

    reason = forms.CharField(label=_("Reason"), max_length=MAX_REASON, required=False)


class ReadOnly:
    """Shows rows and changes none."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


class SessionInline(ReadOnly, _Inline):
    """The sessions of one user that are alive."""

    model = TokenFamily
    fields = readonly_fields = SHOWN[:5]
    ordering = ("-rotated_at", "-pk")
    extra = 0
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenFamily]:
        return TokenFamily.objects.filter(pk__in=super().get_queryset(request)).live(timezone.now())


class NoOracle:
    """Refuses filters on any field that no page shows: the count of a filtered list would tell it, letter by letter."""

    lookups: tuple[str, ...]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:  # noqa: ARG002
        return lookup.partition("__")[0] in self.lookups


@admin.register(TokenFamily)
class TokenFamilyAdmin(NoOracle, ReadOnly, _FamilyAdmin):
    """Sessions: read, and ended with a reason."""

    list_display = ("user", *SHOWN)
    list_filter = ("transport", "revoke_reason", "created_at")
    lookups = (*list_filter, "id", "pk")
    list_select_related = ("user",)
    search_fields = (f"user__{get_user_model().get_email_field_name()}", "ip", "label", "tenant")
    ordering = ("-created_at", "-pk")
    fields = readonly_fields = (
        *("user", "tenant", "label", "user_agent", "ip", "transport", "client", "amr", "auth_time", "generation"),
        *SHOWN[2:],
    )
    action_form = ReasonForm
    actions = ("end_selected", "end_of_users", "end_of_tenants")
    show_full_result_count = False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Say whether the caller may end sessions: whoever may change them."""
        return request.user.has_perm(f"{TokenFamily._meta.app_label}.change_tokenfamily")  # noqa: SLF001

    @admin.action(description=_("End the selected sessions"), permissions=["revoke"])
    @recent_login_to_act
    def end_selected(self, request: HttpRequest, queryset: QuerySet[TokenFamily]) -> None:
        self._end(request, TokenFamily.objects.filter(pk__in=queryset.values("pk")))

    @admin.action(description=_("End all sessions of these users"), permissions=["revoke"])
    @recent_login_to_act
    def end_of_users(self, request: HttpRequest, queryset: QuerySet[TokenFamily]) -> None:
        self._end(request, TokenFamily.objects.filter(user__in=queryset.values("user")))

    @admin.action(description=_("End all sessions in these tenants"), permissions=["revoke"])
    @recent_login_to_act
    def end_of_tenants(self, request: HttpRequest, queryset: QuerySet[TokenFamily]) -> None:
        self._end(request, TokenFamily.objects.filter(tenant__in=queryset.values("tenant")))

    def _end(self, request: HttpRequest, found: TokenFamilyQuerySet) -> None:
        reason = request.POST.get("reason", "")
        try:
            ended = revocation.revoke(
                found, reason=reason, by="admin", request=request, user=request.user, now=timezone.now()
            )
        except ValueError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        text = ngettext("%d session has ended.", "%d sessions have ended.", ended)
        self.message_user(request, text % ended, messages.SUCCESS)


class UserAdmin(NoOracle, _UserAdmin):
    """Accounts. A new one gets a link to choose a password; an old one can be sent another (ASVS 5.0, V6.4.6)."""

    list_display = ("email", "name", "is_active", "is_staff", "email_verified_at", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    lookups = (*list_filter, "id", "pk")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("email_verified_at", "last_login", "date_joined", "locked")
    filter_horizontal = ("groups", "user_permissions")
    fieldsets = (
        (None, {"fields": ("email", "name", "is_active")}),
        (_("Rights"), {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Dates"), {"fields": readonly_fields}),
    )
    action_form = ReasonForm
    actions = ("mail_reset", "reset_mfa", "lock", "unlock")
    inlines = (SessionInline,)
    #: Only who has all rights gives rights: otherwise whoever may change users could make themselves superuser.
    rights = ("is_staff", "is_superuser", "groups", "user_permissions")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else ((None, {"fields": ("email", "name")}),)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return super().get_inlines(request, obj) if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        found = super().get_readonly_fields(request, obj)
        return found if request.user.is_superuser else (*found, *self.rights)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return not _is_out_of_reach(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return not _is_out_of_reach(request, obj) and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            _save_changed(obj, form)
            return
        obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        passwords.send_reset(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        tell_administered(request, form.instance, "changed" if change else "added", sorted(form.changed_data))

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        with transaction.atomic():
            tell_administered(request, obj, "deleted")
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        with transaction.atomic():
            for user in queryset:
                tell_administered(request, user, "deleted")
            super().delete_queryset(request, queryset)

    @admin.action(description=_("Mail a link to set a new password"), permissions=["change"])
    def mail_reset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        found = [user for user in queryset if user.is_active and self.has_change_permission(request, user)]
        for user in found:
            passwords.send_reset(user)
        text = ngettext("%d link is on its way.", "%d links are on their way.", len(found))
        self.message_user(request, text % len(found), messages.SUCCESS)

    @admin.display(description=_("locked"))
    def locked(self, user: User) -> str:
        """Say what lock of staff holds."""
        held = AccountLock.objects.of(user).active(timezone.now()).first()
        if held is None:
            return "-"
        until = gettext("it is taken off")
        if held.until is not None:
            until = date_format(timezone.localtime(held.until), "DATETIME_FORMAT")
        return gettext("until %(until)s: %(reason)s") % {"until": until, "reason": held.reason}

    @admin.action(description=_("Lock until it is taken off"), permissions=["change"])
    @recent_login_to_act
    def lock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For accounts that somebody else may be in; their sessions end."""
        found = [user for user in queryset if user != request.user and self.has_change_permission(request, user)]
        given = _given(request)
        try:
            done = _count_done(found, partial(locks.lock, until=None, now=timezone.now(), **given))
        except ValueError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        text = ngettext("%d account is locked.", "%d accounts are locked.", done)
        self.message_user(request, text % done, messages.SUCCESS)

    @admin.action(description=_("Unlock, and forget wrong guesses"), permissions=["change"])
    @recent_login_to_act
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        found = [user for user in queryset if self.has_change_permission(request, user)]
        given = _given(request)
        try:
            for user in found:
                locks.unlock(user, now=timezone.now(), **given)
        except ValueError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        except StoreUnavailable:
            lost = _("The store of the guesses does not answer: not every account is unlocked.")
            self.message_user(request, lost, messages.ERROR)
            return
        text = ngettext("%d account is unlocked.", "%d accounts are unlocked.", len(found))
        self.message_user(request, text % len(found), messages.SUCCESS)

    @admin.action(description=_("Remove all second factors"), permissions=["change"])
    @recent_login_to_act
    def reset_mfa(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For users who have lost theirs and were identified another way; the reason says how."""
        found = [user for user in queryset if self.has_change_permission(request, user)]
        given = _given(request)
        try:
            done = _count_done(found, partial(enrolment.reset, now=timezone.now(), **given))
        except ValueError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        text = ngettext("%d user has no second factor now.", "%d users have no second factor now.", done)
        self.message_user(request, text % done, messages.SUCCESS)


def _is_out_of_reach(request: HttpRequest, user: User | None) -> bool:
    """Say whether only a superuser changes this account: who changes another's address or factors can log in to it."""
    if user is None or request.user.is_superuser:
        return False
    return user.is_superuser or (user.is_staff and user.pk != request.user.pk)


def _given(request: HttpRequest) -> dict[str, Any]:
    return {"reason": request.POST.get("reason", ""), "by": "admin", "actor": request.user, "request": request}


def _count_done(users: Iterable[User], act: Callable[[User], object]) -> int:
    """Do something to accounts, and return to how many: one that has been deleted meanwhile is passed over."""
    done = 0
    for user in users:
        with suppress(people.AccountGone):
            act(user)
            done += 1
    return done


def _save_changed(user: User, form: Any) -> None:
    """Write what the form has changed and nothing else: the rest may have been changed meanwhile.

    A new address is nobody's until its owner has opened the link; the old one is told.

    :raises Http404: the account has been deleted meanwhile.
    """
    if people.hold_if_there(user) is None:
        raise Http404
    columns = {field.name for field in User._meta.concrete_fields}  # noqa: SLF001 - Django documents it
    changed, old = columns.intersection(form.changed_data), form.initial.get("email")
    is_moved = "email" in changed and user.email != old
    if is_moved:
        user.email_verified_at = None
        changed.add("email_verified_at")
    user.save(update_fields=changed)
    if is_moved:
        mail.send("email_administered", str(old), context={"new_email": user.email})
        mail.send("verify", user.email, link=("verify", str(user.pk)))


def tell_administered(request: HttpRequest, user: User, action: str, fields: Sequence[str] = ()) -> None:
    """Tell what staff did to an account, in the transaction of the change."""
    rights = {"is_staff": user.is_staff, "is_superuser": user.is_superuser}
    signals.user_administered.send(
        sender=User,
        request=request,
        user=request.user,
        target=user,
        outcome="success",
        data={"action": action, "fields": list(fields), **rights},
    )


def login(request: HttpRequest) -> HttpResponseBase:
    """Serve the admin's login page, and trust the device once somebody is logged in.

    :raises Problem: there were too many guesses (429).
    """
    if (elsewhere := to_second_factor(request)) is not None:
        return elsewhere
    response = admin.site.login(request)
    refused = refusal_of(request)
    if refused is not None and refused.exhausted is not None:
        raise refused.exhausted.problem()
    if request.method == "POST" and response.status_code == HTTPStatus.FOUND and request.user.is_authenticated:
        trust_device(response, request.user)
    if response.status_code == HTTPStatus.FOUND and (elsewhere := to_second_factor(request)) is not None:
        return elsewhere
    return response


def password_change(request: HttpRequest) -> HttpResponseBase:
    """Serve the admin's form for one's own password, and tell how it ended.

    :raises Problem: the old password was wrong too often (429).
    """
    family = browser_sessions.family_of(request)
    if family is not None and assurance.lacks_second_factor(family, now=timezone.now()):
        return to_reauthentication(request.get_full_path())
    if request.method != "POST" or not request.user.is_authenticated:
        return _password_change(request)
    reserved = reserve("password_change", account=request.user, request=request, can_challenge=False)
    if isinstance(reserved, Exhausted):
        raise reserved.problem()
    response = _password_change(request)
    form = getattr(response, "context_data", {}).get("form")
    if form is not None and "old_password" in form.errors:
        reserved.fail(user=request.user, request=request)
    else:
        reserved.succeed()
    return response


def _password_change(request: HttpRequest) -> HttpResponseBase:
    family = browser_sessions.family_of(request)
    with transaction.atomic():
        if request.method == "POST" and request.user.is_authenticated:
            request.user = _held(request.user, family)
        response = admin.site.password_change(request)
        is_changed = response.status_code == HTTPStatus.FOUND and request.user.is_authenticated
        ended = 0
        if is_changed and family is not None:
            family.user = cast("User", request.user)
            ended = passwords.keep_only(family, now=timezone.now())
        if request.method == "POST":
            signals.password_changed.send(
                sender=get_user_model(),
                request=request,
                user=request.user,
                target=request.user if request.user.is_authenticated else None,
                outcome="success" if is_changed else "refused",
                data={"sessions": ended} if is_changed else {"reason": "invalid_form"},
            )
    return response


def _held(user: Any, family: TokenFamily | None) -> Any:
    """Wait for whoever is changing this account, and return it as it is now: Django's form saves the whole row.

    :raises PermissionDenied: rights, password, session or the account itself were taken away meanwhile.
    """
    try:
        held: Any = people.hold(user)
    except people.AccountGone:
        raise PermissionDenied from None
    is_same = held.is_active and held.is_staff and held.password == user.password
    live = TokenFamily.objects.live(timezone.now())
    if not is_same or (family is not None and not live.filter(pk=family.pk).exists()):
        raise PermissionDenied
    return held


if get_user_model() is User:
    admin.site.register(User, UserAdmin)
