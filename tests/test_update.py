"""The update: each rule of the gate, the sums, the plan, the report; tables small enough to see."""

from __future__ import annotations

import datetime as dt
import json
import re
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from upstream import DAILY, STRANDZHA, Upstream, days

from energy.errors import EnergyError, PeriodError, UnknownName
from energy.intake import derive, gate, judging, update
from energy.intake.gate import Context
from energy.measure import periods
from energy.sources import cbr, ecb, entsog, eurostat, inbox, pinksheet
from energy.sources.contract import COLUMNS
from energy.store import Store, StoreError

NOW = dt.datetime(2026, 11, 25, 6, 0, tzinfo=dt.UTC)
TODAY = NOW.date()
KEYS = {"GIE_API_KEY": "k" * 12}
TURKEY = "import_declared_ru_g3000"


def table(*rows: dict, **same) -> pd.DataFrame:
    """Return observations; what is not said is Turkey's imports in million m3, asked on 25 November."""
    usual = {"series": TURKEY, "entity": "turkey", "freq": "M", "unit": "MIO_M3", "basis": "15C",
             "coverage": 1.0, "source": "eurostat", "status": "actual", "published": "2026-11-20",
             "retrieved": pd.Timestamp(NOW), "ref": "aa#b", "note": ""}  # fmt: skip
    found = pd.DataFrame([{**usual, **same, **row} for row in rows])
    return found.reindex(columns=COLUMNS)


def monthly(values: list[float], first: str = "2025-01", **same) -> pd.DataFrame:
    """Return one value a month from ``first``."""
    months = pd.period_range(first, periods=len(values), freq="M").astype(str)
    return table(*({"period": p, "value": v} for p, v in zip(months, values, strict=True)), **same)


LAST_YEAR = [2300.0, 2150, 2000, 1700, 1400, 1250, 1200, 1250, 1400, 1700, 2000, 2200]
KNOWN = monthly(LAST_YEAR)


def doubts(rows: pd.DataFrame, known: pd.DataFrame = KNOWN, **limits) -> list[str]:
    """Return the reasons of the doubtful rows, one text a row."""
    good, doubtful = gate.gate(rows, Context(known, **limits))
    assert len(good) + len(doubtful) == len(rows)
    return list(doubtful["reason"])


# -- the rules ------------------------------------------------------------------------------------


def test_what_is_usual_passes():
    assert doubts(monthly([2350.0, 2100, 1950], "2026-01")) == []


def test_what_was_let_in_before_passes_again():
    odd = monthly([90_000.0], "2026-01")
    assert doubts(odd) != []
    assert doubts(odd, pd.concat([KNOWN, odd])) == []


def test_no_number():
    assert doubts(monthly([float("nan"), float("inf")], "2026-01")) == [
        "nan is no number", "inf is no number; inf is far above the largest so far, 2300"]  # fmt: skip


def test_future():
    assert doubts(monthly([1900.0], "2027-03")) == ["2027-03 lay ahead on 2026-11-25"]
    assert doubts(monthly([1900.0], "2027-03", status="plan")) == []
    tomorrow = table(
        {"period": "2026-11-26", "value": 80.0}, series="fx", entity="RUB/USD", freq="D"
    )
    assert doubts(tomorrow) == []  # the Bank of Russia sets tomorrow's rate today
    beyond = tomorrow.assign(period="2026-11-28")
    assert doubts(beyond) == ["2026-11-28 lay ahead on 2026-11-25"]


def test_published_ahead():
    row = monthly([1900.0], "2026-09", published="2026-12-24")
    assert doubts(row) == ["published 2026-12-24, after 2026-11-25"]


def test_unfinished():
    assert doubts(monthly([1900.0], "2026-11")) == ["2026-11 was not over on 2026-11-25"]
    quarter = table({"period": "2026Q4", "value": 5000.0}, freq="Q")
    assert doubts(quarter) == ["2026Q4 was not over on 2026-11-25"]
    assert doubts(monthly([1900.0], "2026-10")) == []


