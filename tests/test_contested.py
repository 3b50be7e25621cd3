"""The known contradictions: each answered, with the numbers that bear the answer."""

import pandas as pd
import pytest

from energy.balance import contests, result
from energy.cli import main
from energy.errors import UnknownName


@pytest.fixture(scope="module")
def told(tracker) -> pd.DataFrame:
    return tracker.evidence.contested()


def cell(told, topic, period, what, column="bcm") -> float:
    rows = told[(told["topic"] == topic) & (told["period"] == period)]
    return float(rows.set_index("what").loc[what, column])


def figure(told, row, column="bcm"):
    return told[told["what"].str.startswith(f"{row} ")].iloc[0][column]


def test_contradicted_figures_have_an_answer(tracker):
    table = tracker.balance("contradicted")
    assert len(table) > 10
    assert (table["known"] == "").mean() < 0.1  # a figure that came today may wait for its answer


@pytest.mark.once
def test_every_row_names_figures_and_sums_that_are_there(tracker, told):
    rows = tracker.facts["balance-contested"]
    assert set(told["id"]) == set(rows["id"])
    named = ";".join(rows["figures"]).split(";")
    assert set(filter(None, named)) <= set(tracker.facts["volumes"]["id"])
    assert set(rows["standing"]) == {"resolved", "explained", "open"}


@pytest.mark.parametrize(("year", "printed"), [("2014", 27.3), ("2017", 29.0), ("2018", 23.96),
                                               ("2019", 15.51)])  # fmt: skip
def test_turkey_is_blue_stream_and_the_balkans(told, year, printed):
    ways = [cell(told, "turkey-by-the-balkans", year, name)
            for name in ("blue-stream", "trans-balkan-turkey")]  # fmt: skip
    whole = cell(told, "turkey-by-the-balkans", year, "group:turkey")
    assert sum(ways) == pytest.approx(whole, abs=0.05)
    assert whole == pytest.approx(printed, abs=0.2)
    assert min(ways) > 4  # neither is Turkey


def test_exits_before_2015_are_known_less_than_those_that_were_metered(told):
    for exit_ in ("ukraine-hungary", "ukraine-poland"):
        width = [cell(told, "exits-before-2015", year, exit_, "p90")
                 - cell(told, "exits-before-2015", year, exit_, "p10") for year in ("2014", "2015")]  # fmt: skip
        assert width[0] > 10 * width[1]


def test_moldova_sets_two_totals_of_2024_apart(told):
    both = cell(told, "moldova", "2024", "ukraine-transit+turkstream-2")
    europe, moldova = (
        cell(told, "moldova", "2024", f"group:{name}") for name in ("europe", "moldova")
    )
    assert both - moldova == pytest.approx(europe, abs=0.05)
    apart = cell(told, "moldova", "2024", "ukraine-transit") - figure(told, "V0271")
    assert apart == pytest.approx(moldova, abs=0.3)  # TASS leaves Moldova out


def test_ukraine_2020_and_2022_are_handed_over_at_the_east(told):
    metered = "ukraine-slovakia+ukraine-hungary+ukraine-poland+trans-balkan"
    for year, topic, printed in (("2020", "ukraine-2020", 55.8), ("2022", "ukraine-2022", 20.5)):
        transit = cell(told, topic, year, "ukraine-transit")
        assert transit == pytest.approx(printed, abs=0.3)
        beside = [cell(told, topic, year, name) for name in ("ukraine-moldova", "ukraine-backhaul")]
        stores = cell(told, topic, year, "ukraine-stores") if year == "2022" else 0.34
        assert cell(told, topic, year, metered) + sum(beside) - stores == pytest.approx(
            transit, abs=0.1
        )
    assert figure(told, "V0847", "verdict").startswith("left out: The exit to Hungary is missing")


def test_seven_months_of_2024_were_six(told):
    """8.07 bcm of the operator: January to June, as EADaily writes, not to July."""
    topic = "ukraine-january-july-2024"
    assert cell(told, topic, "2024-01/2024-07", "ukraine-transit") == pytest.approx(9.25, abs=0.05)
    assert cell(told, topic, "2024H1", "ukraine-transit") == pytest.approx(7.86, abs=0.15)
    assert figure(told, "V0269", "verdict") == figure(told, "V2416", "verdict") == "contradicted"
    assert figure(told, "V2415", "others") == pytest.approx(7.86, abs=0.1)


