"""What every room of the store knows: the names of columns, its two errors."""

from __future__ import annotations

from energy.errors import EnergyError

WHAT = ["series", "entity", "period", "freq", "source", "basis"]
"""Names a quantity as one source tells it; an edition of it has a ``published`` besides."""
TEXTS = ["series", "entity", "period", "freq", "unit", "basis", "source", "status", "published",
         "ref", "note"]  # fmt: skip


FORMAT = 1
"""Number of the form of every file written here; a file of a higher one is refused, not guessed at."""


class StoreError(EnergyError):
    """The store cannot be read or written, or a file in it is damaged.

    Examples
    --------
    >>> issubclass(StoreLocked, StoreError)
    True
    """


class StoreLocked(StoreError):
    """Another update is writing; the message names it.

    Examples
    --------
    >>> str(StoreLocked("Another update is writing."))
    'Another update is writing.'
    """


class StoreWarning(UserWarning):
    """The store is of an older edition and proves less than it could.

    Examples
    --------
    >>> issubclass(StoreWarning, UserWarning)
    True
    """
