"""A cube whose sums over routes count each export once.

Corridors, strings, exits and feeders carry the same gas, so that a plain sum over routes counts a
cubic metre up to four times. `Cube` and `Figures` are an xarray Dataset and DataArray in every
other respect: where the coordinate ``additive`` is there, a sum over ``route`` takes the routes
that add up and leaves the others out.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

import xarray as xr

Held = TypeVar("Held", xr.Dataset, xr.DataArray)


class CountedTwiceWarning(UserWarning):
    """A sum of routes none of which is an export: they may carry the same gas."""


class Figures(xr.DataArray):  # type: ignore[no-untyped-call]
    """An array of figures by route; see the module.

    Examples
    --------
    >>> routes = {"route": ["corridor", "its-string"], "additive": ("route", [True, False])}
    >>> flow = Figures([59.2, 29.6], dims="route", coords=routes)
    >>> float(flow.sum("route")), float(flow.fillna(0).sum())
    (59.2, 59.2)
    """

    __slots__ = ()

    def sum(self, dim: Any = None, **options: Any) -> Any:
        """Sum; over routes, those that add up."""
        return xr.DataArray.sum(_once(xr.DataArray(self), dim), dim, **options)

    def where(self, *args: Any, **options: Any) -> Any:
        """Mask, as xarray does; the array still knows what adds up."""
        return Figures(super().where(*args, **options))

    def fillna(self, value: Any) -> Any:
        """Fill, as xarray does; the array still knows what adds up."""
        return Figures(super().fillna(value))

    def clip(self, *args: Any, **options: Any) -> Any:
        """Clip, as xarray does; the array still knows what adds up."""
        return Figures(super().clip(*args, **options))


class Cube(xr.Dataset):  # type: ignore[no-untyped-call]
    """A Dataset by route; see the module.

    Examples
    --------
    >>> routes = {"route": ["corridor", "its-string"], "additive": ("route", [True, False])}
    >>> cube = Cube({"flow": ("route", [59.2, 29.6])}, coords=routes)
    >>> float(cube.flow.sum("route")), float(cube.sum("route").flow)
    (59.2, 59.2)
    """

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        """Return a variable as `Figures`, several as a `Cube`."""
        got = super().__getitem__(key)
        return Figures(got) if isinstance(got, xr.DataArray) else got

    def sum(self, dim: Any = None, **options: Any) -> Any:
        """Sum; over routes, those that add up."""
        return xr.Dataset.sum(_once(plain(self), dim), dim, **options)


def shaped(data: xr.Dataset) -> Cube:
    """Return a Dataset as a `Cube`; values are shared."""
    return Cube(data.data_vars, data.coords, data.attrs)


def plain(cube: xr.Dataset) -> xr.Dataset:
    """Return a `Cube` as an ordinary Dataset; values are shared."""
    return xr.Dataset({name: cube.variables[name] for name in cube.data_vars},
                      {name: cube.variables[name] for name in cube.coords}, cube.attrs)  # fmt: skip


def _once(data: Held, dim: Hashable | Iterable[Hashable] | None) -> Held:
    """Return what a sum over `dim` may add: where routes are among it, those that are additive."""
    named = data.dims if dim is None or dim is ... else dim
    over = {named} if isinstance(named, str) else set(named)  # type: ignore[arg-type]
    if "route" not in over or "additive" not in data.coords or "route" not in data.dims:
        return data
    additive = data.coords["additive"]
    if not additive.any():
        if data.sizes["route"] > 1:
            names = ", ".join(str(name) for name in data["route"].values[:3])
            warnings.warn(
                f"None of these routes is an export ({names}): they may carry the same gas.",
                CountedTwiceWarning,
                stacklevel=3,
            )
        return data
    return data.where(additive)
