"""`overdue_jobs`: tells whether jobs wait longer than they should, and brings back what a dead worker held."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone
from django_tasks_db.models import DBTaskResult, get_date_max

READY, RUNNING = "READY", "RUNNING"


class Command(BaseCommand):
    help = "Exit with 1 when jobs wait or run for longer than so many minutes: a health check of the workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--minutes", type=int, default=10)
        parser.add_argument(
            "--requeue", action="store_true", help="Let those that run for longer, with a worker that died, run again."
        )

    def handle(self, *_: Any, **options: Any) -> None:
        limit = timezone.now() - timedelta(minutes=options["minutes"])
        running = DBTaskResult.objects.filter(status=RUNNING, started_at__lt=limit)
        if options["requeue"]:
            self.stdout.write(f"{running.update(status=READY, started_at=None)} jobs will run again.")
            return
        due = Q(run_after__lt=limit) | Q(run_after=get_date_max(), enqueued_at__lt=limit)
        overdue = running.count() + DBTaskResult.objects.filter(due, status=READY).count()
        if overdue:
            msg = f"{overdue} jobs are overdue."
            raise CommandError(msg)
        self.stdout.write("No job is overdue.")
