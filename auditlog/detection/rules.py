"""The rules, as data: what each is about, why it matters, what to look at first."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import Q

from ..conf import conf
from ..models import RuleSetting, Severity
from ..sealing.sealer import NAME as SEALER
from .detectors import After, Each, New, Spike, Threshold
from .findings import OVERALL, SUBNET, Match
from .probing import asks_for_a_probe, is_a_tool
from .standing import Behind, Stopped
from .travel import Travel

AnyDetector = After | Each | New | Spike | Threshold | Travel
Standing = Behind | Stopped


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing to find.

    :ivar title: what happened, in a few words; the alert adds about whom.
    :ivar why: why it matters.
    :ivar first: what to check first.
    """

    name: str
    severity: Severity
    title: str
    why: str
    first: str
    detector: AnyDetector | Standing


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LOGIN_FAILED = Match(("accounts.login_failed", "auth.user_login_failed", "accounts.mfa_failed"))
PASSWORD_FAILED = Match(("accounts.login_failed", "auth.user_login_failed"))
LOGGED_IN = Match(("accounts.login_succeeded", "auth.user_logged_in"))
#: The rule that finds rules that broke.
BROKEN = "rule_broken"
REFUSED = Q(outcome="refused")


def _spike(status: int, by: str, *, limit: int) -> Spike:
    match = Match(("accounts.*", "articles.*", "authz.*", "edge.*"), Q(status=status))
    return Spike(match=match, by=by, limit=limit, window=10 * MINUTE)


def _spikes() -> list[Rule]:
    """Return a rule for each status and each key: more than usual for that address, account or tenant."""
    words = {
        401: ("unauthenticated", "Somebody tries tokens or passwords."),
        403: ("forbidden", "Somebody tries what they may not do."),
        404: ("not found", "Somebody looks for what is not theirs, or not there."),
        422: ("invalid input", "Somebody tries out what the API takes."),
        429: ("limited", "Somebody asks faster than anybody may."),
    }
    keys = {"ip": ("src_ip", 40), "user": ("actor_id", 40), "tenant": ("tenant", 120)}
    return [
        Rule(
            name=f"spike_{status}_by_{key}",
            severity=Severity.MEDIUM,
            title=f"Unusually many answers {status} ({word})",
            why=why,
            first="Filter the events by this key and time: which routes, which user agents, one target or many?",
            detector=_spike(status, column, limit=limit),
        )
        for status, (word, why) in words.items()
        for key, (column, limit) in keys.items()
    ]


