"""The command line: data to stdout, talk to stderr, exit codes, help that teaches."""

import csv
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

from energy import cli
from energy.cli import command, faults, terminal
from energy.publish import whole

VERBS = [
    "build", "site", "map", "plot", "export", "flows", "exports", "finance", "netback",
    "economics", "mirror", "network",
    "project", "backtest", "sources", "cite", "check", "import", "update", "probe", "diff",
    "routes", "units", "metrics", "scenarios", "search", "completion", "what-if", "mcp",
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


@pytest.mark.once
def test_flows_as_csv_and_json(capsys):
    code, out, err = run(
        capsys, "flows", "power-of-siberia-1", "--freq", "A", "--from", "2024", "--to", "2025"
    )
    assert (code, err) == (0, "")
    table = pd.read_csv(io.StringIO(out))
    assert table["reported"].tolist() == [31.12, 38.8]  # as Gazprom said: V0197, V0198
    # the balance weighs China's customs too: its interval holds what Gazprom said
    assert (table["flow_p10"] < table["reported"]).all() and (
        table["reported"] < table["flow_p90"]
    ).all()
    assert table["flow"].tolist() == pytest.approx([31.12, 38.83], abs=0.02)
    assert (table["flow_p10"] < table["flow"]).all() and (table["flow"] < table["flow_p90"]).all()
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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["flow"], "Unknown verb 'flow'; did you mean: flows"),
        (["qqqq"], "Unknown verb 'qqqq'; energy --help lists the verbs."),
        (
            ["flows", "--form", "csv"],
            "Unknown option '--form' of energy flows; did you mean: --format, --from",
        ),
        (["flows", "--qqqq"], "Unknown option '--qqqq' of energy flows"),
        (["sources", "blue-stream"], "Word 'blue-stream' is one too many for energy sources."),
        (["network", "stranded", "2026Q1", "2025Q4"], "energy network stranded needs one period"),
        (["mirror"], "Name a route or market, e.g. energy mirror turkey 2024"),
        (["netback", "nord-stream-1", "2020", "--assume", "x=y"], "--assume takes CHARGE=NUMBER"),
        (["economics", "--inputs"], "--inputs and --tornado need a line"),
        (["export", "--check", "--dated", "x"], "--check writes nothing; leave --dated out"),
        (["map", "--attributes", "names.csv", "world.html"], "name that folder too"),
        (
            ["update", "2026Q3", "--dry-run", "--offline", "nowhere"],
            "--offline nowhere: no such folder",
        ),
    ],
)
def test_wrong_usage_shows_the_verb_and_what_is_near(capsys, words, message):
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert message in err
    if words[0] in VERBS:
        assert err.startswith(f"usage: energy {words[0]} ")


@pytest.mark.once
def test_exports_by_market_say_all_of_themselves(capsys):
    words = ["exports", "China", "europe", "--from", "2024", "--to", "2025"]
    code, out, err = run(capsys, *words)
    assert (code, err) == (0, "")
    table = pd.read_csv(io.StringIO(out)).set_index(["market", "period"])
    assert list(table.index) == [
        ("china", 2024),
        ("china", 2025),
        ("europe", 2024),
        ("europe", 2025),
    ]
    assert table.loc[("china", 2025), "flow"] == pytest.approx(38.8, abs=0.1)
    assert set(table["unit"]) == {"bcm"} and set(table["basis"]) == {"20C"} and table["whole"].all()
    code, out, err = run(capsys, "exports", "--from", "1990", "--to", "1991")
    assert (code, out) == (2, "") and "No figure in those periods" in err


def test_a_word_of_the_tracker_leads_to_its_verb(capsys):
    for word, verb in cli.ELSEWHERE.items():
        assert verb.split()[0] in cli.verb_names()
        code, out, err = run(capsys, word)
        assert (code, out) == (2, "") and err.endswith(f"it is: energy {verb}\n")


