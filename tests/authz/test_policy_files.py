"""Policy files are read whole or not at all, while the server runs. Where Casbin and Cedar allow, ours denies."""

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from pytest_django import Settings

import dev
from articles.models import Article
from authz import registry
from authz.checks import check_files
from authz.engine import check
from authz.environment import Environment, FixedEnvironment
from authz.explaining import explain
from authz.files import loading
from authz.inventory import sentences
from authz.models import Tenant
from authz.principals import Principal
from tests.authz.conftest import Heard

EXAMPLES = dev.ROOT / "authz" / "examples"
HOLD = """
[[forbid]]
model = "bulwark_articles.Article"
actions = ["update", "delete"]
when = 'this.title == "held"'
why = "legal hold"
"""
NO_RULE = "# none yet"
Write = Callable[..., None]
pytestmark = pytest.mark.django_db


@pytest.fixture
def write(tmp_path: Path, settings: Settings) -> Write:
    """Write a policy file and look at once; to begin with there is one without a rule."""
    (tmp_path / "rules.toml").write_text(NO_RULE)
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "POLICY_FILES": tmp_path}

    def put(text: str, name: str = "rules.toml", *, look: bool = True) -> None:
        (tmp_path / name).write_text(text)
        if look:
            loading.refresh(at_once=True)

    return put


TENANT = Tenant(name="acme")


def who(*roles: str, env: Environment | None = None, **user: Any) -> Principal:
    person = get_user_model()(email="alice@example.com", **user)
    held = frozenset({"anyone", "authenticated", *roles})
    return Principal(person, TENANT.pk, held, env or FixedEnvironment(), known=True)


def article(**values: Any) -> Article:
    return Article(**{"tenant": TENANT, "status": "published", "title": "a title", **values})


EDITOR = ("viewer", "author", "editor")


def may(action: str, row: Article, principal: Principal | None = None) -> bool:
    return check(principal or who(*EDITOR), action, row)


def test_a_rule_counts_beside_those_of_the_policy(write: Write, heard: Heard) -> None:
    assert may("update", article(title="held"))
    write(HOLD)
    assert not may("update", article(title="held"))
    assert may("update", article())
    assert explain(who(*EDITOR), "update", article(title="held")).reason == "legal hold"
    said = sentences()["bulwark_articles.Article"]
    assert "nobody may update, delete when `this.title == 'held'` (legal hold)" in said
    (event,) = heard.named("policy_reloaded")
    assert (event["outcome"], event["data"]["rules"]) == ("success", 1)
    assert event["data"]["digest"] != event["data"]["before"]


def test_a_rule_can_allow(write: Write) -> None:
    draft = article(status="draft", tags=["for review"])
    assert not may("read", draft, who("viewer"))
    write((EXAMPLES / "resource_tags.toml").read_text())
    assert may("read", draft, who("viewer"))
    assert not may("read", draft, who("authenticated"))


def test_one_mistake_changes_nothing_and_is_told_once(write: Write, heard: Heard) -> None:
    write(HOLD)
    for _ in range(3):
        write(HOLD.replace("this.title", "this.tilte"))
    assert not may("delete", article(title="held"))
    (event,) = heard.named("policy_refused")
    assert event["outcome"] == "failed"
    assert "rules.toml:5 (forbid.when): bulwark_articles.Article has no field 'tilte'" in event["data"]["errors"][0]
    assert event["data"]["in_force"]
    write(HOLD)
    assert (len(heard.named("policy_refused")), len(heard.named("policy_reloaded"))) == (1, 0)
    write(HOLD.replace('"update", ', ""))
    assert may("update", article(title="held"))
    assert len(heard.named("policy_reloaded")) == 1


def test_an_empty_folder_is_no_policy(write: Write, heard: Heard, tmp_path: Path) -> None:
    """Its volume is not mounted, or an editor has moved the only file away to write it anew."""
    write(HOLD)
    (tmp_path / "rules.toml").unlink()
    loading.refresh(at_once=True)
    assert not may("delete", article(title="held"))
    assert "holds no *.toml" in heard.named("policy_refused")[0]["data"]["errors"][0]
    loading.forget()  # a process that starts now has seen no good one
    loading.refresh(at_once=True)
    assert not may("read", article())
    write(NO_RULE)
    assert may("read", article())


