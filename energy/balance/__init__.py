"""The reconciled balance: one consistent set of flows, with an interval on every number.

Every published figure is a measurement with an error (`measurements`); the gas system is a graph
that conserves gas at each node (`system`); what agrees best with both, month by month, is the
balance (`estimate`). Nothing here prices gas, draws it or projects it.
"""

from energy.balance.contests import contested, explained
from energy.balance.estimate import Balance, solve
from energy.balance.kept import Result, result, ship
from energy.balance.measurements import Measurements, measure
from energy.balance.system import System
from energy.balance.totals import totals
from energy.balance.verdicts import WORDS

__all__ = [
    "WORDS",
    "Balance",
    "Measurements",
    "Result",
    "System",
    "contested",
    "explained",
    "measure",
    "result",
    "ship",
    "solve",
    "totals",
]
