"""The page of the limits says what the settings say (OWASP ASVS 5.0, V2.1.3)."""

import re
from typing import Any

from django.conf import settings

import dev
from edge.conf import conf

PAGE = (dev.ROOT / "docs/security/limits.md").read_text()
KEYS = {
    "accounts.guessing.device_or_ip": "trusted device or address",
    "ip": "address",
    "user": "user",
    "user_or_ip": "user or address",
}


def cells(policy: dict[str, Any]) -> tuple[str, str, str, str]:
    rate = policy["rate"]
    return (
        KEYS[policy["key"]],
        rate if isinstance(rate, str) else ", ".join(rate),
        "given back" if policy.get("skip_successful") else "counts",
        policy.get("outage", "local"),
    )


def test_every_rate_is_listed_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    listed = {name: tuple(rest) for name, *rest in rows}
    assert listed == {name: cells(policy) for name, policy in settings.BULWARK_EDGE["RATELIMITS"].items()}


def test_the_bounds_are_those_of_the_settings() -> None:
    for text in (
        f"{conf.body_limit // 1024} kB to the API",
        f"{conf.json_depth} levels",
        f"{conf.json_digits} digits",
        f"{conf.header_count}, {conf.header_limit // 1024} kB",
        f"{conf.query_parameters} |",
    ):
        assert text in PAGE, text
