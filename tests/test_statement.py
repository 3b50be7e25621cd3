"""Statements as grids: what each cell rests on."""

import numpy as np
import pandas as pd
import pytest

from energy import facts
from energy.errors import UnknownName
from energy.finance import statement as s

TABLES = facts.load()


def row(number, metric, value, period="2030", segment="group", source="press-a", **changes):
    told = {
        "id": f"F{number:04d}", "standard": "IFRS", "metric": metric, "segment": segment,
        "period": period, "freq": "A", "value": float(value), "unit": "RUB bn", "basis": "",
        "status": "actual", "derived": False, "source": source, "page": "p. 7",
        "published": "2031-04-30", "note": "",
    }  # fmt: skip
    return told | changes


def books(*rows):
    sources = pd.DataFrame({"source": ["press-a", "press-b", "vendor"],
                            "kind": ["press", "press", "vendor"]})  # fmt: skip
    return {"financials": pd.DataFrame(list(rows)), "sources": sources,
            "statement-lines": TABLES["statement-lines"], "statement-absent": reasons()}  # fmt: skip


def reasons(*rows):
    columns = ["id", "standard", "line", "period", "why", "source", "published", "note"]
    return pd.DataFrame([(f"SA90{n}", "IFRS", *row, "press-a", "", "") for n, row in enumerate(rows)],
                        columns=columns)  # fmt: skip


def grid(*rows, period="2030"):
    return s.statement(books(*rows), "IFRS", period).set_index("line")


def test_a_printed_total_is_controlled_by_its_parts():
    table = grid(row(1, "total_assets", 100.5), row(2, "total_liabilities", 40.25),
                 row(3, "equity", 60))  # fmt: skip
    assert table["cell"][["assets", "liabilities", "equity"]].tolist() == ["printed"] * 3
    assert table.loc["equity", "control"] == -0.25  # 60 less (100.5 less 40.25)
    assert table.loc["assets", "page"] == "p. 7"


def test_a_total_and_the_one_unknown_part_follow_by_rule():
    table = grid(row(1, "total_assets", 100), row(2, "total_liabilities", 41))
    assert table.loc["equity", ["value", "cell", "rule"]].tolist() == [
        59, "derived", "assets - liabilities"]  # fmt: skip
    back = grid(row(1, "total_assets", 101), row(2, "equity", 60))
    assert back.loc["liabilities", "value"] == 41 and back.loc["liabilities", "id"] == "F0002;F0001"


def test_what_drowns_in_the_rounding_of_its_parts_stays_missing():
    # 3,000 may be off by 500 and 2,900 by 50: their difference of 100 says nothing
    table = grid(row(1, "total_assets", 3000), row(2, "total_liabilities", 2900))
    assert table.loc["equity", "cell"] == "missing" and np.isnan(table.loc["equity", "value"])


def test_a_vendor_speaks_only_where_nothing_was_printed_and_marks_what_follows():
    table = grid(row(1, "total_assets", 100, source="vendor"), row(2, "total_assets", 101),
                 row(3, "total_liabilities", 41, source="vendor"))  # fmt: skip
    assert table.loc["assets", ["value", "cell"]].tolist() == [101, "printed"]
    assert table.loc["equity", ["value", "cell"]].tolist() == [60, "vendor"]


def test_a_restated_figure_stands_beside_the_one_taken():
    table = grid(row(1, "total_assets", 100, published="2031-04-30"),
                 row(2, "total_assets", 98, source="press-b", published="2032-04-29"))  # fmt: skip
    assert table.loc["assets", "value"] == 98  # as many digits, printed later
    assert table.loc["assets", "restated"] == "100 (press-a, 2031-04-30)"


def test_a_price_by_market_is_net_sales_over_volume():
    europe = {"segment": "Europe and other countries"}
    table = grid(row(1, "net_sales_of_gas", 500, **europe),
                 row(2, "volume_sold", 40, unit="bcm", **europe))  # fmt: skip
    # 500 bn roubles over 40 bcm are 12,500 roubles a thousand cubic metres
    assert table.loc["price_europe", ["value", "unit"]].tolist() == [12500, "RUB/1000 m3"]


