"""The store: nothing is lost, nothing changes, nothing comes from the future."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
import json
import math
import os
import platform
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy import facts, store
from energy.errors import DataError, MissingExtra
from energy.measure import periods
from energy.sources.contract import COLUMNS, Answer, Request
from energy.store import Store, StoreError, StoreLocked, base, dates, disk, locks, queries, tables
from energy.store import package as editions

R1, R2, R3 = "20250501T000000Z", "20250801T000000Z", "20251101T000000Z"
ROOT = Path(__file__).parents[1]


def row(value, period="2025Q1", retrieved="2025-05-01", published="", **other):
    """One observation; every field can be set."""
    fields = {
        "series": "flow", "entity": "pipe", "period": period, "freq": periods.parse(period).freq, "value": value,
        "unit": "bcm", "basis": "20C", "coverage": 1.0, "source": "meter", "status": "actual",
        "published": published, "retrieved": retrieved, "ref": "0123456789abcdef#A1", "note": "",
    }  # fmt: skip
    return fields | other


def table(*rows):
    return pd.DataFrame(list(rows), columns=COLUMNS)


def answer(body=b"{}", tag="monthly", retrieved="2025-05-01T06:00:00+00:00", **request):
    asked = Request("meter", tag, "https://meter.example/api?from=2025-01", **request)
    return Answer(asked, 200, {"content-type": "application/json"}, body,
                  dt.datetime.fromisoformat(retrieved), hashlib.sha256(body).hexdigest())  # fmt: skip


def values(frame):
    return dict(zip(frame["period"], frame["value"], strict=True))


def files(folder) -> dict[str, str]:
    """Return every file with its digest, the lock aside."""
    found = [p for p in Path(folder).rglob("*") if p.is_file() and p.name != locks.LOCK]
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in found
    }


@pytest.fixture
def here(tmp_path):
    return Store.open(tmp_path / "home")


@pytest.fixture
def three_runs(here):
    """2025Q1: 1.0, then 1.5; 2025Q2: 2.0, then withdrawn; 2025Q3 comes in August."""
    here.publish("meter", R1, table(row(1.0), row(2.0, "2025Q2")))
    later = "2025-08-01"
    here.publish(
        "meter", R2, table(row(1.5, retrieved=later), row(2.0, "2025Q2"), row(3.0, "2025Q3", later))
    )
    here.publish("meter", R3, table(row(1.5, retrieved="2025-11-01")), whole=["2025Q2"])
    return here


# --- publish: only what is new or changed ---------------------------------------------------------


def test_a_vintage_holds_only_new_and_changed_rows(three_runs):
    names = three_runs.vintages()
    assert names == [f"vintages/meter/{run}.parquet" for run in (R1, R2, R3)]
    held = (
        three_runs.connect()
        .sql("SELECT edition, count(*) FROM vintages GROUP BY 1 ORDER BY 1")
        .fetchall()
    )
    assert held == [(0, 2), (1, 2), (2, 1)]


def test_publish_tells_what_it_wrote(here):
    first = here.publish("meter", R1, table(row(1.0), row(2.0, "2025Q2")))
    assert (first.new, first.revised, first.path) == (2, 0, f"vintages/meter/{R1}.parquet")
    second = here.publish("meter", R2, table(row(1.0), row(2.5, "2025Q2"), row(3.0, "2025Q3")))
    assert (second.new, second.revised, second.withdrawn) == (1, 1, 0)


def test_publishing_twice_changes_nothing(three_runs):
    before = files(three_runs.root)
    assert three_runs.publish("meter", R3, table(row(1.5, retrieved="2025-11-02"))) is None
    assert three_runs.publish("meter", "20260101T000000Z", table(row(1.5, retrieved="2026-01-01")),
                              whole=["2025Q2"]) is None  # fmt: skip
    assert files(three_runs.root) == before


def test_a_note_or_reference_alone_is_no_revision(here):
    here.publish("meter", R1, table(row(1.0)))
    assert here.publish("meter", R2, table(row(1.0, note="same", ref="ffff#B2"))) is None
    assert here.publish("meter", R2, table(row(1.0, status="provisional"))).revised == 1


def test_one_run_may_write_in_parts(here):
    here.publish("meter", R1, table(row(1.0)))
    part = here.publish("meter", R1, table(row(1.0), row(2.0, "2025Q2")))
    assert part.path == f"vintages/meter/{R1}-02.parquet"
    assert values(here.observations()) == {"2025Q1": 1.0, "2025Q2": 2.0}
    here.publish("meter", R1, table(row(1.5)))  # the same day: the later part counts
    assert here.vintages()[-1] == f"vintages/meter/{R1}-03.parquet"
    assert values(here.observations()) == {"2025Q1": 1.5, "2025Q2": 2.0}


def test_a_withdrawn_figure_is_missing_and_not_gone(three_runs):
    now = three_runs.observations().set_index("period")
    assert math.isnan(now.loc["2025Q2", "value"])
    assert now.loc["2025Q2", "note"] == f"withdrawn: no longer given in run {R3}"
    assert values(three_runs.observations("2025-10-31"))["2025Q2"] == 2.0


def test_nobody_dates_the_going_of_a_figure_that_had_a_date(here):
    here.publish("meter", R1, table(row(5.0, published="2025-04-20")))
    given = table(row(2.0, "2025Q2", retrieved="2025-08-01"))
    here.publish("meter", R2, given, whole=["2025Q1"])
    now = here.observations().set_index("period")
    assert math.isnan(now.loc["2025Q1", "value"]) and now.loc["2025Q1", "published"] == ""
    assert values(here.observations("2025-07-31")) == {"2025Q1": 5.0}


def test_a_figure_changed_under_an_old_date_was_not_known_on_that_date(here):
    here.publish("meter", R1, table(row(5.0, published="2025-04-20")))
    here.publish("meter", R2, table(row(7.0, published="2025-04-20", retrieved="2025-08-01")))
    assert values(here.observations("2025-05-31")) == {"2025Q1": 5.0}
    assert values(here.observations("2025-08-01")) == {"2025Q1": 7.0}
    assert (
        here.publish("meter", R3, table(row(7.0, published="2025-04-20", retrieved="2025-11-01")))
        is None
    )


def test_an_edition_is_not_changed_after_a_later_one(here):
    here.publish(
        "meter", R1, table(row(5.0, published="2025-04"), row(7.0, published="2025-05-01"))
    )
    with pytest.raises(
        DataError, match="edition of 2025-04 is changed although a later one is out"
    ):
        here.publish("meter", R2, table(row(6.0, published="2025-04")))


def test_an_older_edition_found_later_takes_its_place(here):
    here.publish("meter", R1, table(row(7.0, published="2025-04-30")))
    here.publish("meter", R2, table(row(5.0, published="2025-04-02", retrieved="2025-08-01")))
    assert values(here.observations("2025-04-10")) == {"2025Q1": 5.0}
    assert values(here.observations()) == {"2025Q1": 7.0}


def test_a_run_writes_what_is_new_revised_and_withdrawn_and_nothing_else(here):
    first = [row(1.0), row(2.0, "2025Q2"), row(3.0, "2025Q3"), row(8.0, "2025Q2", entity="other")]
    here.publish("meter", R1, table(*first, row(7.0, "2025Q3", entity="other")))
    here.publish("press", R1, table(row(9.0, "2025Q2", source="press")))
    told = here.publish(
        "meter",
        R2,
        table(
            row(1.5, retrieved="2025-08-01T09:30"),
            row(3.0, "2025Q3", "2025-08-01T10:15"),
            row(4.0, "2025Q4", "2025-08-01T09:45"),
        ),
        whole=["2025Q2", "2025 Q3"],
    )
    path = f"vintages/meter/{R2}.parquet"
    assert dataclasses.astuple(told) == ("meter", R2, path, 1, 1, 3)
    held = pd.read_parquet(Path(here.root, path)).set_index(["entity", "period"])
    assert held["value"].fillna(-1).to_dict() == {
        ("other", "2025Q2"): -1,
        ("other", "2025Q3"): -1,
        ("pipe", "2025Q1"): 1.5,
        ("pipe", "2025Q2"): -1,
        ("pipe", "2025Q4"): 4.0,
    }
    gone = held[held["value"].isna()]
    assert gone["coverage"].isna().all() and set(gone["published"]) == {""}
    assert set(gone["note"]) == {f"withdrawn: no longer given in run {R2}"}
    # the last answer of the run says when the source no longer gave it; it counts from that day
    assert set(gone["retrieved"].astype(str).str[:16]) == {"2025-08-01 10:15"}
    assert set(gone["known"].astype(str).str[:10]) == {"2025-08-01"}
    assert len(here.observations("2025-08-01", entity="other").dropna(subset="value")) == 0
    assert values(here.observations("2025-07-31", entity="other"))["2025Q3"] == 7.0
    again = here.publish(
        "meter", R3, table(row(2.0, "2025Q2", "2025-11-01"), row(1.5, retrieved="2025-11-01")),
        whole=["2025Q2"],
    )  # fmt: skip
    assert (again.new, again.revised, again.withdrawn) == (0, 1, 0)  # given again, gone before


def test_a_source_withdraws_its_own_figures_and_no_other_source_s(here):
    press = row(4.0, "2025Q2", source="press")
    here.publish(
        "meter", R1, table(row(1.0), row(2.0, "2025Q2"), row(3.0, "2025Q2", entity="other"))
    )
    here.publish("press", R1, table(press, row(5.0, source="press")))
    assert here.publish("meter", R2, table(), whole=["2025Q2"]) is None  # it was not read at all
    assert here.publish("press", R2, table(press), whole=["2025Q2"]) is None
    assert len(here.observations(source="meter").dropna(subset="value")) == 3
    told = here.publish("meter", R3, table(row(1.0)), whole=["2025Q2"])
    assert (told.new, told.revised, told.withdrawn) == (0, 0, 2)
    assert values(here.observations(source="press")) == {"2025Q1": 5.0, "2025Q2": 4.0}
    left = here.observations(source="meter").dropna(subset="value")
    assert values(left) == {"2025Q1": 1.0}


def test_a_part_of_a_run_has_its_number_and_a_day_of_grace(here):
    day = "2025-05-02"  # just a day after the run began
    paths = [here.publish("meter", R1, table(row(1.0, period, day))).path
             for period in ("2024Q2", "2024Q3", "2024Q4")]  # fmt: skip
    assert paths == [f"vintages/meter/{R1}{part}.parquet" for part in ("", "-02", "-03")]
    with pytest.raises(StoreError, match=rf"^The run {R1} holds rows retrieved on 2025-05-02, more "
                       r"than a day .* the clock jumped\. Set the clock, then start a new run\.$"):  # fmt: skip
        here.publish("meter", R1, table(row(1.0, "2024Q1", "2025-05-02T00:00:01")))


def test_every_overtaken_edition_is_named(here):
    old, new = {"published": "2025-04"}, {"published": "2025-05-01"}
    here.publish("meter", R1, table(row(5.0, **old), row(7.0, **new), row(3.0, entity="other", **old),
                                    row(3.5, entity="other", **new), row(4.0, entity="third", **old)))  # fmt: skip
    with pytest.raises(DataError) as caught:
        here.publish("meter", R2, table(row(6.0, **old), row(2.0, entity="other", **old),
                                        row(4.5, entity="third", **old)))  # fmt: skip
    assert caught.value.faults == [
        f"flow of {name} in 2025Q1 from meter: the edition of 2025-04 is changed although a later one is "
        "out; give the change its own date" for name in ("pipe", "other")
    ]  # fmt: skip
    assert str(caught.value).startswith("observations: 2 faults")
    late = row(4.5, entity="third", retrieved="2025-08-01T17:20", **old)
    here.publish("meter", R2, table(late))  # the newest edition of its own
    assert here.observations("2025-08-01", entity="third")["value"].tolist() == [4.5]
    assert here.observations("2025-07-31", entity="third")["value"].tolist() == [4.0]


@pytest.mark.parametrize("change", [{"unit": "mcm"}, {"status": "estimate"}, {"coverage": 0.5},
                                    {"value": 1.25}], ids=lambda change: next(iter(change)))  # fmt: skip
def test_each_field_that_carries_meaning_makes_a_revision(here, change):
    here.publish("meter", R1, table(row(1.0), row(2.0, "2025Q2")))
    later = {"retrieved": "2025-08-01"}
    told = here.publish("meter", R2, table(row(**{"value": 1.0, **later, **change}),
                                           row(2.0, "2025Q2", **later)))  # fmt: skip
    assert (told.new, told.revised, told.withdrawn) == (0, 1, 0)


def test_period_texts_have_one_form(here):
    here.publish("meter", R1, table(row(1.0, "2025 Q1"), row(2.0, "2025-01/2025-09")))
    assert set(here.observations()["period"]) == {"2025Q1", "2025M9"}


def test_intervals_with_one_start_are_different_quantities(here):
    here.publish("meter", R1, table(row(1.0, "2025M8"), row(2.0, "2025M9")))
    assert values(here.observations()) == {"2025M8": 1.0, "2025M9": 2.0}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"published": "soon"}, "row 0: 'soon' published is no date; write YYYY"),
        ({"published": "2025-13"}, "2025-13"),
        ({"freq": "M"}, "freq 'M' does not fit period '2025Q1'; write Q"),
        ({"period": "2025Q5"}, "2025Q5"),
        ({"retrieved": None}, "retrieved is empty"),
        ({"entity": ""}, "row 0: entity is empty"),
    ],
)
def test_a_faulty_row_is_refused_and_nothing_written(here, change, says):
    with pytest.raises(DataError, match=says):
        here.publish("meter", R1, table(row(1.0) | change, row(2.0, "2025Q2")))
    assert files(here.root) == {}


def test_faulty_tables_are_refused(here):
    with pytest.raises(DataError, match="column 'ref' is missing"):
        here.publish("meter", R1, table(row(1.0)).drop(columns="ref"))
    with pytest.raises(
        DataError, match="flow of pipe in 2025Q1 from meter: one edition has the value 1"
    ):
        here.publish("meter", R1, table(row(1.0), row(2.0)))
    assert here.publish("meter", R1, table(row(1.0), row(1.0))).new == 1  # the same, told twice


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", ""])
def test_a_source_cannot_name_another_folder(here, name):
    with pytest.raises(StoreError, match="cannot name a folder"):
        here.publish(name, R1, table(row(1.0)))


# --- as of ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "known"),
    [
        ("2025-03-31", {}),
        ("2025-04-15", {}),
        ("2025-04-30", {"2025Q1": 1.0}),
        ("2025", {"2025Q1": 1.0, "2025Q2": 2.0}),
    ],
)
def test_a_partial_date_counts_from_its_end(here, day, known):
    late = row(2.0, "2025Q2", "2026-01-05", "2025")
    here.publish("meter", "20260105T060000Z",
                 table(row(1.0, published="2025-04", retrieved="2025-11-01"), late))  # fmt: skip
    assert values(here.observations(day)) == known


def test_what_is_held_is_known(here):
    """Published some time in 2025 and held on 1 May: it was known on 1 May."""
    here.publish("meter", R1, table(row(1.0, published="2025", retrieved="2025-05-01")))
    assert values(here.observations("2025-04-30")) == {}
    assert values(here.observations("2025-05-01")) == {"2025Q1": 1.0}


def test_the_two_clocks(here):
    here.publish("meter", R2, table(row(1.0, published="2025-04-20", retrieved="2025-08-01")))
    assert len(here.observations("2025-05-01")) == 1
    assert len(here.observations("2025-05-01", clock="retrieved")) == 0
    with pytest.raises(StoreError, match="Unknown clock 'wall'; use 'published' or 'retrieved'"):
        here.observations(clock="wall")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_many_questions_at_once_and_in_a_child_keep_apart(three_runs):
    """All questions of a process share an engine; each has views of its own."""
    days = ["2025-05-03", "2025-09-01", None] * 4
    alone = [values(three_runs.observations(day)) for day in days]
    assert alone[:3] == [
        {"2025Q1": 1.0, "2025Q2": 2.0},
        {"2025Q1": 1.5, "2025Q2": 2.0, "2025Q3": 3.0},
        pytest.approx({"2025Q1": 1.5, "2025Q2": math.nan, "2025Q3": 3.0}, nan_ok=True),
    ]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda day: values(three_runs.observations(day)), days))
    assert repr(found) == repr(alone)
    if hasattr(os, "fork"):
        child = os.fork()
        if not child:  # the threads of the parent's engine are not here
            signal.alarm(60)  # one that waits for them ends here
            os._exit(repr(values(three_runs.observations())) != repr(alone[2]))
        assert os.waitpid(child, 0)[1] == 0
    mine = three_runs.connect()
    mine.execute("CREATE TABLE observed AS SELECT * FROM observations")
    three_runs.connect().execute("CREATE TABLE observed AS SELECT 1")  # a connection is its owner's


def test_asking_by_series_entity_source(here):
    here.publish(
        "meter",
        R1,
        table(row(1.0), row(2.0, entity="other"), row(3.0, series="price"), row(4.0, source="x")),
    )
    assert list(here.observations(entity="other")["value"]) == [2.0]
    assert list(here.observations(series="price")["value"]) == [3.0]
    assert list(here.observations(source="x")["value"]) == [4.0]


def test_an_unknown_moment_lists_the_releases(three_runs):
    three_runs.manifest("2025Q3", R3)
    with pytest.raises(
        StoreError, match=r"'spring' is neither a date nor a release \(releases: 2025Q3\)"
    ):
        three_runs.observations("spring")


def test_an_empty_store_answers_and_writes_nothing(here):
    assert list(here.observations().columns) == COLUMNS
    assert here.observations("2025").empty
    assert here.revisions().empty
    assert here.vintages() == here.verify() == here.releases() == []
    assert not Path(here.root).exists()


def test_free_questions_in_sql(three_runs):
    con = three_runs.connect("2025-06-01")
    assert con.sql("SELECT sum(value) FROM observations").fetchall() == [(3.0,)]


MOMENTS = st.sampled_from(["2025-04-20", "2025-05-03", "2025-06-30", "2025-07-01", "2025-09-09"])
EDITIONS = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["2025Q1", "2025-01", "2025M2", "2025M3"]),
                     st.sampled_from(["", "2025", "2025-04", "2025-04-20", "2025-06"]),
                     st.sampled_from([0.0, 1.0, 2.5]))  # fmt: skip
RUNS = st.lists(st.lists(EDITIONS, max_size=4, unique_by=lambda e: e[:3]), max_size=4)


def filled(runs) -> Store:
    """Publish one batch a month; batches that would rewrite an old edition are left out."""
    home = Store.open(tempfile.mkdtemp())
    for month, batch in enumerate(runs):
        day = f"2025-{5 + month:02d}-03"
        rows = [row(v, p, day, published, entity=entity) for entity, p, published, v in batch]
        try:
            home.publish("meter", f"2025{5 + month:02d}03T000000Z", table(*rows))
        except DataError as error:
            assert "later one is out" in str(error) or "one edition" in str(error)
    return home


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RUNS, MOMENTS, MOMENTS)
def test_a_later_as_of_never_knows_less(runs, a, b):
    home = filled(runs)
    early, late = (home.observations(day) for day in sorted([a, b]))
    keys = [
        set(t[base.WHAT].itertuples(index=False, name=None))
        for t in (early, late, home.observations())
    ]
    assert keys[0] <= keys[1] <= keys[2]
    ends = [store.last_day(text) for text in early["published"] if text]
    held = early["retrieved"].dt.date
    assert all(end <= dt.date.fromisoformat(max(a, b)) or day <= dt.date.fromisoformat(max(a, b))
               for end, day in zip(ends, held[early["published"] != ""], strict=True))  # fmt: skip


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RUNS, MOMENTS)
def test_an_as_of_stands_whatever_comes_later(runs, day):
    """What was held on a day is the same bytes after every later run, and after a second try."""
    home = filled(runs[:2])
    then = home.observations("2025-06-03", clock="retrieved").to_csv().encode()
    again = [
        row(9.0, p, "2025-09-03", entity=e)
        for e, p in {(e, p) for batch in runs for e, p, _, _ in batch}
    ]
    home.publish("meter", "20250903T000000Z", table(*again))
    assert home.observations("2025-06-03", clock="retrieved").to_csv().encode() == then
    before = files(home.root)
    home.publish("meter", "20250903T000000Z", table(*again))
    assert files(home.root) == before


DISHONEST = st.sampled_from(["", "1999", "2001-02-03", "2025-01", "2025-03-30", "2025-04-20"])
CLAIMS = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["2025Q1", "2025-01", "2025-03-30"]),
                   DISHONEST, st.sampled_from([1.0, 2.5]), st.sampled_from(["actual", "plan"]))  # fmt: skip


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CLAIMS, max_size=4, unique_by=lambda e: e[:2]), min_size=1, max_size=4))
def test_the_newest_word_and_as_of_never_contradict_each_other(runs):
    """Whatever dates are claimed, with an index and without."""
    home = Store.open(tempfile.mkdtemp())
    for month, batch in enumerate(runs):
        day = f"2025-{5 + month:02d}-03"
        rows = [row(v, p, day, said, entity=e, status=s) for e, p, said, v, s in batch]
        try:
            home.publish("meter", f"2025{5 + month:02d}03T000000Z", table(*rows))
        except DataError as error:
            assert "later one is out" in str(error)
    every = home.connect().sql("SELECT * FROM vintages").df()
    firm = every[every["status"] == "actual"]
    ends = pd.to_datetime(pd.Series([store.last_day(p) for p in firm["period"]], dtype=object))
    assert (pd.to_datetime(firm["known"]).reset_index(drop=True) >= ends).all()
    newest = home.observations()
    for when in ("2025-08-03", "2025-12-31", "2099"):
        pd.testing.assert_frame_equal(home.observations(when), newest)
    for day in ("2025-03-31", "2025-05-03", "2025-06-10"):
        then = home.observations(day)
        assert set(then["value"]) <= set(every[every["known"] <= pd.Timestamp(day)]["value"])
        pd.testing.assert_frame_equal(then, home.observations(by=day))
    home.index()
    pd.testing.assert_frame_equal(home.observations(), newest)


def test_rows_of_a_later_day_than_their_run_are_refused(here):
    with pytest.raises(
        StoreError, match=r"retrieved on 2036-01-01, more than a day after it began"
    ):
        here.publish("meter", R1, table(row(1.0), row(2.0, "2025Q2", "2036-01-01")))
    assert here.vintages() == []


def test_a_date_before_the_period_was_over_is_not_believed(here):
    plan = row(2.0, "2025Q2", published="2025-01-05", status="plan")
    here.publish("meter", R1, table(row(1.0, published="2001-01-01"), plan))
    assert values(here.observations("2025-04-30")) == {"2025Q2": 2.0}
    found = here.observations("2025-05-01").set_index("period")
    assert found.loc["2025Q1", "published"] == ""
    assert found.loc["2025Q1", "note"].startswith(
        "said to be published 2001-01-01, before the period"
    )


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True),
        min_size=1,
        max_size=30,
    )
)
def test_numbers_come_back_bit_for_bit(numbers):
    home = Store.open(tempfile.mkdtemp())
    given_rows = table(*(row(v, f"{1990 + i}") for i, v in enumerate(numbers)))
    home.publish("meter", R1, given_rows)
    back = home.observations()["value"]
    assert [struct.pack("d", v) for v in back] == [struct.pack("d", v) for v in given_rows["value"]]


def test_the_form_on_disk_is_tight(here):
    import pyarrow.parquet as pq

    days = pd.date_range("2000-01-01", periods=5000).strftime("%Y-%m-%d")
    here.publish("meter", R1, table(*(row(float(i), day) for i, day in enumerate(days))))
    meta = pq.ParquetFile(Path(here.root, here.vintages()[0])).metadata.row_group(0)
    columns = {meta.column(i).path_in_schema: meta.column(i) for i in range(meta.num_columns)}
    assert "DELTA_BINARY_PACKED" in columns["start"].encodings
    assert "DELTA_BINARY_PACKED" in columns["known"].encodings
    assert "RLE_DICTIONARY" in columns["series"].encodings
    assert {c.compression for c in columns.values()} == {"ZSTD"}
    assert columns["series"].total_compressed_size < 200  # one text for 5000 rows


# --- history, revisions, differences --------------------------------------------------------------


def test_history_shows_every_edition(three_runs):
    told = three_runs.history("flow", "pipe", "2025 Q1", "meter")
    assert list(told["value"]) == [1.0, 1.5]
    assert list(told["run"]) == [R1, R2]


def test_revisions_by_age(here):
    """Worked out by hand: age 1 holds +0.5 and -0.5, age 2 holds +0.1."""
    here.publish(
        "meter",
        R1,
        table(row(1.0), row(2.0, entity="b"), row(7.0, entity="c", unit="TWh", basis="GCV")),
    )
    here.publish(
        "meter",
        R2,
        table(row(1.5, retrieved="2025-08-01"), row(1.5, retrieved="2025-08-01", entity="b")),
    )
    here.publish("meter", R3, table(row(1.6, retrieved="2025-11-01")))
    found = here.revisions("meter")
    assert list(found["age"]) == [1, 2]
    assert list(found["n"]) == [2, 1]
    assert list(found["mean"]) == pytest.approx([0.0, 0.1])
    assert list(found["mean_abs"]) == pytest.approx([0.5, 0.1])
    assert list(found["mean_abs_pct"]) == pytest.approx([37.5, 100 / 15])
    assert here.revisions("other").empty


def test_a_change_of_unit_is_no_revision_in_number(here):
    here.publish("meter", R1, table(row(1.0)))
    here.publish("meter", R2, table(row(1000.0, retrieved="2025-08-01", unit="mcm")))
    assert here.revisions().empty
    change = here.diff("2025-06-01", "2025-09-01").iloc[0]
    assert (change["change"], change["old"], change["new"]) == ("revised", 1.0, 1000.0)
    assert math.isnan(change["by"])


def test_diff_of_two_dates(three_runs):
    found = three_runs.diff("2025-06-01", "2025-12-01").set_index("period")
    assert dict(found["change"]) == {"2025Q1": "revised", "2025Q2": "vanished", "2025Q3": "new"}
    assert found.loc["2025Q1", ["old", "new", "by", "percent", "age"]].tolist() == [
        1.0,
        1.5,
        0.5,
        50.0,
        1,
    ]
    assert found.loc["2025Q2", "change"] == "vanished"
    assert found.loc["2025Q3", "new"] == 3.0
    assert three_runs.diff("2025-12-01", "2025-12-01").empty


def test_diff_backwards_shows_what_was_not_there_yet(three_runs):
    back = three_runs.diff("2025-09-01", "2025-06-01").set_index("period")
    assert back.loc["2025Q3", "change"] == "vanished"


# --- index ----------------------------------------------------------------------------------------


def months(home: Store, first: int, last: int) -> None:
    """Publish one run a month; each revises half of what was there."""
    dice = random.Random(first)
    for month in range(first, last):
        day = f"2025-{month:02d}-03"
        rows = [
            row(dice.random(), f"{2000 + i}", day, entity=e)
            for i in range(month + 3)
            for e in "abc"
            if dice.random() < 0.5
        ]
        dated = [row(dice.random(), "1999", day, published=f"2024-{month:02d}", entity="d")]
        home.publish("meter", f"2025{month:02d}03T000000Z", table(*rows, *dated))


@pytest.mark.slow
@pytest.mark.parametrize("when", [1, 4, 8])
def test_the_index_changes_no_answer(here, monkeypatch, when):
    monkeypatch.setattr(queries, "SLICE", 5)  # rows: many parts
    months(here, 1, when + 1)
    assert here.index() is not None
    assert here.index() is None
    months(here, when + 1, 9)
    plain = Store.open(Path(here.root).parent / "plain")
    months(plain, 1, when + 1)
    months(plain, when + 1, 9)
    assert here.vintages() == plain.vintages()
    assert len(disk.files_of(here.root, "index", ".parquet")) > 1
    for moment in (None, "2024-06", "2025-01-02", "2025-01-03", "2025-05", "2025-12"):
        assert here.observations(moment).to_csv() == plain.observations(moment).to_csv()
        by_us = [home.observations(moment, clock="retrieved").to_csv() for home in (here, plain)]
        assert by_us[0] == by_us[1]
    assert here.verify() == []


@pytest.mark.once
def test_only_the_two_newest_indexes_stay(here):
    for month in (1, 2, 3, 4):
        months(here, month, month + 1)
        here.index()
    assert len(disk.files_of(here.root, "index", ".json")) == 2
    assert len(here.observations()) > 0


def test_an_index_may_be_deleted_or_damaged(here):
    months(here, 1, 4)
    then = here.observations().to_csv()
    here.index()
    part = Path(here.root, disk.files_of(here.root, "index", ".parquet")[0])
    part.write_bytes(b"PAR1")
    with pytest.raises(
        StoreError, match=r"index/.* is damaged: .*Delete the folder index, which holds copies only"
    ):
        here.observations()
    assert here.verify()[0].startswith("index/")
    assert here.observations(skip=True).to_csv() == then
    for path in part.parent.iterdir():
        path.unlink()
    assert here.observations().to_csv() == then


# --- releases -------------------------------------------------------------------------------------


def test_a_release_rebuilds_byte_for_byte(here):
    here.publish("meter", R1, table(row(1.0, published="2025-04-20")))
    head = here.manifest("2025Q1", R1, {"atlas.html": "ab" * 32})
    then = here.observations("2025Q1").to_csv().encode()
    here.publish("meter", R2, table(row(0.5, published="2025-04-02", retrieved="2025-08-01"),
                                    row(3.0, "2025Q2", published="2025-04-25", retrieved="2025-08-01")))  # fmt: skip
    assert here.observations("2025Q1").to_csv().encode() == then
    body = Path(here.root, head["vintages"][0]["path"]).read_bytes()
    assert head["vintages"][0]["sha256"] == hashlib.sha256(body).hexdigest()
    here.manifest("2025Q2", R2)
    assert list(here.diff("2025Q1", "2025Q2")["change"]) == ["new"]


def test_a_state_is_tagged_once(here):
    here.publish("meter", R1, table(row(1.0)))
    assert here.manifest("2025Q1", R1) == here.manifest("2025Q1", R2)
    here.publish("meter", R2, table(row(2.0, retrieved="2025-08-01")))
    assert here.manifest("2025Q1", R2)["release"] == "2025Q1-02"
    assert here.releases() == ["2025Q1", "2025Q1-02"]
    assert list(here.observations("2025Q1")["value"]) == [2.0]
    assert list(here.observations("2025Q1-01")["value"]) == [1.0]


def test_verify_names_what_changed_behind_our_back(three_runs):
    three_runs.keep(answer(b"abc"), "2025Q1")
    three_runs.manifest("2025Q3", R3)
    assert three_runs.verify() == []
    Path(three_runs.root, f"vintages/meter/{R1}.parquet").write_bytes(
        tables.encode(tables.checked(table(row(8.0))))
    )
    Path(three_runs.root, f"vintages/meter/{R3}.parquet").unlink()
    next(Path(three_runs.root, "raw").rglob("*.bin")).write_bytes(b"abd")
    faults = "\n".join(three_runs.verify())
    assert f"vintages/meter/{R1}.parquet is damaged: its sha256 is not " in faults
    assert f"vintages/meter/{R3}.parquet is gone, although the ledger has it; restore it" in faults
    assert ".bin is damaged: its sha256 is not ba7816bf8f01cfea" in faults


# --- raw answers ----------------------------------------------------------------------------------


def test_an_answer_is_kept_whole_and_once(here):
    told = answer(b"\x00\xffbytes", empty=(404,), key_param="token")
    assert here.keep(told, "2025Q1") == told.sha256
    before = files(here.root)
    here.keep(dataclasses.replace(told, retrieved=dt.datetime(2025, 6, 1, tzinfo=dt.UTC)), "2025Q1")
    assert files(here.root) == before
    assert sorted(name for name in before if name.startswith("raw")) == [
        f"raw/meter/2025Q1/monthly.{told.sha256[:8]}.{end}" for end in ("bin", "json")
    ]
    assert here.answers("meter", "2025Q1") == [told]
    assert here.answers("meter", "2025Q2") == []


def test_the_newest_answer_of_each_tag_counts(here):
    for body, day in ((b"A", "2025-05-01"), (b"B", "2025-05-02"), (b"A", "2025-05-03")):
        here.keep(answer(body, retrieved=f"{day}T06:00:00+00:00"), "2025Q1")
    here.keep(answer(b"C", tag="points/1:2"), "2025Q1")
    found = {
        told.request.tag: (told.body, told.retrieved.day)
        for told in here.answers("meter", "2025Q1")
    }
    assert found == {"monthly": (b"A", 3), "points/1:2": (b"C", 1)}
    assert here.verify() == []


def test_no_key_is_kept(here):
    told = dataclasses.replace(
        answer(b"1"), headers={"Set-Cookie": "s=1", "X-Key-Echo": "k", "Date": "now"}
    )
    here.keep(told, "2025Q1")
    head = json.loads(next(Path(here.root, "raw").rglob("*.json")).read_text(encoding="utf-8"))
    assert head["answer_headers"] == {"Date": "now"}
    with pytest.raises(StoreError, match="holds the key 'from'; take it out before keeping"):
        here.keep(answer(b"2", key_param="from"), "2025Q1")


def test_a_reference_leads_to_the_answer(here):
    told = answer(b"the page")
    here.keep(told, "2025Q1")
    assert here.raw(f"{told.sha256[:16]}#B7").body == b"the page"
    with pytest.raises(StoreError, match="No kept answer has the sha256 ffffffffffffffff…"):
        here.raw("ffffffffffffffff#B7")
    with pytest.raises(StoreError, match=r"'volumes.csv#V0001' names no kept answer"):
        here.raw("volumes.csv#V0001")


def test_spoiled_bytes_are_refused(here):
    with pytest.raises(StoreError, match="it was changed on the way"):
        here.keep(dataclasses.replace(answer(b"1"), body=b"2"), "2025Q1")
    told = answer(b"1")
    here.keep(told, "2025Q1")
    next(Path(here.root).rglob("*.bin")).write_bytes(b"3")
    with pytest.raises(StoreError, match="is damaged: its sha256 is not 6b86b273"):
        here.answers("meter", "2025Q1")
    next(Path(here.root).rglob("*.bin")).unlink()
    with pytest.raises(StoreError, match="cannot be read: No such file"):
        here.raw(told.sha256)
    next(Path(here.root, "raw").rglob("*.json")).write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match=r"json is damaged: .*Restore it from a copy"):
        here.answers("meter", "2025Q1")


# --- quarantine -----------------------------------------------------------------------------------


def refused(*rows):
    return table(*rows).assign(reason="above capacity x 1.1")


def test_refused_rows_wait_with_their_reason(here):
    bad = refused(row(900.0), row(5.0, "2025Q2"))
    assert here.quarantine(R1, bad) is not None
    assert here.quarantine(R2, bad) is None  # the same rows again add nothing
    waiting = here.quarantined()
    assert list(waiting["reason"]) == ["above capacity x 1.1"] * 2
    assert set(waiting["run"]) == {R1}
    assert here.observations().empty


def test_a_released_row_is_published_once(here):
    here.quarantine(R1, refused(row(900.0), row(5.0, "2025Q2")))
    chosen = here.quarantined().set_index("period").loc["2025Q2", "id"]
    made = here.let_through([chosen], "confirmed by the operator's report", R2)
    assert [(v.source, v.new) for v in made] == [("meter", 1)]
    assert values(here.observations()) == {"2025Q2": 5.0}
    assert here.observations()["note"][0] == "released: confirmed by the operator's report"
    assert list(here.quarantined()["value"]) == [900.0]
    assert len(here.quarantined(released=True)) == 2
    before = files(here.root)
    with pytest.warns(DeprecationWarning, match=r"store.let_through\(…\) now") as warned:
        assert here.release([chosen], "confirmed by the operator's report", R2) == []
    assert warned[0].filename == __file__
    assert files(here.root) == before


def test_release_wants_ids_and_a_reason(here):
    here.quarantine(R1, refused(row(900.0)))
    with pytest.raises(StoreError, match="Not in quarantine: Q00; `quarantined"):
        here.let_through(["Q00"], "why not", R2)
    with pytest.raises(StoreError, match="Not in quarantine: no id given"):
        here.let_through([], "why not", R2)
    with pytest.raises(StoreError, match="needs a reason"):
        here.let_through(list(here.quarantined()["id"]), " ", R2)
    with pytest.raises(DataError, match="column 'reason' is missing"):
        here.quarantine(R1, table(row(1.0)))


# --- append-only, runs, lock ----------------------------------------------------------------------


def test_no_call_changes_or_removes_a_file(three_runs):
    before = files(three_runs.root)
    three_runs.keep(answer(b"1"), "2025Q1")
    three_runs.publish("meter", "20260101T000000Z", table(row(9.0, retrieved="2026-01-01")))
    three_runs.quarantine("20260101T000000Z", refused(row(900.0)))
    three_runs.manifest("2025Q4", "20260101T000000Z")
    after = files(three_runs.root)
    assert {name: after.get(name) for name in before} == before
    words = ("delete", "remove", "drop", "update", "overwrite", "compact", "vacuum", "clear")
    public = [name for name in dir(Store) if not name.startswith("_")]
    assert len(public) > 10
    assert [name for name in public if any(word in name for word in words)] == []


def test_a_file_is_never_written_over(here):
    disk.write(here.root, "releases/x.json", b"1")
    with pytest.raises(StoreError, match=r"releases/x\.json exists already; the store only adds"):
        disk.write(here.root, "releases/x.json", b"2")


def test_a_clock_set_back_is_refused(three_runs):
    before = files(three_runs.root)
    with pytest.raises(
        StoreError,
        match=f"{R1[:6]}.* lies before {R3}, the newest in the store: the clock was set back",
    ):
        three_runs.publish("press", "20250502T000000Z", table(row(9.0, source="press")))
    with pytest.raises(StoreError, match="Set the clock, or start a new run"):
        three_runs.publish("meter", R1, table(row(9.0)))
    assert files(three_runs.root) == before


def test_a_run_may_go_on_after_another_of_other_sources(here):
    here.publish("meter", R1, table(row(1.0)))
    here.publish("press", R2, table(row(2.0, source="press")))
    assert here.publish("meter", R1, table(row(1.0), row(2.0, "2025Q2"))).new == 1


@pytest.mark.parametrize("run", ["2026Q3", "", "20261301T000000Z"])
def test_a_run_is_a_time(here, run):
    with pytest.raises(
        StoreError, match=r"is no run; expected a UTC time such as 20261124T063000Z"
    ):
        here.publish("meter", run, table(row(1.0)))


def test_a_run_id_needs_a_zone():
    with pytest.raises(StoreError, match="has no zone"):
        store.run_id(dt.datetime(2026, 1, 1))
    assert store.run_id() > "20260101T000000Z"


ZYGOTE = """
import os, sys
import datetime as dt, hashlib
sys.path.insert(0, {tests!r})
import pyarrow, pyarrow.parquet, duckdb
import test_store
for line in sys.stdin:
    work, root, arguments = line.rstrip("\\n").split("|")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = getattr(test_store, work)(test_store.Store.open(root), arguments) or 0
        finally:
            os._exit(code)
    print(child, flush=True)
    sys.stdin.readline()  # until asked for, a dead child keeps its number, so that no other is killed
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Zygote:
    """A process with everything imported that forks a child per job: a real process to kill."""

    def __init__(self):
        code = ZYGOTE.format(tests=str(Path(__file__).parent))
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )

    def start(self, work: str, root, arguments: str = "") -> int:
        self.process.stdin.write(f"{work}|{root}|{arguments}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def wait(self) -> int:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def zygotes():
    if not hasattr(os, "fork"):
        pytest.skip("no fork on this system")
    made = [Zygote(), Zygote()]
    yield made
    for zygote in made:
        zygote.close()


def work_update(home: Store, run: str) -> None:
    """A small update: three answers kept and published, two sources, one quarantine, one release."""
    for n in range(3):
        home.keep(answer(b"x" * 200_000 + str(n).encode(), tag=f"t{n}"), "2025Q2")
    for source in ("meter", "press"):
        rows = [row(float(i), f"{1990 + i}", "2025-08-01", source=source) for i in range(30)]
        home.publish(source, run, table(*rows))
    home.quarantine(run, refused(row(900.0, "2025Q2")))
    home.manifest("2025Q2", run)


def work_hold(home: Store, seconds: str) -> None:
    """Take the lock, say so by a file, and stay."""
    with home.lock("a long update"):
        Path(home.root, "held").touch()
        time.sleep(float(seconds))


def work_publish_many(home: Store, name: str) -> None:
    for i in range(12):
        home.publish(
            name,
            "20250801T000000Z",
            table(*(row(float(j), f"{1990 + j}", source="both") for j in range(i))),
        )


@pytest.mark.slow
def test_kill_nine_at_twenty_random_points(tmp_path, zygotes):
    zygote = zygotes[0]
    old = table(row(0.0, "1990"), row(1.0, "1991"))
    for name in ("first", "whole"):  # the first run also warms up
        Store.open(tmp_path / name).publish("meter", R1, old)
        began = time.monotonic()
        zygote.start("work_update", tmp_path / name, R2)
        assert zygote.wait() == 0
        length = time.monotonic() - began
    expected = Store.open(tmp_path / "whole")
    end, dice, trial, cut = files(expected.root), random.Random(20), 0, 0
    while cut < 20:
        home, trial = Store.open(tmp_path / f"killed{trial}"), trial + 1
        home.publish("meter", R1, old)
        before = files(home.root)
        child = zygote.start("work_update", home.root, R2)
        time.sleep(dice.uniform(0, length))
        os.kill(child, signal.SIGKILL)
        hit = zygote.wait() == -signal.SIGKILL
        cut += hit
        length *= 1.0 if hit else 0.8  # it was done before: the machine is faster than it was
        after = {
            name: digest for name, digest in files(home.root).items() if not name.endswith(".tmp")
        }
        assert {name: after.get(name) for name in before} == before  # the old state is whole
        assert home.verify() == []
        assert len(home.observations(source="press")) in (0, 30)
        assert len(home.observations(source="meter")) in (2, 30)
        work_update(home, R2)  # the rerun completes, nothing is doubled
        held = (
            home.connect()
            .sql("SELECT source, count(*) FROM vintages GROUP BY 1 ORDER BY 1")
            .fetchall()
        )
        assert held == [("meter", 30), ("press", 30)]
        assert home.observations().to_csv() == expected.observations().to_csv()
        assert not list(Path(home.root).rglob(".*.tmp"))
        names = {name for name in files(home.root) if name.startswith(("raw", "quarantine"))}
        assert names == {name for name in end if name.startswith(("raw", "quarantine"))}
        assert home.releases() == ["2025Q2"]


def wait_for(path: Path) -> None:
    for _ in range(24_000):  # two minutes: a busy machine is no fault
        if path.exists():
            return
        time.sleep(0.005)
    raise AssertionError(f"{path} did not come")


@pytest.mark.slow
def test_a_second_update_is_told_who_writes(here, zygotes):
    child = zygotes[0].start("work_hold", here.root, "60")
    wait_for(Path(here.root, "held"))
    with (
        pytest.raises(
            StoreLocked,
            match=rf"process {child} on {platform.node()} \(a long update since 20.*wait until",
        ),
        here.lock(),
    ):
        pass
    assert here.observations().empty  # readers are not kept out
    os.kill(child, signal.SIGKILL)
    zygotes[0].wait()
    with here.lock():  # a dead owner's lock is taken over
        owner = json.loads(Path(here.root, locks.LOCK).read_text(encoding="utf-8"))
    assert owner["pid"] == os.getpid()


@pytest.mark.slow
def test_two_writers_at_once_lose_nothing(here, zygotes):
    for zygote, name in zip(zygotes, ("one", "two"), strict=True):
        zygote.start("work_publish_many", here.root, name)
    assert [zygote.wait() for zygote in zygotes] == [0, 0]
    held = here.connect().sql("SELECT count(*), count(DISTINCT period) FROM vintages").fetchall()
    assert held == [(11, 11)]


def test_the_lock_is_of_one_thread_which_may_enter_again(here):
    caught = []

    def other():
        try:
            with here.lock():
                pass
        except StoreLocked as error:
            caught.append(str(error))

    with here.lock(), here.lock():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(caught) == 1
    assert "Another thread of this process writes" in caught[0]


@pytest.mark.slow
def test_a_reader_sees_only_whole_runs_while_a_writer_writes(here):
    done = threading.Event()
    here.publish("meter", "20250501T000000Z", table(*(row(0.0, f"{1990 + i}") for i in range(10))))

    def write():
        for n in range(1, 15):
            here.publish("meter", f"202505{n + 1:02d}T000000Z",
                         table(*(row(float(n), f"{1990 + i}") for i in range(10))))  # fmt: skip
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = []
    while not done.is_set():
        found = set(here.observations()["value"])
        assert len(found) == 1
        seen.append(found.pop())
    writer.join()
    assert seen == sorted(seen)
    assert set(here.observations()["value"]) == {14.0}


# --- faults of the disk ---------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte of its own; needs the right to mount."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if (
        sys.platform != "linux"
        or os.getuid()
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("needs Linux and the right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def many(count: int):
    dice = random.Random(1)
    days = pd.date_range("1950-01-01", periods=count).strftime("%Y-%m-%d")
    return table(*(row(dice.random(), day) for day in days))


@pytest.mark.slow
def test_a_full_disk_leaves_the_old_state_whole(small_disk):
    here = Store.open(small_disk / "home")
    here.publish("meter", R1, table(row(1.0)))
    (small_disk / "ballast").write_bytes(b"0" * 980_000)
    before = files(here.root)
    with pytest.raises(
        StoreError,
        match=r"The disk is full \(No space left on device\) while writing vintages/meter",
    ):
        here.publish("meter", R2, many(20_000))
    with pytest.raises(StoreError, match=r"nothing of it was kept. Free some space and run again"):
        here.keep(answer(random.Random(1).randbytes(900_000)), "2025Q1")
    assert files(here.root) == before
    assert here.verify() == []
    (small_disk / "ballast").unlink()
    assert here.publish("meter", R2, many(20_000)).new == 20_000


def work_beyond_the_limit(home: Store, _: str) -> int:
    """Exit 7 where a write past the size limit is refused in the right words."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        home.publish("meter", R2, many(20_000))
    except StoreError as error:
        return 7 if "The disk is full (File too large)" in str(error) else 8
    return 9


@pytest.mark.slow
def test_a_file_beyond_the_limit_leaves_the_old_state_whole(here, zygotes):
    here.publish("meter", R1, table(row(1.0)))
    before = files(here.root)
    zygotes[0].start("work_beyond_the_limit", here.root)
    assert zygotes[0].wait() == 7
    assert files(here.root) == before


def test_a_read_only_store_reads_and_says_so(small_disk):
    here = Store.open(small_disk / "home")
    here.publish("meter", R1, table(row(1.0)))
    told = answer(b"1")
    here.keep(told, "2025Q1")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert values(here.observations("2025-06")) == {"2025Q1": 1.0}
    assert here.raw(told.sha256).body == b"1"
    assert here.verify() == []
    with pytest.raises(
        StoreError,
        match=r"cannot be written \(Read-only file system\); reading works\. Set ENERGY_HOME",
    ):
        here.publish("meter", R2, table(row(2.0)))
    with pytest.raises(StoreError, match=r"cannot be written \(Read-only file system\)"):
        here.keep(answer(b"2"), "2025Q1")


def test_another_fault_of_the_disk_is_named(here):
    Path(here.root).parent.mkdir(exist_ok=True)
    Path(here.root).write_text("a file, not a folder", encoding="utf-8")
    with pytest.raises(StoreError, match=r"cannot be written in .*: a file is in the way"):
        here.keep(answer(b"1"), "2025Q1")


DAMAGE = {
    "truncated": lambda body: body[: len(body) // 2],
    "empty": lambda body: b"",
    "overwritten": lambda body: body[:40] + b"\xff" * 60 + body[100:],
    "not parquet": lambda body: b"<html>" * 50,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_named_and_the_others_read(here, damage):
    here.publish("meter", R1, table(*(row(float(i), f"{1990 + i}") for i in range(40))))
    here.publish("press", R2, table(row(5.0, source="press")))
    path = Path(here.root, f"vintages/meter/{R1}.parquet")
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert [fault.partition(" ")[0] for fault in here.verify()] == [f"vintages/meter/{R1}.parquet"]
    with pytest.raises(
        StoreError,
        match=rf"vintages/meter/{R1}\.parquet is damaged: .*read the rest with skip=True",
    ):
        here.observations()
    assert list(here.observations(skip=True)["value"]) == [5.0]


def test_a_foreign_file_is_refused(here):
    here.publish("meter", R1, table(row(1.0)))
    pd.DataFrame({"a": [1]}).to_parquet(Path(here.root, f"vintages/meter/{R2}.parquet"))
    assert here.verify() == [
        f"vintages/meter/{R2}.parquet is in no manifest: nobody knows where it came from"
    ]
    with pytest.raises(
        StoreError, match=rf"vintages/meter/{R2}\.parquet is in no manifest: nobody knows"
    ):
        here.observations()
    assert list(here.observations(skip=True)["value"]) == [1.0]


# --- object stores and beyond one machine ---------------------------------------------------------


@pytest.fixture
def in_memory():
    fsspec = pytest.importorskip("fsspec")
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    yield Store.open("memory://bucket/energy")
    fs.store.clear()


def test_an_object_store_reads_and_writes_the_same(in_memory, three_runs):
    in_memory.publish("meter", R1, table(row(1.0), row(2.0, "2025Q2")))
    in_memory.publish(
        "meter", R2, table(row(1.5, retrieved="2025-08-01"), row(3.0, "2025Q3", "2025-08-01"))
    )
    assert (
        in_memory.observations("2025-09-01").to_csv()
        == three_runs.observations("2025-09-01").to_csv()
    )
    assert in_memory.vintages() == three_runs.vintages()[:2]
    for name in in_memory.vintages():
        assert disk.read(in_memory.root, name) == disk.read(three_runs.root, name)
    before = in_memory.observations().to_csv()
    assert in_memory.index() is not None
    assert in_memory.observations().to_csv() == before
    in_memory.keep(answer(b"1"), "2025Q1")
    in_memory.keep(answer(b"1"), "2025Q1")
    assert [a.body for a in in_memory.answers("meter", "2025Q1")] == [b"1"]
    in_memory.quarantine(R2, refused(row(900.0)))
    in_memory.manifest("2025Q2", R2)
    assert in_memory.verify() == []
    assert len(in_memory.quarantined()) == 1
    with pytest.raises(StoreError, match="exists already"):
        disk.write(in_memory.root, in_memory.vintages()[0], b"other")


def test_the_lock_of_an_object_store(in_memory):
    elsewhere = {
        "pid": 1,
        "host": "another-machine",
        "what": "update",
        "since": "2026-01-01T00:00:00+00:00",
    }
    disk.file_system(in_memory.root).pipe_file(
        "memory://bucket/energy/.lock", json.dumps(elsewhere).encode()
    )
    with (
        pytest.raises(
            StoreLocked,
            match=r"process 1 on another-machine .*if that machine is gone, delete memory://",
        ),
        in_memory.lock(),
    ):
        pass
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    mine = elsewhere | {"host": platform.node(), "pid": dead.pid}
    disk.file_system(in_memory.root).pipe_file(
        "memory://bucket/energy/.lock", json.dumps(mine).encode()
    )
    with in_memory.lock():
        pass
    assert not disk.file_system(in_memory.root).exists("memory://bucket/energy/.lock")


def test_a_file_url_is_a_folder(tmp_path):
    Store.open(f"file://{tmp_path}/home").publish("meter", R1, table(row(1.0)))
    assert len(Store.open(tmp_path / "home").observations()) == 1


@pytest.mark.once
@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")  # inside dask
def test_dask_reads_the_folder(three_runs):
    dask = pytest.importorskip("dask.dataframe", reason="dask is not installed")
    table_ = dask.read_parquet(str(Path(three_runs.root, "vintages")) + "/*/*.parquet")
    assert len(table_) == 5
    assert table_.groupby("series")["value"].sum().compute()["flow"] == pytest.approx(7.5)


def test_without_its_packages_the_store_says_which_extra():
    with pytest.raises(MissingExtra, match=r"needs no_such: pip install 'energy-trade-tracker'"):
        disk.need("no_such.thing")


# --- the package's own facts ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def package():
    return facts.load()


def pos_2022(tables):
    volumes = tables["volumes"]
    rows = volumes[(volumes["entity"] == "power-of-siberia-1") & (volumes["period"] == "2022")]
    return set(rows.loc[rows["series"] == "flow", "value"])


def test_power_of_siberia_as_the_years_went_by(package):
    """Novak gave 15.5 on 16 January 2023, Gazprom 15.4 in August of that year."""
    assert pos_2022(store.known(package, "2023-01-15")) == set()
    assert pos_2022(store.known(package, "2023-01-16")) == {15.5}
    assert pos_2022(store.known(package, "2024-01-03")) == {15.4, 15.5}


def test_a_row_without_a_date_takes_its_sources_else_is_unknown_before_it_was_read(package):
    """One row each: a date of its own, of its source, of nothing."""
    rows = (
        package["volumes"]
        .iloc[:3]
        .assign(
            id=["V9001", "V9002", "V9003"],
            source=["one", "one", "two"],
            published=["2020-05", "", ""],
        )
    )
    known_sources = (
        package["sources"].iloc[:2].assign(source=["one", "two"], published=["2021-03-04", ""])
    )
    told = facts.Tables(dict(package) | {"volumes": rows, "sources": known_sources})
    days = store.since(told, "volumes").dt.strftime("%Y-%m-%d").tolist()
    assert days == ["2020-05-31", "2021-03-04", str(store.retrieved())]
    assert store.known(told, "2020-05-30")["volumes"].empty
    assert store.known(told, "2026-11-27")["volumes"]["id"].tolist() == ["V9001", "V9002"]


def test_no_row_of_any_table_is_always_known(package):
    """In 1995 the package knows nothing but how gas is measured and what has always stood."""
    then = store.known(package, "1995-12-31")
    for name in store.dated(package):
        left = then[name]
        if name == "route-facts":
            left = left[left["attribute"] != "gcv"]
        if name.startswith("network-"):
            left = left[(left["link"] != "") & left["capacity"].notna()]  # places stay, limits go
        if name in ("prices", "fx"):
            left = left[~editions._quoted(left)]
        happened = name in ("events", "reference-projects", "route-facts", *editions.CHOSEN)
        assert happened or left.empty, name


def test_a_choice_that_rests_on_an_undated_document_is_unknown_until_it_was_read(package):
    rows = package["project-assumptions"]
    documents = package["sources"].set_index("source")["published"]
    foreign = rows[(rows["published"] == "") & (rows["source"].map(documents) == "")]
    own = rows[(rows["published"] == "") & (rows["source"].map(documents) != "")]
    assert "S0026" in set(foreign["id"]) and len(own) > 20
    before = (store.retrieved() - dt.timedelta(days=1)).isoformat()
    early = set(store.known(package, before)["project-assumptions"]["id"])
    assert not early & set(foreign["id"]) and set(own["id"]) <= early
    late = set(store.known(package, store.retrieved())["project-assumptions"]["id"])
    assert set(foreign["id"]) <= late


def test_a_milestone_and_a_plan_count_from_their_document(package):
    rows = package["reference-projects"]
    pos1 = rows[rows["project"] == "Power of Siberia 1"].set_index("metric")
    days = store.since(package, "reference-projects")
    signed = days[rows["id"] == pos1.loc["contract_signed", "id"]].item()
    assert str(signed.date()) == "2014-06-16"  # signed on 21 May; the page cited is of 16 June
    plans = rows[(rows["metric"] == "first_gas_planned") & (rows["published"] == "")]
    assert len(plans) > 20
    documents = package["sources"].set_index("source")["published"]
    blind = plans[plans["source"].map(documents) == ""]
    assert len(blind) > 10
    assert (days[blind.index] == pd.Timestamp(store.retrieved())).all()


def test_nothing_later_than_the_date(package):
    tables = store.known(package, "2023-01-15")
    for name in ("volumes", "prices", "financials", "fx", "contracts", "trade-context"):
        rows = tables[name]
        if name in ("prices", "fx"):  # what markets print is known when its period ends
            quoted = editions._quoted(rows)
            assert (
                rows.loc[quoted, "period"].map(editions._period_end) <= np.datetime64("2023-01-15")
            ).all()
            rows = rows[~quoted]
        documents = package["sources"].set_index("source")["published"]
        told = rows["published"].where(rows["published"] != "", rows["source"].map(documents))
        assert (told <= "2023-01-15").all(), name
        assert (told != "").all(), name
    assert tables["events"]["date"].max() <= "2023-01-15"
    stops = tables["route-facts"].query("attribute == 'stop' and published == ''")
    assert len(stops) > 0
    assert (stops["value"] <= "2023-01-15").all()
    assert not (tables["route-facts"]["status"] == "plan").any() or (
        tables["route-facts"].query("status == 'plan'")["published"] != "").all()  # fmt: skip


def test_on_the_packages_own_date_all_is_known(package):
    tables = store.known(package, store.retrieved())
    assert {name: len(table) for name, table in tables.items()} == {
        n: len(t) for n, t in package.items()
    }


@pytest.mark.parametrize(
    ("early", "late"), [("2019", "2022-03-01"), ("2022-03-01", "2023Q1"), ("2023Q1", "2026")]
)
def test_later_facts_hold_the_earlier(package, early, late):
    a, b = store.known(package, early), store.known(package, late)
    for name in editions.dated(package):
        key = facts.schema()[name]["schema"]["primaryKey"][0]
        assert set(a[name][key]) <= set(b[name][key]), name


@pytest.mark.slow
def test_the_cube_of_an_earlier_day(tracker):
    then = dataclasses.replace(tracker, facts=store.known(tracker.facts, "2022-03-01")).flows(
        freq="A"
    )
    assert int(then["period"].dt.year.max()) <= 2022
    blue = then["flow"].sel(route="blue-stream").to_pandas()
    assert blue[:"2021"].notna().any()


def test_events_to_come_are_known_from_their_document(package):
    planned = package["events"]["scheduled"].astype(bool)
    assert planned.any()
    days = store.since(package, "events")[planned]
    assert (days <= pd.Timestamp(store.retrieved())).all()


def test_the_volumes_of_the_facts_as_observations(here, package):
    volumes = package["volumes"]
    told = volumes.assign(
        retrieved=pd.Timestamp(store.retrieved(), tz="UTC").as_unit("us"),
        ref="volumes.csv#" + volumes["id"],
    )[COLUMNS].reset_index(drop=True)
    single = told[~told.duplicated([*base.WHAT, "published"], keep=False)]
    assert len(single) > 1000
    honest = dates.honest_dates(single.assign(period=single["period"].map(dates.label)))
    day_read = dt.datetime.combine(store.retrieved(), dt.time(), dt.UTC)
    here.publish("facts", store.run_id(day_read), single)
    for day in (None, "2023-01-15", "2025-12-05"):
        assert _told(here.observations(day)) == _told(store.last_known(honest, day))


def _told(frame):
    return sorted(frame[[*base.WHAT, "value"]].itertuples(index=False, name=None))


def test_parquet_is_the_same_bytes_every_time():
    rows = tables.checked(many(100))
    assert tables.encode(rows) == tables.encode(rows.sample(frac=1, random_state=1))
    assert pd.read_parquet(io.BytesIO(tables.encode(rows)))["value"].notna().all()
