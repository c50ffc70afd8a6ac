"""Acts on an alert without asking, where the settings let a rule do so."""

import logging
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.utils import timezone

from ..conf import conf
from ..models import Alert, Response
from ..recording import record
from .actions import ResponseRefused, respond

logger = logging.getLogger(__name__)
#: How the line of an alert's timeline begins that says why nothing was done.
_WITHHELD = "response withheld: "
_LISTED = "allow_listed"
#: After this time, what was withheld is tried again: each try is an event.
_PAUSE = timedelta(minutes=10)


def respond_to(alert: Alert) -> Response | None:
    """Take the action that the settings name for the alert's rule; None when there is none, or it may not be taken.

    `RULES[name]["respond"] = {"action": "block_network", "seconds": 3600}` opts in. Addresses of `NEVER_BLOCK` are
    never touched, and in an hour no more is done than `RESPONSES_AN_HOUR`: what is left out is an event as well.
    """
    wanted = conf.rules.get(alert.rule, {}).get("respond")
    if not wanted:
        return None
    try:
        if refusal := _refusal(alert):
            _withheld(alert, "refused", refusal)
            return None
        return respond(
            wanted["action"],
            alert.key,
            seconds=int(wanted.get("seconds", 0)),
            reason=f"rule {alert.rule}",
            by=f"rule {alert.rule}",
            alert=alert,
            is_automatic=True,
        )
    except ResponseRefused as error:
        logger.warning("The response to %s was refused: %s", alert.rule, error)
        reason = "refused"
    except Exception:
        # The project's function is broken, or a setting is. The alert must stand, and the rules go on.
        logger.exception("The response to %s could not be taken.", alert.rule)
        reason = "error"
    _withheld(alert, "failed", reason)
    return None


def _withheld(alert: Alert, outcome: str, reason: str) -> None:
    record("auditlog.response_withheld", outcome=outcome, reason=reason, target=alert, data={"rule": alert.rule})
    alert.steps.create(actor=f"rule {alert.rule}", text=f"{_WITHHELD}{reason}")


def respond_again(alert: Alert) -> Response | None:
    """Act once more on an alert that is still open, where what was done about it has run out, or was withheld a while
    ago: an hour later the cap has room again, and a store that was lost is back.

    What somebody took back stays so.
    """
    if alert.is_silenced or not conf.rules.get(alert.rule, {}).get("respond"):
        return None
    now = timezone.now()
    last = alert.responses.filter(is_automatic=True).order_by("-pk").first()
    withheld = alert.steps.filter(text__startswith=_WITHHELD).order_by("-pk").first()
    if last is None and withheld is None:
        return None  # it was raised before the rule was let
    if last is not None and (last.undone_at is not None or last.holds(now)):
        return None
    if withheld is not None and (withheld.text == f"{_WITHHELD}{_LISTED}" or withheld.ts > now - _PAUSE):
        return None
    return respond_to(alert)


def _refusal(alert: Alert) -> str:
    if is_never_blocked(alert.key):
        return _LISTED
    recent = Response.objects.filter(is_automatic=True, done_at__gt=timezone.now() - timedelta(hours=1))
    return "cap_reached" if recent.count() >= conf.responses_an_hour else ""


def is_never_blocked(key: str) -> bool:
    """Say whether ``key`` is an address or network that overlaps one of `NEVER_BLOCK`.

    An IPv6 address counts as its /64, as it is blocked, and IPv4 inside IPv6 as IPv4.

    :raises ValueError: `NEVER_BLOCK` holds what is no network.
    """
    try:
        network = network_of(key)
    except ValueError:
        return False
    if network.version == 6 and network.prefixlen > 64:
        network = network.supernet(new_prefix=64)
    listed = map(network_of, conf.never_block)
    return any(each.version == network.version and each.overlaps(network) for each in listed)


def network_of(text: str) -> IPv4Network | IPv6Network:
    """Return the network that ``text`` names, by itself or by an address in it; IPv4 inside IPv6 is IPv4.

    :raises ValueError: it names none.
    """
    network = ip_network(text, strict=False)
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return network if mapped is None else ip_network((int(mapped), max(0, network.prefixlen - 96)), strict=False)
