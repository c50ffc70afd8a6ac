"""Networks that are answered 403 and nothing else, for as long as somebody has said."""

from .block import Block
from .blocklist import Blocklist, blocklist
from .middleware import BlockMiddleware

__all__ = ["Block", "BlockMiddleware", "Blocklist", "blocklist"]
