"""Every table is classified (OWASP ASVS 5.0, V14.1.1)."""

import re

from django.apps import apps

import dev

PAGE = dev.ROOT / "docs/security/data.md"
LEVELS = {"public", "internal", "personal", "secret"}


def test_every_table_has_a_level() -> None:
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE)
    listed = dict(rows)
    assert len(listed) == len(rows)
    models = [model for model in apps.get_models() if not model.__module__.startswith("tests.")]
    assert set(listed) == {model._meta.label.removeprefix("bulwark_") for model in models}
    assert set(listed.values()) <= LEVELS


def test_every_level_says_how_it_is_protected() -> None:
    assert set(re.findall(r"^\| \*\*(\w+)\*\* \|", PAGE.read_text(), re.MULTILINE)) == LEVELS
