"""What scanners ask for, and what they call themselves."""

from functools import lru_cache
from importlib.resources import files

from django.db.models import Q

#: Words in the user agents of attack tools.
TOOLS = (
    *("acunetix", "arachni", "commix", "dirbuster", "dirsearch", "feroxbuster", "ffuf", "gobuster", "havij", "hydra"),
    *(
        "jaeles",
        "masscan",
        "metasploit",
        "nessus",
        "netsparker",
        "nikto",
        "nmap",
        "nuclei",
        "openvas",
        "qualys",
        "skipfish",
    ),
    *("sqlmap", "w3af", "wfuzz", "whatweb", "wpscan", "xsser", "zaproxy", "zgrab"),
)


@lru_cache(maxsize=1)
def probes() -> tuple[str, ...]:
    """Return the beginnings of the paths that scanners ask for."""
    lines = files(__package__).joinpath("probes.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def asks_for_a_probe() -> Q:
    """Return the condition that an event's path is one of them."""
    found = Q()
    for path in probes():
        found |= Q(data__path__istartswith=path)
    return found


def is_a_tool() -> Q:
    """Return the condition that an event's user agent names an attack tool."""
    found = Q()
    for word in TOOLS:
        found |= Q(user_agent__icontains=word)
    return found
