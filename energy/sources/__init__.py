"""One module per upstream source; ``SOURCES`` lists them all, by hand.

A module reads its source's own form and returns tables; what the numbers mean for a route is
decided by ``crosswalk.csv``, which one is taken by ``preferences.csv``. ``contract`` says what a
module offers.
"""

from __future__ import annotations

from types import ModuleType

from energy.sources import entsog

__all__ = ["SOURCES"]

SOURCES: dict[str, ModuleType] = {"entsog": entsog}
