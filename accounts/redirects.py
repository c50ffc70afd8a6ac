"""Where a browser may be sent on a visitor's word: to paths of this site."""

from django.utils.http import url_has_allowed_host_and_scheme


def local_path(url: str) -> str:
    """Return ``url`` if it is a path on this site and nothing else; else an empty string (ASVS 5.0, V3.7.2).

    No origin is accepted, not even this one: a Host header could choose it. Browsers drop control characters and read
    a backslash as a slash, so neither may stand in it.
    """
    is_path = url.startswith("/") and url.isprintable() and not any(char in url for char in "\\ ")
    return url if is_path and url_has_allowed_host_and_scheme(url, allowed_hosts=None) else ""
