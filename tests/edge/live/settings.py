"""The edge and views to send requests at, behind a real server; nothing listens, nothing is limited."""

from config.settings.test import *  # noqa: F403
from config.settings.test import BULWARK_AUDITLOG, BULWARK_EDGE

ROOT_URLCONF = "tests.edge.urls"
BULWARK_AUDITLOG = {**BULWARK_AUDITLOG, "SIGNALS": []}
BULWARK_EDGE = {**BULWARK_EDGE, "GENERAL_RATELIMIT": ""}