def test_partial():
    half = table({"period": "2026Q3", "value": 2.3, "coverage": 0.5109}, freq="Q", series="flow")
    assert doubts(half) == ["covers only 51.1% of 2026Q3"]


def test_unit_changed():
    assert doubts(monthly([1.9], "2026-01", unit="bcm")) == ["unit is bcm, so far MIO_M3"]


def test_duplicate():
    twice = monthly([2200.0], "2026-01")
    both = pd.concat([twice, twice.assign(value=2100.0)], ignore_index=True)
    assert doubts(both) == ["2026-01 stands there more than once"] * 2


def test_sign():
    assert doubts(monthly([-1900.0], "2026-01")) == [
        "-1900 cannot be: the series has no such values"
    ]
    flow = KNOWN.assign(series="flow", entity="yamal-europe")
    turned = monthly([-1900.0], "2026-01", series="flow", entity="yamal-europe")
    assert doubts(turned, flow) == ["the sign is turned: -1900, so far always the other way"]
    both_ways = pd.concat([flow, turned.assign(period="2024-12")])
    assert doubts(turned, both_ways) == []


@pytest.mark.parametrize(
    "factor, said",
    [(1000, "x1000"), (3.6, "x3.6"), (10.55, "x10.55"), (0.001, "1/1000"), (1 / 3.6, "1/3.6"),
     (1 / 10.55, "1/10.55"), (11.2, "x10.55")],
)  # fmt: skip
def test_unit_mistake_in_a_series_that_comes_again(factor, said):
    again = monthly([v * factor for v in LAST_YEAR])
    found = doubts(again)
    assert len(found) == 12
    assert all(f"is off by {said}: another unit?" in text for text in found)


@pytest.mark.parametrize(
    "factor, said", [(1000, "x1000"), (3.6, "x3.6"), (10.55, "x10.55"), (0.001, "1/1000")]
)
def test_unit_mistake_in_the_newest_month_alone(factor, said):
    assert f"off by {said}" in doubts(monthly([2250 * factor], "2026-01"))[0]


def test_growth_and_season_are_no_unit_mistake():
    assert doubts(monthly([3300.0, 2900], "2026-01")) == []  # 1.43 times the same month a year ago


def test_shifted_month():
    moved = monthly([LAST_YEAR[-1], *LAST_YEAR[:-1]])
    assert len(doubts(moved)) == 12
    assert "100% of the series equal the period beside: moved by one?" in doubts(moved)[0]
    revised = monthly([v * 1.01 for v in LAST_YEAR])
    assert doubts(revised) == []


def test_placeholder_zero():
    assert doubts(monthly([0.0], "2026-01")) == [
        "0 where none of 12 values was below 1200: a placeholder?"]  # fmt: skip
    with_zero = pd.concat([KNOWN, monthly([0.0], "2024-12")])
    assert doubts(monthly([0.0], "2026-01"), with_zero) == []  # it has stood still before


def test_jump():
    assert doubts(monthly([7000.0], "2026-01")) == ["7000 is far above the largest so far, 2300"]
    assert doubts(monthly([400.0], "2026-01")) == []  # flows may fall
    revised = monthly([600.0])
    assert doubts(revised) == ["600 was 2300 before"]


def test_jump_of_a_rate_down():
    rates = monthly(
        [80.0, 81, 82, 83, 80, 79], series="fx", entity="RUB/USD", unit="RUB per 1 USD", basis=""
    )
    low = monthly([35.0], "2026-01", series="fx", entity="RUB/USD", unit="RUB per 1 USD", basis="")
    assert doubts(low, rates) == ["35 is far below the least so far, 79"]


def test_without_history_a_row_is_held_against_those_beside_it():
    values = [*LAST_YEAR[:6], LAST_YEAR[6] * 1000, *LAST_YEAR[7:]]
    found = doubts(monthly(values), KNOWN.head(0))
    assert len(found) == 1
    assert "1.2e+06 is far above the largest so far, 2300" in found[0]


