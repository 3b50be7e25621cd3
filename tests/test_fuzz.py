"""Whatever is handed to a public function or typed after a verb, only errors of ours come back.

One argument of a call, or two, is hostile; the others are as usual. A failing example is printed
with its seed: ``ENERGY_FUZZ_SEED=7 pytest tests/test_fuzz.py`` replays it. More examples:
``ENERGY_FUZZ=5000``. Calls that would work, and take seconds, are left out by name.
"""

from __future__ import annotations

import datetime as dt
import inspect
import os
import warnings
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

import energy
from energy import cli, facts
from energy.errors import EnergyError
from energy.measure import periods, units
from energy.store import Store
from geodata import basemap, bends, formats, gem, geometry, net, routes
from geodata.errors import GeodataError

SEED = int(os.environ.get("ENERGY_FUZZ_SEED", "1"))
EXAMPLES = int(os.environ.get("ENERGY_FUZZ", "300"))
OURS = (EnergyError, GeodataError)
LINE = LineString([(30.0, 50.0), (31.0, 51.0)])


class Odd:
    """A stranger whose own text fails."""

    def __repr__(self) -> str:
        raise ValueError("no text")


HOSTILE = {
    "None": None, "True": True, "0": 0, "-1": -1, "3.7": 3.7, "nan": float("nan"), "inf": float("inf"),
    "-inf": float("-inf"), "1e30": 10**30, "2**400": 2**400, "complex": 1j, "Decimal": Decimal("NaN"),
    "empty": "", "blank": " ", "x": "x", "NUL": "a\0b", "long": "a" * 5_000, "emoji": "🙂", "surrogate": "\ud800",
    "year": "2024", "quarter": "2024Q1", "year 9999": "9999", "year 0": "0000", "day": "9999-12-31",
    "backwards": "2025/2024", "path": "../../etc", "formula": "=1+1", "number": "1e400", "bytes": b"x",
    "list": [], "[None]": [None], "[x]": ["x"], "deep": [[[]]], "dict": {}, "{1: 2}": {1: 2}, "set": {1},
    "object": object(), "odd": Odd(), "type": int, "call": len, "slice": slice(None), "range": range(3),
    "date": dt.date(2024, 1, 1), "last date": dt.date.max, "first date": dt.date.min,
    "datetime": dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "NaT": pd.NaT, "NA": pd.NA, "NaN": np.float64("nan"),
    "Timestamp": pd.Timestamp("1677-09-22"), "datetime64": np.datetime64("NaT", "D"), "array": np.arange(4),
    "Series": pd.Series([1, 2]), "frame": pd.DataFrame({"a": [1]}), "no rows": pd.DataFrame(),
    "cube": xr.Dataset(), "Path": Path("no/such/place"), "folder": Path("/"), "device": Path("/dev/null"),
    "point": Point(1, 2), "empty line": LineString(), "line": LINE, "far": Point(1e9, float("inf")),
}  # fmt: skip

