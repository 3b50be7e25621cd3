"""The command line: data to stdout, talk to stderr, exit codes, help that teaches."""

import io
import json
import subprocess
import sys

import pandas as pd
import pytest

from energy import cli

VERBS = [
    "build", "map", "plot", "export", "flows", "finance", "netback", "economics", "mirror", "network",
    "project", "backtest", "sources", "cite", "check", "import", "update", "diff",
]  # fmt: skip


def run(capsys, *words):
    code = cli.main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


def test_every_verb_has_a_help_with_an_example(capsys):
    for verb in VERBS:
        with pytest.raises(SystemExit) as stop:
            cli.main([verb, "--help"])
        assert stop.value.code == 0
        assert f"energy {verb}" in capsys.readouterr().out.split("options:")[-1]


def test_the_top_help_names_every_verb(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert all(f"\n    {verb} " in text for verb in VERBS)
    assert "exit codes" in text


def test_flows_as_csv_and_json(capsys):
    code, out, err = run(
        capsys, "flows", "power-of-siberia-1", "--freq", "A", "--from", "2024", "--to", "2025"
    )
    assert (code, err) == (0, "")
    table = pd.read_csv(io.StringIO(out))
    assert table["flow"].tolist() == [31.12, 38.8]
    assert table["period"].tolist() == [2024, 2025]
    code, out, _ = run(
        capsys, "flows", "blue-stream", "--from", "2021Q1", "--to", "2021Q1", "--format", "json"
    )
    assert [row["route"] for row in json.loads(out)] == ["blue-stream"]


def test_parquet_to_stdout():
    pytest.importorskip("pyarrow")
    command = [sys.executable, "-m", "energy.cli", "sources", "--format", "parquet"]
    result = subprocess.run(command, capture_output=True, check=True)
    table = pd.read_parquet(io.BytesIO(result.stdout))
    assert {"source", "title", "url"} <= set(table.columns)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["flows", "blue-steam"], 2, "Unknown route 'blue-steam'; near: blue-stream"),
        (["flows", "--from", "2024Q5"], 2, "2024Q5"),
        (["flows", "--unit", "cubit"], 2, "cubit"),
        (["cite", "V9999"], 2, "Unknown id"),
        (["finance", "--bridge", "1950"], 1, "1950"),
        (["finance", "--metric", "ebita"], 2, "ebitda"),
        (["import", "gem", "nowhere"], 1, "nowhere"),
        (["import", "facts", "nowhere"], 1, "no such folder"),
        (["map", "atlas.txt"], 1, "does not end in .html"),
        (["map", "--gem", "nowhere", "world.html"], 1, "nowhere"),
        (["plot", "map.bmp"], 1, "'map.bmp' is no picture; name a file .svg, .png, .pdf, or .gif"),
        (["plot", "map.svg", "1950Q1"], 2, "no period '1950Q1'"),
        (["plot", "map.svg", "soon"], 2, "soon"),
        (["export", "--check", "nowhere"], 1, "is not a folder"),
    ],
)
def test_wrong_words_get_one_sentence_and_a_code(capsys, words, code, message):
    got, out, err = run(capsys, *words)
    assert (got, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


def test_an_unknown_verb_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["fly"])
    assert stop.value.code == 2


def test_cite_finance_and_sources_print_tables(capsys):
    assert (
        "the only figure" in run(capsys, "cite", "V0001")[1]
        or "taken" in run(capsys, "cite", "V0001")[1]
    )
    _, out, _ = run(capsys, "finance", "--standard", "RAS", "--metric", "net_profit")
    assert set(pd.read_csv(io.StringIO(out))["standard"]) == {"RAS"}
    _, out, _ = run(capsys, "finance", "--bridge", "2021")
    assert "gap" in out


def test_check_is_clean_and_finds_what_is_wrong(capsys, tmp_path):
    assert run(capsys, "check")[0] == 0
    (tmp_path / "events.csv").write_text("event,date\nE900,2024\n", encoding="utf-8")
    code, _, err = run(capsys, "check", str(tmp_path))
    assert code == 1
    assert "column 'precision' is missing" in err


def test_check_of_a_line_of_ones_own(capsys, tmp_path):
    feature = {
        "type": "Feature",
        "id": "blue-stream",
        "properties": {"name": "Blue Stream"},
        "geometry": None,
    }
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    (tmp_path / "routes.geojson").write_text(text, encoding="utf-8")
    code, _, err = run(capsys, "check", str(tmp_path))
    assert code == 1
    assert "blue-stream" in err


def test_a_closed_pipe_is_no_error():
    command = f"{sys.executable} -m energy.cli sources | head -1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("source,")
    assert "Traceback" not in result.stderr


def gem_folder(tmp_path):
    """Two lines and a broken file in Global Energy Monitor's form, and a table of names."""
    folder = tmp_path / "gem"
    folder.mkdir()
    for name, line in {"P0001": [[10, 50], [12, 51]], "P0002": [[20, 40], [22, 41]]}.items():
        shape = {"type": "LineString", "coordinates": line}
        feature = {"type": "Feature", "properties": {}, "geometry": shape}
        text = json.dumps({"type": "FeatureCollection", "features": [feature]})
        (folder / f"{name}.geojson").write_text(text)
    (folder / "P0003.geojson").write_text("{")
    table = "ProjectID,PipelineName,Status\nP0001,First & Line,operating\n"
    (tmp_path / "names.csv").write_text(table, encoding="utf-8")
    return folder


