"""Charts as inline SVG: bars with interval and capacity, and stacked bars. Text, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, isfinite, log10

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#8C6D1F",
           "#6A51A3")  # fmt: skip
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 260, 52, 8, 22, 26
TICKS, LABELS = 4, 12


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    size: Sequence[float],
    title: str,
    unit: str,
) -> str:
    """Draw a bar a period, its interval as a line and the capacity as a step; NaN is a gap."""
    known = [v for v in [*values, *high, *size, *low, 0.0] if isfinite(v)]
    axis = _Axis(min(known), max(known), len(labels))
    parts = []
    for i, value in enumerate(values):
        if isfinite(value):
            parts.append(axis.bar(i, 0.0, value, COLOURS[0], f"{labels[i]}: {value:,.2f} {unit}"))
        if isfinite(low[i]) and isfinite(high[i]) and high[i] > low[i]:
            x = axis.middle(i)
            parts.append(f'<path class="range" d="M{x:.1f} {axis.y(low[i]):.1f}V{axis.y(high[i]):.1f}"/>')  # fmt: skip
        if isfinite(size[i]):
            y = axis.y(size[i])
            ends = axis.middle(i) - axis.step / 2, axis.middle(i) + axis.step / 2
            parts.append(f'<path class="size" d="M{ends[0]:.1f} {y:.1f}H{ends[1]:.1f}"/>')
    return axis.drawn("".join(parts), labels, title, unit)


def stacked(
    labels: Sequence[str], rows: Mapping[str, Sequence[float]], title: str, unit: str
) -> str:
    """Draw rows on top of each other, one colour each; NaN adds nothing."""
    sums = [sum(v for v in column if isfinite(v)) for column in zip(*rows.values(), strict=True)]
    axis = _Axis(0.0, max(sums, default=0.0), len(labels))
    parts, floors = [], [0.0] * len(labels)
    for colour, (name, values) in zip(COLOURS, rows.items(), strict=False):
        for i, value in enumerate(values):
            if isfinite(value) and value > 0:
                said = f"{name}, {labels[i]}: {value:,.1f} {unit}"
                parts.append(axis.bar(i, floors[i], floors[i] + value, colour, said))
                floors[i] += value
    return axis.drawn("".join(parts), labels, title, unit)


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

    def __init__(self, least: float, most: float, count: int):
        self.unit = nice(most - min(least, 0.0))
        self.least = floor(min(least, 0.0) / self.unit) * self.unit
        self.most = max(ceil(most / self.unit) * self.unit, self.least + self.unit)
        self.step = (WIDTH - LEFT - RIGHT) / max(count, 1)

    def y(self, value: float) -> float:
        share = (value - self.least) / (self.most - self.least)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def middle(self, i: int) -> float:
        return LEFT + (i + 0.5) * self.step

    def bar(self, i: int, start: float, end: float, colour: str, said: str) -> str:
        top, foot = sorted((self.y(start), self.y(end)))
        wide = self.step * 0.8
        return (f'<rect x="{self.middle(i) - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}" '
                f'height="{foot - top:.1f}" fill="{colour}"><title>{escape(said)}</title></rect>')  # fmt: skip

    def drawn(self, inner: str, labels: Sequence[str], title: str, unit: str) -> str:
        """Put axes, their words and the title around what is drawn."""
        lines = []
        for n in range(round((self.most - self.least) / self.unit) + 1):
            value = self.least + n * self.unit
            y = self.y(value)
            lines.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
                         f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,.4g}</text>')  # fmt: skip
        every = max(1, ceil(len(labels) / LABELS))
        for i in range(len(labels) - 1, -1, -every):
            lines.append(f'<text x="{self.middle(i):.1f}" y="{HEIGHT - 8}" text-anchor="middle">'
                         f"{escape(labels[i])}</text>")  # fmt: skip
        return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
                f'<text x="4" y="14">{escape(unit)}</text>{"".join(lines)}{inner}</svg>')  # fmt: skip
