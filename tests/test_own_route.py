"""A route of one's own: three files, one judge for check, import and load, and a way back."""

import csv
import datetime as dt
import json
import os
import re
import shutil

import pytest

import energy
from energy import build, cli, facts
from energy.errors import DataError
from energy.intake import own
from energy.tracker import judge

LINE = [[60.0, 55.0], [62.0, 56.0], [64.0, 56.5]]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ENERGY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def write(path, columns, *rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, columns)
        out.writeheader()
        out.writerows({**dict.fromkeys(columns, ""), **row} for row in rows)


def feature(route, /, **change):
    properties = {"name": "My line", "accuracy": "sketch", "geometry_source": "own drawing"}
    made = {"type": "Feature", "id": route, "properties": properties,
            "geometry": {"type": "LineString", "coordinates": LINE}}  # fmt: skip
    made["properties"] |= change
    return made


@pytest.fixture
def mine(tmp_path):
    """The three files of the README, a route and its figure, with ids of one's own."""
    folder = tmp_path / "mein Ordner ü"
    folder.mkdir()
    tables = facts.load()
    source = {"source": "my-notes", "title": "My notes", "publisher": "me", "kind": "press",
              "published": "2026-05-01", "licence": "own"}  # fmt: skip
    route = {"route": "my-line", "name": "My line", "status": "operating", "role": "export",
             "from_country": "RUS", "to_country": "CHN", "source": "my-notes"}  # fmt: skip
    figure = {"id": "own:1", "series": "flow", "entity": "my-line", "period": "2025", "freq": "A",
              "value": "4.2", "unit": "bcm", "basis": "20C", "coverage": "1", "source": "my-notes",
              "published": "2026-05-01", "status": "actual", "derived": "false"}  # fmt: skip
    write(folder / "sources.csv", list(tables["sources"].columns), source)
    write(folder / "routes.csv", list(tables["routes"].columns), route)
    write(folder / "volumes.csv", list(tables["volumes"].columns), figure)
    lines(folder, feature("my-line"))
    return folder


def lines(folder, *features):
    text = json.dumps({"type": "FeatureCollection", "features": list(features)})
    (folder / "routes.geojson").write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_three_files_are_a_route_with_figure_source_and_line(home, mine, capsys):
    assert cli.main(["check", str(mine)]) == 0
    assert cli.main(["import", "facts", str(mine)]) == 0
    t = energy.load()
    cube = t.flows("My line", freq="A", first="2025", last="2025")
    assert float(cube.flow[0, 0]) == pytest.approx(4.2)
    assert t.lines.loc["my-line"].geometry.length == pytest.approx(5**0.5 + 4.25**0.5)
    assert t.cite("own:1")["title"].tolist() == ["My notes"]
    assert "my-line" in t.map(projection=False).get_root().render()
    assert cli.main(["check"]) == 0
    capsys.readouterr()
    assert cli.main(["import", "--undo"]) == 0
    assert "own files now: none" in capsys.readouterr().err
    assert "my-line" not in set(energy.load().facts["routes"]["route"])
    with pytest.raises(DataError, match="no import to take back"):
        facts.undo()


@pytest.mark.slow
def test_an_undo_goes_back_one_import(home, mine):
    build.import_facts(mine)
    text = (mine / "volumes.csv").read_text(encoding="utf-8")
    (mine / "volumes.csv").write_text(text.replace("4.2", "5.5"), encoding="utf-8")
    build.import_facts(mine)
    assert float(energy.load().flows("my-line", "A", first="2025", last="2025").flow[0, 0]) > 5.4
    assert facts.undo() == ["routes.csv", "routes.geojson", "sources.csv", "volumes.csv"]
    found = energy.load().flows("my-line", "A", first="2025", last="2025").flow[0, 0]
    assert float(found) == pytest.approx(4.2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("features", "said"),
    [
        ([], "route 'my-line' of routes.csv has no line; add a feature with this id"),
        (
            [feature("my-line"), feature("your-line")],
            "line 'your-line' has no route; add a row to routes.csv or correct the id",
        ),
        ([feature("my-line"), feature("my-line")], "the id 'my-line' stands twice"),
        ([feature("my-line", accuracy="fine")], "has accuracy 'fine'; expected one of"),
        ([feature("")], "has no text id"),
    ],
)
def test_what_load_would_refuse_is_refused_by_check_and_import(home, mine, capsys, features, said):
    lines(mine, *features)
    assert cli.main(["check", str(mine)]) == 1
    assert said in capsys.readouterr().err
    assert cli.main(["import", "facts", str(mine)]) == 1
    assert said in capsys.readouterr().err
    assert not (home / "facts").exists() and list(home.iterdir()) == []
    shutil.copytree(mine, home / "facts")  # as if somebody put it there by hand
    assert cli.main(["routes"]) == 1
    assert said.split(";")[0] in capsys.readouterr().err


