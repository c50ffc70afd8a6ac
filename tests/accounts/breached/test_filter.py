"""The filter that is shipped, and the structure it is."""

import gzip
import random
import string
from pathlib import Path

import django.contrib.auth
import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.breached import BreachedPasswordValidator, XorFilter, canonical
from accounts.breached.validator import SHIPPED

#: Of the million commonest, the place of each in a list by how often they were found.
COMMON = ["123456", "password", "qwerty", "letmein", "trustno1", "1qaz2wsx3edc", "passwordpassword", "qwertyuiop12"]


def strangers(count: int) -> list[str]:
    chosen = random.Random(7)
    return ["".join(chosen.choices(string.ascii_letters + string.digits, k=16)) for _ in range(count)]


@pytest.mark.parametrize("password", [*COMMON, "PassWord", "\uff50assword"])
def test_a_common_password_is_refused(password: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BreachedPasswordValidator().validate(password)
    assert caught.value.code == "password_too_common"


@pytest.mark.parametrize("password", ["correct horse battery staple", "another password, just as long", "\udc80" * 12])
def test_another_passes(password: str) -> None:
    BreachedPasswordValidator().validate(password)


def test_djangos_list_is_in_it() -> None:
    shipped = XorFilter.read(SHIPPED)
    path = Path(django.contrib.auth.__file__).with_name("common-passwords.txt.gz")
    words = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert len(words) > 19_000
    assert [word for word in words if canonical(word) not in shipped] == []


def test_a_good_password_is_hardly_ever_taken_for_a_common_one() -> None:
    """One in 65 536 by design: of 100 000, 1.5; the bound is ten standard deviations away."""
    shipped = XorFilter.read(SHIPPED)
    wrong = sum(password in shipped for password in strangers(100_000))
    print(f"false positives: {wrong} of 100000")
    assert wrong <= 14


def test_it_is_small() -> None:
    assert SHIPPED.stat().st_size < 400_000


@settings(max_examples=40, deadline=None)
@given(st.sets(st.text(max_size=20), max_size=300))
def test_what_is_in_is_found(words: set[str]) -> None:
    made = XorFilter.build(words)
    assert all(word in made for word in words)


def test_the_same_words_make_the_same_file(tmp_path: Path) -> None:
    words = strangers(500)
    for name, order in (("one", words), ("two", words[::-1])):
        XorFilter.build(order).write(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    again = XorFilter.read(tmp_path / "one")
    assert all(word in again for word in words)
    assert sum(word in again for word in map(str.swapcase, words)) < 3


@pytest.mark.parametrize(
    "spoil", [lambda b: b"", lambda b: b[:-1], lambda b: b[:-2], lambda b: b"x" + b[1:], lambda b: b[:36]]
)
def test_a_spoilt_file_is_refused(spoil: object, tmp_path: Path) -> None:
    path = tmp_path / "list"
    XorFilter.build(["a", "b"]).write(path)
    path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ValueError, match="no filter"):
        BreachedPasswordValidator(path).validate("a")


def test_a_host_makes_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "words").write_text("Sommer2026!\nsecond\nthird-long-one-taken\n", encoding="utf-8")
    (tmp_path / "more.gz").write_bytes(gzip.compress(b"zipped\n"))
    out = tmp_path / "own.xor"
    call_command("build_password_filter", tmp_path / "words", tmp_path / "more.gz", output=out, first=1)
    assert "3 passwords" in capsys.readouterr().out
    own = BreachedPasswordValidator(out)
    for common in ("sommer2026!", "zipped", "third-long-one-taken"):
        with pytest.raises(ValidationError):
            own.validate(common)
    own.validate("second")
    (tmp_path / "latin").write_bytes(b"\xff\n")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("build_password_filter", tmp_path / "latin", output=out)
