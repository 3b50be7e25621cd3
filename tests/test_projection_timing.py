"""First gas of proposed lines: the reference class, the fit, the risk of never."""

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest

from conftest import SHARED
from energy import facts
from energy.errors import DataError, EnergyError, MissingExtra, UnknownName
from energy.projection import timing

WIDER = {"years_between": 2.0, "proposed": 100, "proposed_advanced": 4, "proposed_dropped": 20,
         "construction": 10, "construction_advanced": 5, "construction_dropped": 1, "shelved": 10,
         "shelved_revived": 5}  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    return facts.load()


@pytest.fixture(scope="module")
def pos2(tables):
    return timing.first_gas(tables, "power-of-siberia-2")


def spell(stage, years, cause):
    return {"project": f"{stage}{years}", "stage": stage, "years": years, "cause": cause}


@pytest.fixture
def small():
    """Two lines that pass each stage after half a year, so that hazards can be worked out."""
    return pd.DataFrame([spell(stage, 0.5, "next") for stage in timing.STAGES for _ in range(2)])


def with_rows(tables, *rows):
    table = tables["reference-projects"]
    fields = dict.fromkeys(table.columns, "")
    made = [fields | {"id": f"H9{i:03d}", "project": p, "metric": m, "value": v, "unit": "date", "status": "actual",
                      "source": table["source"].iloc[0]} for i, (p, m, v) in enumerate(rows)]  # fmt: skip
    return dict(tables) | {
        "reference-projects": pd.concat([table, pd.DataFrame(made)], ignore_index=True)
    }


def test_dates_become_decimal_years_at_their_middle():
    assert timing.decimal("2019-01-01") == 2019.0
    assert timing.decimal("2019-07") == pytest.approx(2019 + 196.5 / 365, abs=1e-9)
    assert timing.decimal("2019") == 2019.5
    assert np.isnan(timing.decimal("never"))


def test_reference_class_is_named_sourced_and_wide(tables):
    rows = tables["reference-projects"]
    assert len(set(rows["project"])) >= 53
    assert set(rows["source"]) <= set(tables["sources"]["source"])
    assert not rows["note"].str.contains("recalled|memory").any()


def test_milestones_of_power_of_siberia_1(tables):
    row = timing.milestones(tables, 2026.5).loc["Power of Siberia 1"]
    assert row["contract"] == pytest.approx(2014 + 140 / 365)  # 21 May 2014
    assert row["first_gas"] == pytest.approx(2019 + 335 / 365)  # 2 December 2019


@pytest.mark.parametrize("day", [2013.0, 2016.0, 2020.0, 2023.0])
def test_a_later_day_never_knows_less(tables, day):
    gates = [*timing.GATES]
    early, late = (timing.milestones(tables, d)[gates].notna() for d in (day, day + 5))
    assert not (early & ~late.reindex(early.index, fill_value=False)).any().any()
    assert timing.milestones(tables, day)[gates].max().max() <= day


def test_spells_are_cut_at_the_gates_and_censored(tables):
    every = timing.milestones(tables, 2026.5)
    day = 2026.5
    found = timing.spells(every, day).set_index(["project", "stage"])
    assert found.loc[("Power of Siberia 1", "talks"), "cause"] == "next"
    assert found.loc[("Power of Siberia 1", "talks"), "years"] == pytest.approx(4.88, abs=0.01)
    assert found.loc[("Skanled", "talks"), "cause"] == "never"
    assert found.loc[("Nord Stream 1", "building"), "cause"] == "next"
    assert found.loc[("Nord Stream 1", "building"), "years"] == pytest.approx(1.58, abs=0.01)
    # a memorandum that became binding is watched until then, and not given up nor advanced
    assert found.loc[("Power of Siberia 2", "memorandum"), "cause"] == ""
    years = 2025 + 244 / 365 - (2015 + 127 / 365)  # 8 May 2015 to 2 September 2025
    assert found.loc[("Power of Siberia 2", "memorandum"), "years"] == pytest.approx(years)


def test_silence_is_no_evidence(tables):
    row = {gate: float("nan") for gate in (*timing.GATES, "never")} | {"announced": 2000.0}
    table = pd.DataFrame([row | {"seen": 2003.0}, row | {"seen": 2000.0}], index=["a", "b"])
    found = timing.spells(table, 2020.0)
    assert found[["project", "years", "cause"]].to_numpy().tolist() == [["a", 3.0, ""]]