def test_a_quarter_is_the_difference_of_what_was_printed():
    table = grid(row(1, "sales", 30, "2030M9", freq="C"), row(2, "sales", 18.5, "2030H1", freq="H"),
                 period="2030Q3")  # fmt: skip
    assert table.loc["sales", ["value", "cell", "rule"]].tolist() == [
        11.5, "derived", "2030M9 less 2030H1"]  # fmt: skip


def test_the_nine_months_of_2020_add_up_to_the_last_digit():
    table = s.statement(TABLES, "IFRS", "2020M9")
    control = table["control"].dropna()
    assert len(control) >= 3 and (control == 0).all()


def test_the_loss_of_2023_is_told_line_by_line():
    table = s.statement(TABLES, "IFRS", "2023").set_index("line")
    assert table.loc["attributable", "value"] == -629
    assert table.loc["before_tax", ["value", "cell"]].tolist() == [-550, "derived"]
    assert table.loc["trading", "cell"] == "missing"  # the lines are rounded to hundreds


def test_a_line_that_the_statement_does_not_print_is_told_apart_from_a_missing_one():
    told = reasons(("associates", "2029/2031-06", "bought in July 2031"), ("*", "2030Q1", "none out"),
                   ("sales", "2030", "never asked"))  # fmt: skip
    tables = books(row(1, "sales", 100)) | {"statement-absent": told}
    year = s.statement(tables, "IFRS", "2030").set_index("line")
    assert year.loc["associates", ["cell", "why", "id", "source"]].tolist() == [
        "not printed", "bought in July 2031", "SA900", "press-a"]  # fmt: skip
    assert np.isnan(year.loc["associates", "value"])
    assert year.loc["sales", ["value", "cell", "why"]].tolist() == [100, "printed", ""]
    assert year.loc["assets", ["cell", "why"]].tolist() == ["missing", ""]
    quarter = s.statement(tables, "IFRS", "2030Q1")
    assert set(quarter["cell"]) == {"not printed"}
    half = s.statement(tables, "IFRS", "2031H1").set_index("line")["cell"]
    later = s.statement(tables, "IFRS", "2031H2").set_index("line")["cell"]
    assert half["associates"] == "not printed" and later["associates"] == "missing"
    assert set(half.drop("associates")) == {"missing"}  # a quarter that is not out is no half-year


def test_the_reasons_of_the_package():
    """The surcharge was levied from September 2022 to the end of 2024; the form has no EBITDA."""
    cells = {year: s.statement(TABLES, "IFRS", year).set_index("line").loc["extraction_surcharge", "cell"]
             for year in ("2021", "2022H1", "2022", "2023", "2024", "2025")}  # fmt: skip
    assert [year for year, cell in cells.items() if cell == "not printed"] == [
        "2021",
        "2022H1",
        "2025",
    ]
    assert (
        s.statement(TABLES, "RAS", "2021").set_index("line").loc["ebitda", "cell"] == "not printed"
    )
    lines = TABLES["statement-lines"].groupby("standard")["line"].agg(set)
    for row in TABLES["statement-absent"].itertuples():
        assert row.line == "*" or row.line in lines[row.standard]


def test_another_standard_is_refused():
    with pytest.raises(UnknownName, match="Unknown standard 'GAAP'"):
        s.statement(TABLES, "GAAP", "2021")


def test_coverage_counts_every_cell_once():
    table = s.coverage(TABLES, "IFRS", ["2016", "2021"])
    lines = (TABLES["statement-lines"]["standard"] == "IFRS").sum()
    assert (
        table[["printed", "derived", "vendor", "not printed", "missing"]].sum(axis=1) == lines
    ).all()
    assert table.loc["2021", "filled"] > 10


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(8224.177, 8224.2, True), (1859.679, 1860, True), (2165.5, 2100, False), (1930.03, 1903, False),
     (1202.887, 1200, True), (429.0, 430, False), (98, 100, False), (0.0, 0.0, True), (-629, -629.085, True)],
)  # fmt: skip
def test_a_figure_told_with_fewer_digits_is_no_restatement(one, other, same):
    """1200 may stand for 1150 to 1250; 430 and 100 are told to the last digit."""
    assert s._same(one, other) is same and s._same(other, one) is same
