"""What authz tells the world, after the fact; the keywords of each signal stand above it.

All have `request` (HttpRequest or None), `user` (or None), `target` (model instance or None), `outcome` ("success",
"refused" or "failed") and `data` (JSON-able, no secrets); `sender` is a class.
"""

from django.dispatch import Signal

# A request was refused. target: the object, if one was named and exists; outcome "refused"; data: action, model,
# object (its key or ""), reason ("no_rule", "unreadable", "forbidden", "undeclared"), why (the text of a forbid).
access_denied = Signal()

# Fields were sent that this principal may not write, or that do not exist. outcome "refused";
# data: action, model, object (its key or ""), fields (the names).
field_refused = Signal()

# A rule could not be evaluated, so it denied. target: the row, if one was checked; outcome "failed";
# data: action, model, rule ("file:line"), error (the exception's class).
policy_failed = Signal()

# Policy files could not be read, or hold a mistake; what was in force stays (nothing good yet: everything is denied).
# Sent by each process, once a version. outcome "failed"; data: path, errors ("file:line (key): ..."), in_force (hash).
policy_refused = Signal()

# Other rules of policy files are in force in this process. outcome "success"; data: path, digest (SHA-256),
# before (that of the rules before), rules (how many).
policy_reloaded = Signal()

# A membership was made. user: who granted it, if known; target: the Membership; outcome "success";
# data: user, tenant, role, self_granted.
role_granted = Signal()

# A membership got another role, user or tenant. As role_granted; data also: before (user, tenant, role).
role_changed = Signal()

# A membership ended. target: the Membership as it was; outcome "success"; data: user, tenant, role.
role_revoked = Signal()

# A grant on one object was made. user: who granted it; target: the Grant; outcome "success";
# data: user, role, action, model, object, expires_at, self_granted.
grant_created = Signal()

# A grant ended before its time, its object was deleted, or it became another one (grant_created tells of that then).
# As grant_created, without self_granted.
grant_revoked = Signal()

# Code crossed the border of a tenant. user: the principal's; outcome "success"; data: reason, tenant, place.
sudo_used = Signal()
