"""Every module that does cryptography is in the inventory, and no other (OWASP ASVS 5.0, V11.1.2 and V11.1.3)."""

import ast
import re
from pathlib import Path

import dev
from setup import APPS

INVENTORY = dev.ROOT / "docs/security/cryptography.md"
#: Who imports one of these encrypts, signs, hashes, or makes what nobody shall guess.
PRIMITIVES = {
    *("argon2", "cryptography", "django.core.signing", "django.utils.crypto", "fido2"),
    *("hashlib", "hmac", "jwt", "pyotp", "secrets", "ssl"),
}


def imported(path: Path) -> set[str]:
    """Return the dotted names that a module imports, and those that they are part of."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {".".join(parts[:length]) for parts in (name.split(".") for name in names) for length in range(1, 4)}


def discovered() -> set[str]:
    sources = [path for folder in (*APPS, "config") for path in (dev.ROOT / folder).rglob("*.py")]
    found = {str(path.relative_to(dev.ROOT)) for path in sources if imported(path) & PRIMITIVES}
    return {name for name in found if "/migrations/" not in name}


def test_every_use_of_cryptography_is_in_the_inventory() -> None:
    found = discovered()
    assert "accounts/encryption.py" in found  # the search finds something
    listed = set(re.findall(r"`([a-z_0-9/]+\.py)`", INVENTORY.read_text()))
    assert listed == found
