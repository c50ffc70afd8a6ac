"""Where the parts of a chart stand; a template makes SVG of it. No style, no script, colours by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .dashboard import Rank, Series

# Drawn small, so that the letters are read on a telephone; a page on a desk puts several side by side.
WIDTH, HEIGHT = 420, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 24
_ROW, _BAR = 34, 10
_LETTERS = 58


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    series: int
    title: str


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True)
class Chart:
    """A chart and the table that says the same."""

    width: int
    height: int
    bars: list[Bar]
    labels: list[Label]
    lines: list[float]
    legend: list[tuple[int, str]]
    head: list[str]
    rows: list[list[str]]

    @property
    def is_empty(self) -> bool:
        return not self.bars


def over_time(series: Sequence[Series], steps: Sequence[datetime], form: str) -> Chart:
    """Return stacked columns, one for each step.

    :param form: how `strftime` writes a step.
    """
    names = [moment.strftime(form) for moment in steps]
    totals = [sum(found.counts[place] for found in series) for place in range(len(steps))]
    top = nice(max(totals, default=0))
    column = (WIDTH - LEFT - RIGHT) / len(steps)
    scale = (HEIGHT - TOP - BOTTOM) / top
    bars = []
    for place, moment in enumerate(names):
        y = float(HEIGHT - BOTTOM)
        for number, found in enumerate(series):
            if count := found.counts[place]:
                y -= count * scale
                x, width = LEFT + place * column + column * 0.1, column * 0.8
                title = f"{moment} UTC: {found.name}, {count}"
                bars.append(Bar(_short(x), _short(y), _short(width), _short(count * scale), number, title))
    lines = [TOP, (HEIGHT - BOTTOM + TOP) / 2, HEIGHT - BOTTOM]
    labels = [Label(LEFT - 6, y + 4, compact(count), "end") for y, count in zip(lines, (top, top / 2, 0), strict=True)]
    labels += [
        Label(LEFT, HEIGHT - 6, names[0]),
        Label(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 6, names[len(names) // 2], "middle"),
        Label(WIDTH - RIGHT, HEIGHT - 6, names[-1], "end"),
    ]
    rows = [[name, *(str(found.counts[place]) for found in series)] for place, name in enumerate(names)]
    legend = [(number, found.name) for number, found in enumerate(series)]
    head = ["UTC", *(found.name for found in series)]
    return Chart(WIDTH, HEIGHT, bars, labels, lines, legend, head, [row for row in rows if any(map(int, row[1:]))])


def ranking(ranks: Sequence[Rank], what: str) -> Chart:
    """Return lying bars, the longest first, each under its name.

    :param what: what is ranked: the head of the table's first column.
    """
    longest = max((rank.count for rank in ranks), default=1)
    bars, labels = [], []
    for place, rank in enumerate(ranks):
        y = place * _ROW
        bars.append(Bar(0, y + 18, _short(WIDTH * rank.count / longest), _BAR, 0, f"{rank.name}: {rank.count}"))
        labels += [Label(0, y + 13, cut(rank.name)), Label(WIDTH, y + 13, compact(rank.count), "end")]
    rows = [[rank.name, str(rank.count)] for rank in ranks]
    return Chart(WIDTH, max(len(ranks), 1) * _ROW, bars, labels, [], [], [what, "Events"], rows)


def nice(highest: int) -> int:
    """Return a round even number that is not below ``highest``: the top of an axis."""
    size = 1
    while True:
        for step in (2, 4, 6, 10):
            if highest <= step * size:
                return step * size
        size *= 10


def compact(count: float) -> str:
    """Return a number in few letters, as 1.2k or 3M."""
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + letter
    return f"{count:g}"


def cut(text: str) -> str:
    """Return ``text`` with its middle left out where it is too long to stand over a bar."""
    half = _LETTERS // 2
    return text if len(text) <= _LETTERS else f"{text[:half]}…{text[-half:]}"


def _short(number: float) -> float:
    return round(number, 2)
