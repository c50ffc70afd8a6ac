"""What all pages share: a form, shown, refused or done."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from ...forms import PageForm


@method_decorator(
    [never_cache, sensitive_post_parameters(), csrf_protect, transaction.non_atomic_requests], name="dispatch"
)
class PageView(View):
    """A page. Never inside the transaction of ATOMIC_REQUESTS: what a refusal ends must stay ended."""

    template_name: str

    def page(self, status: int = 200, **context: Any) -> HttpResponse:
        """Return the page with what its template needs."""
        return render(self.request, self.template_name, context, status=status)


class FormPage(PageView):
    """A page with one form. Done, it redirects, so that a reload sends nothing again; refused, it is a 422."""

    form_class: type[PageForm]

    def make_form(self, data: Any = None) -> PageForm:
        """Return the form, empty or with what was sent."""
        return self.form_class(data)

    def get(self, _request: HttpRequest) -> HttpResponse:
        return self.shown(self.make_form())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.make_form(request.POST)
        done = self.done(form) if form.is_valid() else None
        return self.shown(form, status=422) if done is None else done

    def shown(self, form: PageForm, status: int = 200) -> HttpResponse:
        """Return the page with the form; the first field with a fault has the focus."""
        form.focus()
        return self.page(status, form=form)

    def done(self, form: PageForm) -> HttpResponse | None:
        """Do what the valid form asks for; return where to go, or None with errors added to the form."""
        raise NotImplementedError


class ChallengedPage(FormPage):
    """A page with a form at which secrets can be guessed: after the free guesses it shows a challenge."""

    #: Where the page's script gets a challenge; empty while none is due.
    challenge_url = ""

    def page(self, status: int = 200, **context: Any) -> HttpResponse:
        return super().page(status, challenge_url=self.challenge_url, **context)