ROUTE, SPAN = "blue-stream", periods.parse("2024")
USUAL = {  # what required arguments are when they are not hostile
    "route": ROUTE, "name": ROUTE, "period": "2024", "year": 2024, "date": "2024-06-30", "text": "blue",
    "what": "V0001", "without": [ROUTE], "scenario": "baseline", "a": "2024", "b": "2025", "unit": "bcm",
    "to": "mcm", "value": 1.0, "word": "Q", "freq": "Q", "first": "2024", "last": "2025", "whole": SPAN,
    "parts": [SPAN], "day": dt.date(2024, 1, 1), "begin": dt.date(2024, 1, 1), "end": (31.0, 51.0),
    "number": 24_000, "geom": LINE, "reference": LINE, "start": (30.0, 50.0), "points": np.array([[30.0, 50.0]]),
    "box": (0, 0, 60, 60), "tolerance_deg": 0.1, "where": "here", "size": 0.1, "source": "ecb", "series": "flow",
    "entity": ROUTE, "valid_from": "2020", "valid_to": "2024", "ref": "x#y", "run": "20260101T000000Z",
    "ids": ["0123456789abcdef"], "reason": "a test", "as_of": "2024", "release": "2024Q1",
}  # fmt: skip
SLOW = {  # a call that works takes seconds: only its refusals are asked for, see REFUSED
    "Ahead.project", "Ahead.what_if", "Tracker.project", "Tracker.what_if", "Ahead.backtest", "Ahead.outside",
    "Ahead.scores", "Tracker.scores", "Maps.page", "Tracker.map", "Maps.layers", "Maps.export", "Tracker.export",
    "Maps.animate", "Maps.period", "Maps.years", "Evidence.projected", "Ahead.tornado", "Evidence.ledger",
    "Ahead.timing", "Tracker.timing", "Tracker.check", "facts.check", "basemap.build", "routes.build", "routes.check",
    "Tracker.economics", "Proposed.tornado", "Money.residuals", "Tracker.open", "energy.load",
}  # fmt: skip
REFUSED = ["3.7", "nan", "2**400", "complex", "NUL", "long", "bytes", "[None]", "deep", "object", "odd",
           "type", "slice", "NaT", "datetime64", "point"]  # fmt: skip


def public(thing: object, name: str) -> dict[str, object]:
    """Return the public functions of a module or an instance."""
    found = {}
    kind = thing if inspect.ismodule(thing) else type(thing)
    for word, member in vars(kind).items():
        if word.startswith("_") or inspect.isclass(member):
            continue
        if inspect.ismodule(thing) and getattr(member, "__module__", "") != thing.__name__:
            continue
        if inspect.isfunction(member) or isinstance(member, classmethod):
            found[f"{name}.{word}"] = getattr(thing, word)
    return found


@pytest.fixture(scope="module")
def doors(tracker, tmp_path_factory):
    """Every public function of the front door, by name."""
    store = Store.open(tmp_path_factory.mktemp("store"))
    facets = [
        tracker,
        tracker.money,
        tracker.money.prices,
        tracker.money.proposed,
        tracker.network,
        tracker.network.idle,
        tracker.ahead,
        tracker.maps,
        tracker.evidence,
        store,
    ]
    found = {"energy.load": energy.load}
    for thing in facets:
        found |= public(thing, type(thing).__name__)
    for module in (periods, units, geometry, routes, formats, gem, net, bends, basemap, facts):
        found |= public(module, module.__name__.rpartition(".")[2])
    skipped = {"facts.install", "facts.undo", "formats.collector_paused", "basemap.neighbours",
               "facts.check_links", "facts.guard_faults", "facts.corrected", "facts.at"}  # fmt: skip
    return {name: call for name, call in found.items() if name not in skipped and arguments(call)}


MORE = {  # what stands behind the ** of a function
    "project": ["draws", "seed", "workers", "scheduler", "engine", "quantiles", "tree", "stray"],
    "what_if": ["stop", "start", "capacity", "brent", "ttf", "scenario", "until", "draws", "seed", "stray"],
    "trade": ["measure", "reporter", "stray"],
    "period": ["title", "box", "labels", "path", "stray"], "years": ["columns", "path", "stray"],
    "animate": ["seconds", "dpi", "stray"],
}  # fmt: skip


def arguments(call) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    found = list(inspect.signature(call).parameters.values())
    if found and found[-1].kind is inspect.Parameter.VAR_KEYWORD:
        found += [
            inspect.Parameter(name, kinds[1], default=None) for name in MORE.get(call.__name__, ())
        ]
    return [p for p in found if p.kind in kinds]


