"""Reads the title and the description out of a page that a stranger wrote, trusting none of it."""

import re
from dataclasses import dataclass
from html import unescape

import nh3

from .sanitising import clean_text

TITLE_LENGTH, DESCRIPTION_LENGTH = 200, 500
#: What is read of a page: both stand in its head. Deep nesting costs quadratic time, so tags are counted too.
_MAX_CHARACTERS, _MAX_TAGS = 65_536, 2_000

_TITLES = ("og:title", "twitter:title")
_DESCRIPTIONS = ("og:description", "description", "twitter:description")

# The standard library's HTMLParser takes minutes for 200 kB of "<a " and raises AssertionError on "<![<!". So nh3's
# HTML5 parser reads the page and writes the two elements of interest in one regular spelling, which a pattern can read.
_normaliser = nh3.Cleaner(
    tags={"meta", "title"},
    attributes={"meta": {"name", "property", "content"}},
    clean_content_tags={"iframe", "noscript", "script", "style", "svg", "template", "textarea"},
    link_rel=None,
)
_ELEMENT = re.compile(r"<title>(?P<title>[^<]*)</title>|<meta(?P<meta>[^>]*)>")
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')


@dataclass(frozen=True)
class Preview:
    """Plain text for people: no control characters, no line breaks. It may hold `<`: escape it where it is shown."""

    title: str
    description: str


def read_preview(page: str) -> Preview:
    """Return what ``page`` (HTML) says of itself; empty texts where it says nothing."""
    said: dict[str, str] = {}
    for element in _ELEMENT.finditer(_normaliser.clean(_shortened(page))):
        if element["title"] is not None:
            said.setdefault("<title>", element["title"])
            continue
        attributes = dict(_ATTRIBUTE.findall(element["meta"]))
        name = attributes.get("property") or attributes.get("name") or ""
        said.setdefault(name.strip().lower(), attributes.get("content", ""))
    return Preview(
        title=_first(said, *_TITLES, "<title>", max_length=TITLE_LENGTH),
        description=_first(said, *_DESCRIPTIONS, max_length=DESCRIPTION_LENGTH),
    )


def _shortened(page: str) -> str:
    """Return the start of a page, with as many tags as are affordable."""
    page = page[:_MAX_CHARACTERS]
    pieces = page.split("<", _MAX_TAGS + 1)
    return "<".join(pieces[: _MAX_TAGS + 1])


def _first(said: dict[str, str], *names: str, max_length: int) -> str:
    """Return the first of ``names`` that was said, as plain text."""
    texts = (clean_text(unescape(said.get(name, "")), max_length=max_length) for name in names)
    return next(filter(None, texts), "")
