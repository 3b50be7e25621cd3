"""Charts as inline SVG: bars with interval and capacity, and stacked bars. Text, no script.

Each is drawn twice, for a wide and a narrow screen; the style sheet shows one of them, so that its
words are never scaled below what can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, isfinite, log10
from typing import NamedTuple

# those of the markets on the atlas, then two for what it counts as others
COLOURS = ("#0072B2", "#E69F00", "#C04000", "#56B4E9", "#009E73", "#CC79A7", "#8F979D", "#8C6D1F",
           "#6A51A3")  # fmt: skip
TICKS = 4
PART = "part of the year"


class Paper(NamedTuple):
    """What a chart is drawn on, in pixels at its own size; `labels` is how many periods are named."""

    name: str
    width: int
    height: int
    left: int
    labels: int
    right: int = 8
    top: int = 32
    bottom: int = 31


PAPERS = (Paper("broad", 760, 260, 52, 12), Paper("narrow", 360, 240, 46, 6))


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    size: Sequence[float],
    whole: Sequence[bool],
    title: str,
    unit: str,
) -> str:
    """Draw a bar a period, its interval as a line and the capacity as a step; NaN is a gap.

    A period that is not `whole` is pale and has a star at its name.
    """
    known = [v for v in [*values, *high, *size, *low, 0.0] if isfinite(v)]
    names = [label + ("" if full else "*") for label, full in zip(labels, whole, strict=True)]

    def draw(paper: Paper) -> str:
        axis = _Axis(paper, min(known), max(known), len(labels))
        inner = "".join(
            _bar(axis, i, (value, low[i], high[i], size[i]), labels[i], whole[i], unit)
            for i, value in enumerate(values)
        )
        return axis.drawn(inner, names, title, unit)

    return "".join(map(draw, PAPERS))


def _bar(axis: _Axis, i: int, told: Sequence[float], label: str, whole: bool, unit: str) -> str:
    """Draw one period: `told` is its value, P10, P90 and capacity."""
    value, low, high, size = told
    parts = []
    if isfinite(value):
        said = f"{label}: {value:,.2f} {unit}" + ("" if whole else f", {PART}")
        parts.append(
            axis.bar(i, 0.0, value, COLOURS[0], said, "" if whole else ' fill-opacity=".45"')
        )
    if isfinite(low) and isfinite(high) and high > low:
        x = axis.middle(i)
        parts.append(f'<path class="range" d="M{x:.1f} {axis.y(low):.1f}V{axis.y(high):.1f}"/>')
    if isfinite(size):
        ends = axis.middle(i) - axis.step / 2, axis.middle(i) + axis.step / 2
        parts.append(f'<path class="size" d="M{ends[0]:.1f} {axis.y(size):.1f}H{ends[1]:.1f}"/>')
    return "".join(parts)


def stacked(
    labels: Sequence[str], rows: Mapping[str, Sequence[float]], title: str, unit: str
) -> str:
    """Draw rows on top of each other, one colour each; NaN adds nothing."""
    sums = [sum(v for v in column if isfinite(v)) for column in zip(*rows.values(), strict=True)]

    def draw(paper: Paper) -> str:
        axis = _Axis(paper, 0.0, max(sums, default=0.0), len(labels))
        parts, floors = [], [0.0] * len(labels)
        for colour, (name, values) in zip(COLOURS, rows.items(), strict=False):
            for i, value in enumerate(values):
                if isfinite(value) and value > 0:
                    said = f"{name}, {labels[i]}: {value:,.1f} {unit}"
                    parts.append(axis.bar(i, floors[i], floors[i] + value, colour, said))
                    floors[i] += value
        return axis.drawn("".join(parts), labels, title, unit)

    return "".join(map(draw, PAPERS))


def nice(span: float) -> float:
    """Return a round step that divides a span into about four.

    >>> nice(100), nice(7.3), nice(0)
    (50.0, 2.0, 1.0)
    """
    if span <= 0:
        return 1.0
    rough = span / TICKS
    power = 10.0 ** floor(log10(rough))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= rough)


class _Axis:
    """Places of values and periods on the paper, in its units."""

    def __init__(self, paper: Paper, least: float, most: float, count: int):
        self.paper = paper
        self.unit = nice(most - min(least, 0.0))
        self.least = floor(min(least, 0.0) / self.unit) * self.unit
        self.most = max(ceil(most / self.unit) * self.unit, self.least + self.unit)
        self.step = (paper.width - paper.left - paper.right) / max(count, 1)

    def y(self, value: float) -> float:
        share = (value - self.least) / (self.most - self.least)
        paper = self.paper
        return paper.height - paper.bottom - share * (paper.height - paper.top - paper.bottom)

    def middle(self, i: int) -> float:
        return self.paper.left + (i + 0.5) * self.step

    def bar(self, i: int, start: float, end: float, colour: str, said: str, more: str = "") -> str:
        top, foot = sorted((self.y(start), self.y(end)))
        wide = self.step * 0.8
        return (f'<rect x="{self.middle(i) - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}" '
                f'height="{foot - top:.1f}" fill="{colour}"{more}><title>{escape(said)}</title></rect>')  # fmt: skip

    def drawn(self, inner: str, labels: Sequence[str], title: str, unit: str) -> str:
        """Put axes, their words and the title around what is drawn."""
        paper, lines = self.paper, []
        for n in range(round((self.most - self.least) / self.unit) + 1):
            value = self.least + n * self.unit
            y, end = self.y(value), paper.width - paper.right
            lines.append(f'<path class="grid" d="M{paper.left} {y:.1f}H{end}"/>')
            place = f'x="{paper.left - 6}" y="{y + 4:.1f}" text-anchor="end"'
            lines.append(f"<text {place}>{value:,.4g}</text>")
        every = max(1, ceil(len(labels) / paper.labels))
        for i in range(len(labels) - 1, -1, -every):
            lines.append(f'<text x="{self.middle(i):.1f}" y="{paper.height - 8}" text-anchor="middle">'
                         f"{escape(labels[i])}</text>")  # fmt: skip
        return (f'<svg class="{paper.name}" viewBox="0 0 {paper.width} {paper.height}" role="img" '
                f'aria-label="{escape(title)}"><text x="4" y="14">{escape(unit)}</text>'
                f"{''.join(lines)}{inner}</svg>")  # fmt: skip
