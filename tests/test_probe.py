"""One small question to each service, on loopback: what is kept, what drifted, how it ends."""

from __future__ import annotations

import datetime as dt
import io

import orjson
import pandas as pd
import pytest
import samples
from server import Reply, Server, html

from energy import cli, sources
from energy.errors import UnknownName
from energy.intake import probe
from energy.sources import shape
from energy.sources.reading import answer_of
from energy.store import Store, StoreError

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
KEYS = {"GIE_API_KEY": "secret-of-gie"}
XML = "application/xml"


def body(source: str, name: str) -> bytes:
    return (samples.DATA / source / name).read_bytes()


@pytest.fixture
def services():
    """Seven services as they answer today."""
    with Server() as server:
        server.plan("data-api.ecb.europa.eu", Reply(200, body("ecb", "monthly.csv"), "text/csv"))
        server.plan("www.cbr.ru", Reply(200, body("cbr", "range.xml"), XML))
        server.plan("agsi.gie.eu", Reply(200, body("gie", "page1.json")))
        server.plan("iss.moex.com", Reply(200, body("moex", "page1.json")))
        server.plan("api.russiafossiltracker.com", Reply(200, body("crea", "overland.json")))
        server.plan("ec.europa.eu", Reply(200, body("eurostat", "monthly.json")))
        server.plan("transparency.entsog.eu", Reply(200, body("entsog", "answer.json")))
        yield server


ALL = ["ecb", "cbr", "gie", "moex", "crea", "eurostat", "entsog"]


def ask(server, store, only=ALL, keys=KEYS, **options):
    with server.client() as client:
        return probe.probe(store, only=only, client=client, keys=keys,
                           sleep=lambda seconds: None, now=lambda: NOW, **options)  # fmt: skip


def states(table) -> dict[str, str]:
    return table.drop_duplicates("source").set_index("source")["state"].to_dict()


@pytest.mark.once
def test_the_first_answers_are_kept_and_the_second_are_the_same(services, tmp_path):
    store = Store(str(tmp_path))
    first = ask(services, store)
    assert states(first) == dict.fromkeys(ALL, "first") and probe.code(first) == 0
    kept = store.answers("ecb", probe.PERIOD)
    assert [answer.body for answer in kept] == [body("ecb", "monthly.csv")]
    assert (tmp_path / "probes" / "gie").is_dir()
    again = ask(services, store)
    assert states(again) == dict.fromkeys(ALL, "same") and probe.code(again) == 0
    assert len(services.asked) == 2 * len(ALL)  # one question a service and run
    assert len(list((tmp_path / "probes" / "gie").iterdir())) == 1  # nothing learned, nothing kept
    assert not any("secret" in p.read_text(errors="ignore") for p in tmp_path.rglob("*.json"))


def test_a_small_question_is_small(services, tmp_path):
    ask(services, Store(str(tmp_path)), ["entsog", "crea", "eurostat"])
    targets = [asked.target for asked in services.asked]
    assert "pointDirection=" in targets[0] and "," not in targets[0].split("&")[0]
    assert "from=2026-11-19&to=2026-11-25" in targets[0]  # a week, before its lag of two days
    assert "date_from=2026-11-12&date_to=2026-11-18" in targets[1]
    assert targets[2].count("partner=") == 1 and "sinceTimePeriod=2026-04" in targets[2]


def test_what_drifts_is_told_by_place_and_gravity(services, tmp_path):
    """AGSI: a field gone, a comma for a point, a new status letter, another gap mark."""
    store = Store(str(tmp_path))
    ask(services, store, ["gie"])
    data = orjson.loads(body("gie", "page1.json"))
    for row in data["data"]:
        del row["trend"]
        row |= {"status": "Q", "injection": "12,5", "withdrawal": "n/a", "newField": "x"}
    services.plan("agsi.gie.eu", Reply(200, orjson.dumps(data)))
    table = ask(services, store, ["gie"])
    told = table.set_index(["what", "place"])["severity"].to_dict()
    assert told["key gone", "data[].trend"] == 2
    assert told["another kind: number with comma", "data[].injection"] == 2
    assert told["new code: 'Q'", "data[].status"] == 1
    assert told["new gap mark: 'n/a'", "data[].withdrawal"] == 1
    assert told["new key", "data[].newField"] == 1
    assert set(table["state"]) == {"drifted"} and probe.code(table) == 4
    again = ask(services, store, ["gie"])  # what the shape was told once is known from then on
    assert not set(again["what"]) & {"key gone", "new key", "new code: 'Q'"}


