"""Flows that no meter shows, worked out of what is declared; every one of them is ``modelled``.

China declares the value of pipeline gas and no volume: the value over a fitted price is a volume.
Turkey declares Russian gas as one figure: it is split as the two lines were split before.
Uzbekistan's customs declare a weight: the weight over a density is a volume; where its statistics
print the volume itself, that is taken as it stands. Which route a series stands for
is said by ``crosswalk.csv``. Each note holds the error of the way it was made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from energy import facts
from energy.finance import prices
from energy.measure import periods, units
from energy.sources.contract import COLUMNS

CUSTOMS_CHINA = "customs_volume_china"
SPLIT_BLUE, SPLIT_TURKSTREAM = "turkey_share_blue_stream", "turkey_share_turkstream"
CUSTOMS_UZBEKISTAN = "customs_volume_uzbekistan"
KEYS = {CUSTOMS_CHINA: "comtrade", SPLIT_BLUE: "epdk", SPLIT_TURKSTREAM: "epdk",
        CUSTOMS_UZBEKISTAN: "comtrade"}  # fmt: skip
"""Key of the crosswalk to the source it is made of first."""

MONTHS_OF_SPLIT = 24
"""Shares of the lines are taken from the newest figures that give both, over two years."""


def inferred(rows: pd.DataFrame, tables: facts.Tables) -> pd.DataFrame:
    """Return modelled flows of routes by month and quarter.

    Parameters
    ----------
    rows : DataFrame, columns `COLUMNS`
        What `energy.intake.derive.sums` made of the sources' rows, in units of the facts.
    tables : Tables
        The facts: prices and volumes that the models are fitted to, and the crosswalk.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``flow``, entity = route, bcm, status ``modelled``; ``coverage`` is the share of the
        period's days that the declared months cover.
    """
    mine = tables["crosswalk"].query("key in @KEYS and kind == 'series'")
    targets = dict(zip(mine["key"].astype(str), mine["target"].astype(str), strict=True))
    parts = [_china(rows, tables, targets), _turkey(rows, tables, targets),
             _uzbekistan(rows, targets), _declared(rows, targets)]  # fmt: skip
    found = pd.concat([part for part in parts if len(part)] or [rows.head(0)], ignore_index=True)
    if found.empty:
        return found
    found = found[_in_force(found, tables["crosswalk"])]
    return found.assign(series="flow", status="modelled")[COLUMNS].reset_index(drop=True)


def _in_force(found: pd.DataFrame, crosswalk: pd.DataFrame) -> list[bool]:
    """Tell which rows lie within the time that the crosswalk gives their route."""
    mine = crosswalk[crosswalk["key"].isin(KEYS) & (crosswalk["kind"] == "series")]
    spans = {str(target): (_day(since, "0001-01-01"), _day(until, "9999-12-31")) for target, since, until
             in mine[["target", "valid_from", "valid_to"]].to_numpy()}  # fmt: skip
    starts = {text: periods.parse(text).start.isoformat() for text in found["period"].unique()}
    return [spans[route][0] <= starts[period] < spans[route][1]
            for route, period in found[["entity", "period"]].to_numpy()]  # fmt: skip


def _day(cell: Any, otherwise: str) -> str:
    text = str(cell)[:10]
    return text if text[:1].isdigit() else otherwise


def _china(rows: pd.DataFrame, tables: facts.Tables, targets: dict[str, str]) -> pd.DataFrame:
    """Divide the customs value of a month by the fitted price of its quarter."""
    value = rows[(rows["series"] == "customs_value") & (rows["entity"] == "china")
                 & rows["freq"].isin(["M", "Q"])]  # fmt: skip
    if value.empty or CUSTOMS_CHINA not in targets:
        return rows.head(0)
    known = _with_new_prices(tables["prices"], rows)
    observed, windows = prices.customs_quarters(known), prices.CHINA[:1]
    quarter = [
        periods.label(periods.containing(periods.parse(p).start, "Q")) for p in value["period"]
    ]
    price = prices.predict(known, prices.fit(known, observed, windows), sorted(set(quarter)))
    left = prices.errors(known, observed, windows)["leave_one_out"]
    error = float((left / observed[left.index]).abs().mean() * 100)
    found = value.assign(price=[float(price[q]) for q in quarter]).dropna(subset="price")
    note = [f"customs value over a fitted price of {p:.0f} USD/1000 m3, error {error:.1f} %"
            for p in found["price"]]  # fmt: skip
    bcm = (found["value"] / found["price"]).round(6)
    return found.assign(
        value=bcm, unit="bcm", basis="20C", note=note, entity=targets[CUSTOMS_CHINA]
    )


def _with_new_prices(known: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Add the months of the Pink Sheet that the update brought to those of the facts."""
    new = rows[rows["series"].isin(prices.INDICES.values()) & (rows["freq"] == "M")]
    if new.empty:
        return known
    mine = new.assign(id="new." + new["series"] + "." + new["period"], market=new["entity"], page="",
                      derived=False).reindex(columns=known.columns)  # fmt: skip
    return pd.concat([known, mine], ignore_index=True)