def test_capacity():
    # 46 TWh in 92 days at 10.5 kWh/m3 (20 °C) are 47.6 mcm a day
    quarter = table({"period": "2026Q3", "value": 46.0}, series="flow", entity="turkstream-2",
                    freq="Q", unit="TWh", basis="GCV")  # fmt: skip
    heat = {"gcv": {"turkstream-2": 10.5}}
    said = "47.6 mcm/d at 20 °C; capacity and best quarter so far: 43.2"
    assert doubts(quarter, limits={"turkstream-2": 0.0432}, **heat) == [said]
    assert doubts(quarter, limits={"turkstream-2": 0.0433}, **heat) == []  # 47.62 < 1.1 x 43.3
    assert doubts(quarter, limits={"turkstream-2": 0.001}) == []  # no calorific value: not judged


def test_every_rule_is_listed_and_tested():
    names = {rule.__name__ for rule in gate.RULES}
    assert len(names) == 13
    here = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {n for n in names if not any(h.startswith(n) for h in here)} == set()


def test_limits_hold_the_best_quarter_beside_the_nameplate(tiny):
    # pipe: 12.2 bcm in the 184 days from July 2020 that it was open, more than 20 bcm a year allow
    assert judging.limits(tiny)["pipe"] == pytest.approx(12.2 / 184)
    tiny["volumes"] = tiny["volumes"].query("period != '2020'")
    assert judging.limits(tiny)["pipe"] == pytest.approx(20 / 365)


# -- sums -----------------------------------------------------------------------------------------


def point_days(first: str, last: str, value: float = DAILY) -> pd.DataFrame:
    return table(*({"period": str(d), "value": value} for d in days(first, last)), series="flow_point",
                 entity=STRANDZHA, freq="D", unit="kWh/d", basis="GCV", source="entsog")  # fmt: skip


def whole(rows: pd.DataFrame, tracker) -> pd.DataFrame:
    return derive.whole(derive.sums(rows, tracker.facts["crosswalk"]))


def test_a_whole_quarter_of_days_becomes_a_flow(tracker):
    rows = whole(point_days("2026-07-01", "2026-09-30"), tracker)
    flow = rows[rows["entity"] == "turkstream-2"].set_index("period")["value"]
    assert flow.to_dict() == {"2026Q3": 46.0, "2026-07": 15.5, "2026-08": 15.5, "2026-09": 15.0}


def test_no_half_quarter_is_a_quarter_and_none_of_its_months_shows(tracker):
    part = point_days("2026-07-01", "2026-08-31")
    assert whole(part, tracker).empty
    held = derive.sums(part, tracker.facts["crosswalk"])
    assert held[["period", "coverage"]].to_numpy().tolist() == [["2026Q3", 0.6739]]  # 62 of 92 days


def test_one_missing_day_holds_the_quarter_back(tracker):
    rows = point_days("2026-07-01", "2026-09-30").drop(index=40)
    assert whole(rows, tracker).empty


def test_turkeys_imports_by_month_and_whole_quarter(tracker):
    rows = monthly([1700.0, 1650, 1600, 1500], "2026-07")
    found = whole(rows, tracker)
    assert found["series"].unique() == ["imports_pipeline"]
    assert dict(zip(found["period"], found["value"], strict=True)) == {
        "2026-07": 1.7, "2026-08": 1.65, "2026-09": 1.6, "2026-10": 1.5, "2026Q3": 4.95}  # fmt: skip
    assert set(found["unit"]) == {"bcm"}


def test_gas_through_a_neighbour_is_a_series_of_its_own(tracker):
    rows = monthly([500.0], "2026-07", series="import_declared_rs_g3000", entity="hungary")
    found = whole(rows, tracker)
    assert found[["series", "value", "note"]].to_numpy().tolist() == [
        ["imports_entry", 0.5, "partner RS, transit"]]  # fmt: skip


