"""The ledger: what is damaged, lost or foreign is named, and mended where that can be proven."""

from __future__ import annotations

import json
import os
import shutil
import stat
import warnings
from pathlib import Path

import pytest
from test_store import R1, R2, R3, answer, files, refused, row, table, values

from energy.store import Store, StoreError, StoreWarning, audit, disk, ledger, proofs, releases
from energy.store.repair import one_bit

VINTAGE = f"vintages/meter/{R1}.parquet"


@pytest.fixture
def whole(tmp_path):
    """Two runs of two sources, two releases, two answers, refused rows of which one is let through."""
    home = Store.open(tmp_path / "home")
    home.publish("meter", R1, table(row(1.0), row(2.0, "2025Q2")))
    home.publish("press", R1, table(row(7.0, source="press")))
    home.keep(answer(b"first"), "2025Q1")
    home.quarantine(R1, refused(row(900.0), row(800.0, "2025Q2")))
    home.manifest("2025Q1", R1)
    home.publish("meter", R2, table(row(1.5, retrieved="2025-08-01")))
    home.keep(answer(b"second", tag="daily"), "2025Q2")
    chosen = home.quarantined().set_index("period").loc["2025Q2", "id"]
    home.let_through([chosen], "confirmed", R2)
    home.manifest("2025Q2", R2)
    assert home.verify() == []
    return home


def of(home: Store, name: str) -> Path:
    return Path(home.root, name)


def flip(path: Path, place: int = -20) -> None:
    """Turn one bit of a file."""
    body = bytearray(path.read_bytes())
    body[place] ^= 4
    path.write_bytes(body)


def old(home: Store) -> None:
    """Make a store as older editions wrote it: no ledger, no numbers of forms."""
    import io

    import pyarrow.parquet as pq

    shutil.rmtree(of(home, "ledger"))
    digests = {}
    for path in of(home, "vintages").rglob("*.parquet"):
        body = io.BytesIO()
        pq.write_table(pq.read_table(path).replace_schema_metadata({}), body, store_schema=False)
        path.write_bytes(body.getvalue())
        digests[path.relative_to(home.root).as_posix()] = ledger.line_of("", body.getvalue())
    for path in of(home, "releases").glob("*.json"):
        head = json.loads(path.read_bytes())
        lines = [digests[line["path"]] | {"path": line["path"]} for line in head["vintages"]]
        told = {name: head[name] for name in ("release", "run", "artefacts")} | {"vintages": lines}
        path.write_bytes(disk.as_json(told))


# --- what counts ----------------------------------------------------------------------------------


@pytest.mark.once
def test_every_entry_names_the_one_before_and_its_files(whole):
    names = ledger.entries(whole.root)
    kinds = [name.split(".")[1] for name in names]
    assert kinds == ["vintage", "vintage", "quarantine", "release", "vintage", "vintage",
                     "quarantine", "release"]  # fmt: skip
    records = [json.loads(of(whole, name).read_bytes()) for name in names]
    before = [ledger.line_of("", of(whole, name).read_bytes())["sha256"] for name in names]
    assert [record["before"] for record in records] == ["", *before[:-1]]
    assert {record["format"] for record in records} == {1}
    line = records[0]["files"][0]
    assert line == ledger.line_of(VINTAGE, of(whole, VINTAGE).read_bytes())


def test_a_manifest_lists_every_file_and_the_release_before(whole):
    head = json.loads(of(whole, "releases/2025Q2.json").read_bytes())
    assert head["before"]["release"] == "2025Q1"
    first = ledger.line_of("", of(whole, "releases/2025Q1.json").read_bytes())
    assert head["before"]["sha256"] == first["sha256"]
    listed = {line["path"] for name in ("vintages", "others") for line in head[name]}
    held = {n for n in files(whole.root) if n.startswith(("vintages", "quarantine", "releases"))}
    assert held - listed == {"releases/2025Q2.json"}
    both = [json.loads(of(whole, f"releases/2025Q{n}.json").read_bytes())["raw"] for n in (1, 2)]
    told = [line["path"] for lines in both for line in lines]
    kept = [n for n in files(whole.root) if n.startswith("raw") and ".release." not in n]
    assert sorted(told) == sorted(kept) and len(told) == 5  # two answers, and a word of a person


def test_a_reader_begins_at_the_newest_manifest_and_knows_the_same(whole):
    assert ledger.catalog(whole.root) == ledger.chain(whole.root)
    of(whole, "releases/2025Q2.json").unlink()
    ledger._known.clear()
    assert ledger.catalog(whole.root).files == ledger.chain(whole.root).files


