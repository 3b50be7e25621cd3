"""Accounts read from a template, a workbook and a PDF, by row label, with control sums."""

import pytest

from energy import facts
from energy.errors import DataError
from energy.intake import accounts as a

ROWS = [
    ("Sales", "4,301,218", "5,698,339"),
    ("Net gain (loss) from trading activity", "11,911", "(20,391)"),
    ("Operating expenses", "(3,944,332)", "(4,617,986)"),
    ("Impairment loss on financial assets", "(43,645)", "(87,331)"),
    ("Operating profit", "325,152", "972,631"),
]  # the release of nine months of 2020, millions of roubles


def pdf(path, rows):
    import matplotlib.pyplot as plt

    with plt.rc_context({"pdf.fonttype": 42}):
        figure = plt.figure(figsize=(8, 5))
        lines = ["(in millions of Russian Rubles)", "2020M9 2019M9"]
        for number, text in enumerate([*lines, *(" ".join(row) for row in rows)]):
            figure.text(0.1, 0.9 - 0.08 * number, text, fontsize=11)
        figure.savefig(path)
        plt.close(figure)
    return path


def workbook(path, rows):
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["RUB million"])
    sheet.append([None, "2020M9", "2019M9"])
    for row in rows:
        sheet.append([row[0], *(a._parse_number(cell) for cell in row[1:])])
    book.save(path)
    return path


@pytest.mark.once
@pytest.mark.parametrize("make, name", [(pdf, "release.pdf"), (workbook, "databook.xlsx")])
def test_a_document_is_read_by_label_in_billions_with_costs_positive(tmp_path, make, name):
    if name.endswith("pdf"):
        pytest.importorskip("pdfplumber")
    found = {(f.line, f.period): f for f in a.read(make(tmp_path / name, ROWS))}
    assert len(found) == 10
    assert found["sales", "2020M9"].value == 4301.218
    assert found["expenses", "2020M9"].value == 3944.332
    assert found["trading", "2019M9"].value == -20.391
    assert found["operating_profit", "2019M9"].value == 972.631


def printed(path, rows):
    """Draw columns that only their places part, as a statement prints them."""
    import matplotlib.pyplot as plt

    with plt.rc_context({"pdf.fonttype": 42}):
        figure = plt.figure(figsize=(8, 8))
        for number, row in enumerate(rows):
            for x, side, text in zip(
                (0.05, 0.62, 0.78, 0.95), ("left", *["right"] * 3), row, strict=True
            ):
                figure.text(x, 0.95 - 0.04 * number, text, fontsize=9, ha=side)
        figure.savefig(path)
        plt.close(figure)
    return path


INCOME = [
    ("Выручка от продаж", "28", "6 111 051", "6 073 318"),
    ("Операционные расходы", "29", "(5 244 983)", "(4 635 502)"),
    ("Финансовые доходы", "30", "1 030 742", "990 546"),
    ("Финансовые расходы", "30", "(612 051)", "(1 399 322)"),
    ("Current profit tax expense", "", "(201 024)", "5 160"),
    ("Deferred profit tax expense", "", "(80 000)", "(25 000)"),
    ("Налог на прибыль", "", "(281 024)", "(19 840)"),
]  # figures of our own


def test_columns_parted_by_their_place_are_not_run_together_and_costs_are_positive(tmp_path):
    """Blanks part thousands: 30 is a note, 1 030 742 and 990 546 are two years.

    A current tax of 5 160 without brackets, on a page of costs in brackets, is a gain: -5.16.
    """
    pytest.importorskip("pdfplumber")
    head = [("(в миллионах российских рублей)", "", "", ""), ("", "", "2030", "2029")]
    found = {
        (f.line, f.period): f.value for f in a.read(printed(tmp_path / "ru.pdf", [*head, *INCOME]))
    }
    assert len(found) == 14
    assert (found["finance_income", "2030"], found["finance_income", "2029"]) == (1030.742, 990.546)
    assert (found["expenses", "2029"], found["finance_expense", "2030"]) == (4635.502, 612.051)
    assert (found["current_tax", "2030"], found["current_tax", "2029"]) == (201.024, -5.16)
    assert (found["profit_tax", "2030"], found["profit_tax", "2029"]) == (281.024, 19.84)


def test_a_line_in_which_nothing_parts_the_columns_is_not_read(tmp_path):
    """30 1 030 742 990 546 might be two years or one sum of a quadrillion."""
    pytest.importorskip("pdfplumber")
    rows = [("Sales", "4 301", "5 698"), ("Finance income", "30 1 030 742", "990 546")]
    found = {f.line for f in a.read(pdf(tmp_path / "run.pdf", rows))}
    assert "finance_income" not in found


def test_a_balance_and_an_income_statement_in_one_document(tmp_path):
    """Liabilities are subtracted from assets, yet they are no cost in brackets."""
    import openpyxl

    book = openpyxl.Workbook()
    for title, rows in (("income", ROWS), ("balance", [("Total assets", "100", "90"),
                                                      ("Total liabilities", "40", "35"),
                                                      ("Total equity", "60", "55")])):  # fmt: skip
        sheet = book.create_sheet(title)
        sheet.append([None, "2020M9", "2019M9"])
        for row in rows:
            sheet.append([row[0], *(a._parse_number(cell) for cell in row[1:])])
    book.save(tmp_path / "both.xlsx")
    found = {(f.line, f.period): f.value for f in a.read(tmp_path / "both.xlsx")}
    assert (found["liabilities", "2020M9"], found["expenses", "2020M9"]) == (0.04, 3944.332)