def test_imports_by_origin_with_and_without_lng(tracker):
    both = table({"series": "import_origin_ru_g3000", "value": 33.0e3},
                 {"series": "import_origin_ru_g3200", "value": 3.0e3}, period="2024", freq="A",
                 entity="france")  # fmt: skip
    found = whole(both, tracker).set_index("series")["value"]
    assert found.to_dict() == {"imports_pipeline": 30.0, "imports_pipeline_lng": 33.0}


def test_customs_value_in_millions_and_no_estimated_weight(tracker):
    value = monthly([700e6, 710e6, 720e6], "2026-01", series="trade_value_pipeline", entity="china",
                    unit="USD", basis="", source="comtrade")  # fmt: skip
    weight = value.assign(
        series="trade_weight_pipeline", unit="kg", basis="mass", status="modelled"
    )
    found = whole(pd.concat([value, weight]), tracker)
    assert set(found["series"]) == {"customs_value"}
    assert found.set_index("period")["value"].to_dict() == {
        "2026-01": 700.0, "2026-02": 710.0, "2026-03": 720.0, "2026Q1": 2130.0}  # fmt: skip


def rates(first: str, last: str) -> pd.DataFrame:
    return table(*({"period": str(d), "value": 80.0 + (d.month == 9)} for d in days(first, last)
                   if d.weekday() not in (0, 6)), series="fx", entity="RUB/USD", freq="D",
                 unit="RUB per 1 USD", basis="", source="cbr")  # fmt: skip


def test_mean_rate_of_a_whole_quarter(tracker):
    found = whole(rates("2026-07-01", "2026-09-30"), tracker)
    # 66 days with a rate (Tuesday to Saturday), 22 of them in September, at 81
    assert found[["period", "value"]].to_numpy().tolist() == [
        ["2026Q3", pytest.approx(80 + 22 / 66)]
    ]
    assert whole(rates("2026-07-01", "2026-09-20"), tracker).empty


def test_derived_rows_fit_the_tables_of_facts(tracker):
    rows = pd.concat([point_days("2026-07-01", "2026-09-30"), rates("2026-07-01", "2026-09-30")])
    found = derive.derive(rows, tracker.facts)
    assert {name: len(t) for name, t in found.items()} == {
        "volumes": 4,
        "prices": 0,
        "fx": 1,
        "sources": 2,
    }
    for name, rows in found.items():
        assert list(rows.columns) == list(tracker.facts[name].columns)
    assert "V.entsog.flow.turkstream-2.2026Q3.GCV" in set(found["volumes"]["id"])
    assert set(found["sources"]["source"]) == {"entsog", "cbr"}


def test_withheld_sums_are_left_out(tracker):
    rows = point_days("2026-07-01", "2026-09-30")
    quarter = whole(rows, tracker).query("freq == 'Q'")
    found = derive.derive(rows, tracker.facts, quarter)
    assert set(found["volumes"]["freq"]) == {"M"}


# -- plan -----------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


def test_plan_says_what_is_due_and_asks_nobody(store, monkeypatch):
    monkeypatch.delenv("GIE_API_KEY", raising=False)
    found = update.plan("2026Q3", TODAY, store).drop_duplicates("source").set_index("source")
    assert found["state"].to_dict() == {
        "eurostat": "early", "entsog": "late", "comtrade": "early", "pinksheet": "late", "ecb": "late",
        "cbr": "late", "gie": "late", "crea": "late", "moex": "late", "gem": "any time", "inbox": "early",
            "epdk": "early", "siat": "early", "taldau": "early", "ksh": "early",
    }  # fmt: skip
    assert found.loc["eurostat", "due"] == dt.date(2026, 11, 26)  # 56 days after the quarter
    assert found.loc["gie", "key"] == "GIE_API_KEY missing"
    assert found.loc["inbox", "url"] == ""


