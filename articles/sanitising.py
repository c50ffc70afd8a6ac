"""Turns HTML and text that strangers send into what is safe to keep (OWASP ASVS 5.0, V1.3.1)."""

import re

import nh3

#: Text structure and links; nothing that loads, runs, styles or submits.
_BLOCKS = {"blockquote", "br", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "ul"}
_INLINE = {"a", "abbr", "b", "code", "em", "i", "s", "strong", "sub", "sup", "u"}
_TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
TAGS = frozenset(_BLOCKS | _INLINE | _TABLES)
ATTRIBUTES = {"a": {"href", "title"}, "abbr": {"title"}, "td": {"colspan"}, "th": {"colspan"}}
URL_SCHEMES = frozenset({"http", "https", "mailto"})
#: Elements whose content is no text either.
EMPTIED = frozenset({"iframe", "math", "noscript", "object", "script", "style", "svg", "template", "textarea", "title"})

_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_cleaner = nh3.Cleaner(
    tags=set(TAGS),
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    url_schemes=set(URL_SCHEMES),
    clean_content_tags=set(EMPTIED),
    link_rel="noopener noreferrer nofollow ugc",
    strip_comments=True,
    url_relative="deny",
)


def clean_html(html: str) -> str:
    """Return the part of ``html`` that is on the allowlist, well-formed and trimmed.

    Relative links go too: they would point into whatever site shows the article.
    """
    return _cleaner.clean(html).strip()


def clean_text(text: str, *, max_length: int) -> str:
    """Return ``text`` on one line, without hidden characters, of at most ``max_length`` characters."""
    return _HIDDEN.sub("", " ".join(text.split()))[:max_length].strip()


def has_hidden(text: str) -> bool:
    """Tell whether a text holds control characters, or such as make it read in another order than it is kept.

    Those are the embeddings, overrides and isolates of bidirectional text. Joiners stay: names and emoji need them.
    """
    return _HIDDEN.search(text) is not None