def test_a_failed_service_does_not_hide_the_others(services, tmp_path):
    store = Store(str(tmp_path))
    services.plan("www.cbr.ru", html(503))
    services.plan("iss.moex.com", html(200))
    table = ask(services, store, ["ecb", "cbr", "moex"])
    assert states(table) == {"ecb": "first", "cbr": "failed", "moex": "failed"}
    what = table.set_index("source")["what"]
    assert "HTTP 503" in what["cbr"] and "JSON" in what["moex"]
    assert probe.code(table) == 3


def test_a_missing_key_is_no_failure(services, tmp_path):
    table = ask(services, Store(str(tmp_path)), ["gie", "ecb"], keys={})
    assert states(table) == {"gie": "skipped", "ecb": "first"} and probe.code(table) == 0
    assert "GIE_API_KEY" in table.set_index("source").loc["gie", "what"]


def test_kept_probes_are_read_again_without_a_server(services, tmp_path, capsys, monkeypatch):
    ask(services, Store(str(tmp_path / "kept")), ["ecb", "cbr"])
    monkeypatch.setenv("ENERGY_HOME", str(tmp_path / "home"))
    kept = str(tmp_path / "kept")
    assert cli.main(["probe", "--only", "ecb", "--only", "cbr", "--offline", kept]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert states(table) == {"ecb": "first", "cbr": "first"}
    assert cli.main(["probe", "--only", "moex", "--offline", kept]) == 3
    assert "No kept probe" in capsys.readouterr().out
    assert cli.main(["probe", "--as-of", "2026-06-01"]) == 2
    assert "takes no --as-of" in capsys.readouterr().err


def test_wrong_names_and_damaged_shapes_are_told(services, tmp_path):
    store = Store(str(tmp_path))
    with pytest.raises(UnknownName, match="ecbb"):
        ask(services, store, ["ecbb"])
    ask(services, store, ["ecb"])
    (path,) = (tmp_path / "probes" / "ecb").iterdir()
    path.write_text('{"shape": {}}')
    with pytest.raises(StoreError, match=r"damaged.*the next probe writes it anew"):
        ask(services, store, ["ecb"])


def test_every_source_but_archive_and_inbox_has_a_question():
    found = {name: probe.question(module, NOW.date()) for name, module in sources.SOURCES.items()}
    assert {name for name, asked in found.items() if asked is None} == {"gem", "inbox"}
    assert all(asked is None or asked.source == name for name, asked in found.items())


def test_optional_places_are_not_told_twice():
    """A field that one answer lacked is told gone once; then it counts as optional."""

    def seen(text: bytes) -> shape.Shape:
        asked = samples.asked("moex")
        return shape.shape(answer_of(asked, text, headers={"Content-Type": samples.JSON}))

    whole, short = seen(b'{"a": 1, "b": "p", "2024": 3}'), seen(b'{"a": null, "2025": 4}')
    known = shape.learned(None, whole)
    assert known.always == {"a", "b", "*"}
    assert [(one.what, one.place) for one in shape.drift(known, short)] == [
        ("key gone", "b"),
        ("another kind: null", "a"),
    ]
    known = shape.learned(known, short)
    assert shape.drift(known, short) == [] and shape.drift(known, whole) == []
    assert shape.Known.of(known.record()) == known


def test_xml_and_tables_have_places_too():
    asked = samples.asked("cbr")
    xml = b'<V a="x"><R d="02.07.2026"><N>1</N><W>78,9</W></R><R d="03.07.2026"><N>1</N></R></V>'
    found = shape.shape(answer_of(asked, xml, headers={"Content-Type": XML}))
    assert found.kinds == {
        "/V@a": {"text"}, "/V/R@d": {"date"}, "/V/R/N": {"number as text"},
        "/V/R/W": {"number with comma"},
    }  # fmt: skip
    assert found.codes == {"/V@a": {"x"}}
    page = shape.shape(answer_of(asked, b"<html></html>", headers={"Content-Type": "text/html"}))
    assert (page.type, page.kinds) == ("200 text/html", {})
    nothing = shape.shape(answer_of(asked, b"", status=404))
    assert (nothing.type, nothing.kinds) == ("404", {})
