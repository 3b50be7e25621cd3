"""Hostile files are refused early, with bounded memory: pipes, devices, sizes, depth, formulas."""

from __future__ import annotations

import ast
import io
import os
import re
import zipfile
from pathlib import Path

import folium
import openpyxl
import pandas as pd
import pytest

from energy import cli
from energy.intake import accounts, workers
from energy.measure.sheets import quoted, safe
from energy.sources import SOURCES, SourceError, inbox, reading
from energy.sources.contract import Request
from geodata import draw, gem

MEMORY = 2**29
ROOT = Path(__file__).parents[1]
ASKED = Request("eurostat", "nrg_ti_gasm-MIO_M3", "https://example.org")


def bounded(work):
    """Run work in a child that may take 512 MB more and 60 s; return what came of it, or what it raised."""
    try:
        return workers.apart(lambda send: work(), print, 60.0, MEMORY)
    except Exception as error:
        return error


def answer(body: bytes, kind: str = "application/json"):
    return reading.answer_of(ASKED, body, headers={"content-type": kind})


@pytest.fixture(params=["pipe", "device"])
def endless(request, tmp_path):
    path = tmp_path / "P1234.geojson"
    os.mkfifo(path) if request.param == "pipe" else path.symlink_to("/dev/zero")
    return path


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda path: inbox.answer_of(path), "DataError.*no plain file"),
        (lambda path: repr(gem.read_folder(path.parent).attrs), "no plain file of at most 64 MB"),
        (lambda path: accounts.read(path), "DataError.*no plain file"),
    ],
    ids=["inbox", "gem", "accounts"],
)
def test_what_has_no_end_is_not_read(endless, read, said):
    found = bounded(lambda: read(endless))
    assert re.search(said, f"{type(found).__name__}: {found}", re.DOTALL)


def test_a_declared_size_of_a_thousand_million_costs_nothing():
    sample = b"""{"version":"2.0","class":"dataset","label":"x","updated":"2026-10-01T11:00:00",
      "id":["freq","siec","partner","unit","geo","time"],"size":[1000000000,1,1,1,1,1],"value":{"0":1},
      "dimension":{"freq":{"category":{"index":{"M":0}}},"siec":{"category":{"index":{"G3000":0}}},
      "partner":{"category":{"index":{"RU":0}}},"unit":{"category":{"index":{"MIO_M3":0}}},
      "geo":{"category":{"index":{"HU":0}}},"time":{"category":{"index":{"2026-07":0}}}}}"""
    error = bounded(lambda: SOURCES["eurostat"].parse(answer(sample)))
    assert isinstance(error, SourceError), error
    assert "do not run from 0 to its size 1000000000" in str(error)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"value": {"0": 1}, "value": {}}', "has the key 'value' twice in one object"),
        (b'{"a": {"0": 1, "0": 2}}', "has the key '0' twice"),
        (b"[" * 100_000 + b"]" * 100_000, "faulty|too deep"),
    ],
)
def test_json_that_says_two_things_or_is_a_well(body, said):
    with pytest.raises(SourceError, match=said):
        reading.read_json(answer(body))


def test_a_cell_in_the_last_column_of_a_sheet_is_refused_early():
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("wide")
    sheet.append([None] * 16_383 + [1])
    for _ in range(2_000):
        sheet.append([1])
    file = io.BytesIO()
    book.save(file)
    wide = answer(file.getvalue(), "application/zip")
    error = bounded(lambda: reading.read_workbook(wide))
    assert isinstance(error, SourceError), error
    assert "row 1 has 16,384 cells; at most 2,000" in str(error)


@pytest.mark.once
def test_a_workbook_that_unpacks_to_too_much():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (80 * 2**20))
    error = bounded(lambda: reading.read_workbook(answer(file.getvalue(), "application/zip")))
    assert isinstance(error, SourceError) and "unpacks to" in str(error)


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "%0A"]
)
def test_text_that_a_spreadsheet_would_run_is_quoted(text):
    assert quoted(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["-12.5", "+3", "-", "--", "1e-5", "-1,234.5", "-45%", "gas", "", "– 3"]
)
def test_numbers_and_dashes_stay_as_they_are(text):
    assert quoted(text) == text


