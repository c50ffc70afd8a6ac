"""One of several server processes under attack: so many wrong logins at once, on the database and Redis of a test.

It waits for a line on its standard input, so that all processes begin together, and prints what came of it as JSON.
"""

import json
import sys
from collections import Counter

import django
from django.conf import settings


def main() -> None:
    """Take the database's name, the limits' Redis, the first number and how many from the arguments, and attack."""
    database, redis_url, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    settings.DATABASES["default"]["NAME"] = database
    settings.PASSWORD_HASHERS = ["tests.accounts.counting_hasher.CountingHasher"]
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": redis_url}
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_ACCOUNT": 5}
    settings.LOGGING = {"version": 1, "disable_existing_loggers": True}
    django.setup()
    from tests.accounts.counting_hasher import calls
    from tests.accounts.racing import at_once
    from tests.journeys.test_attacks_on_logins import guess

    print("ready", flush=True)
    sys.stdin.readline()
    answers = at_once([lambda number=number: guess(number) for number in range(first, first + count)])  # type: ignore[misc]  # a lambda's default
    statuses = Counter(status for status, _ in answers)
    print(json.dumps({"statuses": {str(key): value for key, value in statuses.items()}, "checks": calls["encode"]}))


if __name__ == "__main__":
    main()
