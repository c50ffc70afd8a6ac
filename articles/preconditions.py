"""If-Match: a change names the version it was made from, so that nobody overwrites what they have not seen."""

import re

from edge.problems import Problem

from .models import Article

# RFC 9110 8.8.3: an entity tag is a quoted string of these characters.
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST = re.compile(rf"^\s*(?:{_TAG}\s*,\s*)*{_TAG}\s*$")


class PreconditionRequired(Problem):
    """RFC 6585 3: the change names no version."""

    status_code = 428
    default_detail = "Send If-Match with the ETag of the article as you last read it."
    default_code = "precondition_required"


class PreconditionFailed(Problem):
    """RFC 9110 15.5.13: the article has changed since the version that the change names."""

    status_code = 412
    default_detail = "The article has changed since you read it. Read it again."
    default_code = "precondition_failed"


def etag_of(article: Article) -> str:
    """Return the strong validator of an article, quoted as a header carries it."""
    return f'"{article.version}"'


def require_match(article: Article, if_match: str | None) -> None:
    """Accept a change that was made from the version of ``article``, a row that the transaction has locked.

    :param if_match: the header's value; None where there is none.
    :raises PreconditionRequired: there is none.
    :raises PreconditionFailed: it names other versions, or is no list of entity tags.
        A weak tag never matches (RFC 9110 13.1.1).
    """
    if if_match is None:
        raise PreconditionRequired
    if if_match.strip() == "*":
        return
    if not _LIST.match(if_match) or etag_of(article) not in re.findall(_TAG, if_match):
        raise PreconditionFailed
