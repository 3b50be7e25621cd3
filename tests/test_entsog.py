"""ENTSOG: reading both forms, counting each cubic metre once, and the published control sums."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.errors import DataError, UnitError
from energy.sources import SOURCES, entsog

HERE = Path(__file__).parent
DATA = HERE / "data" / "entsog"
FACTS = HERE.parent / "energy" / "data"
RECORDED = HERE.parents[1] / "shared" / "upstream" / "samples" / "entsog" / "recorded"
HANDMADE = DATA / "handmade"
NORD = "nord-stream-1"

# TWh a year, control sums of the source notes (2.6), to the printed decimal; None: no data.
YEARS = range(2015, 2023)
CONTROL = {
    "nord-stream-1": [409.7, 459.0, 535.0, 616.4, 613.8, 621.4, 620.7, 314.2],
    "yamal-europe": [363.5, 384.2, 399.8, 400.6, 388.3, 355.9, 321.6, 27.5],
    "ukraine-slovakia": [401.0, 516.9, 565.2, 517.6, 603.1, 376.3, 296.5, 175.6],
    "ukraine-hungary": [63.1, 71.0, 123.2, 118.9, 158.5, 70.1, 64.8, 3.1],
    "trans-balkan": [176.9, 205.2, 219.9, 197.4, 110.0, 9.4, 4.2, 4.1],
    "turkstream-2": [None, None, None, None, None, 61.5, 129.6, 133.4],
    "minsk-kaliningrad": [44.0, 32.7, 40.1, 40.8, 34.5, 34.5, 33.4, 20.2],
}
CASES = [
    (route, year, twh)
    for route, values in CONTROL.items()
    for year, twh in zip(YEARS, values, strict=True)
]


def recorded(name: str) -> Path:
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"the recorded ENTSOG file {name} lies outside the package")
    return path


def facts(name: str) -> pd.DataFrame:
    return pd.read_csv(FACTS / name, dtype=str, keep_default_na=False)


def flows(key: str, values: list[float], start: str = "2021-01-01") -> pd.DataFrame:
    days = pd.date_range(start, periods=len(values))
    frame = pd.DataFrame({"gas_day": days, "key": key, "label": "", "value_kwh": values})
    return frame.assign(status="", updated=pd.Timestamp("2021-06-01", tz="UTC"))


def counting(*rows: tuple) -> pd.DataFrame:
    columns = ["key", "target", "valid_from", "valid_to", "sign", "counts"]
    return pd.DataFrame(rows, columns=columns).assign(kind="point")


@pytest.fixture
def crosswalk() -> pd.DataFrame:
    return pd.read_csv(DATA / "crosswalk.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def yearly() -> pd.DataFrame:
    daily = entsog.read_daily(recorded("bruegel_russian_border_points_daily_2015_2023.csv.gz"))
    sums = entsog.sum_points(daily, facts("crosswalk.csv"), "A")
    table = sums.pivot_table(index="route", columns="period", values="value_twh")
    table.attrs = sums.attrs
    return table


def test_the_list_of_sources_names_the_module():
    assert SOURCES["entsog"] is entsog


# -- sums -----------------------------------------------------------------------------------------


def test_sum_counts_the_gas_of_nel_once(crosswalk):
    sums = entsog.sum_points(entsog.read_daily(DATA / "daily.csv"), crosswalk, "Q")
    got = sums.set_index(["route", "period"])["value_twh"]
    # OPAL 0.60 + 0.65, NEL 0.40 + 0.35; GUD is the same gas as NEL.
    assert got[NORD, "2015Q4"] == pytest.approx(2.00)
    # 1 January: OPAL 0.70, NEL without a value; GUD does not step in.
    assert got[NORD, "2016Q1"] == pytest.approx(0.70)


def test_sum_by_month_and_year_are_the_same_gas(crosswalk):
    daily = entsog.read_daily(DATA / "daily.csv")
    total = {f: entsog.sum_points(daily, crosswalk, f)["value_twh"].sum() for f in "MQA"}
    assert total["M"] == total["Q"] == pytest.approx(total["A"]) == pytest.approx(2.70)
    assert list(entsog.sum_points(daily, crosswalk, "M")["period"]) == ["2015-12", "2016-01"]


def test_bereg_changes_its_name_without_a_gap_or_an_overlap(crosswalk):
    old = flows("HU-TSO-0001/ITP-00095/entry", [1e9, 2e9, 4e9], "2020-04-29")
    new = flows("HU-TSO-0001/ITP-10006/entry", [8e9, 16e9, 32e9], "2020-04-30")
    sums = entsog.sum_points(pd.concat([old, new]), crosswalk, "M")
    assert list(sums["route"].unique()) == ["ukraine-hungary"]
    # April: the old point, 1 + 2; from 1 May only the new one, 16 + 32.
    assert list(sums["value_twh"]) == [3.0, 48.0]


def test_sign_turns_a_meter_that_counts_against_the_route():
    both = pd.concat([flows("A/P/entry", [5e9, 5e9]), flows("A/P/exit", [1e9, 2e9])])
    rows = counting(
        ("A/P/entry", "r", "", "", "1", "true"), ("A/P/exit", "r", "", "", "-1", "true")
    )
    assert entsog.sum_points(both, rows, "M")["value_twh"].item() == pytest.approx(7.0)


def test_coverage_is_the_share_of_days_where_one_point_feeds_the_route():
    rows = counting(("A/P/entry", "r", "", "", "1", "true"))
    sums = entsog.sum_points(flows("A/P/entry", [1e9] * 28 + [np.nan] * 3), rows, "M")
    assert sums[["days", "coverage"]].iloc[0].to_list() == [28, pytest.approx(28 / 31, abs=5e-5)]


def test_coverage_weighs_a_silent_point_by_what_it_carries():
    big, small = flows("A/BIG/entry", [90e9] * 31), flows("A/SMALL/entry", [10e9] * 31)
    rows = counting(*((k, "r", "", "", "1", "true") for k in ("A/BIG/entry", "A/SMALL/entry")))
    # The small point, a tenth of the gas, is silent on 10 of 31 days: 1 - 0.1 * 10 / 31.
    sums = entsog.sum_points(pd.concat([big, small.iloc[:21]]), rows, "M")
    assert sums["coverage"].item() == pytest.approx(1 - 0.1 * 10 / 31, abs=5e-5)
    assert sums["value_twh"].item() == pytest.approx(90 * 31 + 10 * 21)  # not scaled up


def test_coverage_takes_the_usual_flow_of_a_point_silent_all_month():
    a = flows("A/A/entry", [1e9] * 59)  # January and February 2021
    b = flows("A/B/entry", [3e9] * 31)  # January only
    rows = counting(*((k, "r", "", "", "1", "true") for k in ("A/A/entry", "A/B/entry")))
    assert list(entsog.sum_points(pd.concat([a, b]), rows, "M")["coverage"]) == [1.0, 0.25]


def test_measured_zero_stays_and_a_quarter_without_data_is_absent():
    rows = counting(
        ("A/P/entry", "closed", "", "", "1", "true"), ("B/Q/entry", "open", "", "", "1", "true")
    )
    zero = flows("A/P/entry", [0.0] * 90)
    late = flows("B/Q/entry", [1e9], "2021-04-01")
    sums = entsog.sum_points(pd.concat([zero, late]), rows, "Q").set_index(["route", "period"])
    assert sums.loc[("closed", "2021Q1")].to_list() == [0.0, 90, 1.0]
    assert list(sums.index) == [("closed", "2021Q1"), ("open", "2021Q2")]


def test_points_outside_their_dates_or_unknown_are_listed(crosswalk):
    sums = entsog.sum_points(entsog.read_daily(DATA / "daily.csv"), crosswalk)
    assert sums.attrs["unmapped"] == ["DE-TSO-0001/ITP-00096/entry"]
    assert sums.attrs["unused"] == ["HU-TSO-0001/ITP-00095/entry", "HU-TSO-0001/ITP-10006/entry"]


@pytest.mark.parametrize("factor", [10, 1000])
def test_spike_is_listed_and_not_clipped(factor):
    rows = counting(("A/P/entry", "r", "", "", "1", "true"))
    values = [2e8] * 10
    values[4] *= factor
    sums = entsog.sum_points(flows("A/P/entry", values), rows, "M")
    assert sums.attrs["spikes"] == [("A/P/entry", "2021-01-05", 2e8 * factor, float(factor))]
    assert sums["value_twh"].item() == pytest.approx(0.2 * (9 + factor))


def test_return_after_an_outage_is_no_spike():
    assert entsog.spikes(flows("A/P/entry", [2e8] * 8 + [0.0] * 5 + [2e8] * 8)) == []


@pytest.mark.once
@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_order_and_repetition_of_rows_change_nothing(rng, times):
    crosswalk = pd.read_csv(DATA / "crosswalk.csv", dtype=str, keep_default_na=False)
    daily = entsog.read_daily(DATA / "daily.csv")
    order = list(range(len(daily))) * times
    rng.shuffle(order)
    expected = entsog.sum_points(daily, crosswalk)
    pd.testing.assert_frame_equal(entsog.sum_points(daily.iloc[order], crosswalk), expected)


def test_a_point_that_counts_twice_is_refused():
    rows = counting(
        ("A/P/entry", "r", "", "2021-06-01", "1", "true"),
        ("A/P/entry", "s", "2021-05-01", "", "1", "true"),
    )
    with pytest.raises(DataError, match="'A/P/entry' counts twice from 2021-05-01 on"):
        entsog.sum_points(flows("A/P/entry", [1.0]), rows)


def test_a_crosswalk_without_counting_points_is_refused():
    with pytest.raises(DataError, match="No row of kind 'point' counts"):
        entsog.sum_points(
            flows("A/P/entry", [1.0]), counting(("A/P/entry", "r", "", "", "1", "false"))
        )


def test_an_unknown_period_length_is_refused(crosswalk):
    with pytest.raises(DataError, match="freq 'W' is unknown; expected one of M, Q, A"):
        entsog.sum_points(flows("A/P/entry", [1.0]), crosswalk, "W")


# -- reading --------------------------------------------------------------------------------------


def test_repeated_rows_of_the_bruegel_files_count_once():
    daily = entsog.read_daily(DATA / "bruegel_form.csv")
    assert list(daily["value_kwh"]) == [378_742_133.0, 379_992_444.0]
    assert set(daily["key"]) == {"BG-TSO-0001/ITP-00549/entry"}


def test_recorded_repetitions_count_once():
    daily = entsog.read_daily(recorded("bruegel_duplicate_rows_strandzha2.csv"))
    rows = counting(("BG-TSO-0001/ITP-00549/entry", "turkstream-2", "2020-01-01", "", "1", "true"))
    sums = entsog.sum_points(daily, rows)
    # Three days of June, three of July 2022, each printed twice in the file.
    assert list(sums["value_twh"]) == pytest.approx([1.094562888, 1.10714692])
    assert list(sums["days"]) == [3, 3]


def test_blank_value_is_missing_not_zero():
    daily = entsog.read_daily(DATA / "daily.csv").set_index(["key", "gas_day"])["value_kwh"]
    assert np.isnan(daily["DE-TSO-0017/ITP-00247/entry", "2016-01-01"])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("gas_day,operator_key\n", r"daily\.csv: column 'point_key' is missing"),
        ("H\n2015-13-01,A,P,entry,5", "row 2: '2015-13-01' is not a date"),
        ("H\n2015-12-01,A,P,entry,5\n2015-12-02,A,P,entry,-", "row 3: '-' is no flow"),
        ("H\n2015-12-01,A,P,entry,-7", "row 2: '-7' is no flow; expected kWh a day, 0 or more"),
    ],
)
def test_a_faulty_file_is_named_with_its_row(tmp_path, text, match):
    path = tmp_path / "daily.csv"
    path.write_text(
        text.replace("H\n", "gas_day,operator_key,point_key,direction_key,value_kwh_per_day\n")
    )
    with pytest.raises(DataError, match=match):
        entsog.read_daily(path)


def test_records_confirmed_beats_provisional_and_later_beats_earlier():
    daily = entsog.read_records(json.loads((DATA / "records.json").read_text()))
    by_day = daily.set_index(daily["gas_day"].dt.strftime("%Y-%m-%d"))["value_kwh"]
    assert by_day["2026-07-01"] == 480e6  # Confirmed, though the provisional row is newer
    assert by_day["2026-07-02"] == 500e6  # both provisional: the later update
    assert by_day[["2026-07-03", "2026-07-04"]].isna().all()  # "" and isNA: missing
    assert by_day["2026-07-05"] == 0.0  # confirmed zero


def test_records_refuse_the_envelope_an_empty_answer_and_a_lost_field():
    with pytest.raises(DataError, match="pass the list under its key 'operationalData'"):
        entsog.read_records({"meta": {}, "operationalData": []})  # type: ignore[arg-type]
    with pytest.raises(DataError, match="No records"):
        entsog.read_records([])
    with pytest.raises(DataError, match="Field 'unit' is missing"):
        entsog.read_records([{"indicator": "Physical Flow"}])


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"unit": "kWh/h"}, UnitError, "in 'kWh/h'; expected 'kWh/d'"),
        (
            {"indicator": "Nomination"},
            DataError,
            "Indicator 'Nomination'; expected 'Physical Flow'",
        ),
        ({"value": "n/a"}, DataError, "'n/a' is no flow"),
    ],
)
def test_records_of_another_kind_are_refused(change, error, match):
    record = json.loads((DATA / "records.json").read_text())[0] | change
    with pytest.raises(error, match=match):
        entsog.read_records([record])


def test_handmade_answers_of_the_api():
    full = json.loads((HANDMADE / "operationalData_full_envelope.json").read_text())[
        "operationalData"
    ]
    assert entsog.read_records(full)["value_kwh"].notna().sum() == 4  # and a placeholder
    twice = json.loads((HANDMADE / "operationalData_with_duplicate.json").read_text())[
        "operationalData"
    ]
    daily = entsog.read_records(twice)
    assert not daily.duplicated(["key", "gas_day"]).any() and len(daily) == len(twice) - 1
    repeated = pd.DataFrame(twice).loc[lambda d: d["id"].duplicated(keep=False)]
    assert daily["value_kwh"].isin([repeated["value"].max()]).any()


@pytest.mark.parametrize(
    ("name", "twh"),
    [
        ("strandzha2-data.json", 44.856),
        ("uzhgorod-data.json", 68.566),
        ("nordstream-opal-data.json", 90.945),
        ("yamal-kondratki-data.json", 13.227),
    ],
)
def test_sums_of_the_recorded_arrays(name, twh):
    daily = entsog.read_records(json.loads(recorded(name).read_text(encoding="utf-8")))
    assert round(daily["value_kwh"].sum() / 1e9, 3) == twh


# -- control sums ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("route", "year", "twh"), CASES)
def test_control_sum_from_the_facts(route, year, twh):
    rows = facts("volumes.csv")
    rows = rows[(rows["entity"] == route) & (rows["series"] == "flow") & (rows["basis"] == "GCV")]
    rows = rows[rows["period"].str.fullmatch(f"{year}Q[1-4]") & (rows["unit"] == "TWh")]
    if twh is None:
        assert rows.empty
    else:
        assert len(rows) == 4 and round(rows["value"].astype(float).sum(), 1) == twh


@pytest.mark.parametrize(("route", "year", "twh"), CASES)
def test_control_sum_from_the_daily_values(yearly, route, year, twh):
    got = yearly.loc[route, str(year)]
    assert np.isnan(got) if twh is None else round(got, 1) == twh


def test_poland_is_counted_on_one_side(yearly):
    # 2020: Ukrainian meter to June 13.5, Polish point from July 16.7; both from July would be 46.
    assert round(yearly.loc["ukraine-poland", "2020"], 1) == 30.2
    assert round(yearly.loc["ukraine-poland", "2021"], 1) == 43.6


def test_every_recorded_point_is_known_and_no_day_sticks_out(yearly):
    assert yearly.attrs["unmapped"] == []
    assert yearly.attrs["spikes"] == []
