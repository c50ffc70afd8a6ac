"""What each type of event means to other systems: its place in OCSF 1.8 and in the Elastic Common Schema."""

import enum

from .conf import conf


class Meaning(enum.Enum):
    """Class and activity of OCSF (https://schema.ocsf.io/1.8.0), `event.category` and `event.type` of ECS.

    Activity 99 is OCSF's "other". The activity of a class 4002 (HTTP) is its method, told when there is an event.
    """

    ACCOUNT_CHANGED = 3001, 99, "iam", "user change"
    ACCOUNT_CREATED = 3001, 1, "iam", "user creation"
    ACCOUNT_DELETED = 3001, 6, "iam", "user deletion"
    ACCOUNT_DISABLED = 3001, 5, "iam", "user change"
    ACCOUNT_ENABLED = 3001, 2, "iam", "user change"
    ACCOUNT_LOCKED = 3001, 9, "iam", "user change"
    ACCOUNT_UNLOCKED = 3001, 12, "iam", "user change"
    CALLED = 6003, 99, "api", "info"
    CREATED = 6003, 1, "api", "creation"
    DELETED = 6003, 4, "api", "deletion"
    DENIED = 6003, 99, "api", "denied"
    FETCHED = 4002, 0, "network", "access"
    FINDING_CLOSED = 2004, 3, "intrusion_detection", "info"
    FINDING_UPDATED = 2004, 2, "intrusion_detection", "info"
    FOUND = 2004, 1, "intrusion_detection", "info"
    LIMITED = 4002, 0, "api network", "denied"
    LOGGED_OFF = 3002, 2, "authentication session", "end"
    LOGGED_ON = 3002, 1, "authentication session", "start"
    MFA_DISABLED = 3001, 11, "iam", "user change"
    MFA_ENABLED = 3001, 10, "iam", "user change"
    PASSWORD_CHANGED = 3001, 3, "iam", "user change"
    PASSWORD_RESET = 3001, 4, "iam", "user change"
    PRIVILEGE_GIVEN = 3005, 1, "iam", "user change"
    PRIVILEGE_TAKEN = 3005, 2, "iam", "user change"
    READ = 6003, 2, "api", "access"
    REFUSED = 4002, 0, "api", "denied"
    TICKET_CHECKED = 3002, 99, "authentication session", "info"
    TICKET_RENEWED = 3002, 5, "authentication session", "info"
    UPDATED = 6003, 3, "api", "change"

    def __init__(self, class_uid: int, activity_id: int, categories: str, types: str) -> None:
        self.class_uid, self.activity_id = class_uid, activity_id
        self.ecs_categories, self.ecs_types = categories.split(), types.split()