def test_a_row_counts_from_its_own_date_then_its_documents_then_our_retrieval(tables):
    day = timing.decimal
    for when, stage in (("2014-10-31", "talks"), ("2015-05-08", "memorandum"),
                        ("2025-09-01", "memorandum"), ("2025-09-02", "binding")):  # fmt: skip
        assert timing.first_gas(tables, "power-of-siberia-2", when).stage == stage
    early = timing.first_gas(tables, "power-of-siberia-2", "2015-12-31")
    assert early.stated == () and np.isnan(early.plan) and early.pieces == ()
    rows = tables["reference-projects"]
    undated = rows[(rows["published"] == "") & (rows["project"] == "Nabucco")]
    assert len(undated) and "Nabucco" not in timing.milestones(tables, day("2012-01-01")).index
    assert timing.counts(tables, day("2023-06-30")) == {}
    assert timing.counts(tables, day("2024-01-31"))["proposed"] == 49


def test_evidence_is_weighed_and_each_piece_moves_it(tables, pos2):
    assert [piece.kind for piece in pos2.pieces] == [
        "reference class", "published dates", "judgement", "judgement", "judgement"]  # fmt: skip
    never = timing.evidence(pos2)["never_2040"]
    assert 0.40 < never["today"] < 0.60
    assert never["without published dates"] > never["today"] + 0.05
    assert never["reference class alone, not binding"] > never["reference class alone"] + 0.1
    assert never["memorandum not binding"] > never["today"]


def test_a_piece_has_its_share_of_the_draws(tables, pos2):
    sure = timing.Piece("judgement", "in 2030", 3.0, (2030.0, 2030.0, 2030.0))
    gone = timing.Piece("judgement", "never", 1.0, (), 1.0)
    dates = dataclasses.replace(pos2, pieces=(sure, gone)).sample(np.random.default_rng(1), 8000)
    assert set(np.unique(dates)) == {2030.0, np.inf}
    assert np.isinf(dates).mean() == pytest.approx(0.25, abs=0.02)


def test_evidence_with_dates_out_of_order_or_no_weight_is_refused(tables):
    rows = tables["timing-evidence"]
    bad = rows.assign(low=rows["low"].where(rows["id"] != "TE0002", 2040.0))
    with pytest.raises(DataError, match=r"TE0002: dates .* are not in order; give P10, P50, P90"):
        timing.first_gas({**tables, "timing-evidence": bad}, "power-of-siberia-2")
    with pytest.raises(DataError, match="weights of power-of-siberia-2 sum to 0"):
        timing.first_gas({**tables, "timing-evidence": rows.assign(weight=0.0)},
                         "power-of-siberia-2")  # fmt: skip


def test_a_rule_that_is_missing_is_named(tables):
    rows = tables["timing-rules"]
    with pytest.raises(DataError, match="no row names 'plan_weight'"):
        timing.rules({**tables, "timing-rules": rows[rows["name"] != "plan_weight"]})


def test_power_of_siberia_1_was_timed_before_it_flowed(tables):
    for day, low, high in (("2014-06-30", 2016, 2022), ("2018-12-31", 2019, 2022)):
        found = timing.first_gas(tables, "power-of-siberia-1", day)
        assert low < found.quantiles().loc["first_gas", "p50"] < high
        assert found.never(2040) < 0.2


def test_proposed_routes_without_milestones_say_which_fact_is_missing(tables):
    found = timing.missing(tables)
    open_ones = tables["routes"].query("status in ['proposed', 'construction']")["route"]
    for route in open_ones:
        if route in found:
            assert "has no milestone to time it by; add rows with project" in found[route]
        else:
            assert timing.first_gas(tables, route).stage in (*timing.STAGES, "binding")


def test_hazards_worked_out_by_hand(small):
    fit = timing.fit(small, WIDER)
    go, stop = (np.exp(fit.mean[fit.column("committed", cause)[0]]) for cause in timing.CAUSES)
    # 2 events in 1 year; one more event at the stage's own rate (2 + 0.5) / 1: 3 in 1.4 years
    assert go == pytest.approx(3 / 1.4)
    # none in 1 year; one more at (0 + 0.5) / 1: 1 in 3 years
    assert stop == pytest.approx(1 / 3)


def test_wider_class_has_its_share(small):
    fit = timing.fit(small, WIDER)
    go = np.exp(fit.mean[fit.column("talks", "next")[0]])
    # named: 2 in 1 year. wider: 3 years at 4 / (2 x (100 - 12)) a year. lean: 1 at (sum + 0.5) / 4
    rate = 4 / 176
    events = 2 + 3 * rate
    assert go == pytest.approx((events + 1) / (4 + 1 / ((events + 0.5) / 4)))
    stop = timing._rates(WIDER)["talks", "never"]
    assert stop == pytest.approx(20 * 0.5 / 176)  # half of the shelved come back