def test_plan_names_addresses_without_keys(store, monkeypatch):
    monkeypatch.setenv("GIE_API_KEY", "a-secret-of-mine")
    monkeypatch.setenv("COMTRADE_API_KEY", "another-secret")
    found = update.plan("2026Q3", TODAY, store)
    assert found["url"].str.startswith("https://").sum() > 20
    assert not found.astype(str).apply(lambda c: c.str.contains("secret")).any(axis=None)


def test_an_update_is_for_a_quarter(store):
    with pytest.raises(PeriodError, match=r"for a quarter, not for '2026'; write e\.g\. 2026Q3"):
        update.plan("2026", TODAY, store)


# -- run ------------------------------------------------------------------------------------------


@pytest.fixture
def server():
    with Upstream() as running:
        yield running


@pytest.fixture
def client(server):
    with server.client() as open_client:
        yield open_client


@pytest.fixture(scope="module")
def most(tracker):
    return judging.limits(tracker.facts)


@pytest.fixture
def go(server, store, tracker, client, most, monkeypatch):
    """Run an update against the server; ``only`` entsog and cbr where nothing else is said."""
    monkeypatch.setattr(judging, "limits", lambda tables: most)  # a second each, always the same

    def run(mode="apply", period="2026Q3", **options):
        options = {"only": ["entsog", "cbr"], "now": lambda: NOW, **options}
        return update.run(period, mode, store, client=client, keys=KEYS,
                          sleep=lambda s: None, tables=tracker.facts, **options)  # fmt: skip

    return run


def tree(store: Store) -> dict[str, bytes]:
    root = Path(store.root)
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*"))
            if p.is_file() and p.name != ".lock"}  # fmt: skip


@pytest.mark.slow
def test_all_sources_in_one_go(go, store, server):
    report = go(only=None)
    assert report.code == update.FINE
    outcomes = report.sources.set_index("source")["outcome"].to_dict()
    assert outcomes.pop("inbox") == "by hand"
    assert set(outcomes.values()) == {"fine"}
    assert len(report.doubtful) == 0
    assert report.sources["new"].sum() == len(store.observations()) > 5000
    assert store.releases() == ["2026Q3"]


@pytest.mark.slow
def test_dry_run_publishes_nothing_and_apply_asks_nothing_again(go, store, server):
    dry = go("dry-run")
    assert store.vintages() == [] and store.releases() == []
    asked = len(server.asked)
    applied = go("apply")
    assert len(server.asked) == asked == 9
    assert applied.sources["kept"].sum() == 9
    pd.testing.assert_frame_equal(dry.changes, applied.changes)


@pytest.mark.slow
def test_a_large_store_gets_an_index_that_answers_the_same(go, store, monkeypatch):
    go()
    assert not (Path(store.root) / "index").exists()
    plain = store.observations("2026-08-15")
    monkeypatch.setattr(update, "LARGE", 10)
    go()
    assert list((Path(store.root) / "index").glob("*.json"))
    pd.testing.assert_frame_equal(store.observations("2026-08-15"), plain)


@pytest.mark.slow
def test_running_twice_changes_nothing(go, store):
    go()
    before = tree(store)
    again = go(now=lambda: NOW + dt.timedelta(hours=5))
    after = tree(store)
    new = set(after) - set(before)
    assert {name.rsplit("/", 1)[0] for name in new} == {"raw/_runs"}  # what the run took, no more
    assert {name: after[name] for name in before} == before
    assert len(again.changes) == 0 and again.release == "2026Q3"


@pytest.mark.slow
def test_offline_replays_kept_answers_and_keeps_them_here(go, store, server, tmp_path):
    go()
    asked, other = len(server.asked), Store.open(tmp_path / "other")
    report = update.run(
        "2026Q3", "apply", other, offline=store.root, only=["entsog", "cbr"], now=lambda: NOW
    )
    assert len(server.asked) == asked and report.code == update.FINE
    pd.testing.assert_frame_equal(other.observations(), store.observations())
    assert other.raw(other.observations()["ref"].iloc[0]).request.source == "entsog"


