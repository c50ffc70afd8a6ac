"""Plays attacks against the running demo, and tells what each layer answered and which alert it raised."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router
from django.utils import timezone

from auditlog.detection.engine import detect_new
from auditlog.models import Alert, Event
from auditlog.progress import Bar
from config import demo
from config.scenarios import SCENARIOS, Scenario
from config.scenarios.attacker import Attacker, TargetRefused, checked, confirm


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=[*SCENARIOS, "all"], help="which attack")
        parser.add_argument("--url", help="where the demo is served; default: where it was started last")

    def handle(self, *, name: str, url: str | None, **options: Any) -> None:  # noqa: ARG002 - the contract of a command
        known = demo.read()
        if not settings.DEBUG or known is None:
            msg = "Attacks are played against a demo: start one with `make run`, under development settings."
            raise CommandError(msg)
        try:
            target = checked(url or known["url"])
            confirm(target, demo.MARK_HEADER, demo.mark(known["users"]))
        except TargetRefused as error:
            raise CommandError(str(error)) from error
        people = {user["name"]: {"email": user["email"], "password": user["password"]} for user in known["users"]}
        chosen = list(SCENARIOS.values()) if name == "all" else [SCENARIOS[name]]
        failed = [scenario.name for scenario in chosen if not self._play(scenario, target, people)]
        self.stdout.write(f"\nThe alerts: {target}/admin/bulwark_auditlog/alert/ (erin or admin)")
        if failed:
            msg = f"Not stopped, or not found: {', '.join(failed)}."
            raise CommandError(msg)

    def _play(self, scenario: Scenario, url: str, people: dict[str, dict[str, str]]) -> bool:
        """Play one attack, tell what came of it, and say whether it was stopped and found."""
        self.stdout.write(f"\n{scenario.name}: {scenario.title}")
        began = timezone.now()
        attacker = Attacker(url, people)
        with Bar("requests", scenario.requests, self.stderr) as bar:
            attacker.tick = lambda: bar.show(sum(attacker.seen.values()))
            try:
                stopped = scenario.play(attacker)
            except LookupError as error:
                raise CommandError(str(error)) from error
        for (layer, status, code), count in sorted(attacker.seen.items()):
            self.stdout.write(f"  {count:4} x {status} {code or '-':28} {layer}")
        raised = self._raised(scenario, began)
        self.stdout.write(f"  {'stopped' if stopped else 'NOT STOPPED'}; alerts: {', '.join(raised) or 'none'}")
        return stopped and (not scenario.alerts or not set(raised).isdisjoint(scenario.alerts))

    def _raised(self, scenario: Scenario, began: Any) -> list[str]:
        """Let the rules look at what happened, and return those that found the attack."""
        detect_new(router.db_for_write(Event))
        found = Alert.objects.live().filter(last_ts__gte=began, rule__in=scenario.alerts)
        return sorted(found.values_list("rule", flat=True).distinct())
