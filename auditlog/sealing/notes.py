"""Signed notes with Ed25519, as C2SP specifies them (https://c2sp.org/signed-note).

A key is one line of text. `name+id+key` checks signatures and may be shown to anybody; `PRIVATE+KEY+name+id+key`
makes them. A key set is a text with a key on each line: the first private key signs, every line checks, so that what
an old key signed stays good when a new one is put above it.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_PRIVATE = "PRIVATE+KEY+"
_ED25519 = b"\x01"
_ID_SIZE = 4
_DASH = "— "


class KeyRefused(ValueError):  # noqa: N818 - errors are past participles in this project
    """A line is no key. Its text is not told: it may be a private one."""


class SignatureRefused(ValueError):  # noqa: N818
    """A note is not signed by any key of the set, or is no note."""


@dataclass(frozen=True)
class Key:
    """What checks a signature."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_SIZE]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(_ED25519 + self.public).decode()}"

    def has_signed(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """What makes a signature."""

    name: str
    private: Ed25519PrivateKey

    @property
    def key(self) -> Key:
        return Key(self.name, self.private.public_key().public_bytes_raw())

    @property
    def secret_line(self) -> str:
        """The key as a line of a key set; keep it where only the sealer can read it."""
        material = b64encode(_ED25519 + self.private.private_bytes_raw()).decode()
        return f"{_PRIVATE}{self.name}+{self.key.id.hex()}+{material}"

    def sign(self, text: str) -> str:
        """Return ``text``, which ends with a line break, as a note signed by this key."""
        signature = self.private.sign(text.encode())
        return f"{text}\n{_DASH}{self.name} {b64encode(self.key.id + signature).decode()}\n"


@dataclass(frozen=True)
class KeySet:
    signer: Signer | None
    keys: tuple[Key, ...]

    def opened(self, note: str) -> str:
        """Return the text of a signed note.

        :raises SignatureRefused: no key of this set has signed it.
        """
        text, separator, signatures = note.rpartition("\n\n")
        text += "\n"
        if not separator:
            msg = "This is no signed note."
            raise SignatureRefused(msg)
        for name, key_id, signature in _signatures(signatures):
            for key in self.keys:
                if (key.name, key.id) == (name, key_id) and key.has_signed(text, signature):
                    return text
        msg = "None of the keys in SEAL_KEYS has signed this."
        raise SignatureRefused(msg)


def new_signer(name: str) -> Signer:
    """Return a fresh key.

    :param name: what checks it is known by, best the origin of the log; no blank and no plus sign.
    :raises KeyRefused: it is no such name.
    """
    _check_name(name)
    return Signer(name, Ed25519PrivateKey.generate())


def key_set(lines: str) -> KeySet:
    """Return the keys of a text with one on each line; blank lines and those that begin with # are left out.

    :raises KeyRefused: a line is no key.
    """
    found = [_parsed(line.strip()) for line in lines.splitlines() if line.strip() and line.strip()[0] != "#"]
    signer = next((entry for entry in found if isinstance(entry, Signer)), None)
    return KeySet(signer, tuple(entry.key if isinstance(entry, Signer) else entry for entry in found))


def _parsed(line: str) -> Key | Signer:
    is_private = line.startswith(_PRIVATE)
    try:
        # A key in base64 may hold a plus sign itself; a name may not.
        name, key_id, encoded = line.removeprefix(_PRIVATE).split("+", 2)
        material = b64decode(encoded, validate=True)
        found = _signer(name, material[1:]) if is_private else _key(name, material[1:])
        is_good = material[:1] == _ED25519 and (found.key if isinstance(found, Signer) else found).id.hex() == key_id
    except ValueError:
        is_good = False
    if not is_good:
        msg = f"A {'private' if is_private else 'public'} key cannot be read: a note key is one line of three parts."
        raise KeyRefused(msg)
    return found


def _signer(name: str, material: bytes) -> Signer:
    _check_name(name)
    return Signer(name, Ed25519PrivateKey.from_private_bytes(material))


def _key(name: str, material: bytes) -> Key:
    _check_name(name)
    Ed25519PublicKey.from_public_bytes(material)
    return Key(name, material)


def _check_name(name: str) -> None:
    if not name or "+" in name or any(letter.isspace() for letter in name):
        msg = "The name of a key has no blank and no plus sign."
        raise KeyRefused(msg)


def _signatures(lines: str) -> Iterable[tuple[str, bytes, bytes]]:
    for line in lines.splitlines():
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        try:
            raw = b64decode(encoded, validate=True)
        except ValueError:
            continue
        if line.startswith(_DASH):
            yield name, raw[:_ID_SIZE], raw[_ID_SIZE:]
