"""What every test stands on."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def clean_cache() -> Iterator[None]:
    """Each test starts and ends with an empty cache."""
    cache.clear()
    yield
    cache.clear()
