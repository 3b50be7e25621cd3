"""Provenance: each number that is shown is made again, from the figures as published."""

from __future__ import annotations

import datetime as dt
import io
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from upstream import Upstream

from energy import cli, flows, periods, units, update
from energy.errors import PeriodError, UnknownName
from energy.store import Store
from energy.tracker import Tracker


def by_quantity(steps: pd.DataFrame) -> pd.Series:
    return steps.groupby("quantity")["part"].sum()


def test_a_quarter_out_of_a_years_figure(tiny):
    """12 bcm in 2021, 2 of them in January; the other eleven months share 10 by their days."""
    parts = flows.parts(tiny, "pipe", "2021Q1", "2021Q1")
    assert parts["id"].tolist() == ["V0003", "V0002", "V0002"]
    assert parts["taken"].tolist()[0] == 0
    days = 31 + 28 + 31 + 30 + 31 + 30 + 31 + 31 + 30 + 31 + 30 + 31
    third = parts["taken"].iloc[1]  # January, and the third quarter's half-covered figure
    assert third == pytest.approx(3.0)
    expected = (12 - 3) * 28 / (days - 31 - 92)
    assert parts["part"].iloc[1] == pytest.approx(expected)


def test_energy_becomes_volume_by_the_stated_calorific_value(tiny):
    parts = flows.parts(tiny, "exit", "2021", "2021")
    assert parts["bcm"].unique() == pytest.approx([10.0])
    assert parts["part"].sum() == pytest.approx(10.0)
    assert set(parts["unit"]) == {"TWh"}


def test_a_closed_month_names_the_fact_that_closes_it(tiny):
    parts = flows.parts(tiny, "corridor", "2021-08", "2021-08")
    assert parts[["id", "part"]].to_numpy().tolist() == [["R0005", 0.0]]


@pytest.mark.parametrize(
    ("route", "period"),
    [("power-of-siberia-1", "2024Q1"), ("nord-stream-1", "2021"), ("turkstream-2", "2025Q4"),
     ("nord-stream-1", "2023Q1"), ("blue-stream", "GY2023"), ("ukraine-slovakia", "2020Q2"),
     ("yamal-europe", "2019-07")],
)  # fmt: skip
def test_the_steps_add_up_to_the_cell(tracker, route, period):
    freq = periods.parse(period).freq
    cell = tracker.flows(route, freq=freq, first=period, last=period).squeeze()
    sums = by_quantity(tracker.explain(route, period))
    for name in ("flow", "capacity", "revenue"):
        if np.isfinite(cell[name]) and (name != "revenue" or freq != "M"):
            assert sums[name] == pytest.approx(float(cell[name]), rel=1e-9, abs=1e-12), name
    named = {n for ids in tracker.explain(route, period)["id"] for n in ids.split(";")}
    assert {name for name in str(cell["sources"].values).split(";") if name} <= named
    assert not tracker.cite(sorted(named)).empty


def test_a_step_says_what_was_done(tracker):
    steps = tracker.cite("turkstream-2@2022Q1")
    told = steps.loc[steps["quantity"] == "flow", "how"].iloc[0]
    assert re.search(r"\d TWh GCV = [\d.]+ bcm at 20 °C", told)


def test_unknown_route_and_period(tracker):
    with pytest.raises(UnknownName, match="blue-stream"):
        tracker.explain("blue-steam", "2024Q1")
    with pytest.raises(PeriodError, match="2024Q5"):
        tracker.cite("blue-stream@2024Q5")
    with pytest.raises(PeriodError, match="No flow between"):
        tracker.explain("blue-stream", "1950")


def test_on_the_command_line(capsys):
    assert cli.main(["cite", "power-of-siberia-1@2024"]) == 0
    steps = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert by_quantity(steps)["flow"] == pytest.approx(31.12)
    capacity = steps[steps["quantity"] == "capacity"]
    assert capacity["value"].tolist() == [30.0, 38.0]
    assert capacity["share"].sum() == pytest.approx(1.0)


# -- the crawler: a built release, number by number ------------------------------------------------


