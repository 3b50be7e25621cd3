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
        sheet.append([row[0], *(a._number(cell) for cell in row[1:])])
    book.save(path)
    return path


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
