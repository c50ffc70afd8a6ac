"""What the commands share that change what every process refuses."""

import argparse
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ..blocks.known import known
from ..ratelimit import StoreUnavailable

Result = TypeVar("Result")
_LONGEST = 200


class ActingCommand(BaseCommand):
    """A command that does one thing for a reason, or with `--dry-run` says what it would do."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", type=reason, required=True, help="Why, for the audit log.")
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


def reason(text: str) -> str:
    """Return a reason without the spaces around it.

    :raises ArgumentTypeError: it is empty or too long.
    """
    found = text.strip()
    if not 0 < len(found) <= _LONGEST:
        msg = f"Give a reason of at most {_LONGEST} characters."
        raise argparse.ArgumentTypeError(msg)
    return found


def ending(seconds: float) -> str:
    """Return for how long something holds, in words."""
    return f"for {seconds:.0f} s" if seconds else "until somebody ends it"
