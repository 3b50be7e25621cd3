"""A route of one's own: three files, one judge for check, import and load, and a way back."""

import csv
import json
import shutil

import pytest

import energy
from energy import build, cli, facts
from energy.errors import DataError

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


def test_an_undo_goes_back_one_import(home, mine):
    build.import_facts(mine)
    text = (mine / "volumes.csv").read_text(encoding="utf-8")
    (mine / "volumes.csv").write_text(text.replace("4.2", "5.5"), encoding="utf-8")
    build.import_facts(mine)
    assert float(energy.load().flows("my-line", "A", first="2025", last="2025").flow[0, 0]) > 5.4
    assert facts.undo() == ["routes.csv", "routes.geojson", "sources.csv", "volumes.csv"]
    found = energy.load().flows("my-line", "A", first="2025", last="2025").flow[0, 0]
    assert float(found) == pytest.approx(4.2)


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
