"""Work that a request hands to a background job, so that its own answer tells nothing by its time.

The jobs are tasks of Django (`django.tasks` from 6.0 on, before that the package django-tasks): the setting TASKS says
who does them. In production that is a queue in the database, whose rows are made in the request's own transaction.
"""

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, TypedDict

import django
from cryptography.fernet import Fernet, MultiFernet
from django.http import HttpRequest

from edge.client_ip import client_ip
from edge.context import request_id

from .derivation import keyed_hashes

if TYPE_CHECKING or django.VERSION < (6, 0):
    from django_tasks import task, task_backends
else:
    from django.tasks import task, task_backends

__all__ = ["Origin", "origin_of", "request_from", "seal", "task", "task_backends", "unseal"]

_LABEL = "accounts.background"


class Origin(TypedDict):
    """What a job knows of the request that asked for it."""

    ip: str
    user_agent: str
    request_id: str
    method: str
    path: str


def origin_of(request: HttpRequest) -> Origin:
    """Return what a job is told of ``request``: what signals and the log ask, no secret and no body."""
    agent = request.headers.get("User-Agent", "")[:256]
    return Origin(
        ip=client_ip(request),
        user_agent="".join(each if each.isprintable() else " " for each in agent),
        request_id=request_id(request),
        method=request.method or "",
        path=request.path,
    )


def request_from(origin: Origin) -> HttpRequest:
    """Return a request for receivers of signals, who ask it who called and whence."""
    request = HttpRequest()
    request.method, request.path, request.path_info = origin["method"], origin["path"], origin["path"]
    request.META |= {"REMOTE_ADDR": origin["ip"], "HTTP_USER_AGENT": origin["user_agent"]}
    vars(request)["request_id"] = origin["request_id"]
    return request


def seal(text: str) -> str:
    """Return ``text`` so that nobody reads it in a queue, whose rows outlive the job and are shown to staff."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return what `seal` was given.

    :raises cryptography.fernet.InvalidToken: the SECRET_KEY it was sealed under is gone.
    """
    return _fernet().decrypt(sealed.encode()).decode()


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(urlsafe_b64encode(bytes.fromhex(key))) for key in keyed_hashes(_LABEL, b"")])
