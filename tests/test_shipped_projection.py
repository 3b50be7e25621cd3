"""The projection in the package: what comes out of the file is what was drawn, or nothing."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from energy.facts import kept
from energy.measure.tables import Tables
from energy.projection import shipped
from energy.projection.leaves import Leaves, Sheet

TABLES = Tables({"volumes": pd.DataFrame({"id": ["V1", "V2"], "value": [1.0, 2.0]})})


@pytest.fixture
def made():
    """Two scenarios of two years, and the leaves of one market and one route."""
    flow = xr.DataArray([[1.5, 2.5], [0.1, np.nan]], dims=("scenario", "year"))
    cube = xr.Dataset(
        {"flow": flow.assign_attrs(units="bcm"), "known": ("year", [True, False])},
        {"scenario": ["baseline", "oil-high"], "year": [2027, 2028], "name": ("year", ["a", "ä"])},
        {"draws": 3, "as_of": "2026-06-01"},
    )
    counts = np.arange(12).reshape(1, 2, 6)
    sheets = (
        Sheet("exports", "china", ("oil",), np.array([[1.0, 2.0]]), 2.5, counts),
        Sheet("chance", "pipe", (), np.array([[0.25, 0.75]]), 0.0, np.zeros((0, 0, 6))),
    )
    tree = {"question": {"oil": {"answer": {"high": {"probability": 0.3}}}}}
    return cube, Leaves(tree, (2027, 2028), 3, sheets)


def same(one, other):
    xr.testing.assert_identical(one[0], other[0])
    assert {name: v.dtype for name, v in one[0].variables.items()} == {
        name: v.dtype for name, v in other[0].variables.items()
    }
    plain = [dataclasses.replace(leaves, sheets=()) for leaves in (one[1], other[1])]
    assert plain[0] == plain[1]
    for mine, yours in zip(one[1].sheets, other[1].sheets, strict=True):
        for name, value in vars(mine).items():
            np.testing.assert_array_equal(value, getattr(yours, name), err_msg=name)


def test_what_was_packed_comes_back_to_the_last_digit(made):
    same(shipped.unpack(shipped.pack(made, "k"), "k"), made)


def test_another_key_is_not_read_and_a_broken_file_is_told(made):
    body = shipped.pack(made, "k")
    assert shipped.unpack(body, "other") is None
    with pytest.raises(ValueError, match="zip"):
        shipped.unpack(body[: len(body) // 2], "k")


def test_the_key_moves_with_facts_day_and_tree(tmp_path, monkeypatch):
    keys = {shipped.key(TABLES), shipped.key(TABLES, "2022-06-30")}
    rows = TABLES["volumes"].assign(value=[1.0, 2.5])
    keys.add(shipped.key(TABLES.replaced({"volumes": rows})))
    (tmp_path / "scenarios.toml").write_text("[rules]\n")
    monkeypatch.setattr(shipped.scenarios, "PATH", tmp_path / "scenarios.toml")
    assert len(keys | {shipped.key(TABLES)}) == 4


def test_of_the_shipped_facts_it_is_read_of_others_drawn_once(tmp_path, monkeypatch, made):
    monkeypatch.setenv("ENERGY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(shipped, "PATH", tmp_path / "projection.npz")
    drawn = []

    def draw(tables, cube, as_of=None):
        drawn.append(as_of)
        return made

    monkeypatch.setattr(shipped, "draw", draw)
    shipped.ship(TABLES, made[0])
    drawn.clear()
    same(shipped.shown(TABLES, lambda: pytest.fail("the cube is not needed")), made)
    assert drawn == []
    for _ in range(2):
        same(shipped.shown(TABLES, lambda: made[0], "2022-06-30"), made)
    assert drawn == ["2022-06-30"]
    assert [path.name for path in kept.folder().iterdir()] == [
        f"projection-{shipped.key(TABLES, '2022-06-30')}.npz"
    ]


@pytest.mark.slow
def test_the_file_of_the_package_is_what_would_be_drawn_now(tracker):
    held = shipped.unpack(shipped.PATH.read_bytes(), shipped.key(tracker.facts))
    assert held is not None, "it is of other facts: python -m energy.projection draws it anew"
    drawn = shipped.draw(tracker.facts, tracker._reported)
    xr.testing.assert_allclose(held[0], drawn[0], rtol=1e-6)
    # what was learned is a text of numbers, the same to rounding whatever the threads of the BLAS
    learned = [json.loads(cube.attrs["learned"]) for cube in (held[0], drawn[0])]
    told = [{k: v for k, v in cube.attrs.items() if k != "learned"} for cube in (held[0], drawn[0])]
    assert told[0] == told[1]
    pd.testing.assert_series_equal(*(pd.json_normalize(numbers).iloc[0] for numbers in learned))
    for mine, yours in zip(held[1].sheets, drawn[1].sheets, strict=True):
        np.testing.assert_allclose(mine.mean, yours.mean, rtol=1e-6)