def test_nothing_asked_is_answered_with_the_help(capsys):
    code, out, err = run(capsys)
    assert (code, err) == (0, "")
    assert "start here" in out


def test_a_comparison_with_a_day_to_come_is_refused(capsys):
    code, out, err = run(capsys, "diff", "2026Q2", "2131Q1")
    assert code == 2 and out == ""
    assert "'2131Q1' lies in the future" in err and "name a day or period that has begun" in err


def test_with_an_empty_store_the_package_is_compared(capsys):
    """Nothing in the package was printed between the ends of June and September 2026."""
    code, out, err = run(capsys, "diff", "2026Q2", "2026Q3")
    assert code == 0 and "2026Q2 is no release of this store; taken as 2026-06-30" in err
    assert err.endswith("energy: no difference\n")
    assert out.startswith("change,series,entity,") and out.count("\n") == 1


def test_what_there_is_can_be_listed_and_found(capsys):
    table = pd.read_csv(io.StringIO(run(capsys, "routes", "china")[1]))
    assert table["route"].tolist()[:2] == ["power-of-siberia-1", "power-of-siberia-2"]
    units = pd.read_csv(io.StringIO(run(capsys, "units")[1]))
    assert {"bcm", "TWh", "20C", "GCV"} <= set(units["name"])
    metrics = pd.read_csv(io.StringIO(run(capsys, "metrics")[1]))
    assert "net_profit_attributable" in set(metrics["metric"])
    assert "baseline" in run(capsys, "scenarios")[1]
    found = pd.read_csv(io.StringIO(run(capsys, "search", "blue", "stream")[1]))
    assert found["id"].iloc[0] == "blue-stream"


@pytest.mark.parametrize(("shell", "word"), [("bash", "complete -o default -F _energy energy"),
                                             ("zsh", "bashcompinit"), ("fish", "complete -c energy")])  # fmt: skip
def test_completion_names_verbs_and_options(capsys, shell, word):
    out = run(capsys, "completion", shell)[1]
    assert word in out
    assert "flows" in out and "as-of" in out


def test_bash_completes_a_verb_and_an_option(capsys):
    script = run(capsys, "completion", "bash")[1]
    ask = 'COMP_WORDS=({}); COMP_CWORD={}; _energy; echo "${{COMPREPLY[@]}}"'
    for words, place, said in (("energy flo", 1, "flows"), ("energy flows --uni", 2, "--unit")):
        code = script + "\n" + ask.format(words, place)
        done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == said


