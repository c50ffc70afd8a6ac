"""Logs as one JSON object a line, each with the request id, none with a secret."""

import json
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from .current import request_id
from .redaction import redacted

#: Fields that no caller and no other code writes.
_MADE_HERE = ("level", "timestamp")


def logging_config(*, pretty: bool = False, level: str = "INFO") -> dict[str, Any]:
    """Return Django's `LOGGING`: everything to standard output.

    :param pretty: lines for people, for development; otherwise JSON.
    :param level: the least severity that is logged.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "bulwark": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _before(),
                "processors": _rendering(pretty=pretty),
            }
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "bulwark"}
        },
        "root": {"handlers": ["console"], "level": level},
        # Django gives these handlers of their own, which would print a second, unredacted line.
        "loggers": {name: {"handlers": [], "level": level, "propagate": True} for name in ("django", "django.server")},
    }


def _before() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_request_id,
    ]


def _rendering(*, pretty: bool) -> list[Processor]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        drop_objects,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
        structlog.dev.ConsoleRenderer(colors=False) if pretty else as_json,
    ]


#: Made once: `json.dumps` makes one for each line.
_ENCODER = json.JSONEncoder()


def as_json(_logger: Any, _method: str, event: EventDict) -> str:
    """Return the line as JSON; redaction has left nothing in it that is not."""
    return _ENCODER.encode(event)


def add_request_id(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Add the id of the request that is being served."""
    if current := request_id(event.get("request")):
        event.setdefault("request_id", current)
    return event


def drop_objects(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Drop what Django attaches to a record for its e-mail handler: the whole request."""
    event.pop("request", None)
    event.pop("server_time", None)
    return event


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Take secrets out; runs last, when exceptions are text. What is made here holds none, and is not searched."""
    made = {name: event.pop(name) for name in _MADE_HERE if name in event}
    clean: EventDict = redacted(event)
    return {**clean, **made}
