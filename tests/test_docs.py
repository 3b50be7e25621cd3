"""The pages: every command and block of the README runs, the glossary has one line a word."""

import operator
import re
import shlex
import sys
from importlib import metadata
from pathlib import Path

import geopandas
import pytest
from packaging.requirements import Requirement

from energy import cli, sources
from energy.errors import UnknownName, UsageError
from energy.tracker import facet

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NEEDS = (
    "PATH",
    "world.html",
    "update ",
    "import ",
    "diff ",
    "export --check",
    "plot map",
    "energy site ",
)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def commands():
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith(".venv/bin/energy ")]


def test_the_readme_has_blocks_and_commands():
    assert len(blocks("python")) >= 3
    assert len(commands()) >= 8


@pytest.mark.once
@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_readme_is_one(line, capsys):
    words = shlex.split(line)[1:]
    if any(text in line for text in NEEDS):  # wants a file or a network: its words must parse
        options, rest = cli.parser().parse_known_args(words)
        assert rest == [] and options.verb == words[0]
        return
    assert cli.main(words) == 0
    out, err = capsys.readouterr()
    assert out.strip() or "no fault found" in err


class Refused:
    """Refuses to import what no named part of the project asks for, as if it were not installed."""

    def __init__(self, extras):
        kept, todo = set(), [("energy-trade-tracker", extra) for extra in ("", *extras)]
        while todo:
            name, extra = todo.pop()
            for wanted in map(Requirement, metadata.requires(name) or ()):
                new = [(wanted.name, each) for each in ("", *wanted.extras)]
                if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
                    todo += [pair for pair in new if pair not in kept]
                    kept |= set(new)
        names = {re.sub(r"[-_.]+", "-", name).lower() for name, _ in kept}
        owners = metadata.packages_distributions()
        self.gone = {m for m, dists in owners.items() if m in EXTRAS
                     and not {re.sub(r"[-_.]+", "-", d).lower() for d in dists} & names}  # fmt: skip

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.gone:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


EXTRAS = {"scoringrules", "networkx", "linopy", "highspy", "numba",
          "httpx", "openpyxl", "pypsa", "matplotlib",
          "mapclassify", "pdfplumber", "cryptography"}  # fmt: skip


@pytest.fixture
def only(monkeypatch):
    """Hide what is not asked for. In the list itself: a backport of importlib adds its finder there."""
    hidden = []

    def hide(*extras):
        finder = Refused(extras)
        for name in [m for m in sys.modules if m.partition(".")[0] in finder.gone]:
            monkeypatch.delitem(sys.modules, name)
        sys.meta_path.insert(0, finder)
        hidden.append(finder)
        return finder.gone

    yield hide
    for finder in hidden:
        sys.meta_path.remove(finder)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_first_block_of_the_readme_runs_in_what_make_run_installs(tmp_path, monkeypatch, only):
    pytest.importorskip("matplotlib").use("agg")
    gone = only("pictures")  # as in the Makefile
    assert "scoringrules" in gone and "matplotlib" not in gone
    assert "-e '.[pictures]'" in (ROOT / "Makefile").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("python")[0], "README.md", "exec"), {})
    assert (tmp_path / "layers" / "routes.geojson").exists()


@pytest.mark.once
def test_the_questions_of_the_readme_are_answered(tracker, only):
    only("pictures", "network")  # asked for in the sentence above the block
    assert "-e '.[network]'" in README
    exec(compile(blocks("python")[2], "README.md", "exec"), {"t": tracker})


@pytest.mark.once
def test_an_update_is_planned_with_what_a_plain_install_brings(only, capsys, monkeypatch):
    assert {"httpx", "openpyxl"} <= only()
    for name in ("transport", "forms"):
        monkeypatch.delitem(sys.modules, f"energy.sources.{name}", raising=False)
        monkeypatch.delattr(sources, name, raising=False)  # left by tests before this one
    assert cli.main(["update", "2026Q3", "--plan"]) == 0
    assert "source,due,state" in capsys.readouterr().out
    assert cli.main(["update", "2026Q3", "--dry-run"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and 'install "energy-trade-tracker[update]"' in said


def test_what_is_long_to_run_names_what_there_is(tracker):
    lines = "".join(blocks("python")[1:])
    assert lines.count("t.") >= 4
    for chain in re.findall(r"\bt\.([a-z_.]+)\(", lines):
        assert callable(operator.attrgetter(chain)(tracker)), chain


def test_no_page_uses_a_name_that_is_gone():
    old = "|".join(sorted(facet.MOVED))
    pages = [ROOT / "README.md", *(ROOT / "notebooks").glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(pages) >= 4
    found = [
        (p.name, m) for p in pages for m in re.findall(rf"\bt\.({old})\(", p.read_text("utf-8"))
    ]
    assert found == []


def test_the_glossary_explains_each_word_once_in_order():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", text, flags=re.M)[1:]
    words = [word for word in words if not set(word) <= {"-", " "}]
    assert 60 <= len(words) <= 80
    assert len({word.lower() for word in words}) == len(words)
    for word in ("cube", "basis", "gas year", "RAS", "netback", "vintage"):
        assert word in words


@pytest.mark.slow
def test_four_questions_of_a_newcomer_take_one_line_each(tracker, only, tmp_path, monkeypatch):
    """What took nine lines once; an earlier day, plan and own files have tests of their own."""
    pytest.importorskip("matplotlib").use("agg")
    only("pictures")  # as README's first command sets up
    monkeypatch.chdir(tmp_path)
    t = tracker
    bars = t.plot.exports(market=["china", "Europe"], start="2019")
    assert {text.get_text() for text in bars.get_legend().get_texts()} == {"china", "europe"}
    assert "bcm at 20 °C" in bars.get_ylabel()
    assert t.plot.money.accounts().get_title()
    stopped = t.what_if("TurkStream", stop=2027, until="2028", draws=64)
    table = stopped.table().set_index(["what", "year"])["difference"]
    assert table["flow", 2026] == 0 and -30 < table["flow", 2028] < -10
    t.maps.flows(2021).to_file("2021.gpkg")
    read = geopandas.read_file("2021.gpkg").set_index("route")
    assert read.crs.to_epsg() == 4326 and len(read) == len(t.routes)
    assert set(read["unit"]) == {"bcm"} and set(read["period"]) == {"2021"}
    assert read.loc["power-of-siberia-1", "flow"] == pytest.approx(10.4, abs=0.1)


def test_markets_and_groups_say_what_they_do_not_take(tracker):
    with pytest.raises(UnknownName, match="Unknown market 'Spain'; known: belarus, caucasus"):
        tracker.exports(market="Spain")
    with pytest.raises(UsageError, match="route='blue-stream' and market='china' are the same"):
        tracker.flows("blue-stream", market="china")
    with pytest.raises(UsageError, match="capacity=20 is that of one route; name one of turkst"):
        tracker.what_if("turkstream", capacity=20)
    assert tracker.flows(market="China", freq="A").equals(tracker.flows("china", freq="A"))
    assert list(tracker.markets(start=2023, end="2024").columns.year) == [2023, 2024]
