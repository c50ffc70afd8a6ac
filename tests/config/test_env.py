from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

GOOD = "k7Yq2mV9sX4pB1nT6wZ8cR3fL5hJ0dGa"  # pragma: allowlist secret


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("THING", "THING_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", GOOD)
    assert env.secret("THING") == GOOD


def test_a_secret_comes_from_a_file_without_its_line_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "thing").write_text(GOOD + "\n")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "thing"))
    assert env.secret("THING") == GOOD


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THING", GOOD)
    monkeypatch.setenv("THING_FILE", str(tmp_path / "thing"))
    with pytest.raises(ImproperlyConfigured, match="not both"):
        env.secret("THING")


def test_a_secret_whose_file_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THING_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        env.secret("THING")


def test_a_missing_secret_names_both_ways_to_give_it() -> None:
    with pytest.raises(ImproperlyConfigured, match="THING_FILE"):
        env.secret("THING")


@pytest.mark.parametrize("weak", ["", "short", GOOD[:31], "a" * 64, "abab" * 16])
def test_a_weak_secret_is_refused_and_not_told(monkeypatch: pytest.MonkeyPatch, weak: str) -> None:
    monkeypatch.setenv("THING", weak)
    with pytest.raises(ImproperlyConfigured, match="too weak") as refused:
        env.secret("THING")
    assert not weak or weak not in str(refused.value)


def test_an_optional_secret_is_still_checked_when_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.secret("THING", "") == ""
    monkeypatch.setenv("THING", "short")
    with pytest.raises(ImproperlyConfigured, match="too weak"):
        env.secret("THING", "")


@pytest.mark.parametrize(("word", "truth"), [("1", True), ("TRUE", True), ("on", True), ("0", False), ("no", False)])
def test_a_flag_is_a_word(monkeypatch: pytest.MonkeyPatch, word: str, truth: bool) -> None:
    monkeypatch.setenv("THING", word)
    assert env.flag("THING") is truth


def test_a_flag_that_is_no_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="true or false"):
        env.flag("THING")


def test_a_number_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.integer("THING", 7) == 7
    monkeypatch.setenv("THING", "many")
    with pytest.raises(ImproperlyConfigured, match="whole number"):
        env.integer("THING", 7)


def test_words_are_trimmed_and_empty_ones_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", " a.example, ,b.example,")
    assert env.words("THING") == ["a.example", "b.example"]


def test_a_postgresql_url_is_read_whole() -> None:
    url = "postgresql://app:p%40ss@db.example:6432/bul%20wark?sslmode=verify-full"  # pragma: allowlist secret
    database = env.database(url)
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert [database[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")] == [
        "bul wark",
        "app",
        "p@ss",
        "db.example",
        "6432",
    ]
    assert database["OPTIONS"] == {"sslmode": "verify-full"}


@pytest.mark.parametrize("mode", ["allow", "prefer", "require", "verify-ca"])
def test_a_database_whose_certificate_nobody_looks_at_is_refused(mode: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="verify-full"):
        env.database(f"postgresql://app@db.example/bulwark?sslmode={mode}")


@pytest.mark.parametrize(
    ("url", "path"), [("sqlite:///here.db", "here.db"), ("sqlite:////tmp/here.db", "/tmp/here.db")]
)
def test_a_sqlite_url_is_relative_or_absolute(url: str, path: str) -> None:
    database = env.database(url)
    assert database["NAME"] == path
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_another_database_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="mysql"):
        env.database("mysql://root@localhost/bulwark")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://r.example:6379", "redis://r.example:6379/3"),
        ("rediss://:pw@r.example/0?x=1", "rediss://:pw@r.example/3?x=1"),  # pragma: allowlist secret
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=3"),
    ],
)
def test_a_redis_database_is_picked_on_the_same_server(url: str, expected: str) -> None:
    assert env.redis(url, 3) == expected


def test_another_store_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="http"):
        env.redis("http://r.example", 0)