def test_the_growth_of_central_asia_is_that_of_three_countries(told):
    three = [
        cell(told, "central-asia-2025", year, "group:central-asia") for year in ("2024", "2025")
    ]
    one = [cell(told, "central-asia-2025", year, "market:uzbekistan") for year in ("2024", "2025")]
    assert three[1] / three[0] - 1 == pytest.approx(0.21, abs=0.02)  # between 20 and 22.2 %
    assert all(whole > part + 1 for whole, part in zip(three, one, strict=True))
    parts = [cell(told, "central-asia-2025", "2025", f"market:{name}")
             for name in ("uzbekistan", "kazakhstan", "kyrgyzstan")]  # fmt: skip
    assert sum(parts) == pytest.approx(three[1], abs=0.01)


def test_yamal_europe_is_set_against_the_crossings_it_counts(told):
    for year in ("2018", "2019"):
        three, one = (
            cell(told, "yamal-europe", year, name) for name in ("yamal-europe", "kondratki")
        )
        older = cell(told, "yamal-europe", year, "wysokoje-tieterowka")
        assert one + older == pytest.approx(three, abs=0.01)
        sizes = told[
            (told["topic"] == "yamal-europe")
            & (told["period"] == year)
            & (told["kind"] == "capacity")
        ]
        assert sorted(sizes["printed"]) == [32.9, 40.3]
        assert three > 32.9 * 1.1  # the old quotient
        assert three < 40.3 and one < 32.9 * 1.06


def test_the_first_half_of_2020_is_printed_and_not_a_profile(told):
    topic = "turkey-first-half-2020"
    assert cell(told, topic, "2020H1", "group:turkey") == pytest.approx(4.733, abs=0.05)
    spread = cell(told, topic, "2020H1", "blue-stream+turkstream-1", "reported")
    assert spread > 7  # two years by a usual season
    assert {figure(told, row, "verdict") for row in ("V0048", "V1432")} == {"agrees"}


def test_turkey_of_2025_is_told_month_by_month(told):
    months = told[(told["topic"] == "turkey-by-month-2025") & (told["kind"] == "figure")]
    assert set(months["verdict"]) == {"agrees"}
    sums = told[(told["topic"] == "turkey-by-month-2025") & (told["kind"] == "sum")].set_index(
        "period"
    )["bcm"]
    assert len(sums) == 13
    assert sums.drop("2025").sum() == pytest.approx(sums["2025"], abs=1e-6)
    assert sums["2025"] / 1.0174 == pytest.approx(21.16, abs=0.05)  # as printed, at 15 °C


def test_three_totals_of_europe_2023_are_three_scopes(told):
    union, rest, europe, moldova = (
        cell(told, "europe-2023", "2023", name)
        for name in ("market:eu", "market:europe-other", "group:europe", "group:moldova")
    )
    assert union + rest == pytest.approx(europe, abs=1e-6)
    assert europe == pytest.approx(28.15, abs=0.3)  # TASS; Reuters 28.3
    lines = cell(told, "europe-2023", "2023", "turkstream-2+ukraine-transit")
    assert lines - moldova == pytest.approx(europe, abs=0.05)


def test_a_period_that_is_not_over_is_not_spoken_of(tracker):
    held = result(tracker.facts)
    assert contests._held(held, contests.periods.parse("2025"))
    assert not contests._held(held, contests.periods.parse("2040"))


def test_another_standing_is_refused(tracker):
    with pytest.raises(UnknownName, match="standing"):
        tracker.evidence.contested("settled")


def test_the_command_lists_them(capsys):
    assert main(["check", "--contested", "--format", "csv"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("id,topic,period,kind,what,printed,unit,basis,bcm,p10,p90")
    assert any(
        row.startswith("BC001,turkey-by-the-balkans,2014,figure,V0045 exports,27.3") for row in rows
    )


def test_the_table_of_the_docs_is_worked_out(told):
    head, _, *rows = contests.markdown(told).splitlines()
    assert head.count("|") == 6 and len(rows) == told["id"].nunique()
    assert rows[0].startswith(
        "| BC001 | 2014 | V0045 exports 27.30 (27.00 to 27.60, agrees); blue-stream 14.4"
    )
    assert all(row.count(" | ") == 4 for row in rows)
