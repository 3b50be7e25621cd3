"""What is kept under the digest of its inputs: shipped, in the cache folder, or made now."""

import logging

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from energy import facts
from energy.facts import arrow, kept
from energy.tracker import ready


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("ENERGY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def word(made, key="k1", shipped=None):
    """Keep a word whose file holds its key before a colon; count how often it is made."""
    made.append(key)

    def unpack(body, asked):
        held, text = body.decode().split(":")
        return text if held == asked else None

    def make():
        made.append("made")
        return f"word of {key}"

    return kept.kept(
        "word.txt", key, make,
        pack=lambda text, own: f"{own}:{text}".encode(), unpack=unpack, shipped=shipped,
    )  # fmt: skip


def test_a_thing_is_made_once_for_its_key(place):
    made = []
    assert [word(made), word(made), word(made, "k2")] == ["word of k1", "word of k1", "word of k2"]
    assert made.count("made") == 2
    assert sorted(path.name for path in place.iterdir()) == ["word-k1.txt", "word-k2.txt"]


def test_what_is_shipped_serves_its_own_key_only(place, tmp_path):
    shipped, made = tmp_path / "word.txt", []
    shipped.write_text("k1:from the package")
    assert word(made, "k1", shipped) == "from the package"
    assert word(made, "k2", shipped) == "word of k2"
    assert made.count("made") == 1


@pytest.mark.parametrize("body", [b"", b"no colon", b"\xff\xfe"])
def test_a_broken_file_is_made_anew(place, caplog, body):
    made = []
    word(made)
    (place / "word-k1.txt").write_bytes(body)
    with caplog.at_level(logging.WARNING):
        assert word(made) == "word of k1"
    assert "word-k1.txt is not readable" in caplog.text
    assert (place / "word-k1.txt").read_text() == "k1:word of k1"


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("ENERGY_CACHE", str(blocked / "cache"))
    made = []
    assert [word(made), word(made)] == ["word of k1", "word of k1"]
    assert made.count("made") == 2


def test_old_files_of_a_name_go_and_others_stay(place):
    place.mkdir()
    (place / "other-k1.txt").write_text("mine")
    for number in range(kept.MOST + 3):
        word([], f"k{number}")
    names = {path.name for path in place.glob("word-*")}
    assert len(names) == kept.MOST and f"word-k{kept.MOST + 2}.txt" in names
    assert (place / "other-k1.txt").exists()


def test_a_digest_of_tables_asks_for_their_rows_not_their_order():
    rows = pd.DataFrame({"id": ["a", "b"], "value": [1.0, 2.0]})
    key = kept.tables_digest({"t": rows}, ["t"], "1")
    assert kept.tables_digest({"t": rows.iloc[::-1]}, ["t"], "1") == key
    assert kept.tables_digest({"t": rows.assign(value=[1.0, 3.0])}, ["t"], "1") != key
    assert kept.tables_digest({"t": rows}, ["t"], "2") != key
    assert kept.tables_digest({"t": rows.rename(columns={"id": "no"})}, ["t"], "1") != key


def test_parsed_tables_are_those_of_the_text_to_the_last_bit(place):
    parsed = facts._parsed()
    body = arrow.pack(parsed, "key")
    assert arrow.unpack(body, "another key") is None
    held = arrow.unpack(body, "key")
    assert list(held) == list(parsed) and len(held) > 20
    for name, table in parsed.items():
        pd.testing.assert_frame_equal(table, held[name], check_exact=True)
        assert table.dtypes.equals(held[name].dtypes)


@pytest.mark.once
@pytest.mark.parametrize("spoil", [lambda body: body[:1000], lambda body: b"no arrow" * 99])
def test_a_broken_file_of_tables_is_parsed_anew(place, spoil, caplog):
    facts._package.cache_clear()
    whole = facts._package()
    (path,) = place.glob("facts-*.arrow")
    body = path.read_bytes()
    path.write_bytes(spoil(body))
    facts._package.cache_clear()
    with caplog.at_level(logging.WARNING):
        again = facts._package()
    assert "is not readable" in caplog.text
    assert again["volumes"].equals(whole["volumes"]) and path.read_bytes() == body


def test_a_changed_table_is_read_anew(place, monkeypatch, tmp_path):
    before = facts._stamp()
    copies = tmp_path / "data"
    copies.mkdir()
    for path in facts.DATA.glob("*.*"):
        (copies / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(facts, "DATA", copies)
    assert facts._stamp() == before
    text = (copies / "fx.csv").read_text(encoding="utf-8")
    (copies / "fx.csv").write_text(text.replace("101.68", "101.69"), encoding="utf-8")
    assert facts._stamp() != before


def test_without_arrow_the_text_is_parsed(place, monkeypatch):
    monkeypatch.setattr(facts, "find_spec", lambda name: None)
    facts._package.cache_clear()
    assert len(facts._package()["volumes"]) > 1000
    assert not place.exists()
    facts._package.cache_clear()


# ---- cubes ready to be asked ---------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize("asked", [{}, {"freq": "A", "unit": "TWh", "estimate": "reported"}])
def test_a_kept_cube_is_the_cube_to_the_last_byte(tracker, asked):
    made = tracker._cube(**asked)
    read = ready.unpack(ready.pack(made, "key"), "key")
    assert read.identical(made)
    assert list(read.data_vars) == list(made.data_vars)
    assert list(read.coords) == list(made.coords)
    for name, variable in made.variables.items():
        assert read.variables[name].dtype == variable.dtype
        assert type(read.variables[name]) is type(variable)
    for name, labels in made.indexes.items():
        assert read.indexes[name].dtype == labels.dtype


def test_a_cube_is_made_again_for_other_facts_words_or_digits(place, monkeypatch, tmp_path):
    monkeypatch.setenv("ENERGY_HOME", str(tmp_path / "home"))
    rows = pd.DataFrame({"id": ["V1", "V2"], "value": [1.5, 2.0]})
    made = []

    def ask(table, *words):
        def make():
            made.append(words)
            texts = np.array(["actual", "plan"], dtype=object)
            return xr.Dataset({"status": ("route", texts)}, {"route": ["a", "b"]})

        return ready.cube(facts.Tables({"volumes": table}), words, make)

    first = ask(rows, "Q", None)
    assert ask(rows, "Q", None).identical(first)
    assert made == [("Q", None)]
    ask(rows, "M", None)
    ask(rows.assign(value=[1.5, 2.5]), "Q", None)
    assert len(made) == 3
    (tmp_path / "home" / "facts").mkdir(parents=True)
    (tmp_path / "home" / "facts" / "volumes.csv").write_text("id,value\nV1,1.50\n")
    ask(rows, "Q", None)  # the balance reads the last printed digit
    assert len(made) == 4
    assert len([*place.glob("cube-*.npz")]) == 4


def test_a_cut_cube_is_made_anew(place):
    made = xr.Dataset({"flow": ("route", [1.0, np.nan])}, {"route": ["a", "b"]})
    body = ready.pack(made, "key")
    with pytest.raises(ValueError, match="not a zip file"):
        ready.unpack(body[: len(body) // 2], "key")
