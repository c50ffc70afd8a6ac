"""What accounts tells the world.

Every signal is sent with `sender` (a class) and exactly the keywords `request` (HttpRequest or None), `user` (or
None), `target` (model instance or None), `outcome` ("success", "refused" or "failed") and `data` (JSON-able, never a
password, token, or mailed link). Successes are sent inside the change's transaction, so that a receiver that fails
stops the change; refusals are sent robustly, outside of it.
"""

from django.dispatch import Signal

# An address was registered. target: the new user, or None where the address was known. data: {"known": bool}
user_registered = Signal()

# A mailed link was used. target: the user. A bad link: outcome "refused", user None, data: {"reason": str}
email_verified = Signal()

# The link was asked for again. target: the user, or None where nothing was sent. data: {"sent": bool}
verification_resent = Signal()

# Somebody logged in. target: the new TokenFamily. data: {"transport", "amr"}
login_succeeded = Signal()

# A login was refused. user: the account that was named, or None. data: {"reason", "identifier": hash of what was typed}
login_failed = Signal()

# Guesses at an account are used up, or staff have locked it. user: who locked it, or None. target: the user.
# Its data: {"by": "guesses" | "admin" | "command" | ..., "kind", "scope", "seconds", "reason"}; a lock of staff has no
# kind and no scope, and seconds None where it has no end
account_locked = Signal()

# A lock was taken off, or guesses were forgotten, by staff. target: the user.
# Its data: {"by": str, "reason": str, "was_locked": bool}
account_unlocked = Signal()

# Somebody logged in from a device that the account was never logged in to from. target: the new TokenFamily.
# Its data: {"device": words for the user agent}
new_device_seen = Signal()

# One session was ended by its holder. target: the TokenFamily. data: {}
logged_out = Signal()

# All sessions of a user were ended by the user. target: the user. data: {"sessions": int}
logged_out_everywhere = Signal()

# Sessions were ended from elsewhere: the session list, the admin, a command, a limit.
# target: the TokenFamily, or None for many. data: {"reason": str, "by": str, "sessions": int}
session_revoked = Signal()

# A command or a response has stored new keys beside or, where they were compromised, in place of those there were.
# Its data: {"purposes": ["access", "encryption", "refresh"] or some of them, "compromised": bool, "reason": str, empty
# where the rotation is one of routine}
signing_keys_rotated = Signal()

# Keys that encrypted nothing any more were removed. target: None. data: {"kids": [their ids], "reason": str}
encryption_keys_dropped = Signal()

# A refresh token was exchanged. target: the TokenFamily. data: {"generation": int}
token_rotated = Signal()

# The generation before was presented within the grace period and got the same successor. target: the TokenFamily.
# Its data: {"generation": int}
token_rotation_repeated = Signal()

# An older generation was presented: the family is ended. outcome "refused". target: the TokenFamily.
# Its data: {"generation": int, "presented": int}
token_reuse_detected = Signal()

# A refresh token of an ended session was presented. outcome "refused". target: the TokenFamily.
# data: {"reason": why the session had ended}
token_used_after_revocation = Signal()

# A refresh token with a valid signature that was never issued. outcome "refused". target: the TokenFamily or None.
# Its data: {"reason": "generation_from_the_future" | "wrong_jti" | "unknown_family"}
token_forged = Signal()

# An access token was refused. outcome "refused". user: None. data: {"reason": a code of `accounts.errors`}
token_rejected = Signal()

# An account elsewhere was linked with a user, and signs them in from now on. target: the user. data: {"provider": str}
social_account_linked = Signal()

# A user has ended such a link. target: the user. data: {"provider": str}
social_account_unlinked = Signal()

# An app's request for a code, or the code that it presents, was refused. outcome "refused". user: whose code it was, or
# None. target: the OAuthClient, or None. data: {"reason": "invalid_client" | "invalid_redirect_uri" | "invalid_request"
# | "unknown_code" | "expired_code" | "other_client" | "redirect_uri" | "verifier" | "other_key" | "session_ended"
# | "second_factor" | "account_locked" | "access_denied": the user did not agree}
authorization_refused = Signal()

# Staff registered, changed or struck off an OAuth client. user: who did. target: the OAuthClient.
# data: {"action": "added" | "changed" | "deleted", "client": its id, "fields": [names]}
client_administered = Signal()

# A code was presented a second time: the session it was exchanged for is ended. outcome "refused". target: that
# TokenFamily, or None. data: {"client": str}
code_reuse_detected = Signal()

# Another address was asked for. target: the user. data: {}
email_change_requested = Signal()

# The new address was confirmed, and all sessions ended. target: the EmailChange. data: {"sessions": int}
# A bad link: outcome "refused", user None, data: {"reason": str}
email_changed = Signal()

# A change was undone from the old address. target: the EmailChange. data: {"sessions": int, "displaced": id of the
# unverified account that had the old address, or empty}; a bad link as above
email_change_undone = Signal()

# An account was deleted by its owner, and is about to lose its name. target: the user. data: {"sessions": int}
account_deleted = Signal()

# A mail was not sent. outcome "failed". target: None. data: {"template", "attempt": int, "again": bool, "reason": str}
mail_failed = Signal()

# A mail that anybody can ask for was not sent: its mailbox has had enough. outcome "refused". target: the user who has
# the address, or who asked for it; or None. data: {"template", "identifier": hash of the address}
mail_withheld = Signal()

# A password was changed by its owner. target: the user. data: {"sessions": how many others were ended}
# Refused (wrong current password, weak new one): outcome "refused", data: {"reason": str}
password_changed = Signal()

# A reset was asked for. target: the user, or None where nothing was sent. data: {"sent": bool}
password_reset_requested = Signal()

# A password was set by a mailed link. target: the user. data: {"sessions": int}
# A bad link: outcome "refused", user None, data: {"reason": str}
password_reset = Signal()

# A user changed their own profile. target: the user. data: {"fields": [names]}
profile_changed = Signal()

# Staff added, changed or deleted an account in the admin. user: who did. target: the account.
# data: the action ("added", "changed" or "deleted"), the fields by name, is_staff and is_superuser as they are then.
user_administered = Signal()

# A second factor was added. target: the user. data: {"method": "totp" or "passkey", "first": bool, "sessions": ended}
mfa_enrolled = Signal()

# A second factor was taken away by its owner. target: the user. data: {"method", "left": how many there still are}
mfa_removed = Signal()

# A second factor was refused. outcome "refused". target: the user, or None where a passkey named nobody.
# data: {"method", "reason": a code of `accounts.mfa.proofs`, "step": "login", "reauthenticate" or "enrol"}
mfa_failed = Signal()

# All second factors of a user were taken away by staff or a command. user: who did, or None. target: the user.
# data: {"by", "reason", "sessions": ended}
mfa_reset = Signal()

# A passkey's signature count did not grow: there is a copy of it. outcome "refused". target: the Passkey.
# Its data: {"stored": int, "presented": int}
passkey_clone_detected = Signal()

# A recovery code was used up. target: the user. data: {"step": "login" or "reauthenticate", "left": int}
recovery_code_used = Signal()

# A new set of recovery codes was made, and the old one is void. target: the user. data: {"count": int}
recovery_codes_regenerated = Signal()

# The holder of a session has shown the credentials again. target: the TokenFamily. data: {"amr"}
reauthenticated = Signal()
