"""What is refused although nothing is wrong with the request: blocked networks (403), disabled routes (503)."""

from .actions import block, disable, enable, unblock
from .blocklist import Blocklist, blocklist
from .entries import Block, DisabledRoute
from .known import Known
from .middleware import BlockMiddleware
from .routes import Routes, routes

__all__ = [
    "Block",
    "BlockMiddleware",
    "Blocklist",
    "DisabledRoute",
    "Known",
    "Routes",
    "block",
    "blocklist",
    "disable",
    "enable",
    "routes",
    "unblock",
]
