"""Who supplies a market: shares worked out by hand, unknown names, the verb."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from energy import cli, facts, supply
from energy.errors import UnknownName


@pytest.fixture(scope="module")
def tables():
    return facts.load()


def test_shares_of_the_european_union_in_2024(tables):
    """Bruegel: 54.45 from Russia, 93.3 from Norway, 297.9 in all."""
    rows = supply.supply(tables, "eu", "2024", kind="all").set_index("origin")
    rows = rows[rows["unit"] == "bcm"]
    assert rows.loc["russia", "share"] == pytest.approx(0.18278, abs=1e-5)  # 54.45 / 297.9
    assert rows.loc["norway", "share"] == pytest.approx(0.31319, abs=1e-5)  # 93.3 / 297.9
    assert pd.isna(rows.loc["all", "share"]) and rows.loc["norway", "of"] == rows.loc["all", "id"]


def test_the_union_by_quarter_from_its_entries_and_terminals(tables):
    """Bruegel, 2025Q4 in million m3: TurkStream 5,065 of 80,933 in all, Russian LNG 5,365.

    23,882 Norway + 7,538 Algeria + 2,496 UK + 3,254 Azerbaijan + 343 Libya + 5,065 TurkStream
    + 21,648 + 5,365 + 1,407 + 2,100 + 7,835 of LNG = 80,933.
    """
    rows = supply.supply(tables, "eu", "2025Q4").set_index(["origin", "kind"])
    total = rows.loc[("all", "all"), "value"]
    assert total == pytest.approx(80_933 * 10.3 / 1000, abs=0.02)
    assert rows.loc[("russia", "pipeline"), "share"] == pytest.approx(5065 / 80_933, abs=1e-4)
    assert rows.loc[("russia", "lng"), "share"] == pytest.approx(5365 / 80_933, abs=1e-4)
    assert rows.loc[("russia", "lng"), "status"] == "estimate"
    assert rows.loc[("norway", "pipeline"), "status"] == "actual"


def test_shares_by_country_from_eurostat(tables):
    """Germany 2020: 2,045.4 PJ of 3,092.3 from Russia, both sheets of one Eurostat table."""
    rows = supply.supply(tables, "germany", "2020", origin="russia", kind="all")
    row = rows[rows["unit"] == "PJ"].iloc[0]
    assert row["share"] == pytest.approx(2045.4 / 3092.3)
    every = supply.supply(tables, origin="russia", kind="all")
    told = every[(every["unit"] == "PJ") & every["share"].notna()]
    assert len(told) == 203 and told["share"].le(1.0005).all()  # Latvia takes all from Russia
    page = tables["supply"].set_index("id").loc[row["of"], "page"]
    assert page == "Sheet 2, Germany"


def test_a_share_needs_a_total_of_the_same_unit(tables):
    """China 2024: LNG 76.7 Mt in all, 8.31 from Russia; the pipeline is told in bcm, its total in Mt."""
    rows = supply.supply(tables, "china", "2024", origin="russia")
    lng = rows[(rows["kind"] == "lng") & (rows["measure"] == "imports")]
    assert lng["share"].item() == pytest.approx(8.31 / 76.7)
    pipe = rows[(rows["kind"] == "pipeline") & (rows["unit"] == "bcm")]
    assert pipe["value"].item() == 31.12 and pipe["share"].isna().all()


def test_lng_by_plant_and_destination(tables):
    rows = supply.supply(tables, period="2024", origin="russia", kind="lng")
    by_plant = rows[rows["market"] == "all"].set_index("origin")["value"]
    assert by_plant["yamal-lng"] == 19.6 and by_plant["arctic-lng-2"] == 0.2
    assert {"china", "france", "europe"} <= set(rows["market"])
    to_europe = rows[(rows["market"] == "europe") & (rows["origin"] == "yamal-lng")]
    assert to_europe["value"].tolist() == [14.2]


@pytest.mark.once
def test_countries_that_no_line_reaches_here(tables):
    told = {
        ("belarus", "2019"): 20.261, ("armenia", "2016H1"): 0.818, ("uzbekistan", "2024"): 5.64,
        ("kyrgyzstan", "2024M4"): 0.2382,
    }  # fmt: skip
    for (market, period), value in told.items():
        assert value in set(supply.supply(tables, market, period)["value"]), market


def test_storage_is_told_as_it_stands_and_as_it_is_planned(tables):
    rows = supply.supply(tables, "russia").query("measure.str.contains('storage')").set_index("id")
    assert rows.loc["V1371", ["measure", "value", "unit"]].tolist() == ["storage", 89.3, "percent"]
    assert rows.loc["V1370", ["measure", "value", "status"]].tolist() == [
        "planned storage",
        73.034,
        "plan",
    ]


def test_plans_and_growth_are_no_supply(tables):
    rows = supply.supply(tables)
    planned = rows[rows["status"] == "plan"]
    assert len(rows) > 300 and set(planned["measure"]) == {"planned storage"}
    assert set(rows.loc[rows["id"] != "V1371", "unit"]) & {"percent", "cargoes"} == set()
    keys = ["market", "origin", "kind", "measure", "period", "unit"]
    assert not rows.duplicated(keys).any()


def test_other_figures_for_the_same_are_named_beside(tables):
    rows = supply.supply(tables, "eu", "2024", origin="russia", kind="all")
    row = rows[rows["unit"] == "bcm"].iloc[0]
    ember = tables["supply"].query("market == 'eu' and period == '2024' and value == 45")
    assert ember["id"].item() in row["beside"].split(";")


def test_names_that_are_not_there(tables):
    with pytest.raises(UnknownName, match="Unknown market 'chna'; near: china"):
        supply.supply(tables, "chna")
    with pytest.raises(UnknownName, match="Unknown origin 'norwey'; near: norway"):
        supply.supply(tables, origin="norwey")
    with pytest.raises(UnknownName, match="Unknown kind 'ship'"):
        supply.supply(tables, kind="ship")


def test_on_the_command_line(capsys):
    assert cli.main(["supply", "eu", "2024", "--kind", "all"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert 297.9 in set(table["value"])
    assert cli.main(["supply", "chna"]) != 0
    assert "near: china" in capsys.readouterr().err


def test_as_it_was_known(tracker):
    """The year's total came out on 2 January 2025."""
    assert tracker.as_of("2025-01-01").supply("eu", 2024, kind="all").empty
    assert 54.45 in set(tracker.as_of("2025-01-02").supply("eu", 2024, kind="all")["value"])


def test_an_empty_answer_says_what_is_there(tracker, capsys):
    """Of Spain the facts hold the imports of 2023 alone."""
    said = "No figure of supply for spain in 2024; there are some for 2023."
    assert set(tracker.supply("spain")["period"]) == {"2023"}
    none = tracker.supply("spain", "2024")
    assert none.empty and none.attrs["none"] == said
    assert said in repr(none) and said in none._repr_html_()
    assert "none" not in tracker.supply("spain", "2023").attrs
    assert cli.main(["supply", "spain", "2024"]) == 0
    assert said in capsys.readouterr().err


def test_many_periods_are_told_by_the_first_and_the_last():
    known = pd.Series([f"{year}" for year in range(2001, 2026)])
    said = "there are some for 2001, 2002, 2003, …, 2023, 2024, 2025."
    assert supply._none("eu", "1990", known).endswith(said)