def test_a_file_that_is_being_written_changes_nothing(write: Write, heard: Heard) -> None:
    """Whoever writes a file in its place empties it first; a full disk leaves it so."""
    write(HOLD)
    for emptied in ("", " \n"):
        write(emptied)
        assert not may("delete", article(title="held"))
    assert "is empty" in heard.named("policy_refused")[0]["data"]["errors"][0]
    write(NO_RULE)
    assert may("delete", article(title="held"))


def test_a_pipe_is_not_waited_for(write: Write, tmp_path: Path) -> None:
    write(HOLD)
    os.mkfifo(tmp_path / "pipe.toml")
    loading.refresh(at_once=True)
    assert not may("delete", article(title="held"))
    assert "is no file" in str(loading.problems()[0])


def test_a_file_that_was_never_right_denies_everything(write: Write, heard: Heard) -> None:
    """What it would have forbidden is not known."""
    write("[[forbid]]\n", look=False)
    assert not may("read", article())
    assert explain(who(*EDITOR), "read", article()).reason == "the policy files cannot be read"
    write(HOLD)
    assert may("read", article())


def test_a_folder_that_goes_away_changes_nothing(
    write: Write, heard: Heard, tmp_path: Path, settings: Settings
) -> None:
    write(HOLD)
    (tmp_path / "rules.toml").unlink()
    (tmp_path / "rules.toml").mkdir()
    loading.refresh(at_once=True)
    assert not may("update", article(title="held"))
    assert "cannot be read" in heard.named("policy_refused")[0]["data"]["errors"][0]


@pytest.mark.parametrize(
    ("text", "line", "key", "problem"),
    [
        ("[[forbid]\n", 1, "", "no TOML"),
        ("\n\n[[forbid]]\nmodel = 'x' oops\n", 4, "", "no TOML"),
        ("[[Deny]]\nmodel = 'x'\n", 1, "Deny", "no kind of rule"),
        ("allow = 'everything'\n", 1, "allow", "no kind of rule"),
        ("allow = " + "[" * 5000 + "]" * 5000, 1, "", "nested too deeply"),
        ("[forbid]\nmodel = 'x'\n", 1, "forbid", "no kind of rule"),
        (HOLD + "effect = 'deny'\n", 7, "forbid.effect", "no key 'effect'"),
        (HOLD.replace("actions", "action"), 4, "forbid.action", "no key 'action'"),
        (HOLD.replace("bulwark_articles.Article", "articles.Artikel"), 3, "forbid.model", "no model"),
        (HOLD.replace("bulwark_articles.Article", "bulwark_articles.Category"), 3, "forbid.model", "no policy"),
        (HOLD.replace('"delete"', '"delte"'), 4, "forbid.actions", "no action 'delte'"),
        (HOLD.replace('["update", "delete"]', '"update"'), 4, "forbid.actions", "list of texts"),
        (HOLD.replace('["update", "delete"]', "[]"), 4, "forbid.actions", "list of texts"),
        (HOLD.replace('"legal hold"', "3"), 6, "forbid.why", "is a text"),
        (HOLD + "role = 'edtior'\n", 7, "forbid.role", "no role 'edtior'"),
        (HOLD.replace("model", "# model"), 2, "forbid", "needs the key 'model'"),
        (HOLD.replace("this.title ==", "this.title <"), 5, "forbid.when", "no database orders"),
        (HOLD.replace("this.title ==", "this.title &"), 5, "forbid.when", "no condition"),
        (HOLD + HOLD.replace("this.title", "this.created_at"), 11, "forbid.when", "never equals"),
        ("[[allow]]\nmodel = 'bulwark_articles.Article'\nactions = ['read']\n", 1, "allow", "needs the key 'role'"),
        ("# one\n\nforbid = [\n{model = 'x', actions = ['*']}]\n", 3, "forbid.model", "no model"),
        ("# a \u2028 b\n" + HOLD.replace("this.title", "this.tilte"), 6, "forbid.when", "no field"),
        (HOLD.replace('this.title == "held"', 'this.title == duration("inf")'), 5, "forbid.when", "no duration"),
        ("note = '''\n[[forbid]]\nwhen = 1\n'''\n" + HOLD, 1, "note", "no kind of rule"),
    ],
)
def test_a_mistake_names_file_line_and_key(write: Write, text: str, line: int, key: str, problem: str) -> None:
    write(text, look=False)
    (found,) = check_files()
    place = f"rules.toml:{line}" + (f" ({key})" if key else "")
    assert found.id == "bulwark_authz.E010"
    assert problem in found.msg
    assert str(found.hint).endswith(f"{place}.")