def test_a_forged_file_is_refused(whole):
    forged = of(whole, "vintages/meter/29990101T000000Z.parquet")
    shutil.copy(of(whole, VINTAGE), forged)
    with pytest.raises(StoreError, match=r"29990101T000000Z.parquet is in no manifest.*repair"):
        whole.observations()
    with pytest.raises(StoreError, match="is in no manifest"):
        whole.publish("meter", R3, table(row(3.0, retrieved="2025-11-01")))
    assert values(whole.observations(skip=True, source="press")) == {"2025Q1": 7.0}
    assert [fault.partition(" ")[0] for fault in whole.verify()] == [
        "vintages/meter/29990101T000000Z.parquet"
    ]
    done = whole.repair()
    assert done == ["vintages/meter/29990101T000000Z.parquet: in no manifest; set aside as "
                    "aside/vintages/meter/29990101T000000Z.parquet"]  # fmt: skip
    assert whole.publish("meter", R3, table(row(3.0, retrieved="2025-11-01"))).revised == 1
    assert whole.verify() == []


@pytest.mark.once
def test_a_changed_vintage_is_never_read(whole):
    flip(of(whole, VINTAGE), 200)
    with pytest.raises(StoreError, match=rf"{VINTAGE} is damaged: its sha256 is not .*repair"):
        whole.observations()
    with pytest.raises(StoreError, match=f"{VINTAGE} is damaged"):
        whole.observations("2025Q1")


def test_refused_rows_are_proven_too(whole):
    flip(next(of(whole, "quarantine").glob("*.parquet")), 200)
    with pytest.raises(StoreError, match=r"quarantine/.* is damaged: its sha256"):
        whole.quarantined()


def test_a_release_that_is_gone_never_becomes_a_date(whole):
    then = whole.observations("2025Q1").to_csv()
    of(whole, "releases/2025Q1.json").unlink()
    with pytest.raises(StoreError, match=r"releases/2025Q1\.json is gone, although the ledger"):
        whole.observations("2025Q1")
    assert len(whole.observations("2025Q2")) == 3
    assert any("releases/2025Q1.json is gone" in fault for fault in whole.verify())
    assert whole.repair() == ["releases/2025Q1.json: made again, byte for byte"]
    assert whole.observations("2025Q1").to_csv() == then
    assert whole.verify() == []


def test_all_releases_gone_are_made_again(whole):
    before = files(whole.root)
    shutil.rmtree(of(whole, "releases"))
    with pytest.raises(StoreError, match="is gone"):
        whole.observations("2025Q2")
    assert len(whole.repair()) == 2
    assert {n: d for n, d in files(whole.root).items() if not n.startswith("aside")} == before


def test_a_lost_ledger_is_told_and_begun_anew(whole):
    then = whole.observations("2025Q2").to_csv()
    shutil.rmtree(of(whole, "ledger"))
    with pytest.raises(StoreError, match=r"The folder ledger .* is gone, .*`energy store repair`"):
        whole.observations()
    with pytest.raises(StoreError, match="The folder ledger"):
        whole.publish("meter", R3, table(row(3.0, retrieved="2025-11-01")))
    assert "begun anew from the manifests" in whole.repair()[0]
    assert whole.verify() == []
    assert whole.observations("2025Q2").to_csv() == then


@pytest.mark.once
@pytest.mark.parametrize("number", [1, 3, 4, 6])
def test_a_lost_entry_is_made_again_and_proven_by_the_next(whole, number):
    before = files(whole.root)
    of(whole, ledger.entries(whole.root)[number - 1]).unlink()
    with pytest.raises(StoreError, match=f"ledger/{number:08d} is gone, and with it the proof"):
        whole.observations()
    assert "made again, and proven by what follows it" in whole.repair()[0]
    assert files(whole.root) == before


def test_the_last_entry_lost_with_its_release(whole):
    before = files(whole.root)
    of(whole, ledger.entries(whole.root)[-1]).unlink()
    assert "releases/2025Q2.json is in no manifest" in whole.verify()[0]
    assert "it follows from the last entry" in whole.repair()[0]
    assert files(whole.root) == before


@pytest.mark.once
def test_a_file_of_a_later_form_is_refused_and_not_called_damaged(whole, monkeypatch):
    monkeypatch.setattr(disk, "FORMAT", 2)
    body = disk.seal({"number": 9})
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"x\.json is of format 2; this edition .* up to 1: pip"):
        disk.unseal("x.json", body)
    with pytest.raises(StoreError, match=r"x\.json is damaged: its bytes are not those"):
        disk.unseal("x.json", body.replace(b"9", b"8"))


# --- a digest is believed until the file changes --------------------------------------------------


