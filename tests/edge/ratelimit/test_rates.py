import pytest
from django.core.exceptions import ImproperlyConfigured

from edge.ratelimit import Rate, parse_rate


@pytest.mark.parametrize(
    ("text", "limit", "window"),
    [
        ("5/m", 5, 60),
        ("100/15m", 100, 900),
        ("1/s", 1, 1),
        ("10/h", 10, 3_600),
        ("1000/d", 1_000, 86_400),
        ("10/week", 10, 604_800),
        ("2/2w", 2, 1_209_600),
        ("7/minute", 7, 60),
        ("0/s", 0, 1),
        ("5/M", 5, 60),
    ],
)
def test_a_rate_is_read(text: str, limit: int, window: int) -> None:
    assert parse_rate(text) == Rate(limit, window)


def test_a_pair_is_read() -> None:
    assert parse_rate((3, 10)) == Rate(3, 10)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "5/",
        "/m",
        "5/month",
        "5/y",
        "5/mm",
        "5 / m",
        "5/m;",
        "5.5/m",
        "-1/m",
        "5/0m",
        "5/367d",
        "m/5",
        "5/m 6",
        "\u0665/m",
    ],
)
def test_what_might_be_misread_is_refused(text: str) -> None:
    """django-ratelimit takes `5/`, `5/month` and `10/week` for so many a second."""
    with pytest.raises(ImproperlyConfigured, match="is no rate"):
        parse_rate(text)


@pytest.mark.parametrize("pair", [(-1, 60), (5, 0), (5, -1)])
def test_a_pair_that_makes_no_sense_is_refused(pair: tuple[int, int]) -> None:
    with pytest.raises(ImproperlyConfigured):
        parse_rate(pair)