def test_a_table_is_quoted_in_text_and_names_alone():
    table = pd.DataFrame({"=name": ["=1", None], "value": [-1.5, 2.0]})
    made = safe(table)
    assert list(made) == ["'=name", "value"] and made["'=name"].iloc[0] == "'=1"
    assert made["'=name"].isna().iloc[1] and made["value"].tolist() == [-1.5, 2.0]


def test_the_command_line_writes_quoted_csv(capsys):
    from energy.cli.command import emit

    emit(pd.DataFrame({"name": ["=HYPERLINK(1)"], "value": [-2.0]}), "csv")
    assert capsys.readouterr().out == "name,value\n'=HYPERLINK(1),-2\n"


def test_every_csv_that_is_written_is_quoted():
    """Each call of `to_csv` in the packages is one on a table that `safe` gave."""
    bare, count = [], 0
    for path in sorted(p for top in ("energy", "geodata") for p in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "to_csv":
                count += 1
                made = node.func.value
                quotes = isinstance(made, ast.Call) and getattr(made.func, "id", "") == "safe"
                bare += [] if quotes else [f"{path.relative_to(ROOT)}:{node.lineno}"]
    assert count >= 8 and bare == []


def test_the_template_of_the_accounts_and_the_log_of_backtests_are_quoted(tmp_path):
    title = "=HYPERLINK(1)"
    accounts._write(tmp_path / "sources.csv", pd.DataFrame(columns=["source", "title"], dtype=str),
                    [{"source": "a", "title": title}, {"source": "b", "title": "plain"}], "source")  # fmt: skip
    assert (tmp_path / "sources.csv").read_text() == f"source,title\na,'{title}\nb,plain\n"
    assert accounts.template("RAS").startswith("line,")


@pytest.mark.once
@pytest.mark.parametrize(
    "words",
    [
        ("import", "gem", "{pipe}"),
        ("import", "facts", "{folder}"),
        ("import", "accounts", "{pipe}", "--title", "x", "--published", "2026-01-01"),
        ("import", "{pipe}"),
        ("scores", "--submit", "{pipe}"),
        ("export", "--check", "{pipe}"),
        ("check", "{pipe}"),
        ("map", "--gem", "{pipe}", "{folder}/world.html"),
        ("update", "2026Q3", "--dry-run", "--offline", "{pipe}"),
    ],
    ids=" ".join,
)
def test_no_verb_waits_for_a_pipe(words, tmp_path, capfd):
    """A pipe in the place of whatever a verb reads is a sentence, and the verb ends."""
    pipe, folder = tmp_path / "volumes.csv", tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(pipe)
    os.mkfifo(folder / "volumes.csv")
    given = [word.format(pipe=pipe, folder=folder) for word in words]
    assert bounded(lambda: cli.main(given)) in (1, 2)
    assert "energy: " in capfd.readouterr().err


def test_a_pipe_named_on_the_command_line_is_a_sentence(tmp_path, capsys):
    os.mkfifo(tmp_path / "figures.csv")
    assert cli.main(["import", "inbox", str(tmp_path / "figures.csv")]) == 1
    assert "energy:" in capsys.readouterr().err


def test_the_policy_allows_only_scripts_of_the_page_itself():
    page = draw.OfflineMap(title="</title><script>alert(1)</script>")
    slipped = "<p>x</p><script>alert(2)</script>"
    page.get_root().html.add_child(folium.Element(slipped))
    text = page.get_root().render()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)

    def allowed(script: str) -> bool:
        import base64
        import hashlib

        return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy

    assert slipped in text and not allowed("alert(2)") and not allowed("alert(1)")
    own = [script for script in scripts if "alert(" not in script]
    assert len(own) >= 2 and all(map(allowed, own))
    assert text == page.get_root().render()
