"""The volumes, profiles, preferences and corrections: keys, terms, conflicts, known values."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

DATA = Path(__file__).parents[1] / "energy" / "data"
UPSTREAM = Path(__file__).parents[2] / "shared" / "facts" / "gas_volumes.csv"


@cache
def table(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv", dtype=str, keep_default_na=False)


@cache
def volumes() -> pd.DataFrame:
    rows = table("volumes").copy()
    return rows.assign(number=rows["value"].astype(float), share=rows["coverage"].astype(float))


def pick(**where: str) -> pd.DataFrame:
    rows = volumes()
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows


def fields(resource: str) -> dict[str, dict]:
    package = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    schema = next(r for r in package["resources"] if r["name"] == resource)["schema"]
    return {field["name"]: field for field in schema["fields"]}


# -- the table as a whole -------------------------------------------------------------------------


def test_columns_units_and_words_are_those_of_the_datapackage():
    assert list(table("volumes").columns) == list(fields("volumes"))
    for name, field in fields("volumes").items():
        allowed = field.get("constraints", {}).get("enum")
        if allowed:
            assert set(table("volumes")[name]) - {""} <= set(allowed), name
    assert len(table("volumes")) > 1000


def test_key_is_unique():
    key = ["series", "entity", "period", "freq", "source", "basis", "published"]
    assert volumes()[volumes().duplicated(key, keep=False)]["id"].tolist() == []
    assert volumes()["id"].is_unique


def test_every_source_exists():
    known = set(table("sources")["source"])
    for name in ("volumes", "profiles", "corrections"):
        assert set(table(name)["source"]) <= known, name


def test_nothing_recalled_is_shipped():
    text = (DATA / "volumes.csv").read_text(encoding="utf-8")
    assert "recalled" not in text
    # Figures known from a named report only, never seen on a page.
    assert pick(series="flow", entity="power-of-siberia-1", period="2019").empty
    assert 201.9 not in set(pick(entity="far-abroad", period="2018")["number"])
    assert 20.4 not in set(pick(entity="ukraine-transit", period="2022")["number"])
    assert pick(series="sales_group")["entity"].ne("europe").all()


def test_iea_goes_in_as_annual_sums_only():
    iea = set(
        table("sources").loc[table("sources")["title"].str.startswith("IEA Gas Trade"), "source"]
    )
    rows = volumes()[volumes()["source"].isin(iea)]
    assert len(iea) == 4 and len(rows) > 100
    assert set(rows["freq"]) == {"A", "C"} and set(rows["derived"]) == {"true"}
    assert set(rows.loc[rows["freq"] == "C", "period"]) == {"2022-01/2022-04", "2022-01/2022-09"}
    assert set(rows["basis"]) == {"15C"}


def test_entsog_goes_in_as_quarterly_sums_only():
    rows = pick(series="flow", unit="TWh")
    assert set(rows["freq"]) == {"Q"} and set(rows["derived"]) == {"true"}
    assert set(rows["basis"]) == {"GCV"} and rows["note"].str.startswith("ENTSOG TP").all()
    ours = rows[rows["source"].str.startswith("entsog")]
    assert ours["period"].min() == "2015Q1" and ours["period"].max() == "2023Q1"
    assert sorted(rows.loc[~rows.index.isin(ours.index), "period"]) == [
        "2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1"]  # fmt: skip


def test_bruegels_quarters_of_turkstream_meet_the_months_of_the_press():
    """4,531.714854 million m3 at 10.3 kWh: 46.677 TWh; TASS and Reuters print 4.51 bcm at 20 C."""
    rows = pick(series="flow", entity="turkstream-2", unit="TWh").set_index("period")
    assert float(rows.loc["2025Q1", "value"]) == round(4531.714854 * 10.3 / 1000, 3)
    assert rows.loc["2025Q1", "published"] == "2025-04-11"
    assert rows.loc["2026Q1", "status"] == "provisional"  # thirteen days after its end
    months = {"2025Q1": 1.56 + 1.55 + 1.4, "2025Q2": 1.25 + 1.43 + 1.13,
              "2025Q3": 1.59 + 1.56 + 1.55, "2025Q4": 1.68 + 1.63 + 1.73}  # fmt: skip
    for period, told in months.items():
        assert float(rows.loc[period, "value"]) / 10.3 == pytest.approx(told, rel=0.006), period


def test_last_recorded_quarter_is_marked_incomplete():
    rows = pick(series="flow", unit="TWh", period="2023Q1")
    assert len(rows) >= 6
    assert (rows["share"] < 1).all() and set(rows["status"]) == {"provisional"}


def test_what_the_iea_lacks_shows_in_the_coverage():
    incomplete = pick(period="2009", basis="15C", series="flow")
    assert set(incomplete["share"]) == {0.5} and len(incomplete) >= 5
    assert (
        pick(entity="turkstream-2", period="2024", basis="15C")["share"].item() == 0.9167
    )  # 11/12


def test_a_rate_is_not_a_total():
    # "175 to 180 bcm a year in 2018 and 2019" must not read as the sum of two years.
    rows = volumes()[volumes()["series"].isin(["exports_low", "exports_high"])]
    assert rows["number"].tolist() == [175, 180] and set(rows["unit"]) == {"bcm/yr"}
    assert set(rows["entity"]) == {"europe"} and set(rows["period"]) == {"2018/2019"}


def test_the_ends_of_a_range_are_two_series():
    ends = volumes()[volumes()["note"].str.contains("range (?:low|high)")]
    told = ends["note"].str.extract("range (low|high)")[0]
    assert len(ends) == 6
    assert [s.endswith(f"_{end}") for s, end in zip(ends["series"], told, strict=True)] == [
        True
    ] * 6


def test_two_tables_of_one_book_are_two_sources():
    """BP, 2020: the series of the CIS holds Belarus and Kazakhstan, the trade matrix lists them."""
    rows = pick(series="exports_pipeline", period="2020", basis="15C-40MJ").set_index("entity")
    matrix = rows[rows["source"].str.contains("trade-matrix")]["number"]
    assert len(matrix) == 12
    whole = rows.loc[~rows["source"].str.contains("trade-matrix"), "number"]["other-cis"]
    parts = matrix[["belarus", "kazakhstan", "other-cis"]].sum()
    assert parts == pytest.approx(whole)


def test_plans_carry_their_own_series():
    plans = volumes()[volumes()["status"] == "plan"]
    assert len(plans) > 10 and plans["series"].str.startswith("plan_").all()
    assert not volumes()[volumes()["status"] != "plan"]["series"].str.startswith("plan_").any()


def test_every_carried_row_of_the_notes_is_in():
    if not UPSTREAM.exists():
        pytest.skip("the raw table of facts lies outside the package")
    with UPSTREAM.open(encoding="utf-8", newline="") as file:
        raw = [r for r in csv.DictReader(file) if r["value"] and "recalled" not in r["status"]]
    elsewhere = ("price_", "pos2_", "far_eastern_", "pos1_contract", "russia_china_pipeline_total")
    elsewhere += ("turkey_contract", "ukraine_transit_contract", "central_asia_capacity_plan")
    first = volumes()[volumes()["id"] <= "V1153"]  # the rows after are of a later collection
    kept = [
        row
        for row in raw
        if not row["series"].startswith(elsewhere)
        and not row["series"].endswith("_capacity")
        and not (row["series"] == "central_asia_exports" and row["status"] == "contract")
        and not (row["series"].startswith("iea_") and row["period_type"] == "M")
    ]
    assert len(kept) > 800
    entsog = first["note"].str.startswith("ENTSOG TP")
    assert {float(row["value"]) for row in kept} <= set(first["number"])
    assert len(kept) + entsog.sum() + 16 == len(first)  # sixteen figures derived here


# -- conflicts of the notes: both figures stand ---------------------------------------------------

CONFLICTS = [
    ("exports", "far-abroad", "2013", [161.5, 162.7]),
    ("exports|exports_ras", "far-abroad", "2015", [158.56, 159.4]),
    ("exports", "far-abroad", "2017", [193.6, 194.4]),
    ("flow", "power-of-siberia-1", "2022", [15.4, 15.5]),
    ("plan_flow", "power-of-siberia-1", "2022|2023|2024", [16, 21, 25]),
    ("customs_value", "china", "2024", [8030, 7355]),
    ("flow", "ukraine-transit", "2024", [16.1, 15.4]),
    ("exports", "europe", "2022", [63.8, 62]),
    ("exports", "europe", "2024", [32, 32.1, 33]),
    ("flow", "turkstream-2", "2026-01", [1.73, 1.61]),
    ("flow", "turkstream-2", "2025-01", [1.56, 1.57]),
    ("flow", "nord-stream-1", "2021", [59.2, 55.35]),
    ("flow", "blue-stream", "2021", [15.98, 16.37]),
    ("imports_turkstream", "hungary", "2024", [7.6, 8.6]),
    ("flow|plan_flow", "central-asia-center", "2025", [6.77, 7.0, 7.7]),
    ("imports_pipeline|exports", "turkey", "2024", [21.0, 21.6]),
    ("production", "russia", "2017", [691.1, 635.6]),
    ("production", "gazprom", "2023", [359]),
    ("lng_exports", "eu|europe", "2024", [15.5, 17.8]),
    ("exports|imports_pipeline_lng", "germany", "2017", [53.4, 2420]),
]


@pytest.mark.parametrize(("series", "entity", "period", "figures"), CONFLICTS)
def test_figures_in_conflict_stand_side_by_side(series, entity, period, figures):
    rows = volumes()
    for column, words in (("series", series), ("entity", entity), ("period", period)):
        rows = rows[rows[column].isin(words.split("|"))]
    assert set(figures) <= set(rows["number"].round(2)) | {round(v) for v in rows["number"]}


def test_figures_in_conflict_elsewhere():
    contracts = table("contracts")
    steps = contracts[contracts["route"] == "power-of-siberia-1"].set_index("year")["acq"]
    assert [float(steps[year]) for year in ("2022", "2023", "2024")] == [15, 22, 30]
    transit = contracts[(contracts["route"] == "ukraine-transit") & (contracts["year"] == "2020")]
    assert [float(v) for v in transit["acq"]] == [65]  # 45 is a misprint and stays out
    east = contracts[(contracts["route"] == "far-eastern-route") & (contracts["year"] == "plateau")]
    assert sorted(float(v) for v in east["acq"]) == [10, 12]


def test_same_gas_in_two_cubic_metres_says_so():
    rows = pick(entity="turkstream-2", period="2026-01", series="flow").set_index("basis")
    assert set(rows.loc["20C", "number"]) == {1.73} and rows.loc["0C", "number"] == 1.61
    assert rows["note"].str.contains("basis inferred").all()


# -- known values ---------------------------------------------------------------------------------

KNOWN = [
    ("flow", "power-of-siberia-1", "2020", "20C", 4.1),
    ("flow", "power-of-siberia-1", "2021", "20C", 10.39),
    ("flow", "power-of-siberia-1", "2023", "20C", 22.73),
    ("flow", "power-of-siberia-1", "2024", "20C", 31.12),
    ("flow", "power-of-siberia-1", "2025", "20C", 38.8),
    ("flow", "ukraine-transit", "2019", "20C", 89.6),
    ("flow", "ukraine-transit", "2020", "20C", 55.8),
    ("flow", "ukraine-transit", "2021", "20C", 41.6),
    ("flow", "ukraine-transit", "2023", "20C", 14.65),
    ("flow", "ukraine-transit", "2025", "20C", 0),
    ("flow", "turkstream-2", "2024", "20C", 16.7),
    ("flow", "turkstream-2", "2025", "20C", 18.0),
    ("flow", "turkstream-2", "2026-01/2026-05", "20C", 7.76),
    ("flow", "nord-stream-1", "2020", "20C", 59.2),
    ("exports", "far-abroad", "2021", "20C", 185.1),
    ("exports", "far-abroad", "2022", "20C", 100.9),
    ("imports_pipeline", "turkey", "2025-01/2025-10", "15C", 17.7),
    ("customs_value", "china", "2025", "", 9410),
    ("production", "russia", "2024", "20C", 685),
]


@pytest.mark.parametrize(("series", "entity", "period", "basis", "figure"), KNOWN)
def test_known_value(series, entity, period, basis, figure):
    assert figure in set(pick(series=series, entity=entity, period=period, basis=basis)["number"])


def test_first_quarter_of_power_of_siberia_is_an_estimate_from_customs():
    row = pick(entity="power-of-siberia-1", period="2019Q4").iloc[0]
    # 247.034 kt in the 31 days of January 2020, 30 days of delivery, 0.724 kg/m3: 0.330 bcm
    assert row["number"] == 0.33 and row["status"] == "estimate" and row["derived"] == "true"


def test_derived_months_of_turkstream_follow_from_stated_growth():
    rows = pick(entity="turkstream-2", series="flow", derived="true", basis="20C").set_index(
        "period"
    )
    assert rows.loc["2024-02", "number"] == 1.23  # 1.55 / 1.26
    assert rows.loc["2024-03", "number"] == 1.43  # 1.40 / 0.981
    assert rows.loc["2024Q1", "number"] == 3.89  # 4.51 / 1.16; months 1.24 + 1.23 + 1.43 = 3.90


def test_baltic_estimate_is_near_the_meters_where_both_are_known():
    """The sum used for 2011-2014 against the meters of 2015-2019."""
    for year in range(2015, 2020):
        rows = pick(series="imports_pipeline_lng", period=str(year))
        declared = rows[rows["entity"].isin(["latvia", "estonia"])]["number"].sum() / 3.6
        quarters = [f"{year}Q{q}" for q in range(1, 5)]
        rows = pick(series="flow", entity="valdai-pskov-riga")
        metered = rows[rows["period"].isin(quarters)]["number"].sum()
        assert declared == pytest.approx(metered, rel=0.12)


# -- profiles, preferences, corrections -----------------------------------------------------------


def test_profiles_hold_twelve_months_that_add_up_to_one():
    rows = table("profiles")
    groups = rows.groupby(["route", "first_year"])
    assert len(groups) > 30
    for key, group in groups:
        assert sorted(int(m) for m in group["month"]) == list(range(1, 13)), key
        assert sum(round(float(w) * 10_000) for w in group["weight"]) == 10_000, key
        assert group["method"].nunique() == group["last_year"].nunique() == 1, key


def test_profiles_of_a_route_do_not_overlap():
    once = table("profiles").drop_duplicates(["route", "first_year"])
    for route, group in once.groupby("route"):
        years = [y for a, b in zip(group["first_year"], group["last_year"], strict=True)
                 for y in range(int(a), int(b) + 1)]  # fmt: skip
        assert len(years) == len(set(years)), route


def test_a_profile_stands_for_every_route_with_annual_figures_only():
    spans = {
        route: {
            y
            for a, b in zip(g["first_year"], g["last_year"], strict=True)
            for y in range(int(a), int(b) + 1)
        }
        for route, g in table("profiles").groupby("route")
    }
    annual = pick(series="flow", freq="A")
    annual = annual[(annual["number"] > 0) & annual["entity"].isin(table("routes")["route"])]
    quarters = pick(series="flow", freq="Q")
    measured = set(zip(quarters["entity"], quarters["period"].str[:4], strict=True))
    assert len(annual) > 100
    for route, year in set(zip(annual["entity"], annual["period"], strict=True)) - measured:
        assert int(year) in spans.get(route, set()), (route, year)


def test_blue_stream_profile_stays_within_the_pipe():
    rows = table("profiles")
    january = rows[(rows["route"] == "blue-stream") & (rows["month"] == "1")].set_index(
        "first_year"
    )["weight"]
    # 2021 took 15.98 of 16 bcm: no room for a winter peak, January stays at 31 of 365 days.
    assert float(january["2021"]) == pytest.approx(31 / 365, abs=2e-4)
    assert float(january["2020"]) > 0.12


def test_december_2020_of_the_customs_profile_is_split():
    rows = table("profiles")
    rows = rows[(rows["route"] == "power-of-siberia-1") & (rows["first_year"] == "2020")]
    weight = rows.set_index("month")["weight"].astype(float)
    # 722.409 kt for two months of 2,965.045 kt in the year
    assert weight["11"] + weight["12"] == pytest.approx(722.409 / 2965.045, abs=2e-4)
    assert weight["12"] / weight["11"] == pytest.approx(31 / 30, abs=2e-3)


def test_preferences_name_what_exists():
    rules, rows = table("preferences"), volumes()
    assert not rules.duplicated(["series", "entity", "rank"]).any()
    sources, kinds = (
        set(table("sources")["source"]),
        set(fields("sources")["kind"]["constraints"]["enum"]),
    )
    bases = set(fields("volumes")["basis"]["constraints"]["enum"])
    known = {"source": sources, "kind": kinds, "basis": bases}
    for rule in rules.itertuples():
        what, _, value = str(rule.prefer).partition(":")
        assert value in known[what], rule.prefer
        assert rule.series == "*" or rule.series in set(rows["series"]), rule.series
        assert rule.entity == "*" or rule.entity in set(rows["entity"]), rule.entity
        assert rule.reason
    for _, group in rules.groupby(["series", "entity"]):
        assert list(group["rank"].astype(int)) == list(range(1, len(group) + 1))


def test_preferred_sources_speak_for_the_series_they_are_preferred_for():
    for rule in table("preferences").itertuples():
        what, _, value = str(rule.prefer).partition(":")
        if what != "source":
            continue
        entity = {} if rule.entity == "*" else {"entity": rule.entity}
        assert not pick(series=rule.series, source=value, **entity).empty, rule


TAKEN = [
    ("exports", "far-abroad", "2013", 162.7),
    ("exports", "far-abroad", "2017", 194.4),
    ("flow", "power-of-siberia-1", "2022", 15.4),
    ("customs_value", "china", "2024", 8030),
    ("flow", "ukraine-transit", "2017", 93.5),
    ("flow", "ukraine-transit", "2024", 16.1),
    ("exports", "europe", "2022", 63.8),
    ("exports", "europe", "2024", 32.1),
    ("flow", "turkstream-2", "2026-01", 1.73),
    ("flow", "turkstream-2", "2025", 18.0),
    ("flow", "nord-stream-1", "2021", 59.2),
    ("flow", "blue-stream", "2021", 15.98),
    ("imports_turkstream", "hungary", "2024", 7.6),
    ("flow", "central-asia-center", "2025", 6.77),
    ("production", "russia", "2017", 691.1),
    ("production", "gazprom", "2019", 500.1),
]


@pytest.mark.parametrize(("series", "entity", "period", "figure"), TAKEN)
def test_the_stated_preference_decides_the_conflict(series, entity, period, figure):
    observations = pytest.importorskip("energy.measure.observations")
    rows = pick(series=series, entity=entity, period=period).assign(value=lambda d: d["number"])
    excluded = table("corrections").query("action == 'exclude'")["row"]
    rows = rows[~rows["id"].isin(excluded)].assign(derived=rows["derived"] == "true")
    rules = table("preferences").assign(rank=table("preferences")["rank"].astype(int))
    taken = observations.choose(rows.drop(columns=["number", "share"]), table("sources"), rules)
    assert float(taken["value"].item()) == figure
    assert "no stated preference" not in taken["why"].item()


def test_corrections_still_find_the_value_they_expect():
    rows = table("corrections")
    rows = rows[rows["table"] == "volumes"]
    values = volumes().set_index("id")["number"]
    assert len(rows) >= 10
    for row in rows.itertuples():
        assert values[row.row] == float(row.expect), row.id


def test_the_blank_october_of_the_iea_is_left_out():
    row = pick(entity="turkstream-2", period="2024", basis="15C")["id"].item()
    rule = table("corrections").set_index("row").loc[row]
    assert rule["action"] == "exclude" and "October" in rule["reason"]


def test_frictionless_finds_no_fault():
    frictionless = pytest.importorskip("frictionless")
    package = frictionless.Package(str(DATA / "datapackage.json"))
    for name in ("volumes", "profiles", "preferences", "corrections"):
        resource = package.get_resource(name)
        report = frictionless.validate(resource)
        assert report.valid, report.flatten(["rowNumber", "fieldName", "note"])[:5]


# -- the later collection: months, first prints, places, supply -----------------------------------


def test_every_entity_is_a_route_or_a_place():
    known = set(table("routes")["route"]) | set(table("places")["place"])
    targets = table("crosswalk").query("kind == 'market'")["target"]
    assert set(volumes()["entity"]) | set(targets) <= known
    assert set(table("supply")["market"]) | set(table("supply")["origin"]) <= known


def test_every_place_is_used_and_its_parts_are_places():
    rows = table("places")
    parts = {part for text in rows["part_of"] for part in text.split(";") if part}
    assert parts <= set(rows["place"]) and len(parts) > 5
    used = (
        set(volumes()["entity"]) | set(table("supply")["market"]) | set(table("supply")["origin"])
    )
    used |= set(table("crosswalk").query("kind == 'market'")["target"])
    assert set(rows["place"]) - used - parts == set()


def test_daily_meters_go_in_as_monthly_sums_only():
    bruegel = volumes()[volumes()["note"].str.contains("daily values of")]
    assert set(bruegel["freq"]) == {"M"} and set(bruegel["derived"]) == {"true"}
    assert set(bruegel["basis"]) == {"GCV"} and set(bruegel["unit"]) == {"GWh"}
    assert (bruegel.loc[bruegel["series"] == "flow", "share"] == 1).all()
    # 1,072.8 + 751.8 + 764.4 million m3 at 10.3 kWh: 26,666.7 GWh
    quarter = bruegel[(bruegel["entity"] == "turkstream-2") & (bruegel["series"] == "flow")]
    quarter = quarter[quarter["period"].isin(["2023-04", "2023-05", "2023-06"])]
    assert quarter["number"].sum() == pytest.approx(26_667, abs=1)


def test_twelve_months_of_turkey_add_up_to_the_printed_year():
    rows = pick(series="imports_pipeline", entity="turkey", basis="15C", freq="M")
    rows = rows[rows["period"].str.startswith("2025")]
    best = rows.assign(fine=rows["value"].str.len()).sort_values("fine").groupby("period").last()
    assert len(best) == 12 and best["number"].sum() == pytest.approx(21.16, abs=0.01)
    for line, share in (("blue-stream", 0.5759), ("turkstream-1", 0.4241)):
        split = pick(series="flow", entity=line, freq="M", status="modelled")
        split = split[split["period"].str.startswith("2025")].drop_duplicates("period")
        assert len(split) == 12
        assert split["number"].sum() == pytest.approx(21.16 * share, abs=0.02)


def test_half_years_of_power_of_siberia_follow_from_what_is_printed():
    rows = pick(series="flow", entity="power-of-siberia-1", freq="H").set_index("period")
    assert rows.loc["2024H1", "number"] == 15.0  # 68 since the start less 52.95
    assert rows.loc["2025H1", "number"] == 19.3  # 15.0 x 1.289
    assert rows.loc["2022H1", "number"] == 7.55  # 4.62 x 1.634
    assert set(rows.loc[["2022H1", "2024H1", "2025H1"], "status"]) == {"estimate"}


def test_what_jodi_is_told_is_never_a_flow():
    rows = table("supply").query("measure.str.endswith('reported to JODI')")
    assert len(rows) > 100 and set(rows["market"]) == {"china"}
    assert not volumes()[volumes()["series"] == "flow"]["source"].isin(rows["source"]).any()


def test_a_figure_says_how_it_was_read():
    for name in ("volumes", "supply"):
        rows = table(name)
        assert set(rows["evidence"]) <= {"page", "file", "typed"}
        quoted = rows[(rows["evidence"] == "page")]
        assert len(quoted) > 10 and quoted["note"].str.contains('"|«').all(), name


def test_first_prints_carry_their_own_day():
    """A later restatement is a row of its own, never an earlier print's date."""
    rows = pick(series="flow", entity="power-of-siberia-1", basis="20C")
    days = rows[rows["published"] != ""].groupby(["period", "value"])["published"].min()
    assert days["2023", "22.7"] == "2024-01-03" and days["2022", "15.5"] == "2023-01"
    assert days["2021", "10.39"] == "2022-08-01" and days["2024", "31.12"] == "2025-09-26"
    assert days["2023", "22.73"] == "2025-05"  # the second decimal came a year and a half later
    transit = pick(series="flow", entity="ukraine-transit", period="2016").set_index("value")
    assert transit.loc["82.2", "published"].min() == "2017-01-03"


def test_blue_stream_is_what_the_other_line_to_turkey_leaves():
    rows = pick(series="flow", entity="blue-stream", derived="true", basis="20C").set_index(
        "period"
    )
    assert rows.loc["2017", "number"] == 15.8  # 29 - 12.960 x 293.15 / 288.15 = 29 - 13.18
    assert rows.loc["2019", "number"] == 11.5  # 15.51 - 3.910 x 1.01735 = 15.51 - 3.98


def test_an_inferred_date_decides_nothing():
    for name in ("volumes", "supply"):
        rows = table(name)
        weak = rows[rows["note"].str.contains("date inferred: ")]
        assert len(weak) > 10 and set(weak["published"]) == {""}, name
