"""One test a kind of trouble that real services, files and consoles have made (tests/data/cases)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path

import pytest
import samples
from openpyxl import Workbook

from energy.intake import gate, verdict
from energy.sources import SourceError, ecb, entsog, eurostat, files, forms, pinksheet
from energy.sources.reading import empty

CASES = samples.DATA / "cases"


def case(source: str, name: str, type: str = samples.JSON, **options):
    return samples.answer(source, (CASES / name).read_bytes(), type=type, **options)


def test_every_file_has_its_test():
    text = (CASES / "README.md").read_text() + Path(__file__).read_text()
    found = [path.name for path in CASES.iterdir() if path.name != "README.md"]
    assert len(found) == 9 and all(text.count(name) >= 2 for name in found)


def test_an_outage_as_404_is_a_failure():
    for content in (b"", (CASES / "ecb_404.xml").read_bytes()):
        with pytest.raises(SourceError, match="HTTP 404 where CSV was expected"):
            ecb.parse(samples.answer("ecb", content, status=404, type=samples.CSV))


def test_a_sunday_without_a_rate_is_empty_and_a_whole_quarter_without_one_has_failed():
    found = ecb.parse(case("ecb", "ecb_sunday.csv", samples.CSV))
    assert found.empty
    word, why = verdict.judge("ecb", samples.QUARTER, dt.date(2026, 10, 5), ecb.LAG, found)
    assert word == "failed" and "an outage?" in why


def test_two_dots_are_a_gap():
    """Of twelve cells ten hold a price: Europe and Japan lack one each."""
    book = Workbook()
    book.active.title = pinksheet.SHEET
    text = (CASES / "pinksheet_two_dots.csv").read_text(encoding="utf-8")
    for line in csv.reader(io.StringIO(text)):
        book.active.append([samples._cell(cell) for cell in line])
    out = io.BytesIO()
    book.save(out)
    answer = samples.answer("pinksheet", out.getvalue(), type=samples.XLSX, request=samples.BOOK)
    found = pinksheet.parse(answer)
    assert len(found) == 10 and "faulty" not in found.attrs
    assert dict(found["series"].value_counts()) == {
        "wb_brent": 3, "wb_gas_us": 3, "wb_gas_europe": 2, "wb_lng_japan": 2,
    }  # fmt: skip
    assert set(found["published"]) == {"2022-04-04"}


def test_a_confidential_cell_is_withheld_and_a_new_flag_a_warning():
    found = eurostat.parse(case("eurostat", "eurostat_confidential.json"))
    rows = found.set_index(["entity", "period"])
    assert rows["value"].to_dict() == {
        ("hungary", "2026-07"): 610.0,
        ("hungary", "2026-08"): 620.5,
        ("turkey", "2026-08"): 1750.0,
    }
    assert rows.loc[("hungary", "2026-08"), "status"] == "provisional"
    assert found.attrs["withheld"] == ["M.G3000.RU.MIO_M3.TR.2026-07"]
    assert found.attrs["told"] == ["warning: flag 'q' has the unknown letter 'q'"]


def test_all_confidential_is_withheld_and_nothing_yet_is_one_state_in_both_forms():
    hidden = eurostat.parse(case("eurostat", "eurostat_all_confidential.json"))
    assert hidden.empty and len(hidden.attrs["withheld"]) == 4 and "told" not in hidden.attrs
    for name in ("eurostat_all_missing.json", "eurostat_time_zero.json"):
        found = eurostat.parse(case("eurostat", name))
        assert found.empty and "nothing yet, as of 2026-09-22" in found.attrs["told"][0]
    day = dt.date(2026, 11, 28)
    words = [verdict.judge("eurostat", samples.QUARTER, day, eurostat.LAG, empty(), 0, kept)[0]
             for kept in (hidden.attrs["withheld"], ())]  # fmt: skip
    assert words == ["withheld", "nothing yet"]


def test_one_bad_cell_costs_only_itself():
    found = entsog.parse(case("entsog", "entsog_bad_cells.json"))
    good, doubtful = gate.gate(found, gate.Context(empty()))
    assert good["value"].tolist() == [410000000.0]  # the null is missing
    assert doubtful["value"].tolist() == [-7.0]


def test_the_release_of_gem_is_told_by_its_head_and_read(tmp_path):
    path = CASES / "gem_release.geojson"
    assert forms.recognise(path).name == "gem-release"
    folder = files.unfold(path, tmp_path)
    assert sorted(p.stem for p in folder.glob("*.geojson")) == ["P0679", "P2352"]
    line = json.loads((folder / "P2352.geojson").read_text())["coordinates"]
    assert [point[:2] for point in line] == [[118.0, 58.0], [127.5, 50.25]]
