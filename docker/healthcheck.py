"""Asks the server in this container whether it is alive, as its proxy would ask; exits 1 when it is not.

Stdlib only, so that it also tells when the application's packages are broken.
"""

import http.client
import os
import sys


def main() -> int:
    host, _, port = os.environ.get("BIND", "0.0.0.0:8000").rpartition(":")
    name = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, int(port), timeout=4)  # noqa: S104
    try:
        connection.request("GET", "/healthz", headers={"Host": name, "X-Forwarded-Proto": "https"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        connection.close()
    if status != http.client.OK:
        print(f"/healthz answered {status}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
