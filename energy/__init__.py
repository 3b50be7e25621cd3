"""Russian gas by pipeline: flows, money, geometry and maps, a source behind every number.

Examples
--------
>>> import energy
>>> t = energy.load()
>>> t.flows().sizes["route"] > 50
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from energy.tracker import Tracker

__version__ = "0.1.0"
__all__ = ["Tracker", "__version__", "load"]


def load(
    facts: str | None = None, routes: str | None = None, as_of: str | date | None = None
) -> Tracker:
    """Open the tracker on the facts in the package, the user's own rows and store, if any.

    Parameters
    ----------
    facts : path, optional
        Folder with tables of your own; default ``$ENERGY_HOME/facts`` where it exists.
    routes : path, optional
        GeoJSON with lines of your own; default the lines in the package, bettered by an
        imported Global Energy Monitor folder where there is one.
    as_of : str or date, optional
        Only what was known then: a day, a period (its last day counts) or a release of the store.

    Returns
    -------
    Tracker

    Raises
    ------
    energy.errors.DataError
        With every fault found in your files.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> t.route("Nord Stream")
    'nord-stream-1'
    """
    from energy.tracker import Tracker

    return Tracker.open(facts, routes, as_of)


def __getattr__(name: str) -> type[Tracker]:
    if name == "Tracker":
        from energy.tracker import Tracker

        return Tracker
    raise AttributeError(f"module 'energy' has no attribute {name!r}")
