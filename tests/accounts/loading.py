"""One server process under load, for the test of key rotation: `python -m tests.accounts.loading KEYS STOP`.

It reads tokens that others have signed from its standard input, one a line, and verifies each; meanwhile it signs its
own and prints them, until there is a file STOP. Its last line says how many it has accepted, of how many keys, and why
it refused any.
"""

import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def main() -> None:
    """Sign and verify until it is told to stop."""
    import django
    from django.conf import settings

    django.setup()
    settings.BULWARK_ACCOUNTS = {
        **settings.BULWARK_ACCOUNTS,
        "KEY_PROVIDER": "accounts.keys.files.FileKeys",
        "KEY_OPTIONS": {"path": sys.argv[1]},
        "ANNOTATED_CLAIMS": {},
    }
    accepted, refused = Counter[str](), Counter[str]()
    signer = threading.Thread(target=_sign, args=(Path(sys.argv[2]),))
    signer.start()
    for line in sys.stdin:
        reason = _refusal(line.strip())
        refused.update([reason] if reason else [])
        accepted.update([] if reason else [line.partition(".")[0]])  # the header: a key each
    signer.join()
    sys.stdout = sys.stderr
    print(json.dumps({"accepted": accepted.total(), "keys": len(accepted), "refused": refused}), flush=True)


def _sign(stop: Path) -> None:
    from uuid import uuid4

    from django.utils import timezone

    from accounts.models import TokenFamily
    from accounts.tokens import make_access_token

    user: Any = SimpleNamespace(pk=uuid4())
    while not stop.exists():
        print(make_access_token(user, TokenFamily(tenant=""), now=timezone.now()), flush=True)
        time.sleep(0.002)
    os.close(1)  # `sys.stdout.close()` leaves the descriptor open, and the reader would wait for ever


def _refusal(token: str) -> str:
    from django.utils import timezone

    from accounts.errors import TokenRefused
    from accounts.tokens import read_access_token

    try:
        read_access_token(token, now=timezone.now())
    except TokenRefused as error:
        return error.reason
    return ""


if __name__ == "__main__":
    main()