def test_numbers_are_printed_as_they_are_meant(capsys):
    out = run(capsys, "finance", "--bridge", "2022")[1]
    numbers = [cell for row in csv.reader(io.StringIO(out)) for cell in row
               if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", cell)]  # fmt: skip
    assert len(numbers) > 20
    digits = [len(re.sub(r"e.*|\D", "", number).lstrip("0")) for number in numbers]
    assert max(digits) <= 12  # significant ones: a small flow has more of them after the point


def test_a_table_for_people_on_a_terminal(capsys):
    code, out, _ = run(capsys, "flows", "blue-stream", "--freq", "annual", "--from", "2021",
                       "--to", "2021", "--format", "table")  # fmt: skip
    assert code == 0
    head, row = out.splitlines()[:2]
    assert head.split()[:2] == ["route", "period"]
    assert row.split()[:2] == ["blue-stream", "2021"]


def test_a_narrow_terminal_shows_period_figure_and_unit_before_other_words(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    table = pd.DataFrame({
        "exporter": ["russia"] * 2, "importer": ["china"] * 2, "reporter": ["china's customs"] * 2,
        "period": ["2022", "2023"], "value": [7.1, 8.2], "unit": ["USD bn"] * 2})  # fmt: skip
    terminal.show(table)
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["exporter", "importer", "period", "value", "unit"]
    assert out[-1].startswith("not shown: reporter")


def test_cite_finance_and_sources_print_tables(capsys):
    assert (
        "the only figure" in run(capsys, "cite", "V0001")[1]
        or "taken" in run(capsys, "cite", "V0001")[1]
    )
    _, out, _ = run(capsys, "finance", "--standard", "RAS", "--metric", "net_profit")
    assert set(pd.read_csv(io.StringIO(out))["standard"]) == {"RAS"}
    _, out, _ = run(capsys, "finance", "--bridge", "2021")
    assert "gap" in out
    _, out, _ = run(capsys, "finance", "--statement", "IFRS", "2023")
    grid = pd.read_csv(io.StringIO(out)).set_index("line")
    assert grid.loc["extraction_surcharge", ["statement", "value"]].tolist() == ["expenses", 600]
    assert {"printed", "derived", "vendor", "missing"} == set(grid["cell"])
    code, _, err = run(capsys, "finance", "--statement", "IFRS", "2023", "2024")
    assert code == 2 and "--statement takes a standard and a period" in err


@pytest.mark.once
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


@pytest.mark.slow
def test_a_closed_pipe_is_no_error():
    command = [sys.executable, "-m", "energy.cli", "sources"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith(b"source,")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_one_sentence():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "energy.cli", "sources"], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "The disk is full" in done.stderr


def limited(size, program):
    """Run a program in a process whose files may have so many bytes: a disk that is full."""
    resource = pytest.importorskip("resource")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run([sys.executable, "-c", program], preexec_fn=limit, check=False,
                          capture_output=True, text=True)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["page.html", "cube.nc"])
def test_a_full_disk_leaves_the_old_file_and_no_part(tmp_path, name):
    """HDF5 would end the process, so the cube is made in memory and written as one."""
    (tmp_path / name).write_text("old", encoding="utf-8")
    program = f"""\
import sys, pathlib, numpy, pandas, xarray
from energy.cli import faults
from energy.publish import layers, whole
path = pathlib.Path({str(tmp_path / name)!r})
noise = numpy.random.default_rng(0).random((2, 9000))
days = pandas.date_range("2000", periods=9000)
cube = xarray.Dataset({{"flow": (("route", "period"), noise, {{"units": "bcm"}})}}, {{"period": days}})
try:
    layers.write_netcdf(cube, path) if path.suffix == ".nc" else whole.write(path, "x" * 100_000)
except OSError as error:
    sys.exit(faults.spoken(error))
"""
    done = limited(20_000, program)
    assert done.returncode == 1 and "larger than the limit of this shell allows" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == "old"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(PermissionError) as caught:
        whole.write(tmp_path / "page.html", "x")
    assert faults.spoken(caught.value).startswith(f"energy: No permission: '{tmp_path}/page.html'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (FileNotFoundError(errno.ENOENT, "x", "a/.out-7tvmste8.part"), 1, "folder: 'a/out'."),
        (OSError(errno.ENOSPC, "x", "out/.m.html.part"), 1, "The disk is full: 'out/m.html'; free"),
        (OSError(errno.EACCES, "x", "l/.gas.10303.gpkg"), 1, "No permission: 'l/gas.gpkg'; name"),
        (
            PermissionError(errno.EACCES, "x", "/proc/x"),
            1,
            "No permission: '/proc/x'; name a place",
        ),
        (FileNotFoundError(errno.ENOENT, "x", "a/b"), 1, "No such file or folder: 'a/b'."),
        (
            OSError(errno.EFBIG, "x", "out/.a.parquet.part"),
            1,
            "larger than the limit of this shell allows",
        ),
        (
            RuntimeError("Can't write (errno = 28, error message = 'x')"),
            1,
            "The disk is full; free",
        ),
        (RuntimeError("Can't write (errno = 27, error message = 'x')"), 1, "raise it (ulimit -f)"),
        (KeyboardInterrupt(), 130, "stopped"),
        (faults.Terminated(), 143, "stopped"),
        (MemoryError(), 1, "Not enough memory"),
    ],
)
def test_faults_of_the_system_are_sentences(capsys, monkeypatch, error, code, sentence):
    def fail(as_of=None):
        raise error

    monkeypatch.setattr("energy.load", fail)
    got, out, err = run(capsys, "routes")
    assert (got, out) == (code, "")
    assert sentence in err and err.count("\n") == 1


