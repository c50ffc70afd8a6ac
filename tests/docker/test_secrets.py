import hashlib
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from accounts.keys.environment import EnvironmentKeys
from accounts.keys.ring import build
from auditlog.sealing.notes import key_set
from config import env
from tests.docker.programs import DOCKER

SCRIPT = DOCKER / "make-secrets.sh"


def make(folder: Path) -> dict[str, str]:
    subprocess.run(["sh", SCRIPT, folder], check=True, capture_output=True)
    return {path.name: path.read_text().strip() for path in folder.iterdir()}


def test_nobody_else_on_the_machine_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # The containers' users read them through the mount, where the folder's mode has no say.
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444, 0o644}


def test_they_are_random_and_strong_enough_for_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = make(tmp_path / "one"), make(tmp_path / "two")
    assert first.pop("email_password") == second.pop("email_password") == ""
    assert not set(first.values()) & set(second.values())
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "one" / "secret_key"))
    monkeypatch.delenv("SECRET_KEY", raising=False)
    assert env.secret("SECRET_KEY") == first["secret_key"]


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    first = make(tmp_path)
    (tmp_path / "secret_key").unlink()
    second = make(tmp_path)
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"secret_key"}


def test_urls_and_passwords_belong_together(tmp_path: Path) -> None:
    made = make(tmp_path)
    for role in ("owner", "app"):
        url = urlsplit(made[f"database_{role}_url"])
        assert (url.username, url.password) == (f"bulwark_{role}", made[f"database_{role}_password"])
    assert urlsplit(made["redis_url"]).password == made["redis_password"]


def test_redis_gets_a_digest_and_never_the_password(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert made["redis_password"] not in made["redis_acl"]
    assert "#" + hashlib.sha256(made["redis_password"].encode()).hexdigest() in made["redis_acl"]


def test_the_signing_keys_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)
    monkeypatch.setenv("BULWARK_KEYS_FILE", str(tmp_path / "signing_keys"))
    ring = build(EnvironmentKeys().load())
    now = timezone.now()
    signed = ring.access.active(now).key
    assert (signed.alg, ring.refresh.active(now).key.alg) == ("EdDSA", "HS256")
    # The public half, which openssl worked out, belongs to the private one.
    public = signed.private.public_key().public_bytes_raw()
    assert public == signed.public.public_bytes_raw()


def test_the_key_of_the_seal_is_one_and_what_checks_it_fits(tmp_path: Path) -> None:
    made = make(tmp_path)
    keys = key_set(made["seal_keys"])
    assert keys.signer is not None
    assert str(keys.signer.key) == made["seal_verifiers"]
    assert key_set(made["seal_verifiers"]).opened(keys.signer.sign("text\n")) == "text\n"
    (tmp_path / "signing_keys").unlink()
    assert make(tmp_path)["seal_keys"] == made["seal_keys"]
