"""Lets generated requests get further than the first refusal; schemathesis imports this by SCHEMATHESIS_HOOKS.

A random key names nothing. Where a part of a request is valid, it is made to name what is there; a part that is
invalid on purpose stays as it was made.
"""

import itertools
import os
from typing import Any

import schemathesis

CATEGORY = os.environ["API_CATEGORY"]
ARTICLES = itertools.cycle(os.environ["API_ARTICLES"].split(","))


@schemathesis.hook
def before_call(context: Any, case: Any, **_kwargs: Any) -> None:
    """Name an article, a category and a version that exist."""
    if case.meta is None or case.meta.phase.name == "stateful":  # which names what it has made
        return
    valid = {where.value for where, part in case.meta.components.items() if part.mode.is_positive}
    if "path" in valid and "/articles/{id}" in case.operation.path:
        case.path_parameters["id"] = next(ARTICLES)
    if "header" in valid and case.headers and "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if "body" in valid and isinstance(case.body, dict) and "category" in case.body:
        case.body["category"] = CATEGORY
