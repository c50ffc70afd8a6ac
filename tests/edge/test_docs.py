"""The REFERENCE names everything there is, and nothing else."""

import re
from pathlib import Path

from django.dispatch import Signal

from edge import signals
from edge.conf import KEYS

REFERENCE = (Path(signals.__file__).parent / "REFERENCE.md").read_text()


def test_every_setting_is_listed() -> None:
    table = REFERENCE.partition("## Settings")[2].partition("## Checks")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`([A-Z_]+)`", " ".join(rows))) == KEYS


def test_every_signal_is_listed() -> None:
    own = {name for name, value in vars(signals).items() if isinstance(value, Signal)}
    listed = REFERENCE.partition("## Signals")[2]
    assert set(re.findall(r"`([a-z_]+)`", listed)) - {"request", "user", "target", "outcome", "data"} == own


def test_every_setting_has_a_line_that_says_what_it_is() -> None:
    from edge.conf import Conf

    for key in KEYS:
        assert getattr(Conf, key.lower()).__doc__, key
