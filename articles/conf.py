"""The settings of this app: `BULWARK_ARTICLES = {...}`, each key with its default, read when it is used."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.conf import settings

Value = TypeVar("Value")


class Conf:
    """One property a key: `conf.page_size` is `BULWARK_ARTICLES["PAGE_SIZE"]`."""

    def _read(self, key: str, default: Value) -> Value:
        given: Value = getattr(settings, "BULWARK_ARTICLES", {}).get(key, default)
        return given

    @property
    def page_size(self) -> int:
        """How many rows a list answers where the caller names no `limit`."""
        return self._read("PAGE_SIZE", 20)

    @property
    def max_page_size(self) -> int:
        """The highest `limit` a caller may name."""
        return self._read("MAX_PAGE_SIZE", 100)

    @property
    def max_export_rows(self) -> int:
        """How many rows one export may hold; a larger one is refused, never cut short."""
        return self._read("MAX_EXPORT_ROWS", 50_000)

    @property
    def max_body_tags(self) -> int:
        """How many `<` a body may have before it is sanitised: deep nesting costs quadratic time."""
        return self._read("MAX_BODY_TAGS", 5_000)

    @property
    def preview_policy(self) -> Mapping[str, Any]:
        """What a link preview may fetch: arguments of `edge.outbound.OutboundPolicy`; default: public https pages."""
        return {"content_types": ("text/html", "application/xhtml+xml"), **self._read("PREVIEW_POLICY", {})}


conf = Conf()

#: Every key there is, as the settings spell it.
KEYS = frozenset(name.upper() for name, value in vars(Conf).items() if isinstance(value, property))
