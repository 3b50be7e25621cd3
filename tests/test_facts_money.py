"""The money facts: accounts, prices, rates, trade context and the sources they rest on."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

DATA = Path(__file__).parents[1] / "energy" / "data"
FOUR = ["financials", "prices", "fx", "trade-context"]


def table(name: str) -> pd.DataFrame:
    path = DATA / f"{name.replace('-', '_')}.csv"
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    return text.assign(value=text["value"].astype(float)) if "value" in text else text


def resources() -> list[dict]:
    return json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))["resources"]


def values(frame: pd.DataFrame, **where: str) -> set[float]:
    """Return the values of the rows that match; there must be some."""
    for column, wanted in where.items():
        frame = frame[frame[column] == wanted]
    assert len(frame), f"no row with {where}"
    return set(frame["value"])


@pytest.fixture(scope="module")
def financials() -> pd.DataFrame:
    return table("financials")


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    return table("prices")


@pytest.fixture(scope="module")
def fx() -> pd.DataFrame:
    return table("fx")


@pytest.mark.filterwarnings("ignore")  # frictionless warns about its own dependencies
def test_tables_are_valid_frictionless_resources():
    frictionless = pytest.importorskip("frictionless")
    kept = [r for r in resources() if r["name"] in [*FOUR, "sources"]]
    assert len(kept) == 5
    package = frictionless.Package.from_descriptor({"resources": kept}, basepath=str(DATA))
    report = package.validate()
    assert report.valid, report.flatten(["fieldName", "rowNumber", "message"])[:5]


@pytest.mark.parametrize("name", FOUR)
def test_ids_run_without_a_gap_and_nothing_recalled_ships(name):
    rows = table(name)
    numbers = rows["id"].str[1:].astype(int)
    assert list(numbers) == list(range(1, len(rows) + 1))
    words = rows.astype(str).agg(" ".join, axis=1)
    assert not words.str.contains("recalled|from memory", case=False).any()
    assert (rows["source"] != "").all()


@pytest.mark.parametrize("name", FOUR)
def test_same_figure_from_the_same_page_stands_once(name):
    rows = table(name)
    rows["text"] = rows["note"].where(
        rows["note"].str.startswith(("range", "Economy Ministry")), ""
    )
    names = {"standard", "metric", "segment", "series", "market", "flow", "pair", "kind"}
    names |= {"period", "value", "unit", "source", "text"}
    key = [c for c in rows.columns if c in names]
    assert not rows.duplicated(key).any()


@pytest.mark.parametrize("name", FOUR)
def test_derived_rows_say_what_they_are_derived_from(name):
    rows = table(name)
    derived = rows[rows["derived"] == "true"]
    assert (derived["note"] != "").all()
    said = rows["note"].str.contains(r"\b(?:Derived|Computed)\b")
    assert (rows.loc[said, "derived"] == "true").all()


def test_every_source_exists_and_every_source_is_used():
    sources = table("sources")
    paths = {r["name"]: DATA / r["path"] for r in resources()}
    present = [name for name, path in paths.items() if path.exists() and name != "sources"]
    assert set(FOUR) <= set(present)
    used: set[str] = set()
    for name in present:
        rows = (
            table(name)
            if name in FOUR
            else pd.read_csv(paths[name], dtype=str, keep_default_na=False)
        )
        used |= set(rows["source"]) if "source" in rows else set()
    assert not used - set(sources["source"]) - {""}  # a word people use needs no source
    if missing := set(paths) - {"sources"} - set(present):
        pytest.skip(f"tables not there yet: {sorted(missing)}")
    assert not set(sources["source"]) - used


def test_every_source_of_money_has_a_page_a_publisher_and_terms():
    sources = table("sources").set_index("source")
    used = sorted({source for name in FOUR for source in table(name)["source"]})
    mine = sources.loc[used]
    assert mine["url"].str.startswith("http").all()
    assert (mine[["publisher", "licence"]] != "").all(axis=None)
    world_bank = mine[mine["title"].str.startswith("World Bank")]
    assert list(world_bank["licence"]) == ["CC BY 4.0"]


@pytest.mark.parametrize(
    ("standard", "metric", "period", "expected"),
    [
        ("IFRS", "net_profit_attributable", "2023", -629),
        ("RAS", "net_profit", "2024", -1076),
        ("RAS", "net_profit", "2023", 695.6),
        ("IFRS", "net_sales_of_gas", "2022", 6500),
        ("IFRS", "net_debt_adjusted", "2025H1", 5500),
        ("IFRS", "ebitda", "2025H1", 1547),
        ("IFRS", "sales", "2019M9", 5698.339),
        ("other", "dividend_per_share", "2022H1", 51.03),
        ("other", "mineral_extraction_tax_surcharge", "2025", 0),
        ("other", "investment_programme_original", "2026", 1100),
    ],
)
def test_known_values_of_the_accounts(financials, standard, metric, period, expected):
    rows = financials[financials["unit"].isin(["RUB bn", "RUB/share"])]
    rows = rows[rows["segment"] != "consensus forecast"]
    assert values(rows, standard=standard, metric=metric, period=period) == {expected}


def test_the_two_sets_of_accounts_stay_apart(financials):
    ras = financials[financials["standard"] == "RAS"]
    money = ras[ras["unit"] == "RUB bn"]
    assert set(money["segment"]) == {"PJSC Gazprom (parent)"}
    ifrs = financials[financials["standard"] == "IFRS"]
    assert not ifrs["segment"].str.contains("parent").any()
    # 2023: the group lost, the parent earned
    assert values(ifrs, metric="net_profit_attributable", period="2023", segment="group") == {-629}
    assert values(ras, metric="net_profit", period="2023") == {695.6}


DISAGREEMENTS = [
    (
        "profit of the first quarter of 2011",
        "financials",
        {"standard": "IFRS", "period": "2011Q1"},
        {460.5, 467.9},
    ),
    (
        "third quarter of 2020, total and attributable",
        "financials",
        {"standard": "IFRS", "period": "2020Q3", "unit": "RUB bn"},
        {-247.7, -251.3},
    ),
    (
        "first half of 2024, total and attributable",
        "financials",
        {"standard": "IFRS", "period": "2024H1"},
        {1100, 1000},
    ),
    (
        "EBITDA of the first half of 2024",
        "financials",
        {"standard": "IFRS", "period": "2024H1", "metric": "ebitda"},
        {1500, 1459},
    ),
    (
        "net sales of gas and sales outside Russia in 2022",
        "financials",
        {"standard": "IFRS", "period": "2022"},
        {6500, 7300},
    ),
    (
        "volume sold and volume exported in 2016",
        "financials",
        {"period": "2016", "unit": "bcm"},
        {228.3, 179.3},
    ),
    (
        "price for China in the second quarter of 2021",
        "prices",
        {"series": "customs_china", "period": "2021Q2"},
        {147, 148},
    ),
    (
        "discount of the Chinese price in 2026",
        "prices",
        {"series": "ministry_discount_china", "period": "2026"},
        {27, 37},
    ),
    (
        "price for China in 2024",
        "prices",
        {"series": "customs_china_value_per_volume", "period": "2024"},
        {236.3, 258},
    ),
]


@pytest.mark.parametrize(("what", "name", "where", "both"), DISAGREEMENTS)
def test_both_figures_of_a_disagreement_are_kept(what, name, where, both):
    assert both <= values(table(name), **where), what


def test_disagreements_across_series_and_in_notes(financials, prices):
    china = prices[(prices["market"] == "china") & prices["period"].str.startswith("2022")]
    assert {277.1, 258.4, 350} <= set(china["value"])
    europe = prices[prices["market"].isin(["europe", "far-abroad"]) & (prices["period"] == "2014")]
    assert {341, 349} <= set(europe["value"])
    former = prices[(prices["market"] == "former-ussr") & (prices["period"] == "2014")]
    assert set(former["value"]) == {262.1}
    assert "272" in former["note"].iloc[0]
    printed = financials.query("metric == 'operating_profit' and period == '2018'")
    assert list(printed["value"]) == [1903, 1930.03]  # the first has two digits swapped
    assert "swapped" in printed["note"].iloc[0]
    nine = financials.query("metric == 'ebitda' and period == '2025M9'")
    assert list(nine["status"]) == ["provisional"]
    assert "+37%" in nine["note"].iloc[0]


def test_outlier_is_kept_and_marked_so_that_nobody_prefers_it(prices):
    outlier = prices[prices["value"] == 350].query("series == 'customs_china'")
    assert list(outlier["status"]) == ["estimate"]
    assert "never preferred" in outlier["note"].iloc[0]


def test_a_forecast_is_never_called_actual(prices, fx):
    words = "forecast|outlook|draft|suggestion"
    assert not (prices["note"].str.contains(words) & (prices["status"] == "actual")).any()
    forecast = fx[fx["kind"] == "forecast"]
    assert set(forecast["status"]) == {"plan", "estimate"}
    assert not (prices.query("status == 'actual'")["period"].str[:4] > "2026").any()


def test_benchmarks_hold_the_checked_months_of_the_world_bank(prices):
    # Control values read from the World Bank's file of 2 June 2026.
    assert values(prices, series="wb_gas_europe", period="2026-03") == {17.91}
    assert values(prices, series="wb_gas_europe", period="2026-05") == {16.17}
    assert values(prices, series="wb_lng_japan", period="2026-05") == {15.77}
    assert values(prices, series="wb_brent", period="2026-05") == {107.54}
    months = prices[(prices["series"] == "wb_gas_europe") & (prices["freq"] == "M")]
    assert len(months) == 197  # January 2010 to May 2026 without a gap


def test_units_and_bases_are_those_of_the_schema(financials, prices):
    assert (financials.loc[financials["unit"] == "bcm", "basis"] == "20C").all()
    heat = prices["unit"] == "USD/MMBtu"
    assert (prices.loc[heat, "basis"] == "GCV").all()
    volume = prices["unit"].isin(["USD/1000 m3", "RUB/1000 m3"])
    assert set(prices.loc[volume, "basis"]) == {"20C", "unstated"}
    assert not (prices["unit"] == "USD/mmbtu").any()


def test_rates_by_kind(fx):
    assert values(fx, kind="mean", period="2022") == {68.5494}
    assert values(fx, kind="mean", period="2022Q1") == {86.0693}
    assert values(fx, kind="mean", period="2023") == {85.25, 85.2}
    assert values(fx.query("status == 'estimate'"), kind="mean", period="2024") == {91.2}
    assert values(fx.query("status == 'actual'"), kind="mean", period="2024") == {92.5}
    assert values(fx, kind="mean", period="2025") == {83.3}
    assert values(fx, kind="day", period="2026-01-12") == {78.23}


@pytest.mark.parametrize("year", range(2018, 2023))
def test_quarterly_rates_average_to_the_annual_rate(fx, year):
    quarters = [values(fx, kind="mean", period=f"{year}Q{q}").pop() for q in range(1, 5)]
    days = [90.25, 91, 92, 92]
    mean = sum(rate * n for rate, n in zip(quarters, days, strict=True)) / sum(days)
    annual = values(fx, kind="mean", period=str(year)).pop()
    assert mean == pytest.approx(annual, rel=5e-4)


def test_trade_context_shows_boom_and_dip():
    rows = table("trade-context").query(
        "measure == 'turnover' and importer == 'russia' and reporter == 'china' and unit == 'USD bn'"
    )
    years = rows[rows["freq"] == "A"].groupby("period")["value"].max()
    # Chinese customs: up from 2016 to 2024, then down
    assert years[["2016", "2018", "2020", "2021", "2022", "2023", "2024", "2025"]].tolist() == [
        69.52, 107.06, 107.76, 146.9, 190.27, 240.11, 244.8, 228.105,
    ]  # fmt: skip


def test_no_trade_row_rests_on_the_article_that_is_to_be_checked():
    rows = table("trade-context").merge(table("sources"), on="source", suffixes=("", "_source"))
    assert len(rows) > 300
    assert not rows["url"].str.contains("theguardian").any()
    april = rows[(rows["flow"] == "china_to_russia") & (rows["period"] == "2024-04")]
    assert april["value"].tolist() == [8.317] and april["publisher"].tolist() == ["FX Tribune"]


def test_the_parts_of_a_trade_flow_say_what_its_name_says():
    rows = table("trade-context").set_index("id")
    parts = ["exporter", "importer", "commodity", "measure", "reporter"]
    assert rows.loc["T007", parts].tolist() == ["china", "russia", "all", "value", "china"]
    lng = rows[rows["flow"] == "russia_to_china_lng"]
    assert set(lng["exporter"]) == {"russia"} and set(lng["commodity"]) == {"lng"}
    assert set(rows.loc[rows["unit"] == "Mt", "measure"]) == {"volume"}
