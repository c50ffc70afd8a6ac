"""Types that several test modules name."""

from collections.abc import Callable
from typing import Any

from django.dispatch import Signal

#: What the fixture `heard` returns.
Listen = Callable[[Signal], list[dict[str, Any]]]
