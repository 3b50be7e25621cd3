"""The main job and the imports."""

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import SHARED
from energy import build, facts, tracker
from energy.errors import DataError, EnergyError, MissingExtra
from geodata import gem, routes
from geodata.errors import FormatError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    told = []
    paths = build.build(tmp_path_factory.mktemp("out"), told.append)
    return paths, told


def test_build_makes_map_layers_cube_and_summary(made):
    paths, told = made
    assert set(paths) == {"map", "layers", "cube", "summary"}
    assert all(path.exists() for path in paths.values())
    assert len(told) == 4


@pytest.mark.slow
def test_dated_layers_lie_beside_the_latest(tmp_path):
    paths = build.build(tmp_path, dated=True)
    assert paths["layers"] == tmp_path / "layers" / "2026-06-01"
    assert paths["cube"].parent == paths["layers"]
    latest = tmp_path / "layers" / "latest" / "checksums.txt"
    assert latest.read_bytes() == (paths["layers"] / "checksums.txt").read_bytes()


@pytest.mark.once
def test_an_edition_is_built_beside_and_swapped(tmp_path, monkeypatch):
    out = tmp_path / "out"
    (out / "layers").mkdir(parents=True)
    for name in ("atlas.html", "layers/old.geojson", "mine.txt"):
        (out / name).write_text("old", encoding="utf-8")

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tracker.Tracker, "export", fail)
    with pytest.raises(OSError, match="No space"):
        build.build(out)
    assert {p.name for p in tmp_path.iterdir()} == {"out"}
    assert (out / "atlas.html").read_text(encoding="utf-8") == "old"

    def edition(t, folder, tell, dated):
        for name in ("atlas.html", "layers/new.geojson"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("new", encoding="utf-8")
        return {"map": folder / "atlas.html"}

    monkeypatch.setattr(build, "_edition", edition)
    assert build.build(out) == {"map": out / "atlas.html"}
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == [
        "atlas.html", "layers/new.geojson", "mine.txt",
    ]  # fmt: skip
    assert {p.name for p in tmp_path.iterdir()} == {"out"}


def test_a_file_that_cannot_be_written_leaves_no_part(tmp_path, monkeypatch):
    def fail(self, content):
        self.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space"):
        build.write_text(tmp_path / "summary.md", "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_installation_is_checked_for_shadows_and_broken_extras(tmp_path, monkeypatch):
    assert build.check_install(tmp_path) == []
    (tmp_path / "energy.py").write_text("x = 1", encoding="utf-8")
    monkeypatch.setattr(build, "OPTIONAL", ("brokenextra", "notthere"))
    (tmp_path / "brokenextra.py").write_text("raise ImportError('old ABI')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    shadow, broken = build.check_install(tmp_path)
    assert "energy.py' shadows the package of the same name: rename it" in shadow
    assert broken == "the optional package brokenextra is installed, but broken: old ABI"


def test_an_extra_that_is_there_and_broken_is_told_as_broken():
    with pytest.raises(
        MissingExtra, match=r"installed, but broken: old ABI\. Reinstall or upgrade"
    ):
        try:
            raise ImportError("old ABI", name="statsmodels")
        except ImportError as error:
            raise MissingExtra("Timing needs statsmodels.") from error
    with pytest.raises(MissingExtra, match=r"^Timing needs statsmodels\.$"):
        try:
            raise ModuleNotFoundError("No module", name="statsmodels")
        except ImportError as error:
            raise MissingExtra("Timing needs statsmodels.") from error


def test_summary_holds_the_key_figures_and_their_marks(made):
    text = made[0]["summary"].read_text(encoding="utf-8")
    lines = {
        line.split(" | ")[0].strip("| "): line
        for line in text.splitlines()
        if line.startswith("| ")
    }
    siberia = next(line for line in text.splitlines() if line.startswith("| power-of-siberia-1"))
    assert siberia.rstrip(" |").split(" | ")[-2] == "38.8"  # 38.83, as printed
    assert "Net profit attributable, RUB bn" in lines
    assert "| -629 | 1,220 |" in lines["Net profit attributable, RUB bn"]
    assert lines["Net sales of gas, RUB bn"].endswith("| 4,600 e |")  # said before the year's end
    assert "–" in siberia
    assert "Facts published up to 2026-06-01" in text


def test_build_refuses_faulty_facts_and_writes_nothing(tmp_path, own_home):
    folder = own_home / "facts"
    folder.mkdir()
    (folder / "events.csv").write_text("event,date\nE900,2024\n", encoding="utf-8")
    try:
        with pytest.raises(DataError, match="column 'precision' is missing"):
            build.build(tmp_path / "out")
    finally:
        shutil.rmtree(folder)
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(EnergyError, match="is a file; name a folder to build into"):
        build.build(tmp_path / "out")


def gem_folder(tmp_path):
    """Make a folder in Global Energy Monitor's form that holds a finer Blue Stream."""
    folder = tmp_path / "gem"
    folder.mkdir()
    line = routes.load().loc["blue-stream"].geometry
    fine = line.segmentize(0.2)
    coords = [[x + 0.03 * (-1) ** i, y] for i, (x, y) in enumerate(fine.coords)]
    middle = len(coords) // 2
    parts = [coords[middle:], coords[: middle + 1]]  # unsorted pieces, as they come
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": p}}
        for p in parts
    ]
    (folder / "P0736.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features})
    )
    empty = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": None}],
    }
    (folder / "P0001.geojson").write_text(json.dumps(empty))
    (folder / "P0002.geojson").write_text('{"type": "FeatureCollection", "features": [')
    return folder


@pytest.mark.slow
def test_import_gem_replaces_a_line_and_carries_its_credit(tmp_path, own_home):
    kept = own_home / tracker.GEM_LINES
    try:
        folder = gem_folder(tmp_path).rename(tmp_path / "GEM-GGIT-Gas-Pipelines-2025-11")
        report = build.import_gem(folder)
        credit = gem.credit("2025-11")
        assert report[-1] == credit and "(edition 2025-11)" in credit
        assert any(line.startswith("blue-stream: replaced") for line in report)
        assert any(line.startswith("not read: P0002.geojson") for line in report)
        t = tracker.Tracker.open()
        assert t.lines.loc["blue-stream", "geometry_source"] == "gem"
        assert t.lines.loc["turkstream-1", "geometry_source"] != "gem"
        assert t.check() == []
        t.export(tmp_path / "layers", projection=False)
        text = json.loads((tmp_path / "layers" / "routes.geojson").read_text(encoding="utf-8"))
        assert credit in text["attribution"]  # of the edition read, not of the one our lines knew
        assert "(edition 2025-11)" in t.map(projection=False).get_root().render()
        assert "Global Energy Monitor" in t.map(projection=False).get_root().render()
    finally:
        kept.unlink(missing_ok=True)


def test_a_release_in_one_file_is_credited_with_the_edition_of_its_name(tmp_path, own_home):
    line = {"type": "LineString", "coordinates": [[10, 50], [11, 51]]}
    feature = {"type": "Feature", "id": "P0001", "properties": {}, "geometry": line}
    file = tmp_path / "ggit-2024-10-08.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    try:
        assert build.import_gem(file)[-1] == gem.credit("2024-10-08")
        written = json.loads((own_home / tracker.GEM_LINES).read_text(encoding="utf-8"))
        assert written["attribution"] == gem.credit("2024-10-08")
    finally:
        (own_home / tracker.GEM_LINES).unlink(missing_ok=True)


@pytest.mark.parametrize("what", ["nothing", "file", "empty"])
def test_import_gem_refuses_what_is_no_gem_folder(tmp_path, own_home, what):
    path = tmp_path / what
    if what == "file":
        path.write_text("x")
    if what == "empty":
        path.mkdir()
    with pytest.raises((DataError, FormatError), match=what):
        build.import_gem(path)
    assert not (own_home / tracker.GEM_LINES).exists()


@pytest.mark.slow
@pytest.mark.skipif(
    not (SHARED / "upstream" / "gem").exists(), reason="the recorded GEM folder is not here"
)
def test_import_of_the_recorded_gem_folder(tmp_path, own_home):
    subprocess.run(
        ["tar", "xf", str(SHARED / "upstream/gem/gem-gas-pipelines.tar.xz"), "-C", str(tmp_path)],
        check=True,
    )
    try:
        report = build.import_gem(tmp_path / "gas")
        assert sum(": replaced" in line for line in report) >= 30
        assert tracker.Tracker.open().check() == []
    finally:
        (own_home / tracker.GEM_LINES).unlink(missing_ok=True)


@pytest.mark.once
def test_import_facts(tmp_path, own_home):
    header = ",".join(facts.load()["fx"].columns)
    source = facts.load()["sources"]["source"].iloc[0]
    (tmp_path / "fx.csv").write_text(
        f"{header}\nX9001,RUB/USD,mean,2031,A,99,plan,false,{source},,,\n", encoding="utf-8"
    )
    try:
        assert build.import_facts(tmp_path)[0].startswith("fx.csv -> ")
        assert "X9001" in set(facts.load()["fx"]["id"])
    finally:
        shutil.rmtree(own_home / "facts")


def test_the_package_runs_as_an_installed_command():
    command = Path(sys.executable).parent / "energy"
    result = subprocess.run([str(command), "--version"], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("energy ")
