"""An admin site that answers a question no database understands, instead of failing on it.

Django's lists let staff filter by any lookup of a listed column, and evaluate it after the point where wrong parameters
are caught: `?created_at__year=99999999999`, `?pk__range=1` or a NUL on PostgreSQL end in a server error. Here they end
like every wrong parameter of the admin: on the list, with the hint that the address was wrong.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.views import shortcut
from django.core.exceptions import ValidationError
from django.db import DataError, OperationalError, connections, transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_http_methods

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = admin.ModelAdmin

_of_pages = require_http_methods(["GET", "HEAD", "POST"])
#: What a lookup raises whose value the field, Python's calendar or the database cannot take.
SENSELESS = (DataError, IndexError, OverflowError, TypeError, ValidationError, ValueError)


@contextmanager
def _told_as(refusal: type[Exception], alias: str = "default") -> Iterator[None]:
    """Raise ``refusal`` for a senseless lookup; an open transaction stays usable."""
    connection = connections[alias]
    try:
        if connection.in_atomic_block:
            with transaction.atomic(using=alias):
                yield
        else:
            yield
    except SENSELESS as error:
        raise refusal(str(error)) from error
    except OperationalError as error:
        # SQLite's word for a regular expression that Python cannot read; elsewhere the database is away.
        if connection.vendor != "sqlite":
            raise
        raise refusal(str(error)) from error


class GuardedChangeList(ChangeList):
    """Takes what a lookup of the address raises for a wrong address; the bare list shows its bugs as ever."""

    def get_filters(self, request: HttpRequest) -> Any:
        if not self.filter_params:
            return super().get_filters(request)
        with _told_as(IncorrectLookupParameters):
            return super().get_filters(request)

    def get_results(self, request: HttpRequest) -> None:
        if not self.filter_params:
            super().get_results(request)
            return
        with _told_as(IncorrectLookupParameters, self.queryset.db):
            super().get_results(request)
            if isinstance(self.result_list, QuerySet):
                len(self.result_list)  # now, and not in the template, where nobody could catch what it raises


class GuardedAdmin(_Admin):
    """What every registered admin gets."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        found = super().get_changelist(request, **kwargs)
        return found if issubclass(found, GuardedChangeList) else type(found.__name__, (GuardedChangeList, found), {})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        try:
            with _told_as(Http404):
                return super().get_object(request, object_id, from_field)
        except Http404:
            return None


def _guarded_admin(found: type[_Admin]) -> type[_Admin]:
    if issubclass(found, GuardedAdmin):
        return found
    return type(found.__name__, (GuardedAdmin, found), {"__module__": found.__module__})


def _or_404(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> HttpResponseBase:
        with _told_as(Http404):
            return view(*args, **kwargs)

    return answer


class GuardedAdminSite(admin.AdminSite):
    """The admin's own site with a guard around every registered admin; `admin_config` makes it the default."""

    def register(
        self, model_or_iterable: type[Model] | Iterable[type[Model]], admin_class: Any = None, **options: Any
    ) -> None:
        super().register(model_or_iterable, _guarded_admin(admin_class or admin.ModelAdmin), **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Answer "view on site" of a thing that cannot exist with 404, and a method that no page or form has with 405.

        Django's admin takes TRACE, DELETE and made-up methods for GET (OWASP ASVS 5.0, V4.1.4 and V13.4.4).
        """
        return _of_pages(super().admin_view(_or_404(view) if view is shortcut else view, cacheable))

    def autocomplete_view(self, request: HttpRequest) -> Any:
        return _or_404(super().autocomplete_view)(request)