def trouble(name: str, call, bad: dict[str, str]) -> str:
    """Call with hostile arguments; return what came that is not ours, "" where nothing did."""
    usual = {p.name: USUAL.get(p.name, "x") for p in arguments(call) if p.default is p.empty}
    if "period" in usual and name.startswith("periods."):
        usual["period"] = SPAN
    if name == "periods.overlap":
        usual = {"a": SPAN, "b": SPAN}
    given = {**usual, **{key: HOSTILE[value] for key, value in bad.items()}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = call(**given)
            if inspect.isgenerator(made):
                list(made)
    except OURS as error:
        return "" if str(error).strip() else f"{name}({bad}): {type(error).__name__} says nothing"
    except Exception as error:
        return f"{name}({bad}): {type(error).__name__}: {error}"
    return ""


@st.composite
def calls(draw, doors):
    name = draw(st.sampled_from(sorted(doors)))
    names = [p.name for p in arguments(doors[name])]
    words = REFUSED if name in SLOW else list(HOSTILE)
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    return name, {key: draw(st.sampled_from(words)) for key in chosen}


@pytest.mark.slow
def test_every_public_function_answers_or_raises_an_error_of_ours(doors, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert len(doors) > 100

    @seed(SEED)
    @settings(max_examples=EXAMPLES, deadline=None, database=None,
              phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(calls(doors))
    def run(case):
        name, bad = case
        note(f"replay: ENERGY_FUZZ_SEED={SEED} ENERGY_FUZZ={EXAMPLES}")
        found = trouble(name, doors[name], bad)
        assert not found, found

    run()


WORDS = ["", " ", "x", "2024", "2024Q1", "9999", "0000", "2025/2024", "-1", "1e400", "nan", "🙂", "=1+1", "a\0b",
         "a" * 5_000, "\ud800", "../../etc", "/dev/null", "/", "blue-stream", "turkey", "all", "V0001", "--", "-h",
         "--as-of", "--format", "--stray", "json", "q" * 300, "Газ", "*", "%s%n", "{}"]  # fmt: skip
LONG_RUN = {
    "build",
    "map",
    "plot",
    "export",
    "project",
    "backtest",
    "scores",
    "update",
    "economics",
    "probe",
    "site",
    "what-if",
}


def options() -> dict[str, list[str]]:
    """Return the options of each verb."""
    (verbs,) = cli.parser()._subparsers._group_actions
    return {verb: sorted(parser._option_string_actions) for verb, parser in verbs.choices.items()}


@st.composite
def lines(draw, known):
    verb = draw(st.sampled_from(sorted(known)))
    words = draw(st.lists(st.sampled_from([*WORDS, *known[verb]]), min_size=0, max_size=4))
    if verb in LONG_RUN:  # no work that takes seconds, no network
        words = [*words, "--no-such-option"]
    return [verb, *words]


@pytest.mark.slow
def test_every_line_typed_ends_in_a_code_and_a_sentence(tracker, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(energy, "load", lambda *given, **named: tracker)

    @seed(SEED)
    @settings(max_examples=EXAMPLES // 2, deadline=None, database=None,
              phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(lines(options()))
    def run(words):
        note(f"replay: ENERGY_FUZZ_SEED={SEED} ENERGY_FUZZ={EXAMPLES}")
        try:
            code = cli.main(words)
        except SystemExit as end:  # of argparse: help, or wrong usage
            code = end.code
        told = capsys.readouterr().err
        assert code in (0, 1, 2, 3, 4), words
        assert "Traceback" not in told, words
        assert code == 0 or told.strip(), words

    run()


def sweep(doors) -> list[str]:
    """Every function, every argument, every hostile value, one at a time (minutes)."""
    found = []
    for name, call in doors.items():
        for parameter in arguments(call):
            words = REFUSED if name in SLOW else HOSTILE
            found += [
                text for word in words if (text := trouble(name, call, {parameter.name: word}))
            ]
    return found


@pytest.mark.skipif("ENERGY_FUZZ_ALL" not in os.environ, reason="minutes; ENERGY_FUZZ_ALL=1")
def test_sweep(doors, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert sweep(doors) == []