@pytest.mark.once
def test_offline_without_the_answer_is_a_failed_source(store, tmp_path):
    report = update.run("2026Q3", "dry-run", store, offline=tmp_path, only=["cbr"], now=lambda: NOW)
    assert report.code == update.PARTLY
    assert "No kept answer 'USD'" in report.sources["what"].iloc[0]


def test_unknown_mode_source_and_unfinished_quarter(go):
    with pytest.raises(EnergyError, match="Unknown mode 'plan'; use 'dry-run' or 'apply'"):
        go("plan")
    with pytest.raises(UnknownName, match="Unknown source 'eurostadt'; near: eurostat"):
        go(only=["eurostadt"])
    with pytest.raises(PeriodError, match="2026Q4 is not over on 2026-11-25: no half quarter"):
        go(period="2026Q4")


def test_a_source_without_key_is_skipped_and_that_is_no_failure(store, server, client, tracker):
    report = update.run("2026Q3", "dry-run", store, only=["gie"], keys={}, client=client,
                        now=lambda: NOW, tables=tracker.facts)  # fmt: skip
    assert report.code == update.FINE and server.asked == []
    assert report.sources[["outcome", "stale"]].to_numpy().tolist() == [["skipped", True]]
    assert "GIE_API_KEY" in report.sources["what"].iloc[0]


@pytest.mark.once
def test_the_build_is_tagged_with_hashes_and_no_half_one_is_left(go, store):
    def build(folder):
        (folder / "map.html").write_text("a map", encoding="utf-8")

    report = go(build=build)
    assert (report.folder / "map.html").read_text() == "a map"
    head = json.loads((Path(store.root) / "releases" / "2026Q3.json").read_text())
    assert head["artefacts"]["map.html"] == sha256(b"a map").hexdigest()
    assert set(head["artefacts"]) == {
        "NOTE.md",
        "changes.csv",
        "doubtful.csv",
        "sources.csv",
        "map.html",
    }


@pytest.mark.slow
def test_a_failed_build_leaves_the_data_and_no_release(go, store):
    def build(folder):
        raise EnergyError("no room")

    with pytest.raises(EnergyError, match="no room"):
        go(build=build)
    assert store.vintages() and not store.releases()
    assert go(build=lambda folder: None).release == "2026Q3"


@pytest.mark.slow
def test_next_quarter_tells_new_revised_and_by_how_much(go, store, server):
    go(period="2026Q2", only=["entsog"], now=lambda: dt.datetime(2026, 8, 25, tzinfo=dt.UTC))
    server.twist(
        "transparency.entsog.eu", lambda body: body.replace(b"500000000.0", b"510000000.0")
    )
    report = go(only=["entsog"])
    revised = report.changes[report.changes["change"] == "revised"]
    assert set(revised["percent"].round(6)) == {2.0}
    assert (
        "| flow | turkstream-2 | 2026Q2 | entsog | TWh | 45.5 | 46.41 | 0.91 | 2 |" in report.note
    )
    assert "| flow | turkstream-2 | 2026Q3 | entsog | TWh | 46.92 |" in report.note
    between = update.changes(store, "2026Q2", "2026Q3")
    assert len(between) == len(report.changes)


@pytest.mark.once
def test_what_is_no_longer_given_is_told_and_stands(go, store, server):
    go(only=["ecb"])
    server.twist("data-api.ecb.europa.eu", lambda body: b"\n".join(
        line for line in body.split(b"\n") if b"2026-08" not in line))  # fmt: skip
    later = NOW + dt.timedelta(days=10)
    report = go(only=["ecb"], now=lambda: later)
    gone = report.changes[report.changes["change"] == "vanished"]
    assert len(gone) == 22  # 21 days of August and its month
    assert "## No longer given" in report.note and "| fx | USD/EUR | 2026-08 |" in report.note
    kept = store.observations(series="fx", entity="USD/EUR")
    assert kept["value"].notna().all() and len(kept) == 69