def test_a_stage_that_nobody_shows_is_named(small):
    with pytest.raises(DataError, match="no project shows stage 'building'"):
        timing.fit(small[small["stage"] != "building"], WIDER)


def test_transitions_count_cross_border_lines():
    before = pd.DataFrame({
        "ProjectID": list("abcdef"), "Status": ["Proposed"] * 3 + ["Construction", "Shelved", "Proposed"],
        "StartCountry": ["A"] * 6, "EndCountry": ["B"] * 5 + ["A"]})  # fmt: skip
    after = pd.DataFrame(
        {
            "ProjectID": list("abdef"),
            "Status": ["Construction", "Cancelled", "Operating", "Proposed", "x"],
        }
    )
    found = timing.transitions(before, after, 2.0)
    assert (
        found["proposed"] == 2
        and found["proposed_advanced"] == 1
        and found["proposed_dropped"] == 1
    )
    assert found["construction_advanced"] == 1 and found["shelved_revived"] == 1


def test_transitions_refuse_what_they_cannot_read():
    frame = pd.DataFrame(
        {"ProjectID": ["a"], "Status": ["Proposed"], "StartCountry": ["A"], "EndCountry": ["B"]}
    )
    with pytest.raises(DataError, match="column 'Status' is missing"):
        timing.transitions(frame.drop(columns="Status"), frame, 2.0)
    with pytest.raises(DataError, match="-1 years between the editions"):
        timing.transitions(frame, frame, -1)
    with pytest.raises(DataError, match="no proposed cross-border line is found again"):
        timing.transitions(frame, frame.assign(ProjectID="z"), 2.0)


def test_sample_is_seeded_and_never_before_today(pos2):
    one, two = (pos2.sample(np.random.default_rng(3), 500) for _ in range(2))
    assert np.array_equal(one, two)
    assert (one >= pos2.as_of).all() and np.isinf(one).any() and np.isfinite(one).any()


def test_gates_come_in_order(pos2):
    dates = pos2.gates(np.random.default_rng(1), 2000)
    built = np.isfinite(dates["first_gas"])
    order = np.stack(
        [
            dates[gate][built]
            for gate in ("memorandum", "contract", "construction", "first_gas", "plateau")
        ]
    )
    assert (np.diff(order, axis=0) >= 0).all()
    assert np.isinf(dates["plateau"][~built]).all()


@pytest.mark.parametrize("n", [0, -5])
def test_no_draws_is_refused(pos2, n):
    with pytest.raises(EnergyError, match=f"{n} draws asked for; ask for at least 1"):
        pos2.sample(np.random.default_rng(0), n)
    with pytest.raises(EnergyError, match="ask for at least 1"):
        pos2.ramp(np.random.default_rng(0), n)


def test_unknown_route_and_route_without_evidence(tables):
    with pytest.raises(
        UnknownName, match=r"Unknown route 'power-of-siberia-3'; near: Power of Siberia 1"
    ):
        timing.first_gas(tables, "power-of-siberia-3")
    with pytest.raises(
        EnergyError, match=r"Route 'nel' has no milestone .* add rows with project 'nel'"
    ):
        timing.first_gas(tables, "nel")


def test_tables_without_the_reference_class_are_refused(tables):
    with pytest.raises(DataError, match="the table is missing"):
        timing.milestones({k: v for k, v in tables.items() if k != "reference-projects"}, 2020.0)


def test_a_route_of_ones_own_needs_only_its_rows(tables):
    mine = with_rows(
        tables, ("nel", "announced", "2020-01-01"), ("nel", "contract_signed", "2026-01-01")
    )
    found = timing.first_gas(mine, "nel")
    assert found.stage == "committed"
    assert found.quantiles().loc["first_gas", "p50"] > 2026.5


def test_a_line_that_delivers_and_one_not_yet_heard_of(tables):
    built = timing.first_gas(tables, "Power of Siberia 1")
    assert built.stage == "delivering"
    assert np.allclose(built.sample(np.random.default_rng(0), 5), 2019 + 335 / 365)
    early = timing.first_gas(tables, "russia-kazakhstan-china", as_of="2016-06-30")
    assert early.stage == "unheard" and np.isinf(early.sample(np.random.default_rng(0), 5)).all()
    assert early.never(2050) == 1.0
    assert early.quantiles()["p50"].isna().all()


