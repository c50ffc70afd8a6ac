"""Solves challenges as the documentation of the route says: without Altcha's library."""

import base64
import hashlib
import json
from collections.abc import Mapping
from itertools import count
from typing import Any


def solve(challenge: Mapping[str, Any]) -> str:
    """Return the solution."""
    parameters = challenge["parameters"]
    nonce, salt = bytes.fromhex(parameters["nonce"]), bytes.fromhex(parameters["salt"])
    for number in count():
        password = nonce + number.to_bytes(4, "big")
        key = hashlib.pbkdf2_hmac("sha256", password, salt, parameters["cost"], parameters["keyLength"]).hex()
        if key.startswith(parameters["keyPrefix"]):
            body = {"challenge": challenge, "solution": {"counter": number, "derivedKey": key}}
            return base64.b64encode(json.dumps(body).encode()).decode()
    raise AssertionError
