"""A challenge that costs a program time and a person none: the contract, and the one that asks nothing."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from django.core.signals import setting_changed
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from edge.problems.errors import Problem
from edge.ratelimit import Limit

from ..conf import conf


class ChallengeRequired(Problem):
    """Guesses without a challenge are used up here; solve one and send the solution along."""

    status_code = 403
    default_detail = "Solve a challenge first, and send its solution as `challenge`."
    default_code = "challenge_required"


class Challenge(Protocol):
    """What `CHALLENGE` names."""

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to solve."""
        ...

    def issue(self) -> Mapping[str, Any]:
        """Return a new challenge, as its solver reads it."""
        ...

    def proof(self, solution: str) -> Limit | None:
        """Return the limit of one that a right solution spends, so that it counts once; None for any other text.

        :param solution: what the client sent. It must never raise.
        """
        ...


class NoChallenge:
    """Asks nothing: what follows the free guesses is the lock."""

    is_asked = False

    def issue(self) -> Mapping[str, Any]:
        return {}

    def proof(self, solution: str) -> Limit | None:  # noqa: ARG002 - the contract's
        return None


def challenge_path() -> str:
    """Return where challenges are handed out, or an empty string in a project without the API's routes."""
    try:
        return reverse("bulwark_accounts:challenge")
    except NoReverseMatch:
        return ""


def challenge() -> Challenge:
    """Return the challenge that the settings name."""
    return _challenge(conf.challenge)


@lru_cache(maxsize=4)
def _challenge(path: str) -> Challenge:
    made: Challenge = import_string(path)()
    return made


def _on_setting_changed(*, setting: str, **_: object) -> None:
    if setting == "BULWARK_ACCOUNTS":
        _challenge.cache_clear()


setting_changed.connect(_on_setting_changed, dispatch_uid="bulwark_accounts.guessing.challenges")