def test_every_mistake_of_every_file_is_told(write: Write, tmp_path: Path) -> None:
    write(HOLD.replace("this.title", "this.tilte") + HOLD.replace("delete", "delte"), "a.toml", look=False)
    (tmp_path / "b.toml").write_bytes(b"# \n# \xff\n")
    write(HOLD, "c.toml", look=False)
    assert sorted(str(message.hint).rpartition("/")[2] for message in check_files()) == [
        "a.toml:10 (forbid.actions).",
        "a.toml:5 (forbid.when).",
        "b.toml:2.",
    ]


def test_an_error_of_the_reader_itself_denies(write: Write, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    write(HOLD, look=False)
    monkeypatch.setattr("authz.files.reading.known_roles", None)
    write(HOLD + 'role = "editor"\n')
    assert "TypeError" in heard.named("policy_refused")[0]["data"]["errors"][0]
    assert not may("read", article())


@pytest.mark.parametrize("path", ["nowhere.toml", 3])
def test_a_missing_path_is_an_error(settings: Settings, tmp_path: Path, path: Any) -> None:
    path = str(tmp_path / path) if isinstance(path, str) else path
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "POLICY_FILES": path}
    assert [message.id for message in check_files()] == ["bulwark_authz.E010"]
    assert not may("read", article())


def test_a_file_of_any_size_is_not_read(write: Write) -> None:
    write("#" * (loading.MOST_BYTES + 1), look=False)
    assert "more than" in check_files()[0].msg


# What Casbin and Cedar do with the same mistakes.


def test_a_malformed_rule_is_not_skipped(write: Write, heard: Heard) -> None:
    """Casbin loads a line with a field missing as a rule that never matches: what it was to deny is allowed."""
    write("[[forbid]]\nmodel = 'bulwark_articles.Article'\nwhen = 'this.title == \"held\"'\n")
    assert not may("update", article(title="held"))
    assert len(heard.named("policy_refused")) == 1


@pytest.mark.parametrize("effect", ["Deny", "DENY", "dney", "Forbid"])
def test_a_misspelt_deny_does_not_allow(write: Write, heard: Heard, effect: str) -> None:
    """Casbin takes the effect `Deny` for none, and the request that it was to deny is allowed."""
    write(HOLD.replace("[[forbid]]", f"[[{effect}]]"))
    assert not may("update", article(title="held"))
    assert len(heard.named("policy_refused")) == 1


