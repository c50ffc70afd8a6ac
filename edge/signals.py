"""What the edge tells the world. Every signal is sent with `sender` (a class) and the keywords
`request` (HttpRequest or None), `user` (or None), `target` (None), `outcome` ("success", "refused" or "failed")
and `data` (JSON-able, never a secret).
"""

from django.dispatch import Signal

# A limit was reached. outcome "refused"; data: {"policies": [names], "retry_after": seconds, "path", "method"}
request_throttled = Signal()

# What was counted against somebody was forgotten. outcome "success"; data: {"key": as `ip:203.0.113.9`, `user:ID`, and
# of any other kind with its digest for the value, "policies": [names], "reason": str}
limits_reset = Signal()

# Somebody came to a multiple of what the `volume` of a policy tells of, within its time and any limit. outcome
# "success"; data: {"policy": name, "who": user, tenant or address, "count": int, "seconds": the volume's time}
volume_reached = Signal()

# A request was refused before its view decided anything. outcome "refused";
# data: {"code": the problem's code, "status": int, "path": str, "method": str}
request_refused = Signal()

# Input was well-formed and wrong (422). outcome "refused"; data: {"errors": [{"pointer", "code"}], "path", "method"}
validation_failed = Signal()

# The CSRF protection refused a request. outcome "refused"; data: {"reason": str, "path": str, "method": str}
csrf_failed = Signal()

# The limiter lost its Redis. Sent once an outage. outcome "failed"; data: {"error": class name}
limiter_unavailable = Signal()

# An outbound request was stopped ("refused") or got no proper answer ("failed"); data: {"code", "reason", "host"}
outbound_refused = Signal()

# An outbound request was answered. outcome "success"; data: {"host": str, "port": int, "status": int, "bytes": int}
outbound_fetched = Signal()

# A view crashed (500). outcome "failed"; data: {"exception": class name, "path": str, "method": str}
server_error = Signal()

# A network was blocked. outcome "success"; data: {"network": str, "seconds": float (0: until lifted), "reason": str}
network_blocked = Signal()

# A block was lifted. outcome "success"; data: {"network": str, "reason": str}
network_unblocked = Signal()

# A route was disabled. outcome "success"; data: {"route": str, "seconds": float (0: until enabled), "reason": str}
route_disabled = Signal()

# A route is served again. outcome "success"; data: {"route": str, "reason": str}
route_enabled = Signal()

# A browser stopped something on a page, and nobody has told of it within the hour. outcome "refused";
# data: {"document": address without its query, "blocked": address or word, "directive": str}
csp_violated = Signal()
