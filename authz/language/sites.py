"""Where a rule was written, for the errors that name it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_OWN = str(Path(__file__).resolve().parents[1]) + os.sep


@dataclass(frozen=True, slots=True)
class Site:
    """A line of a Python module, or a key in a line of a policy file."""

    file: str
    line: int
    key: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f" ({self.key})" if self.key else "")

    @contextmanager
    def stated(self) -> Iterator[None]:
        """Let rules that are made inside stand here: their text is in a file, not in the caller's code."""
        token = _stated.set(self)
        try:
            yield
        finally:
            _stated.reset(token)

    @classmethod
    def of_caller(cls) -> "Site":
        """Return the nearest line that is outside this app (its own policies.py of a host is outside)."""
        stated = _stated.get()
        if stated is not None:
            return stated
        frame = sys._getframe(1)  # noqa: SLF001  (`inspect` reads source files; this runs once a term)
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
            frame = frame.f_back
        return cls(frame.f_code.co_filename, frame.f_lineno)


_stated: ContextVar[Site | None] = ContextVar("bulwark_stated_site", default=None)


class PolicyError(ImproperlyConfigured):
    """A rule makes no sense: a path that does not exist, values that cannot compare, an unknown role."""

    def __init__(self, problem: str, site: Site) -> None:
        super().__init__(f"{site}: {problem}")
        self.problem = problem
        self.site = site