def _turkey(rows: pd.DataFrame, tables: facts.Tables, targets: dict[str, str]) -> pd.DataFrame:
    """Split Russian gas into Turkey over the two lines as it was split before.

    The regulator's figure is taken where it is there, else Eurostat's.
    """
    months = rows[(rows["series"] == "imports_pipeline") & (rows["entity"] == "turkey")
                  & (rows["unit"] == "bcm") & rows["freq"].isin(["M", "Q"])]  # fmt: skip
    share, spread = split_of_turkey(tables["volumes"])
    if months.empty or not {SPLIT_BLUE, SPLIT_TURKSTREAM} <= set(targets) or np.isnan(share):
        return rows.head(0)
    first = months.sort_values("source", key=lambda s: s.map({"epdk": 0, "eurostat": 1}))
    first = first.drop_duplicates(["period", "freq"])
    note = f"{{:.1%}} of Russian gas into Turkey, as before; spread of the share {spread:.1%}"
    return pd.concat([
        first.assign(value=(first["value"] * part).round(6), entity=targets[key],
                     note=note.format(part))
        for key, part in ((SPLIT_BLUE, share), (SPLIT_TURKSTREAM, 1 - share))
    ], ignore_index=True)  # fmt: skip


def split_of_turkey(volumes: pd.DataFrame) -> tuple[float, float]:
    """Return Blue Stream's share of Russian gas into Turkey, and how much it has varied.

    Parameters
    ----------
    volumes : DataFrame
        The table of facts.

    Returns
    -------
    share, spread : float
        Mean over the years that have a figure for both lines since TurkStream ran its first full
        year, the two newest of them; half the range of these shares. NaN without any.
    """
    flow = volumes[(volumes["series"] == "flow") & (volumes["freq"] == "A")
                   & volumes["status"].isin(["actual", "provisional"])]  # fmt: skip
    wide = {
        name: flow[flow["entity"] == name].drop_duplicates(["period", "source"])
        for name in ("blue-stream", "turkstream-1")
    }
    both = wide["blue-stream"].merge(wide["turkstream-1"], on=["period", "source", "basis", "unit"])
    both = both.sort_values("period").drop_duplicates("period", keep="last").tail(2)
    if both.empty:
        return float("nan"), float("nan")
    shares = both["value_x"] / (both["value_x"] + both["value_y"])
    return float(shares.mean()), float((shares.max() - shares.min()) / 2)


def _declared(rows: pd.DataFrame, targets: dict[str, str]) -> pd.DataFrame:
    """Take Russian gas into Uzbekistan, as its statistics print it, for the flow of its line."""
    mine = rows[(rows["series"] == "imports_pipeline") & (rows["entity"] == "uzbekistan")
                & (rows["source"] == "siat") & rows["freq"].isin(["M", "Q"])]  # fmt: skip
    if mine.empty or CUSTOMS_UZBEKISTAN not in targets:
        return rows.head(0)
    note = "imports from Russia by the buyer's statistics, at the far end of the line"
    return mine.assign(note=note, entity=targets[CUSTOMS_UZBEKISTAN])


def _uzbekistan(rows: pd.DataFrame, targets: dict[str, str]) -> pd.DataFrame:
    """Turn the weight that Uzbekistan's customs report into a volume."""
    mass = rows[(rows["series"] == "customs_mass") & (rows["entity"] == "uzbekistan")
                & rows["freq"].isin(["M", "Q"])]  # fmt: skip
    if mass.empty or CUSTOMS_UZBEKISTAN not in targets:
        return rows.head(0)
    dry: dict[str, Any] = {"density": prices.DENSITY, "density_basis": "20C"}
    bcm = units.convert(mass["value"].to_numpy(dtype=float), "kt", "bcm", basis="mass",
                        to_basis="20C", **dry)  # fmt: skip
    note = f"weight at customs over {prices.DENSITY} kg/m3, the gas of another field"
    return mass.assign(value=np.round(bcm, 6), unit="bcm", basis="20C", note=note,
                       entity=targets[CUSTOMS_UZBEKISTAN])  # fmt: skip
