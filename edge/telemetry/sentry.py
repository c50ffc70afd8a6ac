"""Events for Sentry without secrets.

sentry_sdk.init(dsn=..., **sentry_options())
"""

from typing import Any

from ..context import request_id
from ..redaction import redacted

#: Levels that an event nests: exceptions, their stack traces, frames, variables.
_DEPTH = 24


def scrub(event: Any, _hint: Any = None) -> Any:
    """Return an event, transaction, log line or breadcrumb without secrets, by name and by shape."""
    return redacted(event, _DEPTH)


def tag_and_scrub(event: Any, hint: Any = None) -> Any:
    """Return an event without secrets, tagged with the id of the request that is being served."""
    scrubbed = scrub(event, hint)
    if current := request_id():
        scrubbed.setdefault("tags", {})["request_id"] = current
    return scrubbed


def sentry_options() -> dict[str, Any]:
    """Return options for `sentry_sdk.init`: every event is scrubbed; bodies and local variables stay here.

    Who a person is stays here too, by Sentry's own default.
    """
    return {
        "before_breadcrumb": scrub,
        "before_send": tag_and_scrub,
        "before_send_log": scrub,
        "before_send_transaction": tag_and_scrub,
        "include_local_variables": False,
        "max_request_body_size": "never",
    }
