"""What a session is called in the list that its user reads."""

import re

#: Longer user agents are cut: the header is whatever the client says.
MAX_USER_AGENT = 256
# The order counts: Edge and Opera also say Chrome, Chrome also says Safari, Android also says Linux.
_CLIENTS = (
    (r"\bEdgA?/", "Edge"),
    (r"\bOPR/", "Opera"),
    (r"\bFirefox/|\bFxiOS/", "Firefox"),
    (r"\bChrome/|\bCriOS/", "Chrome"),
    (r"\bSafari/", "Safari"),
    (r"^curl/", "curl"),
    (r"^python-(httpx|requests)/|^Python-urllib/", "Python"),
    (r"\bokhttp/", "Android app"),
    (r"\bCFNetwork/", "Apple app"),
)
_SYSTEMS = (
    (r"\biPhone\b", "iPhone"),
    (r"\biPad\b", "iPad"),
    (r"\bAndroid\b", "Android"),
    (r"\bWindows\b", "Windows"),
    (r"\bMac OS X\b|\bMacintosh\b", "macOS"),
    (r"\bCrOS\b", "ChromeOS"),
    (r"\bLinux\b", "Linux"),
)


def device_label(user_agent: str) -> str:
    """Return words for a user agent, as "Firefox on Linux"; empty when it says nothing known."""
    client, system = (_first(table, user_agent) for table in (_CLIENTS, _SYSTEMS))
    return f"{client} on {system}" if client and system else client or system


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, user_agent)), "")
