"""The errors a user of ``geodata`` can meet."""

from geodata.arguments import Checker


class GeodataError(Exception):
    """Base of all errors raised on purpose by ``geodata``."""


class GeometryError(GeodataError):
    """A geometry that is empty, out of range, not finite or has its axes swapped."""


class FormatError(GeodataError):
    """A file or folder that is not what its reader expects."""


class ArgumentError(GeodataError):
    """An argument of a wrong type, or a number that is not finite."""


checked = Checker(ArgumentError)
"""Holds the arguments of a public function against its annotations; see `geodata.arguments`."""
