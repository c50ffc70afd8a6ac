import io

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from auditlog import generating
from auditlog.models import Event
from auditlog.progress import Bar

pytestmark = pytest.mark.django_db


def test_the_command_fills_the_log(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEBUG = True

    call_command("auditlog_generate", "300", "--days", "2")

    assert Event.objects.count() == 300
    assert "Made 300 events" in capsys.readouterr().out


def test_true_events_are_not_mixed_with_invented_ones() -> None:
    with pytest.raises(CommandError, match="--force"):
        call_command("auditlog_generate", "1")

    call_command("auditlog_generate", "1", "--force", verbosity=0)
    assert Event.objects.count() == 1


def test_the_same_seed_makes_the_same_events() -> None:
    def made(seed: int) -> list[tuple[str, str, str]]:
        found = generating.events(50, days=1, seed=seed)
        return [(event.type, event.actor_label, event.request_id) for event in found]

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_the_events_look_like_life() -> None:
    made = list(generating.events(3000, days=30, seed=1))

    assert made == sorted(made, key=lambda event: event.ts)
    assert len({event.type for event in made}) > 20
    assert len({event.actor_label for event in made}) > 100
    assert 0 < sum(event.severity >= 4 for event in made) < 300


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def write(self, msg: str, style_func: None = None, ending: str | None = None) -> None:  # type: ignore[override]
        super().write(msg if ending is None else msg + ending)


def test_the_bar_says_how_far_it_is() -> None:
    bar = Bar("events", 200, Terminal())

    assert bar.line(50, 2.0) == "[#######.......................]  25% 50/200 events, 25/s, 6 s left"
    assert bar.line(0, 0.0).startswith("[" + "." * 30 + "]   0% 0/200")


def test_the_bar_draws_on_a_terminal_only() -> None:
    terminal = Terminal()
    with Bar("events", 2, terminal) as bar:
        bar.show(1)
        bar.show(2)
    assert terminal.getvalue().count("\r") == 2

    class Pipe(Terminal):
        def isatty(self) -> bool:
            return False

    pipe = Pipe()
    with Bar("events", 2, pipe) as bar:
        bar.show(2)
    assert pipe.getvalue() == ""