@pytest.mark.once
def test_a_proven_file_is_read_once_until_it_changes(whole, monkeypatch):
    whole.observations()
    asked = []
    read = proofs.read
    monkeypatch.setattr(proofs, "read", lambda root, name: asked.append(name) or read(root, name))
    proofs._seen.clear()  # another process: only the cache folder remembers
    whole.observations()
    assert asked == []
    os.utime(of(whole, VINTAGE))
    whole.observations()
    assert asked == [VINTAGE]


# --- a killed writer ------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize("step", ["write", "append", "_place"])
def test_a_writer_stopped_at_each_step_leaves_all_or_nothing(whole, monkeypatch, step):
    """The bytes, the entry, the name: what comes after the entry is completed by the next writer."""

    def stop(*_, **__):
        raise KeyboardInterrupt

    before = whole.observations().to_csv()
    with monkeypatch.context() as patch:
        patch.setattr(ledger, step, stop)
        with pytest.raises(KeyboardInterrupt):
            whole.publish("meter", R3, table(row(3.0, retrieved="2025-11-01")))
    assert whole.observations().to_csv() == before  # a reader sees the old state
    assert whole.verify() == []
    again = whole.publish("meter", R3, table(row(3.0, retrieved="2025-11-01")))
    assert (again is None) == (step == "_place")
    assert values(whole.observations(source="meter"))["2025Q1"] == 3.0
    assert whole.verify() == []
    assert not list(Path(whole.root).rglob("*.part"))


# --- stores of older editions ---------------------------------------------------------------------


