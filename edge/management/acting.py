"""What the commands share that change what every process refuses."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ..blocks.known import known
from ..ratelimit import StoreUnavailable

Result = TypeVar("Result")


class ActingCommand(BaseCommand):
    """A command that does one thing, or with `--dry-run` says what it would do."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Change nothing, say what would be done.")

    def act(self, action: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        """Call ``action``.

        :raises CommandError: it refused, or no server would learn of it.
        """
        if not known().is_shared:
            msg = (
                'Nothing is shared between processes (BULWARK_EDGE["REDIS_URL"] is empty): no server would learn of it.'
            )
            raise CommandError(msg)
        try:
            return action(*args, **kwargs)
        except StoreUnavailable as error:
            msg = f"The limiter's Redis does not answer, and nothing was changed: {error}."
            raise CommandError(msg) from error
        except ValueError as error:
            raise CommandError(str(error)) from error


def ending(seconds: float) -> str:
    """Return for how long something holds, in words."""
    return f"for {seconds:.0f} s" if seconds else "until somebody ends it"
