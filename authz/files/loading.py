"""Keeps the rules of the policy files up to date in this process: looked at with a decision, once a second at most.

No thread, so that it works whatever server forks or serves how. The content decides, by its hash; what cannot be read
changes nothing, and is told of. A process that never read anything good denies everything that has a policy.
"""

import hashlib
import logging
from dataclasses import dataclass
from math import inf
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Any

from .. import registry
from ..conf import SETTING, conf
from ..language.nodes import Always
from ..language.sites import PolicyError, Site
from ..policies import EVERY_ACTION, Forbid, Policy
from ..registry import Filed
from ..signals import policy_refused, policy_reloaded
from .reading import Source, read_files

logger = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds
MOST_BYTES = 1_000_000


class PolicyFiles:
    """Sender of `policy_reloaded` and `policy_refused`."""


@dataclass
class _State:
    """What this process has read.

    :ivar due: when to look again, on the monotonic clock.
    :ivar good: hash of the rules in force.
    :ivar seen: hash, or error, of the last look; a refusal is told once.
    """

    due: float = 0.0
    good: str = ""
    seen: str = ""


_state = _State()
# A receiver of the signals may decide something itself.
_lock = RLock()


def refresh(*, at_once: bool = False) -> None:
    """Read the policy files again if a second has passed, and put their rules in force if all of them are right.

    :param at_once: do not wait for the second.
    """
    if not at_once and monotonic() < _state.due:
        return
    # Whoever comes while another reads goes on with the rules in force; the very first waits for them.
    if _lock.acquire(blocking=at_once or not _state.seen):
        try:
            _look()
        finally:
            _lock.release()


def forget() -> None:
    """Begin anew, as after a change of settings."""
    with _lock:
        _state.__init__()  # type: ignore[misc]
        registry.file({})


def settings_changed(setting: str, **_: Any) -> None:
    """Begin anew when a test changes the settings."""
    if setting == SETTING:
        forget()


def problems() -> list[PolicyError]:
    """Return what is wrong with the files as they are now: for the checks, which change nothing."""
    if not conf.policy_files:
        return []
    try:
        return _read(_sources(Path(conf.policy_files)))[1]
    except (OSError, TypeError) as error:
        return [_unreadable(error)]


def _look() -> None:
    path = conf.policy_files
    if not path:
        _state.due, _state.seen = inf, "none"
        return
    _state.due = monotonic() + INTERVAL
    try:
        sources = _sources(Path(path))
    except (OSError, TypeError) as error:
        _refuse(f"unreadable: {error}", [_unreadable(error)])
        return
    digest = _digest(sources)
    if digest == _state.seen:
        return
    if digest == _state.good:
        _state.seen = digest  # what was refused has been put right
        return
    rules, wrong = _read(sources)
    if wrong:
        _refuse(digest, wrong)
    else:
        _put_in_force(digest, rules)


def _sources(path: Path) -> list[Source]:
    """Return a file, or the *.toml of a folder, in the order of their names.

    :raises OSError: it is not there, cannot be read, is empty, or larger than a policy ever is; or the folder is empty,
        as one is whose volume is not mounted. Who wants no rules leaves a file with a comment.
    """
    paths = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not paths:
        raise OSError(f"{path} holds no *.toml")
    return [Source(found, _content(found)) for found in paths]


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is no file")  # a pipe would have every decision wait for a writer
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OSError(f"{path} has more than {MOST_BYTES} bytes")
    if not content.strip():
        raise OSError(f"{path} is empty")  # about to be written, or what a full disk left of it
    return content


def _read(sources: list[Source]) -> tuple[dict[type[Policy], Filed], list[PolicyError]]:
    try:
        return read_files(sources)
    except Exception as error:  # a decision waits for this: whatever it is, it must not be a way around the files
        logger.exception("Reading the policy files failed")
        return {}, [PolicyError(f"It cannot be read: {error!r}.", Site(str(conf.policy_files), 1))]


def _digest(sources: list[Source]) -> str:
    found = hashlib.sha256()
    for source in sources:
        found.update(hashlib.sha256(str(source.path).encode()).digest() + hashlib.sha256(source.content).digest())
    return found.hexdigest()


def _put_in_force(digest: str, rules: dict[type[Policy], Filed]) -> None:
    before, _state.good, _state.seen = _state.good, digest, digest
    registry.file(rules)
    count = sum(
        len(filed.forbids) + sum(len(allow.rules) for allow in filed.allows.values()) for filed in rules.values()
    )
    logger.info("%s rules of policy files are in force (%s)", count, digest[:12])
    data = {"path": str(conf.policy_files), "digest": digest, "before": before, "rules": count}
    if before:  # the rules that a process starts with replace none
        policy_reloaded.send_robust(
            sender=PolicyFiles, request=None, user=None, target=None, outcome="success", data=data
        )


def _refuse(seen: str, wrong: list[PolicyError]) -> None:
    if seen == _state.seen:
        return
    _state.seen = seen
    if not _state.good:
        registry.file({policy: _nothing(wrong[0].site) for policy in registry.policies()})
    errors = [str(error) for error in wrong]
    logger.error("The policy files are refused: %s", "; ".join(errors))
    data = {"path": str(conf.policy_files), "errors": errors[:20], "in_force": _state.good}
    policy_refused.send_robust(sender=PolicyFiles, request=None, user=None, target=None, outcome="failed", data=data)


def _nothing(site: Site) -> Filed:
    """Return the rule for a process that knows no good version: what the files forbid is not known."""
    return Filed({}, [Forbid((EVERY_ACTION,), "", Always(value=True), "the policy files cannot be read", site)])


def _unreadable(error: OSError | TypeError) -> PolicyError:
    said = getattr(error, "strerror", None) or error
    return PolicyError(f"It cannot be read: {said}.", Site(str(conf.policy_files), 1))