# -- known errors of the sources ------------------------------------------------------------------


def rules(**change) -> pd.DataFrame:
    line = {"id": "K01", "table": "answers", "row": f"eurostat;{TURKEY};turkey;2025;15C", "action": "exclude",
            "expect": sum(LAST_YEAR), "value": float("nan"), "reason": "wrong metre", "state": "active",
            "source": "eurostat"}  # fmt: skip
    return pd.DataFrame([line | change])


def test_a_known_error_is_left_out_or_told():
    rows = pd.concat([KNOWN, monthly([2250.0], "2026-01")], ignore_index=True)
    kept, faults = derive.corrected(rows, rules())
    assert (kept["period"].tolist(), faults) == (["2026-01"], [])
    told, _ = derive.corrected(rows, rules(action="annotate"))
    assert told["note"].tolist() == ["wrong metre"] * 12 + [""]
    assert derive.corrected(rows, rules(state="fixed"))[0].equals(rows)


def test_a_correction_the_source_has_mended_is_said_and_not_applied():
    kept, faults = derive.corrected(KNOWN.assign(value=KNOWN["value"] * 1.16), rules())
    assert len(kept) == 12
    assert (
        "turkey;2025;15C is now 23838, expected 20550; the source may have mended it" in faults[0]
    )
    assert "set state to fixed" in faults[0]


def test_a_correction_waits_until_the_whole_period_is_there():
    part = KNOWN.head(11).assign(value=1.0)
    kept, faults = derive.corrected(part, rules())
    assert (len(kept), faults) == (11, [])


def test_the_known_errors_of_the_sources_are_in_the_table(tracker):
    rows = tracker.facts["corrections"].query("table == 'answers'").set_index("id")
    assert {text.split(";")[0] for text in rows["row"]} == {"entsog", "eurostat"}
    gud = 395_226_129_000.0
    days = pd.date_range("2021-01-01", "2021-12-31").strftime("%Y-%m-%d")
    point = table(*({"period": day, "value": gud / 365} for day in days), series="flow_point", freq="D",
                  entity="DE-TSO-0005/ITP-00491/entry", source="entsog", basis="GCV", unit="kWh/d")  # fmt: skip
    kept, faults = derive.corrected(point, tracker.facts["corrections"])
    assert (len(kept), faults) == (0, [])
    assert len(derive.corrected(point.assign(value=0.0), tracker.facts["corrections"])[1]) == 1


# -- overlay and people ---------------------------------------------------------------------------


def test_the_tracker_shows_the_new_quarter(go, store, tracker):
    go()
    laid = update.overlay(tracker.facts, store)
    from energy.tracker import Tracker

    cube = Tracker(laid, tracker.lines).flows(
        "turkstream-2", first="2026Q3", last="2026Q3", unit="TWh"
    )
    assert float(cube["reported"].squeeze()) == pytest.approx(46.0)
    assert float(cube["flow"].squeeze()) == pytest.approx(46.0, rel=1e-3)  # balanced
    assert float(cube["coverage"].squeeze()) == 1.0
    assert "V.entsog.flow.turkstream-2.2026-07.GCV" in str(cube["sources"].values)
    cited = Tracker(laid, tracker.lines).cite("V.entsog.flow.turkstream-2.2026Q3.GCV")
    assert cited["page"].iloc[0].split("#")[0] == store.raw(cited["page"].iloc[0]).sha256[:16]


def test_overlay_of_an_empty_store_is_the_facts(store, tracker):
    assert update.overlay(tracker.facts, store) is tracker.facts


@pytest.mark.slow
def test_overlay_knows_no_later_row(go, store, tracker):
    go()
    laid = update.overlay(tracker.facts, store, as_of="2026-08-15")
    assert "V.entsog.flow.turkstream-2.2026Q3.GCV" not in set(laid["volumes"]["id"])
    assert "V.entsog.flow.turkstream-2.2026Q2.GCV" in set(laid["volumes"]["id"])


