"""The settings of `bench.detection`: those of the suite, with one webhook."""

import os

from config.settings.test import *  # noqa: F403
from config.settings.test import BULWARK_AUDITLOG

BULWARK_AUDITLOG = {
    **BULWARK_AUDITLOG,
    "ALERT_CHANNELS": {
        "pager": {
            "BACKEND": "auditlog.alerts.channels.WebhookChannel",
            "OPTIONS": {
                "url": os.environ["PAGER"],
                "secret": "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtMTI=",  # pragma: allowlist secret
            },
        }
    },
}
