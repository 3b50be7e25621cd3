"""Flow cubes that were made once, kept in the cache folder under the digest of all they come of.

A cube is kept as it is: numbers as arrays, texts as codes and words. It is read without the
balance, the prices or xarray's look at every array, which takes longer than reading it.
"""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy import facts
from energy.facts import arrow, kept
from energy.measure.tables import Tables

MOST = 32  # cubes that the cache folder holds, about a megabyte each
MADE_BY = ("balance", "facts", "finance", "flows.py", "measure")  # a change of these makes anew
READ = ("balance.npz", "volumes.csv")  # of the package, read as they lie and not as a table


def cube(
    tables: Tables, asked: tuple[str | None, ...], make: Callable[[], xr.Dataset]
) -> xr.Dataset:
    """Return a cube of the tables as it was kept, or make it and keep it.

    Parameters
    ----------
    tables : Tables
    asked : tuple of str or None
        What of the tables: frequency, unit, basis, first, last, estimate.
    make : callable
        Makes the cube; it may depend on nothing else.
    """
    key = kept.digest(_method(), _own(), arrow.pack(tables, ""), json.dumps(asked))
    return kept.kept("cube.npz", key, make, pack=pack, unpack=unpack, most=MOST)


@functools.cache
def _method() -> str:
    """Return the digest of the code and of the files that make a cube of tables."""
    home = Path(facts.__file__).parents[1]
    code = sorted(path for name in MADE_BY for path in _modules(home / name))
    files = [*code, *(facts.DATA / name for name in READ)]
    versions = [version(name) for name in ("numpy", "pandas", "xarray")]
    return kept.digest(*versions, *(path.read_bytes() for path in files if path.is_file()))


def _modules(path: Path) -> list[Path]:
    return [*path.rglob("*.py")] if path.is_dir() else [path]


def _own() -> bytes:
    """Return the user's own volumes as they are printed: the balance reads their last digits."""
    path = facts.home() / "facts" / "volumes.csv"
    return path.read_bytes() if path.is_file() else b""


def pack(made: xr.Dataset, key: str) -> bytes:
    """Return a cube as the bytes of a file.

    Examples
    --------
    >>> made = xr.Dataset({"status": ("route", np.array(["plan", "plan"], dtype=object))})
    >>> unpack(pack(made, "key"), "key").identical(made)
    True
    """
    arrays: dict[str, np.ndarray] = {}
    variables: list[dict[str, Any]] = []
    for place, (name, held) in enumerate(made.variables.items()):
        values, words = np.asarray(held.values), None
        if values.dtype == object:
            codes, texts = pd.factorize(values.ravel(), use_na_sentinel=False)
            values, words = codes.reshape(values.shape).astype(np.int32), [*texts]
        arrays[str(place)] = values
        variables.append({"name": name, "dims": held.dims, "attrs": held.attrs, "words": words,
                          "coordinate": name in made.coords})  # fmt: skip
    head = json.dumps({"key": key, "attrs": made.attrs, "variables": variables})
    body = io.BytesIO()
    np.savez(body, allow_pickle=False, head=np.frombuffer(head.encode(), dtype=np.uint8), **arrays)
    return body.getvalue()


def unpack(body: bytes, key: str) -> xr.Dataset | None:
    """Return the cube of some bytes; None where it is of another key.

    Raises
    ------
    ValueError
        For a broken file.

    Examples
    --------
    >>> made = xr.Dataset({"flow": ("route", [1.0, 2.0])}, {"route": ["a", "b"]})
    >>> unpack(pack(made, "key of old facts"), "key of new facts") is None
    True
    """
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as held:
            head = json.loads(held["head"].tobytes())
            if head["key"] != key:
                return None
            variables = head["variables"]
            made = {
                one["name"]: _variable(one, held[str(place)]) for place, one in enumerate(variables)
            }
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error
    coordinates = {one["name"]: made.pop(one["name"]) for one in variables if one["coordinate"]}
    return xr.Dataset(made, coordinates, head["attrs"])


def _variable(told: dict[str, Any], values: np.ndarray) -> xr.Variable:
    """Return a variable as it was; `fastpath` as its values need no looking at."""
    dims = tuple(told["dims"])
    if told["words"] is not None:
        values = np.array(told["words"], dtype=object)[values]
    if dims != (told["name"],):
        return xr.Variable(dims, values, told["attrs"], fastpath=True)
    index = xr.indexes.PandasIndex(pd.Index(values), dims[0], coord_dtype=values.dtype)
    made = index.create_variables()[dims[0]]
    made.attrs = told["attrs"]
    return made