RULES: tuple[Rule, ...] = (
    Rule(
        name="bulk_export",
        severity=Severity.HIGH,
        title="Data exported in bulk",
        why="Whoever has taken over an account takes what it may read, quickly.",
        first="Ask the owner of the account. How much was exported, from which address, in which session?",
        detector=Threshold(
            match=Match(("articles.articles_exported", "auditlog.events_exported")), by="actor_id", limit=5, window=HOUR
        ),
    ),
    Rule(
        name="csp_burst",
        severity=Severity.MEDIUM,
        title="Browsers stop content on our pages",
        why="A page carries content that is not ours (injection), or a release broke the policy.",
        first="Look at the blocked address and the document: since the last release, or from one visitor?",
        detector=Threshold(match=Match(("edge.csp_violated",)), by=OVERALL, limit=20, window=10 * MINUTE),
    ),
    Rule(
        name="events_stopped",
        severity=Severity.CRITICAL,
        title="No event has come for a while",
        why="The service is down, or somebody has cut off the log.",
        first="Is the service up? Is the database writable, is the spool growing?",
        detector=Stopped(),
    ),
    Rule(
        name="login_failures_by_account",
        severity=Severity.MEDIUM,
        title="Many failed logins of one account",
        why="Somebody guesses this account's password.",
        first="One address or many? Has a login succeeded since?",
        detector=Threshold(match=PASSWORD_FAILED, by="data__identifier", limit=10, window=15 * MINUTE),
    ),
    Rule(
        name="login_failures_by_ip",
        severity=Severity.MEDIUM,
        title="Many failed logins from one address",
        why="Passwords are being tried: lists of stolen ones, or guesses.",
        first="How many accounts? A company's gateway, or one host?",
        # Below what a limiter lets through an hour (10), or an attack that is stopped would not be seen.
        detector=Threshold(match=LOGIN_FAILED, by="src_ip", forgiven_by=LOGGED_IN, limit=8, window=15 * MINUTE),
    ),
    Rule(
        name="login_failures_by_subnet",
        severity=Severity.MEDIUM,
        title="Many failed logins from one network",
        why="An attacker spreads guesses over neighbouring addresses to stay below limits.",
        first="Whose network is it? Block it for some hours if nobody of yours is in it.",
        detector=Threshold(match=LOGIN_FAILED, by=SUBNET, limit=40, window=15 * MINUTE),
    ),
    Rule(
        name="login_failures_overall",
        severity=Severity.HIGH,
        title="Failed logins are far above the usual",
        why="Credentials are being stuffed from many addresses, none of which stands out.",
        first="Do the accounts exist? Do user agents or hours repeat? Consider a challenge for every login.",
        detector=Spike(match=LOGIN_FAILED, by=OVERALL, limit=100, window=15 * MINUTE, factor=5),
    ),
    Rule(
        name="mfa_failures",
        severity=Severity.HIGH,
        title="Second factors are being guessed",
        why="Whoever gets to the second step has the password.",
        first="Tell the owner to change the password; was the password step from the same address?",
        detector=Threshold(match=Match(("accounts.mfa_failed",)), by="actor_id", limit=5, window=15 * MINUTE),
    ),
    Rule(
        name="new_country",
        # As a new address and device are: on any day some people travel, and nobody is to be woken for it.
        severity=Severity.INFORMATIONAL,
        title="First login from this country",
        why="People travel; stolen sessions travel faster. Useful beside other alerts of the same account.",
        first="Does the device fit the owner's? Ask, where the account is privileged.",
        detector=New(match=LOGGED_IN, by="actor_id", value="country", window=90 * DAY),
    ),
    Rule(
        name="new_device",
        severity=Severity.INFORMATIONAL,
        title="First login with this device",
        why="Useful beside other alerts of the same account.",
        first="Nothing, unless another alert is about the same account.",
        detector=New(match=LOGGED_IN, by="actor_id", value="user_agent", window=90 * DAY),
    ),
    Rule(
        name="new_ip",
        severity=Severity.INFORMATIONAL,
        title="First login from this address",
        why="Useful beside other alerts of the same account.",
        first="Nothing, unless another alert is about the same account.",
        detector=New(match=LOGGED_IN, by="actor_id", value="src_ip", window=90 * DAY),
    ),
    Rule(
        name="impossible_travel",
        severity=Severity.HIGH,
        title="Two logins that nobody can have travelled between",
        why="Two people use one account, or one of them is behind a distant gateway.",
        first="Is one of the addresses a known VPN? If not, end all sessions of the account.",
        detector=Travel(match=LOGGED_IN, by="actor_id"),
    ),
    Rule(
        name="object_walking",
        severity=Severity.HIGH,
        title="Objects are tried one after another",
        why="Ids are being walked to find what authorization forgot (BOLA, OWASP API1).",
        first="Did any of the requests succeed? Compare the ids asked for with what the account may read.",
        detector=Threshold(
            match=Match(("authz.access_denied",)), by="actor_id", distinct="data__object", limit=15, window=10 * MINUTE
        ),
    ),
    Rule(
        name="object_walking_by_ip",
        severity=Severity.HIGH,
        title="Objects are tried one after another from one address",
        why="Ids are being walked by somebody who is not logged in, or with many accounts.",
        first="Did any of the requests succeed? Which accounts used the address?",
        detector=Threshold(
            match=Match(("authz.access_denied",)), by="src_ip", distinct="data__object", limit=25, window=10 * MINUTE
        ),
    ),
    Rule(
        name="password_reset_spike",
        severity=Severity.MEDIUM,
        title="Unusually many password resets",
        why="Somebody collects which addresses exist, floods mailboxes, or waits behind a taken-over mailbox.",
        first="One address or many? Were links used, and sessions started after?",
        detector=Spike(match=Match(("accounts.password_reset_requested",)), by=OVERALL, limit=20, window=HOUR),
    ),
    Rule(
        name="password_spraying",
        severity=Severity.HIGH,
        title="One address tries many accounts",
        why="A few common passwords are tried on everybody; each account sees only one failure.",
        first="Which accounts? Has any of them logged in from there? Block the address.",
        detector=Threshold(
            match=PASSWORD_FAILED, by="src_ip", distinct="data__identifier", limit=8, window=30 * MINUTE
        ),
    ),
    Rule(
        name="probing",
        severity=Severity.MEDIUM,
        title="A scanner looks for known holes",
        why="Harmless by itself; the same address will try the API next.",
        first="Does anything of what it asked for exist? Block the address for a day.",
        detector=Threshold(
            match=Match(("edge.request_refused",), asks_for_a_probe()), by="src_ip", limit=3, window=10 * MINUTE
        ),
    ),
    Rule(
        name="revoked_token_used",
        severity=Severity.MEDIUM,
        title="Tokens of ended sessions are used",
        why="After a logout nobody has a use for the token but somebody who copied it.",
        first="Does the address differ from the session's? Then treat the device as compromised.",
        detector=Threshold(
            match=Match(("accounts.token_used_after_revocation",)), by="session", limit=3, window=10 * MINUTE
        ),
    ),
    Rule(
        name=BROKEN,
        severity=Severity.HIGH,
        title="A rule broke, and is blind to what it should find",
        why="Whoever can break a rule can act unseen by it.",
        first="Read the error in the detector's log, and the events of that time yourself.",
        detector=Each(match=Match(("auditlog.rule_failed",)), by="data__rule"),
    ),
    Rule(
        name="scraping",
        severity=Severity.MEDIUM,
        title="Somebody reads at the limit, again and again",
        why="Content is being copied by a machine that does not slow down when it is told to.",
        first="Which routes, which pages? A customer's integration can be given a limit of its own.",
        detector=Threshold(match=Match(("edge.request_throttled",)), by="src_ip", limit=60, window=10 * MINUTE),
    ),
    Rule(
        name="scraping_volume",
        severity=Severity.MEDIUM,
        title="Somebody reads for hours, just below every limit",
        why="A machine that keeps within the limits copies in a day what people do not read in a month.",
        first="Whose is it? Which routes, which pages? A customer's integration can be given a policy of its own.",
        # Distinct: who stays around one volume comes to it again and again.
        detector=Threshold(
            match=Match(("edge.volume_reached",)), by="data__who", distinct="data__count", limit=3, window=6 * HOUR
        ),
    ),
    Rule(
        name="sealing_stalled",
        severity=Severity.HIGH,
        title="The log is not being sealed",
        why="What is not sealed can be changed by who owns the database, without a trace.",
        first="Is the sealer running? Is there a transaction that has been open for long?",
        detector=Behind(reader=SEALER),
    ),
    Rule(
        name="secret_read_first",
        severity=Severity.HIGH,
        title="An account reads this secret for the first time",
        why="Service accounts read the same secrets day after day; a new one is a new deployment, or an intruder.",
        first="Was there a release? Whose change gave the account the right?",
        # Also an account's very first secret: one that never read any is the likelier to be in somebody else's hands.
        detector=New(
            match=Match(("secrets.secret_read",)), by="actor_id", value="target_id", window=90 * DAY, tells_first=True
        ),
    ),
    Rule(
        name="self_granted_role",
        severity=Severity.CRITICAL,
        title="Somebody gave themselves a role",
        why="It is how a foothold becomes control.",
        first="Was it agreed? If not: take the role back, end the account's sessions.",
        detector=Each(
            match=Match(
                ("authz.role_granted", "authz.role_changed", "authz.grant_created"), Q(data__self_granted=True)
            ),
            by="actor_id",
        ),
    ),
    Rule(
        name="success_after_failures",
        severity=Severity.HIGH,
        title="A login succeeded after many failures",
        why="A guess may have been right.",
        first="Same address as the failures? If not the owner's: end all sessions, force a reset.",
        detector=After(match=LOGGED_IN, others=PASSWORD_FAILED, by="actor_id", limit=8, window=30 * MINUTE),
    ),
    Rule(
        name="success_after_failures_by_ip",
        severity=Severity.HIGH,
        title="A login succeeded from an address that failed for many accounts",
        why="Of a list of stolen passwords, one was still good.",
        first="End the sessions of that account and force a reset; block the address.",
        detector=After(
            match=LOGGED_IN, others=PASSWORD_FAILED, by="src_ip", forgives=True, limit=8, window=30 * MINUTE
        ),
    ),
    Rule(
        name="token_forged",
        severity=Severity.CRITICAL,
        title="A token was made with our keys, and not by us",
        why="Only who has a signing key, or a copy of the database and a key, can make one.",
        first="Rotate the signing keys now (playbook: leaked signing key).",
        detector=Each(match=Match(("accounts.token_forged",)), by="src_ip"),
    ),
    Rule(
        name="token_reuse",
        severity=Severity.HIGH,
        title="A refresh token was used twice",
        why="The token was copied; the session has been ended for both.",
        first="Compare the two addresses and devices; which of them is the owner?",
        detector=Each(match=Match(("accounts.token_reuse_detected",)), by="session"),
    ),
    Rule(
        name="unusual_user_agent",
        severity=Severity.MEDIUM,
        title="An attack tool gives its name",
        why="Somebody runs a scanner and does not hide it.",
        first="Is it a test that you ordered? If not, block the address.",
        detector=Threshold(
            match=Match(("accounts.*", "authz.*", "edge.*"), REFUSED & is_a_tool()), by="src_ip", limit=3
        ),
    ),
    *_spikes(),
)

BY_NAME = {rule.name: rule for rule in RULES}


def active(alias: str) -> list[Rule]:
    """Return the rules that are switched on, with the limits that people have set; one query.

    What the admin says goes before the settings, what the settings say before the defaults.
    """
    stored = {found.rule: found for found in RuleSetting.objects.using(alias)}
    return [found for rule in RULES if (found := _tuned(rule, conf.rules.get(rule.name, {}), stored.get(rule.name)))]


def _tuned(rule: Rule, given: dict[str, Any], stored: RuleSetting | None) -> Rule | None:
    is_enabled = given.get("enabled", True) if stored is None else stored.is_enabled
    if not is_enabled:
        return None
    limit = (stored.limit if stored else None) or given.get("limit")
    seconds = (stored.window if stored else None) or given.get("window")
    severity = (stored.severity if stored else None) or given.get("severity") or rule.severity
    window = timedelta(seconds=seconds) if seconds else None
    return replace(rule, severity=Severity(severity), detector=rule.detector.tuned(limit, window))
