"""Trade beside the gas: one figure a flow, changes from levels."""

import pandas as pd
import pytest

from energy import facts
from energy.errors import DataError, UnknownName
from energy.finance import trade as t

TABLES = facts.load()


def row(number, period, value, freq="M", **changes):
    told = {
        "id": f"T{number:03d}", "exporter": "china", "importer": "russia", "commodity": "all",
        "measure": "value", "reporter": "china", "period": period, "freq": freq, "value": value,
        "unit": "USD bn", "status": "actual", "derived": False, "source": "a", "published": "",
    }  # fmt: skip
    return told | changes


def tables(*rows):
    return facts.Tables({"trade-context": pd.DataFrame(list(rows))})


def test_the_finer_print_is_taken_and_the_other_named():
    table = t.trade(tables(row(1, "2024-04", 8.3), row(2, "2024-04", 8.317)))
    assert table[["value", "id", "alternatives"]].values.tolist() == [[8.317, "T002", "T001"]]


def test_two_sides_of_one_trade_stay_apart():
    both = tables(row(1, "2023", 240.1, "A"), row(2, "2023", 227.8, "A", reporter="russia"))
    assert len(t.trade(both)) == 2
    assert t.trade(both, reporter="russia")["value"].tolist() == [227.8]


def test_a_change_is_worked_out_from_both_levels():
    table = t.trade(tables(row(1, "2023-04", 10.0), row(2, "2024-04", 8.0)))
    assert t.change(table, "2024-04")[["percent", "ids"]].values.tolist() == [[-20.0, "T001;T002"]]
    with pytest.raises(DataError, match="no flow has a level for both 2024-05 and 2025-05"):
        t.change(table, "2025-05")


def test_unknown_names_are_refused():
    with pytest.raises(UnknownName, match="Unknown commodity 'gold'"):
        t.trade(TABLES, commodity="gold")
    with pytest.raises(UnknownName, match="Unknown freq 'W'"):
        t.trade(TABLES, "W")
    with pytest.raises(UnknownName, match="Unknown filter 'colour'"):
        t.trade(TABLES, colour="red")


def test_april_2024_is_made_again_from_two_customs_prints():
    table = t.trade(TABLES, exporter="china", importer="russia", commodity="all")
    april = t.change(table, "2024-04").set_index("measure")
    # 8.317 over 9.621 USD bn
    assert april.loc["value", "percent"] == -13.6


def test_the_trade_verb_prints_the_change(capsys):
    from energy import cli

    assert (
        cli.main(["trade", "--importer", "russia", "--commodity", "all", "--change", "2024-04"])
        == 0
    )
    assert "-13.6" in capsys.readouterr().out
