"""A file that proves what happened to somebody who has neither this database nor trust in it.

Note [bundle]. The file is a signed note (https://c2sp.org/signed-note): JSON, a blank line, signatures. The JSON holds
each event as the tree has it, with the proof that leads from it to a signed checkpoint; so a bundle shows both that
the file is whole and that its events were in the log when that checkpoint was signed.
"""

import hashlib
import json
from binascii import unhexlify
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from ..models import Event, Incident
from ..redaction import is_secret_name
from ..sealing import merkle, proofs
from ..sealing.checkpoints import Checkpoint, own_keys
from ..sealing.entries import FORMATS
from ..sealing.entries import UUID as ID
from ..sealing.notes import KeySet
from .running import IncidentStepRefused

FORMAT = "bulwark-evidence/1"


class EvidenceRefused(ValueError):  # noqa: N818 - errors are past participles in this project
    """The bundle is not what was signed; the text names the first thing that is wrong."""


def bundle(incident: Incident, *, by: str) -> str:
    """Return the signed evidence of an incident.

    :raises IncidentStepRefused: an event is not sealed yet, or no key that signs is here.
    """
    signer = own_keys().signer
    if signer is None:
        raise IncidentStepRefused("No private key in SEAL_KEYS: run this where the sealer runs.")
    events = list(Event.objects.filter(uuid__in=incident.events).order_by("epoch", "tx", "seq"))
    try:
        proven = [proofs.inclusion(event) for event in events]
    except LookupError as error:
        raise IncidentStepRefused(f"{error} Run auditlog_seal first.") from error
    found = {
        "format": FORMAT,
        "made_at": timezone.now(),
        "made_by": by,
        "incident": {
            "number": incident.pk,
            "title": incident.title,
            "severity": incident.severity,
            "state": incident.state,
            "opened_at": incident.opened_at,
            "contained_at": incident.contained_at,
            "affected": incident.affected,
        },
        "timeline": list(incident.entries.order_by("ts", "pk").values("ts", "actor", "text")),
        "alerts": list(
            incident.alerts.order_by("pk").values("pk", "rule", "key", "severity", "summary", "first_ts", "last_ts")
        ),
        "events": proven,
        "missing": sorted(set(incident.events) - {str(event.uuid) for event in events}),
        "settings": settings_digest(),
    }
    text = json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=True, indent=1)
    return signer.sign(f"{text}\n")


def check(note: str, keys: KeySet | None = None) -> dict[str, Any]:
    """Return what a bundle holds, after all of it has been checked; needs no database.

    :param keys: public keys of the sealer; default: `SEAL_KEYS`.
    :raises EvidenceRefused: something in it is not what was signed.
    """
    trusted = keys or own_keys()
    try:
        found: dict[str, Any] = json.loads(trusted.opened(note))
        _check_format(found["format"])
        for event in found["events"]:
            _check_event(event, trusted)
    except EvidenceRefused:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise EvidenceRefused(f"The bundle cannot be trusted: {error}") from error
    return found


def _check_format(found: str) -> None:
    if found != FORMAT:
        raise EvidenceRefused(f"This is no {FORMAT}.")


def _check_event(event: dict[str, Any], keys: KeySet) -> None:
    checkpoint = Checkpoint.opened(event["checkpoint"], keys)
    leaf = merkle.leaf_hash(event["entry"].encode(errors="surrogatepass"))
    proof = [unhexlify(found) for found in event["proof"]]
    root = merkle.root_of_inclusion(leaf, event["leaf_index"], checkpoint.size, proof)
    if root != checkpoint.root or event["tree_size"] != checkpoint.size:
        raise EvidenceRefused(f"Event {event['event']} is not in the log that was signed.")
    if not _is_shown_as_sealed(event):
        raise EvidenceRefused(f"Event {event['event']} is shown as another than the one that is in the log.")


def _is_shown_as_sealed(event: dict[str, Any]) -> bool:
    """Say whether what people read of an event is what its leaf commits to: its id, its columns, who, whom and what."""
    number, *found = json.loads(event["entry"])
    form = FORMATS[number]
    commitments = dict(zip(form.personal, found[len(form.public) :], strict=True))
    return (
        UUID(found[ID]) == UUID(event["event"])
        and event["columns"] == ["format", *form.public, *form.personal]
        and all(
            opening["columns"] == list(form.personal[part]) and commitments[part] == proofs.commitment_in(opening)
            for part, opening in event["openings"].items()
        )
    )


def settings_digest() -> dict[str, str]:
    """Return each security setting's name and the SHA-256 of its value: enough to show that one was changed."""
    names = [
        name for name in dir(settings) if name.isupper() and name.startswith(("BULWARK_", "SECURE_", "CSRF_", "CORS_"))
    ]
    names += [
        "ALLOWED_HOSTS",
        "AUTH_PASSWORD_VALIDATORS",
        "DEBUG",
        "INSTALLED_APPS",
        "MIDDLEWARE",
        "SESSION_COOKIE_SECURE",
    ]
    return {name: _digest(_without_secrets(getattr(settings, name, None))) for name in sorted(names)}


def _without_secrets(value: Any) -> Any:
    """Leave secrets out: the digest of a weak one would be guessed."""
    if isinstance(value, dict):
        return {str(key): _without_secrets(each) for key, each in value.items() if not is_secret_name(str(key))}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [
            _without_secrets(each)
            for each in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)
        ]
    return value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str, sort_keys=True).encode()).hexdigest()
