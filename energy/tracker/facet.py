"""What the facets of the tracker share, and the way from the names of release 0.1 to theirs."""

from __future__ import annotations

import dataclasses
import html
import operator
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from energy.tracker import Tracker

MOVED = {  # old flat name: where it lives now; kept for one release
    "backtest": "scoring.backtest",
    "outside": "scoring.outside",
    "projected": "evidence.projected",
    "tornado": "ahead.tornado",
    "ledger": "evidence.ledger",
    "league": "evidence.league",
    "revisions": "evidence.revisions",
    "animate": "maps.animate",
    "layers": "maps.layers",
    "plot_map": "maps.period",
    "plot_years": "maps.years",
    "bridge_items": "money.bridge_items",
    "netback": "money.netback",
    "price_model": "money.prices.model",
    "price_scores": "money.prices.scores",
    "quarters": "money.quarters",
    "residuals": "money.residuals",
    "story": "money.story",
    "network_layer": "network.layer",
    "stranded": "network.idle.stranded",
    "utilisation": "network.idle.utilisation",
}
FROM_FACETS = {  # old name in a facet: where it lives now; kept for one release
    "ahead.backtest": "scoring.backtest",
    "ahead.outside": "scoring.outside",
    "ahead.scores": "scoring.scores",
    "evidence.cite": "cite",
    "evidence.left_out": "scoring.left_out",
    "evidence.log": "scoring.log",
    "evidence.skill": "scoring.skill",
    "evidence.standings": "scoring.standings",
    "money.price_model": "money.prices.model",
    "money.price_scores": "money.prices.scores",
    "money.formula": "money.prices.formula",
    "money.breakeven": "money.proposed.breakeven",
    "money.tornado": "money.proposed.tornado",
    "money.assumptions": "money.proposed.assumptions",
    "network.stranded": "network.idle.stranded",
    "network.total": "network.idle.total",
    "network.series": "network.idle.series",
    "network.utilisation": "network.idle.utilisation",
    "network.reroute": "reroute",
    "plot.accounts": "plot.money.accounts",
    "plot.capex": "plot.money.capex",
    "plot.debt": "plot.money.debt",
    "plot.result": "plot.money.result",
    "plot.sales": "plot.money.sales",
    "plot.waterfall": "plot.money.waterfall",
    "plot.netback": "plot.money.netback",
    "plot.prices": "plot.money.prices",
    "plot.breakeven": "plot.money.breakeven",
    "plot.tornado": "plot.money.tornado",
}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Facet:
    """One side of the tracker: functions on the same facts, lines and day.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> t.money.t is t
    True
    """

    t: Tracker

    if not TYPE_CHECKING:  # a checker shall see that an old name is gone

        def __getattr__(self, name: str) -> Any:
            old = f"{type(self).__name__.lower()}.{name}"
            if old not in FROM_FACETS:
                raise AttributeError(f"'{type(self).__name__}' has no attribute {name!r}")
            warn_moved(old, FROM_FACETS[old])
            return operator.attrgetter(FROM_FACETS[old])(self.t)

    def __repr__(self) -> str:
        """Name the facet and what it can do, each with the first line of its help.

        Examples
        --------
        >>> import energy
        >>> "netback" in repr(energy.load().money)
        True
        """
        lines = [f"  .{name}: {first_line(member)}" for name, member in self._members()]
        return "\n".join([f"<{type(self).__name__} of {self.t!r}>", *lines])

    def _repr_html_(self) -> str:
        """Return the card a notebook shows.

        Examples
        --------
        >>> import energy
        >>> "<code>.netback</code>" in energy.load().money._repr_html_()
        True
        """
        members = [(f".{name}", member) for name, member in self._members()]
        return card(f"{type(self).__name__} of {self.t!r}", members)

    def _members(self) -> list[tuple[str, Any]]:
        names = [n for n in dir(type(self)) if not n.startswith("_") and n != "t"]
        return [(name, getattr(type(self), name)) for name in names]


def card(title: str, members: list[tuple[str, Any]]) -> str:
    """Return a small HTML table: what can be asked, each with the first line of its help.

    Examples
    --------
    >>> shown = card("Tracker", [("t.facet", Facet)])
    >>> "t.facet" in shown and "One side of the tracker" in shown
    True
    """
    rows = "".join(
        f"<tr><td style='text-align:left'><code>{html.escape(name)}</code></td>"
        f"<td style='text-align:left'>{html.escape(first_line(member).replace('``', ''))}</td></tr>"
        for name, member in members
    )
    return f"<p><b>{html.escape(title)}</b></p><table>{rows}</table>"


def first_line(member: Any) -> str:
    """Return the first line of a member's help.

    Examples
    --------
    >>> first_line(Facet)
    'One side of the tracker: functions on the same facts, lines and day.'
    """
    return (member.__doc__ or "").strip().split("\n")[0]


def moved(tracker: Tracker, name: str) -> Any:
    """Return what an old flat name stands for, with a warning; AttributeError if it is none.

    Examples
    --------
    >>> import energy
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     method = moved(energy.load(), "stranded")
    >>> method.__qualname__, str(said[0].message)
    ('Idle.stranded', 't.stranded is t.network.idle.stranded now; the old name goes with release 0.3')
    """
    if name not in MOVED:
        raise AttributeError(f"'Tracker' has no attribute {name!r}")
    warn_moved(name, MOVED[name], stacklevel=4)
    return operator.attrgetter(MOVED[name])(tracker)


def warn_moved(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn of a name of release 0.1 at the line that used it.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     warn_moved("league(…)", "evidence.league(…)")
    >>> str(said[0].message)
    't.league(…) is t.evidence.league(…) now; the old name goes with release 0.3'
    """
    text = f"t.{old} is t.{new} now; the old name goes with release 0.3"
    warnings.warn(text, DeprecationWarning, stacklevel=stacklevel)