def test_an_old_store_is_read_with_one_warning_and_upgraded(whole):
    then = whole.observations("2025Q1").to_csv()
    old(whole)
    with pytest.warns(StoreWarning, match="was written by an older edition.*store repair"):
        assert whole.observations("2025Q1").to_csv() == then
    assert whole.repair() == ["the store of an older edition has a ledger now, with 8 files"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert whole.observations("2025Q1").to_csv() == then
        assert whole.verify() == []
    of(whole, "releases/2025Q1.json").unlink()
    with pytest.raises(StoreError, match="is gone, although the ledger has it"):
        whole.observations("2025Q1")


def test_a_write_gives_an_old_store_its_ledger_unless_it_is_damaged(whole):
    old(whole)
    flip(of(whole, VINTAGE), 200)
    with pytest.raises(StoreError, match=f"{VINTAGE} is damaged"), pytest.warns(StoreWarning):
        whole.publish("meter", R3, table(row(3.0, retrieved="2025-11-01")))
    assert ledger.entries(whole.root) == []
    flip(of(whole, VINTAGE), 200)
    whole.publish("meter", R3, table(row(3.0, retrieved="2025-11-01")))
    assert [n.split(".")[1] for n in ledger.entries(whole.root)] == ["adopt", "vintage"]


# --- repair ---------------------------------------------------------------------------------------


def test_one_flipped_bit_is_turned_back_wherever_it_is(whole):
    """A file of each kind: its digest in the ledger, in its head or in itself says which bit."""
    before = files(whole.root)
    spoiled = [VINTAGE, "ledger/00000002.vintage.json", "releases/2025Q1.json",
               next(n for n in before if n.startswith("quarantine/2")),
               next(n for n in before if n.startswith("raw") and n.endswith(".bin")),
               next(n for n in before if n.startswith("raw/meter") and n.endswith(".json"))]  # fmt: skip
    for name in spoiled:
        flip(of(whole, name), 3)
    assert len({fault.path for fault in audit.faults(whole.root)}) == len(spoiled)
    whole.repair()
    assert {n: d for n, d in files(whole.root).items() if not n.startswith("aside")} == before


def test_what_cannot_be_proven_is_left_and_told(whole):
    of(whole, VINTAGE).write_bytes(b"PAR1")
    assert whole.repair() == []
    assert [fault.partition(":")[0] for fault in whole.verify()] == [f"{VINTAGE} is damaged"]
    assert one_bit(b"\x00" * 4, lambda body: False) is None


@pytest.mark.once
def test_repair_takes_bytes_of_the_right_digest_only(whole):
    body = of(whole, VINTAGE).read_bytes()
    of(whole, VINTAGE).unlink()
    assert whole.repair(lambda path: b"something else") == []
    assert whole.repair(lambda path: body if path == VINTAGE else None) == [
        f"{VINTAGE}: made again, byte for byte"
    ]
    assert whole.verify() == []


# --- a run from the future ------------------------------------------------------------------------


@pytest.mark.once
def test_a_run_from_the_future_is_retired_with_a_reason(whole):
    future = "20360101T000000Z"
    then = whole.observations().to_csv()
    whole.publish("meter", future, table(row(9.0, retrieved="2036-01-01")))
    whole.quarantine(future, refused(row(77.0)))
    whole.manifest("2025Q3", future)
    with pytest.raises(StoreError, match="the clock was set back"):
        whole.publish("meter", R3, table(row(3.0, retrieved="2025-11-01")))
    with pytest.raises(StoreError, match="takes a reason"):
        whole.retire(future, " ")
    with pytest.raises(StoreError, match="No run 20370101T000000Z in the store; the newest are"):
        whole.retire("20370101T000000Z", "x")
    gone = whole.retire(future, "the clock stood in 2036")
    assert gone[-1] == "releases/2025Q3.json" and len(gone) == 3
    with pytest.raises(StoreError, match="is retired already: the clock stood in 2036"):
        whole.retire(future, "again")
    assert whole.observations().to_csv() == then
    assert 77.0 not in set(whole.quarantined(released=True)["value"])
    assert whole.releases() == ["2025Q1", "2025Q2"]
    with pytest.raises(StoreError, match="The release 2025Q3 was retired: the clock stood in 2036"):
        whole.observations("2025Q3")
    assert whole.publish("meter", R3, table(row(3.0, retrieved="2025-11-01"))).revised == 1
    assert whole.manifest("2025Q3", R3)["release"] == "2025Q3-02"
    assert whole.verify() == []
    assert ledger.catalog(whole.root) == ledger.chain(whole.root)


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.once
def test_keeping_lists_no_folder(whole, monkeypatch):
    """What keeping costs does not grow with what is kept."""
    whole.keep(answer(b"first"), "2025Q1")

    def refuse(*_, **__):
        raise AssertionError("a folder was listed")

    monkeypatch.setattr(disk, "files_of", refuse)
    for module in (releases, ledger):
        monkeypatch.setattr(module, "files_of", refuse)
    monkeypatch.setattr("energy.store.answers.files_of", refuse)
    monkeypatch.setattr(os, "listdir", refuse)
    monkeypatch.setattr(os, "scandir", refuse)
    whole.keep(answer(b"first"), "2025Q1")  # the same once more
    whole.keep(answer(b"third"), "2025Q1")  # another of the tag
    whole.keep(answer(b"first", retrieved="2025-05-03T06:00:00+00:00"), "2025Q1")  # told again
    monkeypatch.undo()
    assert [told.body for told in whole.answers("meter", "2025Q1")] == [b"first"]


@pytest.mark.once
def test_a_lost_copy_of_the_newest_is_looked_up(whole):
    shutil.rmtree(of(whole, "newest"))
    before = files(whole.root)
    whole.keep(answer(b"first"), "2025Q1")
    assert [name for name in files(whole.root) if name not in before] == [
        "newest/meter/2025Q1/monthly.json"
    ]


@pytest.mark.skipif(os.name == "nt", reason="rights are those of POSIX")
def test_only_the_user_reads_answers_that_may_not_be_passed_on(tmp_path):
    home = Store.open(tmp_path / "home")
    home.keep(answer(b"open"), "2025Q1", licence="CC-BY-4.0")
    home.keep(answer(b"closed", tag="t"), "2025Q1", licence="Personal use; derived averages only")
    found = {p.name.partition(".")[0]: stat.S_IMODE(p.stat().st_mode) & 0o077
             for p in of(home, "raw").rglob("*.*")}  # fmt: skip
    assert found["t"] == 0 and found["monthly"] != 0


# --- signatures -----------------------------------------------------------------------------------


@pytest.mark.once
def test_a_release_is_signed_and_checked(whole, tmp_path):
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    from cryptography.hazmat.primitives import serialization as form

    from energy.store import signing

    for name in ("mine", "other"):
        pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
            form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())  # fmt: skip
        (tmp_path / f"{name}.pem").write_bytes(pem)
        public = signing.public_key(tmp_path / f"{name}.pem")
        (tmp_path / f"{name}.pub").write_text(public, encoding="utf-8")
    with pytest.raises(StoreError, match="2025Q1 is not signed"):
        signing.check(whole.root, "2025Q1", tmp_path / "mine.pub")
    signing.sign(whole.root, "2025Q1", tmp_path / "mine.pem")
    assert signing.check(whole.root, "2025Q1", tmp_path / "mine.pub") == "release:2025Q1"
    with pytest.raises(StoreError, match="was made with another key"):
        signing.check(whole.root, "2025Q1", tmp_path / "other.pub")
    shutil.copy(of(whole, "signatures/2025Q1.minisig"), of(whole, "signatures/2025Q2.minisig"))
    with pytest.raises(StoreError, match=r"releases/2025Q2\.json is not what was signed"):
        signing.check(whole.root, "2025Q2", tmp_path / "mine.pub")
    with pytest.raises(StoreError, match="No release '2030Q1' in the store"):
        signing.sign(whole.root, "2030Q1", tmp_path / "mine.pem")
    assert whole.verify() == []
