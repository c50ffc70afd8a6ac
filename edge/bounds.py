"""Bounds on what every request has before its body: the method, the address, its parameters, the headers."""

import re

from django.http import HttpRequest

from .conf import conf
from .middleware import Middleware
from .problems import HeadersTooLarge, MalformedUri, MethodRefused, UriTooLong

#: NUL, as it is or as an octet.
_NUL = re.compile(r"%00|\0")
#: What is for proxies, or for looking at what they have added. Django serves a page for it as for GET.
_FOR_PROXIES = frozenset({"CONNECT", "TRACE", "TRACK"})


class BoundsMiddleware(Middleware):
    """Refuses methods for proxies, addresses that are too long or hold NUL, headers that are too many or too large.

    Sources: RFC 9110, RFC 6585; OWASP ASVS 5.0, V13.4.4.

    It stands inside `HeadersMiddleware` and outside whatever reads the query or asks the database: a NUL is an error of
    PostgreSQL's, and each parameter is work.
    """

    def before(self, request: HttpRequest) -> None:
        if request.method in _FOR_PROXIES:
            raise MethodRefused
        check_uri(request.META.get("QUERY_STRING", ""), request.path_info)
        check_headers(request)


def check_uri(query: str, path: str) -> None:
    """Check an address.

    :param query: as it was sent.
    :param path: decoded.
    :raises UriTooLong: together they have more than `URI_LIMIT` characters.
    :raises MalformedUri: there are more than `QUERY_PARAMETERS` parameters, or a NUL.
    """
    if len(query) + len(path) > conf.uri_limit:
        raise UriTooLong(conf.uri_limit)
    if "\0" in path or (query and _NUL.search(query)):
        raise MalformedUri("The address holds the character NUL.", "nul_character")
    if query.count("&") >= conf.query_parameters:
        raise MalformedUri("The address has too many parameters.", "too_many_parameters")


def check_headers(request: HttpRequest) -> None:
    """Check the request's headers.

    :raises HeadersTooLarge: there are more than `HEADER_COUNT`, or they have more than `HEADER_LIMIT` characters.
    """
    count = size = 0
    for name, value in request.META.items():
        if name[:5] == "HTTP_":
            count += 1
            size += len(name) + len(value)
    if size > conf.header_limit or count > conf.header_count:
        raise HeadersTooLarge
