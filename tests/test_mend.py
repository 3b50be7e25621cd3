"""A store is made again from its answers: one file of it, or the whole, byte for byte."""

from __future__ import annotations

import datetime as dt
import shutil
import warnings
from pathlib import Path

import pytest
from upstream import Upstream

from energy import build, cli
from energy.intake import judging, mend, update
from energy.sources import inbox
from energy.store import Store, StoreError, disk, ledger

pytestmark = pytest.mark.slow

NOW = dt.datetime(2026, 11, 25, 6, 0, tzinfo=dt.UTC)
BEFORE = dt.datetime(2026, 8, 25, 6, 0, tzinfo=dt.UTC)


def tree(store: Store, *tops: str) -> dict[str, bytes]:
    return {name: disk.read(store.root, name) for top in tops
            for name in disk.files_of(store.root, top, "")}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory, tracker):
    """Two quarters of two sources, one of them with a doubtful day; a typed figure; a word for it."""
    home = Store.open(tmp_path_factory.mktemp("made") / "home")
    typed = tmp_path_factory.mktemp("typed") / "mine.csv"
    text = inbox.template().replace("# flow,", "flow,")
    more = text.splitlines()[-1].replace("2026Q3", "2026Q2").replace("9.9", "9.7")
    typed.write_text(f"{text}{more}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, Upstream() as server, server.client() as client:
        patch.setattr(judging, "limits", lambda tables: {"turkstream-2": 0.05})

        def go(period, now):
            return update.run(period, "apply", home, client=client, keys={}, sleep=lambda s: None,
                              now=lambda: now, only=["cbr", "entsog"], tables=tracker.facts)  # fmt: skip

        go("2026Q2", BEFORE)
        server.twist("transparency.entsog.eu",
                     lambda body: body.replace(b"500000000.0", b"510000000.0", 40).replace(
                         b"500000000.0", b"999000000000.0", 1))  # fmt: skip
        report = go("2026Q3", NOW)
        assert len(report.doubtful)
        update.let_through([report.doubtful["id"].iloc[0]], "the meter was read again", home,
                            now=lambda: NOW + dt.timedelta(hours=1))  # fmt: skip
    update.take_in(typed, home, now=lambda: NOW + dt.timedelta(hours=2))
    assert home.verify() == []
    return home


@pytest.fixture
def store(made, tmp_path):
    """A copy to spoil."""
    shutil.copytree(made.root, tmp_path / "home")
    return Store.open(tmp_path / "home")


def test_every_vintage_and_every_refused_row_is_made_again_byte_for_byte(store):
    before = tree(store, "vintages", "quarantine")
    assert len(store.vintages()) >= 5 and len(before) >= 8
    again = mend.again(store)
    files = [n for n in before if "/released/" not in n]
    assert {name: again(name) == before[name] for name in files} == dict.fromkeys(files, True)


def test_repair_takes_a_lost_and_a_spoiled_vintage_again(store):
    before = tree(store, "vintages", "quarantine", "releases", "ledger")
    lost, spoiled = store.vintages()[0], store.vintages()[-2]
    Path(store.root, lost).unlink()
    Path(store.root, spoiled).write_bytes(before[spoiled][:-300])
    next(Path(store.root, "quarantine").glob("*.parquet")).write_bytes(b"")
    with pytest.raises(StoreError, match=f"{lost} is gone"):
        store.observations()
    done = store.repair(mend.again(store))
    assert len(done) == 3 and all(line.endswith("made again, byte for byte") for line in done)
    assert tree(store, "vintages", "quarantine", "releases", "ledger") == before
    assert store.verify() == []


def test_a_vintage_whose_entry_is_lost_is_known_by_its_answers(store):
    before = tree(store, "vintages", "ledger")
    last = ledger.entries(store.root)[-1]
    Path(store.root, last).unlink()
    assert any("is in no manifest" in fault for fault in store.verify())
    store.repair(mend.again(store))
    assert tree(store, "vintages")[store.vintages()[-1]] == before[store.vintages()[-1]]
    assert store.verify() == []


def test_the_whole_store_is_made_from_its_answers_alone(store, tmp_path):
    bare = Store.open(tmp_path / "bare")
    shutil.copytree(Path(store.root, "raw"), Path(bare.root, "raw"))
    new = Store.open(tmp_path / "new")
    assert mend.rebuild(bare, new) == []
    tops = ("vintages", "quarantine", "releases", "ledger")
    assert tree(new, *tops) == tree(store, *tops)
    assert new.verify() == []
    assert mend.rebuild(store, Store.open(tmp_path / "other")) == []
    with pytest.raises(StoreError, match="is not empty; name a folder that is not there yet"):
        mend.rebuild(store, new)


def test_without_records_nothing_is_claimed(store, tmp_path):
    shutil.rmtree(Path(store.root, "raw", "_runs"))
    with pytest.raises(
        StoreError, match=r"has no records under raw/_runs.*older editions left none"
    ):
        mend.rebuild(store, Store.open(tmp_path / "new"))
    assert mend.again(store)(store.vintages()[0]) is None


def test_an_answer_that_changed_makes_nothing(store):
    for path in Path(store.root, "raw", "entsog").rglob("*.bin"):
        path.write_bytes(b"[]")
    assert mend.again(store)(next(n for n in store.vintages() if "entsog" in n)) is None


def test_nothing_is_published_into_a_store_with_a_fault(store, tracker):
    Path(store.root, store.vintages()[0]).unlink()
    with pytest.raises(
        StoreError, match=r"is gone, .*Nothing is published into a store with a fault"
    ):
        update.run("2026Q3", "apply", store, offline=store.root, only=["cbr"], now=lambda: NOW,
                   tables=tracker.facts)  # fmt: skip


def test_the_verb(store, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("ENERGY_HOME", store.root)
    assert cli.main(["store", "verify"]) == 0
    Path(store.root, store.vintages()[0]).unlink()
    assert cli.main(["store", "verify"]) == 1
    assert "is gone, although the ledger has it" in capsys.readouterr().err
    assert any("is gone, although the ledger has it" in fault for fault in build.check())
    assert cli.main(["store", "repair"]) == 0
    assert "made again, byte for byte" in capsys.readouterr().out
    assert cli.main(["store", "rebuild", str(tmp_path / "new")]) == 0
    assert "no files differ" in capsys.readouterr().err
    assert cli.main(["store", "rebuild"]) == 2
    assert cli.main(["store", "verify", "x"]) == 2
    assert cli.main(["store", "retire"]) == 2
    run = sorted({ledger.run_in(name) for name in store.vintages()})[-1]
    assert cli.main(["store", "retire", run, "--reason", "a slip"]) == 0
    assert f"/{run}" in capsys.readouterr().out


def test_an_old_store_is_told_in_a_sentence(store, monkeypatch, capsys):
    shutil.rmtree(Path(store.root, "ledger"))
    monkeypatch.setenv("ENERGY_HOME", store.root)
    for path in Path(store.root, "releases").glob("*.json"):
        path.unlink()
    monkeypatch.setattr(ledger, "form_of", lambda body: None)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert cli.main(["diff", "2026-08-26", "2026-11-26"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "older edition" in line]
    assert len(told) == 1 and told[0].startswith("energy: The store in ")
