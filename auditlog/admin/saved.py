"""Searches that an auditor keeps under a name."""

from urllib.parse import parse_qsl

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from ..models import SavedSearch
from ..search import EventSearch

LIST = "admin:bulwark_auditlog_event_changelist"
#: How many one auditor keeps.
MOST = 50


class SavedSearchForm(forms.Form):
    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=2000, required=False)

    def clean_query(self) -> str:
        """Keep what the list's form knows, and nothing else."""
        search = EventSearch(dict(parse_qsl(self.cleaned_data["query"])))
        if not search.is_valid():
            raise forms.ValidationError(_("This search has mistakes: correct them before you save it."))
        return search.query_string


def owner_of(request: HttpRequest) -> str:
    """Return the id under which the caller's searches are kept."""
    return str(request.user.pk)


def save(request: HttpRequest) -> HttpResponse:
    """Keep the search that was posted, under the caller's name for it; the same name twice is refused."""
    form = SavedSearchForm(request.POST)
    owner = owner_of(request)
    if not form.is_valid():
        for problems in form.errors.values():
            messages.error(request, " ".join(map(str, problems)))
        return redirect(LIST)
    if SavedSearch.objects.filter(owner=owner).count() >= MOST:
        messages.error(request, _("You have %d saved searches: delete one first.") % MOST)
        return _back(form.cleaned_data["query"])
    try:
        with transaction.atomic():
            SavedSearch.objects.create(owner=owner, name=form.cleaned_data["name"], query=form.cleaned_data["query"])
    except IntegrityError:
        messages.error(request, _("You have a search of this name already."))
    else:
        messages.success(request, _("The search is saved."))
    return _back(form.cleaned_data["query"])


def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a search of the caller.

    :raises Http404: the caller has none of this number.
    """
    get_object_or_404(SavedSearch, pk=pk, owner=owner_of(request)).delete()
    messages.success(request, _("The search is deleted."))
    return redirect(LIST)


def _back(query: str) -> HttpResponse:
    response = redirect(LIST)
    response["Location"] += f"?{query}"
    return response