def test_a_forbid_on_a_missing_attribute_denies(write: Write, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cedar drops a forbid whose evaluation fails, so that what it was to deny is allowed."""

    def clearance(person: Any) -> int:
        raise AttributeError("clearance")

    monkeypatch.setattr(get_user_model(), "clearance", property(clearance), raising=False)
    write(HOLD.replace("this.title ==", "this.title == me.clearance #").replace("'this", "'(this").replace("#", ") #"))
    assert heard.named("policy_refused")  # a comment is no part of a rule
    write(HOLD.replace('this.title == "held"', "me.clearance == 3"))
    assert not may("update", article())
    (event,) = heard.named("policy_failed")
    assert (event["data"]["error"], event["data"]["rule"].endswith("rules.toml:5 (forbid.when)")) == (
        "AttributeError",
        True,
    )
    assert may("read", article())


def test_an_attribute_that_no_user_has_is_refused_before_it_can_fail(write: Write, heard: Heard) -> None:
    write(HOLD.replace('this.title == "held"', "me.clearance == 3"))
    assert not may("update", article())
    assert "no field or property for me.clearance" in heard.named("policy_refused")[0]["data"]["errors"][0]


# The examples.


def at(hour: int, **facts: Any) -> Environment:
    return FixedEnvironment(now=dt.datetime(2026, 1, 15, hour, tzinfo=dt.UTC), **facts)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_an_example_has_no_mistake(write: Write, path: Path) -> None:
    write(path.read_text())
    assert check_files() == []
    assert registry.filed(registry.policy_of(Article)).forbids  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("example", "action", "env", "row", "allowed"),
    [
        ("business_hours", "publish", at(9), {}, True),  # 10:00 in Vienna
        ("business_hours", "publish", at(18), {}, False),
        ("business_hours", "update", at(18), {}, True),
        ("office_networks", "export", at(9, ip="10.1.2.3"), {}, True),
        ("office_networks", "export", at(9, ip="2001:db8:1ff::1"), {}, True),
        ("office_networks", "export", at(9, ip="192.0.2.1"), {}, False),
        ("office_networks", "export", at(9), {}, False),
        ("resource_tags", "read", at(9), {"tags": ["confidential"]}, False),
        ("resource_tags", "read", at(9, mfa=True), {"tags": ["confidential"]}, True),
        ("resource_tags", "read", at(9), {"tags": ["Confidential"]}, True),
        ("legal_hold", "delete", at(9), {"created_at": dt.datetime(2025, 6, 1, tzinfo=dt.UTC)}, False),
        ("legal_hold", "delete", at(9), {"created_at": dt.datetime(2026, 6, 1, tzinfo=dt.UTC)}, True),
        ("legal_hold", "read", at(9), {"created_at": dt.datetime(2025, 6, 1, tzinfo=dt.UTC)}, True),
    ],
)  # fmt: skip
def test_an_example_does_what_it_says(  # noqa: PLR0917  (one column a parameter)
    write: Write, example: str, action: str, env: Environment, row: dict[str, Any], allowed: bool
) -> None:
    write((EXAMPLES / f"{example}.toml").read_text())
    assert may(action, article(**row), who(*EDITOR, env=env)) is allowed


def test_a_second_factor_of_staff_opens_at_night(write: Write) -> None:
    write((EXAMPLES / "business_hours.toml").read_text())
    assert may("publish", article(), who(*EDITOR, env=at(23, mfa=True), is_staff=True))
    assert not may("publish", article(), who(*EDITOR, env=at(23, mfa=True)))


# Every worker.

WORKER = """
import sys, time
import django
from django.conf import settings
settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "POLICY_FILES": sys.argv[1]}
django.setup()
from tests.authz.test_policy_files import article, may
row, said = article(title="held"), None
while True:
    now = may("update", row)
    if now is not said:
        print(now, flush=True)
        said = now
    time.sleep(0.05)
"""


def test_a_change_reaches_every_process_within_two_seconds(tmp_path: Path) -> None:
    """Each process looks once a second; the test waits longer than that, in case the machine is busy."""
    path, draft = tmp_path / "rules.toml", tmp_path / "draft"
    path.write_text(NO_RULE)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test", "PYTHONPATH": str(dev.ROOT)}
    command = [sys.executable, "-c", WORKER, str(path)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(3)]
    try:
        assert [_said(worker) for worker in workers] == ["True"] * 3
        draft.write_text(HOLD)
        draft.rename(path)
        began = time.monotonic()
        assert [_said(worker) for worker in workers] == ["False"] * 3
        assert time.monotonic() - began < 20
        path.write_text(HOLD.replace("forbid", "Forbid"))  # refused: the last good version stays
        time.sleep(1.5)
        path.write_text(NO_RULE)
        assert [_said(worker) for worker in workers] == ["True"] * 3
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _said(worker: "subprocess.Popen[str]") -> str:
    assert worker.stdout is not None
    lines: Iterator[str] = (line.strip() for line in worker.stdout)
    return next(line for line in lines if line in {"True", "False"})  # the rest is the log


def test_it_is_looked_at_once_a_second_and_not_with_each_decision() -> None:
    assert 0 < loading.INTERVAL < 2


def test_between_two_looks_nothing_is_read(write: Write) -> None:
    write(HOLD)
    write(NO_RULE, look=False)
    assert not may("update", article(title="held"))
    loading.refresh(at_once=True)
    assert may("update", article(title="held"))


def test_without_files_nothing_is_looked_at(settings: Settings) -> None:
    loading.forget()
    loading.refresh()
    assert loading._state.due == float("inf")
