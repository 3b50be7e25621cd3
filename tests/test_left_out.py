"""Every collected figure stands in a table, or in ``left_out.csv`` with the reason."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from energy import facts

TURN = Path(__file__).parents[1].parent / "shared" / "facts" / "turn2"
COLLECTED = ("volumes", "flows_monthly", "trade", "prices", "more", "financials")
SCALES = (1, 1000, 0.001, 10.3, 0.0103, 0.01, 100)
"""Between million and billion, trillion and billion, energy and volume, percent and part."""


def address(url: str) -> str:
    """Return an address as both sides write it: of a collection in a repository, its folder."""
    url = re.sub(r"^https?://(www\.)?", "", url)
    url = re.sub(r"/aggregated_data[^/]*$", "", url).rstrip("/")
    return url.replace("/blob/", "/tree/").split("?")[0] if "github" in url else url


def held(tables):
    """Return the values of all tables by the address of their source."""
    urls = tables["sources"].set_index("source")["url"]
    found: dict[str, list[float]] = {}
    for table in tables.values():
        column = next((name for name in ("value", "acq") if name in table), "")
        if column and "source" in table:
            numbers = pd.to_numeric(table[column], errors="coerce").abs()
            for source, number in zip(table["source"], numbers, strict=True):
                found.setdefault(address(urls.get(source, "")), []).append(float(number))
    return found


def stands(row, found, known):
    here = address(row["source_url"])
    if row.get("unit") == "flag":
        return here in known
    value = pd.to_numeric(row["value"], errors="coerce")
    sizes = [abs(value) * scale for scale in SCALES]
    return any(abs(x - y) <= 3e-4 * max(x, y) + 1e-12 for x in found.get(here, []) for y in sizes)


def test_reasons_are_told():
    table = facts.load_package()["left-out"]
    assert len(table) > 100 and (table["reason"].str.len() > 10).all()
    assert set(table["table"]) <= set(facts.schema())
    named = table["reason"].str.extract(r"press: (F\d{4})$")[0].dropna()
    assert len(named) > 50 and set(named) <= set(facts.load_package()["financials"]["id"])


def test_every_collected_figure_is_in_or_left_out_with_a_reason():
    folder = TURN
    if not folder.is_dir():
        pytest.skip("the collected rows lie outside the package")
    tables = facts.load_package()
    found, known = held(tables), set(tables["sources"]["url"].map(address))
    out = tables["left-out"]
    told = set(zip(out["url"], out["period"], out["value"].fillna(-1e9), strict=True))
    lost = []
    for name in COLLECTED:
        for row in pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False).to_dict(
            "records"
        ):
            key = row["source_url"], row["period"], float(row["value"] or -1e9)
            if key not in told and not stands(row, found, known):
                lost.append(key)
    assert lost == []
    for name in ("events", "lng_plants"):
        pages = pd.read_csv(folder / f"{name}.csv", dtype=str)["source_url"].map(address)
        told = set(out.loc[out["table"] == name, "url"].map(address))
        assert set(pages) <= known | told