def test_a_fault_of_our_own_is_not_hidden(monkeypatch):
    def fail(as_of=None):
        raise KeyError("ours")

    monkeypatch.setattr("energy.load", fail)
    with pytest.raises(KeyError, match="ours"):
        cli.main(["routes"])


@pytest.mark.slow
@pytest.mark.parametrize(("signal_", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_says_so(tmp_path, signal_, code):
    program = (
        "import signal, sys, time, energy\n"  # a shell's background job would ignore Ctrl-C
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "energy.load = lambda as_of=None: (print('on', flush=True), time.sleep(60))\n"
        "from energy import cli\nsys.exit(cli.main(['map', 'atlas.html']))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=tmp_path,
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stdout.readline() == "on\n"
        process.send_signal(signal_)
        assert "energy: stopped" in process.stderr.read()
        assert process.wait() == code
    assert list(tmp_path.iterdir()) == []


PLAIN = {"LC_ALL": "C", "PYTHONIOENCODING": "", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.slow
@pytest.mark.parametrize("said", [{"PYTHONIOENCODING": "ascii"}, PLAIN], ids=["ascii", "C"])
def test_a_pipe_in_another_alphabet_gets_utf_8(said):
    """Also where the locale is C and Python is kept from taking UTF-8 for it."""
    if said is PLAIN and not cli.__file__.isascii():
        pytest.skip("Python itself does not start here: its .pth file names a folder beyond ASCII")
    done = subprocess.run([sys.executable, "-m", "energy.cli", "routes", "blue-stream"], check=True,
                          capture_output=True, env={**os.environ, **said})  # fmt: skip
    assert "Голубой поток" in done.stdout.decode("utf-8")
    assert b"Traceback" not in done.stderr


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--draws", "0"], 2, "draws is 0; a projection needs a whole number of 1 or more"),
        (["--until", "2019"], 2, "Horizon '2019' ends before the last datum"),
        (["--scenario", "doom"], 2, "Unknown scenario 'doom'"),
        (["--scheduler", "nonsense://x"], 1, "Scheduler 'nonsense://x' does not answer"),
        (["--out", "p.csv"], 2, "does not end in .nc"),
    ],
)
def test_project_refuses_and_writes_nothing(capsys, tmp_path, words, code, message):
    target = tmp_path / "p.nc"
    more = [] if "--out" in words else ["--out", str(target)]
    got, out, err = run(capsys, "project", *words, *more)
    assert (got, out) == (code, "") and message in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
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


class Screen(io.StringIO):
    """A terminal that keeps what was written, and tells when."""

    def __init__(self):
        super().__init__()
        self.written = threading.Event()

    def isatty(self):
        return True

    def write(self, text):
        self.written.set()
        return super().write(text)


def test_progress_tells_how_much_is_left_and_makes_room(monkeypatch, tmp_path):
    screen, memory = Screen(), tmp_path / "cache" / "durations.json"
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(terminal, "LATE", 0.0)
    with terminal.progress("energy project", lambda: memory):
        assert screen.written.wait(60)
    assert "energy: 0 s" in screen.getvalue() and screen.getvalue().endswith("\r\033[K")
    assert list(json.loads(memory.read_text())) == ["energy project"]
    memory.write_text('{"energy project": 5000}')
    screen.written.clear()
    with terminal.progress("energy project", lambda: memory):
        assert screen.written.wait(60)
        command.say("a sentence")
    assert "s left" in screen.getvalue()
    assert "\r\033[Ka sentence\n" in screen.getvalue()  # never on the line of progress


def test_no_progress_where_nobody_looks_on(capsys, tmp_path):
    with terminal.progress("energy project", lambda: tmp_path / "none.json"):
        pass
    assert capsys.readouterr().err == "" and not (tmp_path / "none.json").exists()
