"""What the edge tells the world. Every signal is sent with `sender` (a class) and the keywords
`request` (HttpRequest or None), `user` (or None), `target` (None), `outcome` ("success", "refused" or "failed")
and `data` (JSON-able, never a secret).
"""

from django.dispatch import Signal

# A limit was reached. outcome "refused"; data: {"policies": [names], "retry_after": seconds, "path", "method"}
request_throttled = Signal()

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
