"""Requests to other servers on a caller's word, without server-side request forgery."""

from .errors import OutboundFailed, OutboundRefused
from .fetching import Answer, afetch, fetch
from .policy import OutboundPolicy

__all__ = ["Answer", "OutboundFailed", "OutboundPolicy", "OutboundRefused", "afetch", "fetch"]
