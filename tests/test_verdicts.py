"""One verdict for all sources: an outage is never "no data", one bad cell never costs a source."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys

import orjson
import pandas as pd
import pytest
import samples
from samples import QUARTER, RETRIEVED, answer, edited

from energy import sources
from energy.intake import gate, update, verdict
from energy.sources import SOURCES, SourceError, entsog, eurostat, gie, pinksheet
from energy.sources.reading import answer_of, empty
from energy.store import Store


def cube(**changes):
    """Return the monthly sample of Eurostat with parts of its JSON replaced."""
    data = orjson.loads((samples.DATA / "eurostat" / "monthly.json").read_bytes())
    data.update(changes)
    return eurostat.parse(answer("eurostat", orjson.dumps(data), type=samples.JSON))


# -- Eurostat: confidential, unknown, empty --------------------------------------------------------


def test_a_withheld_cell_is_told_and_is_not_the_same_as_missing():
    data = orjson.loads((samples.DATA / "eurostat" / "monthly.json").read_bytes())
    place = next(str(n) for n in range(1000) if str(n) not in data["value"])
    plain = cube()
    found = cube(status={**data["status"], place: "|C"})
    assert len(found) == len(plain) and len(found.attrs["withheld"]) == 1
    assert found.attrs["withheld"][0].startswith("M.") and "withheld" not in plain.attrs


@pytest.mark.parametrize(
    ("flag", "status", "note"),
    [
        ("p|C", "provisional", "flag p|C"),
        ("|C", "actual", "flag |C"),
        ("q", "provisional", "warning: flag 'q' has the unknown letter 'q'"),
        ("iq|F", "provisional", "warning: flag 'iq|F' has the unknown letter 'i'"),
    ],
)
def test_a_value_with_a_bar_or_an_unknown_letter_stays(flag, status, note):
    data = orjson.loads((samples.DATA / "eurostat" / "monthly.json").read_bytes())
    place = next(iter(data["value"]))
    plain, found = cube(), cube(status={place: flag})
    assert len(found) == len(plain)
    marked = found[found["note"] == note]
    assert list(marked["status"]) == [status]
    assert found.attrs.get("told", []) == ([note] if note.startswith("warning") else [])


def test_no_value_in_any_cell_and_a_dimension_of_size_0_are_one_state():
    nothing = cube(value={}, status={})
    unknown = eurostat.parse(answer("eurostat", "empty.json"))
    assert nothing.empty and unknown.empty
    for found in (nothing, unknown):
        assert "nothing yet, as of " in found.attrs["told"][0]
    hidden = cube(value={}, status={"0": "|C", "1": "|C"})
    assert hidden.empty and len(hidden.attrs["withheld"]) == 2 and "told" not in hidden.attrs


# -- one bad cell ----------------------------------------------------------------------------------


def records(change):
    """Return ENTSOG's sample, twenty days long, one record changed."""
    data = orjson.loads((samples.DATA / "entsog" / "answer.json").read_bytes())
    root = next(name for name in data if name.lower() == "operationaldata")
    one = next(r for r in data[root] if r["value"] not in ("", None))
    days = [dt.date(2026, 7, 1) + dt.timedelta(days=n) for n in range(20)]
    many = [{**one, "periodFrom": f"{day}T06:00:00+02:00", "value": 480_000_000} for day in days]
    change(many)
    return entsog.parse(answer("entsog", orjson.dumps({**data, root: many}), type=samples.JSON))


def test_a_null_is_missing_and_a_negative_waits_in_quarantine():
    found = records(lambda rows: rows[3].update(value=None))
    assert len(found) == 19
    found = records(lambda rows: rows[3].update(value=-12))
    good, doubtful = gate.gate(found, gate.Context(empty()))
    assert (len(good), list(doubtful["reason"])) == (
        19,
        ["-12 cannot be: the series has no such values"],
    )


def test_a_cell_that_is_no_number_costs_only_itself_and_many_cost_the_answer():
    found = records(lambda rows: rows[3].update(value="480000000,5"))
    assert len(found) == 19
    assert found.attrs["faulty"][0]["period"] == "2026-07-04"
    assert found.attrs["faulty"][0]["reason"].startswith("'480000000,5' of ")

    def spoil(rows):
        for row in rows[:3]:
            row["value"] = "480000000,5"

    with pytest.raises(SourceError, match=r"expected kWh a day, 0 or more\. 3 of 20 so"):
        records(spoil)


def test_a_new_word_of_flow_status_is_told():
    found = records(lambda rows: rows[3].update(flowStatus="Validated"))
    assert len(found) == 20
    assert found.attrs["told"] == ["warning: flowStatus 'Validated' is unknown"]


def test_a_bad_price_waits_and_the_workbook_is_read():
    book = samples.with_cell(8, 5, "7,4")
    found = pinksheet.parse(answer("pinksheet", book, type=samples.XLSX, request=samples.BOOK))
    assert len(found) == 18
    assert [row["reason"] for row in found.attrs["faulty"]] == [
        "Natural gas, Europe of 2015-04 (row 9) is '7,4'; expected a number with a decimal point."
    ]