@pytest.fixture(scope="module")
def built(tracker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    tracker.export(folder)
    return folder


def remade(tracker) -> pd.DataFrame:
    """Make flow and capacity of every quarter again, outside the cube, from the published figures."""
    rows, quarters = [], tracker.flows()["period"].values
    heat = flows.calorific_values(tracker.facts["route-facts"])
    first, last = (str(periods.containing(pd.Timestamp(q).date(), "Q")) for q in quarters[[0, -1]])
    for route in tracker.facts["routes"]["route"]:
        parts = flows.parts(tracker.facts, route, first, last)
        for row in parts.itertuples():
            bcm = 0.0
            if row.value == row.value:
                given = (
                    {"gcv": heat[route], "gcv_basis": "20C"}
                    if row.basis in ("GCV", "15C-40MJ")
                    else {}
                )
                bcm = units.convert(
                    row.value, row.unit, "bcm", basis=row.basis, to_basis="20C", **given
                )
                bcm = (bcm - row.taken) * row.share
            month = dt.date(row.month.year, (row.month.month - 1) // 3 * 3 + 1, 1)
            rows.append((route, pd.Timestamp(month), bcm))
    table = pd.DataFrame(rows, columns=["route", "period", "flow"])
    return table.groupby(["route", "period"])["flow"].sum()


def test_every_flow_of_a_release_is_made_again_to_six_digits(tracker, built):
    again = remade(tracker)
    with xr.open_dataset(built / "flows.nc", engine="h5netcdf") as cube:
        shown = cube["flow"].to_series().dropna()
        sources = cube["sources"].to_series()[shown.index]
    assert len(shown) > 800
    differ = (again.reindex(shown.index) - shown).abs() > 1e-6 * shown.abs().clip(lower=1e-6)
    assert shown[differ | again.reindex(shown.index).isna()].to_dict() == {}
    assert (sources != "").all()


def test_every_id_of_a_release_resolves_to_a_document(tracker, built):
    import geopandas as gpd

    layer = gpd.read_file(built / "flows_quarterly.geojson")
    ids = {part for name in ("sources", "price_source") if name in layer
           for text in layer[name].dropna() for part in text.split(";") if part}  # fmt: skip
    assert len(ids) > 300
    table = tracker.cite(sorted(ids))
    assert set(table["id"]) == ids
    for column in ("title", "source", "retrieved", "sha256", "licence"):
        assert (table[column] != "").all(), column
    assert table["sha256"].str.fullmatch(r"[0-9a-f]{64}").all()


def test_every_capacity_of_a_release_is_a_dated_fact(tracker):
    cube = tracker.flows()["capacity"].to_series().dropna()
    facts = tracker.facts["route-facts"]
    checked = 0
    for (route, start), shown in list(cube.items())[:: max(len(cube) // 300, 1)]:
        span = periods.containing(start.date(), "Q")
        mine = facts[facts["route"] == route]
        parts = flows.capacity_parts(mine, [(span.start, span.end)])
        assert sum(float(row.value) * years for row, _, _, years in parts) == pytest.approx(shown)
        checked += 1
    assert checked >= 250


def test_every_price_and_revenue_is_made_again(tracker):
    cube = tracker.flows()
    rows = cube[["flow", "price", "revenue", "price_source"]].to_dataframe().reset_index()
    rows = rows[rows["revenue"].notna()]
    assert len(rows) > 300
    assert np.allclose(rows["flow"] * rows["price"], rows["revenue"], rtol=1e-9, atol=1e-9)
    prices = tracker.facts["prices"].set_index("id")["value"]
    volumes = tracker.facts["volumes"].set_index("id")
    reasons = tracker._prices.set_index("id")["reason"]
    seen = set()
    for row in rows.drop_duplicates(["price", "price_source"]).itertuples():
        ids = row.price_source.split(";")
        reason = reasons.loc[[row.price_source]].iloc[0]
        seen.add(re.sub(r"\d{4}\S*", "", reason.split("; ")[-1]))
        assert row.price == pytest.approx(_price(ids, reason, prices, volumes), rel=1e-6), row
    assert len(seen) > 2


def _price(ids: list[str], reason: str, prices: pd.Series, volumes: pd.DataFrame) -> float:
    """Work a price out of the figures behind it, by the words of its reason."""
    if ids[0].startswith("V"):
        money = volumes.loc[ids].query("series == 'customs_value'")["value"].sum()
        mass = volumes.loc[ids].query("series == 'customs_mass'")["value"].sum()  # kt
        return money / (mass / 0.724 * 1e-3)
    values = prices.loc[ids].to_numpy()
    if "leaves beside" in reason:
        return 4 * values[0] - values[1:].sum()
    return values.mean()


def test_figures_of_an_update_lead_to_the_bytes_that_were_fetched(tracker, tmp_path, monkeypatch):
    monkeypatch.setenv("ENERGY_HOME", str(tmp_path))
    store = Store.open()
    with Upstream() as server, server.client() as client:
        update.run("2026Q3", "apply", store, client=client, only=["entsog"], sleep=lambda s: None,
                   tables=tracker.facts)  # fmt: skip
    now = Tracker(update.overlay(tracker.facts, store), tracker.lines)
    ids = str(now.flows("turkstream-2", first="2026Q3", last="2026Q3")["sources"].item())
    cited = now.cite(ids)
    assert (cited["retrieved"].str[:4] >= "2026").all()
    for row in cited.itertuples():
        for digest in row.sha256.split(";"):
            assert store.raw(digest[:16]).sha256 == digest
        assert "entsog" in row.url
    steps = now.explain("turkstream-2", "2026Q3")
    assert by_quantity(steps)["flow"] == pytest.approx(
        float(now.flows("turkstream-2", first="2026Q3", last="2026Q3")["flow"].squeeze())
    )
