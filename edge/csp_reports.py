"""Takes the reports of browsers that have stopped something on a page (CSP 3, section 5; Reporting API)."""

import json
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from . import metrics, signals
from .parsers import parse_json
from .problems import BodyTooLarge, MalformedBody, Problem, UnsupportedBody, answer_to
from .problems.report import actor
from .ratelimit import ratelimit

logger = logging.getLogger(__name__)
_OLD, _NEW = "application/csp-report", "application/reports+json"
#: Bytes of a body, reports in it, characters of a value.
MAX_BODY, MAX_REPORTS, MAX_TEXT = 16_384, 20, 200
#: How many different reports are remembered, and for how many seconds each is told once.
MAX_SEEN, ONCE_IN = 1_000, 3_600.0
#: How many are told in that time: anybody can invent new ones.
MAX_TOLD = 100


class Seen:
    """Tells new reports from those that were told already: one broken page makes thousands.

    :param clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ends: OrderedDict[str, float] = OrderedDict()
        self._told: deque[float] = deque()

    def is_new(self, report: dict[str, str]) -> bool:
        """Say whether ``report`` is to be told: not within the hour, and not too many others. Remembers it."""
        key, now = json.dumps(report, sort_keys=True), self._clock()
        with self._lock:
            if self._ends.get(key, 0) > now:
                return False
            self._ends[key] = now + ONCE_IN
            self._ends.move_to_end(key)
            while len(self._ends) > MAX_SEEN:
                self._ends.popitem(last=False)
            while self._told and self._told[0] <= now - ONCE_IN:
                self._told.popleft()
            if len(self._told) >= MAX_TOLD:
                return False
            self._told.append(now)
        return True

    def clear(self) -> None:
        """Forget all reports."""
        with self._lock:
            self._ends.clear()
            self._told.clear()


seen = Seen()


@csrf_exempt
@require_POST
@ratelimit(key="ip", rate="30/m", group="csp_report")
def csp_report(request: HttpRequest) -> HttpResponse:
    """Answer 204, count each report, and log and send `csp_violated` for one that is new.

    Anybody can send anything here, so little of it is kept: short, known fields, URLs without their query.
    """
    try:
        reports = list(_reports(request))
    except Problem as problem:
        return answer_to(request, problem)
    for report in reports:
        metrics.CSP_REPORTS.inc()
        if seen.is_new(report):
            logger.warning("csp_violated", extra=report)
            signals.csp_violated.send_robust(
                sender=Seen, request=request, user=actor(request), target=None, outcome="refused", data=report
            )
    return HttpResponse(status=204)


def _reports(request: HttpRequest) -> Iterator[dict[str, str]]:
    content_type = request.content_type
    if content_type not in {_OLD, _NEW}:
        raise UnsupportedBody
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise BodyTooLarge(MAX_BODY)
    parsed = parse_json(body)
    entries = parsed if isinstance(parsed, list) else [parsed]
    for entry in entries[:MAX_REPORTS]:
        found = entry.get("csp-report" if content_type == _OLD else "body") if isinstance(entry, dict) else None
        if not isinstance(found, dict):
            raise MalformedBody("This is no report of a violated policy.")
        if content_type == _OLD or entry.get("type") == "csp-violation":
            yield {
                "document": _address(found.get("document-uri", found.get("documentURL"))),
                "blocked": _address(found.get("blocked-uri", found.get("blockedURL"))),
                "directive": _text(found.get("effective-directive", found.get("effectiveDirective"))),
            }


def _address(value: Any) -> str:
    """Return a URL without user, query and fragment, where secrets are, or a word as `inline`."""
    try:
        parts = urlsplit(_text(value))
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else (parts.scheme or parts.path)


def _text(value: Any) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""