def test_an_unknown_status_of_storage_is_a_warning_on_its_row():
    found = gie.parse(edited("gie", "page1.json", '"E"', '"X"', tag="DE"))
    odd = found[found["note"] != ""]
    assert set(odd["note"]) == {"warning: status 'X' is unknown; expected C, E or N"}
    assert set(odd["status"]) == {"estimate"}


@pytest.mark.parametrize("mark", ["..", "...", "…", "n/a", "-", " "])
def test_a_gap_of_any_edition_of_the_pink_sheet_is_missing(mark):
    book = samples.with_cell(8, 5, mark)
    found = pinksheet.parse(answer("pinksheet", book, type=samples.XLSX, request=samples.BOOK))
    assert len(found) == 18 and "faulty" not in found.attrs


# -- a fallback tells the first failure ------------------------------------------------------------


def test_a_substitute_is_told_and_its_failure_tells_the_first():
    book, told = samples.workbook(), []

    def fetch(request):
        if request.tag == "page":
            return samples.answer("pinksheet", "page.html", tag="page")
        if request.tag == "workbook":
            return answer_of(request, b"PK broken", retrieved=RETRIEVED)
        return samples.answer("pinksheet", book, type=samples.XLSX, request=request)

    (_, page), (last, rows) = sources.gather(SOURCES["pinksheet"], QUARTER, fetch, told.append)
    assert page.empty and last.request.tag == "workbook-known" and len(rows) == 19
    assert len(told) == 1 and told[0].startswith(
        "workbook failed, workbook-known asked instead: Not"
    )

    def refuse(request):
        if request.tag == "workbook-known":
            raise SourceError(request.source, request.url, "HTTP 410.", 410)
        return fetch(request)

    with pytest.raises(SourceError, match=r"Not a whole zip file .+ failed too: HTTP 410\."):
        list(sources.gather(SOURCES["pinksheet"], QUARTER, refuse))


# -- the table of verdicts -------------------------------------------------------------------------


def quarter_of(count: int, source: str = "ecb") -> pd.DataFrame:
    days = [str(dt.date(2026, 7, 1) + dt.timedelta(days=n)) for n in range(count)]
    return empty().reindex(range(count)).assign(period=days, source=source)


@pytest.mark.parametrize(
    ("source", "lag", "day", "rows", "doubtful", "withheld", "word", "said"),
    [
        ("ecb", 1, "2026-10-05", 70, 0, [], "rows", ""),
        ("ecb", 1, "2026-10-05", 12, 0, [], "rows", "12 rows of 2026Q3; at least 59 are usual"),
        ("ecb", 1, "2026-10-05", 70, 2, [], "cell in quarantine", ""),
        ("ecb", 1, "2026-10-05", 0, 0, [], "failed", "No row of 2026Q3, which it should have had by 2026-10-02"),
        ("eurostat", 56, "2026-11-28", 0, 0, [], "nothing yet", "it is usual by 2026-12-26"),
        ("eurostat", 56, "2026-12-27", 0, 0, [], "failed", "an outage"),
        ("eurostat", 56, "2026-12-27", 0, 0, ["M.G3000.RU.DE"], "withheld", "1 cells are confidential, M.G3000"),
        ("comtrade", 240, "2026-11-28", 0, 0, [], "nothing yet", "No row of 2026Q3 yet"),
        ("gem", 0, "2026-11-28", 0, 0, [], "nothing yet", ""),
    ],
)  # fmt: skip
def test_the_verdict(source, lag, day, rows, doubtful, withheld, word, said):
    found = verdict.judge(source, QUARTER, dt.date.fromisoformat(day), lag, quarter_of(rows),
                          doubtful, withheld)  # fmt: skip
    assert found[0] == word and found[0] in verdict.WORDS
    assert said in found[1] and bool(said) == bool(found[1])


def test_every_source_with_a_calendar_has_a_pace():
    assert set(verdict.PACES) == {name for name, module in SOURCES.items() if module.LAG} - {
        "inbox"
    }
    assert all(verdict.expected(name, QUARTER) > 0 for name in verdict.PACES)


@pytest.mark.slow
def test_an_outage_of_the_rate_service_fails_the_source_and_the_code(tmp_path, tracker):
    """All questions answered with 404 (as in May 2025), or all with an empty body."""
    for status, said in ((404, "HTTP 404 where CSV"), (200, "No row of 2026Q3")):
        kept, home = (Store.open(tmp_path / f"{status}{name}") for name in "ab")
        for request in SOURCES["ecb"].request(QUARTER):
            kept.keep(answer_of(request, b"", status=status, headers={"content-type": "text/csv"},
                                retrieved=RETRIEVED), QUARTER)  # fmt: skip
        report = update.run(QUARTER, "dry-run", home, offline=kept.root, only=["ecb"],
                            now=lambda: RETRIEVED, tables=tracker.facts)  # fmt: skip
        row = report.sources.iloc[0]
        assert (report.code, row["outcome"], row["verdict"]) == (3, "failed", "failed")
        assert said in row["what"] and said in report.note


# -- stdout ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("console", ["cp1252", "cp866", "ascii", "gbk"])
def test_data_on_stdout_are_utf8_whatever_the_console_says(console):
    code = "import sys; from energy.cli.faults import prepare; prepare(); print('Сила 中 ١')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={"PYTHONIOENCODING": console}, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert io.BytesIO(done.stdout).read().decode("utf-8").strip() == "Сила 中 ١"
