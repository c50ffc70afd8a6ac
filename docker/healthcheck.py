"""Asks the server in this container as its proxy would: whether it is alive, or for the path that is given.

    python docker/healthcheck.py              exits 1 when it is not alive
    python docker/healthcheck.py /metrics     prints the answer

Stdlib only, so that it also tells when the application's packages are broken.
"""

import http.client
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    path = arguments[0] if arguments else "/healthz"
    host, _, port = os.environ.get("BIND", "0.0.0.0:8000").rpartition(":")
    name = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, int(port), timeout=4)  # noqa: S104
    try:
        connection.request("GET", path, headers={"Host": name, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        connection.close()
    if arguments:
        print(body)  # noqa: T201
    if answer.status != http.client.OK:
        print(f"{path} answered {answer.status}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