@pytest.mark.once
def test_faults_of_all_lines_are_told_at_once(home, mine):
    lines(mine, feature(""), feature("b", accuracy="fine"), feature("c", name=""))
    found = build.check(mine)
    assert [text.split(" (")[0] for text in found if "feature" in text][:3] == [
        'routes.geojson, feature 1 has no text id. Add "id": "<route>" to it.',
        "routes.geojson, feature 2",
        "routes.geojson, feature 3",
    ]


def test_usage_of_import(home, capsys):
    assert cli.main(["import"]) == 2
    assert "Name what to import and from where" in capsys.readouterr().err
    assert cli.main(["import", "facts", "x", "--undo"]) == 2
    assert "leave the rest out" in capsys.readouterr().err


def change(folder, **cells):
    """Change cells of the one own figure."""
    path = folder / "volumes.csv"
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    write(path, list(row), {**row, **cells})


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"value": "inf"}, "value 'inf' is not a number"),
        ({"value": "1e999"}, "value '1e999' is not a number"),
        ({"period": "1900/2199", "freq": "C"}, "period '1900/2199' is 300 years long; at most 20"),
        ({"note": "a\0b"}, "row 2: column 'note' holds a NUL"),
    ],
)
def test_cells_that_cannot_be_are_refused_where_they_are_read(mine, cells, said):
    change(mine, **cells)
    with pytest.raises(DataError, match=re.escape(said)):
        facts.read_table(mine / "volumes.csv", "volumes")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({}, ""),
        ({"value": "1e308"}, "1e+308 bcm is more than"),
        ({"value": "-5"}, "-5 bcm is negative; gas the other way is a route of its own"),
        ({"value": "1000000"}, "1e+06 bcm is more than"),
        ({"value": "900"}, "capacity and best quarter so far"),
        ({"value": "900", "note": "accepted: a test of the gate"}, ""),
        ({"value": "-5", "note": "accepted: no reason helps"}, "is negative"),
        ({"period": "2090"}, "2090 lay ahead"),
    ],
)
def test_own_figures_pass_the_gate(mine, cells, said):
    change(mine, **cells)
    found = own.faults(mine, facts.load(mine), dt.date(2026, 6, 1))
    assert found == [] if not said else said in found[0] and "own:1" in found[0]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda body: b"<html><title>503</title></html>", r"a web page \('503'\) that came in place"),
        (lambda body: b"", "empty; download it again"),
        (lambda body: b"PK\x03\x04", "a packed file; unpack it"),
        (lambda body: body.decode().encode("utf-16"), "UTF-16; save it as 'CSV UTF-8'"),
        (lambda body: body.replace(b",", b";"), "row 1: the columns are separated by ';' or tabs"),
        (lambda body: body.replace(b"my-line", b"my-lin"), "row 2: flow of 'my-lin', no such route; near: my-line"),
        (lambda body: body + body.splitlines()[1].replace(b"own:1", b"own:2"), "row 3: own:2 says what own:1 says"),
    ],
)  # fmt: skip
def test_a_table_that_is_none_or_says_a_thing_twice_is_a_sentence(home, mine, spoil, said):
    path = mine / "volumes.csv"
    path.write_bytes(spoil(path.read_bytes()))
    found = own.no_tables(mine) or own.faults(mine, facts.load(mine), dt.date(2026, 6, 1))
    assert len(found) == 1 and re.match(f"volumes.csv:? ?{said}", found[0])


def test_a_header_alone_is_nothing_to_judge(home, mine):
    path = mine / "volumes.csv"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    assert own.faults(mine, facts.load(mine), dt.date(2026, 6, 1)) == []


@pytest.mark.once
def test_an_impossible_figure_is_not_imported(home, mine, capsys):
    change(mine, value="-5")
    assert cli.main(["import", "facts", str(mine)]) == 1
    assert "is negative" in capsys.readouterr().err
    assert not (home / "facts").exists()


def test_a_table_too_large_is_refused_before_it_is_read(home, mine, monkeypatch):
    monkeypatch.setattr("energy.intake.own.ROWS", 1)
    with pytest.raises(
        DataError, match=r"volumes.csv: more than 1 rows .* energy import inbox FILE"
    ):
        facts.install(mine, judge=judge)


def test_a_pipe_among_the_tables_is_refused(home, mine, tmp_path):
    (mine / "volumes.csv").unlink()
    os.mkfifo(mine / "volumes.csv")
    with pytest.raises(DataError, match=r"volumes.csv: no plain file"):
        facts.install(mine, judge=judge)
