"""Whether the time of a refused login tells why: six cases, taking turns, 200 rounds, with the production hashers.

    python3 dev.py bench login_time            # 200 rounds, old PBKDF2 hashes in the database: about ten minutes
    python3 dev.py bench login_time 40 clean   # 40 rounds, no old hash left

Prints the median processor time of each case; no two may differ by more than 5 %.
"""

import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
os.environ.pop("DATABASE_URL", None)

import django
from django.conf import settings

PROMISED = 1.05


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    settings.PASSWORD_HASHERS = [
        "accounts.hashers.Argon2idHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.ScryptPasswordHasher",
    ]
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.LOGGING = {"version": 1, "disable_existing_loggers": True}
    django.setup()
    from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
    from django.test.utils import get_runner

    from tests.accounts.browser import PASSWORD
    from tests.accounts.login_costs import costs, make_accounts

    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        make_accounts(PBKDF2PasswordHasher())
        if "clean" in sys.argv:
            from accounts.models import User

            User.objects.filter(email="old.hash@example.com").update(password=make_password(PASSWORD))
        found = costs(rounds)
    finally:
        runner.teardown_databases(databases)
    least = min(found.values())
    for case, seconds in sorted(found.items(), key=lambda pair: pair[1]):
        print(f"{case:20} {seconds * 1000:8.1f} ms  x{seconds / least:.3f}")
    spread = max(found.values()) / least
    print(f"dearest / cheapest: {spread:.3f} (at most {PROMISED})")
    sys.exit(spread > PROMISED)


if __name__ == "__main__":
    main()
