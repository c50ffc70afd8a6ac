"""Settings that can be wrong, found before a request finds them."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from edge.outbound import OutboundPolicy

from .conf import KEYS, conf

_NUMBERS = KEYS - {"PREVIEW_POLICY"}


def check_settings(**_kwargs: Any) -> list[CheckMessage]:
    """Find what is wrong with `BULWARK_ARTICLES`.

    E001: an unknown key. E002: a value that is no positive whole number. E003: a default page above the highest.
    E004: a preview policy that is none.
    """
    given = getattr(settings, "BULWARK_ARTICLES", {})
    hint = f"Keys: {', '.join(sorted(KEYS))}."
    found: list[CheckMessage] = [
        Error(f"BULWARK_ARTICLES has no key {key!r}.", hint=hint, id="bulwark_articles.E001")
        for key in sorted(set(given) - KEYS)
    ]
    wrong = [key for key in sorted(_NUMBERS & set(given)) if type(given[key]) is not int or given[key] < 1]
    found += [
        Error(f"BULWARK_ARTICLES[{key!r}] must be a whole number above 0.", id="bulwark_articles.E002") for key in wrong
    ]
    if not wrong and conf.page_size > conf.max_page_size:
        found.append(Error("BULWARK_ARTICLES: PAGE_SIZE is above MAX_PAGE_SIZE.", id="bulwark_articles.E003"))
    try:
        OutboundPolicy(**conf.preview_policy)
    except TypeError as error:
        found.append(Error(f'BULWARK_ARTICLES["PREVIEW_POLICY"]: {error}.', id="bulwark_articles.E004"))
    return found
