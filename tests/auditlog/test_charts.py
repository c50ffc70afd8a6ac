"""The geometry of the charts."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from auditlog.charts import HEIGHT, LEFT, TOP, WIDTH, compact, cut, nice, over_time, ranking
from auditlog.dashboard import PERIODS, Rank, Series

NOW = datetime(2026, 5, 17, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (11, 20), (61, 100), (999, 1000), (12_345, 20_000)]
)
def test_an_axis_ends_at_a_round_number(highest: int, top: int) -> None:
    assert nice(highest) == top


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (999, "999"), (1000, "1k"), (1200, "1.2k"), (3_400_000, "3.4M"), (0.5, "0.5")]
)
def test_numbers_are_short(count: float, text: str) -> None:
    assert compact(count) == text


@pytest.mark.parametrize(("name", "count"), [("24h", 24), ("7d", 28), ("30d", 30)])
def test_a_period_ends_with_the_step_that_holds_now(name: str, count: int) -> None:
    steps = PERIODS[name].steps(NOW)

    assert len(steps) == count
    assert steps[-1] <= NOW < steps[-1] + PERIODS[name].step
    assert {later - earlier for earlier, later in pairwise(steps)} == {PERIODS[name].step}


def test_columns_are_stacked_and_stay_inside() -> None:
    steps = PERIODS["24h"].steps(NOW)
    series = [Series("a", (5, *[0] * 22, 3)), Series("b", (5, *[0] * 23))]
    chart = over_time(series, steps, "%H:%M")

    first, above, last = chart.bars
    assert first.y == pytest.approx(above.y + above.height, abs=0.02)
    assert (first.series, above.series, last.series) == (0, 1, 0)
    for bar in chart.bars:
        assert LEFT <= bar.x <= bar.x + bar.width <= WIDTH
        assert bar.y + 0.02 >= TOP
        assert bar.y + bar.height <= HEIGHT
    assert chart.rows == [[steps[0].strftime("%H:%M"), "5", "5"], [steps[-1].strftime("%H:%M"), "3", "0"]]


def test_nothing_is_an_empty_chart() -> None:
    assert over_time([], PERIODS["24h"].steps(NOW), "%H:%M").is_empty
    assert ranking([], "Source").is_empty


def test_a_ranking_is_as_long_as_its_longest() -> None:
    chart = ranking([Rank("x" * 200, 10), Rank("b", 5)], "Source")

    assert [bar.width for bar in chart.bars] == [WIDTH, WIDTH / 2]
    assert chart.labels[0].text == cut("x" * 200)
    assert len(chart.labels[0].text) < 60
    assert chart.rows[0] == ["x" * 200, "10"]


def test_a_step_is_a_span_that_divides_its_period() -> None:
    for period in PERIODS.values():
        assert period.length % period.step == timedelta(0)
