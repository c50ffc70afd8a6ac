"""What a lost Redis must not lift: the blocks and switches among the audit log's responses, as the edge reads them."""

from collections.abc import Iterator

from django.utils import timezone

from auditlog.models import Response
from edge.blocks import Block, DisabledRoute
from edge.blocks.entries import network_of


def blocks() -> Iterator[Block]:
    """Yield the networks that somebody has blocked, for `BULWARK_EDGE["BLOCK_SOURCE"]`."""
    for response in _holding("block_network"):
        yield Block(str(network_of(response.subject)), _end(response), response.reason)


def routes() -> Iterator[DisabledRoute]:
    """Yield the routes that somebody has disabled, for `BULWARK_EDGE["ROUTE_SOURCE"]`."""
    for response in _holding("disable_route"):
        yield DisabledRoute(response.subject, _end(response), response.reason)


def _holding(action: str) -> Iterator[Response]:
    now = timezone.now()
    taken = Response.objects.filter(action=action, undone_at=None).order_by("done_at")
    return (response for response in taken if response.holds(now))


def _end(response: Response) -> float:
    return response.ends_at.timestamp() if response.ends_at else 0
