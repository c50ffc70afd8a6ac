import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import dev

SYSTEM_PYTHON = Path(getattr(sys, "_base_executable", sys.executable))


def test_it_needs_nothing_but_python() -> None:
    done = subprocess.run(
        [SYSTEM_PYTHON, "-I", "-S", dev.ROOT / "dev.py", "help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "dev.py run" in done.stdout


def test_make_knows_every_command_and_no_other() -> None:
    makefile = (dev.ROOT / "Makefile").read_text()
    [targets] = re.findall(r"^\.PHONY: help (.*)$", makefile, re.MULTILINE)
    assert set(targets.split()) == set(re.findall(r"dev\.py (\w+)", dev.__doc__ or ""))


def test_an_unknown_command_is_refused_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["fly"]) == 2
    assert "dev.py check" in capsys.readouterr().out


def test_a_port_that_is_taken_is_told_before_anything_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("PORT", str(server.getsockname()[1]))
        monkeypatch.setattr(dev, "install", lambda *_: pytest.fail("installed"))
        assert dev.main(["run"]) == 2
    assert "PORT=9000 make run" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["", "abc", "0", "99999"])
def test_what_is_no_port_is_not_taken(port: str) -> None:
    assert not dev.is_taken(port)


def test_a_missing_venv_names_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "PYTHON", tmp_path / "bin" / "python")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit) as refused:
        dev.make_venv()
    assert refused.value.code == 2
    assert "sudo apt-get install python3-venv" in capsys.readouterr().err


def test_an_installed_checkout_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "VENV", tmp_path)
    monkeypatch.setattr(dev, "PYTHON", tmp_path / "python")
    calls: list[str] = []
    monkeypatch.setattr(dev, "make_venv", lambda: calls.append("venv"))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0))
    dev.install("requirements.txt")
    (tmp_path / "python").touch()
    dev.install("requirements.txt")
    assert calls == ["venv"]
    (tmp_path / "requirements.txt").write_text("# something else\n")
    dev.install("requirements.txt")
    assert calls == ["venv", "venv"]


def test_failed_packages_stop_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "VENV", tmp_path)
    monkeypatch.setattr(dev, "make_venv", lambda: None)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1))
    with pytest.raises(SystemExit):
        dev.install("requirements.txt")
    assert not list(tmp_path.glob(".requirements*"))


def test_comments_do_not_make_a_lock_file_stale(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("django==5.2 \\\n    --hash=sha256:00\n    # via -r requirements.in\n")
    (tmp_path / "b").write_text("django==5.2 \\\n    --hash=sha256:00\n")
    (tmp_path / "c").write_text("django==5.2 \\\n    --hash=sha256:01\n")
    assert dev._pins(tmp_path / "a") == dev._pins(tmp_path / "b") != dev._pins(tmp_path / "c")
