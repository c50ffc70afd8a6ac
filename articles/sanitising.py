"""Turns HTML and text that strangers send into what is safe to keep (OWASP ASVS 5.0, V1.3.1)."""

import unicodedata

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
    """Return ``text`` on one line, without control and formatting characters, of at most ``max_length`` characters.

    Right-to-left overrides and zero-width characters make a text read as another one than it is.
    """
    visible = "".join(" " if char.isspace() else char for char in text if is_visible(char) or char.isspace())
    return " ".join(visible.split())[:max_length].rstrip()


def is_visible(char: str) -> bool:
    """Tell whether a character is neither control, format, surrogate, private nor unassigned (Unicode category C)."""
    return not unicodedata.category(char).startswith("C")
