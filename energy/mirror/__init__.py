"""Mirrors: every source for one flow side by side, and the gap between them by cause.

Nothing is averaged away: the figures stay as published, the gap of each to a reference is split
into parts that add up to it, and what no number explains stays residual. The reconciled estimate
is our own reckoning, never a measurement. Causes that lie in the sources themselves (scope,
transit, LNG, timing) come from ``data/mirror_rules.csv`` only.
"""

from energy.mirror.basis import NOISE, Gas, figures
from energy.mirror.causes import CAUSES, PARTS, split
from energy.mirror.comparison import COLUMNS, mirror
from energy.mirror.drawing import chart
from energy.mirror.gathering import MONEY, VOLUMES, names, periods_of
from energy.mirror.readings import readings
from energy.mirror.reconciled import ESTIMATE, METHOD, OUTLIER, Estimate, combine, estimate, robust
from energy.mirror.record import deviations, league, pairs, residuals, revisions

__all__ = [
    "CAUSES", "COLUMNS", "ESTIMATE", "METHOD", "MONEY", "NOISE", "OUTLIER", "PARTS", "VOLUMES",
    "Estimate", "Gas", "chart", "combine", "deviations", "estimate", "figures", "league", "mirror",
    "names", "pairs", "periods_of", "readings", "residuals", "revisions", "robust", "split",
]  # fmt: skip