#: One row a type, in alphabetical order.
MEANINGS: dict[str, Meaning] = {
    "accounts.account_deleted": Meaning.ACCOUNT_DELETED,
    "accounts.account_locked": Meaning.ACCOUNT_LOCKED,
    "accounts.account_unlocked": Meaning.ACCOUNT_UNLOCKED,
    "accounts.authorization_refused": Meaning.DENIED,
    "accounts.client_administered": Meaning.UPDATED,
    "accounts.code_reuse_detected": Meaning.FOUND,
    "accounts.email_change_requested": Meaning.ACCOUNT_CHANGED,
    "accounts.email_change_undone": Meaning.ACCOUNT_CHANGED,
    "accounts.email_changed": Meaning.ACCOUNT_CHANGED,
    "accounts.email_verified": Meaning.ACCOUNT_CHANGED,
    "accounts.encryption_keys_dropped": Meaning.UPDATED,
    "accounts.logged_out": Meaning.LOGGED_OFF,
    "accounts.logged_out_everywhere": Meaning.LOGGED_OFF,
    "accounts.login_failed": Meaning.LOGGED_ON,
    "accounts.login_succeeded": Meaning.LOGGED_ON,
    "accounts.mail_failed": Meaning.CALLED,
    "accounts.mail_withheld": Meaning.CALLED,
    "accounts.mfa_enrolled": Meaning.MFA_ENABLED,
    "accounts.mfa_failed": Meaning.LOGGED_ON,
    "accounts.mfa_removed": Meaning.MFA_DISABLED,
    "accounts.mfa_reset": Meaning.MFA_DISABLED,
    "accounts.new_device_seen": Meaning.FOUND,
    "accounts.passkey_clone_detected": Meaning.FOUND,
    "accounts.password_changed": Meaning.PASSWORD_CHANGED,
    "accounts.password_reset": Meaning.PASSWORD_RESET,
    "accounts.password_reset_requested": Meaning.PASSWORD_RESET,
    "accounts.profile_changed": Meaning.ACCOUNT_CHANGED,
    "accounts.reauthenticated": Meaning.TICKET_CHECKED,
    "accounts.recovery_code_used": Meaning.TICKET_CHECKED,
    "accounts.recovery_codes_regenerated": Meaning.ACCOUNT_CHANGED,
    "accounts.session_revoked": Meaning.LOGGED_OFF,
    "accounts.signing_keys_rotated": Meaning.UPDATED,
    "accounts.social_account_linked": Meaning.ACCOUNT_CHANGED,
    "accounts.social_account_unlinked": Meaning.ACCOUNT_CHANGED,
    "accounts.token_forged": Meaning.FOUND,
    "accounts.token_rejected": Meaning.TICKET_CHECKED,
    "accounts.token_reuse_detected": Meaning.FOUND,
    "accounts.token_rotated": Meaning.TICKET_RENEWED,
    "accounts.token_rotation_repeated": Meaning.TICKET_RENEWED,
    "accounts.token_used_after_revocation": Meaning.FOUND,
    "accounts.user_administered": Meaning.ACCOUNT_CHANGED,
    "accounts.user_registered": Meaning.ACCOUNT_CREATED,
    "accounts.verification_resent": Meaning.ACCOUNT_CHANGED,
    "articles.article_created": Meaning.CREATED,
    "articles.article_deleted": Meaning.DELETED,
    "articles.article_published": Meaning.UPDATED,
    "articles.article_updated": Meaning.UPDATED,
    "articles.articles_exported": Meaning.READ,
    "auditlog.alert_acknowledged": Meaning.FINDING_UPDATED,
    "auditlog.alert_closed": Meaning.FINDING_CLOSED,
    "auditlog.alert_noted": Meaning.FINDING_UPDATED,
    "auditlog.alert_raised": Meaning.FOUND,
    "auditlog.epoch_started": Meaning.FOUND,
    "auditlog.event_viewed": Meaning.READ,
    "auditlog.events_exported": Meaning.READ,
    "auditlog.incident_closed": Meaning.FINDING_CLOSED,
    "auditlog.incident_contained": Meaning.FINDING_UPDATED,
    "auditlog.incident_noted": Meaning.FINDING_UPDATED,
    "auditlog.incident_notice_drafted": Meaning.FINDING_UPDATED,
    "auditlog.incident_notice_sent": Meaning.FINDING_UPDATED,
    "auditlog.incident_opened": Meaning.FOUND,
    "auditlog.log_verified": Meaning.READ,
    "auditlog.partition_dropped": Meaning.DELETED,
    "auditlog.response_taken": Meaning.UPDATED,
    "auditlog.response_undone": Meaning.UPDATED,
    "auditlog.response_withheld": Meaning.DENIED,
    "auditlog.rule_failed": Meaning.FOUND,
    "auditlog.rule_tuned": Meaning.UPDATED,
    "auditlog.silence_lifted": Meaning.UPDATED,
    "auditlog.silence_set": Meaning.UPDATED,
    "auditlog.subject_erased": Meaning.DELETED,
    "auth.user_logged_in": Meaning.LOGGED_ON,
    "auth.user_logged_out": Meaning.LOGGED_OFF,
    "auth.user_login_failed": Meaning.LOGGED_ON,
    "authz.access_denied": Meaning.DENIED,
    "authz.field_refused": Meaning.DENIED,
    "authz.grant_created": Meaning.PRIVILEGE_GIVEN,
    "authz.grant_revoked": Meaning.PRIVILEGE_TAKEN,
    "authz.policy_failed": Meaning.FOUND,
    "authz.policy_refused": Meaning.FOUND,
    "authz.policy_reloaded": Meaning.UPDATED,
    "authz.role_changed": Meaning.PRIVILEGE_GIVEN,
    "authz.role_granted": Meaning.PRIVILEGE_GIVEN,
    "authz.role_revoked": Meaning.PRIVILEGE_TAKEN,
    "authz.sudo_used": Meaning.CALLED,
    "edge.csp_violated": Meaning.REFUSED,
    "edge.csrf_failed": Meaning.REFUSED,
    "edge.limiter_unavailable": Meaning.FOUND,
    "edge.limits_reset": Meaning.UPDATED,
    "edge.network_blocked": Meaning.UPDATED,
    "edge.network_unblocked": Meaning.UPDATED,
    "edge.outbound_fetched": Meaning.FETCHED,
    "edge.outbound_refused": Meaning.FOUND,
    "edge.request_refused": Meaning.REFUSED,
    "edge.request_throttled": Meaning.LIMITED,
    "edge.route_disabled": Meaning.UPDATED,
    "edge.route_enabled": Meaning.UPDATED,
    "edge.server_error": Meaning.CALLED,
    "edge.validation_failed": Meaning.CALLED,
    "edge.volume_reached": Meaning.CALLED,
}
_ENDINGS = {"_created": Meaning.CREATED, "_updated": Meaning.UPDATED, "_deleted": Meaning.DELETED}


def meaning_of(name: str) -> Meaning:
    """Return the meaning of a type: that of the host's settings, that of its row here, or what its last word says."""
    given = conf.types.get(name, {}).get("meaning")
    if given is not None:
        return Meaning[str(given).upper()]
    known = MEANINGS.get(name)
    if known is not None:
        return known
    return next((meaning for ending, meaning in _ENDINGS.items() if name.endswith(ending)), Meaning.CALLED)


def types_of(*meanings: Meaning) -> list[str]:
    """Return the types that have one of these meanings."""
    return sorted(name for name in {*MEANINGS, *conf.types} if meaning_of(name) in meanings)
