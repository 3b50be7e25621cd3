"""The errors a user of ``energy`` can meet, one tree.

Every message says what is wrong, with the value, where it stands and what to do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from geodata.arguments import Checker, alike


class EnergyError(Exception):
    """Base of all errors raised on purpose by ``energy``."""


class UsageError(EnergyError):
    """A question that is asked wrongly: something is missing, twice, or does not go together."""


class UnitError(EnergyError):
    """A conversion that lacks a unit, a basis, a calorific value, a density or a rate."""


class PeriodError(EnergyError):
    """A period that does not exist or lies outside the data."""


class MissingExtra(EnergyError):
    """An optional package is needed and not installed, or installed and broken.

    Raised while an ImportError is being handled: if the package was found, but could not be
    loaded, the sentence says so instead of asking for an installation that is there.
    """

    def __init__(self, text: str):
        fault = sys.exc_info()[1]
        if isinstance(fault, ImportError) and not isinstance(fault, ModuleNotFoundError):
            where = f"'{fault.name}' is" if fault.name else "A package is"
            text = f"{where} installed, but broken: {fault}. Reinstall or upgrade it. ({text})"
        super().__init__(text)


class UnknownName(EnergyError):
    """A name that is not in a list; the near ones are listed.

    Parameters
    ----------
    kind : str
        What the name stands for, e.g. ``"route"``.
    name : str
        The name as given.
    known : iterable of str
        The names that exist.
    near : sequence of str, optional
        The names most like it; default by their spelling.
    """

    def __init__(
        self, kind: str, name: str, known: Iterable[str], near: Sequence[str] | None = None
    ):
        names = sorted(known)
        self.near = alike(str(name), names) if near is None else list(near)
        hint = f"near: {', '.join(self.near)}" if self.near else f"known: {', '.join(names[:12])}"
        more = "" if self.near or len(names) <= 12 else f" and {len(names) - 12} more"
        super().__init__(f"Unknown {kind} {name!r}; {hint}{more}.")


class DataError(EnergyError):
    """Faults found in a table or file; all are collected, the first five are shown.

    Parameters
    ----------
    where : str
        File or table.
    faults : sequence of str
        One sentence a fault.
    """

    def __init__(self, where: str, faults: Sequence[str]):
        self.faults = list(faults)
        shown = "\n".join(f"  - {fault}" for fault in self.faults[:5])
        rest = len(self.faults) - 5
        more = f"\n  … and {rest} more" if rest > 0 else ""
        noun = "fault" if len(self.faults) == 1 else "faults"
        super().__init__(f"{where}: {len(self.faults)} {noun}\n{shown}{more}")


checked = Checker(UsageError)
"""Holds the arguments of a public function against its annotations; see `geodata.arguments`."""
