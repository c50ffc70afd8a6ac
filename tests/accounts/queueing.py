"""A durable queue, and its worker: the real ones."""

from typing import Any
from unittest.mock import patch

from django.core.management import call_command
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult
from pytest_django import Settings


def use_queue(settings: Settings) -> None:
    """Let jobs wait in the database, as in production."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}


def work() -> None:
    """Do every job that is due, and those that they lead to.

    A test's transaction must stay open, so the worker's connection is not renewed: Django's test client does the same.
    """
    with patch.object(db_worker, "close_old_connections"):
        call_command("db_worker", "--batch", "--interval", "0", "--no-startup-delay", verbosity=0)


def waiting() -> list[DBTaskResult[Any, Any]]:
    """Return the jobs that nobody has done yet, in order."""
    return list(DBTaskResult.objects.filter(status="READY").order_by("enqueued_at"))