def test_map_of_every_pipeline(capsys, tmp_path):
    folder, page = gem_folder(tmp_path), tmp_path / "world.html"
    names = str(tmp_path / "names.csv")
    code, out, err = run(capsys, "map", "--gem", str(folder), "--attributes", names, str(page))
    assert (code, out) == (0, f"{page}\n")
    assert "not read: P0003.geojson" in err
    text = page.read_text(encoding="utf-8")
    assert "2 lines drawn of 3 projects" in text
    assert "Global Energy Monitor" in text


def test_a_table_of_attributes_needs_its_lines(capsys, tmp_path):
    with pytest.raises(SystemExit) as stop:
        cli.main(["map", "--attributes", "names.csv", str(tmp_path / "world.html")])
    assert stop.value.code == 2
    assert "name that folder too" in capsys.readouterr().err


def test_export_and_check_of_what_somebody_sent(capsys, tmp_path):
    code, out, _ = run(capsys, "export", "--dated", str(tmp_path))
    assert code == 0
    edition = tmp_path / "2026-06-01"
    assert f"{edition}/checksums.txt" in out.split()
    for folder in (tmp_path, edition, tmp_path / "latest"):
        code, out, err = run(capsys, "export", "--check", str(folder))
        assert (code, out) == (0, "")
        assert "no fault found" in err
    (edition / "hubs.fgb").unlink()
    with (edition / "routes.geojson").open("a") as file:
        file.write(" ")
    code, _, err = run(capsys, "export", "--check", str(edition))
    assert code == 1
    assert "hubs.fgb: listed in checksums.txt, but missing" in err
    assert "routes.geojson: changed since it was written" in err
    assert "2 faults found" in err
    with pytest.raises(SystemExit):
        cli.main(["export", "--check", "--dated", str(edition)])


def test_pictures_from_the_command_line(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    for name, periods, word in (
        ("map.svg", [], "2025 Q4 (Oct–Dec)"),
        ("month.svg", ["2021-02"], "Feb 2021"),
        ("years.svg", ["2019", "2022"], ">2022<"),
    ):
        target = tmp_path / name
        assert run(capsys, "plot", str(target), *periods)[:2] == (0, f"{target}\n")
        text = target.read_text(encoding="utf-8")
        assert word in text
        assert "Figures: the sources named" in text
    target = tmp_path / "years.gif"
    assert run(capsys, "plot", str(target), "2021", "2022")[0] == 0
    assert target.read_bytes().startswith(b"GIF89a")


def test_project_prints_a_table_or_writes_a_file(capsys, tmp_path):
    words = ["project", "--until", "2027", "--scenario", "baseline", "--draws", "300"]
    code, out, err = run(capsys, *words)
    table = pd.read_csv(io.StringIO(out))
    assert (code, err) == (0, "")
    assert list(table.columns[3:7]) == ["p10", "p50", "p90", "mean"]
    assert "turkstream-2" in set(table["route"])
    code, out, _ = run(capsys, *words, "--out", str(tmp_path / "p.nc"))
    assert code == 0 and (tmp_path / "p.nc").stat().st_size > 10_000
    assert "power-of-siberia-2" in run(capsys, "project", "--timing")[1]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--draws", "0"], 1, "draws is 0; a projection needs a whole number of 1 or more"),
        (["--until", "2019"], 2, "Horizon '2019' ends before the last datum"),
        (["--scenario", "doom"], 2, "Unknown scenario 'doom'"),
        (["--scheduler", "nonsense://x"], 1, "Scheduler 'nonsense://x' does not answer"),
        (["--out", "p.csv"], 1, "does not end in .nc"),
    ],
)
def test_project_refuses_and_writes_nothing(capsys, tmp_path, words, code, message):
    target = tmp_path / "p.nc"
    more = [] if "--out" in words else ["--out", str(target)]
    got, out, err = run(capsys, "project", *words, *more)
    assert (got, out) == (code, "") and message in err
    assert list(tmp_path.iterdir()) == []


def test_backtest_scores_and_lists_the_forecasts_of_others(capsys):
    words = ["backtest", "--models", "naive", "--first", "2019Q1", "--last", "2020Q4"]
    code, out, _ = run(capsys, *words)
    table = pd.read_csv(io.StringIO(out))
    assert code == 0 and {"naive", "seasonal naive"} == set(table["model"])
    assert table.set_index("model").loc["seasonal naive", "skill"].eq(0).all()
    assert len(pd.read_csv(io.StringIO(run(capsys, "backtest", "--league")[1]))) >= 25
    assert "inside" in run(capsys, "backtest", "--timing")[1].split("\n")[0]
    code, _, err = run(capsys, "backtest", "--models", "oracle")
    assert code == 2 and "Unknown forecaster 'oracle'" in err
