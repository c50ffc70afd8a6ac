"""Messages to users: rendered and sent by a background job, and tried again when the mail server fails."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, TypedDict

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import send_mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone

from . import links, mailboxes, signals
from .background import task, task_backends
from .conf import conf
from .first_factor import pseudonym

logger = logging.getLogger(__name__)


class Message(TypedDict):
    """What a job is told of a mail. A link is made when it is sent: none stands in a queue.

    :ivar template: name of a template in `bulwark_accounts/mail/`; its first line is the subject.
    :ivar to: the address.
    :ivar purpose: what its link does; empty without one.
    :ivar about: id of what the link is for; empty without one.
    :ivar context: more values for the template.
    """

    template: str
    to: str
    purpose: links.Purpose | Literal[""]
    about: str
    context: dict[str, Any]


def send(
    template: str,
    to: str,
    *,
    link: tuple[links.Purpose, str] | None = None,
    context: Mapping[str, Any] | None = None,
) -> None:
    """Hand a mail to a job, and return at once: the caller learns nothing of the mail server.

    :param link: what a link in it does, and the id of the user or of the change of an address that it is for.
    """
    message = Message(template=template, to=to, purpose="", about="", context=dict(context or {}))
    if link:
        message["purpose"], message["about"] = link
    deliver.enqueue(message, 1)


def send_asked(
    template: str,
    to: str,
    *,
    request: HttpRequest | None,
    user: AbstractBaseUser | None = None,
    link: tuple[links.Purpose, str] | None = None,
    is_way_back: bool = False,
) -> bool:
    """Hand over a mail that anybody can ask for, unless its mailbox has had enough of them; say whether it was.

    It is for background jobs: how long it takes tells whether the mail is sent (Note [mailboxes]).

    :param request: who has asked, for the signal `mail_withheld`.
    :param user: who has the address.
    :param is_way_back: it is the user's way back into the account.
    """
    if mailboxes.has_room(to, is_way_back=is_way_back):
        send(template, to, link=link)
        return True
    signals.mail_withheld.send_robust(
        sender=get_user_model(),
        request=request,
        user=None,
        target=user,
        outcome="refused",
        data={"template": template, "identifier": pseudonym(to)},
    )
    return False


@task()
def deliver(message: Message, attempt: int) -> None:
    """Send a mail; when that fails, signal `mail_failed` and try again after the next of `MAIL_RETRIES`."""
    try:
        subject, body = render(message)
        send_mail(subject, body, None, [message["to"]])
    except Exception as error:  # noqa: BLE001 - what a mail backend raises is its own
        _failed(message, attempt, error)


def render(message: Message) -> tuple[str, str]:
    """Return subject and body.

    :raises ObjectDoesNotExist: what the link was for is gone, or has another address by now.
    """
    values = {"site": conf.site_url, **message["context"]}
    if message["purpose"]:
        values["link"] = links.url_of(message["purpose"], message["about"], to=message["to"])
    text = render_to_string(f"bulwark_accounts/mail/{message['template']}.txt", values)
    subject, _, body = text.partition("\n")
    return subject.strip(), f"{body.strip()}\n"


def _failed(message: Message, attempt: int, error: Exception) -> None:
    waits = conf.mail_retries
    again = attempt <= len(waits) and task_backends[deliver.backend].supports_defer
    logger.error("A mail was not sent: %s, attempt %d.", message["template"], attempt, exc_info=error)
    signals.mail_failed.send_robust(
        sender=get_user_model(),
        request=None,
        user=None,
        target=None,
        outcome="failed",
        data={"template": message["template"], "attempt": attempt, "again": again, "reason": type(error).__name__},
    )
    if again:
        run_after = timezone.now() + timedelta(seconds=waits[attempt - 1])
        deliver.using(run_after=run_after).enqueue(message, attempt + 1)
