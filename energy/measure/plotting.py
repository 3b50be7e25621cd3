"""Axes to draw on. Matplotlib is imported when a picture is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def axes(ax: Axes | None, size: tuple[float, float] = (8, 4)) -> Axes:
    """Return the axes given, or new ones of a size in inches.

    Raises
    ------
    MissingExtra
        Without matplotlib.

    Examples
    --------
    >>> made = axes(None, (6, 3))
    >>> axes(made) is made, made.figure.get_size_inches().tolist()
    (True, [6.0, 3.0])
    """
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingExtra(
            "Charts need matplotlib; install the extra: pip install 'energy-trade-tracker[pictures]'."
        ) from error
    return plt.subplots(figsize=size, layout="constrained")[1]