def test_a_databook_is_read_by_its_columns(tmp_path):
    """Quarters and nine months beside years, and an empty cell: each value under its own heading."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["RUB million", 2029, 2030, "1Q2030", "9M 2030", "change"])
    sheet.append(["Sales", 5000, 6000, 1500, None, 0.2])
    sheet.append(["Operating expenses", -4000, None, -1200, -3600, 0.1])
    book.save(tmp_path / "book.xlsx")
    found = {(f.line, f.period): (f.value, f.page) for f in a.read(tmp_path / "book.xlsx")}
    assert found == {
        ("sales", "2029"): (5.0, "sheet Sheet, cell B2"), ("sales", "2030"): (6.0, "sheet Sheet, cell C2"),
        ("sales", "2030Q1"): (1.5, "sheet Sheet, cell D2"),
        ("expenses", "2029"): (4.0, "sheet Sheet, cell B3"),
        ("expenses", "2030Q1"): (1.2, "sheet Sheet, cell D3"),
        ("expenses", "2030M9"): (3.6, "sheet Sheet, cell E3"),
    }  # fmt: skip


SALES = [
    ("Sales of gas", "", ""), ("Europe and other countries", "", ""),
    ("Net sales (net of excise tax and customs duties)", "729,629", "459,484"),
    ("Volumes in bcm", "64.5", "51.6"), ("Former Soviet Union countries", "", ""),
    ("Net sales (net of customs duties)", "113,269", "87,119"), ("Volumes in bcm", "11.9", "9.2"),
    ("Russian Federation", "", ""), ("Net sales (net of VAT)", "340,000", "319,007"),
    ("Volumes in bcm", "90.0", "80.1"), ("Total net sales of gas", "1,182,898", "865,610"),
]  # fmt: skip
"""As the releases print it; what is Russia's is invented, so that 729,629 + 113,269 + 340,000 add up."""


@pytest.mark.parametrize("make, name", [(pdf, "release.pdf"), (workbook, "databook.xlsx")])
def test_sales_by_market_are_read_below_the_name_of_each_market(tmp_path, make, name):
    if name.endswith("pdf"):
        pytest.importorskip("pdfplumber")
    found = {(f.line, f.period): f.value for f in a.read(make(tmp_path / name, SALES))}
    assert len(found) == 14
    assert (found["net_europe", "2020M9"], found["net_fsu", "2019M9"]) == (729.629, 87.119)
    assert (found["volume_europe", "2019M9"], found["volume_russia", "2020M9"]) == (51.6, 90.0)
    assert found["net_total", "2020M9"] == 1182.898


def test_a_wrong_sum_is_told_by_line_and_cell(tmp_path):
    """Row 13 holds the total (two rows of heading before it), column B the first period."""
    wrong = [*SALES[:-1], ("Total net sales of gas", "1,182,899,000", "865,610")]
    with pytest.raises(
        DataError, match=r"Sheet, cell B13: net_total of 2020M9 is 1\.1829e\+06, but net_e"
    ):
        a.read(workbook(tmp_path / "wrong.xlsx", wrong))


def test_a_document_that_does_not_add_up_is_refused_with_the_row(tmp_path):
    wrong = [*ROWS[:4], ("Operating profit", "325,153,000", "972,631")]
    with pytest.raises(DataError, match=r"operating_profit of 2020M9 is 325153, but sales \+"):
        a.read(workbook(tmp_path / "wrong.xlsx", wrong))


def filled(tmp_path, *rows):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([",".join(a.TEMPLATE), *rows]) + "\n", encoding="utf-8")
    return path


def test_every_fault_of_a_template_is_told_at_once(tmp_path):
    path = filled(tmp_path, "sales,Sales,RUB bn,2025,ten,", "profits,,RUB bn,2025,10,",
                  "equity,,RUB bn,soon,10,")  # fmt: skip
    with pytest.raises(DataError) as caught:
        a.read(path)
    faults = "; ".join(caught.value.faults)
    assert "row 2: value 'ten' is not a number; write 1234.5" in faults
    assert "row 3: line 'profits' is unknown" in faults and "row 4:" in faults


def test_strange_files_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"gone.pdf: no such file"):
        a.read(tmp_path / "gone.pdf")
    (tmp_path / "a.doc").write_text("x")
    with pytest.raises(DataError, match=r"a.doc: not read; save it as"):
        a.read(tmp_path / "a.doc")
    with pytest.raises(DataError, match="no row with a known label"):
        a.read(filled(tmp_path))
    assert a.template().splitlines()[1].startswith("sales,Sales,RUB bn,,,")


def test_a_filled_template_stands_in_the_statement(tmp_path, monkeypatch):
    from energy.finance import statement

    monkeypatch.setenv("ENERGY_HOME", str(tmp_path / "home"))
    path = filled(tmp_path, "assets,,RUB bn,2025,101,p. 9", "liabilities,,RUB bn,2025,41,p. 9")
    taken = a.install(path, title="Gazprom: IFRS 2025", published="2026-04-29")
    assert len(taken) == 2
    grid = statement.statement(facts.load(), "IFRS", "2025").set_index("line")
    assert grid.loc["equity", ["value", "cell"]].tolist() == [60, "derived"]
    assert grid.loc["assets", "page"] == "p. 9"