def test_table_of_the_proposed_routes(tables):
    table = timing.table(tables)
    assert {"power-of-siberia-2", "far-eastern-route", "power-of-siberia-1-plus-6"} <= set(
        table.index
    )
    assert "soyuz-vostok" not in table.index  # the same gas as power-of-siberia-2
    assert (table["first_p10"] <= table["first_p50"]).all() and (
        table["first_p50"] <= table["first_p90"]
    ).all()
    assert (table["plateau_p50"] > table["first_p50"]).all()
    assert (table["never_2050"] <= table["never_2040"]).all()
    # a line nearly laid is likelier than one with a memorandum, and that than mere talks
    never = table["never_2040"]
    assert (
        never["far-eastern-route"] < never["power-of-siberia-2"] < never["russia-kazakhstan-china"]
    )


def test_a_line_of_the_users_own_is_in_the_table(tables):
    own = {name: tables[name].copy() for name in ("routes", "reference-projects")}
    line = own["routes"].query("route == 'altai'").assign(route="mine", status="proposed")
    row = own["reference-projects"].query("metric == 'announced'").iloc[[0]]
    row = row.assign(project="mine", value="2024-05-01", published="2024-05-02")
    own["routes"] = pd.concat([own["routes"], line], ignore_index=True)
    own["reference-projects"] = pd.concat([own["reference-projects"], row], ignore_index=True)
    assert set(timing.proposed({**tables, **own})) == {*timing.proposed(tables), "mine"}
    assert timing.table({**tables, **own}, as_of="2026-06-30").loc["mine", "stage"] == "talks"


def test_soyuz_vostok_is_power_of_siberia_2(tables, pos2):
    other = timing.first_gas(tables, "soyuz-vostok")
    assert other.quantiles().equals(pos2.quantiles())


def test_evidence_moves_the_dates_the_right_way(pos2):
    log = timing.evidence(pos2)
    signed, silent = (
        log.loc["contract signed or investment decided today"],
        log.loc["nothing in two years"],
    )
    assert signed["years"] < -1 and signed["chance"] < -0.2
    assert silent["years"] > 0.5 and silent["chance"] > 0
    assert log.loc["today", ["years", "chance"]].tolist() == [0, 0]


def test_official_date_counts_only_once_committed(tables, pos2):
    assert pos2.plan == 2031.5 and not pos2.on_plan
    east = timing.first_gas(tables, "far-eastern-route")
    assert east.on_plan
    assert timing.evidence(east).loc["official date put off by two years", "years"] > 0.5


@pytest.mark.once
def test_leave_one_out_coverage_of_the_80_percent_interval(tables):
    found = timing.coverage(tables)
    assert len(found) >= 40 and found["project"].nunique() >= 20
    assert 0.70 <= found.attrs["coverage"] <= 0.90


def test_ramps_and_shape(tables):
    table = timing.milestones(tables, 2026.5)
    assert len(timing.ramps(table)) >= 5
    assert timing.shape(tables) == pytest.approx([n / 38 for n in (5, 10, 15, 22, 30, 38)])
    with pytest.raises(DataError, match="only 0 projects show first gas and full capacity"):
        timing.ramps(table.assign(plateau=np.nan))


def test_slips_are_those_of_built_lines(tables):
    found = timing.slips(timing.milestones(tables, 2026.5))
    assert np.isfinite(found).all() and found.max() > 5  # Mountain Valley: 2018 to 2024
    assert np.median(found) < 1


def test_as_of_takes_dates_texts_and_numbers(tables):
    import datetime as dt

    days = [
        timing._day(tables, when) for when in ("2020-06-30", dt.date(2020, 6, 30), 2020 + 181 / 366)
    ]
    assert days == pytest.approx([days[0]] * 3)


def test_without_statsmodels_the_extra_is_named(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.genmod.families", None)
    with pytest.raises(MissingExtra, match=r"energy-trade-tracker\[timing\]"):
        timing.fit(small, WIDER)


def test_chart_shows_gates_and_never(pos2, monkeypatch):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra")
    axes = timing.chart(pos2).axes[0]
    assert "power-of-siberia-2" in axes.get_title() and "never by 2040" in axes.get_title()
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "plateau"
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtra, match="need matplotlib"):
        timing.chart(pos2)


def test_the_shipped_counts_are_those_of_the_tables(tables):
    folder = SHARED / "upstream" / "gem"
    before, after = folder / "ggit-gas-pipelines-2022.csv", folder / "ggit_2024-10-08.xlsx"
    if not before.exists() or not after.exists():
        pytest.skip("Global Energy Monitor's tables are not beside the repository")
    pytest.importorskip("openpyxl", reason="reading the later table needs openpyxl")
    later = pd.read_excel(after, usecols=["id", "status"]).set_axis(["ProjectID", "Status"], axis=1)
    found = timing.transitions(pd.read_csv(before, sep=";", dtype=str), later, 1.92)
    assert found == timing.counts(tables)
