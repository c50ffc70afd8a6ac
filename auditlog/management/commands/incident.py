"""Runs an incident from the shell: `incident open|note|contain|evidence|notify|close`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...incidents import evidence, running
from ...models import Alert, Incident, Severity

BY = "command"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        opened = steps.add_parser("open", help="begin one, and print its number")
        opened.add_argument("title")
        opened.add_argument("--severity", type=int, choices=Severity.values, default=int(Severity.HIGH))
        opened.add_argument("--alert", type=int, action="append", default=[], help="number of an alert it is about")
        opened.add_argument("--event", action="append", default=[], help="id of an event it is about")
        opened.add_argument("--affected", action="append", default=[], help="address of somebody it concerns")
        for name, what in (("note", "write a line into the timeline"), ("contain", "say what stopped the attack")):
            step = steps.add_parser(name, help=what)
            step.add_argument("number", type=int)
            step.add_argument("text")
        proof = steps.add_parser("evidence", help="write the signed evidence to a file")
        proof.add_argument("number", type=int)
        proof.add_argument("--out", type=Path, required=True)
        told = steps.add_parser("notify", help="draft the message to who is affected, or send it")
        told.add_argument("number", type=int)
        told.add_argument("--template", default="", help="another template of text")
        told.add_argument("--send", action="store_true", help="send the draft; needs --confirm")
        told.add_argument("--confirm", default="", help="the subject of the draft, word for word")
        closed = steps.add_parser("close", help="end it, with the whole post-mortem")
        closed.add_argument("number", type=int)
        for name in Incident.POST_MORTEM:
            closed.add_argument(f"--{name.replace('_', '-')}", default="")

    def handle(self, *, step: str, **options: Any) -> None:
        try:
            self.stdout.write(getattr(self, f"_{step}")(options))
        except (running.IncidentStepRefused, Alert.DoesNotExist, Incident.DoesNotExist, OSError) as error:
            raise CommandError(str(error)) from error

    def _open(self, options: dict[str, Any]) -> str:
        alerts = [Alert.objects.get(pk=number) for number in options["alert"]]
        incident = running.open_incident(
            options["title"],
            by=BY,
            severity=options["severity"],
            alerts=alerts,
            events=options["event"],
            affected=options["affected"],
        )
        return f"Incident {incident.pk} is open; {len(incident.affected)} are noted as affected."

    def _note(self, options: dict[str, Any]) -> str:
        running.note(_incident(options), options["text"], by=BY)
        return "Noted."

    def _contain(self, options: dict[str, Any]) -> str:
        running.contain(_incident(options), options["text"], by=BY)
        return "Contained."

    def _evidence(self, options: dict[str, Any]) -> str:
        written = options["out"].write_text(evidence.bundle(_incident(options), by=BY))
        return f"Wrote {written} bytes to {options['out']}. Check it with auditlog_verify --bundle."

    def _notify(self, options: dict[str, Any]) -> str:
        incident = _incident(options)
        if options["send"]:
            notice = running.waiting_notice(incident)
            return f"Sent to {running.send_notice(notice, confirmation=options['confirm'], by=BY)}."
        notice = running.draft_notice(incident, by=BY, template=options["template"])
        return (
            f"Nothing is sent yet. To {len(notice.recipients)}:\n\n{notice.subject}\n\n{notice.body}\n\n"
            f"Send it: incident notify {incident.pk} --send --confirm {notice.subject!r}"
        )

    def _close(self, options: dict[str, Any]) -> str:
        running.close(_incident(options), {name: options[name] for name in Incident.POST_MORTEM}, by=BY)
        return "Closed."


def _incident(options: dict[str, Any]) -> Incident:
    return Incident.objects.get(pk=options["number"])
