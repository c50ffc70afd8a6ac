"""Logs as one JSON object a line, each with the request id, none with a secret."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

import structlog
from structlog.typing import EventDict

from .current import request_id
from .redaction import redacted

#: What every record has; all else is what somebody has called `extra`.
_STANDARD = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
    | {"_logger", "_name"}  # of structlog's `wrap_for_formatter`
    | {"request", "server_time"}  # which Django attaches for its e-mail handler
)


def logging_config(*, pretty: bool = False, level: str = "INFO") -> dict[str, Any]:
    """Return Django's `LOGGING`: everything to standard output.

    :param pretty: lines for people, for development; otherwise JSON.
    :param level: the least severity that is logged.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"bulwark": {"()": LineFormatter, "pretty": pretty}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "bulwark"}
        },
        "root": {"handlers": ["console"], "level": level},
        # Django gives these handlers of their own, which would print a second, unredacted line.
        "loggers": {name: {"handlers": [], "level": level, "propagate": True} for name in ("django", "django.server")},
    }


class LineFormatter(logging.Formatter):
    """Writes a record: what it says and its extra fields, without secrets, who said it, when, and for which request.

    It takes the events of structlog's loggers too, by `structlog.stdlib.ProcessorFormatter.wrap_for_formatter`.
    structlog's own formatter copies each record and asks a dozen processors, which takes half as long again.

    :param pretty: a line for people; otherwise JSON.
    """

    def __init__(self, *, pretty: bool = False) -> None:
        super().__init__()
        self._rendered = structlog.dev.ConsoleRenderer(colors=False) if pretty else as_json

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        # Last, and not searched: what is made here holds no secret, and no caller writes it.
        made = {"logger": record.name, "level": record.levelname.lower(), "timestamp": moment}
        line: str = self._rendered(None, "", {**redacted(_event(record)), **made})
        return line


def _event(record: logging.LogRecord) -> EventDict:
    """Return the fields of a line; exceptions are text, so that they are searched for secrets too."""
    fields = vars(record)
    event: EventDict = {} if isinstance(record.msg, dict) else {"event": record.getMessage()}
    if current := request_id(fields.get("request")):
        event["request_id"] = current
    event.update((name, value) for name, value in fields.items() if name not in _STANDARD)
    if isinstance(record.msg, dict):
        event.update(record.msg)
    if record.exc_info:
        event["exc_info"] = record.exc_info
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(None, "", event)
    if record.stack_info:
        event["stack"] = record.stack_info
    return event


#: Made once: `json.dumps` makes one for each line.
_ENCODER = json.JSONEncoder()


def as_json(_logger: Any, _method: str, event: EventDict) -> str:
    """Return the line as JSON; redaction has left nothing in it that is not."""
    return _ENCODER.encode(event)
