"""Makes alerts of findings, and moves them through their states."""

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from ..cleaning import text as cleaned
from ..models import Alert, AlertState, AlertStep, Delivery, Silence
from ..recording import record
from ..response.automatic import respond_again, respond_to
from .channels import channels

if TYPE_CHECKING:
    from ..detection.findings import Finding
    from ..detection.rules import Rule


def raise_alert(rule: "Rule", finding: "Finding", alias: str) -> Alert:
    """Raise an alert, or let the finding join the one that is still open about the same; return it.

    A new alert is queued for every channel, unless somebody has silenced it; more of the same is not told again, but
    for the first of it after a silence.
    """
    key = finding.key[:254]
    known = _join(rule, key, finding, alias)
    if known is not None:
        _go_on(known, alias)
        return known
    about = f": {key}" if key not in {"", "overall"} else ""
    note = f" ({finding.note})" if finding.note else ""
    alert = Alert(
        rule=rule.name,
        key=key,
        severity=rule.severity,
        summary=f"{rule.title}{about}{note}"[:400],
        count=finding.count,
        first_ts=finding.first_ts,
        last_ts=finding.last_ts,
        evidence=[str(uuid) for uuid in finding.evidence],
        is_silenced=_is_silenced(rule.name, key, alias),
    )
    try:
        with transaction.atomic(using=alias):
            alert.save(using=alias, force_insert=True)
    except IntegrityError:
        return raise_alert(rule, finding, alias)  # another process was faster: its alert is joined
    _step(alert, "", f"raised by {rule.name}")
    record("auditlog.alert_raised", target=alert, severity=rule.severity, data={"rule": rule.name, "key": key})
    if not alert.is_silenced:
        tell(alert, AlertState.OPEN)
        respond_to(alert)
    return alert


def _go_on(alert: Alert, alias: str) -> None:
    """Act on more of what an alert is about: a silence keeps what begins in it from being told until it is over."""
    if not alert.is_silenced or alert.state != AlertState.OPEN:
        respond_again(alert)
    elif not _is_silenced(alert.rule, alert.key, alias):
        alert.is_silenced = False
        alert.save(using=alias, update_fields=["is_silenced"])
        _step(alert, "", "goes on after the silence")
        tell(alert, AlertState.OPEN)
        respond_to(alert)


def _join(rule: "Rule", key: str, finding: "Finding", alias: str) -> Alert | None:
    live = Alert.objects.using(alias).live().filter(rule=rule.name, key=key)
    if not live.update(count=F("count") + finding.new, last_ts=Greatest("last_ts", finding.last_ts)):
        return None
    return live.get()


def acknowledge(alert: Alert, *, by: Any, note: str = "") -> None:
    """Say that somebody deals with it; the channels are told."""
    _move(alert, AlertState.ACKNOWLEDGED, by=by, note=note, owner=by)


def close(alert: Alert, *, by: Any, note: str) -> None:
    """End the alert; what comes after raises another one.

    :param note: what it was.
    """
    _move(alert, AlertState.CLOSED, by=by, note=note, owner=alert.owner or by)


def add_note(alert: Alert, *, by: Any, note: str) -> None:
    """Write a line into the alert's timeline."""
    with transaction.atomic(using=alert._state.db):  # noqa: SLF001 - Django documents it
        _step(alert, _name(by), note)
        record("auditlog.alert_noted", user=by, target=alert, data={"rule": alert.rule, "note": note})


def tell(alert: Alert, news: AlertState) -> None:
    """Queue the alert for each channel that wants alerts as severe as this one; later news for those that know of it.

    So a process that has no channels, as a web server beside the detector, tells of what people do on its pages.
    """
    if news == AlertState.OPEN:
        names = [name for name, channel in channels().items() if alert.severity >= channel.minimum]
    else:
        names = list(alert.deliveries.order_by("channel").values_list("channel", flat=True).distinct())
    Delivery.objects.using(alert._state.db).bulk_create(  # noqa: SLF001 - Django documents it
        Delivery(alert=alert, channel=name, news=news) for name in names
    )


def _move(alert: Alert, state: AlertState, *, by: Any, note: str, owner: Any) -> None:
    alias = alert._state.db or "default"  # noqa: SLF001 - Django documents it
    with transaction.atomic(using=alias):
        if (
            not Alert.objects.using(alias)
            .live()
            .filter(pk=alert.pk)
            .exclude(state=state)
            .update(state=state, owner=owner)
        ):
            return
        alert.state, alert.owner = state, owner
        _step(alert, _name(by), f"{state.label}{': ' if note else ''}{note}")
        record(f"auditlog.alert_{state}", user=by, target=alert, data={"rule": alert.rule, "note": note})
        if not alert.is_silenced:
            tell(alert, state)


def _step(alert: Alert, actor: str, text: str) -> None:
    AlertStep.objects.using(alert._state.db).create(alert=alert, actor=actor, text=cleaned(text, 400))  # noqa: SLF001


def _name(by: Any) -> str:
    return by.get_username() if by is not None else ""


def _is_silenced(rule: str, key: str, alias: str) -> bool:
    now = timezone.now()
    running = Silence.objects.using(alias).filter(starts_at__lte=now, ends_at__gt=now)
    return any(silence.covers(rule, key, now) for silence in running)
