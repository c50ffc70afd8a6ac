"""Why an outbound request did not happen, or did not end well."""

from ..problems.errors import Problem


class OutboundRefused(Problem):
    """The URL, or where it leads, is not allowed. Nothing was sent to it.

    The answer says no more than that, or it would map the network inside; `reason` is for the log.
    """

    status_code = 422
    default_detail = "This address cannot be fetched."
    default_code = "outbound_refused"

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class OutboundFailed(Problem):
    """The other side did not answer as it should: in time, in size, in kind."""

    status_code = 502
    default_detail = "The other side did not answer properly."
    default_code = "outbound_failed"

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