@pytest.mark.once
def test_figures_typed_by_hand_reach_the_cube(store, tracker, tmp_path):
    file = tmp_path / "gazprom.csv"
    file.write_text(
        "series,entity,period,value,unit,basis,status,source,title,published\n"
        "flow,power-of-siberia-1,2026Q3,9.9,bcm,20C,actual,gazprom-2026q3,Quarterly report,2026-11-10\n"
    )
    assert len(update.take_in(file, store, now=lambda: NOW)) == 0
    laid = update.overlay(tracker.facts, store)
    row = laid["volumes"][laid["volumes"]["source"] == "gazprom-2026q3"].iloc[0]
    assert (row["value"], row["unit"], row["period"]) == (9.9, "bcm", "2026Q3")
    assert "Quarterly report" in set(laid["sources"]["title"])
    again = store.vintages()
    update.take_in(file, store, now=lambda: NOW + dt.timedelta(hours=1))
    assert store.vintages() == again
    assert inbox.NAME in again[0]


@pytest.mark.once
def test_a_doubtful_row_by_hand_waits_and_can_be_let_through(store, tmp_path):
    file = tmp_path / "typo.csv"
    file.write_text(
        "series,entity,period,value,unit,basis,status,source,title,published\n"
        + "".join(
            f"flow,blue-stream,2025-{m:02},1.0{m},bcm,20C,actual,monthly,Monthly,2026-01-10\n"
            for m in range(1, 10)
        )
        + "flow,blue-stream,2025-10,1050,bcm,20C,actual,monthly,Monthly,2026-01-10\n"
    )
    doubtful = update.take_in(file, store, now=lambda: NOW)
    assert len(doubtful) == 1 and "x1000" in doubtful["reason"].iloc[0]
    held = store.quarantined()
    with pytest.raises(StoreError, match="needs a reason"):
        update.let_through(list(held["id"]), " ", store, now=lambda: NOW)
    assert update.let_through(list(held["id"]), "it is so", store, now=lambda: NOW) == 1
    assert 1050 in set(store.observations()["value"])
    assert len(update.take_in(file, store, now=lambda: NOW)) == 0  # not doubted again


# -- the documentation ----------------------------------------------------------------------------

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "notebooks" / "UPDATE.md").read_text(encoding="utf-8")


def test_every_test_the_table_of_faults_names_exists():
    named = set(re.findall(r"`(test_\w+)`", GUIDE))
    written = {
        name
        for path in (ROOT / "tests").glob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 35
    assert named - written == set()


def test_every_rule_and_exit_code_is_documented():
    assert {rule.__name__ for rule in gate.RULES} - set(re.findall(r"`(\w+)`", GUIDE)) == set()
    for code in (update.FINE, update.FAULT, update.USAGE, update.PARTLY):
        assert f"\n| {code} | " in GUIDE


def test_the_workflow_runs_after_every_source_is_due_and_asks_for_the_quarter_before():
    found = re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    day, months = re.search(r'cron: "17 5 (\d+) ([\d,]+) \*"', found[1]).groups()  # type: ignore[union-attr]
    assert f"17 5 {day} {months} * ENERGY_HOME" in GUIDE
    for month in map(int, months.split(",")):
        run = dt.date(2026, month, int(day))
        start = periods.containing(dt.date(run.year - (month < 3), (month - 3) % 12 + 1, 1), "Q")
        due = [
            start.end + dt.timedelta(days=m.LAG) for m in (eurostat, entsog, pinksheet, ecb, cbr)
        ]
        assert max(due) <= run
    workflow = pytest.importorskip("yaml").safe_load(found[1])
    steps = workflow["jobs"]["update"]["steps"]
    assert "--apply || code=$?" in steps[4]["run"]
    assert steps[5]["with"]["body-path"] == "${{ runner.temp }}/note.md"
