"""Altcha's challenge: some seconds of a processor's time, no third party, no puzzle for people."""

from collections.abc import Mapping
from secrets import randbelow
from typing import Any

from altcha import create_challenge, verify_solution
from altcha.v2 import Payload
from django.utils import timezone

from edge.conf import conf as edge_conf
from edge.ratelimit import Limit
from edge.ratelimit.keys import digest

from ..conf import conf
from ..derivation import keyed_hash, keyed_hashes

ALGORITHM = "PBKDF2/SHA-256"
_SIGNING, _SOLVING = "accounts.challenge", "accounts.challenge_solution"


class AltchaChallenge:
    """A number to find by trying, each try a PBKDF2 of `CHALLENGE_COST` rounds, `CHALLENGE_TRIES` on average.

    Nothing is stored until a solution is spent: the challenge is signed, and so is what a solution looks like, so the
    server checks one at the price of two hashes.
    """

    is_asked = True

    def issue(self) -> Mapping[str, Any]:
        """Return a challenge as Altcha's clients read it (version 2), for `CHALLENGE_LIFETIME`."""
        tries = conf.challenge_tries
        made = create_challenge(
            ALGORITHM,
            conf.challenge_cost,
            counter=tries // 2 + randbelow(tries + 1),
            expires_at=timezone.now() + conf.challenge_lifetime,
            hmac_secret=keyed_hash(_SIGNING, b""),
            hmac_key_secret=keyed_hash(_SOLVING, b""),
        )
        found: dict[str, Any] = made.to_dict()
        return found

    def proof(self, solution: str) -> Limit | None:
        """Return what a right solution spends: its own challenge, which is there once."""
        secrets = zip(keyed_hashes(_SIGNING, b""), keyed_hashes(_SOLVING, b""), strict=True)
        if not any(verify_solution(solution, key, hmac_key_secret=key_key).verified for key, key_key in secrets):
            return None
        tag = digest(f"challenge:{Payload.from_base64(solution).challenge.signature}")
        window = int(conf.challenge_lifetime.total_seconds()) + 1  # a challenge that is over needs no memory
        return Limit("challenge", f"{edge_conf.redis_prefix}:{{{tag}}}:challenge:1/{window}", 1, window)
