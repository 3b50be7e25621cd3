"""The errors a user of ``geodata`` can meet."""


class GeodataError(Exception):
    """Base of all errors raised on purpose by ``geodata``."""


class GeometryError(GeodataError):
    """A geometry that is empty, out of range, not finite or has its axes swapped."""


class FormatError(GeodataError):
    """A file or folder that is not what its reader expects."""
