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

# One session was ended by its holder. target: the TokenFamily. data: {}
logged_out = Signal()

# All sessions of a user were ended by the user. target: the user. data: {"sessions": int}
logged_out_everywhere = Signal()

# Sessions were ended from elsewhere: the session list, the admin, a command, a limit.
# target: the TokenFamily, or None for many. data: {"reason": str, "by": str, "sessions": int}
session_revoked = Signal()

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
